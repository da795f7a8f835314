//! The arguments of `cotejo form`.
//!
//! In: the arguments. Out: plain values, not yet resolved. Refuses what clap refuses.

use super::*;

/// `cotejo form`
#[derive(Debug, Subcommand)]
pub enum FormCommand {
    /// Hold a definition against samples: what is read, what never holds, where its places are off
    Check(CheckArgs),
    /// Learn what recurs on sheets of a form, by which sheets are then found
    Landmarks(LandmarksArgs),
    /// Learn a definition from ten or more sheets of a form that nobody has described
    Learn(LearnArgs),
}

/// `cotejo form learn`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cotejo form learn scans/ -o forms/my-form.toml --picture found.png
  cotejo form learn report.pdf --pages 1,4,7,10,13,16,19,22,25,28 -o forms/front.toml
  cotejo form learn strips/ -o forms/strip.toml --dpi 200 --below 110 --above 470    only what stands from 110 to 470 mm

Print that recurs on all sheets becomes labels and lines, print that differs becomes numbers; columns, rows and contests
follow from where they stand, sums and shares from what holds on every sheet and would not by chance. What it does not find it
says and leaves out. The outcome is a definition to be corrected by a person (docs/forms.md), then held against the samples:
cotejo form check forms/my-form.toml scans/")]
pub struct LearnArgs {
    /// Scans of sheets of one form, or folders with them: ten at least, filled in differently, flat and whole
    #[arg(required = true, value_name = "SAMPLES")]
    pub samples: Vec<PathBuf>,
    /// The definition to write, such as forms/my-form.toml; its name is the form's id
    #[arg(short, long, value_name = "FORM.toml")]
    pub out: PathBuf,
    /// Only these pages of each file, such as 1,4,7: those that look alike
    #[arg(long, value_name = "PAGES", value_delimiter = ',')]
    pub pages: Vec<u32>,
    /// Width of the paper, for strips and other paper than letter, legal and A4
    #[arg(long, value_name = "MM", conflicts_with = "dpi")]
    pub width: Option<f64>,
    /// Dots an inch of the scans, instead of the paper's width
    #[arg(long, value_name = "N")]
    pub dpi: Option<f64>,
    /// Look at nothing farther from the top than so many millimetres: where names and signatures begin
    #[arg(long, value_name = "MM")]
    pub above: Option<f64>,
    /// Nor at anything nearer to the top: a head that is longer on one sheet than on another
    #[arg(long, value_name = "MM")]
    pub below: Option<f64>,
    /// Write a picture of what was found, such as found.png
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    pub overwrite: bool,
}

/// `cotejo form check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The definition, a file.toml; or the id of a known form
    #[arg(value_name = "FORM")]
    pub form: PathBuf,
    /// Photos or scans of sheets of the form, or folders with them; straight scans say most
    #[arg(required = true, value_name = "SAMPLES")]
    pub samples: Vec<PathBuf>,
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// Write everything there as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// So many pictures at once
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
}

/// `cotejo form landmarks`
#[derive(Debug, Args)]
pub struct LandmarksArgs {
    /// Photos or scans of sheets of the form, or folders with them: from ten sheets on it is worth while
    #[arg(required = true, value_name = "SAMPLES")]
    pub samples: Vec<PathBuf>,
    /// Which form
    #[arg(long, value_name = "ID")]
    pub form: Option<String>,
    /// Folder with further form definitions (*.toml); FORM.landmarks beside FORM.toml is found by its name
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// Where to write them, such as forms/my-form.landmarks beside forms/my-form.toml
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub overwrite: bool,
    /// So many pictures at once
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
}

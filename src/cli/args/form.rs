//! The arguments of `cotejo form`.
//!
//! In: the arguments. Out: plain values, not yet resolved. Refuses what clap refuses.

use super::*;

/// `cotejo form`
#[derive(Debug, Subcommand)]
pub enum FormCommand {
    /// Hold a definition against samples: what is read, what never holds, where its places are off
    Check(CheckArgs),
    /// Draw a definition on a sample, on a local page that reads it meanwhile
    Draw(DrawArgs),
    /// Learn what recurs on sheets of a form, by which sheets are then found
    Landmarks(LandmarksArgs),
    /// Learn a definition from ten or more sheets of a form that nobody has described
    Learn(LearnArgs),
}

/// Which pages of samples are looked at, and how large they are.
#[derive(Debug, Args)]
pub struct PaperArgs {
    /// Only these pages of each file, such as 1,4,7: those that look alike
    #[arg(long, value_name = "PAGES", value_delimiter = ',')]
    pub pages: Vec<u32>,
    /// Width of the paper, for strips and other paper than letter, legal and A4
    #[arg(long, value_name = "MM", conflicts_with = "dpi")]
    pub width: Option<f64>,
    /// Dots an inch of the scans, instead of the paper's width
    #[arg(long, value_name = "N")]
    pub dpi: Option<f64>,
}

/// `cotejo form draw`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cotejo form draw scan.jpg -o forms/my-form.toml                     letter, legal or A4: the paper's size is told by its shape
  cotejo form draw strips/ -o forms/strip.toml --dpi 200              the first is drawn on, the others lie over it
  cotejo form draw report.pdf --pages 1,4,7 -o forms/front.toml       pages that look alike
  cotejo form draw scan.jpg --from forms/my-form.toml -o forms/my-form.toml --overwrite      correct one that is there

Open the address that it prints; nothing leaves this machine. Take a tool and drag a box: around the figures of the tables of
votes (v), around totals and other numbers (n), around a text that says which sheet it is (l), where names and signatures begin
(x). The program snaps to the print, finds rows, columns and names, reads the sample as you go on, and proposes the sums that
hold. Constant print by which sheets are found is chosen by itself. Enter takes a name and goes to the next, Esc throws away what
is new, arrows move by a tenth of a millimetre, Ctrl-Z undoes, Ctrl-S writes the file. Then: cotejo form check FORM.toml scans/")]
pub struct DrawArgs {
    /// Scans of sheets of one form, or folders with them: flat and whole; the first is drawn on
    #[arg(required = true, value_name = "SAMPLES")]
    pub samples: Vec<PathBuf>,
    /// The definition to write, such as forms/my-form.toml; its name is the form's id
    #[arg(short, long, value_name = "FORM.toml")]
    pub out: PathBuf,
    /// A definition that is there, to go on from
    #[arg(long, value_name = "FORM.toml")]
    pub from: Option<PathBuf>,
    /// What is looked at.
    #[command(flatten)]
    pub paper: PaperArgs,
    /// Port on 127.0.0.1; any free one unless told
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Write over a file that is there
    #[arg(long)]
    pub overwrite: bool,
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
    /// What is looked at.
    #[command(flatten)]
    pub paper: PaperArgs,
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

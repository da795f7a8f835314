//! The arguments of what measures and makes up sheets.
//!
//! In: the arguments. Out: plain values, not yet resolved. Refuses what clap refuses.

use super::*;

/// `cotejo eval`
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Photos, scans, or folders of them
    #[arg(required_unless_present_any = ["simulate", "letters", "registration", "readings"], value_name = "PATHS")]
    pub paths: Vec<PathBuf>,
    /// Known values: file, centre, table, …, qr_payload
    #[arg(long, value_name = "CSV", required_unless_present_any = ["simulate", "alter", "letters", "registration", "readings"])]
    pub truth: Option<PathBuf>,
    /// Published names by centre and table, to measure how well names of places are read
    #[arg(long, value_name = "CSV", requires = "truth")]
    pub places: Option<PathBuf>,
    /// The same by file, as printed: file, and any of the names that records hold
    #[arg(long, value_name = "CSV", requires = "truth")]
    pub names: Option<PathBuf>,
    /// Read this many made-up sheets whose names hold every sign alike, and count by sign
    #[arg(long, value_name = "N", conflicts_with_all = ["paths", "truth", "compare", "simulate", "alter"])]
    pub letters: Option<usize>,
    /// Alter numbers in the pixels of each picture in this many ways (at most 7) and see that it is held
    /// back, by name
    #[arg(long, value_name = "N", conflicts_with_all = ["truth", "compare", "simulate"])]
    pub alter: Option<usize>,
    /// Decide on this many made-up sheets, 1 in 20 altered, read by simulated readers, and hold the
    /// stated probabilities against what came of them
    #[arg(long, value_name = "N", conflicts_with_all = ["paths", "truth", "compare"])]
    pub simulate: Option<u64>,
    /// How the simulated readers err; may be repeated [default: all]
    #[arg(long, value_name = "NAME", requires = "simulate", value_delimiter = ',')]
    pub noise: Vec<String>,
    /// Where the dice of what is made up begin: the same seed, the same figures
    #[arg(long, value_name = "S", default_value_t = 2026)]
    pub seed: u64,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Compare with the JSON of an earlier evaluation, sheet by sheet
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Photograph each input first: hand-held, hard, or 0 (as a scan) to 1 (hopeless). How far the photos'
    /// registration is from the scans' own is agreement, not truth; for that see --registration
    #[arg(long, value_name = "STRENGTH", value_parser = crate::lab::synth::camera::strength)]
    pub camera: Option<f64>,
    /// Photograph each input first, as phones are used: strip-12mp, pieces-12mp, night, …; with
    /// --registration the sets to measure, scans and turned-scans among them [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with = "camera")]
    pub scene: Vec<String>,
    /// Make this many sheets a set and say how far the registration is from where their print exactly is,
    /// in millimetres
    #[arg(long, value_name = "N", conflicts_with_all = ["paths", "truth", "compare", "simulate", "alter", "camera"])]
    pub registration: Option<u64>,
    /// Read this many made-up sheets a set (with --scene only those) and say how readings err by kind; with PATHS
    /// and --truth read those, photographed with --scene
    #[arg(long, value_name = "N", conflicts_with_all = ["compare", "simulate", "alter", "camera", "registration"])]
    pub readings: Option<usize>,
    /// Cut prints where they exactly are, not where the registration puts them
    #[arg(long, requires = "readings")]
    pub exact: bool,
    /// Put readings of earlier runs beside these, as --json wrote them; with --readings 0 only those
    #[arg(long, value_name = "FILE", value_delimiter = ',', requires = "readings")]
    pub with: Vec<PathBuf>,
    /// Write the table as models/readings.toml has it
    #[arg(long, value_name = "FILE", requires = "readings")]
    pub toml: Option<PathBuf>,
    /// Keep the photos there
    #[arg(long, value_name = "DIR")]
    pub photos: Option<PathBuf>,
    /// How sheets are digitized
    #[command(flatten)]
    pub digitize: DigitizeArgs,
}

/// `cotejo synth`
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// How many sheets
    #[arg(short, value_name = "N", default_value_t = 20)]
    pub n: usize,
    /// New folder for the pictures and truth.csv
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    /// The same seed makes the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Photograph the sheets instead of scanning them: hand-held (0.3), hard (0.6), or 0 (as a scan) to
    /// 1 (hopeless)
    #[arg(long, value_name = "STRENGTH", value_parser = crate::lab::synth::camera::strength)]
    pub camera: Option<f64>,
    /// Photograph the sheets as phones are used: strip-12mp, strip-12mp-tilted, strip-50mp,
    /// strip-50mp-tilted, pieces-12mp, the same with -messenger, night, screen, sleeve
    #[arg(long, value_name = "NAME", conflicts_with_all = ["camera", "pieces"])]
    pub scene: Option<String>,
    /// Deface every other sheet in one way: a changed number, a cut, no QR code, …
    #[arg(long)]
    pub defects: bool,
    /// These defects in turn, `none` for a sound sheet; may be repeated
    #[arg(long, value_name = "TAG", conflicts_with = "defects", value_delimiter = ',')]
    pub defect: Vec<String>,
    /// What lies on the sheets besides their print: as-found (up to two strokes and stains each), plain, pen or
    /// stains (two dozen each)
    #[arg(long, value_name = "NAME", default_value = "as-found")]
    pub ink: String,
    /// Photograph every sheet in this many overlapping pieces
    #[arg(long, value_name = "N")]
    pub pieces: Option<usize>,
    /// Of this form [default: the first known]
    #[arg(long, value_name = "ID")]
    pub form: Option<String>,
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// Replace what the folder holds
    #[arg(long)]
    pub overwrite: bool,
}

//! The command line as typed.
//!
//! In: the arguments. Out: plain values, not yet resolved ([`crate::cli`] does that). Refuses what
//! clap refuses.

mod form;
mod lab;
mod run;

pub use form::{CheckArgs, DrawArgs, FormCommand, LandmarksArgs, LearnArgs, PaperArgs};
pub use lab::{EvalArgs, SynthArgs};
pub use run::{DecideArgs, LangArg, MergeArgs, PhotosArgs, RunArgs};

use crate::count::export::Layout;
use crate::count::tally::By;
use crate::read::glyphs::ReaderChoice;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Digitizes election tally sheets and says how sure it is.
///
/// Reads every vote count in each way that the sheet prints it (digits, words, QR code), checks the
/// readings against each other and against the printed totals, and hands over records with the
/// evidence beside each value. Works offline.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "Examples:
  cotejo run scans/ -o out          digitize a folder; then open out/report.html
  cotejo run scans/ -o out --no-qr  the printed table alone
  cotejo synth -n 20 -o made-up     make sample sheets to try it on

Exit code: 0 all accepted, 1 something needs review or was rejected, 2 the run failed."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Log on stderr, a line each photo and stage with its time, instead of a progress bar
    #[arg(long, global = true, value_enum, value_name = "FORMAT", help_heading = "Log")]
    pub log: Option<LogArg>,
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogArg {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Digitize photos or scans into records and a report
    Run(RunArgs),
    /// Say whether photos are good enough, and what to take again
    Check(PhotosArgs),
    /// Put the shards of a run together (`cotejo run --shard`)
    Merge(MergeArgs),
    /// Decide again on what runs measured, without looking at a picture
    Decide(DecideArgs),
    /// Write the review report again from the records of a run
    Report(ReportArgs),
    /// Settle what is open on a local page, with an audit log
    Review(ReviewArgs),
    /// Add up by place, candidate and party; one sheet for each table of voters
    Tally(TallyArgs),
    /// Write results in layouts that others read: CSV, Parquet, SQLite, NIST JSON
    Export(ExportArgs),
    /// Hold the sheets of a run, or a table, against a published table
    Verify(VerifyArgs),
    /// Make a static site for all to see, personal data covered
    Publish(PublishArgs),
    /// Measure against known values: wrong-but-accepted first
    Eval(Box<EvalArgs>),
    /// Make sample sheets, their scans or photos, and their truth
    Synth(SynthArgs),
    /// List the known forms
    Forms(FormsArgs),
    /// Make what belongs to a form's definition
    #[command(subcommand)]
    Form(FormCommand),
    /// Print the JSON Schema of a record
    Schema,
    /// Write the manual's pages into a folder
    #[command(hide = true)]
    Man {
        /// The folder, which is there
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Print the completions for a shell
    #[command(hide = true)]
    Completions {
        /// Which
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },
    /// Decode one document from stdin: how the program keeps what a file can do to its decoder away from the run
    #[command(hide = true, name = crate::read::photo::apart::COMMAND)]
    Decode,
}

/// What sheets are held against.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// Only this form
    #[arg(long, value_name = "ID")]
    pub form: Option<String>,
    /// Registry of tables to hold the sheets against: centre, table, registered, names, or the form's words for them
    #[arg(long, value_name = "CSV")]
    pub registry: Option<PathBuf>,
    /// Do not look at the QR code: the printed table has to be enough
    #[arg(long)]
    pub no_qr: bool,
    /// Largest probability that any number of an accepted sheet is wrong
    #[arg(long, value_name = "P", default_value_t = 1e-4)]
    pub max_error: f64,
}

/// What is done with results that are not as the program wrote them.
#[derive(Debug, Args)]
pub struct EditedArgs {
    /// Go on with a run whose files or review log were changed outside the program, and mark all that is written
    #[arg(long)]
    pub edited: bool,
}

/// How sheets are digitized.
#[derive(Debug, Args)]
pub struct DigitizeArgs {
    /// Photos worked on at once, at most the number of cores [default: that number]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// What they are held against
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// Which readers read the cells
    #[arg(long, value_enum, default_value = "auto")]
    pub reader: ReaderChoice,
    /// Largest picture, in pixels, that is decoded
    #[arg(long, value_name = "N", default_value_t = 200_000_000)]
    pub max_pixels: u64,
    /// Longest time for a photo, in seconds; a PDF, HEIC or TIFF page is decoded within half of it
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub max_seconds: u64,
    /// Write numbered pictures of each step there
    #[arg(long, value_name = "DIR")]
    pub debug_images: Option<PathBuf>,
}

/// `cotejo report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Folder of a run
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// What is done with edited results
    #[command(flatten)]
    pub edited: EditedArgs,
}

/// `cotejo review`
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Folder of a run
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Who reviews, as it stands in the log [default: the name of the account]
    #[arg(long = "as", value_name = "NAME")]
    pub who: Option<String>,
    /// Port on 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Share of the doubtful numbers that are entered twice without sight of any value, 0 to 1
    #[arg(long, value_name = "SHARE")]
    pub blind: Option<f64>,
    /// Draw this many accepted sheets at random and check every number: measures the error rate
    #[arg(long, value_name = "N")]
    pub audit: Option<usize>,
    /// Seed of both choices [default: random; it stands in the log]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Write corrections.csv and corrections.json, bring the run's files up to date, and stop
    #[arg(long)]
    pub export: bool,
    /// Say what the log proves and what not, and stop; with a hash that was noted elsewhere, whether the log has it
    #[arg(long, value_name = "HASH", num_args = 0..=1)]
    pub verify_log: Option<Option<String>>,
    /// Take in the review.sqlite of other reviewers, list contradictions, and stop
    #[arg(long, value_name = "SQLITE", num_args = 1..)]
    pub merge: Vec<PathBuf>,
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// What is done with edited results
    #[command(flatten)]
    pub edited: EditedArgs,
}

/// How sums are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TallyFormat {
    /// A table for the terminal; a figure with fewer sheets than its line says how many in brackets
    Text,
    /// One row a figure
    Csv,
    /// With conflicts and duplicates
    Json,
    /// One row a figure
    Parquet,
    /// A bar chart of one place
    Svg,
}

/// `cotejo tally`
#[derive(Debug, Args)]
pub struct TallyArgs {
    /// Folder of a run
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// By what places: a level of the sheets' form, which `cotejo forms` lists [default: the whole]
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,
    /// By candidate or by party row
    #[arg(long, value_enum, default_value = "candidate")]
    pub by: By,
    /// Only places whose code begins so, such as 04
    #[arg(long, value_name = "CODE")]
    pub within: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: TallyFormat,
    /// To this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Registry of all tables, to say how many are missing [default: what the run found]
    #[arg(long, value_name = "CSV")]
    pub registry: Option<PathBuf>,
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// What is done with edited results
    #[command(flatten)]
    pub edited: EditedArgs,
}

/// `cotejo export`
#[derive(Debug, Args)]
#[command(after_help = "Every column with its meaning: cotejo export --describe (docs/exports.md)")]
pub struct ExportArgs {
    /// Folder of a run
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Layout
    #[arg(long = "as", value_enum, value_name = "LAYOUT")]
    pub layout: Option<Layout>,
    /// To this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Say what each column of each layout means
    #[arg(long)]
    pub describe: bool,
    /// Who answers for the NIST report
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<String>,
    /// Names and order of the published columns [default: what the form says]
    #[arg(long, value_name = "TOML")]
    pub columns: Option<PathBuf>,
    /// Registry of all tables [default: what the run found missing]
    #[arg(long, value_name = "CSV")]
    pub registry: Option<PathBuf>,
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// What is done with edited results
    #[command(flatten)]
    pub edited: EditedArgs,
}

/// `cotejo verify`
#[derive(Debug, Args)]
#[command(
    after_help = "A table tells by codes, one row a sheet, or by names, one row a choice, as OpenElections' tables do (columns
county, precinct, office, district, party, candidate, votes, and the ways of voting). A crosswalk says
what such a table calls otherwise; names are held against each other without case, accents and signs:

  [parties]
  REP = \"R\"
  [precincts]                 # and [counties]: name, \"number name\" or code
  \"Center 2\" = \"Center II\"
  [choices]                   # in whatever contest
  \"Write-ins\" = \"Write-In\"
  [[contests]]
  office = \"U.S. House\"
  district = \"3\"
  is = \"United States Representative\"
  choices = { \"Ann B. Doe\" = \"Doe \\\\ Roe\" }"
)]
pub struct VerifyArgs {
    /// Folder of a run, or another table of the same election
    #[arg(value_name = "DIR|TABLE.csv")]
    pub left: PathBuf,
    /// The published table
    #[arg(long, value_name = "TABLE.csv")]
    pub against: PathBuf,
    /// Folder for verify.html and verify.json
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What stands in the tables' columns [default: what the form says]
    #[arg(long, value_name = "TOML")]
    pub columns: Option<PathBuf>,
    /// What a table that tells by names calls otherwise than the sheets
    #[arg(long, value_name = "TOML")]
    pub crosswalk: Option<PathBuf>,
    /// Write a crosswalk with likely pairs for the names left over, to be checked by a person
    #[arg(long, value_name = "TOML")]
    pub draft_crosswalk: Option<PathBuf>,
    /// Where the original pictures lie now, for the crops
    #[arg(long, value_name = "DIR")]
    pub photos: Option<PathBuf>,
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// What is done with edited results
    #[command(flatten)]
    pub edited: EditedArgs,
}

/// `cotejo publish`
#[derive(Debug, Args)]
#[command(after_help = "The site is a folder of pages: put it on any file server, or open its index.html.
A sheet's picture is published only where the block with names, identity numbers and signatures is
located with certainty; no pixel of the block is in it.")]
pub struct PublishArgs {
    /// Folder of a run
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// New folder for the site
    #[arg(short, long, value_name = "SITE")]
    pub out: PathBuf,
    /// Replace the site that the folder holds
    #[arg(long)]
    pub overwrite: bool,
    /// Where the original pictures lie now, if not where the records say
    #[arg(long, value_name = "DIR")]
    pub photos: Option<PathBuf>,
    /// Name of the site [default: the election's]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Who answers for the results, in the NIST report
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<String>,
    /// Sign the manifest with this minisign secret key; asks for its password if it has one
    #[arg(long, value_name = "KEY")]
    pub sign: Option<PathBuf>,
    /// Read the key's password from this file instead of asking
    #[arg(long, value_name = "FILE", requires = "sign")]
    pub password_file: Option<PathBuf>,
    /// Registry of all tables [default: what the run found missing]
    #[arg(long, value_name = "CSV")]
    pub registry: Option<PathBuf>,
    /// Names and order of the published columns [default: what the form says]
    #[arg(long, value_name = "TOML")]
    pub columns: Option<PathBuf>,
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// What is done with edited results
    #[command(flatten)]
    pub edited: EditedArgs,
}

/// `cotejo forms`
#[derive(Debug, Args)]
pub struct FormsArgs {
    /// Folder with further form definitions (*.toml)
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
}

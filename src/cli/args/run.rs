//! The arguments of what digitizes and decides.
//!
//! In: the arguments. Out: plain values, not yet resolved. Refuses what clap refuses.

use super::*;
use crate::ground::words::Language;
use crate::run::inputs::Shard;

/// `cotejo run`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cotejo run scans/ -o out                          a folder, with all folders in it
  cotejo run sheets.zip more.tar.gz scans/ -o out   archives are read where they are; nothing is unpacked
  cotejo run sheets.zip/north/0001.jpg -o out       one photo of an archive
  find scans -newer list -print0 | cotejo run --files-from - -o out
  cotejo run - -o out < photo.jpg                   a photo from a pipe; it is kept in out/given, where the report finds it

  cotejo run https://example.org/1.jpg s3://sheets/north/ -o out
                                                    one photo by its address, a folder of s3 (built with --features remote)

  cotejo run scans/ -o out --evidence               keep what was measured, so that more can be added:
  cotejo run late.zip -o out --add                  only the new photos are read; a sheet whose other photo is in the run
                                                    is put together with it, and what people decided stays

  cotejo run scans/ -o out --json | jq -r 'select(.part_of == null) | [.sheet.code, .status] | @tsv'
  cotejo run - -o out --json < photo.jpg | jq '.contests[].choices[] | {id, votes: .votes.value}'

An archive is a .zip, .tar, .tar.gz or .tgz, given or found in a folder; its photos are called sheets.zip/folder/name.jpg.
What lies elsewhere is fetched when it is read, and again for the review and for --resume, as long as it lies there; for
s3 the environment says who asks (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT, AWS_SKIP_SIGNATURE).
A photo may show the sheet of any other, so that a record is final when all are read: --json writes them then.
Exit code: 0 all accepted, 1 something needs review or was rejected, 2 the run failed.")]
pub struct RunArgs {
    /// Photos, scans, folders or archives of them; `-` for one photo on stdin; with --resume those of the run, or none
    #[arg(required_unless_present_any = ["resume", "files_from"], value_name = "PATHS")]
    pub paths: Vec<PathBuf>,
    /// Further paths, one a line, or each ended by NUL as `find -print0` does, in their order; `-` for stdin
    #[arg(long, value_name = "FILE")]
    pub files_from: Option<PathBuf>,
    /// Folder for records.jsonl, records.csv, run.json and report.html
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace the run that the folder holds
    #[arg(long, conflicts_with = "resume")]
    pub overwrite: bool,
    /// Keep what was measured, in evidence.jsonl, to decide on it again: `cotejo decide`
    #[arg(long)]
    pub evidence: bool,
    /// Go on with the run that the folder holds, with the paths that it was given: files that are done stay
    #[arg(long)]
    pub resume: bool,
    /// Write the records to stdout too, one JSON object a line, in the order of the inputs
    #[arg(long)]
    pub json: bool,
    /// Add to the run that the folder holds: what is there stays, and its photos are not looked at again
    #[arg(long, conflicts_with_all = ["resume", "overwrite", "shard"])]
    pub add: bool,
    /// Digitize one part of the folders alone, such as 2/8, and keep what was measured: `cotejo merge` puts the parts together
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// How sheets are digitized
    #[command(flatten)]
    pub digitize: DigitizeArgs,
}

/// `cotejo merge`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cotejo run scans/ -o part-1 --shard 1/2      on one machine
  cotejo run scans/ -o part-2 --shard 2/2      on another, on any day
  cotejo merge part-1 part-2 -o out            the records of one run, to the byte

All shards are made with the same program, settings, forms, paths and files. Merged sheets are reviewed
in the merged run.")]
pub struct MergeArgs {
    /// Folders of all shards of the run, in any order
    #[arg(required = true, value_name = "DIRS")]
    pub dirs: Vec<PathBuf>,
    /// Folder for records.jsonl, records.csv, run.json and report.html
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace the run that the folder holds
    #[arg(long)]
    pub overwrite: bool,
    /// Keep what was measured, in evidence.jsonl
    #[arg(long)]
    pub evidence: bool,
    /// Folder with further form definitions (*.toml), as the shards were given
    #[arg(long, value_name = "DIR")]
    pub forms: Option<PathBuf>,
    /// Registry of tables, as the shards were given
    #[arg(long, value_name = "CSV")]
    pub registry: Option<PathBuf>,
}

/// A language that people are spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LangArg {
    /// Spanish
    Es,
    /// English
    En,
}

impl From<LangArg> for Language {
    fn from(arg: LangArg) -> Self {
        match arg {
            LangArg::Es => Self::Es,
            LangArg::En => Self::En,
        }
    }
}

/// `cotejo check`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cotejo check IMG_1234.jpg                 good, or which part to take again and why
  cotejo check upper.jpg middle.jpg lower.jpg    photos of one sheet are read together
  cotejo check - < IMG_1234.jpg             a photo from a pipe

Nothing is written. Exit code: 0 every sheet is good, 1 something is to be taken again or looked at, 2 it failed.")]
pub struct PhotosArgs {
    /// Photos, folders or archives of them; `-` for one photo on stdin
    #[arg(required = true, value_name = "PHOTOS")]
    pub paths: Vec<PathBuf>,
    /// Language of what is said [default: that of the environment]
    #[arg(long, value_enum)]
    pub lang: Option<LangArg>,
    /// How sheets are digitized
    #[command(flatten)]
    pub digitize: DigitizeArgs,
}

/// `cotejo decide`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cotejo run scans/ -o out --evidence
  cotejo decide out -o stricter --max-error 1e-6
  cotejo decide a/ b/ -o both --registry tables.csv    runs of two machines, sheets shared between them joined

The same evidence and settings give the same records as the run itself. Pictures are not written: look
for them in the runs' own folders.")]
pub struct DecideArgs {
    /// Folders of runs made with --evidence, or their evidence.jsonl
    #[arg(required = true, value_name = "PATHS")]
    pub paths: Vec<PathBuf>,
    /// Folder for records.jsonl, records.csv, run.json and report.html
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace the run that the folder holds
    #[arg(long)]
    pub overwrite: bool,
    /// What sheets are held against
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// What is done with edited results
    #[command(flatten)]
    pub edited: EditedArgs,
}

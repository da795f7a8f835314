//! `cotejo run`, `cotejo merge` and `cotejo decide`.

use super::console::{self, tell};
use super::opened::tell_edited;
use super::{Outcome, all_there, config, given, interrupt, jobs, judged};
use crate::cli::args::{DecideArgs, MergeArgs, RunArgs};
use crate::decide::Status;
use crate::desk::report;
use crate::desk::review::files;
use crate::desk::review::log::{LOG, held};
use crate::form;
use crate::record::Record;
use crate::run::batch::{self, JOURNAL, Jobs, Keep, Progress, Resume, Shards, Staged};
use crate::run::config::Config;
use crate::run::inputs;
use crate::run::output::{
    self, About, EVIDENCE_JSONL, Folder, Lock, OutputError, Overwrite, RECORDS_JSONL, Run,
};
use crate::run::pipeline::Digitizer;
use crate::run::registry::Registry;
use anyhow::bail;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bar on stderr, drawn only on a terminal.
pub(super) struct Bar {
    bar: ProgressBar,
    review: AtomicUsize,
    rejected: AtomicUsize,
}

impl Bar {
    pub(super) fn new(files: usize) -> Self {
        // A log and a bar on one stream would tear each other apart.
        let target =
            if console::logs() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(files as u64), target);
        let template = "{pos}/{len} [{bar:30}] {per_sec}, {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, review: AtomicUsize::new(0), rejected: AtomicUsize::new(0) }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn stop(&self) -> bool {
        interrupt::asked()
    }

    fn more(&self, pages: u32) {
        self.bar.inc_length(u64::from(pages));
    }

    fn done(&self, records: &[Record]) {
        // A photo of a joined sheet, or a copy, is not rejected: its sheet stands elsewhere.
        for record in records.iter().filter(|r| !r.is_part()) {
            match record.status {
                Status::Accepted => 0,
                Status::Review => self.review.fetch_add(1, Ordering::Relaxed),
                Status::Rejected => self.rejected.fetch_add(1, Ordering::Relaxed),
            };
            let status = record.status.word();
            let codes: Vec<&str> = record.findings.iter().map(|f| f.code.name()).collect();
            let (file, page) = (record.source().path.as_str(), record.source().page + 1);
            tracing::info!(file, page, status, findings = codes.join(" "), "record");
        }
        let (review, rejected) = (self.review.load(Ordering::Relaxed), self.rejected.load(Ordering::Relaxed));
        self.bar.set_message(format!("{review} to review, {rejected} rejected"));
        self.bar.inc(1);
    }
}

/// Digitizes photos or scans into records and a report.
///
/// # Errors
/// Settings that make no sense, no input, an output folder that cannot take the run.
pub(super) fn run(args: &RunArgs) -> anyhow::Result<Outcome> {
    let config = config(&args.digitize)?;
    let jobs = jobs(&args.digitize)?;
    let mut paths = args.paths.clone();
    if let Some(list) = &args.files_from {
        paths.extend(inputs::listed(&console::given(list, u64::MAX)?));
    }
    let replaces = args.overwrite || args.resume || args.add;
    let overwrite = if replaces { Overwrite::Replace } else { Overwrite::Refuse };
    if let Some(photo) = given::stdin(&mut paths, args.files_from.as_deref())? {
        Folder::create(&args.out, overwrite)?;
        *photo = given::kept(&args.out)?;
        tell!("the photo is kept as {}: report and review cut their crops from it", photo.display());
    }
    let (resume, inputs) = match (args.add, args.resume) {
        (true, _) => (Resume::Add, batch::added(&args.out, &paths)?),
        (_, true) if batch::adds(&args.out) => (Resume::Add, batch::resumed(&args.out, &paths, args.shard)?),
        (_, true) => (Resume::Continue, batch::resumed(&args.out, &paths, args.shard)?),
        _ => (Resume::Fresh, inputs::collect(&paths).part(args.shard)),
    };
    // The photos of a run that is added to may have gone.
    all_there(if resume == Resume::Add { &paths } else { &inputs.paths })?;
    if inputs.cut.as_ref().map_or(inputs.files.len(), |cut| cut.files) == 0 {
        bail!(
            "no pictures in {} ({} other files); give files or folders with .{}",
            inputs.names().join(", "),
            inputs.left_out.len(),
            inputs::ENDINGS.join(", .")
        );
    }
    if resume == Resume::Fresh && !args.overwrite && args.out.join(JOURNAL).exists() {
        bail!(
            "{}: holds a run that was cut off; go on with --resume, or start again with --overwrite",
            args.out.display()
        );
    }
    let folder = Folder::create(&args.out, overwrite)?;
    let _lock = Lock::take(folder.path(), "run")?;
    let said = output::run_of(&args.out)?.and_then(|run| run.log);
    if let Some(problem) = held(&args.out, said.as_ref()).problem {
        bail!(
            "{}; nothing was changed: put the log back from a copy, or give another folder with -o",
            problem.message
        );
    }
    let digitizer = Digitizer::new(config)?;
    interrupt::watch();
    // How many are added is known once those that are there are.
    let bar = Bar::new(if resume == Resume::Add { 0 } else { inputs.files.len() });
    let keep = if args.evidence || inputs.cut.is_some() { Keep::Evidence } else { Keep::Records };
    let mut staged = batch::run(&digitizer, &inputs, &folder, (Jobs(jobs), resume, keep), &bar)?;
    let (c, files) = (staged.run.counts, staged.files);
    let mut reviewed = None;
    if args.out.join(LOG).exists() {
        reviewed = Some(files::apply(&mut staged.next, &mut staged.run, digitizer.forms())?);
    }
    report::write(&mut staged.next, digitizer.forms(), &About::of(&staged.run))?;
    let rejected = std::mem::take(&mut staged.rejected);
    let joined = std::mem::take(&mut staged.joined);
    let run = staged.commit()?;
    bar.finish();
    if let Some((book, (done, all))) = &reviewed {
        tell!("the folder's review log was applied to the new records: {done} of {all} sheets reviewed");
        super::review::tell_unmatched(book);
    }
    tell!(
        "{} sheets in {} files: {} accepted, {} to review, {} rejected; {:.1} s, {:.1} files a second",
        c.sheets(),
        files,
        c.accepted,
        c.review,
        c.rejected,
        run.measured.seconds,
        files as f64 / run.measured.seconds.max(1e-9)
    );
    if let Some(first) = joined.first() {
        tell!("  {} sheets that were there are shown by added photos too, such as {first}", joined.len());
    }
    tell_of(&rejected, &run);
    if !inputs.left_out.is_empty() {
        tell!(
            "  {} files are no pictures by their names, or no files at all, and were left out, such as {}",
            inputs.left_out.len(),
            inputs.left_out[0].display()
        );
    }
    tell!("  open {}", args.out.join("report.html").display());
    if args.json {
        let mut records = output::open(&args.out, RECORDS_JSONL)?;
        console::pour(|out| std::io::copy(&mut records, out).map(drop))?;
    }
    Ok(if c.review + c.rejected == 0 { Outcome::Clean } else { Outcome::Open })
}

/// What a run came to beyond its counts.
fn tell_of(rejected: &[String], run: &Run) {
    rejected.iter().for_each(|why| tell!("  rejected: {why}"));
    for alarm in &run.alarms {
        tell!("  {}", alarm.message);
    }
    if let Some(registry) = &run.registry {
        tell!(
            "  {} of the registry's {} tables have a sheet; run.json lists the {} without",
            registry.present,
            registry.tables,
            registry.missing.len()
        );
    }
}

/// Puts the shards of a run together.
///
/// # Errors
/// Folders that are not the shards of one run, forms or a registry that are not theirs, an output folder that cannot
/// take the run.
pub(super) fn merge(args: &MergeArgs) -> anyhow::Result<Outcome> {
    all_there(&args.dirs)?;
    let forms = form::known(args.forms.as_deref())?;
    let shards = Shards::open(&args.dirs, &forms)?;
    let registry = args.registry.as_deref();
    let registry = registry.map(|path| Registry::load(path, &forms)).transpose()?.map(Arc::new);
    let own = shards.settings();
    let config = Config::of(own, forms, registry).filter(|config| config.settings() == *own);
    let Some(config) = config else {
        bail!(
            "the shards were made with other forms or another registry; give those with --forms and --registry"
        );
    };
    let overwrite = if args.overwrite { Overwrite::Replace } else { Overwrite::Refuse };
    let folder = Folder::create(&args.out, overwrite)?;
    let _lock = Lock::take(folder.path(), "merge")?;
    if args.out.join(LOG).exists() {
        bail!(
            "{}: holds a review, which is of other records; give another folder with -o",
            args.out.display()
        );
    }
    let digitizer = Digitizer::new(config)?;
    let keep = if args.evidence { Keep::Evidence } else { Keep::Records };
    let staged = shards.merge(&digitizer, &folder, keep)?;
    settled(staged, &digitizer, &args.out, "put together")
}

/// Decides again on what runs measured.
///
/// # Errors
/// Settings that make no sense, files that are no evidence, an output folder that cannot take the run.
pub(super) fn decide(args: &DecideArgs) -> anyhow::Result<Outcome> {
    let config = judged(&args.judge)?;
    all_there(&args.paths)?;
    let without =
        |p: &&PathBuf| p.is_dir() && !matches!(output::open_if_there(p, EVIDENCE_JSONL), Ok(Some(_)));
    if let Some(dir) = args.paths.iter().find(without) {
        bail!("{}: holds no {EVIDENCE_JSONL}; make the run with --evidence", dir.display());
    }
    let overwrite = if args.overwrite { Overwrite::Replace } else { Overwrite::Refuse };
    let folder = Folder::create(&args.out, overwrite)?;
    let _lock = Lock::take(folder.path(), "decide")?;
    let digitizer = Digitizer::new(config)?;
    let edited = batch::evidence_edited(&args.paths)?;
    if !args.edited.edited && !edited.is_empty() {
        return Err(OutputError::Edited { findings: edited }.into());
    }
    tell_edited(&edited);
    let mut staged = batch::decide(&digitizer, &args.paths, &folder)?;
    staged.run.edited = edited;
    settled(staged, &digitizer, &args.out, "decided on again")
}

/// Lets a run hold that was made without a photo, with its report, and says what it came to.
fn settled(mut staged: Staged, digitizer: &Digitizer, out: &Path, done: &str) -> anyhow::Result<Outcome> {
    report::write(&mut staged.next, digitizer.forms(), &About::of(&staged.run))?;
    let rejected = std::mem::take(&mut staged.rejected);
    let run = staged.commit()?;
    let c = run.counts;
    tell!(
        "{} sheets {done}: {} accepted, {} to review, {} rejected; {:.1} s",
        c.sheets(),
        c.accepted,
        c.review,
        c.rejected,
        run.measured.seconds
    );
    tell_of(&rejected, &run);
    tell!("  open {}", out.join("report.html").display());
    Ok(if c.review + c.rejected == 0 { Outcome::Clean } else { Outcome::Open })
}

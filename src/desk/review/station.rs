//! The review's state in memory: the log, a little of each machine record ([`Machine`] reads the rest when it is asked
//! for), and what waits for whom.
//!
//! In: a run's folder; then entries, one at a time. Out: answers to them, what the pages show, the
//! reviewed records. The log is written before anything in memory changes, so that what was answered
//! is what a restart finds. Refuses an entry on a sheet or field that is not there, a value that the
//! form cannot print, and "as printed" where no value is shown.

use super::log::{Action, Deed, Entry, Log, Sight, held};
use super::machine::Machine;
use super::recheck::notes;
use super::sample::{AUDIT, BLIND, Settings};
use super::settle::{Book, CODE, SHEET, Settled, Task, Waits, settle, tasks, written};
use super::talk::{Answer, Pass, Sent};
use super::{Refusal, ReviewError, files, fold};
use crate::desk::report::Seen;
use crate::form::Form;
use crate::ground::finding::Finding;
use crate::picture::Rows;
use crate::record::{Record, SheetMark, Sheets, sheet_key};
use crate::run::output::{MACHINE_JSONL, Opened, OutputError, attested, pictures};
use fold::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest value where no form says more: four digits.
const LARGEST: u32 = 9999;

/// The station.
pub struct Station {
    dir: PathBuf,
    who: String,
    machine: Arc<Machine>,
    forms: Vec<Arc<Form>>,
    edited: Vec<Finding>,
    /// Every record as it stands now, at a glance.
    seen: Seen,
    order: Vec<usize>,
    /// The first record of each sheet.
    keys: BTreeMap<String, usize>,
    /// Records of sheets with pictures of their cells.
    pictured: BTreeSet<usize>,
    sampled: BTreeSet<usize>,
    book: Book,
    log: Log,
    waiting: BTreeMap<usize, Waits>,
    queue: Vec<usize>,
    ranks: Vec<usize>,
    asked: BTreeSet<usize>,
}

impl Station {
    /// Opens a run's folder: verifies its files and the log.
    ///
    /// # Errors
    /// A folder without a run, or whose files or log are not as the program wrote them.
    pub fn open(dir: &Path, forms: Vec<impl Into<Arc<Form>>>, who: &str) -> Result<Self, ReviewError> {
        Self::checked(dir, forms.into_iter().map(Into::into).collect(), who, Opened::unedited)
    }

    /// The same of a folder whose files or log may have been changed: what is written says so.
    ///
    /// # Errors
    /// A folder without a run, a log whose chain does not hold.
    pub fn open_edited(dir: &Path, forms: Vec<impl Into<Arc<Form>>>, who: &str) -> Result<Self, ReviewError> {
        Self::checked(dir, forms.into_iter().map(Into::into).collect(), who, Ok)
    }

    fn checked(
        dir: &Path,
        forms: Vec<Arc<Form>>,
        who: &str,
        judge: impl Fn(Opened) -> Result<Opened, OutputError>,
    ) -> Result<Self, ReviewError> {
        if dir.join(crate::run::batch::JOURNAL).exists() {
            return Err(ReviewError::Unfinished { dir: dir.display().to_string() });
        }
        let mut opened = Opened::of(dir, &forms)?;
        if let Some(problem) = attested(dir, MACHINE_JSONL, opened.run())? {
            opened.notice(problem);
        }
        let held = held(dir, opened.about().log.as_ref());
        held.problem.into_iter().for_each(|problem| opened.notice(problem));
        let edited = judge(opened)?.about().edited.clone();
        let (mut keys, mut sheets, mut pictured, mut ix) =
            (BTreeMap::new(), Sheets::default(), BTreeSet::new(), 0);
        let mut seen = Seen::default();
        let machine = Machine::open(dir, |record| {
            if let Some(key) = sheet_key(record).filter(|_| !record.is_part())
                && *keys.entry(key).or_insert(ix) == ix
                && pictures::exist::<Rows>(dir, record)
            {
                pictured.insert(ix);
            }
            sheets.add(record);
            seen.add(record);
            ix += 1;
        })?;
        let log = Log::open(dir)?;
        let book = Book::of(log.entries(), sheets);
        let order = seen.order();
        let mut ranks = vec![0; ix];
        for (rank, &ix) in order.iter().enumerate() {
            ranks[ix] = rank;
        }
        let mut station = Self {
            dir: dir.to_owned(),
            who: who.to_owned(),
            order,
            ranks,
            queue: Vec::new(),
            machine: Arc::new(machine),
            forms,
            edited,
            seen,
            keys,
            pictured,
            sampled: BTreeSet::new(),
            book,
            log,
            waiting: BTreeMap::new(),
            asked: BTreeSet::new(),
        };
        station.survey()?;
        Ok(station)
    }

    /// Counts anew what waits; after settings have changed.
    fn survey(&mut self) -> Result<(), ReviewError> {
        self.sampled = self.book.settings.drawn(&self.machine)?;
        let touched: BTreeSet<usize> =
            self.book.sheets().filter_map(|key| self.keys.get(key)).copied().collect();
        let first: BTreeSet<usize> = self.keys.values().copied().collect();
        let (mut asked, mut waiting, mut seen) = (BTreeSet::new(), BTreeMap::new(), Seen::default());
        self.machine.visit(|ix, machine| {
            let sampled = self.sampled.contains(&ix);
            let settled = settle(&machine, machine.form_of(&self.forms).as_deref(), &self.book, sampled);
            seen.add(&settled.record);
            let asks = || first.contains(&ix) && !tasks(&machine, &self.book.settings, sampled).is_empty();
            if touched.contains(&ix) || asks() {
                asked.insert(ix);
                waiting.extend(Waits::of(&settled).map(|waits| (ix, waits)));
            }
            Ok::<_, ReviewError>(())
        })?;
        let queued = |ix: &usize| asked.contains(ix) && !self.sampled.contains(ix);
        self.queue = self.order.iter().copied().filter(queued).collect();
        (self.seen, self.waiting, self.asked) = (seen, waiting, asked);
        Ok(())
    }

    /// Sets blind entry and audit, unless they stand so already.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn set(&mut self, wanted: &Settings) -> Result<(), ReviewError> {
        // A draw that stands so already stays as it was drawn.
        let text = |s: Option<(String, u64)>| s.map(|(v, seed)| format!("{v} {seed}"));
        let blind = |s: &Settings| text(s.blind.map(|(v, seed)| (v.to_string(), seed)));
        let audit = |s: &Settings| text(s.audit.map(|(v, seed)| (v.to_string(), seed)));
        let now = &self.book.settings;
        let pairs = [(BLIND, blind(wanted), blind(now)), (AUDIT, audit(wanted), audit(now))];
        let deeds: Vec<Deed> = pairs
            .into_iter()
            .filter(|(_, new, old)| new.is_some() && new != old)
            .filter_map(|(field, new, old)| Some(Settings::deed(&self.who, field, new?, old)))
            .collect();
        if !deeds.is_empty() {
            self.append(deeds)?;
        }
        self.survey()
    }

    fn append(&mut self, deeds: Vec<Deed>) -> Result<Vec<Entry>, ReviewError> {
        let made = self.log.append(deeds)?.to_vec();
        self.book.extend(&made);
        Ok(made)
    }

    /// Takes in entries of other logs.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn take_in(&mut self, deeds: Vec<Deed>) -> Result<(), ReviewError> {
        self.append(deeds)?;
        self.survey()
    }

    /// The run's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The reviewer.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// The machine's records.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// Every record as it stands now, at a glance.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Whether pictures of a sheet's cells were there when the station was opened, and it is this record's.
    pub fn is_pictured(&self, ix: usize) -> bool {
        self.pictured.contains(&ix)
    }

    /// The known forms.
    pub fn forms(&self) -> &[Arc<Form>] {
        &self.forms
    }

    /// What shows that the run is not as the program wrote it.
    pub fn edited(&self) -> &[Finding] {
        &self.edited
    }

    /// Writes the run's files from what stands now.
    ///
    /// # Errors
    /// As [`files::write`].
    pub fn write(&self) -> Result<(), ReviewError> {
        files::write(&self.dir, &self.machine, &self.forms, &self.book, &self.edited)
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The entries, by sheet and field.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Indices of the records in the order in which they are shown.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Indices of the sampled records.
    pub fn sampled(&self) -> &BTreeSet<usize> {
        &self.sampled
    }

    /// The first record with this key.
    pub fn find(&self, key: &str) -> Option<usize> {
        self.keys.get(key).copied()
    }

    /// Sheets that are done, of all that were asked for.
    pub fn progress(&self) -> (usize, usize) {
        (self.asked.len() - self.waiting.len(), self.asked.len())
    }

    /// Sheets on which something waits, and what.
    pub fn waiting(&self) -> &BTreeMap<usize, Waits> {
        &self.waiting
    }

    /// The sheets of the review in their order, without those drawn for the audit.
    pub fn queue(&self) -> &[usize] {
        &self.queue
    }

    /// A record's place in the order of all records.
    pub fn rank(&self, ix: usize) -> usize {
        self.ranks[ix]
    }

    /// A record after review.
    ///
    /// # Errors
    /// The machine's record cannot be read any more.
    pub fn settled(&self, ix: usize) -> Result<Settled<'_>, ReviewError> {
        let machine = self.machine.get(ix)?;
        let form = machine.form_of(&self.forms);
        Ok(settle(&machine, form.as_deref(), &self.book, self.sampled.contains(&ix)))
    }

    /// Takes an entry. On return it is on the disk.
    ///
    /// # Errors
    /// What is refused (see the module), a log that cannot be written.
    pub fn enter(&mut self, sent: &Sent) -> Result<Answer, ReviewError> {
        let ix = self.find(&sent.sheet).ok_or(Refusal::UnknownSheet {})?;
        let settled = self.settled(ix)?;
        let task = settled.tasks.iter().find(|(t, _)| t.field == sent.field);
        let number = settled.record.value(&sent.field).is_some();
        if task.is_none() && !number && ![SHEET, CODE].contains(&sent.field.as_str()) {
            return Err(Refusal::UnknownNumber {}.into());
        }
        let resolves = matches!(task, Some((_, Verdict::Contradicted(_))));
        let hidden = task.is_some_and(|(t, _)| t.hidden()) && !resolves;
        let before = written(&settled.record, &sent.field);
        let form = settled.record.form_of(&self.forms);
        let after = after(form.as_deref(), sent, before.as_deref(), hidden)?;
        let standing = fold::heads(&self.book.on(&sent.sheet, &sent.field));
        let replaces: Vec<String> = match (hidden, sent.pass) {
            (false, _) => standing.iter().map(|e| e.id().to_owned()).collect(),
            (true, Pass::Again) => Vec::new(),
            // A correction of one's own first entry, not a second one.
            (true, Pass::First) => {
                let own = standing.iter().rev().find(|e| e.deed.who == self.who);
                own.map(|e| e.id().to_owned()).into_iter().collect()
            }
        };
        let deed = Deed {
            before,
            after,
            reason: sent.reason.chars().take(300).collect(),
            replaces,
            sight: if hidden { Sight::Hidden } else { Sight::Shown },
            ..Deed::now(&self.who, &self.mark(ix)?, &sent.field, sent.action)
        };
        let record = settled.record;
        let made = self.append(vec![deed])?;
        self.answer((ix, &record), &sent.field, made.last().map_or("", |e| &e.hash))
    }

    /// What is kept of a sheet with a decision about it: what the machine read, whatever people entered.
    fn mark(&self, ix: usize) -> Result<SheetMark, ReviewError> {
        Ok(SheetMark::of(&self.machine.get(ix)?).unwrap_or_default())
    }

    /// Takes back the reviewer's last entry that stands.
    ///
    /// # Errors
    /// There is none, or the log cannot be written.
    pub fn undo(&mut self) -> Result<Answer, ReviewError> {
        let undone: BTreeSet<&str> = self
            .book
            .all()
            .iter()
            .filter(|e| e.deed.action == Action::Undo)
            .flat_map(|e| e.deed.replaces.iter().map(String::as_str))
            .collect();
        let own = |e: &&Entry| {
            let value = !matches!(e.deed.action, Action::Undo | Action::Setting);
            let free = e.deed.origin.is_none() && !undone.contains(e.id());
            e.deed.who == self.who && value && free && self.book.key(&e.deed).is_some()
        };
        let last = self.book.all().iter().rev().find(own).ok_or(Refusal::NothingToUndo {})?;
        let field = last.deed.field.clone();
        let ix = self.book.key(&last.deed).and_then(|key| self.find(key)).ok_or(Refusal::UnknownSheet {})?;
        let deed = Deed {
            before: last.deed.after.clone(),
            after: last.deed.before.clone(),
            replaces: vec![last.id().to_owned()],
            ..Deed::now(&self.who, &self.mark(ix)?, &field, Action::Undo)
        };
        let record = self.settled(ix)?.record;
        let made = self.append(vec![deed])?;
        self.answer((ix, &record), &field, made.last().map_or("", |e| &e.hash))
    }

    /// What the page is told of a sheet that was `before`.
    fn answer(
        &mut self,
        (ix, before): (usize, &Record),
        field: &str,
        entry: &str,
    ) -> Result<Answer, ReviewError> {
        let settled = self.settled(ix)?;
        let waits = Waits::of(&settled);
        let task = settled.tasks.iter().find(|(t, _)| t.field == field);
        let hidden = task.is_some_and(|(t, _)| t.hidden());
        let (state, value, who) =
            task.map_or(("open", None, String::new()), |(task, verdict)| shown(task, verdict));
        let answer = Answer {
            sheet: sheet_key(&settled.record).unwrap_or_default(),
            field: field.to_owned(),
            state,
            value,
            who,
            notes: match settled.record.form_of(&self.forms) {
                _ if hidden => Vec::new(),
                form => notes(&settled.record, form.as_deref(), field),
            },
            review: settled.record.review.as_ref().map(|r| r.state),
            open: settled.open().map(|t| t.field.clone()).collect(),
            done: 0,
            entry: entry.to_owned(),
        };
        let after = settled.record;
        self.seen.again(ix, before, &after);
        // One that nobody asked for counts from its first entry on, as when the station is opened again.
        self.asked.insert(ix);
        match waits {
            Some(waits) => {
                self.waiting.insert(ix, waits);
            }
            None => {
                self.waiting.remove(&ix);
            }
        }
        Ok(Answer { done: self.progress().0, ..answer })
    }
}

/// The value that an entry sets, as the log writes it.
fn after(
    form: Option<&Form>,
    sent: &Sent,
    before: Option<&str>,
    hidden: bool,
) -> Result<Option<String>, ReviewError> {
    let typed = sent.value.as_deref().map(str::trim).unwrap_or_default();
    match (sent.field.as_str(), sent.action) {
        (SHEET, Action::AsPrinted) => Ok(Some("counts".to_owned())),
        (SHEET, Action::Rejected) => Ok(Some("does_not_count".to_owned())),
        (CODE, Action::Typed) => {
            let pattern = form.and_then(|f| f.header_line("code")?.pattern.as_ref());
            let plain = |c: char| c.is_ascii_alphanumeric() || ".-/".contains(c);
            let fits = pattern.map_or(!typed.is_empty(), |p| p.is_match(typed));
            if fits && typed.len() <= 64 && typed.chars().all(plain) {
                return Ok(Some(typed.to_owned()));
            }
            Err(Refusal::NotACode {}.into())
        }
        (SHEET, _) | (_, Action::Undo | Action::Setting | Action::Rejected) => {
            Err(Refusal::NoSuchAction {}.into())
        }
        (_, Action::AsPrinted) => match before {
            Some(value) if !hidden => Ok(Some(value.to_owned())),
            _ => Err(Refusal::NothingShown {}.into()),
        },
        (CODE, Action::Unreadable) => Err(Refusal::NoSuchAction {}.into()),
        (_, Action::Unreadable) => Ok(None),
        (_, Action::Typed) => {
            let largest = form.map_or(LARGEST, Form::max_value);
            let digits = !typed.is_empty() && typed.bytes().all(|b| b.is_ascii_digit());
            let number = typed.parse::<u32>().ok().filter(|&n| digits && n <= largest);
            number.map(|n| Some(n.to_string())).ok_or(Refusal::NotANumber { largest }.into())
        }
    }
}

/// A field's state, value and reviewer as a page may show them.
pub fn shown(task: &Task, verdict: &Verdict<'_>) -> (&'static str, Option<String>, String) {
    match verdict {
        Verdict::Open => ("open", None, String::new()),
        Verdict::Again { .. } => ("again", None, String::new()),
        Verdict::Contradicted(_) => ("clash", None, String::new()),
        // What a blind entry said stays hidden: the next reviewer may look at the same page.
        Verdict::Settled(e) if task.hidden() => ("done", None, e.deed.who.clone()),
        Verdict::Settled(e) if e.deed.action == Action::Unreadable => {
            ("done", Some("—".to_owned()), e.deed.who.clone())
        }
        Verdict::Settled(e) => ("done", e.deed.after.clone(), e.deed.who.clone()),
    }
}

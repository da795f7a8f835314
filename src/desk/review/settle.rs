//! From what the program decided and what people said to the record that is handed over.
//!
//! In: a machine's record, its form, the [`Book`] of entries. Out: which fields wait for whom
//! ([`Task`]), and the [`Settled`] record: values with who set them, sums and relations counted again,
//! how far the review is. The machine's record is never changed, and its status, findings and
//! probabilities stay as they are. Refuses nothing: an entry on a field that the record lacks is
//! passed over, and listed by the export.

use super::fold::{Need, Verdict, verdict};
use super::log::{Action, Deed, Entry};
use super::sample::Settings;
use crate::decide::{Status, check};
use crate::form::{Form, Levels};
use crate::ground::finding::{Code, Finding, Severity};
use crate::picture::doubtful;
use crate::record::{Contest, Record, Review, ReviewState, SetBy, SetHow, Sheets, Value, sheet_key};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The sheet as a whole: whether it counts.
pub const SHEET: &str = "@sheet";
/// The sheet's code.
pub const CODE: &str = "@code";

/// A number whose probability of being wrong is larger is looked at, one by one, whatever its share in
/// the sheet's doubt: ten such numbers are a sheet that is wrong once in a hundred. Not measured.
const WORTH_A_LOOK: f64 = 1e-3;

/// What a person is asked where a finding asks for a look and names no field.
enum Asks {
    /// The sheet's code.
    Code,
    /// Nothing of its own: the numbers' review answers it.
    Numbers,
    /// Whether the sheet counts.
    Sheet,
}

/// What a finding about the sheet as a whole asks.
fn asks(code: Code) -> Asks {
    match code {
        Code::CodeUnreadable | Code::CodeDoubtful => Asks::Code,
        Code::LowConfidence | Code::RelationBroken | Code::RegisteredExceeded => Asks::Numbers,
        Code::ChannelsDisagree
        | Code::OutOfLine
        | Code::ValueCorrected
        | Code::ValueFilled
        | Code::Misreading
        | Code::CellUnreadable
        | Code::FieldsAbsent
        | Code::RegisteredDiffer
        | Code::TableNotRegistered
        | Code::PlaceDiffers
        | Code::QrMissing
        | Code::QrForeign
        | Code::QrOfAnotherSheet
        | Code::NothingRead
        | Code::ZeroReport
        | Code::AnotherElection
        | Code::AnotherText
        | Code::ManyDoubtful
        | Code::RowsDoubtful
        | Code::Illegible
        | Code::Glare
        | Code::Streaks
        | Code::Retake
        | Code::NoSheet
        | Code::CodeAlone
        | Code::BlocksUnclear
        | Code::NameElsewhere
        | Code::DuplicateFile
        | Code::UnreadableFile
        | Code::EmptyFile
        | Code::TooLarge
        | Code::NotAPicture
        | Code::UnsupportedPicture
        | Code::LockedFile
        | Code::NoPages
        | Code::TooManyPages
        | Code::DamagedPicture
        | Code::DamagedArchive
        | Code::DecoderDied
        | Code::TooSlow
        | Code::InternalError
        | Code::PartOfSheet
        | Code::JoinedPhotos
        | Code::JoinedPages
        | Code::PagesMissing
        | Code::PageTwice
        | Code::PageUnread
        | Code::PagesDiffer
        | Code::PhotosDisagree
        | Code::GroupNotAccepted
        | Code::GroupWithoutQr
        | Code::FileEdited
        | Code::FileUnattested
        | Code::RecordsCount
        | Code::SumEdited
        | Code::LogEdited
        | Code::LogBroken => Asks::Sheet,
    }
}

/// All entries of a log by the run's sheets and their fields, and the settings that they hold. An entry
/// that means no sheet of the run is kept, and stands on none.
#[derive(Debug, Clone, Default)]
pub struct Book {
    entries: Vec<Entry>,
    /// The key that the sheet of each entry has now.
    keys: Vec<Option<String>>,
    run: Arc<Sheets>,
    places: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    /// Blind entry and audit, as last set.
    pub settings: Settings,
}

impl Book {
    /// The book of some entries on these sheets.
    pub fn of(entries: &[Entry], run: Sheets) -> Self {
        let mut book = Self { run: Arc::new(run), ..Self::default() };
        book.extend(entries);
        book
    }

    /// Takes in entries that were appended.
    pub fn extend(&mut self, entries: &[Entry]) {
        for entry in entries {
            let key = if entry.deed.action == Action::Setting {
                self.settings.hear(&entry.deed);
                None
            } else {
                self.key(&entry.deed).map(str::to_owned)
            };
            if let Some(key) = &key {
                let fields = self.places.entry(key.clone()).or_default();
                fields.entry(entry.deed.field.clone()).or_default().push(self.entries.len());
            }
            self.keys.push(key);
            self.entries.push(entry.clone());
        }
    }

    /// The key of the sheet that a deed is about; `None` where the run has no such sheet.
    pub fn key(&self, deed: &Deed) -> Option<&str> {
        self.run.find(&deed.mark())
    }

    /// All entries in the log's order, each with the key of its sheet.
    pub fn with_keys(&self) -> impl Iterator<Item = (&Entry, Option<&str>)> {
        self.entries.iter().zip(self.keys.iter().map(Option::as_deref))
    }

    /// What people decided of sheets that the run lacks, or that cannot be told among its sheets: what of it
    /// stands, in the log's order.
    pub fn unmatched(&self) -> Vec<&Entry> {
        let lost: Vec<&Entry> = self
            .with_keys()
            .filter(|(e, key)| key.is_none() && e.deed.action != Action::Setting)
            .map(|(e, _)| e)
            .collect();
        super::fold::heads(&lost)
    }

    /// All entries, in the log's order.
    pub fn all(&self) -> &[Entry] {
        &self.entries
    }

    /// The sheets that entries are about.
    pub fn sheets(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The fields of a sheet that entries are about.
    pub fn fields(&self, sheet: &str) -> impl Iterator<Item = &str> {
        self.places.get(sheet).into_iter().flat_map(|f| f.keys().map(String::as_str))
    }

    /// The entries on a field, in order.
    pub fn on(&self, sheet: &str, field: &str) -> Vec<&Entry> {
        let places = self.places.get(sheet).and_then(|f| f.get(field));
        places.into_iter().flatten().map(|&i| &self.entries[i]).collect()
    }
}

/// One thing that a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Field id, [`SHEET`] or [`CODE`].
    pub field: String,
    /// How many entries it needs.
    pub need: Need,
}

impl Task {
    /// Whether the values known so far are kept from who enters.
    pub fn hidden(&self) -> bool {
        self.need != Need::One
    }
}

/// A record after review.
#[derive(Debug)]
pub struct Settled<'a> {
    /// What is handed over.
    pub record: Record,
    /// What was asked, in order, with what stands.
    pub tasks: Vec<(Task, Verdict<'a>)>,
}

impl Settled<'_> {
    /// Fields that wait for a person.
    pub fn open(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|(_, v)| v.waits()).map(|(t, _)| t)
    }
}

/// How many fields of a sheet wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// A first entry.
    pub open: usize,
    /// A second or third one.
    pub again: usize,
    /// Someone who resolves a contradiction.
    pub clash: usize,
}

impl Waits {
    /// What waits on a sheet; `None` for nothing.
    pub fn of(settled: &Settled<'_>) -> Option<Self> {
        let mut waits = Self::default();
        for (_, verdict) in &settled.tasks {
            match verdict {
                Verdict::Open => waits.open += 1,
                Verdict::Again { .. } => waits.again += 1,
                Verdict::Contradicted(_) => waits.clash += 1,
                Verdict::Settled(_) => {}
            }
        }
        (waits != Self::default()).then_some(waits)
    }
}

/// A field's value of a record as the log writes it.
pub fn written(record: &Record, field: &str) -> Option<String> {
    match field {
        CODE => record.sheet.code.clone(),
        SHEET => None,
        _ => record.value(field).and_then(|v| v.value).map(|v| v.to_string()),
    }
}

/// What a machine's record asks of a person: for a sheet in review its doubtful fields, its code, and
/// the sheet as a whole where something was noticed that no single number answers; for a sampled
/// sheet every number.
pub fn tasks(record: &Record, settings: &Settings, sampled: bool) -> Vec<Task> {
    let one = |field: &str| Task { field: field.to_owned(), need: Need::One };
    if sampled {
        let checked = |(id, v): (Cow<'_, str>, &Value)| {
            let decided = v.value.map(|v| v.to_string());
            Task { field: id.into_owned(), need: Need::Check(decided) }
        };
        return record.numbers().map(checked).collect();
    }
    if record.status != Status::Review {
        return Vec::new();
    }
    let mut fields = doubtful(record);
    // What is accepted does not depend on context.
    let context = |id: &str| record.context.contains_key(id);
    let worth = |id: &str, v: &Value| !context(id) && v.value.is_some() && 1.0 - v.confidence > WORTH_A_LOOK;
    for (id, _) in record.numbers().filter(|(id, v)| worth(id.as_ref(), v)) {
        if !fields.iter().any(|f| *f == id) {
            fields.push(id.into_owned());
        }
    }
    let mut out: Vec<Task> = fields
        .into_iter()
        .map(|field| {
            let need = if settings.is_blind(record, &field) { Need::Two } else { Need::One };
            Task { field, need }
        })
        .collect();
    let of_sheet = |f: &&Finding| f.severity >= Severity::Review && f.field.is_none();
    let mut whole = false;
    for finding in record.findings.iter().filter(of_sheet) {
        match asks(finding.code) {
            Asks::Code if out.iter().any(|t| t.field == CODE) => {}
            Asks::Code => out.push(one(CODE)),
            Asks::Numbers => {}
            Asks::Sheet => whole = true,
        }
    }
    if whole || out.is_empty() {
        out.push(one(SHEET));
    }
    out
}

/// A record after review.
pub fn settle<'a>(machine: &Record, form: Option<&Form>, book: &'a Book, sampled: bool) -> Settled<'a> {
    let mut record = machine.clone();
    if machine.is_part() {
        // Its sheet stands in another record.
        return Settled { record, tasks: Vec::new() };
    }
    let key = sheet_key(machine).unwrap_or_default();
    let mut asked = tasks(machine, &book.settings, sampled);
    for field in book.fields(&key) {
        if !asked.iter().any(|t| t.field == field) {
            asked.push(Task { field: field.to_owned(), need: Need::One });
        }
    }
    let mut tasks: Vec<(Task, Verdict<'a>)> = Vec::new();
    for task in asked {
        let verdict = verdict(&book.on(&key, &task.field), &task.need);
        // A field that was not asked for and whose entries were all taken back asks for nothing.
        if let Verdict::Settled(entry) = &verdict {
            apply(&mut record, form, entry);
        }
        tasks.push((task, verdict));
    }
    recount(&mut record, form);
    let broken = record.checks.iter().any(|c| c.holds == Some(false));
    let touched = record.status == Status::Review || record != *machine;
    if broken && touched && !tasks.iter().any(|(t, _)| t.field == SHEET) {
        let verdict = verdict(&book.on(&key, SHEET), &Need::One);
        tasks.push((Task { field: SHEET.to_owned(), need: Need::One }, verdict));
    }
    let asked_for = self::tasks(machine, &book.settings, sampled);
    tasks.retain(|(t, v)| {
        *v != Verdict::Open || t.field == SHEET || asked_for.iter().any(|a| a.field == t.field)
    });
    record.review = review(&record, &tasks, book, &key, sampled);
    Settled { record, tasks }
}

/// Puts what a person said into the record.
fn apply(record: &mut Record, form: Option<&Form>, entry: &Entry) {
    let deed = &entry.deed;
    if deed.field == CODE {
        if let Some(code) = &deed.after {
            let levels = form.map_or_else(Levels::default, |f| f.levels.clone());
            let parts = levels.cut(code);
            (record.sheet.centre, record.sheet.table) = (parts.map(|p| p.0.to_owned()), parts.map(|p| p.1));
            record.sheet.code = Some(code.clone());
        }
        return;
    }
    let how = match deed.action {
        Action::Typed => SetHow::Typed,
        Action::AsPrinted => SetHow::AsPrinted,
        Action::Unreadable => SetHow::Unreadable,
        Action::Rejected | Action::Undo | Action::Setting => return,
    };
    let Some(value) = record.value_mut(&deed.field) else { return };
    let was = value.value;
    value.value = deed.after.as_deref().and_then(|v| v.parse().ok());
    value.confidence = match value.value {
        now if now == was => value.confidence,
        Some(now) => value.alternatives.iter().find(|a| a.value == now).map_or(0.0, |a| a.confidence),
        None => 0.0,
    };
    value.set_by =
        Some(SetBy { who: deed.who.clone(), when: deed.at.clone(), how, was, entry: entry.id().to_owned() });
}

/// Sums of the candidates and the form's relations on the values that stand now.
fn recount(record: &mut Record, form: Option<&Form>) {
    record.contests.iter_mut().for_each(Contest::recount);
    let Some(form) = form else { return };
    let values: Vec<Option<u32>> =
        form.fields.iter().map(|f| record.value(&f.id).and_then(|v| v.value)).collect();
    for slot in &mut record.checks {
        if let Some(relation) = form.relations.iter().find(|r| r.id == slot.id) {
            *slot = check(relation, &values);
        }
    }
}

/// How far people are with a record; `None` where no entry stands.
fn review(
    record: &Record,
    tasks: &[(Task, Verdict<'_>)],
    book: &Book,
    key: &str,
    sampled: bool,
) -> Option<Review> {
    let fields: Vec<&str> = tasks.iter().map(|(t, _)| t.field.as_str()).collect();
    let standing: Vec<&Entry> = fields.iter().flat_map(|f| super::fold::heads(&book.on(key, f))).collect();
    let when = standing.iter().map(|e| e.deed.at.as_str()).max()?.to_owned();
    let by: BTreeSet<&str> = standing.iter().map(|e| e.deed.who.as_str()).collect();
    let rejected = |(t, v): &(Task, Verdict<'_>)| {
        t.field == SHEET && matches!(v, Verdict::Settled(e) if e.deed.action == Action::Rejected)
    };
    let open: Vec<String> = tasks.iter().filter(|(_, v)| v.waits()).map(|(t, _)| t.field.clone()).collect();
    let state = if tasks.iter().any(rejected) {
        ReviewState::Rejected
    } else if tasks.iter().any(|(_, v)| matches!(v, Verdict::Contradicted(_))) {
        ReviewState::Contradicted
    } else if !open.is_empty() {
        ReviewState::Partial
    } else if record.choices().any(|c| c.votes.value.is_none()) {
        ReviewState::Unreadable
    } else {
        ReviewState::Complete
    };
    Some(Review { state, by: by.into_iter().map(str::to_owned).collect(), when, open, sampled })
}

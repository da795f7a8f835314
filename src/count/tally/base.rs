//! The records of a run in a database: what tally, export, verify and publish ask.
//!
//! In: records one by one, the known forms, the units that should be there. Out: [`Base`], a SQLite
//! database in memory with the tables of `schema.sql`, one sheet chosen for each unit by
//! `settle.sql`. Refuses nothing of a record: sheets that do not count stay in it, marked so.

use super::expected::{Expected, Of};
use super::{TallyError, about};
use crate::decide::{Basis, Status};
use crate::form::{FieldKind, Form, Group, Levels, value_id};
use crate::record::{Place, Record, Value};
use crate::run::output::{About, Opened, OutputError};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::path::Path;

/// The tables that are handed over, as SQL with what they mean.
pub const SCHEMA: &str = include_str!("schema.sql");

/// Whether the numbers of a sheet that does not count yet may once a person has looked.
fn waits(record: &Record) -> bool {
    record.waits() && record.status != Status::Rejected
}

/// The records of a run as tables.
pub struct Base {
    db: Connection,
    form: Option<Form>,
    levels: Levels,
    listed: bool,
    about: About,
}

/// Fills a [`Base`].
pub struct Loader<'f> {
    db: Connection,
    forms: &'f [Form],
    form: Option<&'f Form>,
    contests: BTreeMap<String, i64>,
    /// Place and contest of each.
    candidates: BTreeMap<String, (i64, i64)>,
    fields: BTreeMap<String, i64>,
    sheets: i64,
}

impl<'f> Loader<'f> {
    /// An empty base; `forms` give names and the printed order.
    ///
    /// # Errors
    /// The database cannot be made; none is known.
    pub fn new(forms: &'f [Form]) -> Result<Self, TallyError> {
        let db = Connection::open_in_memory()?;
        db.execute_batch(SCHEMA)?;
        db.execute_batch(
            "CREATE TEMP TABLE listed (centre TEXT, table_number INTEGER); \
             CREATE TEMP TABLE unlisted (centre TEXT, table_number INTEGER); \
             CREATE TEMP TABLE told (what TEXT); \
             CREATE TEMP TABLE known (centre TEXT, place TEXT, name TEXT); \
             CREATE TEMP TABLE heard (level INTEGER, code TEXT, name TEXT, weight INTEGER); \
             BEGIN",
        )?;
        let (contests, candidates, fields) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Ok(Self { db, forms, form: None, contests, candidates, fields, sheets: 0 })
    }

    /// Adds the next record of the run.
    ///
    /// # Errors
    /// A form with other levels than the sheets before; the database refuses it: none is known.
    pub fn add(&mut self, record: &Record) -> Result<(), TallyError> {
        self.learn(record)?;
        let number = self.sheets;
        self.sheets += 1;
        let sheet = &record.sheet;
        let unread = record.numbers().filter(|(_, v)| v.value.is_none()).count();
        let mut codes: Vec<&str> = record.findings.iter().map(|f| f.code.name()).collect();
        codes.sort_unstable();
        codes.dedup();
        let insert = "INSERT INTO sheet VALUES \
            (?1,?2,?3,?4,?5,?6,?7,?8,NULL,?9,?10,?11,?12,?13,?14,?15,?16,?17)";
        self.db.prepare_cached(insert)?.execute(params![
            number,
            file_name(&record.source().path),
            record.source().page,
            record.source().sha256,
            status(record),
            record.counts(),
            waits(record),
            record.confidence,
            sheet.centre,
            sheet.table,
            sheet.code,
            sheet.kind,
            record.form.as_ref().map(|f| f.id.as_str()),
            unread as i64,
            sheet.issued_at,
            sheet.hash,
            codes.join(" "),
        ])?;
        if let Some((registry, centre)) = record.registry.as_ref().zip(sheet.centre.as_deref()) {
            self.hear(centre, &registry.place)?;
        }
        let mut insert = self.db.prepare_cached("INSERT INTO sheet_name VALUES (?1,?2,?3)")?;
        for (place, name) in printed(&record.place) {
            insert.execute(params![number, place, name])?;
        }
        let mut insert = self.db.prepare_cached("INSERT OR IGNORE INTO number VALUES (?1,?2,?3,?4,?5)")?;
        for (id, value) in record.numbers() {
            if let Some(field) = self.fields.get(id.as_ref()) {
                // Of a sheet that counts, what is held counts nothing.
                let counted = value.value.filter(|_| !record.counts() || record.counts_number(&id));
                insert.execute(params![number, field, counted, value.confidence, basis(value)])?;
            }
        }
        Ok(())
    }

    /// Puts down the form's candidates and fields, or, for a form that is not known, the record's.
    fn learn(&mut self, record: &Record) -> Result<(), TallyError> {
        let id = record.form.as_ref().map(|f| f.id.as_str());
        let form = self.forms.iter().find(|f| Some(f.id.as_str()) == id);
        if let Some((form, known)) = form.zip(self.form)
            && !form.levels.nest_as(&known.levels)
        {
            return Err(TallyError::Levels { one: known.id.clone(), other: form.id.clone() });
        }
        // A page after the first says less of the sheet, where that is missing.
        self.form = form
            .filter(|f| f.blocks.is_none() && self.form.is_some_and(|k| k.blocks.is_some()))
            .or(self.form)
            .or(form);
        if record.numbers().all(|(id, _)| self.fields.contains_key(id.as_ref())) {
            return Ok(());
        }
        if let Some(form) = form.filter(|f| f.blocks.is_none()) {
            self.know(form)?;
        }
        for contest in &record.contests {
            let at = self.contest(&contest.id, &contest.name)?;
            for choice in &contest.choices {
                // A name that another contest has too is this contest's.
                let own = self.candidates.get(&choice.candidate).is_none_or(|c| c.1 == at);
                let name = &choice.candidate;
                let id = if own { name.clone() } else { format!("{}_{name}", contest.id) };
                self.candidate(&id, at, name)?;
                self.vote(&choice.id, at, &id, (&choice.party, &choice.code))?;
                for name in choice.values.keys() {
                    self.value(&value_id(&choice.id, name), at, &choice.id, name)?;
                }
            }
            for id in contest.totals.keys() {
                self.total(id, Some(at), id)?;
            }
        }
        for id in record.totals().into_keys() {
            self.total(id, None, id)?;
        }
        Ok(())
    }

    /// Puts down a form's candidates and fields.
    ///
    /// # Errors
    /// The database refuses it; none is known.
    pub fn know(&mut self, form: &Form) -> Result<(), TallyError> {
        let mut contests = Vec::new();
        for contest in &form.contests {
            contests.push(self.contest(&contest.id, &contest.name)?);
        }
        for candidate in &form.candidates {
            self.candidate(&candidate.id, contests[candidate.contest], &candidate.name)?;
        }
        for (ix, field) in form.fields.iter().enumerate() {
            let contest = contests[field.contest];
            match &field.kind {
                FieldKind::Vote { candidate, party, code } => {
                    self.vote(&field.id, contest, &form.candidates[*candidate].id, (party, code))?;
                }
                FieldKind::Value { of, name } => {
                    self.value(&field.id, contest, &form.fields[*of].id, name)?;
                }
                FieldKind::Total | FieldKind::Header => {
                    let owned = matches!(form.group(ix), Some(Group::Contest(_)));
                    self.total(&field.id, owned.then_some(contest), &field.label)?;
                }
            }
        }
        Ok(())
    }

    /// The levels of the sheets, or of the first form where none is known.
    fn levels(&self) -> Levels {
        self.form.or(self.forms.first()).map_or_else(Levels::default, |f| f.levels.clone())
    }

    /// A registry's names of the areas that a centre lies in.
    fn hear(&self, centre: &str, names: &Place) -> Result<(), TallyError> {
        let mut insert = self.db.prepare_cached("INSERT INTO known VALUES (?1,?2,?3)")?;
        for (place, name) in printed(names) {
            insert.execute(params![centre, place, name])?;
        }
        Ok(())
    }

    fn contest(&mut self, id: &str, name: &str) -> Result<i64, TallyError> {
        if let Some(at) = self.contests.get(id) {
            return Ok(*at);
        }
        let at = self.contests.len() as i64;
        self.db.execute("INSERT INTO contest VALUES (?1,?2,?3)", params![at, id, name])?;
        self.contests.insert(id.to_owned(), at);
        Ok(at)
    }

    fn candidate(&mut self, id: &str, contest: i64, name: &str) -> Result<(), TallyError> {
        if !self.candidates.contains_key(id) {
            let at = self.candidates.len() as i64;
            self.db.execute("INSERT INTO candidate VALUES (?1,?2,?3,?4)", params![at, id, contest, name])?;
            self.candidates.insert(id.to_owned(), (at, contest));
        }
        Ok(())
    }

    fn vote(
        &mut self,
        id: &str,
        contest: i64,
        candidate: &str,
        (party, code): (&str, &str),
    ) -> Result<(), TallyError> {
        let candidate = self.candidates.get(candidate).map(|c| c.0);
        self.field(id, |db, at| {
            let insert = "INSERT INTO field VALUES (?1,?2,'vote',?3,NULL,NULL,?4,?5,?6,?5)";
            db.execute(insert, params![at, id, contest, candidate, party, code])
        })
    }

    /// Another number of the row whose votes are the field `row`.
    fn value(&mut self, id: &str, contest: i64, row: &str, name: &str) -> Result<(), TallyError> {
        let row = self.fields.get(row).copied();
        self.field(id, |db, at| {
            let insert = "INSERT INTO field SELECT ?1,?2,'value',?3,field,?4,candidate,party,code,name || ' / ' || ?4 \
                FROM field WHERE field = ?5";
            db.execute(insert, params![at, id, contest, name, row])
        })
    }

    fn total(&mut self, id: &str, contest: Option<i64>, label: &str) -> Result<(), TallyError> {
        self.field(id, |db, at| {
            let insert = "INSERT INTO field VALUES (?1,?2,'total',?3,NULL,NULL,NULL,NULL,NULL,?4)";
            db.execute(insert, params![at, id, contest, label])
        })
    }

    /// Puts a field down by `insert`, unless it is known.
    fn field(
        &mut self,
        id: &str,
        insert: impl FnOnce(&Connection, i64) -> rusqlite::Result<usize>,
    ) -> Result<(), TallyError> {
        if !self.fields.contains_key(id) {
            let at = self.fields.len() as i64;
            insert(&self.db, at)?;
            self.fields.insert(id.to_owned(), at);
        }
        Ok(())
    }

    /// Chooses one sheet for each unit; with `expected`, says which units are missing and how many there
    /// should be.
    ///
    /// # Errors
    /// The database refuses it; none is known.
    pub fn settle(self, expected: Option<&Expected>) -> Result<Base, TallyError> {
        if let Some(expected) = expected {
            let mut list = self.db.prepare("INSERT INTO listed VALUES (?1,?2)")?;
            for table in &expected.tables {
                list.execute(params![table.centre, table.table])?;
                self.hear(&table.centre, &table.names)?;
            }
            let (what, unlisted) = match &expected.of {
                Of::All => ("all", [].as_slice()),
                Of::Missing { unlisted } => ("missing", unlisted.as_slice()),
            };
            self.db.execute("INSERT INTO told VALUES (?1)", [what])?;
            let mut list = self.db.prepare("INSERT INTO unlisted VALUES (?1,?2)")?;
            for (centre, table) in unlisted {
                list.execute(params![centre.trim_start_matches('0'), table])?;
            }
        }
        let levels = self.levels();
        let mut insert = self.db.prepare("INSERT INTO level VALUES (?1,?2,?3,?4)")?;
        for (depth, level) in levels.all().iter().enumerate() {
            let (digits, width) = (level.digits as i64, levels.width(depth) as i64);
            insert.execute(params![depth as i64, level.id, digits, width])?;
        }
        drop(insert);
        self.db.execute_batch(include_str!("settle.sql"))?;
        self.db.execute_batch("CREATE INDEX unit_sheet ON unit (sheet); COMMIT; ANALYZE")?;
        let form = self.form.or(self.forms.first()).cloned();
        Ok(Base { db: self.db, form, levels, listed: expected.is_some(), about: About::default() })
    }
}

impl Base {
    /// The base of a run that was opened. Records are read one by one: a run of a country does not have to
    /// fit into memory.
    ///
    /// # Errors
    /// The folder holds no run, or records that cannot be read.
    pub fn load(run: &Opened, forms: &[Form], expected: Option<&Expected>) -> Result<Self, TallyError> {
        let mut loader = Loader::new(forms)?;
        run.visit(|record| loader.add(&record))?;
        let base = loader.settle(expected)?;
        about::store(run.about(), &base.db)?;
        Ok(Self { about: run.about().clone(), ..base })
    }

    /// What is to be said of the run.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The base of records in memory.
    ///
    /// # Errors
    /// The database refuses them; none is known.
    pub fn of(records: &[Record], forms: &[Form], expected: Option<&Expected>) -> Result<Self, TallyError> {
        let mut loader = Loader::new(forms)?;
        for record in records {
            loader.add(record)?;
        }
        loader.settle(expected)
    }

    /// The database, to ask it.
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// The levels of its places.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The form of its sheets, or the first that is known where no sheet has one.
    pub fn form(&self) -> Option<&Form> {
        self.form.as_ref()
    }

    /// Whether it is known which units should be there.
    pub fn knows_missing(&self) -> bool {
        self.listed
    }

    /// Writes the database to a file, replacing one that is there; it appears whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save_over(&self, path: &Path) -> Result<(), TallyError> {
        let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let io = |e| OutputError::io(path, e);
        let temporary = tempfile::tempdir_in(dir).map_err(io)?;
        let file = temporary.path().join("results.sqlite");
        self.db.execute("VACUUM INTO ?1", [file.to_string_lossy()])?;
        std::fs::rename(&file, path).map_err(io)?;
        Ok(())
    }
}

/// The names of places that are told, with what they are of.
fn printed(names: &Place) -> impl Iterator<Item = (&str, &str)> {
    names
        .iter()
        .filter_map(|(place, name)| Some((place.as_str(), name.as_deref().filter(|n| !n.is_empty())?)))
}

/// The last part of a path of either system: folders say where a machine keeps its files.
pub fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The word of a record's status, as in `records.jsonl`; `part` for a page whose sheet stands in another
/// record.
pub fn status(record: &Record) -> &'static str {
    if record.is_part() { "part" } else { record.status.word() }
}

/// Where a value comes from, in one word.
pub fn basis(value: &Value) -> &'static str {
    match (value.set_by.is_some(), value.basis) {
        (true, _) => "person",
        (false, Basis::Read) => "read",
        (false, Basis::Corrected) => "corrected",
        (false, Basis::Filled) => "filled",
    }
}

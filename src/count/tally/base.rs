//! The records of a run in a database: what tally, export, verify and publish ask.
//!
//! In: records one by one, the known forms, the mesas that should be there. Out: [`Base`], a SQLite
//! database in memory with the tables of `schema.sql`, one sheet chosen for each mesa by
//! `settle.sql`. Refuses nothing of a record: sheets that do not count stay in it, marked so.

use super::TallyError;
use super::expected::{Expected, Of};
use crate::decide::{Basis, Status};
use crate::form::{FieldKind, Form};
use crate::record::{Record, Value};
use crate::run::output::{self, OutputError};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::path::Path;

/// A weight that no number of sheets outvotes: the registry's names.
const REGISTRY_WEIGHT: i64 = 1_000_000_000;

/// Whether the numbers of a sheet that does not count yet may once a person has looked.
fn waits(record: &Record) -> bool {
    record.waits() && record.status != Status::Rejected
}

/// The records of a run as tables.
pub struct Base {
    db: Connection,
    listed: bool,
}

/// Fills a [`Base`].
pub struct Loader<'f> {
    db: Connection,
    forms: &'f [Form],
    candidates: BTreeMap<String, i64>,
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
        db.execute_batch(include_str!("schema.sql"))?;
        db.execute_batch(
            "CREATE TEMP TABLE listed (centre TEXT, mesa INTEGER); \
             CREATE TEMP TABLE unlisted (centre TEXT, mesa INTEGER); \
             CREATE TEMP TABLE told (what TEXT); BEGIN",
        )?;
        Ok(Self { db, forms, candidates: BTreeMap::new(), fields: BTreeMap::new(), sheets: 0 })
    }

    /// Adds the next record of the run.
    ///
    /// # Errors
    /// The database refuses it; none is known.
    pub fn add(&mut self, record: &Record) -> Result<(), TallyError> {
        self.learn(record)?;
        let number = self.sheets;
        self.sheets += 1;
        let (sheet, place) = (&record.sheet, &record.place);
        let unread = record.numbers().filter(|(_, v)| v.value.is_none()).count();
        let mut codes: Vec<&str> = record.findings.iter().map(|f| f.code.name()).collect();
        codes.sort_unstable();
        codes.dedup();
        let insert = "INSERT INTO sheet VALUES \
            (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23)";
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
            place.country,
            place.state,
            place.municipality,
            place.parish,
            place.centre,
            place.address,
            sheet.issued_at,
            sheet.hash,
            codes.join(" "),
        ])?;
        if let Some((registry, centre)) = record.registry.as_ref().zip(sheet.centre.as_deref()) {
            let p = &registry.place;
            for (level, name) in
                [&p.country, &p.state, &p.municipality, &p.parish, &p.centre].into_iter().enumerate()
            {
                self.hear(level, centre, name.as_deref().unwrap_or_default())?;
            }
        }
        let mut insert = self.db.prepare_cached("INSERT OR IGNORE INTO number VALUES (?1,?2,?3,?4,?5)")?;
        for (id, value) in record.numbers() {
            if let Some(field) = self.fields.get(id) {
                // Of a sheet that counts, what is held counts nothing.
                let counted = value.value.filter(|_| !record.counts() || record.counts_number(id));
                insert.execute(params![number, field, counted, value.confidence, basis(value)])?;
            }
        }
        Ok(())
    }

    /// Puts down the form's candidates and fields, or, for a form that is not known, the record's.
    fn learn(&mut self, record: &Record) -> Result<(), TallyError> {
        if record.numbers().all(|(id, _)| self.fields.contains_key(id)) {
            return Ok(());
        }
        let id = record.form.as_ref().map(|f| f.id.as_str());
        if let Some(form) = self.forms.iter().find(|f| Some(f.id.as_str()) == id) {
            self.know(form)?;
        }
        for choice in record.choices() {
            self.candidate(&choice.candidate, &choice.candidate)?;
            self.vote(&choice.id, &choice.candidate, &choice.party, &choice.code)?;
        }
        for id in record.totals().into_keys() {
            self.total(id, id)?;
        }
        Ok(())
    }

    /// Puts down a form's candidates and fields.
    ///
    /// # Errors
    /// The database refuses it; none is known.
    pub fn know(&mut self, form: &Form) -> Result<(), TallyError> {
        for candidate in &form.candidates {
            self.candidate(&candidate.id, &candidate.name)?;
        }
        for field in &form.fields {
            match &field.kind {
                FieldKind::Vote { candidate, party, code } => {
                    let candidate = &form.candidates[*candidate];
                    self.vote(&field.id, &candidate.id, party, code)?;
                }
                FieldKind::Total | FieldKind::Header => self.total(&field.id, &field.label)?,
            }
        }
        Ok(())
    }

    /// A registry's name of the area of a level that a centre lies in.
    fn hear(&self, level: usize, centre: &str, name: &str) -> Result<(), TallyError> {
        let mut insert = self.db.prepare_cached("INSERT INTO heard VALUES (?1,?2,?3,?4)")?;
        insert.execute(params![level as i64, area_code(centre, level), name, REGISTRY_WEIGHT])?;
        Ok(())
    }

    fn candidate(&mut self, id: &str, name: &str) -> Result<(), TallyError> {
        if !self.candidates.contains_key(id) {
            let at = self.candidates.len() as i64;
            self.db.execute("INSERT INTO candidate VALUES (?1,?2,?3)", params![at, id, name])?;
            self.candidates.insert(id.to_owned(), at);
        }
        Ok(())
    }

    fn vote(&mut self, id: &str, candidate: &str, party: &str, code: &str) -> Result<(), TallyError> {
        if !self.fields.contains_key(id) {
            let at = self.fields.len() as i64;
            let candidate = self.candidates.get(candidate);
            let insert = "INSERT INTO field VALUES (?1,?2,'vote',?3,?4,?5,?4)";
            self.db.execute(insert, params![at, id, candidate, party, code])?;
            self.fields.insert(id.to_owned(), at);
        }
        Ok(())
    }

    fn total(&mut self, id: &str, label: &str) -> Result<(), TallyError> {
        if !self.fields.contains_key(id) {
            let at = self.fields.len() as i64;
            let insert = "INSERT INTO field VALUES (?1,?2,'total',NULL,NULL,NULL,?3)";
            self.db.execute(insert, params![at, id, label])?;
            self.fields.insert(id.to_owned(), at);
        }
        Ok(())
    }

    /// Chooses one sheet for each mesa; with `expected`, says which mesas are missing and how many there
    /// should be.
    ///
    /// # Errors
    /// The database refuses it; none is known.
    pub fn settle(self, expected: Option<&Expected>) -> Result<Base, TallyError> {
        if let Some(expected) = expected {
            let mut list = self.db.prepare("INSERT INTO listed VALUES (?1,?2)")?;
            for table in &expected.tables {
                list.execute(params![table.centre, table.table])?;
                for (level, name) in table.names.iter().enumerate() {
                    self.hear(level, &table.centre, name)?;
                }
            }
            let (what, unlisted) = match &expected.of {
                Of::All => ("all", [].as_slice()),
                Of::Missing { unlisted } => ("missing", unlisted.as_slice()),
            };
            self.db.execute("INSERT INTO told VALUES (?1)", [what])?;
            let mut list = self.db.prepare("INSERT INTO unlisted VALUES (?1,?2)")?;
            for (centre, mesa) in unlisted {
                list.execute(params![centre.trim_start_matches('0'), mesa])?;
            }
        }
        self.db.execute_batch("CREATE INDEX sheet_mesa ON sheet (centre, mesa);")?;
        self.db.execute_batch(include_str!("settle.sql"))?;
        self.db.execute_batch(
            "CREATE INDEX area_mesa ON area (centre, mesa); CREATE INDEX mesa_sheet ON mesa (sheet); COMMIT; ANALYZE",
        )?;
        Ok(Base { db: self.db, listed: expected.is_some() })
    }
}

impl Base {
    /// The base of a run's folder. Records are read one by one: a run of a country does not have to
    /// fit into memory.
    ///
    /// # Errors
    /// The folder holds no run, or records that cannot be read.
    pub fn load(dir: &Path, forms: &[Form], expected: Option<&Expected>) -> Result<Self, TallyError> {
        let mut loader = Loader::new(forms)?;
        output::visit(dir, |record| loader.add(&record))?;
        loader.settle(expected)
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

    /// Whether it is known which mesas should be there.
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

/// The code of the area of level 0 (country) to 4 (centre) that a centre lies in, as `settle.sql` has it.
fn area_code(centre: &str, level: usize) -> String {
    match level {
        0 => String::new(),
        4 => centre.to_owned(),
        _ if centre.len() == 9 && centre.is_ascii() => centre[..2 * level].to_owned(),
        _ => "?".to_owned(),
    }
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

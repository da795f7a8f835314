//! Results in the layouts that others read.
//!
//! In: a [`Base`] and the column map of the published tables. Out: bytes or a file in one of the
//! [`Layout`]s. One row, or one set of figures, a mesa that counts; the SQLite file alone holds every
//! sheet, each with its standing. Every column says what it means ([`describe`]). Refuses nothing.

mod nist;
#[cfg(test)]
mod tests;

pub use nist::{NistHead, nist};

use crate::count::tally::columns::ColumnMap;
use crate::count::tally::frame::{Column, Frame, Kind};
use crate::count::tally::{Base, By, Item, Loader, TallyError, items};
use crate::form::Form;
use rusqlite::params_from_iter;

/// A layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The published results table, CSV.
    Published,
    /// One row a mesa, one column a candidate, total and party, CSV.
    Wide,
    /// One row a figure, CSV, as OpenElections has it.
    Long,
    /// NIST SP 1500-100 v2, JSON.
    Nist,
    /// The wide table as Parquet.
    Parquet,
    /// Every table of the run.
    Sqlite,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Published, Self::Wide, Self::Long, Self::Nist, Self::Parquet, Self::Sqlite];

    /// The name of a file that holds it.
    pub fn file(self) -> &'static str {
        match self {
            Self::Published => "results.csv",
            Self::Wide => "results-wide.csv",
            Self::Long => "results-long.csv",
            Self::Nist => "results-nist.json",
            Self::Parquet => "results.parquet",
            Self::Sqlite => "results.sqlite",
        }
    }

    /// What it is, in Spanish and English.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Published => (
                "La tabla de resultados publicada, por mesa (CSV)",
                "The published results table, by mesa (CSV)",
            ),
            Self::Wide => (
                "Una fila por mesa, una columna por candidato y partido (CSV)",
                "One row a mesa, one column a candidate and party (CSV)",
            ),
            Self::Long => (
                "Una fila por cifra, como en OpenElections (CSV)",
                "One row a figure, as in OpenElections (CSV)",
            ),
            Self::Nist => ("NIST SP 1500-100 v2 (JSON)", "NIST SP 1500-100 v2 (JSON)"),
            Self::Parquet => (
                "La tabla ancha para DuckDB, pandas y R (Parquet)",
                "The wide table for DuckDB, pandas and R (Parquet)",
            ),
            Self::Sqlite => (
                "Todas las actas y cifras, con su estado (SQLite)",
                "Every sheet and figure, with its standing (SQLite)",
            ),
        }
    }
}

/// The places of a mesa, as columns of SQL and as they are called.
const PLACES: &str = "substr(a.state, 1, 2), s.name, substr(a.municipality, 3, 2), u.name, \
    substr(a.parish, 5, 2), p.name, m.centre, m.mesa";

/// Mesas that count with their areas: what every export goes through.
const FROM: &str = "FROM mesa m \
    JOIN (SELECT centre, mesa, max(code) FILTER (WHERE level = 1) AS state, \
        max(code) FILTER (WHERE level = 2) AS municipality, max(code) FILTER (WHERE level = 3) AS parish \
        FROM area WHERE level BETWEEN 1 AND 3 GROUP BY centre, mesa) a ON a.centre = m.centre AND a.mesa = m.mesa \
    JOIN place s ON s.level = 1 AND s.code = a.state \
    JOIN place u ON u.level = 2 AND u.code = a.municipality \
    JOIN place p ON p.level = 3 AND p.code = a.parish \
    JOIN place c ON c.level = 4 AND c.code = m.centre \
    JOIN sheet t ON t.sheet = m.sheet \
    WHERE m.standing = 'counted'";

fn place_columns() -> Vec<Column> {
    vec![
        Column::text("COD_EDO", "code of the state, two digits"),
        Column::text("EDO", "state"),
        Column::text("COD_MUN", "code of the municipality within the state, two digits"),
        Column::text("MUN", "municipality"),
        Column::text("COD_PAR", "code of the parish within the municipality, two digits"),
        Column::text("PAR", "parish"),
        Column::text("CENTRO", "code of the centre, nine digits with leading zeros"),
        Column::integer("MESA", "number of the mesa"),
    ]
}

/// An item of the run as SQL and as a column; `None` when the run has no such number.
fn figure(all: &[Item], id: &str, name: &str) -> Option<(String, Column)> {
    let item = all.iter().find(|i| i.id == id)?;
    // Ids are those of forms: letters, digits and underscores. What is not cannot be asked for.
    if !id.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ' ') {
        return None;
    }
    let (sql, about) = match item.kind {
        "candidate" => (
            format!(
                "(SELECT n.value FROM candidate_number n JOIN candidate k USING (candidate) \
                 WHERE n.sheet = m.sheet AND k.id = '{id}')"
            ),
            format!("votes for {}", item.name),
        ),
        kind => (
            format!(
                "(SELECT n.value FROM number n WHERE n.sheet = m.sheet \
                 AND n.field = (SELECT field FROM field WHERE id = '{id}'))"
            ),
            if kind == "party" { format!("votes of the row {}", item.name) } else { item.name.clone() },
        ),
    };
    Some((sql, Column::integer(name, &format!("{about}; empty where it could not be read"))))
}

fn all_items(base: &Base) -> Result<Vec<Item>, TallyError> {
    let mut all = items(base, By::Candidate)?;
    all.extend(items(base, By::Party)?.into_iter().filter(|i| i.kind == "party"));
    Ok(all)
}

/// The published results table: places, then the map's figures in its order, then the picture file.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn published(base: &Base, map: &ColumnMap) -> Result<Frame, TallyError> {
    let all = all_items(base)?;
    let mut columns = place_columns();
    let mut sql = format!("SELECT {PLACES}");
    for (expression, column) in map.figures.iter().filter_map(|f| figure(&all, &f.item, &f.column)) {
        sql.push_str(&format!(", {expression}"));
        columns.push(column);
    }
    sql.push_str(&format!(", t.file {FROM} ORDER BY m.centre, m.mesa"));
    columns.push(Column::text("URL", "name of the picture file; the run does not know its address"));
    Frame::query(base.db(), &sql, [], columns)
}

/// The wide table: the published columns, every other total, every party row, and where each row is from.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn wide(base: &Base, map: &ColumnMap) -> Result<Frame, TallyError> {
    let all = all_items(base)?;
    let mut columns = place_columns();
    columns.insert(8, Column::text("CENTRO_NOMBRE", "name of the centre"));
    let mut sql = format!("SELECT {PLACES}, c.name");
    let known = |id: &str| map.figures.iter().find(|f| f.item == id);
    let mapped = map.figures.iter().map(|f| (f.item.as_str(), f.column.clone()));
    let candidates = all.iter().filter(|i| i.kind == "candidate");
    let totals = all.iter().filter(|i| i.kind == "total");
    let parties = all.iter().filter(|i| i.kind == "party");
    let rest = candidates.chain(parties).map(|i| (i, column_name(&i.id)));
    let rest = rest.chain(totals.map(|i| (i, column_name(&i.id).to_uppercase())));
    let rest = rest.filter(|(i, _)| known(&i.id).is_none()).map(|(i, name)| (i.id.as_str(), name));
    for (expression, column) in mapped.chain(rest).filter_map(|(id, name)| figure(&all, id, &name)) {
        sql.push_str(&format!(", {expression}"));
        columns.push(column);
    }
    sql.push_str(&format!(
        ", t.status, t.confidence, m.copies, t.code, t.file, t.page, t.sha256 {FROM} ORDER BY m.centre, m.mesa"
    ));
    columns.extend([
        Column::text("STATUS", "what the program decided: accepted, or review where a person settled it"),
        Column::real("CONFIDENCE", "the program's probability that every number of the sheet is right"),
        Column::integer("COPIES", "how many pictures show this mesa's sheet"),
        Column::text("CODE", "code printed on the sheet"),
        Column::text("FILE", "name of the picture file"),
        Column::integer("PAGE", "page within the file, from 0"),
        Column::text("SHA256", "SHA-256 of the picture file"),
    ]);
    Frame::query(base.db(), &sql, [], columns)
}

/// An id as a column's name: siglas with spaces become one word, which Parquet and R take.
fn column_name(id: &str) -> String {
    id.replace(' ', "_")
}

/// One row a figure, in the columns of OpenElections, with the codes beside them.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn long(base: &Base, map: &ColumnMap) -> Result<Frame, TallyError> {
    let columns = vec![
        Column::text("county", "municipality"),
        Column::text("precinct", "centre and mesa, such as 010113042.01"),
        Column::text("office", "the office; Registered Voters, Ballots Cast and Null Votes for those totals"),
        Column::text("district", "empty: one district, the country"),
        Column::text("party", "party as printed; empty for totals"),
        Column::text("candidate", "candidate as printed; empty for totals"),
        Column::integer("votes", "the figure; empty where it could not be read"),
        Column::text("state", "state"),
        Column::text("parish", "parish"),
        Column::text("centre", "name of the centre"),
        Column::text("party_code", "the party's code as printed"),
    ];
    let sql = format!(
        "SELECT u.name, m.centre || '.' || printf('%02d', m.mesa), \
         CASE f.id WHEN 'electores' THEN 'Registered Voters' WHEN 'votos' THEN 'Ballots Cast' \
            WHEN 'votos_nulos' THEN 'Null Votes' ELSE ? END, \
         NULL, f.party, k.name, n.value, s.name, p.name, c.name, f.code \
         {} AND f.kind IS NOT NULL AND (f.kind = 'vote' OR f.id IN ('electores', 'votos', 'votos_nulos')) \
         ORDER BY m.centre, m.mesa, n.field",
        FROM.replace(
            "WHERE m.standing",
            "JOIN number n ON n.sheet = m.sheet JOIN field f ON f.field = n.field \
             LEFT JOIN candidate k ON k.candidate = f.candidate WHERE m.standing"
        )
    );
    Frame::query(base.db(), &sql, params_from_iter([map.office.as_str()]), columns)
}

/// A base without records that knows the forms' candidates and fields.
///
/// # Errors
/// The database cannot be made; none is known.
pub fn empty(forms: &[Form]) -> Result<Base, TallyError> {
    let mut loader = Loader::new(forms)?;
    for form in forms {
        loader.know(form)?;
    }
    loader.settle(None)
}

/// What every column of every layout means, as Markdown: `docs/exports.md`.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn describe(base: &Base, map: &ColumnMap) -> Result<String, TallyError> {
    let mut out = String::from(
        "# Exports\n\nWhat `cotejo export DIR --as LAYOUT` writes. One row, or one set of figures, a mesa whose \
         sheet was accepted or reviewed; sheets that contradict each other are left out. Codes keep their \
         leading zeros; text is UTF-8. This page is `cotejo export --describe`.\n",
    );
    for (name, frame) in [
        ("published", published(base, map)?),
        ("wide, parquet", wide(base, map)?),
        ("long", long(base, map)?),
    ] {
        out.push_str(&format!("\n## {name}\n\n| column | holds | means |\n|---|---|---|\n"));
        for c in &frame.columns {
            let kind = match c.kind {
                Kind::Text => "text",
                Kind::Integer => "whole number",
                Kind::Real => "probability",
            };
            out.push_str(&format!("| {} | {kind} | {} |\n", c.name, c.about));
        }
    }
    out.push_str(
        "\n## nist\n\nNIST SP 1500-100 v2 election results JSON. One `GpUnit` a country, state, municipality, \
         parish, centre and mesa, each with the ids of those within it; `VotersRegistered` is the sheet's number of \
         electors. One `CandidateContest` with one `CandidateSelection` a candidate, whose \
         `EndorsementPartyIds` are the parties of its rows and whose `VoteCounts` are by mesa. `BallotCounts` by mesa: \
         `BallotsCast` is the sheet's `votos`, `BallotsRejected` its `votos_nulos`. A number that could not be \
         read has no entry. `Status` is `unofficial-complete` only where a registry shows that no mesa is \
         missing, in review or in conflict.\n\n## sqlite\n\n```sql\n",
    );
    let schema = include_str!("../tally/schema.sql");
    // The temporary table at the end is not handed over.
    out.push_str(schema.split("-- Names as they come").next().unwrap_or(schema).trim_end());
    out.push_str("\n```\n");
    Ok(out)
}

//! Results in the layouts that others read.
//!
//! In: a [`Base`], whose form names places and columns, and a column map. Out: bytes or a file in one of the
//! [`Layout`]s. One row, or one set of figures, a unit of the last level that counts; the SQLite file alone holds every
//! sheet, each with its standing. Every column says what it means ([`describe`]). Refuses nothing.

mod long;
mod nist;
#[cfg(test)]
mod tests;

pub use long::{
    BALLOTS_CAST, NULL_VOTES, REGISTERED_VOTERS, county, county_suffix, long, modes, openelections,
};
pub use nist::{NistHead, nist};

use crate::count::tally::columns::ColumnMap;
use crate::count::tally::frame::{Asked, Column, Kind};
use crate::count::tally::{Base, By, Item, Loader, SCHEMA, TallyError, about, items};
use crate::form::{Export, Form, Level, Levels};
use std::io::Write;

/// A layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Layout {
    /// The results table as the form's tables are published: codes and names of places, the totals and candidates that
    /// the form names, one column each.
    Published,
    /// The same with every total and one column a party row, and where each row is from.
    Wide,
    /// One row a choice and a total, in the columns of OpenElections' tables and no others.
    #[cfg_attr(feature = "cli", value(name = "openelections"))]
    OpenElections,
    /// The same with every place's name and the parties' codes.
    Long,
    /// NIST SP 1500-100 v2 election results, JSON.
    Nist,
    /// The wide table as Parquet.
    Parquet,
    /// Every sheet and number, with its standing.
    Sqlite,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Published,
        Self::Wide,
        Self::OpenElections,
        Self::Long,
        Self::Nist,
        Self::Parquet,
        Self::Sqlite,
    ];

    /// The name of a file that holds it.
    pub fn file(self) -> &'static str {
        match self {
            Self::Published => "results.csv",
            Self::Wide => "results-wide.csv",
            Self::OpenElections => "results-openelections.csv",
            Self::Long => "results-long.csv",
            Self::Nist => "results-nist.json",
            Self::Parquet => "results.parquet",
            Self::Sqlite => "results.sqlite",
        }
    }

    /// Writes a base in this layout; not the SQLite file, which is [`Base::save_over`].
    ///
    /// # Errors
    /// The database refuses the question, the layout the form, the disk the bytes.
    pub fn write(
        self,
        base: &Base,
        map: &ColumnMap,
        head: &NistHead,
        out: &mut (dyn Write + Send),
    ) -> Result<(), TallyError> {
        match self {
            Self::Published => published(base, map)?.csv(out),
            Self::Wide => wide(base, map)?.csv(out),
            Self::OpenElections => openelections(base, map)?.csv(out),
            Self::Long => long(base, map)?.csv(out),
            Self::Parquet => wide(base, map)?.parquet(out),
            Self::Nist => nist(base, map, head, out),
            Self::Sqlite => Ok(()),
        }
    }

    /// What it is, in Spanish and English; `table` is the level of its rows.
    pub fn about(self, table: &Level) -> (String, String) {
        let (es, en) = match self {
            Self::Published => {
                ("La tabla de resultados publicada, por {} (CSV)", "The published results table, by {} (CSV)")
            }
            Self::Wide => (
                "Una fila por {}, una columna por candidato y partido (CSV)",
                "One row a {}, one column a candidate and party (CSV)",
            ),
            Self::OpenElections => (
                "Una fila por cifra, como las tablas de OpenElections (CSV)",
                "One row a figure, as in the tables of OpenElections (CSV)",
            ),
            Self::Long => (
                "Lo mismo con los nombres de todos los lugares (CSV)",
                "The same with the names of all places (CSV)",
            ),
            Self::Nist => ("NIST SP 1500-100 v2 (JSON)", "NIST SP 1500-100 v2 (JSON)"),
            Self::Parquet => (
                "La tabla ancha para DuckDB, pandas y R (Parquet)",
                "The wide table for DuckDB, pandas and R (Parquet)",
            ),
            Self::Sqlite => (
                "Todas las hojas y cifras, y si cuentan (SQLite)",
                "Every sheet and figure, with its standing (SQLite)",
            ),
        };
        (es.replace("{}", &table.es), en.replace("{}", &table.en))
    }
}

/// The places of a table, as columns of SQL.
fn places(levels: &Levels) -> String {
    let area = |(d, l): (usize, &Level)| {
        format!("substr(a.l{d}, {}, {}), p{d}.name, ", levels.width(d - 1) + 1, l.digits)
    };
    levels.areas().map(area).collect::<String>() + "u.centre, u.table_number"
}

/// Tables that count with their areas: what every export goes through. `with` joins what else is asked for.
fn from(levels: &Levels, with: &str) -> String {
    let code = |(d, _)| format!(", max(code) FILTER (WHERE level = {d}) AS l{d}");
    let name = |(d, _)| format!("JOIN place p{d} ON p{d}.level = {d} AND p{d}.code = a.l{d} ");
    let (codes, names): (String, String) =
        (levels.areas().map(code).collect(), levels.areas().map(name).collect());
    let centre = levels.last() - 1;
    format!(
        "FROM unit u JOIN (SELECT unit{codes} FROM area WHERE level < {centre} GROUP BY unit) a USING (unit) {names}\
         JOIN place c ON c.level = {centre} AND c.code = u.centre \
         JOIN sheet t ON t.sheet = u.sheet {with} WHERE u.standing = 'counted'"
    )
}

/// A small number as English has it.
fn spelled(n: usize) -> String {
    const WORDS: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    n.checked_sub(1).and_then(|n| WORDS.get(n)).map_or_else(|| n.to_string(), |w| (*w).to_owned())
}

fn place_columns(levels: &Levels) -> Vec<Column> {
    let mut out = Vec::new();
    for (depth, level) in levels.areas() {
        let within = match depth {
            1 => String::new(),
            _ => format!(" within the {}", levels.all()[depth - 1].en),
        };
        let about = format!("code of the {}{within}, {} digits", level.en, spelled(level.digits));
        out.push(Column::text(&levels.code_column(depth), &about));
        out.push(Column::text(&levels.name_column(depth), &level.en));
    }
    let (last, width) = (levels.last(), levels.centre_width());
    let about = format!("code of the {}, {} digits with leading zeros", levels.centre().en, spelled(width));
    out.push(Column::text(&levels.code_column(last - 1), &about));
    out.push(Column::integer(&levels.code_column(last), &format!("number of the {}", levels.table().en)));
    out
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
                 WHERE n.sheet = u.sheet AND k.id = '{id}')"
            ),
            format!("votes for {}", item.name),
        ),
        kind => (
            format!(
                "(SELECT n.value FROM number n WHERE n.sheet = u.sheet \
                 AND n.field = (SELECT field FROM field WHERE id = '{id}'))"
            ),
            match kind {
                "party" => format!("votes of the row {}", item.name),
                "value" => format!("number of the row {}", item.name),
                _ => item.name.clone(),
            },
        ),
    };
    Some((sql, Column::integer(name, &format!("{about}; empty where it could not be read"))))
}

fn all_items(base: &Base) -> Result<Vec<Item>, TallyError> {
    let mut all = items(base, By::Candidate)?;
    all.extend(items(base, By::Party)?.into_iter().filter(|i| i.kind != "total"));
    Ok(all)
}

/// The published results table: places, then the map's figures in its order, then the picture file.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn published<'b>(base: &'b Base, map: &ColumnMap) -> Result<Asked<'b>, TallyError> {
    let (all, levels) = (all_items(base)?, base.levels());
    let mut columns = place_columns(levels);
    let mut sql = format!("SELECT {}", places(levels));
    for (expression, column) in map.figures.iter().filter_map(|f| figure(&all, &f.item, &f.column)) {
        sql.push_str(&format!(", {expression}"));
        columns.push(column);
    }
    sql.push_str(&format!(", t.file {} ORDER BY u.centre, u.table_number", from(levels, "")));
    columns.push(Column::text("URL", "name of the picture file; the run does not know its address"));
    Ok(about::asked(base.about(), Asked::new(base.db(), sql, Vec::new(), columns)))
}

/// The wide table: the published columns, every other total, every party row, and where each row is from.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn wide<'b>(base: &'b Base, map: &ColumnMap) -> Result<Asked<'b>, TallyError> {
    let (all, levels) = (all_items(base)?, base.levels());
    let (centre, table) = (&levels.centre().en, &levels.table().en);
    let mut columns = place_columns(levels);
    columns.push(Column::text(&levels.name_column(levels.last() - 1), &format!("name of the {centre}")));
    let mut sql = format!("SELECT {}, c.name", places(levels));
    let known = |id: &str| map.figures.iter().find(|f| f.item == id);
    let mapped = map.figures.iter().map(|f| (f.item.as_str(), f.column.clone()));
    let candidates = all.iter().filter(|i| i.kind == "candidate");
    let totals = all.iter().filter(|i| i.kind == "total");
    let parties = all.iter().filter(|i| ["party", "value"].contains(&i.kind));
    let rest = candidates.chain(parties).map(|i| (i, column_name(&i.id)));
    let rest = rest.chain(totals.map(|i| (i, column_name(&i.id).to_uppercase())));
    let rest = rest.filter(|(i, _)| known(&i.id).is_none()).map(|(i, name)| (i.id.as_str(), name));
    for (expression, column) in mapped.chain(rest).filter_map(|(id, name)| figure(&all, id, &name)) {
        sql.push_str(&format!(", {expression}"));
        columns.push(column);
    }
    sql.push_str(&format!(
        ", t.status, t.confidence, u.copies, t.code, t.file, t.page, t.sha256 {} ORDER BY u.centre, u.table_number",
        from(levels, "")
    ));
    columns.extend([
        Column::text("STATUS", "what the program decided: accepted, or review where a person settled it"),
        Column::real("CONFIDENCE", "the program's probability that every number of the sheet is right"),
        Column::integer("COPIES", &format!("how many pictures show this {table}'s sheet")),
        Column::text("CODE", "code printed on the sheet"),
        Column::text("FILE", "name of the picture file"),
        Column::integer("PAGE", "page within the file, from 0"),
        Column::text("SHA256", "SHA-256 of the picture file"),
    ]);
    Ok(about::asked(base.about(), Asked::new(base.db(), sql, Vec::new(), columns)))
}

/// An id as a column's name: siglas with spaces become one word, which Parquet and R take.
fn column_name(id: &str) -> String {
    id.replace(' ', "_")
}

/// The contests: place, id, name.
pub(super) fn contests(base: &Base) -> Result<Vec<(i64, String, String)>, TallyError> {
    let mut statement = base.db().prepare("SELECT contest, id, name FROM contest ORDER BY contest")?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
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
    let levels = base.levels();
    let named = |id: fn(&Export) -> &Option<String>| base.form().and_then(|f| id(&f.export).as_deref());
    let table = &levels.table().en;
    let mut out = format!(
        "# Exports\n\nWhat `cotejo export DIR --as LAYOUT` writes. One row, or one set of figures, a {table} whose \
         sheet was accepted or reviewed; sheets that contradict each other are left out. Codes keep their \
         leading zeros; text is UTF-8. The tables of a run that people reviewed have a last column `LOG`, length and last \
         hash of the review log; of a run that was changed outside the program (`--edited`) a column `EDITED`. This page is `cotejo export --describe`.\n",
    );
    for (name, frame) in [
        ("published", published(base, map)?),
        ("wide, parquet", wide(base, map)?),
        ("openelections", openelections(base, map)?),
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
        "\n`cotejo verify DIR --against TABLE.csv` reads OpenElections' tables back: rows are matched with the sheets by the \
         names in them. `--crosswalk NAMES.toml` says what a table calls otherwise, `--draft-crosswalk NAMES.toml` writes \
         pairs that are likely, for a person to check (`cotejo verify --help`).\n",
    );
    let above: Vec<&str> = levels.all()[..levels.last()].iter().map(|l| l.en.as_str()).collect();
    out.push_str(&format!(
        "\n## nist\n\nNIST SP 1500-100 v2 election results JSON. One `GpUnit` a {} and {table}, each with the ids of \
         those within it",
        above.join(", ")
    ));
    if named(|e| &e.registered).is_some() {
        out.push_str("; `VotersRegistered` is the sheet's number of registered voters");
    }
    out.push_str(&format!(
        ". One `CandidateContest` with one `CandidateSelection` a candidate, whose \
         `EndorsementPartyIds` are the parties of its rows and whose `VoteCounts` are by {table}. "
    ));
    if let (Some(cast), Some(null)) = (named(|e| &e.cast), named(|e| &e.null)) {
        out.push_str(&format!(
            "`BallotCounts` by {table}: `BallotsCast` is the sheet's `{cast}`, `BallotsRejected` its `{null}`. "
        ));
    }
    out.push_str(&format!(
        "A number that could not be read has no entry. `Status` is `unofficial-complete` only where a registry \
         shows that no {table} is missing, in review or in conflict.\n\n## sqlite\n\n```sql\n"
    ));
    out.push_str(SCHEMA.trim_end());
    out.push_str("\n```\n");
    Ok(out)
}

//! What the pages of a site show, ready to be printed.
//!
//! In: a [`Base`], its sums, what came of each picture. Out: serializable views: places, and the units of one centre after
//! the other. Refuses nothing.

use crate::count::tally::{Base, By, Coverage, Line, TallyError, tally};
use crate::form::Levels;
use rusqlite::params;
use serde::Serialize;

/// A candidate's bar.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// Short name.
    pub id: String,
    /// As printed.
    pub name: String,
    /// Votes; `None` where no sheet tells them.
    pub votes: Option<u64>,
    /// Share of all votes, 0 to 100; `None` where there are none.
    pub share: Option<f64>,
    /// How many sheets are in it.
    pub sheets: u64,
    /// Whether sheets are lacking in it; `None` where nobody knows how many there should be.
    pub partial: Option<bool>,
}

/// A place with its sums.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Its code.
    pub code: String,
    /// Its name, or its code where no name is known.
    pub name: String,
    /// Its page, from the site's root.
    pub href: String,
    /// Its units.
    pub coverage: Coverage,
    /// How many units there are, as far as is known.
    pub units: u64,
    /// Candidates, most votes first.
    pub bars: Vec<Bar>,
    /// Totals: id, name, sum, if a sheet tells it.
    pub totals: Vec<(String, String, Option<u64>)>,
    /// The code of the area above.
    #[serde(skip)]
    pub parent: String,
}

/// A unit as its centre's page shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitView {
    /// Its number.
    pub table: u32,
    /// `counted`, `review`, `conflict`, `rejected` or `missing`.
    pub standing: String,
    /// Whether a person settled it.
    pub reviewed: bool,
    /// How many pictures show it.
    pub copies: u32,
    /// The sheet's code.
    pub code: Option<String>,
    /// When it was printed.
    pub issued_at: Option<String>,
    /// The picture file's name.
    pub file: Option<String>,
    /// Its SHA-256.
    pub sha256: Option<String>,
    /// The program's probability that every number is right.
    pub certainty: String,
    /// Candidates in the form's order: name, votes, share of the largest, rows: party, code, votes.
    pub candidates: Vec<CandidateView>,
    /// Totals: name, value.
    pub totals: Vec<(String, Option<u32>)>,
    /// The published picture.
    pub picture: Option<PictureView>,
    /// Why there is none, in Spanish and English.
    pub refused: Option<(String, String)>,
    #[serde(skip)]
    pub(super) sheet: Option<i64>,
}

/// A candidate on one sheet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandidateView {
    /// As printed.
    pub name: String,
    /// The sum of the rows; `None` when one could not be read.
    pub votes: Option<u32>,
    /// Length of the bar, 0 to 100.
    pub length: f64,
    /// Party, code, votes.
    pub rows: Vec<(String, String, Option<u32>)>,
}

/// A published picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PictureView {
    /// From the site's root.
    pub href: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The page of a place, from the site's root.
pub fn href(levels: &Levels, depth: usize, code: &str) -> String {
    let id = &levels.all()[depth].id;
    let safe: String = code.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if depth == 0 {
        "index.html".to_owned()
    } else if depth + 1 == levels.last() {
        // A folder a thousand codes: none holds tens of thousands of files.
        let folder = &safe[..safe.len().saturating_sub(3)];
        format!("place/{id}/{}/{safe}.html", if folder.is_empty() { "0" } else { folder })
    } else {
        format!("place/{id}/{safe}.html")
    }
}

/// All places of the level at `depth`, by code.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn places(base: &Base, depth: usize) -> Result<Vec<Place>, TallyError> {
    let sums = tally(base, depth, By::Candidate, "")?;
    let place = |line: &Line| {
        let figures = || sums.items.iter().zip(&line.figures);
        let all: u64 = figures().filter(|(i, _)| i.kind != "total").filter_map(|(_, f)| f.votes).sum();
        let mut bars: Vec<Bar> = figures()
            .filter(|(i, _)| i.kind != "total")
            .map(|(i, f)| Bar {
                id: i.id.clone(),
                name: i.name.clone(),
                votes: f.votes,
                share: f.votes.filter(|_| all > 0).map(|n| 100.0 * n as f64 / all as f64),
                sheets: f.sheets,
                partial: f.partial,
            })
            .collect();
        bars.sort_by_key(|b| std::cmp::Reverse(b.votes));
        let totals = figures().filter(|(i, _)| i.kind == "total");
        let c = line.coverage;
        Place {
            code: line.code.clone(),
            name: if line.name.is_empty() { line.code.clone() } else { line.name.clone() },
            href: href(base.levels(), depth, &line.code),
            coverage: c,
            units: c.known(),
            bars,
            totals: totals.map(|(i, f)| (i.id.clone(), i.name.clone(), f.votes)).collect(),
            parent: line.parent.clone(),
        }
    };
    Ok(sums.lines.iter().map(place).collect())
}

/// A probability as text; what rounds to one is said to be below it.
fn certainty(p: f64) -> String {
    if p > 0.999_999 { "> 0.999999".to_owned() } else { format!("{p:.6}") }
}

/// The names of a base's numbers, for the units of one centre after the other.
pub struct Units<'b> {
    base: &'b Base,
    /// Candidates with their fields.
    names: Vec<(String, Vec<i64>)>,
    /// Party and code of each field.
    fields: Vec<(String, String)>,
    /// Totals: field and name.
    totals: Vec<(usize, String)>,
}

impl<'b> Units<'b> {
    /// Those of a base.
    ///
    /// # Errors
    /// The database refuses the question; none is known.
    pub fn of(base: &'b Base) -> Result<Self, TallyError> {
        let (mut names, mut fields, mut totals) = (Vec::new(), Vec::new(), Vec::new());
        let mut statement = base.db().prepare("SELECT name FROM candidate ORDER BY candidate")?;
        for name in statement.query_map([], |r| r.get(0))? {
            names.push((name?, Vec::new()));
        }
        let mut statement = base.db().prepare(
            "SELECT field, candidate, coalesce(party, ''), coalesce(code, ''), name FROM field ORDER BY field",
        )?;
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            let (field, candidate): (i64, Option<usize>) = (r.get(0)?, r.get(1)?);
            fields.push((r.get(2)?, r.get(3)?));
            match candidate.and_then(|c| names.get_mut(c)) {
                Some(candidate) => candidate.1.push(field),
                None => totals.push((fields.len() - 1, r.get(4)?)),
            }
        }
        Ok(Self { base, names, fields, totals })
    }

    /// How many units there are.
    ///
    /// # Errors
    /// The database refuses the question; none is known.
    pub fn count(&self) -> Result<usize, TallyError> {
        Ok(self.base.db().query_row("SELECT count(*) FROM unit", [], |r| r.get(0))?)
    }

    /// The units of a centre, each with its sheet's numbers.
    ///
    /// # Errors
    /// The database refuses the question; none is known.
    pub fn within(&self, centre: &str) -> Result<Vec<UnitView>, TallyError> {
        let Self { base, names, fields, totals } = self;
        let mut numbers = base.db().prepare_cached("SELECT field, value FROM number WHERE sheet = ?1")?;
        let mut statement = base.db().prepare_cached(
            "SELECT u.table_number, u.standing, u.copies, u.sheet, s.code, s.issued_at, s.file, s.sha256, \
             coalesce(s.confidence, 0.0), coalesce(s.status, '') FROM unit u LEFT JOIN sheet s ON s.sheet = u.sheet \
             WHERE u.centre = ?1 ORDER BY u.table_number",
        )?;
        let mut rows = statement.query([centre])?;
        let mut out = Vec::new();
        while let Some(r) = rows.next()? {
            let (standing, sheet): (String, Option<i64>) = (r.get(1)?, r.get(3)?);
            let mut values: Vec<Option<u32>> = vec![None; fields.len()];
            if let Some(sheet) = sheet {
                let mut found = numbers.query(params![sheet])?;
                while let Some(n) = found.next()? {
                    if let Some(slot) = values.get_mut(n.get::<_, usize>(0)?) {
                        *slot = n.get(1)?;
                    }
                }
            }
            let shown = sheet.is_some();
            let value =
                |field: &i64| usize::try_from(*field).ok().and_then(|f| values.get(f).copied().flatten());
            let sums: Vec<Option<u32>> =
                names.iter().map(|(_, rows)| rows.iter().map(value).sum::<Option<u32>>()).collect();
            let most = f64::from(sums.iter().flatten().copied().max().unwrap_or(0).max(1));
            let candidate = |((name, rows), votes): (&(String, Vec<i64>), &Option<u32>)| CandidateView {
                name: name.clone(),
                votes: *votes,
                length: 100.0 * f64::from(votes.unwrap_or(0)) / most,
                rows: rows
                    .iter()
                    .filter_map(|f| {
                        let (party, code) = fields.get(usize::try_from(*f).ok()?)?;
                        Some((party.clone(), code.clone(), value(f)))
                    })
                    .collect(),
            };
            let status: String = r.get(9)?;
            let view = UnitView {
                table: r.get(0)?,
                reviewed: standing == "counted" && status != "accepted",
                standing,
                copies: r.get(2)?,
                code: r.get(4)?,
                issued_at: r.get(5)?,
                file: r.get(6)?,
                sha256: r.get(7)?,
                certainty: certainty(r.get(8)?),
                candidates: if shown { names.iter().zip(&sums).map(candidate).collect() } else { Vec::new() },
                totals: if shown {
                    totals.iter().map(|(ix, name)| (name.clone(), values[*ix])).collect()
                } else {
                    Vec::new()
                },
                picture: None,
                refused: None,
                sheet,
            };
            out.push(view);
        }
        Ok(out)
    }
}

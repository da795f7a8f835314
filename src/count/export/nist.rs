//! NIST SP 1500-100 v2 election results, JSON.
//!
//! In: a [`Base`] with its form, the column map (election, office, country) and what the report says of itself. Out:
//! one `ElectionReport`, whose long lists are written as they are asked for and never held. By unit of the last level: votes by candidate, ballots cast and rejected; areas from the
//! whole to the unit. A number that could not be read is left out, because the format has no unknown.
//! Refuses sheets of a form that does not say the day. Source of the format: NIST Special Publication 1500-100r2.

use super::contests;
use crate::count::tally::columns::ColumnMap;
use crate::count::tally::{Base, TallyError, about};
use crate::form::{Export, Levels};
use crate::run::output::OutputError;
use rusqlite::params;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// What the report says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NistHead {
    /// Who answers for it.
    pub issuer: String,
    /// When it was made, ISO 8601 with a zone.
    pub generated: String,
}

/// The `@type` of every object, without its prefix.
fn typed(kind: &str, fields: Value) -> Value {
    let mut out = Map::new();
    out.insert("@type".to_owned(), json!(format!("ElectionResults.{kind}")));
    if let Value::Object(fields) = fields {
        out.extend(fields.into_iter().filter(|(_, v)| !v.is_null()));
    }
    Value::Object(out)
}

fn text(language: &str, content: &str) -> Value {
    let string = typed("LanguageString", json!({"Language": language, "Content": content}));
    typed("InternationalizedText", json!({ "Text": [string] }))
}

fn identifier(value: &str) -> Value {
    json!([typed("ExternalIdentifier", json!({"Type": "national-level", "Value": value}))])
}

/// The id of an area, which has to be an XML name: its level's id, and its code after a hyphen.
fn unit(levels: &Levels, depth: usize, code: &str) -> String {
    let id = &levels.all()[depth].id;
    if depth == 0 { id.clone() } else { format!("{id}-{code}") }
}

/// How a mark begins in the report as it is written: with a character that no printed name holds.
const MARK: &str = "\"\\u0001";

/// Leaves a long list out of the report; the mark that stands in its place.
fn mark(long: &mut Vec<Long>, list: Long) -> String {
    long.push(list);
    format!("\u{1}{}", long.len() - 1)
}

/// A long list.
enum Long {
    /// Votes of a candidate by unit.
    Votes(i64),
    /// Ballots by unit.
    Ballots,
    /// The areas.
    Units,
}

/// A list as it is written.
struct List<'o> {
    out: &'o mut dyn Write,
    begun: bool,
}

impl List<'_> {
    fn item(&mut self, item: &Value) -> Result<(), TallyError> {
        let before: &[u8] = if std::mem::replace(&mut self.begun, true) { b"," } else { b"[" };
        self.out.write_all(before).map_err(serde_json::Error::io)?;
        Ok(serde_json::to_writer(&mut *self.out, item)?)
    }

    fn end(self) -> Result<(), TallyError> {
        let end: &[u8] = if self.begun { b"]" } else { b"[]" };
        Ok(self.out.write_all(end).map_err(serde_json::Error::io)?)
    }
}

/// Writes the report.
///
/// # Errors
/// The form does not say the day of the election, which the format asks for; what it is written to refuses.
pub fn nist(base: &Base, map: &ColumnMap, head: &NistHead, out: &mut dyn Write) -> Result<(), TallyError> {
    let mut long = Vec::new();
    let short = serde_json::to_string(&report(base, map, head, &mut long)?)?;
    if short.matches(MARK).count() != long.len() {
        return Err(marked());
    }
    let mut parts = short.split(MARK);
    out.write_all(parts.next().unwrap_or_default().as_bytes()).map_err(serde_json::Error::io)?;
    for part in parts {
        let place =
            part.split_once('"').and_then(|(n, rest)| Some((long.get(n.parse::<usize>().ok()?)?, rest)));
        let (what, rest) = place.ok_or_else(marked)?;
        let mut list = List { out: &mut *out, begun: false };
        match what {
            Long::Votes(candidate) => votes(base, *candidate, &mut list)?,
            Long::Ballots => ballots(base, &mut list)?,
            Long::Units => units(base, map, &mut list)?,
        }
        list.end()?;
        out.write_all(rest.as_bytes()).map_err(serde_json::Error::io)?;
    }
    Ok(out.write_all(b"\n").map_err(serde_json::Error::io)?)
}

/// What is printed would stand in the place of a list.
fn marked() -> TallyError {
    let problem = "a name holds a control character".to_owned();
    TallyError::Output(OutputError::Encode { what: "NIST", problem })
}

/// The report with marks in the place of its long lists, which it puts into `long`.
fn report(base: &Base, map: &ColumnMap, head: &NistHead, long: &mut Vec<Long>) -> Result<Value, TallyError> {
    let (levels, form) = (base.levels(), base.form());
    let language = form.map_or("en", |f| &f.language);
    // The day of the election, ISO 8601.
    let date = form.and_then(|f| Some(f.issued.as_ref()?.split('/').rev().collect::<Vec<_>>().join("-")));
    let date =
        date.ok_or_else(|| TallyError::NoDay { form: form.map_or_else(String::new, |f| f.id.clone()) })?;
    let whole = unit(levels, 0, "");
    let db = base.db();
    let open: i64 =
        db.query_row("SELECT count(*) FROM unit WHERE standing <> 'counted'", [], |r| r.get(0))?;
    let complete = base.knows_missing() && open == 0;

    let mut parties = Vec::new();
    let sql = "SELECT DISTINCT code, party FROM field WHERE kind = 'vote' AND code <> '' ORDER BY field";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let (code, name): (String, String) = (r.get(0)?, r.get(1)?);
        parties.push(typed(
            "Party",
            json!({"@id": format!("party-{code}"), "Name": text(language, &name), "ExternalIdentifier": identifier(&code)}),
        ));
    }

    let mut candidates = Vec::new();
    let mut selections: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
    let mut statement =
        db.prepare("SELECT candidate, id, name, contest FROM candidate ORDER BY candidate")?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let (number, id, name): (i64, String, String) = (r.get(0)?, r.get(1)?, r.get(2)?);
        let selections: &mut Vec<Value> = selections.entry(r.get(3)?).or_default();
        let mut endorsing = db.prepare_cached(
            "SELECT DISTINCT code FROM field WHERE kind = 'vote' AND code <> '' AND candidate = ?1 ORDER BY field",
        )?;
        let endorsing = endorsing.query_map([number], |r| Ok(format!("party-{}", r.get::<_, String>(0)?)))?;
        let endorsing: Vec<String> = endorsing.collect::<Result<_, _>>()?;
        candidates.push(typed(
            "Candidate",
            json!({"@id": format!("candidate-{id}"), "BallotName": text(language, &name)}),
        ));
        let selection = typed(
            "CandidateSelection",
            json!({
                "@id": format!("selection-{id}"),
                "CandidateIds": [format!("candidate-{id}")],
                "EndorsementPartyIds": (!endorsing.is_empty()).then_some(endorsing),
                "SequenceOrder": selections.len() + 1,
                "VoteCounts": mark(long, Long::Votes(number)),
            }),
        );
        selections.push(selection);
    }

    let all = contests(base)?;
    let one = all.len() < 2;
    let contest = |(at, id, name): &(i64, String, String)| {
        typed(
            "CandidateContest",
            json!({
                "@id": if one { "contest".to_owned() } else { format!("contest-{id}") },
                "ElectionDistrictId": whole,
                "Name": if one { &map.office } else { name },
                "VotesAllowed": 1,
                "NumberElected": 1,
                "VoteVariation": "plurality",
                "ContestSelection": selections.get(at),
            }),
        )
    };
    let election = typed(
        "Election",
        json!({
            "ElectionScopeId": whole,
            "Name": text(language, &map.title),
            "StartDate": date,
            "EndDate": date,
            "Type": "general",
            "ExternalIdentifier": identifier(&map.election),
            "Candidate": candidates,
            "Contest": all.iter().map(contest).collect::<Vec<_>>(),
            "BallotCounts": mark(long, Long::Ballots),
        }),
    );
    Ok(typed(
        "ElectionReport",
        json!({
            "Format": "precinct-level",
            "GeneratedDate": head.generated,
            "Notes": notes(base),
            "Issuer": head.issuer,
            "IssuerAbbreviation": head.issuer,
            "SequenceStart": 1,
            "SequenceEnd": 1,
            "Status": if complete { "unofficial-complete" } else { "unofficial-partial" },
            "VendorApplicationId": format!("cotejo {}", env!("CARGO_PKG_VERSION")),
            "Election": [election],
            "Party": parties,
            "GpUnit": mark(long, Long::Units),
        }),
    ))
}

/// Writes a candidate's votes by unit.
fn votes(base: &Base, candidate: i64, out: &mut List<'_>) -> Result<(), TallyError> {
    let levels = base.levels();
    let mut statement = base.db().prepare_cached(
        "SELECT u.code, n.value FROM unit u JOIN candidate_number n ON n.sheet = u.sheet \
         WHERE u.standing = 'counted' AND n.candidate = ?1 AND n.value IS NOT NULL \
         ORDER BY u.centre, u.table_number",
    )?;
    let mut rows = statement.query([candidate])?;
    while let Some(r) = rows.next()? {
        let (code, count): (String, i64) = (r.get(0)?, r.get(1)?);
        let gp = unit(levels, levels.last(), &code);
        out.item(&typed("VoteCounts", json!({"GpUnitId": gp, "Type": "total", "Count": count})))?;
    }
    Ok(())
}

/// Writes the ballots by unit.
fn ballots(base: &Base, out: &mut List<'_>) -> Result<(), TallyError> {
    let (levels, form) = (base.levels(), base.form());
    let named = |id: fn(&Export) -> &Option<String>| form.and_then(|f| id(&f.export).clone());
    let value = "(SELECT value FROM number n JOIN field f USING (field) WHERE n.sheet = u.sheet AND f.id =";
    let sql = format!(
        "SELECT u.code, {value} ?1), {value} ?2) FROM unit u WHERE u.standing = 'counted' \
         ORDER BY u.centre, u.table_number"
    );
    let mut statement = base.db().prepare(&sql)?;
    let mut rows = statement.query(params![named(|e| &e.cast), named(|e| &e.null)])?;
    while let Some(r) = rows.next()? {
        let (code, cast, rejected): (String, Option<i64>, Option<i64>) = (r.get(0)?, r.get(1)?, r.get(2)?);
        out.item(&typed(
            "BallotCounts",
            json!({"GpUnitId": unit(levels, levels.last(), &code), "Type": "total", "BallotsCast": cast, "BallotsRejected": rejected}),
        ))?;
    }
    Ok(())
}

/// What is to be said of the run; nothing where nobody reviewed it or changed it outside the program.
fn notes(base: &Base) -> Option<String> {
    Some(about::lines(base.about()).trim_end().replace('\n', "; ")).filter(|n| !n.is_empty())
}

/// Writes the areas, from the whole to the table.
fn units(base: &Base, map: &ColumnMap, out: &mut List<'_>) -> Result<(), TallyError> {
    let (db, levels, form) = (base.db(), base.levels(), base.form());
    let language = form.map_or("en", |f| &f.language);
    let registered = form.and_then(|f| f.export.registered.as_deref());
    for (depth, level) in levels.all().iter().enumerate() {
        let is_table = depth == levels.last();
        let kind = level.nist.as_deref().unwrap_or(match levels.last() - depth {
            0 => "precinct",
            1 => "polling-place",
            _ if depth == 0 => "country",
            _ => "other",
        });
        let sql = "SELECT p.code, p.name, count(*) FILTER (WHERE u.standing = 'counted'), count(*), \
            max((SELECT value FROM number n JOIN field f USING (field) WHERE n.sheet = u.sheet \
                 AND u.standing = 'counted' AND f.id = ?2)), max(u.table_number) \
            FROM place p JOIN area a ON a.level = p.level AND a.code = p.code \
            JOIN unit u USING (unit) \
            WHERE p.level = ?1 GROUP BY p.code ORDER BY p.code";
        let mut statement = db.prepare(sql)?;
        let mut rows = statement.query(params![depth as i64, registered])?;
        while let Some(r) = rows.next()? {
            let (code, mut name): (String, String) = (r.get(0)?, r.get(1)?);
            let (counted, all, voters): (i64, i64, Option<i64>) = (r.get(2)?, r.get(3)?, r.get(4)?);
            let number: i64 = r.get(5)?;
            if depth == 0 && !map.country.is_empty() {
                name.clone_from(&map.country);
            }
            let mut children = Vec::new();
            if !is_table {
                let sql = "SELECT code FROM place WHERE level = ?1 AND parent = ?2 ORDER BY code";
                let mut statement = db.prepare_cached(sql)?;
                let codes =
                    statement.query_map(params![depth as i64 + 1, code], |r| r.get::<_, String>(0))?;
                for child in codes {
                    children.push(unit(levels, depth + 1, &child?));
                }
            }
            let called = if language == "es" { &level.es } else { &level.en };
            out.item(&typed(
                "ReportingUnit",
                json!({
                    "@id": unit(levels, depth, &code),
                    "Type": kind,
                    "OtherType": (kind == "other").then_some(called),
                    "Name": (!name.is_empty()).then(|| text(language, &name)),
                    "ExternalIdentifier": (!code.is_empty()).then(|| identifier(&code)),
                    "Number": is_table.then(|| format!("{number:0width$}", width = level.digits)),
                    "ComposingGpUnitIds": (!children.is_empty()).then_some(children),
                    "SubUnitsReported": (!is_table).then_some(counted),
                    "TotalSubUnits": (!is_table && base.knows_missing()).then_some(all),
                    "VotersRegistered": if is_table { voters } else { None },
                }),
            ))?;
        }
    }
    Ok(())
}

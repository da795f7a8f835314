//! NIST SP 1500-100 v2 election results, JSON.
//!
//! In: a [`Base`], the column map (election, office, country) and what the report says of itself. Out:
//! one `ElectionReport`. By mesa: votes by candidate, ballots cast and rejected; areas from the country
//! to the mesa. A number that could not be read is left out, because the format has no unknown.
//! Refuses nothing. Source of the format: NIST Special Publication 1500-100r2.

use crate::count::tally::columns::ColumnMap;
use crate::count::tally::{Base, Level, TallyError};
use serde_json::{Map, Value, json};

/// What the report says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NistHead {
    /// Who answers for it.
    pub issuer: String,
    /// When it was made, ISO 8601 with a zone.
    pub generated: String,
    /// The day of the election, ISO 8601.
    pub date: String,
    /// Language of the sheets, such as `es`.
    pub language: String,
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

/// The id of an area, which has to be an XML name: `country`, `state-01`, `mesa-010113042.01`.
fn unit(level: Level, code: &str) -> String {
    if level == Level::Country { "country".to_owned() } else { format!("{}-{code}", level.name()) }
}

/// The report.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn nist(base: &Base, map: &ColumnMap, head: &NistHead) -> Result<Value, TallyError> {
    let language = head.language.as_str();
    let db = base.db();
    let open: i64 =
        db.query_row("SELECT count(*) FROM mesa WHERE standing <> 'counted'", [], |r| r.get(0))?;
    let complete = base.knows_missing() && open == 0;

    let mut parties = Vec::new();
    let sql = "SELECT DISTINCT code, party FROM field WHERE kind = 'vote' ORDER BY field";
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
    let mut selections = Vec::new();
    let mut statement = db.prepare("SELECT candidate, id, name FROM candidate ORDER BY candidate")?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let (number, id, name): (i64, String, String) = (r.get(0)?, r.get(1)?, r.get(2)?);
        let mut counts = Vec::new();
        let sql = "SELECT m.centre || '.' || printf('%02d', m.mesa), n.value FROM mesa m \
            JOIN candidate_number n ON n.sheet = m.sheet \
            WHERE m.standing = 'counted' AND n.candidate = ?1 AND n.value IS NOT NULL ORDER BY m.centre, m.mesa";
        let mut votes = db.prepare_cached(sql)?;
        let mut votes = votes.query([number])?;
        while let Some(v) = votes.next()? {
            let (mesa, count): (String, i64) = (v.get(0)?, v.get(1)?);
            let gp = unit(Level::Mesa, &mesa);
            counts.push(typed("VoteCounts", json!({"GpUnitId": gp, "Type": "total", "Count": count})));
        }
        let mut endorsing = db.prepare_cached(
            "SELECT DISTINCT code FROM field WHERE kind = 'vote' AND candidate = ?1 ORDER BY field",
        )?;
        let endorsing = endorsing.query_map([number], |r| Ok(format!("party-{}", r.get::<_, String>(0)?)))?;
        let endorsing: Vec<String> = endorsing.collect::<Result<_, _>>()?;
        candidates.push(typed(
            "Candidate",
            json!({"@id": format!("candidate-{id}"), "BallotName": text(language, &name)}),
        ));
        selections.push(typed(
            "CandidateSelection",
            json!({
                "@id": format!("selection-{id}"),
                "CandidateIds": [format!("candidate-{id}")],
                "EndorsementPartyIds": endorsing,
                "SequenceOrder": number + 1,
                "VoteCounts": counts,
            }),
        ));
    }

    let mut ballots = Vec::new();
    let sql = "SELECT m.centre || '.' || printf('%02d', m.mesa), \
        (SELECT value FROM number n JOIN field f USING (field) WHERE n.sheet = m.sheet AND f.id = 'votos'), \
        (SELECT value FROM number n JOIN field f USING (field) WHERE n.sheet = m.sheet AND f.id = 'votos_nulos') \
        FROM mesa m WHERE m.standing = 'counted' ORDER BY m.centre, m.mesa";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let (mesa, cast, rejected): (String, Option<i64>, Option<i64>) = (r.get(0)?, r.get(1)?, r.get(2)?);
        ballots.push(typed(
            "BallotCounts",
            json!({"GpUnitId": unit(Level::Mesa, &mesa), "Type": "total", "BallotsCast": cast, "BallotsRejected": rejected}),
        ));
    }

    let contest = typed(
        "CandidateContest",
        json!({
            "@id": "contest",
            "ElectionDistrictId": "country",
            "Name": map.office,
            "VotesAllowed": 1,
            "NumberElected": 1,
            "VoteVariation": "plurality",
            "ContestSelection": selections,
        }),
    );
    let election = typed(
        "Election",
        json!({
            "ElectionScopeId": "country",
            "Name": text(language, &map.title),
            "StartDate": head.date,
            "EndDate": head.date,
            "Type": "general",
            "ExternalIdentifier": identifier(&map.election),
            "Candidate": candidates,
            "Contest": [contest],
            "BallotCounts": ballots,
        }),
    );
    Ok(typed(
        "ElectionReport",
        json!({
            "Format": "precinct-level",
            "GeneratedDate": head.generated,
            "Issuer": head.issuer,
            "IssuerAbbreviation": head.issuer,
            "SequenceStart": 1,
            "SequenceEnd": 1,
            "Status": if complete { "unofficial-complete" } else { "unofficial-partial" },
            "VendorApplicationId": format!("cotejo {}", env!("CARGO_PKG_VERSION")),
            "Election": [election],
            "Party": parties,
            "GpUnit": units(base, map, language)?,
        }),
    ))
}

/// The areas, from the country to the mesa.
fn units(base: &Base, map: &ColumnMap, language: &str) -> Result<Vec<Value>, TallyError> {
    let db = base.db();
    let mut out = Vec::new();
    for (ix, level) in Level::ALL.into_iter().enumerate() {
        let kind = match level {
            Level::Country => "country",
            Level::State => "state",
            Level::Municipality => "municipality",
            Level::Parish => "other",
            Level::Centre => "polling-place",
            Level::Mesa => "precinct",
        };
        let sql = "SELECT p.code, p.name, count(*) FILTER (WHERE m.standing = 'counted'), count(*), \
            max((SELECT value FROM number n JOIN field f USING (field) WHERE n.sheet = m.sheet \
                 AND m.standing = 'counted' AND f.id = 'electores')) \
            FROM place p JOIN area a ON a.level = p.level AND a.code = p.code \
            JOIN mesa m ON m.centre = a.centre AND m.mesa = a.mesa \
            WHERE p.level = ?1 GROUP BY p.code ORDER BY p.code";
        let mut statement = db.prepare(sql)?;
        let mut rows = statement.query([level.number()])?;
        while let Some(r) = rows.next()? {
            let (code, mut name): (String, String) = (r.get(0)?, r.get(1)?);
            let (counted, all, electors): (i64, i64, Option<i64>) = (r.get(2)?, r.get(3)?, r.get(4)?);
            if level == Level::Country {
                name.clone_from(&map.country);
            }
            let mut children = Vec::new();
            if let Some(below) = Level::ALL.get(ix + 1) {
                let sql = "SELECT code FROM place WHERE level = ?1 AND parent = ?2 ORDER BY code";
                let mut statement = db.prepare_cached(sql)?;
                let codes = statement
                    .query_map(rusqlite::params![below.number(), code], |r| r.get::<_, String>(0))?;
                for child in codes {
                    children.push(unit(*below, &child?));
                }
            }
            let mesa = level == Level::Mesa;
            out.push(typed(
                "ReportingUnit",
                json!({
                    "@id": unit(level, &code),
                    "Type": kind,
                    "OtherType": (level == Level::Parish).then_some("parroquia"),
                    "Name": (!name.is_empty()).then(|| text(language, &name)),
                    "ExternalIdentifier": (!code.is_empty()).then(|| identifier(&code)),
                    "Number": mesa.then(|| code.rsplit('.').next().unwrap_or_default().to_owned()),
                    "ComposingGpUnitIds": (!children.is_empty()).then_some(children),
                    "SubUnitsReported": (!mesa).then_some(counted),
                    "TotalSubUnits": (!mesa && base.knows_missing()).then_some(all),
                    "VotersRegistered": if mesa { electors } else { None },
                }),
            ));
        }
    }
    Ok(out)
}

//! One row a choice or total: the columns of OpenElections' tables, and those with more beside them.
//!
//! In: a [`Base`], whose form says which totals are registered voters and ballots cast, and which number of a row are the
//! votes of which way of voting. Out: [`Asked`]. Refuses nothing: what a form does not say is empty.

use super::{contests, from};
use crate::count::tally::columns::ColumnMap;
use crate::count::tally::frame::{Asked, Column};
use crate::count::tally::{Base, TallyError, about};
use crate::form::{Export, Mode};

/// What stands in the column `office` of totals.
pub const REGISTERED_VOTERS: &str = "Registered Voters";
/// The same of the ballots cast.
pub const BALLOTS_CAST: &str = "Ballots Cast";
/// The same of the invalid votes.
pub const NULL_VOTES: &str = "Null Votes";

/// The ways of voting that OpenElections' tables have a column for, in its order.
const WAYS: [&str; 3] = ["election_day", "absentee", "early_voting"];

/// The columns of OpenElections' tables, exactly: `county, precinct, office, district, party, candidate, votes,
/// election_day, absentee, early_voting`; a way of voting that the form has besides follows.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn openelections<'b>(base: &'b Base, map: &ColumnMap) -> Result<Asked<'b>, TallyError> {
    table(base, map, false)
}

/// The same with the ways of voting of the form alone, the other places' names and the parties' codes.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn long<'b>(base: &'b Base, map: &ColumnMap) -> Result<Asked<'b>, TallyError> {
    table(base, map, true)
}

/// The level that is the county: the form's, the largest area, or the centre where there is none.
pub fn county(base: &Base) -> usize {
    let (levels, form) = (base.levels(), base.form());
    let told = form.and_then(|f| levels.find(f.export.county.as_ref()?));
    told.unwrap_or_else(|| levels.areas().next().map_or(levels.last() - 1, |a| a.0))
}

/// What sheets print after a county's name and tables leave out.
pub fn county_suffix(base: &Base) -> String {
    base.form().map_or_else(String::new, |f| f.export.county_suffix.clone())
}

/// The ways of voting: those that the form names, then every other number of a row under its own name.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn modes(base: &Base) -> Result<Vec<Mode>, TallyError> {
    let mut modes = base.form().map_or_else(Vec::new, |f| f.export.modes.clone());
    let sql = "SELECT part FROM field WHERE kind = 'value' GROUP BY part ORDER BY min(field)";
    let mut statement = base.db().prepare(sql)?;
    for name in statement.query_map([], |r| r.get::<_, String>(0))? {
        let name = name?;
        if !modes.iter().any(|m| m.value == name) {
            modes.push(Mode { column: name.clone(), value: name, cast: None });
        }
    }
    Ok(modes)
}

fn table<'b>(base: &'b Base, map: &ColumnMap, more: bool) -> Result<Asked<'b>, TallyError> {
    let (levels, form) = (base.levels(), base.form());
    let told = |total: fn(&Export) -> &Option<String>| form.and_then(|f| total(&f.export).clone());
    let county = county(base);
    let (centre, table) = (levels.centre(), levels.table());
    let of_centre = levels.last() - 1;
    let example = told(|e| &e.example).map_or_else(String::new, |e| format!(", such as {e}"));
    let precinct = match table.line {
        Some(_) => format!("name of the {}; where none could be read, {} and number", table.en, centre.en),
        None => format!("{} and {}{example}", centre.en, table.en),
    };
    let totals = format!("{REGISTERED_VOTERS}, {BALLOTS_CAST} and {NULL_VOTES}");
    let mut columns = vec![
        Column::text("county", &levels.all()[county].en),
        Column::text("precinct", &precinct),
        Column::text("office", &format!("the office; {totals} for those totals")),
        Column::text("district", &format!("empty: one district, the {}", levels.all()[0].en)),
        Column::text("party", "party as printed; empty for totals"),
        Column::text("candidate", "candidate as printed; empty for totals"),
        Column::integer("votes", "the figure; empty where it could not be read"),
    ];
    // One contest has the office's name; of several each has its own.
    let office = (contests(base)?.len() < 2).then(|| map.office.clone());
    let (registered, cast, null) = (told(|e| &e.registered), told(|e| &e.cast), told(|e| &e.null));
    let mut given = vec![office, registered, cast, null, Some(table.id.clone())];
    let mut names = String::new();
    let modes = modes(base)?;
    let mut ways: Vec<(&str, Option<&Mode>)> = modes.iter().map(|m| (m.column.as_str(), Some(m))).collect();
    if !more {
        let fixed = WAYS.map(|way| (way, modes.iter().find(|m| m.column == way)));
        ways.retain(|w| !WAYS.contains(&w.0));
        ways.splice(0..0, fixed);
    }
    for (column, mode) in ways {
        let empty = if mode.is_some() { "could not be read" } else { "is not told" };
        columns.push(Column::integer(column, &format!("of these votes: {column}; empty where it {empty}")));
        let Some(mode) = mode else {
            names.push_str("NULL, ");
            continue;
        };
        given.extend([mode.cast.clone(), Some(mode.value.clone())]);
        let n = given.len();
        let number =
            "(SELECT w.value FROM field g JOIN number w ON w.sheet = u.sheet AND w.field = g.field WHERE";
        let [total, part] = [format!("g.id = ?{})", n - 1), format!("g.row = f.field AND g.part = ?{n})")];
        names.push_str(&format!("CASE f.id WHEN ?3 THEN {number} {total} ELSE {number} {part} END, "));
    }
    let name = |depth: usize| if depth == of_centre { "c.name".to_owned() } else { format!("p{depth}.name") };
    if more {
        let others = levels.areas().map(|a| a.0).chain([of_centre]).filter(|&depth| depth != county);
        for (depth, level) in others.map(|depth| (depth, &levels.all()[depth])) {
            let about =
                if depth == of_centre { format!("name of the {}", level.en) } else { level.en.clone() };
            columns.push(Column::text(&level.id, &about));
            names.push_str(&format!("{}, ", name(depth)));
        }
        columns.push(Column::text("party_code", "the party's code as printed"));
        names.push_str("f.code, ");
    }
    let names = match names.trim_end_matches(", ") {
        "" => String::new(),
        names => format!(", {names}"),
    };
    let with = "JOIN number n ON n.sheet = u.sheet JOIN field f ON f.field = n.field \
        LEFT JOIN candidate k ON k.candidate = f.candidate LEFT JOIN contest o ON o.contest = f.contest";
    let called = "(SELECT s.name FROM sheet_name s WHERE s.sheet = u.sheet AND s.place = ?5)";
    given.push(Some(county_suffix(base)));
    let suffix = given.len();
    let sql = format!(
        "SELECT replace({}, ?{suffix}, ''), coalesce({called}, u.code), CASE f.id WHEN ?2 THEN '{REGISTERED_VOTERS}' \
            WHEN ?3 THEN '{BALLOTS_CAST}' WHEN ?4 THEN '{NULL_VOTES}' ELSE coalesce(?1, o.name) END, \
         NULL, nullif(f.party, '-'), k.name, n.value{names} \
         {} AND (f.kind = 'vote' OR f.id IN (?2, ?3, ?4)) ORDER BY u.centre, u.table_number, n.field",
        name(county),
        from(levels, with)
    );
    Ok(about::asked(base.about(), Asked::new(base.db(), sql, given, columns)))
}

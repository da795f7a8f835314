//! A form from what stands in its file ([`raw`](super::raw)), resolved and checked.
//!
//! In: the definition's text. Out: a [`Form`]. Refuses what is not TOML of the shape, what refers to what is not there and
//! geometry that cannot be cut ([`super::check`]), naming the entry.

mod blocks;
mod shares;
mod texts;

use super::error::FormError;
use super::raw::{RawColumns, RawForm, RawQr, RawRelation, RawRow, RawSlot, RawStyle, RawValue, RawWords};
use super::*;
use std::collections::BTreeMap;
use texts::{constant, header, lines};

/// Bytes of a compiled pattern: those of the built-in form take a twentieth of it, and what is longer than its lines
/// can be is refused.
const PATTERN: usize = 1 << 20;

/// The styles of a form, and whose error it is when one is missing.
struct Resolver<'a> {
    name: &'a str,
    styles: &'a BTreeMap<String, RawStyle>,
}

impl Resolver<'_> {
    fn fail(&self, entry: impl Into<String>, problem: impl Into<String>) -> FormError {
        FormError::Meaning { name: self.name.to_owned(), entry: entry.into(), problem: problem.into() }
    }

    fn style(&self, id: &str, entry: &str) -> Result<Style, FormError> {
        let raw = self
            .styles
            .get(id)
            .ok_or_else(|| self.fail(entry, format!("style \"{id}\" is not in [styles]; define it there")))?;
        let weight = if raw.bold { Weight::Bold } else { Weight::Regular };
        Ok(Style { size: raw.size, weight, space: raw.space, tracking: raw.tracking })
    }

    fn slot(&self, raw: Option<&RawSlot>, style: &str, entry: &str) -> Result<Option<Slot>, FormError> {
        let Some(raw) = raw else { return Ok(None) };
        let style = self.style(raw.style.as_deref().unwrap_or(style), entry)?;
        let (lines, pitch) = (raw.lines.unwrap_or(1), raw.pitch.unwrap_or(style.size * 1.2));
        let (x, align) = match (raw.left, raw.centre, raw.right) {
            (Some(x), None, None) => (x, Align::Left),
            (None, Some(x), None) => (x, Align::Centre),
            (None, None, Some(x)) => (x, Align::Right),
            _ => return Err(self.fail(entry, "a number's place has one of `left`, `centre` and `right`")),
        };
        Ok(Some(Slot {
            x,
            align,
            width: raw.width,
            thousands: raw.thousands,
            lines,
            wrap: raw.wrap.unwrap_or(raw.width),
            pitch,
            style,
        }))
    }

    fn regex(&self, pattern: &str, entry: &str) -> Result<Regex, FormError> {
        regex::RegexBuilder::new(pattern)
            .size_limit(PATTERN)
            .build()
            .map_err(|e| self.fail(entry, format!("pattern is no regular expression: {e}")))
    }
}

pub(super) fn read(name: &str, text: &str) -> Result<Form, FormError> {
    let syntax = |e| FormError::Syntax { name: name.to_owned(), source: Box::new(e) };
    let refuse = |(entry, problem)| FormError::Meaning { name: name.to_owned(), entry, problem };
    check::finite("", &toml::Value::Table(toml::from_str(text).map_err(syntax)?)).map_err(refuse)?;
    let raw: RawForm = toml::from_str(text).map_err(syntax)?;
    let resolver = Resolver { name, styles: &raw.styles };
    for id in raw.styles.keys() {
        check::style(id, &resolver.style(id, id)?).map_err(refuse)?;
    }
    if !(1..=6).contains(&raw.places) {
        return Err(resolver.fail("places", format!("is {}; numbers have 1 to 6 digits", raw.places)));
    }
    let words = raw.words.as_ref().map(|w| words(&resolver, w, raw.places)).transpose()?;
    if raw.rows.is_empty() && raw.blocks.is_empty() {
        return Err(resolver.fail("rows", "a form needs at least one vote row, or [[blocks]] that have some"));
    }
    let contests = contests(&raw);
    let contest = |id: Option<&str>, entry: &str| contest(&resolver, &contests, id, entry);
    let mut candidates = Vec::new();
    for (i, c) in raw.candidates.iter().enumerate() {
        if raw.candidates[..i].iter().any(|other| other.id == c.id) {
            return Err(resolver.fail(&c.id, "the id of two candidates; ids must be unique"));
        }
        let contest = contest(c.contest.as_deref(), &c.id)?;
        candidates.push(Candidate { id: c.id.clone(), name: c.name.clone(), contest });
    }
    let mut labels = constant(&resolver, &raw.labels)?;
    let mut fields = Vec::new();
    for row in &raw.rows {
        let field = row_field(&resolver, (&raw, &candidates), row, &mut labels)?;
        let values = value_fields(
            &resolver,
            columns(&resolver, &raw, &row.columns, &row.sigla)?,
            &field,
            fields.len(),
        );
        fields.push(field);
        fields.extend(values?);
    }
    for total in &raw.totals {
        let columns = columns(&resolver, &raw, &total.columns, &total.id)?;
        if !columns.values.is_empty() {
            return Err(
                resolver.fail(&total.id, "its columns have values, which only rows have; give it others")
            );
        }
        fields.push(Field {
            id: total.id.clone(),
            label: total.label.clone(),
            kind: FieldKind::Total,
            role: total.role,
            contest: if total.role == Role::Result {
                contest(total.contest.as_deref(), &total.id)?
            } else {
                0
            },
            y: total.y,
            digits: resolver.slot(columns.digits.as_ref(), "row", &total.id)?,
            words: resolver.slot(columns.words.as_ref(), "words", &total.id)?,
            share: None,
        });
    }
    for (line, label) in raw.header.lines.iter().filter_map(|l| Some((l, l.label.as_ref()?))) {
        fields.push(Field {
            id: line.id.clone(),
            label: label.clone(),
            kind: FieldKind::Header,
            role: line.role,
            contest: 0,
            y: line.y.unwrap_or(0.0),
            digits: None,
            words: None,
            share: None,
        });
    }
    shares::resolve(&resolver, &raw, &mut fields, &mut labels)?;
    let kinds = blocks::resolve(&resolver, &raw)?;
    let header = header(&resolver, &raw.header)?;
    for (i, field) in fields.iter().enumerate() {
        if fields[..i].iter().any(|f| f.id == field.id) || candidates.iter().any(|c| c.id == field.id) {
            return Err(resolver.fail(&field.id, "the id is used twice; ids must be unique"));
        }
    }
    let mut relations = Vec::new();
    for raw in &raw.relations {
        relations.extend(relation(&resolver, (&contests, &fields), raw)?);
    }
    for (entry, list) in [("invent.heads", &raw.invent.heads), ("invent.tails", &raw.invent.tails)] {
        if list.is_empty() {
            return Err(resolver.fail(entry, "is empty; name one, or leave it out"));
        }
    }
    let qr = raw.qr.as_ref().map(|q| qr(&resolver, q)).transpose()?;
    let hash = raw.hash.as_ref().map(|h| resolver.regex(&h.pattern, "hash")).transpose()?;
    let known: Vec<&str> = header.lines.iter().map(|l| l.id.as_str()).collect();
    let levels = Levels::new(raw.levels, raw.names, &known).map_err(refuse)?;
    let sheet = raw.sheet.map(|s| OfSheet::new(s.id, s.line, s.same, &header)).transpose().map_err(refuse)?;
    let ids: Vec<String> = raw.candidates.iter().map(|c| c.id.clone()).collect();
    let values: Vec<&str> = raw.columns.values().flat_map(|c| &c.values).map(|v| v.id.as_str()).collect();
    raw.export.check(&fields, &ids, &values, &levels).map_err(refuse)?;
    let form = Form {
        id: raw.id,
        version: raw.version,
        title: raw.title,
        election: raw.election,
        issued: raw.issued,
        language: raw.language.unwrap_or_else(|| "en".to_owned()),
        levels,
        export: raw.export,
        paper_width: raw.paper.width,
        margin_left: raw.paper.margin_left,
        paper_length: raw.paper.length.into(),
        frame: (raw.frame.width, raw.frame.height),
        rules: lines(&raw.rules),
        labels,
        places: raw.places,
        words,
        contests,
        candidates,
        fields,
        header,
        qr,
        hash,
        private_top: raw.private.top,
        officials: Officials {
            title: raw.private.title,
            roles: raw.private.roles,
            captions: raw.private.captions,
        },
        invent: raw.invent,
        relations,
        sheet,
        pages: Vec::new(),
        blocks: None,
        layout: None,
        landmarks: None,
        sha256: crate::ground::hash::sha256(text.as_bytes()),
    };
    if let Some(field) = form.fields.iter().find(|f| f.words.is_some() && form.words.is_none()) {
        let problem = "has a place for words, but the form has no [words]; say there how it spells numbers";
        return Err(resolver.fail(&field.id, problem));
    }
    let form = match (raw.pages, kinds) {
        (Some(pages), kinds) if !kinds.is_empty() => blocks::paged(&resolver, form, pages, kinds)?,
        (None, kinds) if kinds.is_empty() => form,
        _ => return Err(resolver.fail("pages", "[pages] and [[blocks]] stand together or not at all")),
    };
    check::geometry(&form).map_err(refuse)?;
    Ok(form)
}

/// Languages whose words for numbers the network reads (`models/README.md`).
const SPOKEN: [&str; 1] = ["es"];

fn words(resolver: &Resolver<'_>, raw: &RawWords, places: usize) -> Result<Words, FormError> {
    if !SPOKEN.contains(&raw.language.as_str()) {
        let (asked, known) = (&raw.language, SPOKEN.join(", "));
        let problem = format!(
            "the network reads no words of the language \"{asked}\", only of: {known}; leave [words] and the \
             places of words out, and the digits are read alone"
        );
        return Err(resolver.fail("words.language", problem));
    }
    if raw.digits.len() != 10 {
        return Err(resolver.fail("words.digits", "needs the words for 0 to 9"));
    }
    Ok(Words { separator: raw.separator.clone(), digits: raw.digits.clone(), places })
}

fn columns<'a>(
    resolver: &Resolver<'_>,
    raw: &'a RawForm,
    id: &str,
    entry: &str,
) -> Result<&'a RawColumns, FormError> {
    raw.columns.get(id).ok_or_else(|| {
        resolver.fail(entry, format!("columns \"{id}\" are not in [columns]; define them there"))
    })
}

/// The form's contests; one of the election where it names none.
fn contests(raw: &RawForm) -> Vec<Contest> {
    if raw.contests.is_empty() && raw.blocks.is_empty() {
        return vec![Contest { id: raw.election.clone(), name: raw.title.clone() }];
    }
    raw.contests.iter().map(|c| Contest { id: c.id.clone(), name: c.name.clone() }).collect()
}

/// The contest of an entry, which has to say where there are several.
fn contest(
    resolver: &Resolver<'_>,
    contests: &[Contest],
    id: Option<&str>,
    entry: &str,
) -> Result<usize, FormError> {
    match id {
        None if contests.len() == 1 => Ok(0),
        None => Err(resolver.fail(entry, "the form has several [[contests]]; say contest = \"ID\"")),
        Some(id) => contests
            .iter()
            .position(|c| c.id == id)
            .ok_or_else(|| resolver.fail(entry, format!("contest \"{id}\" is not in [[contests]]"))),
    }
}

/// A vote row's field; its sigla and code join the constant print.
fn row_field(
    resolver: &Resolver<'_>,
    (raw, candidates): (&RawForm, &[Candidate]),
    row: &RawRow,
    labels: &mut Vec<Label>,
) -> Result<Field, FormError> {
    let columns = columns(resolver, raw, &row.columns, &row.sigla)?;
    let candidate = raw.candidates.iter().position(|c| c.id == row.candidate).ok_or_else(|| {
        resolver.fail(&row.sigla, format!("candidate \"{}\" is not in [[candidates]]", row.candidate))
    })?;
    let style = resolver.style("row", &row.sigla)?;
    let words = resolver.slot(columns.words.as_ref(), "words", &row.sigla)?;
    let pitch = words.map_or(style.size * 1.2, |s| s.pitch);
    if let Some(x) = columns.sigla_right {
        let lines = row.sigla_lines.clone().unwrap_or_else(|| vec![row.sigla.clone()]);
        for (i, text) in lines.into_iter().enumerate() {
            labels.push(Label { text, x, y: row.y + i as f64 * pitch, align: Align::Right, style });
        }
    }
    if let Some(x) = columns.code_centre {
        labels.push(Label { text: row.code.clone(), x, y: row.y, align: Align::Centre, style });
    }
    Ok(Field {
        id: format!("{}_{}", row.candidate, row.sigla.replace(' ', "_")),
        label: format!("{} / {}", raw.candidates[candidate].name, row.sigla),
        kind: FieldKind::Vote { candidate, party: row.sigla.clone(), code: row.code.clone() },
        role: Role::Result,
        contest: candidates[candidate].contest,
        y: row.y,
        digits: resolver.slot(columns.digits.as_ref(), "row", &row.sigla)?,
        words,
        share: None,
    })
}

/// The other numbers of a row, whose votes are the field at `of`.
fn value_fields(
    resolver: &Resolver<'_>,
    columns: &RawColumns,
    row: &Field,
    of: FieldIx,
) -> Result<Vec<Field>, FormError> {
    let field = |value: &RawValue| {
        let id = value_id(&row.id, &value.id);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if value.id.is_empty() || !value.id.chars().all(plain) {
            return Err(resolver.fail(id, "the id of a value has lower-case letters, digits and _ alone"));
        }
        Ok(Field {
            label: format!("{} / {}", row.label, value.label.as_ref().unwrap_or(&value.id)),
            kind: FieldKind::Value { of, name: value.id.clone() },
            digits: resolver.slot(value.digits.as_ref(), "row", &id)?,
            words: resolver.slot(value.words.as_ref(), "words", &id)?,
            id,
            ..row.clone()
        })
    };
    columns.values.iter().map(field).collect()
}

fn qr(resolver: &Resolver<'_>, raw: &RawQr) -> Result<QrSpec, FormError> {
    let grammar = resolver.regex(&raw.grammar, "qr")?;
    Ok(QrSpec {
        size: raw.size,
        left: raw.left,
        top: raw.top.into(),
        versions: raw.versions.clone(),
        grammar,
    })
}

/// The relations of an entry: one, or one a row where it ties the `values` of each row to its votes.
fn relation(
    resolver: &Resolver<'_>,
    (contests, fields): (&[Contest], &[Field]),
    raw: &RawRelation,
) -> Result<Vec<Relation>, FormError> {
    let force = if raw.usual { Force::Usual } else { Force::Binding };
    if raw.left.iter().any(|id| id == "values") {
        if raw.left != ["values"] || raw.equals.as_deref() != Some(&["rows".to_owned()]) {
            return Err(
                resolver.fail(&raw.id, "values stand alone: left = [\"values\"], equals = [\"rows\"]")
            );
        }
        let of_row = |row: FieldIx| {
            let own = |ix: &FieldIx| matches!(fields[*ix].kind, FieldKind::Value { of, .. } if of == row);
            (0..fields.len()).filter(own).collect::<Vec<_>>()
        };
        let one = |row: FieldIx| {
            let (left, id) = (of_row(row), format!("{}_{}", raw.id, fields[row].id));
            (!left.is_empty()).then(|| Relation { id, left, op: RelationOp::Equals, right: vec![row], force })
        };
        return Ok((0..fields.len()).filter_map(one).collect());
    }
    let side = |ids: &[String]| {
        let mut out = Vec::new();
        for id in ids {
            if id == "rows" {
                let contest = contest(resolver, contests, raw.contest.as_deref(), &raw.id)?;
                let row = |f: &Field| matches!(f.kind, FieldKind::Vote { .. }) && f.contest == contest;
                out.extend((0..fields.len()).filter(|&i| row(&fields[i])));
            } else {
                let ix = fields.iter().position(|f| &f.id == id);
                out.push(ix.ok_or_else(|| resolver.fail(&raw.id, format!("there is no field \"{id}\"")))?);
            }
        }
        Ok::<_, FormError>(out)
    };
    let (op, right) = match (&raw.equals, &raw.at_most) {
        (Some(ids), None) => (RelationOp::Equals, side(ids)?),
        (None, Some(ids)) => (RelationOp::AtMost, side(ids)?),
        _ => return Err(resolver.fail(&raw.id, "a relation has either `equals` or `at_most`")),
    };
    Ok(vec![Relation { id: raw.id.clone(), left: side(&raw.left)?, op, right, force }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_result_unless_its_form_says_that_it_is_context() {
        let role = |text: &str, id: &str| {
            let form = parse("test", text).unwrap();
            form.fields[form.field(id).unwrap()].role
        };
        let text = load::BUILTIN[0].1;
        assert_eq!(role(text, "electores"), Role::Context);
        assert_eq!(role(text, "votos_nulos"), Role::Result);
        let other = text.replace("role = \"context\"", "role = \"result\"");
        assert_eq!(role(&other, "electores"), Role::Result);
        assert!(parse("test", &text.replace("role = \"context\"", "role = \"ballast\"")).is_err());
    }

    #[test]
    fn words_of_a_language_that_the_network_does_not_read_are_refused_with_the_way_out() {
        let text = load::BUILTIN[0].1;
        let other = text.replace("[words]\nlanguage = \"es\"", "[words]\nlanguage = \"qu\"");
        let error = parse("test", &other).unwrap_err().to_string();
        assert!(error.contains("\"qu\"") && error.contains("only of: es"), "{error}");
        let (before, after) = text.split_once("[words]").unwrap();
        let none = format!("{before}{}", &after[after.find("\n#").unwrap()..]);
        let error = parse("test", &none).unwrap_err().to_string();
        assert!(error.contains("has a place for words"), "{error}");
        let digits: String = none.split_inclusive('\n').filter(|l| !l.starts_with("words = {")).collect();
        let form = parse("test", &digits).unwrap();
        assert!(form.words.is_none() && form.fields.iter().all(|f| f.words.is_none()));
        assert_eq!((form.max_value(), form.spell(7).as_str()), (9999, ""));
    }

    #[test]
    fn columns_with_values_give_their_rows_more_numbers_which_a_relation_ties_to_the_votes() {
        let values = "values = [{ id = \"post\", label = \"by post\", digits = { centre = 42.0, width = 6.0 } }, \
            { id = \"booth\", digits = { centre = 49.0, width = 6.0 } }]\n[columns.summary]";
        let tie = "[[relations]]\nid = \"ways\"\nleft = [\"values\"]\nequals = [\"rows\"]\n";
        let text = load::BUILTIN[0].1.replace("[columns.summary]", values) + tie;
        let form = parse("test", &text).unwrap();
        let row = form.field("NM_PCV").unwrap();
        let field = &form.fields[row + 1];
        assert_eq!(
            (field.id.as_str(), field.label.as_str()),
            ("NM_PCV_post", "NICOLAS MADURO / PCV / by post")
        );
        assert_eq!(field.digits.map(|s| s.x), Some(42.0));
        let names: Vec<_> = form.values(row).collect();
        assert_eq!(names, [(row + 1, "post"), (row + 2, "booth")]);
        assert_eq!(
            (form.votes().count(), form.fields.len(), form.value_names()),
            (38, 49 + 76, vec!["post", "booth"])
        );
        let ties: Vec<_> = form.relations.iter().filter(|r| r.id.starts_with("ways_")).collect();
        assert_eq!((ties.len(), &ties[1].left, &ties[1].right), (38, &vec![row + 1, row + 2], &vec![row]));
        let sum = form.relations.iter().find(|r| r.id == "sum_is_votos_validos").unwrap();
        assert_eq!(sum.left.len(), 38);

        let refused = |text: &str| parse("test", text).unwrap_err().to_string();
        assert!(refused(&text.replace("id = \"post\"", "id = \"Post\"")).contains("NM_PSUV_Post"));
        let stray = text.replace("left = [\"values\"]", "left = [\"values\", \"votos\"]");
        assert!(refused(&stray).contains("values stand alone"));
        let total = text.replace("values = [", "values = []\n[columns.more]\nvalues = [");
        let total = total.replace("columns = \"summary\"", "columns = \"more\"");
        assert!(refused(&total).contains("which only rows have"), "{}", refused(&total));
    }

    #[test]
    fn a_relation_over_a_field_that_is_not_there_is_refused_by_name() {
        let text = load::BUILTIN[0].1.replace("left = [\"votos_nulos\"]", "left = [\"votos_raros\"]");
        let error = parse("test", &text).unwrap_err().to_string();
        assert!(error.contains("votos_raros"), "{error}");
        let text = load::BUILTIN[0].1.replace("id = \"LM\"\nname", "id = \"EG\"\nname");
        let error = parse("test", &text).unwrap_err().to_string();
        assert!(error.contains("EG") && error.contains("two candidates"), "{error}");
    }
}

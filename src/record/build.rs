//! From evidence and what was decided on it to the record that is handed over.
//!
//! In: what was measured of one sheet, on one photo or on several, and what was decided. Out: a [`Record`], every
//! value with its channels, probabilities and place, those of the photo that shows it best. Decides nothing.

use super::*;
use crate::decide::{self, Decision, GroupDecision, Said, codes};
use crate::form::{self, FieldIx, FieldKind, Form, Group};
use crate::ground::dates;
use crate::ground::finding::Code;
use crate::ground::geometry::Rect;
use crate::read::code::{QrOutcome, QrPayload};
use crate::read::evidence::Evidence;
use crate::read::glyphs::CellReading;
use crate::read::photo::Origin;

/// The record of a page without a usable sheet.
pub fn rejected(source: Source, finding: Finding, provenance: Provenance) -> Record {
    Record {
        schema: SCHEMA.to_owned(),
        sources: vec![source],
        part_of: None,
        status: Status::Rejected,
        confidence: 0.0,
        form: None,
        sheet: SheetInfo::default(),
        contests: Vec::new(),
        ballots: Ballots::default(),
        context: BTreeMap::new(),
        place: Place::default(),
        place_confidence: BTreeMap::new(),
        registry: None,
        checks: Vec::new(),
        findings: vec![finding],
        registration: None,
        provenance,
        review: None,
    }
}

/// All numbers of a sheet, each in its place.
pub struct Numbers {
    /// Votes and totals.
    pub contests: Vec<Contest>,
    /// Who voted.
    pub ballots: Ballots,
    /// What stands beside.
    pub context: BTreeMap<String, Value>,
}

/// The numbers of a sheet, by what `value` gives for each field and what was decided of each group of the form.
pub fn numbers(form: &Form, groups: &[GroupDecision], value: &impl Fn(FieldIx) -> Value) -> Numbers {
    let (mut contests, mut ballots) = (Vec::new(), Ballots::default());
    for (group, decided) in form.groups().zip(groups) {
        match group {
            Group::Contest(ix) => contests.push(contest(form, ix, *decided, value)),
            Group::Ballots => {
                let values = totals(form, value, |ix| form.group(ix) == Some(group));
                ballots = Ballots { state: decided.state, confidence: decided.confidence, values };
            }
        }
    }
    Numbers { contests, ballots, context: totals(form, value, |ix| form.is_context(ix)) }
}

/// The numbers for which `here` holds and that are no votes.
fn totals(
    form: &Form,
    value: &impl Fn(FieldIx) -> Value,
    here: impl Fn(FieldIx) -> bool,
) -> BTreeMap<String, Value> {
    let of_row =
        |ix: FieldIx| matches!(form.fields[ix].kind, FieldKind::Vote { .. } | FieldKind::Value { .. });
    let ours = (0..form.fields.len()).filter(|&ix| here(ix) && !of_row(ix));
    ours.map(|ix| (form.fields[ix].id.clone(), value(ix))).collect()
}

/// A contest with its numbers, by what `value` gives for each field.
fn contest(form: &Form, ix: usize, decided: GroupDecision, value: &impl Fn(FieldIx) -> Value) -> Contest {
    let mut choices = Vec::new();
    for (at, field) in form.fields.iter().enumerate().filter(|f| form.group(f.0) == Some(Group::Contest(ix)))
    {
        if let FieldKind::Vote { candidate, party, code } = &field.kind {
            choices.push(Choice {
                id: field.id.clone(),
                candidate: form.candidates[*candidate].id.clone(),
                party: party.clone(),
                code: code.clone(),
                votes: value(at),
                values: form.values(at).map(|(ix, name)| (name.to_owned(), value(ix))).collect(),
            });
        }
    }
    let candidates =
        form.candidates.iter().filter(|c| c.contest == ix).map(|c| (c.id.clone(), None)).collect();
    let form::Contest { id, name } = form.contests[ix].clone();
    let totals = totals(form, value, |at| form.group(at) == Some(Group::Contest(ix)));
    let (state, confidence) = (decided.state, decided.confidence);
    let mut contest = Contest { id, name, state, confidence, choices, totals, candidates };
    contest.recount();
    contest
}

/// A sheet and what was decided on it.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// What each photo of the sheet shows, the one that carries the record first; not empty.
    pub photos: &'a [&'a Evidence],
    /// The decision's evidence: that photo's, or theirs joined.
    pub evidence: &'a Evidence,
    /// What was decided on it.
    pub decision: &'a Decision,
}

/// The record of a sheet.
pub fn build(sheet: Decided<'_>, provenance: Provenance) -> Record {
    let Decided { photos, evidence, decision } = sheet;
    let form: &Form = &evidence.form;
    let first = photos[0];
    let shown: Vec<Vec<Value>> = photos.iter().map(|photo| values(photo)).collect();
    let value = |ix: FieldIx| {
        let (photo, best) = best(&shown, ix);
        let qr = shown.iter().find_map(|s| s[ix].prints.qr.clone());
        let prints = Prints { qr, ..best.prints.clone() };
        Value { prints, quad: best.quad, source: (photo > 0).then_some(photo), ..decided(decision, ix) }
    };
    // The picture that shows most of the sheet says how well it fits the form.
    let score = |p: &&Evidence| p.placed.as_ref().map_or(0.0, |placed| placed.score);
    let score = photos.iter().map(score).fold(0.0, f64::max);
    let Numbers { contests, ballots, context } = numbers(form, &decision.groups, &value);
    Record {
        schema: SCHEMA.to_owned(),
        sources: photos.iter().map(|p| source(&p.origin)).collect(),
        part_of: None,
        status: decision.status,
        confidence: decision.confidence,
        form: Some(FormRef {
            id: form.id.clone(),
            version: form.version,
            score: round(score, 3),
            layout: form.layout.clone(),
            pages: Vec::new(),
        }),
        sheet: sheet_info(sheet),
        contests,
        ballots,
        context,
        place: place(form, decision),
        place_confidence: place_confidence(form, decision),
        registry: None,
        checks: decision.checks.clone(),
        findings: decision.findings.clone(),
        registration: registration(first),
        provenance,
        review: None,
    }
}

/// The photo, by its index, whose prints of field `ix` were read best, and what it shows.
fn best(shown: &[Vec<Value>], ix: FieldIx) -> (usize, &Value) {
    let sure = |photo: usize| -> f64 {
        let prints = &shown[photo][ix].prints;
        let prints = [&prints.digits, &prints.words].into_iter().flatten();
        prints.filter(|c| c.value.is_some()).map(|c| c.confidence).sum()
    };
    let best = (0..shown.len()).fold(0, |best, photo| if sure(photo) > sure(best) { photo } else { best });
    (best, &shown[best][ix])
}

fn payload(evidence: &Evidence) -> Option<&QrPayload> {
    match &evidence.qr {
        QrOutcome::Read(payload) => Some(payload),
        _ => None,
    }
}

/// `votes`, or `zero` for a zero report.
fn kind(decision: &Decision) -> String {
    let zero = decision.findings.iter().any(|f| f.code == Code::ZeroReport);
    if zero { "zero" } else { "votes" }.to_owned()
}

/// What a decision says of a field, without channels and places.
fn decided(decision: &Decision, ix: usize) -> Value {
    let decided = &decision.fields[ix];
    let alternatives = decided.alternatives.iter();
    Value {
        value: decided.value,
        confidence: decided.confidence,
        basis: decided.basis,
        prints: Prints::default(),
        alternatives: alternatives.map(|&(value, confidence)| Alternative { value, confidence }).collect(),
        quad: None,
        source: None,
        set_by: None,
    }
}

/// The source of a picture.
pub fn source(origin: &Origin) -> Source {
    let Origin { path, sha256, page, ordinal, width, height, format } = origin.clone();
    Source { path, sha256, page, ordinal, width, height, format }
}

fn round(value: f64, places: i32) -> f64 {
    let unit = 10f64.powi(places);
    (value * unit).round() / unit
}

/// A quad to a tenth of a pixel: finer is noise, and makes records large.
fn rounded(quad: Quad) -> Quad {
    Quad(quad.0.map(|p| p.map(|v| round(v, 1))))
}

/// What one photo shows of each field: its channels and where they stand; nothing of what was decided.
fn values(evidence: &Evidence) -> Vec<Value> {
    let said = decide::said(evidence);
    (0..evidence.form.fields.len()).map(|ix| value(evidence, ix, said[ix])).collect()
}

fn value(evidence: &Evidence, ix: FieldIx, [digits, words]: [Option<Said>; 2]) -> Value {
    let field = &evidence.form.fields[ix];
    let placed = |rect: Rect| Some(rounded(evidence.placed.as_ref()?.mesh.quad(rect)));
    let place = |slot: Option<&crate::form::Slot>| {
        slot.map(|s| {
            let first = s.line_rect(field.y, 0);
            let last = s.line_rect(field.y, s.lines - 1);
            Rect::new(first.x, first.y, first.width, last.bottom() - first.y)
        })
    };
    let rects = [place(field.digits.as_ref()), place(field.words.as_ref())];
    let [digits_quad, words_quad] = rects.map(|r| r.and_then(placed));
    // A number above the table stands in a line of its own.
    let above = evidence.places.get(&ix).copied().map(rounded);
    let channel = |said: Option<Said>, quad: Option<Quad>| {
        said.map(|(value, p)| Print { value, confidence: round(p, 6), quad })
    };
    let whole = match rects {
        [Some(d), Some(w)] => {
            let (x, y) = (d.x.min(w.x), d.y.min(w.y));
            Some(Rect::new(x, y, d.right().max(w.right()) - x, d.bottom().max(w.bottom()) - y))
        }
        [Some(r), None] | [None, Some(r)] => Some(r),
        [None, None] => None,
    };
    let qr = payload(evidence).and_then(|p| p.values.get(ix).copied().flatten());
    Value {
        value: None,
        confidence: 0.0,
        basis: Basis::Read,
        prints: Prints {
            digits: channel(digits, digits_quad.or(above)),
            words: channel(words, words_quad),
            qr: qr.map(|v| Print { value: Some(v), confidence: 1.0, quad: None }),
            percent: evidence.shares.get(&ix).map(|cell| percent(evidence, ix, cell)),
        },
        alternatives: Vec::new(),
        quad: whole.and_then(placed).or(above),
        source: None,
        set_by: None,
    }
}

/// What a number's share says.
fn percent(evidence: &Evidence, ix: FieldIx, cell: &CellReading) -> PercentPrint {
    let field = &evidence.form.fields[ix];
    let rect = field.share.map(|share| share.slot.line_rect(share.y, 0));
    let quad = rect.and_then(|r| Some(rounded(evidence.placed.as_ref()?.mesh.quad(r))));
    let (value, confidence) = cell.best().unzip();
    let confidence = round(confidence.unwrap_or(0.0), 6);
    PercentPrint { value: value.and_then(Percent::hundredths), confidence, quad }
}

/// What the sheet says it is, with what the photo that shows the QR code says of that.
fn sheet_info(sheet: Decided<'_>) -> SheetInfo {
    let Decided { photos, evidence, decision } = sheet;
    let told = |id: &str| decision.texts.get(id).map(|t| t.0.clone());
    let qr = photos.iter().find_map(|p| payload(p));
    let joined = (photos.len() > 1).then(|| codes::sheet_code(evidence)).flatten();
    let code = joined.or_else(|| qr.map(|p| p.code.clone())).or_else(|| told("code"));
    let parts = code.as_deref().and_then(|c| evidence.form.levels.cut(c));
    let issued = evidence.form.header_line("issued_at").and_then(|l| l.pattern.as_ref());
    SheetInfo {
        centre: parts.map(|p| p.0.to_owned()).or_else(|| told("centre")),
        table: parts.map(|p| p.1).or_else(|| number(&told("table")?)),
        kind: Some(kind(decision)),
        uuid: told("uuid"),
        issued_at: issued.and_then(|p| Some(dates::iso(dates::printed(&p.captures(&told("issued_at")?)?)?))),
        hash: told("hash"),
        qr: qr.map(|p| p.text.clone()),
        code,
        identity: identity(&evidence.form, decision),
    }
}

/// What stands within the frame of what the sheet is.
fn identity(form: &Form, decision: &Decision) -> BTreeMap<String, Text> {
    let within = form.header.lines.iter().filter(|l| l.within() && !l.of_block);
    let told = |id: &str| {
        let (value, p) = decision.texts.get(id)?.clone();
        Some((id.to_owned(), Text { value, confidence: round(p, 6) }))
    };
    within.filter_map(|line| told(&line.id)).collect()
}

/// The first number in a text.
fn number(text: &str) -> Option<u32> {
    let from = &text[text.find(|c: char| c.is_ascii_digit())?..];
    from.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The names that the form's sheets print.
fn place(form: &Form, decision: &Decision) -> Place {
    let told = |line: &str| decision.texts.get(line).map(|t| t.0.clone());
    form.levels.names().map(|name| (name.id.to_owned(), told(name.line))).collect()
}

fn place_confidence(form: &Form, decision: &Decision) -> BTreeMap<String, f64> {
    let told = |line: &str| Some(round(decision.texts.get(line)?.1, 6));
    form.levels.names().filter_map(|name| Some((name.id.to_owned(), told(name.line)?))).collect()
}

/// How a sheet lies in its photo; `None` where only its code was found.
pub fn registration(evidence: &Evidence) -> Option<Registration> {
    let (placed, form) = (evidence.placed.as_ref()?, &evidence.form);
    let frame = Rect::new(0.0, 0.0, form.frame.0, form.frame.1);
    // The private block over the paper's whole width and a margin, from its top to the longest sheet's
    // end: the QR code and what else lies below is covered with it; nothing there has to be shown.
    // Where the print right above was not found, the block is not located.
    let private = (placed.visible.1 >= form.private_top - 30.0).then(|| {
        let top = form.private_top;
        Rect::new(-form.margin_left - 15.0, top, form.paper_width + 30.0, form.paper_length.1 - top)
    });
    Some(Registration {
        quad: rounded(placed.mesh.quad(frame)),
        residual_mm: round(placed.residual, 3),
        anchors: round(placed.anchors, 3),
        px_per_mm: round(placed.mesh.px_per_mm(form.frame.1 / 2.0), 3),
        private: private.map(|r| rounded(placed.mesh.quad(r))),
        mesh: placed
            .mesh
            .rungs
            .iter()
            .map(|r| RungRecord { y: r.y, points: r.points.map(|p| [round(p.x, 2), round(p.y, 2)]) })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::group::join;
    use crate::decide::{Policy, decide};
    use crate::form::builtin;
    use crate::read::cut::Quality;
    use crate::read::evidence::TextEvidence;
    use crate::read::glyphs::{CellReading, Distribution, FieldEvidence, ReaderId, Reading};

    fn sure(value: u32) -> CellReading {
        let distribution = Distribution::from_weights(vec![(value, 0.9995)], 0.0, 0.0005);
        let quality =
            Quality { contrast: 0.8, coverage: 1.0, px_per_mm: 7.9, residual: 0.05, sharpness: 0.3 };
        CellReading {
            readings: vec![Reading { reader: ReaderId::Net, distribution }],
            quality,
            covered: Vec::new(),
        }
    }

    /// A photo of the rows of `range`, each with its index as its number.
    fn photo(path: &str, range: std::ops::Range<usize>) -> Evidence {
        let mut e = Evidence::new(builtin().unwrap().remove(0));
        for ix in range {
            e.fields[ix] = FieldEvidence { digits: Some(sure(ix as u32)), words: Some(sure(ix as u32)) };
        }
        e.origin.path = path.to_owned();
        e
    }

    #[test]
    fn each_number_has_the_prints_of_the_photo_that_shows_it() {
        let (mut top, bottom) = (photo("1.jpg", 0..3), photo("2.jpg", 3..5));
        top.texts.insert("code".to_owned(), TextEvidence::said("010203004.07.1.0001", 0.999));
        let photos = [&top, &bottom];
        let evidence = join(&photos);
        let decision = decide(&evidence, &Policy::default());
        let provenance = crate::run::output::sample::record("1.jpg").provenance;
        let record = build(Decided { photos: &photos, evidence: &evidence, decision: &decision }, provenance);
        let shown: Vec<_> = record.choices().take(5).map(|c| c.votes.source).collect();
        assert_eq!(shown, [None, None, None, Some(1), Some(1)]);
        assert_eq!(
            record.value(&record.contests[0].choices[4].id).unwrap().prints.words.as_ref().unwrap().value,
            Some(4)
        );
        let paths: Vec<_> = record.sources.iter().map(|p| p.path.as_str()).collect();
        assert_eq!((record.source().path.as_str(), paths), ("1.jpg", vec!["1.jpg", "2.jpg"]));
        assert_eq!((record.sheet.table, record.status), (Some(7), Status::Review));
    }
}

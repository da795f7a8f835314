//! From a decision and its evidence to the record that is handed over.
//!
//! In: what was measured of one sheet and what was decided. Out: a [`Record`], every value with its
//! channels, probabilities and place. Decides nothing.

use super::*;
use crate::decide::{self, Decision, Said};
use crate::form::{FieldKind, Form};
use crate::ground::dates;
use crate::ground::finding::Code;
use crate::ground::geometry::Rect;
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;
use crate::read::photo::Photo;
use crate::read::sheet::Sheet;

/// A sheet with where it was found.
#[derive(Debug, Clone, Copy)]
pub struct Located<'a> {
    /// The photo.
    pub photo: &'a Photo,
    /// The sheet.
    pub sheet: &'a Sheet,
    /// Its form.
    pub form: &'a Form,
}

/// What was measured and decided.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// What was measured of the numbers.
    pub evidence: &'a Evidence<'a>,
    /// What was decided.
    pub decision: &'a Decision,
}

/// The record of a page without a usable sheet.
pub fn rejected(source: Source, finding: Finding, provenance: Provenance) -> Record {
    Record {
        schema: SCHEMA.to_owned(),
        source,
        status: Status::Rejected,
        confidence: 0.0,
        form: None,
        sheet: SheetInfo::default(),
        place: Place::default(),
        place_confidence: BTreeMap::new(),
        registry: None,
        votes: Vec::new(),
        totals: BTreeMap::new(),
        candidates: BTreeMap::new(),
        checks: Vec::new(),
        findings: vec![finding],
        registration: None,
        provenance,
        review: None,
    }
}

/// The record of a page that shows a sheet's QR code and nothing of its table.
pub fn code_alone(
    source: Source,
    evidence: &Evidence<'_>,
    decision: &Decision,
    provenance: Provenance,
) -> Record {
    let form = evidence.form;
    let payload = match &evidence.qr {
        QrOutcome::Read(payload) => Some(payload),
        _ => None,
    };
    let (votes, totals) = numbers(form, |ix| {
        let said = payload.and_then(|p| p.values.get(ix).copied().flatten());
        let qr = said.map(|v| ChannelValue { value: Some(v), confidence: 1.0, quad: None });
        Value { channels: Channels { qr, ..Channels::default() }, ..decided(decision, ix) }
    });
    let said = payload.map(|p| (p.code.as_str(), p.text.as_str()));
    Record {
        schema: SCHEMA.to_owned(),
        source,
        status: decision.status,
        confidence: decision.confidence,
        form: Some(FormRef { id: form.id.clone(), version: form.version, score: 0.0 }),
        sheet: sheet_info(form, said, decision),
        place: Place::default(),
        place_confidence: BTreeMap::new(),
        registry: None,
        candidates: candidates(form, &votes),
        votes,
        totals,
        checks: decision.checks.clone(),
        findings: decision.findings.clone(),
        registration: None,
        provenance,
        review: None,
    }
}

/// A record's votes in printed order and its totals, by what `value` gives for each field.
pub(super) fn numbers(form: &Form, value: impl Fn(usize) -> Value) -> (Vec<Vote>, BTreeMap<String, Value>) {
    let mut votes = Vec::new();
    let mut totals = BTreeMap::new();
    for (ix, field) in form.fields.iter().enumerate() {
        match &field.kind {
            FieldKind::Vote { candidate, party, code } => votes.push(Vote {
                id: field.id.clone(),
                party: party.clone(),
                code: code.clone(),
                candidate: form.candidates[*candidate].id.clone(),
                value: value(ix),
            }),
            FieldKind::Total | FieldKind::Header => {
                totals.insert(field.id.clone(), value(ix));
            }
        }
    }
    (votes, totals)
}

/// The record of a sheet.
pub fn build(located: Located<'_>, measured: Measured<'_>, provenance: Provenance) -> Record {
    let Located { photo, sheet, form } = located;
    let Measured { evidence, decision } = measured;
    let said = decide::said(evidence);
    let qr = match &evidence.qr {
        QrOutcome::Read(payload) => Some(payload),
        _ => None,
    };
    let (votes, totals) = numbers(form, |ix| {
        let from_qr = qr.and_then(|p| Some((p.values.get(ix).copied().flatten()?, p.quad)));
        let above = evidence.places.get(&ix).copied();
        value(located, ix, said[ix], from_qr, above, decision)
    });
    let candidates = candidates(form, &votes);
    Record {
        schema: SCHEMA.to_owned(),
        source: source(photo),
        status: decision.status,
        confidence: decision.confidence,
        form: Some(FormRef { id: form.id.clone(), version: form.version, score: round(sheet.score, 3) }),
        sheet: sheet_info(form, qr.map(|p| (p.code.as_str(), p.text.as_str())), decision),
        place: place(decision),
        place_confidence: place_confidence(decision),
        registry: None,
        votes,
        totals,
        candidates,
        checks: decision.checks.clone(),
        findings: decision.findings.clone(),
        registration: Some(registration(sheet, form)),
        provenance,
        review: None,
    }
}

/// Sum of each candidate's rows.
pub(super) fn candidates(form: &Form, votes: &[Vote]) -> BTreeMap<String, Option<u32>> {
    let sum = |id: &str| {
        let rows = votes.iter().filter(|v| v.candidate == id);
        rows.map(|v| v.value.value).sum::<Option<u32>>()
    };
    form.candidates.iter().map(|c| (c.id.clone(), sum(&c.id))).collect()
}

/// `votes`, or `zero` for a zero report.
fn kind(decision: &Decision) -> String {
    let zero = decision.findings.iter().any(|f| f.code == Code::ZeroReport);
    if zero { "zero" } else { "votes" }.to_owned()
}

/// What a decision says of a field, without channels and places.
pub(super) fn decided(decision: &Decision, ix: usize) -> Value {
    let decided = &decision.fields[ix];
    let alternatives = decided.alternatives.iter();
    Value {
        value: decided.value,
        confidence: decided.confidence,
        basis: decided.basis,
        channels: Channels::default(),
        alternatives: alternatives.map(|&(value, confidence)| Alternative { value, confidence }).collect(),
        quad: None,
        photo: None,
        set_by: None,
    }
}

/// The source of a photo.
pub fn source(photo: &Photo) -> Source {
    Source {
        path: photo.path.clone(),
        sha256: photo.sha256.clone(),
        page: photo.page,
        width: photo.pixels.width(),
        height: photo.pixels.height(),
        format: photo.format.clone(),
        ..Source::default()
    }
}

fn round(value: f64, places: i32) -> f64 {
    let unit = 10f64.powi(places);
    (value * unit).round() / unit
}

/// A quad to a tenth of a pixel: finer is noise, and makes records large.
fn rounded(quad: Quad) -> Quad {
    Quad(quad.0.map(|p| p.map(|v| round(v, 1))))
}

fn value(
    located: Located<'_>,
    ix: usize,
    [digits, words]: [Option<Said>; 2],
    qr: Option<(u32, Quad)>,
    above: Option<Quad>,
    decision: &Decision,
) -> Value {
    let field = &located.form.fields[ix];
    let place = |slot: Option<&crate::form::Slot>| {
        slot.map(|s| {
            let first = s.line_rect(field.y, 0);
            let last = s.line_rect(field.y, s.lines - 1);
            Rect::new(first.x, first.y, first.width, last.bottom() - first.y)
        })
    };
    let rects = [place(field.digits.as_ref()), place(field.words.as_ref())];
    let [digits_quad, words_quad] = rects.map(|r| r.map(|r| rounded(located.sheet.mesh.quad(r))));
    // A number above the table stands in a line of its own.
    let above = above.map(rounded);
    let channel = |said: Option<Said>, quad: Option<Quad>| {
        said.map(|(value, p)| ChannelValue { value, confidence: round(p, 6), quad })
    };
    let whole = match rects {
        [Some(d), Some(w)] => {
            let (x, y) = (d.x.min(w.x), d.y.min(w.y));
            Some(Rect::new(x, y, d.right().max(w.right()) - x, d.bottom().max(w.bottom()) - y))
        }
        [Some(r), None] | [None, Some(r)] => Some(r),
        [None, None] => None,
    };
    Value {
        channels: Channels {
            digits: channel(digits, digits_quad.or(above)),
            words: channel(words, words_quad),
            qr: qr.map(|(v, _)| ChannelValue { value: Some(v), confidence: 1.0, quad: None }),
        },
        quad: whole.map(|r| rounded(located.sheet.mesh.quad(r))).or(above),
        ..decided(decision, ix)
    }
}

/// What the sheet says it is; `qr` is the QR code's code and its text.
pub(super) fn sheet_info(form: &Form, qr: Option<(&str, &str)>, decision: &Decision) -> SheetInfo {
    let told = |id: &str| decision.texts.get(id).map(|t| t.0.clone());
    let code = qr.map(|q| q.0.to_owned()).or_else(|| told("code"));
    let parts: Vec<&str> = code.as_deref().map(|c| c.split('.').collect()).unwrap_or_default();
    let issued = form.header_line("issued_at").and_then(|l| l.pattern.as_ref());
    SheetInfo {
        centre: parts.first().map(|c| (*c).to_owned()).or_else(|| told("centre")),
        table: parts.get(1).and_then(|t| t.parse().ok()),
        kind: Some(kind(decision)),
        uuid: told("uuid"),
        issued_at: issued.and_then(|p| dates::iso(&p.captures(&told("issued_at")?)?)),
        hash: told("hash"),
        qr: qr.map(|q| q.1.to_owned()),
        code,
    }
}

/// The names of places, by what records call them and what the form calls their line.
const NAMES: [(&str, &str); 6] = [
    ("country", "country"),
    ("state", "state"),
    ("municipality", "municipality"),
    ("parish", "parish"),
    ("centre", "centre_name"),
    ("address", "centre_address"),
];

pub(super) fn place(decision: &Decision) -> Place {
    let [country, state, municipality, parish, centre, address] =
        NAMES.map(|(_, id)| decision.texts.get(id).map(|t| t.0.clone()));
    Place { country, state, municipality, parish, centre, address }
}

pub(super) fn place_confidence(decision: &Decision) -> BTreeMap<String, f64> {
    let told = |(name, id): (&str, &str)| Some((name.to_owned(), round(decision.texts.get(id)?.1, 6)));
    NAMES.into_iter().filter_map(told).collect()
}

fn registration(sheet: &Sheet, form: &Form) -> Registration {
    let frame = Rect::new(0.0, 0.0, form.frame.0, form.frame.1);
    // The private block over the paper's whole width and a margin, from its top to the longest sheet's
    // end: the QR code and what else lies below is covered with it; nothing there has to be shown.
    // Where the print right above was not found, the block is not located.
    let private = (sheet.visible.1 >= form.private_top - 30.0).then(|| {
        let top = form.private_top;
        Rect::new(-form.margin_left - 15.0, top, form.paper_width + 30.0, form.paper_length.1 - top)
    });
    Registration {
        quad: rounded(sheet.mesh.quad(frame)),
        residual_mm: round(sheet.residual, 3),
        anchors: round(sheet.anchors, 3),
        px_per_mm: round(sheet.mesh.px_per_mm(form.frame.1 / 2.0), 3),
        private: private.map(|r| rounded(sheet.mesh.quad(r))),
        mesh: sheet
            .mesh
            .rungs
            .iter()
            .map(|r| RungRecord { y: r.y, points: r.points.map(|p| [round(p.x, 2), round(p.y, 2)]) })
            .collect(),
    }
}

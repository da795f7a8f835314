//! An invented sheet: numbers that satisfy the form's relations, names that belong to nobody.
//!
//! In: a [`Form`], a generator, a [`ValueMode`]. Out: a [`SheetTruth`]. Places, centres, people,
//! identity numbers and hashes are made up from syllables and dice. Refuses nothing: a relation that
//! cannot be satisfied by additions is left as it falls.

use super::SynthRng;
use crate::form::{FieldIx, FieldKind, Form, HeaderLine, RelationOp};
use rand::RngExt;
use regex_syntax::hir::{Class, Hir, HirKind};

/// How numbers are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueMode {
    /// As on election night: small numbers, one or two large ones, totals that add up.
    Realistic,
    /// Every number alone and uniform over all that the form can print, for training: every digit
    /// at every place equally often; nothing adds up.
    Uniform,
}

/// What one field says; `None` where a channel does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct FieldTruth {
    /// The field's value.
    pub value: u32,
    /// The value printed as digits.
    pub digits: Option<u32>,
    /// The value printed as words.
    pub words: Option<u32>,
    /// The value in the QR code.
    pub qr: Option<u32>,
}

/// Everything that a made-up sheet says.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct SheetTruth {
    /// The sheet's code.
    pub code: String,
    /// Code of the centre.
    pub centre: String,
    /// Number of the table.
    pub table: String,
    /// Header lines in the form's order: id and text; those that are not printed are missing.
    pub header: Vec<(String, String)>,
    /// One entry a field of the form, in its order.
    pub fields: Vec<FieldTruth>,
    /// What the printed QR code says; `None` when there is none.
    pub qr: Option<String>,
    /// The hash under the QR code.
    pub hash: Option<String>,
    /// What was done to the sheet.
    pub defect: Option<String>,
    /// The fields that the defect is about.
    pub touched: Vec<String>,
    /// What marks it as made up.
    #[serde(skip)]
    pub sample: String,
    /// Invented people of the private area: name and identity number.
    #[serde(skip)]
    pub officials: Vec<(String, String)>,
}

impl SheetTruth {
    /// The text of the header line `id`, if the sheet has it.
    pub fn header_text(&self, id: &str) -> Option<&str> {
        self.header.iter().find(|l| l.0 == id).map(|l| l.1.as_str())
    }
}

/// Invents a sheet.
pub fn invent(form: &Form, rng: &mut SynthRng, mode: ValueMode) -> SheetTruth {
    let values = match mode {
        ValueMode::Realistic => realistic(form, rng),
        ValueMode::Uniform => form.fields.iter().map(|_| uniform(form, rng)).collect(),
    };
    let fields = form
        .fields
        .iter()
        .zip(&values)
        .map(|(f, &value)| FieldTruth {
            value,
            digits: (f.digits.is_some() || f.kind == FieldKind::Header).then_some(value),
            words: f.words.map(|_| value),
            qr: None,
        })
        .collect();
    // A centre that no list has: real codes of areas begin with a smaller figure.
    let rest = form.levels.centre_width().saturating_sub(1);
    let digits = rng.random_range(0..10u32.pow(rest.min(9) as u32));
    let centre = format!("9{digits:0rest$}");
    let tables = if rng.random_bool(0.8) { 6 } else { 20 };
    let width = form.levels.table().digits;
    let table = format!("{:0width$}", rng.random_range(1..=tables));
    let mut truth =
        SheetTruth { centre, table, fields, sample: form.invent.sample.clone(), ..SheetTruth::default() };
    truth.header = header(form, &truth, rng);
    // Where no code is printed, a centre goes by its name.
    if let (None, Some(name)) = (form.header_line("code"), truth.header_text("centre")) {
        truth.centre = name.to_owned();
    }
    truth.code = truth.header_text("code").unwrap_or_default().to_owned();
    truth.hash = form.hash.as_ref().map(|p| fitting(p.as_str(), &|_| None, rng));
    encode_qr(form, &mut truth);
    for _ in &form.officials.roles {
        let name = several(form, ("word", 0), (2, 4), rng);
        let number = rng.random_range(90_000_000..100_000_000u32);
        truth.officials.push((name, format!("{}{number:08}", form.invent.person)));
    }
    truth
}

/// Takes a sheet to another table: its code, and the QR code with it.
pub fn placed(form: &Form, truth: &mut SheetTruth, centre: String, table: u32, rng: &mut SynthRng) {
    truth.centre = centre;
    truth.table = format!("{table:0width$}", width = form.levels.table().digits);
    let line = form.header_line("code");
    truth.code = line.and_then(|line| printed(form, truth, line, rng)).unwrap_or_default();
    encode_qr(form, truth);
}

/// Uniform over numbers of one to all places, leading zeros and none alike.
fn uniform(form: &Form, rng: &mut SynthRng) -> u32 {
    let places = form.places as u32;
    if rng.random_bool(0.5) {
        return rng.random_range(0..=form.max_value());
    }
    let places = rng.random_range(1..=places);
    rng.random_range(0..10u32.pow(places))
}

/// Votes as on election night, totals from the relations.
fn realistic(form: &Form, rng: &mut SynthRng) -> Vec<u32> {
    let mut values: Vec<Option<u32>> = vec![None; form.fields.len()];
    let votes: Vec<FieldIx> = form.votes().collect();
    // Now and then a table where everything is large, so that totals reach four figures.
    let large = rng.random_bool(0.06);
    let spread = rng.random_range(0.5..4.0);
    for &ix in &votes {
        let e = -spread * (1.0 - rng.random::<f64>()).ln();
        values[ix] = Some(if large { e * 8.0 } else { e } as u32);
    }
    for _ in 0..rng.random_range(1..=4) {
        let top = if large { 1400.0 } else { 480.0 };
        let size = top * rng.random::<f64>().powi(2);
        values[votes[rng.random_range(0..votes.len())]] = Some(size as u32);
    }
    for &row in &votes {
        share(form, row, &mut values, rng);
    }
    loop {
        propagate(form, &mut values);
        // A total that no relation gives yet: first those that are added up with others.
        let open = |ix: &FieldIx| values[*ix].is_none();
        let addend = form.relations.iter().filter(|r| r.op == RelationOp::Equals).find_map(|r| {
            [&r.left, &r.right].into_iter().find_map(|s| {
                let mut open = s.iter().copied().filter(&open);
                if s.len() > 1 { open.next_back() } else { None }
            })
        });
        let free = addend.or_else(|| (0..values.len()).find(|ix| open(ix)));
        let Some(ix) = free else { break };
        let bound = form.relations.iter().find(|r| r.op == RelationOp::AtMost && r.right == [ix]);
        let least: u32 = bound.map_or(0, |r| r.left.iter().filter_map(|&i| values[i]).sum());
        values[ix] = Some(if bound.is_some() {
            let turnout = rng.random_range(0.35..1.0);
            (f64::from(least) / turnout) as u32
        } else if rng.random_bool(0.75) {
            0
        } else {
            rng.random_range(1..=15)
        });
    }
    let max = form.max_value();
    values.into_iter().map(|v| v.unwrap_or(0).min(max)).collect()
}

/// Shares the votes of a row out among its other numbers.
fn share(form: &Form, row: FieldIx, values: &mut [Option<u32>], rng: &mut SynthRng) {
    let parts: Vec<FieldIx> = form.values(row).map(|v| v.0).collect();
    let mut left = values[row].unwrap_or(0);
    for (k, &ix) in parts.iter().enumerate() {
        let own = if k + 1 == parts.len() { left } else { rng.random_range(0..=left) };
        values[ix] = Some(own);
        left -= own;
    }
}

/// Sets what the relations determine: a lone open number opposite a finished sum.
fn propagate(form: &Form, values: &mut [Option<u32>]) {
    loop {
        let mut changed = false;
        for r in form.relations.iter().filter(|r| r.op == RelationOp::Equals) {
            for (from, to) in [(&r.left, &r.right), (&r.right, &r.left)] {
                if let ([ix], Some(sum)) =
                    (to.as_slice(), from.iter().map(|&i| values[i]).sum::<Option<u32>>())
                    && values[*ix].is_none()
                {
                    values[*ix] = Some(sum);
                    changed = true;
                }
            }
        }
        if !changed {
            return;
        }
    }
}

/// The header's lines from their templates.
fn header(form: &Form, truth: &SheetTruth, rng: &mut SynthRng) -> Vec<(String, String)> {
    let mut text = |line: &HeaderLine| Some((line.id.clone(), printed(form, truth, line, rng)?));
    form.header.lines.iter().filter_map(&mut text).collect()
}

/// What a line of the header prints, if it does.
fn printed(form: &Form, truth: &SheetTruth, line: &HeaderLine, rng: &mut SynthRng) -> Option<String> {
    let mut text = String::new();
    let mut rest = line.print.as_ref()?.text.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        text.push_str(&part(form, truth, name, line.pattern.as_ref().map(|p| p.as_str()), rng));
        rest = after;
    }
    Some(text + rest)
}

/// A made-up part of a header line.
fn part(form: &Form, truth: &SheetTruth, name: &str, pattern: Option<&str>, rng: &mut SynthRng) -> String {
    if let Some(ix) = form.field(name) {
        return truth.fields[ix].value.to_string();
    }
    match name {
        "centre" => truth.centre.clone(),
        "table" => truth.table.clone(),
        "issued_at" => {
            let date = form.issued.clone().unwrap_or_else(|| "01/01/2030".to_owned());
            let (h, m, s) = (rng.random_range(6..12), rng.random_range(0..60), rng.random_range(0..60));
            format!("{date} {h:02}:{m:02}:{s:02} PM")
        }
        _ => match pattern.filter(|_| !form.invent.parts.contains_key(name)) {
            Some(pattern) => fitting(pattern, &|_| None, rng),
            None => {
                // What came no time leaves its spaces behind.
                made_up(form, (name, NESTED), rng).split_whitespace().collect::<Vec<_>>().join(" ")
            }
        },
    }
}

/// How deep texts may stand in texts: one that holds itself ends there.
const NESTED: usize = 8;

/// One of the form's texts of this name, words where it has none.
pub(super) fn made_up(form: &Form, (name, depth): (&str, usize), rng: &mut SynthRng) -> String {
    if name == "word" {
        return word(form, rng);
    }
    let Some(texts) = form.invent.parts.get(name).filter(|t| depth > 0 && !t.is_empty()) else {
        return several(form, ("word", 0), (1, 2), rng);
    };
    let mut rest = if texts.len() == 1 { &texts[0] } else { pick(rng, texts) };
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        let (name, count) = name.split_once(':').unwrap_or((name, "1"));
        let (least, most) = count.split_once('-').unwrap_or((count, count));
        let [least, most] = [least, most].map(|n| n.parse().unwrap_or(1));
        out.push_str(&several(form, (name, depth - 1), (least, most), rng));
        rest = after;
    }
    out + rest
}

/// So many texts of this name, with spaces between.
fn several(form: &Form, name: (&str, usize), (least, most): (usize, usize), rng: &mut SynthRng) -> String {
    let count = if least < most { rng.random_range(least..=most) } else { least };
    (0..count).map(|_| made_up(form, name, rng)).collect::<Vec<_>>().join(" ")
}

fn pick<'a>(rng: &mut SynthRng, from: &'a [String]) -> &'a str {
    &from[rng.random_range(0..from.len())]
}

/// A word that means nothing.
fn word(form: &Form, rng: &mut SynthRng) -> String {
    let mut text = pick(rng, &form.invent.heads).to_owned();
    for _ in 0..rng.random_range(1..=3) {
        text.push_str(pick(rng, &form.invent.tails));
    }
    text
}

/// The payload that the form's grammar asks for, from the fields' values; `None` without a QR code.
pub fn payload(form: &Form, truth: &SheetTruth) -> Option<String> {
    let spec = form.qr.as_ref()?;
    let votes: Option<Vec<String>> =
        form.votes().map(|ix| truth.fields.get(ix).map(|f| f.value.to_string())).collect();
    let votes = votes?.join(",");
    let named = |name: &str| match name {
        "code" => Some(truth.code.clone()),
        "centre" => Some(truth.centre.clone()),
        "table" => Some(truth.table.clone()),
        "votes" => Some(votes.clone()),
        // Always 0 on the sheets seen.
        "rest" => Some("0".to_owned()),
        id => form.field(id).map(|ix| truth.fields[ix].value.to_string()),
    };
    // What a grammar leaves open beyond its names is the same on every sheet.
    Some(fitting(spec.grammar.as_str(), &named, &mut super::rng(0, 0)))
}

/// Prints the QR code of the fields' values into the truth.
pub fn encode_qr(form: &Form, truth: &mut SheetTruth) {
    truth.qr = payload(form, truth);
    let Some(spec) = &form.qr else { return };
    let carried: Vec<FieldIx> = form
        .votes()
        .chain(spec.grammar.capture_names().flatten().filter_map(|name| form.field(name)))
        .collect();
    for ix in carried {
        truth.fields[ix].qr = Some(truth.fields[ix].value);
    }
}

/// A text that fits the pattern: named groups as told, everything else by dice.
fn fitting(pattern: &str, named: &dyn Fn(&str) -> Option<String>, rng: &mut SynthRng) -> String {
    let mut out = String::new();
    if let Ok(hir) = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern) {
        emit(&hir, named, rng, &mut out);
    }
    out
}

fn emit(hir: &Hir, named: &dyn Fn(&str) -> Option<String>, rng: &mut SynthRng, out: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => {
            let ranges: Vec<(char, char)> = match class {
                Class::Bytes(c) => c.ranges().iter().map(|r| (r.start().into(), r.end().into())).collect(),
                Class::Unicode(c) => c.ranges().iter().map(|r| (r.start(), r.end())).collect(),
            };
            let count = |&(a, b): &(char, char)| b as u32 - a as u32 + 1;
            let mut at = rng.random_range(0..ranges.iter().map(count).sum::<u32>().max(1));
            for range in &ranges {
                if at < count(range) {
                    out.extend(char::from_u32(range.0 as u32 + at));
                    break;
                }
                at -= count(range);
            }
        }
        HirKind::Repetition(r) => {
            let most = r.max.unwrap_or(r.min + 3).max(r.min);
            for _ in 0..rng.random_range(r.min..=most) {
                emit(&r.sub, named, rng, out);
            }
        }
        HirKind::Capture(group) => match group.name.as_deref().and_then(named) {
            Some(text) => out.push_str(&text),
            None => emit(&group.sub, named, rng, out),
        },
        HirKind::Concat(parts) => parts.iter().for_each(|p| emit(p, named, rng, out)),
        HirKind::Alternation(parts) => emit(&parts[rng.random_range(0..parts.len())], named, rng, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;

    #[test]
    fn invented_numbers_satisfy_the_relations() {
        let form = &builtin().unwrap()[0];
        let mut four_figures = 0;
        for seed in 0..200 {
            let truth = invent(form, &mut super::super::rng(seed, 0), ValueMode::Realistic);
            let sum = |side: &[FieldIx]| side.iter().map(|&i| truth.fields[i].value).sum::<u32>();
            for r in &form.relations {
                let (left, right) = (sum(&r.left), sum(&r.right));
                let holds = if r.op == RelationOp::Equals { left == right } else { left <= right };
                assert!(holds, "seed {seed}: {} has {left} and {right}", r.id);
            }
            four_figures += u32::from(truth.fields.iter().any(|f| f.value > 999));
        }
        assert!(four_figures > 2, "{four_figures}");
    }

    #[test]
    fn the_header_and_the_qr_fit_their_patterns_and_agree() {
        let form = &builtin().unwrap()[0];
        for seed in 0..50 {
            let truth = invent(form, &mut super::super::rng(seed, 0), ValueMode::Realistic);
            for line in &form.header.lines {
                let text = truth.header_text(&line.id).unwrap();
                assert!(line.pattern.as_ref().is_none_or(|p| p.is_match(text)), "{}: {text}", line.id);
            }
            let grammar = &form.qr.as_ref().unwrap().grammar;
            let found = grammar.captures(truth.qr.as_ref().unwrap()).unwrap();
            assert_eq!(found["code"], truth.code);
            assert_eq!(found["votes"].split(',').count(), form.votes().count());
            assert!(form.hash.as_ref().unwrap().is_match(truth.hash.as_ref().unwrap()));
        }
    }

    #[test]
    fn uniform_mode_shows_every_digit_at_every_place() {
        let form = &builtin().unwrap()[0];
        let mut seen = [[0u32; 10]; 4];
        for seed in 0..40 {
            for field in invent(form, &mut super::super::rng(seed, 0), ValueMode::Uniform).fields {
                for (place, row) in seen.iter_mut().enumerate() {
                    row[(field.value / 10u32.pow(place as u32) % 10) as usize] += 1;
                }
            }
        }
        assert!(seen.iter().flatten().all(|&n| n > 60), "{seen:?}");
    }
}

//! The sample read with a drawing, as often as it changes.
//!
//! In: the form of a drawing, the sheets as they lie. Out: [`Reading`]: each number's value with its probability, each line's
//! text, which relations hold; and relations that hold on all sheets and are not drawn yet. A sheet is read where it is known
//! to lie: whether it would be found by its print alone is for the check of all samples to say. Refuses nothing.

use super::boxed::Values;
use super::drawing::{Drawing, said};
use crate::decide::{Basis, strings};
use crate::form::{FieldKind, Form, RelationOp};
use crate::ground::geometry::Point;
use crate::learn::few::Seen;
use crate::learn::relations::{self, is_share, judged};
use crate::read::code::QrOutcome;
use crate::read::cut::NumberCells;
use crate::read::evidence::{Evidence, Measured, Placed};
use crate::read::glyphs::ReaderChoice;
use crate::read::header;
use crate::read::photo::mask::{Mask, Masked};
use crate::read::sheet::{Mesh, Rung, Sheet};
use crate::run::pipeline::Digitizer;
use image::GrayImage;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// From here on a value of a sample is taken for a relation.
const SURE: f64 = 0.9;
/// The most relations that are proposed at a time.
const MANY: usize = 12;
/// The most numbers of which every few are added up.
const ADDED: usize = 16;

/// What is read of a number.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Said {
    /// The value; `None` where it is not read.
    pub value: Option<u32>,
    /// Its probability; of an open one that of its digits by themselves.
    pub confidence: f64,
    /// Whether it is not decided on.
    pub open: bool,
    /// Whether a relation corrected or filled it.
    pub inferred: bool,
    /// What its share says.
    pub percent: Option<String>,
}

/// How a relation fares.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Fares {
    pub id: String,
    pub holds: Option<bool>,
    pub left: Option<u32>,
    pub right: Option<u32>,
}

/// What is read of the first sheet.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Reading {
    pub numbers: BTreeMap<String, Said>,
    pub lines: BTreeMap<String, String>,
    pub relations: Vec<Fares>,
}

/// A relation that holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Proposed {
    /// As a person would type it; of shares, the contest.
    pub text: String,
    /// The total of which a contest's shares are.
    pub whole: Option<String>,
    /// On how many sheets it holds.
    pub sheets: usize,
    /// The decimal logarithm of the chance that it would without reason; `None` where there are too few sheets to say.
    pub chance: Option<f64>,
}

/// A map of the form's millimetres, by one of the paper's.
fn shifted(mesh: &Mesh, origin: (f64, f64), width: f64) -> Mesh {
    let at = |x: f64, y: f64| mesh.map(Point::new(x + origin.0, y));
    let rung = |r: &Rung| Rung { y: r.y - origin.1, points: [0.0, width / 2.0, width].map(|x| at(x, r.y)) };
    Mesh { width, rungs: mesh.rungs.iter().map(rung).collect() }
}

/// What is measured of a sheet that lies as told.
fn measured(seen: &Seen, form: &Arc<Form>, picture: &GrayImage, mesh: &Mesh, origin: (f64, f64)) -> Evidence {
    let sheet = Sheet::known(shifted(mesh, origin, form.frame.0), (0.0, form.frame.1));
    let mask = Mask::of(Vec::new(), picture.dimensions());
    let photo = Masked { pixels: picture, mask: &mask };
    let choice = ReaderChoice::Auto;
    let header = header::read(photo, &sheet, form, None, (seen.readers(), choice));
    let cells = NumberCells::cut(photo, &sheet, form);
    let mut fields = seen.readers().read(&cells, choice);
    let shares = seen.readers().shares(&cells, choice);
    let mut places = BTreeMap::new();
    for (field, reading, quad) in header.numbers {
        fields[field].digits = Some(reading);
        places.insert(field, quad);
    }
    let measured = Measured {
        placed: Some(Placed::of(&sheet)),
        fields,
        shares,
        qr: QrOutcome::NotLooked,
        texts: header.texts,
        places,
        ..Measured::of(form)
    };
    Evidence { form: form.clone(), measured }
}

/// Reads the first sheet.
pub(super) fn read(seen: &Seen, digitizer: &Digitizer, form: &Arc<Form>, origin: (f64, f64)) -> Reading {
    let Some((_, picture, mesh)) = seen.sheets().next() else {
        return Reading { numbers: BTreeMap::new(), lines: BTreeMap::new(), relations: Vec::new() };
    };
    let evidence = measured(seen, form, picture, mesh, origin);
    let record = digitizer.record(&evidence);
    let number = |(id, v): (std::borrow::Cow<'_, str>, &crate::record::Value)| {
        let inferred = v.value.is_some() && matches!(v.basis, Basis::Corrected | Basis::Filled);
        let percent = v.prints.percent.as_ref().and_then(|p| p.value).map(|p| p.to_string());
        // What is open is shown as its digits are read.
        let digits = v.prints.digits.as_ref().and_then(|d| Some((d.value?, d.confidence)));
        let (value, confidence) = match v.value {
            Some(value) => (Some(value), v.confidence),
            None => digits.map_or((None, 0.0), |d| (Some(d.0), d.1)),
        };
        (id.into_owned(), Said { value, confidence, open: v.value.is_none(), inferred, percent })
    };
    let told = |l: &crate::form::HeaderLine| Some((l.id.clone(), strings::told(&evidence, &l.id)?.0));
    let fares =
        |c: &crate::decide::Check| Fares { id: c.id.clone(), holds: c.holds, left: c.left, right: c.right };
    Reading {
        numbers: record.numbers().map(number).collect(),
        lines: form.header.lines.iter().filter_map(told).collect(),
        relations: record.checks.iter().map(fares).collect(),
    }
}

/// The numbers as their digits are read on each sheet, surely, and the shares.
pub(super) fn values(seen: &Seen, form: &Arc<Form>, origin: (f64, f64)) -> (Values, Values) {
    let sheets: Vec<(usize, &GrayImage, &Mesh)> = seen.sheets().collect();
    let all: Vec<Evidence> = sheets.par_iter().map(|(_, p, m)| measured(seen, form, p, m, origin)).collect();
    let sure = |best: Option<(u32, f64)>| best.filter(|b| b.1 >= SURE).map(|b| b.0);
    let (mut numbers, mut shares) = (Values::new(), Values::new());
    for (ix, field) in form.fields.iter().enumerate() {
        let digits = |e: &Evidence| sure(e.measured.fields[ix].digits.as_ref().and_then(|d| d.best()));
        numbers.insert(field.id.clone(), all.iter().map(digits).collect());
        let share = |e: &Evidence| sure(e.measured.shares.get(&ix).and_then(|d| d.best()));
        shares.insert(field.id.clone(), all.iter().map(share).collect());
    }
    (numbers, shares)
}

/// What holds on all sheets of values, on at least one of them and not by being nought.
fn held(left: &[Option<u32>], right: &[Option<u32>], tried: usize) -> Option<(usize, Option<f64>)> {
    let both: Vec<(u32, u32)> = left.iter().zip(right).filter_map(|(l, r)| Some(((*l)?, (*r)?))).collect();
    let told = both.iter().any(|b| b.0 > 9);
    (told && both.iter().all(|b| b.0 == b.1))
        .then(|| (both.len(), judged(left, right, tried).map(|o| (10.0 * o.log10).round() / 10.0)))
}

/// Relations that hold and are not drawn.
pub(super) fn proposed(drawing: &Drawing, form: &Form, values: &Values, shares: &Values) -> Vec<Proposed> {
    let mut out: Vec<Proposed> = Vec::new();
    let of = |id: &str| values.get(id).cloned().unwrap_or_default();
    let id = |ix: usize| form.fields[ix].id.as_str();
    let drawn = |left: &[usize], right: &[usize]| {
        let same = |a: &[usize], b: &[usize]| a.len() == b.len() && a.iter().all(|i| b.contains(i));
        form.relations.iter().filter(|r| r.op == RelationOp::Equals).any(|r| {
            (same(&r.left, left) && same(&r.right, right)) || (same(&r.left, right) && same(&r.right, left))
        })
    };
    let add = |out: &mut Vec<Proposed>, text: String, whole: Option<String>, held: (usize, Option<f64>)| {
        out.push(Proposed { text, whole, sheets: held.0, chance: held.1 });
    };
    // The ways of each row.
    let rows: Vec<usize> = form.votes().collect();
    let ways: Vec<(Vec<usize>, usize)> = rows
        .iter()
        .map(|&r| (form.values(r).map(|v| v.0).collect::<Vec<_>>(), r))
        .filter(|w| w.0.len() > 1)
        .collect();
    if !ways.is_empty() && !ways.iter().all(|w| drawn(&w.0, &[w.1])) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (parts, whole) in &ways {
            let parts: Vec<Vec<Option<u32>>> = parts.iter().map(|&p| of(id(p))).collect();
            left.extend(relations::sum(&parts));
            right.extend(of(id(*whole)));
        }
        if let Some(held) = held(&left, &right, 1) {
            add(&mut out, "values = rows".to_owned(), None, held);
        }
    }
    let totals: Vec<usize> =
        (0..form.fields.len()).filter(|&k| form.fields[k].kind == FieldKind::Total).collect();
    for (c, contest) in form.contests.iter().enumerate() {
        let own: Vec<usize> = rows.iter().copied().filter(|&r| form.fields[r].contest == c).collect();
        if own.is_empty() || drawing.list("contests").is_empty() {
            continue;
        }
        let parts: Vec<Vec<Option<u32>>> = own.iter().map(|&r| of(id(r))).collect();
        let added = relations::sum(&parts);
        let middle = own.iter().map(|&r| form.fields[r].y).sum::<f64>() / own.len() as f64;
        let near = |t: &&usize| ((form.fields[**t].y - middle).abs() * 100.0) as i64;
        let sums =
            totals.iter().filter(|&&t| held(&added, &of(id(t)), totals.len()).is_some()).min_by_key(near);
        if let Some(&t) = sums
            && own.len() > 1
            && !form
                .relations
                .iter()
                .any(|r| r.op == RelationOp::Equals && own.iter().all(|o| r.left.contains(o)))
            && let Some(held) = held(&added, &of(id(t)), totals.len())
        {
            add(&mut out, format!("rows({}) = {}", contest.id, id(t)), None, held);
        }
        // Of which total the shares of the rows are.
        let raw = drawing.list("contests").iter().find(|r| said(r, "id") == contest.id);
        if raw.is_some_and(|r| r.get("whole").is_none()) {
            let whole = |t: &&usize| {
                let mut told = 0;
                let all = own.iter().all(|&r| {
                    let (part, share, whole) =
                        (of(id(r)), shares.get(id(r)).cloned().unwrap_or_default(), of(id(**t)));
                    part.iter().zip(&share).zip(&whole).all(|((p, s), w)| match (p, s, w) {
                        (Some(p), Some(s), Some(w)) => {
                            told += usize::from(*p > 0 && p != w);
                            is_share(*s, *p, *w)
                        }
                        _ => true,
                    })
                });
                all && told > 0
            };
            if let Some(&t) = totals.iter().filter(whole).min_by_key(near) {
                let sheets = of(id(t)).iter().flatten().count();
                add(&mut out, contest.id.clone(), Some(id(t).to_owned()), (sheets, None));
            }
        }
    }
    // Equalities and sums of numbers that no rows add up to.
    let bound =
        |t: &usize| form.relations.iter().any(|r| r.right == [*t] && r.left.iter().all(|l| rows.contains(l)));
    let free: Vec<usize> = totals.into_iter().filter(|t| !bound(t)).take(ADDED).collect();
    let mut sets: Vec<Vec<usize>> = free.iter().map(|&t| vec![t]).collect();
    let mut done: Vec<usize> = Vec::new();
    let mut tried = 0;
    for _ in 0..4 {
        tried += sets.len() * free.len();
        for set in &sets {
            let parts: Vec<Vec<Option<u32>>> = set.iter().map(|&t| of(id(t))).collect();
            if set.len() > 1 && parts.iter().any(|p| p.iter().flatten().all(|v| *v == 0)) {
                continue;
            }
            let left = relations::sum(&parts);
            for &t in free.iter().filter(|t| !set.contains(t) && !done.contains(t)).collect::<Vec<_>>() {
                // An equality is said once.
                if set.len() == 1 && set[0] > t {
                    continue;
                }
                if let Some(held) = held(&left, &of(id(t)), tried)
                    && !drawn(set, &[t])
                    && out.len() < MANY
                {
                    done.push(t);
                    let names: Vec<&str> = set.iter().map(|&s| id(s)).collect();
                    add(&mut out, format!("{} = {}", names.join(" + "), id(t)), None, held);
                }
            }
        }
        let longer = |set: &Vec<usize>| {
            let last = set.last().and_then(|l| free.iter().position(|f| f == l)).map_or(0, |p| p + 1);
            free[last..]
                .iter()
                .map(|&t| set.iter().copied().chain([t]).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        };
        sets = sets.iter().flat_map(longer).collect();
    }
    out
}

//! Places at which sheets print what differs.
//!
//! In: [`Marks`]. Out: [`Cell`]s: where on the common sheet ink differs, and from where to where each sheet prints there.
//! Refuses (leaves out) marks of single sheets: stains and pens.

use super::lay::median;
use super::marks::{Marks, PX, Part, within};

/// Signs that are farther apart than this share of their height are of two numbers.
const APART: f64 = 0.55;
/// The share of the sheets that print at a place.
const SHARE: f64 = 0.12;
/// Heights of signs, mm.
const HEIGHTS: (f64, f64) = (0.9, 9.0);

/// What one sheet prints at a place, mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    /// Where its ink begins.
    pub left: f64,
    /// Where it ends.
    pub right: f64,
    /// Whether a point stands before the last two signs.
    pub point: bool,
    /// Whether a mark of thousands stands before the last three.
    pub mark: bool,
    /// How many signs of full height it has.
    pub signs: usize,
}

/// A place at which sheets print.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// The box of all that is printed there, px.
    pub part: Part,
    /// Where its lower end is, mm.
    pub base: f64,
    /// How high its signs are, mm.
    pub cap: f64,
    /// Per sheet, what it prints.
    pub spans: Vec<Option<Span>>,
    /// Whether all sheets print the same.
    pub constant: bool,
}

/// All places at which ink differs.
pub(super) fn differing(marks: &Marks) -> Vec<Cell> {
    let mut tokens: Vec<(usize, Part)> = Vec::new();
    for (sheet, parts) in marks.differs.iter().enumerate() {
        tokens.extend(joined(parts, APART).into_iter().map(|p| (sheet, p)));
    }
    tokens.sort_by_key(|t| t.1.y0);
    let mut root: Vec<usize> = (0..tokens.len()).collect();
    fn find(root: &mut [usize], mut k: usize) -> usize {
        while root[k] != k {
            root[k] = root[root[k]];
            k = root[k];
        }
        k
    }
    for i in 0..tokens.len() {
        for j in i + 1..tokens.len() {
            let (a, b) = (&tokens[i].1, &tokens[j].1);
            if b.y0 >= a.y1 {
                break;
            }
            let (low, high) = (a.height().min(b.height()), a.height().max(b.height()));
            if a.beside(b) * 10 >= high * 6 && a.gap(b) < low / 4 {
                let (p, q) = (find(&mut root, i), find(&mut root, j));
                root[p] = q;
            }
        }
    }
    let mut groups: std::collections::BTreeMap<usize, Vec<usize>> = std::collections::BTreeMap::new();
    for k in 0..tokens.len() {
        groups.entry(find(&mut root, k)).or_default().push(k);
    }
    let least = ((SHARE * marks.clean.len() as f64).ceil() as usize).max(2);
    let (mut places, mut out) = (Vec::new(), Vec::new());
    for members in groups.into_values() {
        let mut sheets: Vec<usize> = members.iter().map(|&k| tokens[k].0).collect();
        sheets.sort_unstable();
        sheets.dedup();
        if sheets.len() < least {
            continue;
        }
        places.push(members.iter().map(|&k| tokens[k].1).reduce(|a, b| a.with(&b)).expect("not empty"));
    }
    // Words of one text are one place.
    let mut lines: Vec<Part> = Vec::new();
    places.sort_by_key(|p| p.x0);
    for place in places {
        let near = |o: &Part| {
            let (low, high) = (o.height().min(place.height()), o.height().max(place.height()));
            place.beside(o) * 10 >= low * 6 && place.gap(o) < low && high < 2 * low
        };
        match lines.iter_mut().find(|o| near(o)) {
            Some(line) => *line = line.with(&place),
            None => lines.push(place),
        }
    }
    out.extend(lines.into_iter().filter_map(|part| cell(marks, part, false)));
    out.sort_by(|a, b| a.base.total_cmp(&b.base).then(a.part.x0.cmp(&b.part.x0)));
    out
}

/// What sheets print within a box.
pub(super) fn cell(marks: &Marks, part: Part, constant: bool) -> Option<Cell> {
    let around = Part { x0: part.x0 - 1, y0: part.y0 - 2, x1: part.x1 + 1, y1: part.y1 + 4 };
    let seen: Vec<Vec<Part>> = marks.clean.iter().map(|own| within(own, &around)).collect();
    let mut heights: Vec<i32> =
        seen.iter().flatten().map(Part::height).filter(|h| f64::from(*h) >= HEIGHTS.0 * PX).collect();
    heights.sort_unstable();
    let cap = *heights.get(heights.len() * 6 / 10)?;
    let tall = |p: &&Part| p.height() * 4 >= cap * 3;
    let base = median(seen.iter().flatten().filter(tall).map(|p| f64::from(p.y1)).collect());
    let span = |parts: &Vec<Part>| {
        let mut main: Vec<&Part> = parts.iter().filter(tall).collect();
        main.sort_by_key(|p| p.x0);
        let (left, right) = (main.first()?.x0, main.iter().map(|p| p.x1).max()?);
        let low = |p: &&Part| p.height() * 5 < cap * 3 && f64::from(p.y0) > base - 0.45 * f64::from(cap);
        let behind = |d: &Part| main.iter().filter(|p| p.x0 + p.x1 > d.x0 + d.x1).count();
        let has = |n: usize, tail: bool| {
            parts.iter().filter(low).any(|d| {
                behind(d) == n && d.x0 > left && (f64::from(d.y1) > base + 0.1 * f64::from(cap)) == tail
            })
        };
        Some(Span {
            left: f64::from(left) / PX,
            right: f64::from(right) / PX,
            point: has(2, false) || has(2, true),
            mark: has(3, true) || has(3, false),
            signs: main.len(),
        })
    };
    let spans = seen.iter().map(span).collect();
    Some(Cell { part, base: base / PX, cap: f64::from(cap) / PX, spans, constant })
}

/// Signs that stand beside each other, as words: nearer than a share of their height.
pub(super) fn joined(parts: &[Part], apart: f64) -> Vec<Part> {
    let mut words: Vec<Part> = parts
        .iter()
        .filter(|p| {
            let h = f64::from(p.height()) / PX;
            h >= HEIGHTS.0 && h <= HEIGHTS.1 && f64::from(p.width()) / PX <= 3.0 * HEIGHTS.1
        })
        .copied()
        .collect();
    words.sort_by_key(|p| p.x0);
    let mut out: Vec<Part> = Vec::new();
    for p in words {
        let near = |o: &Part| {
            let (low, high) = (o.height().min(p.height()), o.height().max(p.height()));
            p.beside(o) * 10 >= low * 5 && f64::from(p.gap(o)) <= apart * f64::from(high) && high <= 3 * low
        };
        match out.iter().rposition(near) {
            Some(k) => out[k] = out[k].with(&p),
            None => out.push(p),
        }
    }
    out
}

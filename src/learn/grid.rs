//! Columns, rows and blocks of the numbers.
//!
//! In: [`Figure`]s. Out: a [`Grid`]: which numbers hang on one x, which stand on one line, which lines follow each other
//! evenly; and the numbers that never vary, which look like constant print, where row and column ask for one. Refuses
//! nothing: a number that hangs on nothing is a column of its own.

use super::cells::{self, joined};
use super::lay::{Laid, median};
use super::marks::{Marks, PX, Part};
use super::numbers::{self, Figure, Kind};
use super::text::{fit, text_style};
use crate::form::print::{ink, text_width};
use crate::form::{Align, Style, Weight};
use crate::read::glyphs::Readers;
use image::GrayImage;

/// How far from the x on which it hangs a number may stand, mm.
const OFF: f64 = 0.4;
/// The share of a place's numbers that hang there.
const HANG: f64 = 0.8;
/// A line that is farther from the one before than so many of the usual distances begins another block.
const GAP: f64 = 1.35;

/// Numbers that hang on one x.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// How they hang.
    pub align: Align,
    /// Where, mm.
    pub x: f64,
    /// How they are printed.
    pub style: Style,
    /// The widest of them, mm.
    pub width: f64,
    /// What they are.
    pub kind: Kind,
    /// Whether one of them has a mark of thousands.
    pub mark: bool,
}

/// Numbers on one line.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its baseline, mm.
    pub y: f64,
    /// Column and figure of each, from left to right.
    pub cells: Vec<(usize, usize)>,
}

/// See the head of the file.
pub(super) struct Grid {
    /// All numbers; those that never vary at the end.
    pub figures: Vec<Figure>,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, from top to bottom.
    pub rows: Vec<Row>,
    /// Rows that follow each other evenly with the same columns, by their index.
    pub blocks: Vec<Vec<usize>>,
}

/// What is read from, beside the numbers.
pub(super) struct Source<'a> {
    pub pictures: &'a [GrayImage],
    pub laid: &'a Laid,
    pub readers: &'a Readers,
    pub marks: &'a Marks,
    pub flat: &'a [GrayImage],
    /// How much ink bleeds, px.
    pub bleed: f64,
}

/// A value as it is printed.
pub(super) fn printed(kind: Kind, value: u32, mark: bool) -> String {
    match kind {
        Kind::Share => format!("{}.{:02}", value / 100, value % 100),
        Kind::Number if mark && value > 999 => format!("{},{:03}", value / 1000, value % 1000),
        Kind::Number => value.to_string(),
    }
}

/// Paper between a figure's pen and its ink, before and after it, em.
fn bearings(weight: Weight) -> [(f64, f64); 10] {
    std::array::from_fn(|d| {
        let (text, style) = (d.to_string(), text_style(1.0, weight));
        let (mut from, mut to) = (i64::MAX, i64::MIN);
        ink(&text, (20.0, 100.0), &style, 100.0, |x, _, coverage| {
            if coverage > 0.5 {
                (from, to) = (from.min(x), to.max(x + 1));
            }
        });
        let end = 20.0 + 100.0 * text_width(&text, &style);
        ((from as f64 - 20.0) / 100.0, (end - to as f64) / 100.0)
    })
}

/// Where the pen of a figure's numbers begins and ends, by sheet.
fn pens(figure: &Figure, size: f64, bearings: &[(f64, f64); 10]) -> Vec<(f64, f64)> {
    let one = |(span, value): (&Option<cells::Span>, &Option<(u32, f64)>)| {
        let (span, value) = ((*span)?, value.filter(|v| v.1 > 0.9)?);
        let text: Vec<usize> = printed(figure.kind, value.0, false)
            .bytes()
            .filter(u8::is_ascii_digit)
            .map(|b| usize::from(b - b'0'))
            .collect();
        let (first, last) = (*text.first()?, *text.last()?);
        Some((span.left - bearings[first].0 * size, span.right + bearings[last].1 * size))
    };
    figure.cell.spans.iter().zip(&figure.values).filter_map(one).collect()
}

/// Where a pen hangs.
fn hung((left, right): (f64, f64), align: Align) -> f64 {
    match align {
        Align::Left => left,
        Align::Centre => (left + right) / 2.0,
        Align::Right => right,
    }
}

/// How the numbers of a place are printed, by up to five of them.
fn print_of(figure: &Figure, flat: &[GrayImage], bleed: f64) -> Style {
    let mut fits: Vec<Style> = Vec::new();
    for (k, (span, value)) in figure.cell.spans.iter().zip(&figure.values).enumerate() {
        let Some((span, value)) = span.zip(value.filter(|v| v.1 > 0.95)) else { continue };
        let px = |mm: f64| (mm * PX).round() as i32;
        let (y0, y1) = (px(figure.cell.base - figure.cell.cap), px(figure.cell.base));
        let part = Part { x0: px(span.left), y0, x1: px(span.right), y1 };
        let text = printed(figure.kind, value.0, span.mark);
        fits.extend(fit(&flat[k], &text, &part, bleed).map(|f| f.style));
        if fits.len() == 5 {
            break;
        }
    }
    let bold = fits.iter().filter(|f| f.weight == Weight::Bold).count();
    let weight = if 2 * bold > fits.len() { Weight::Bold } else { Weight::Regular };
    let size = median(fits.iter().map(|f| f.size).collect());
    text_style(if fits.is_empty() { figure.em() } else { size }, weight)
}

impl Grid {
    /// Of numbers.
    pub fn of(source: &Source<'_>, figures: Vec<Figure>) -> Self {
        let mut grid = Self { figures, columns: Vec::new(), rows: Vec::new(), blocks: Vec::new() };
        let styles: Vec<Style> =
            grid.figures.iter().map(|f| print_of(f, source.flat, source.bleed)).collect();
        let bearings = [bearings(Weight::Regular), bearings(Weight::Bold)];
        let own = |s: &Style| &bearings[usize::from(s.weight == Weight::Bold)];
        let pens: Vec<Vec<(f64, f64)>> =
            grid.figures.iter().zip(&styles).map(|(f, s)| pens(f, s.size, own(s))).collect();
        let mut of = grid.hang(&styles, &pens);
        grid.join(&mut of);
        grid.stray(&mut of);
        grid.again(source, &of);
        grid.line_up(&of);
        grid.complete(source, own);
        grid.block();
        grid
    }

    /// Columns by what most numbers hang on; the column of each figure.
    fn hang(&mut self, styles: &[Style], pens: &[Vec<(f64, f64)>]) -> Vec<usize> {
        let n = self.figures.len();
        let mut of = vec![usize::MAX; n];
        loop {
            let open: Vec<usize> = (0..n).filter(|&k| of[k] == usize::MAX && !pens[k].is_empty()).collect();
            let mut best: Option<(f64, Align, f64, Vec<usize>)> = None;
            for &k in &open {
                for align in [Align::Right, Align::Centre, Align::Left] {
                    // A share hangs by its end.
                    if self.figures[k].kind == Kind::Share && align != Align::Right {
                        continue;
                    }
                    let x = median(pens[k].iter().map(|&p| hung(p, align)).collect());
                    let like = |&j: &usize| {
                        let alike = (styles[j].size / styles[k].size).ln().abs() < 0.12;
                        let there = pens[j].iter().filter(|&&p| (hung(p, align) - x).abs() < OFF).count();
                        self.figures[j].kind == self.figures[k].kind
                            && alike
                            && there as f64 >= HANG * pens[j].len() as f64
                    };
                    let members: Vec<usize> = open.iter().copied().filter(like).collect();
                    let all = members.iter().flat_map(|&j| &pens[j]);
                    let nearness = |p: &(f64, f64)| 1.0 - ((hung(*p, align) - x) / OFF).powi(2);
                    let worth: f64 = all.map(nearness).filter(|v| *v > 0.0).sum();
                    if best.as_ref().is_none_or(|b| worth > b.0 + 1e-6) {
                        best = Some((worth, align, x, members));
                    }
                }
            }
            let Some((_, align, _, members)) = best.filter(|b| !b.3.is_empty()) else { break };
            let x = median(members.iter().flat_map(|&j| &pens[j]).map(|&p| hung(p, align)).collect());
            let bold = members.iter().filter(|&&j| styles[j].weight == Weight::Bold).count();
            let weight = if 2 * bold > members.len() { Weight::Bold } else { Weight::Regular };
            let size = median(members.iter().map(|&j| styles[j].size).collect());
            let width = members.iter().flat_map(|&j| &pens[j]).map(|p| p.1 - p.0).fold(0.0, f64::max);
            let marked = |j: usize| {
                let spans = self.figures[j].cell.spans.iter().zip(&self.figures[j].values);
                spans.filter(|(s, v)| s.is_some_and(|s| s.mark) && v.is_some_and(|v| v.0 > 999)).count() > 0
            };
            let kind = self.figures[members[0]].kind;
            let mark = kind == Kind::Number && members.iter().any(|&j| marked(j));
            members.iter().for_each(|&j| of[j] = self.columns.len());
            self.columns.push(Column { align, x, style: text_style(size, weight), width, kind, mark });
        }
        of
    }

    /// Columns that are one: paper that lies askew takes them apart.
    fn join(&mut self, of: &mut [usize]) {
        let rows = |of: &[usize], c: usize| -> Vec<f64> {
            of.iter().enumerate().filter(|o| *o.1 == c).map(|o| self.figures[o.0].cell.base).collect()
        };
        for b in (1..self.columns.len()).rev() {
            let one = (0..b).find(|&a| {
                let (p, q) = (&self.columns[a], &self.columns[b]);
                let near = (p.x - q.x).abs() < 2.0 * OFF && p.align == q.align && p.kind == q.kind;
                let (above, below) = (rows(of, a), rows(of, b));
                near && (p.style.size / q.style.size).ln().abs() < 0.12
                    && !above.iter().any(|y| below.iter().any(|z| (y - z).abs() < p.style.size))
            });
            if let Some(a) = one {
                let (n, m) = (rows(of, a).len() as f64, rows(of, b).len() as f64);
                let q = self.columns.remove(b);
                let p = &mut self.columns[a];
                p.x = (n * p.x + m * q.x) / (n + m);
                p.width = p.width.max(q.width);
                p.mark |= q.mark;
                of.iter_mut().for_each(|c| match *c {
                    c_ if c_ == b => *c = a,
                    c_ if c_ > b && c_ != usize::MAX => *c = c_ - 1,
                    _ => {}
                });
            }
        }
    }

    /// Leaves out what hangs on nothing and stands, on a line of numbers, where a column does: a part of its number.
    fn stray(&mut self, of: &mut Vec<usize>) {
        let n = |c: usize, of: &[usize]| of.iter().filter(|o| **o == c).count();
        let keep: Vec<bool> = (0..of.len())
            .map(|k| {
                let own = &self.figures[k].cell;
                let over = |&j: &usize| {
                    of[j] != of[k] && n(of[j], of) >= 4 && {
                        let part = self.figures[j].cell.part;
                        -own.part.gap(&part) * 2 > own.part.width()
                    }
                };
                let line = |&j: &usize| {
                    of[j] != of[k]
                        && n(of[j], of) >= 4
                        && (self.figures[j].cell.base - own.base).abs() < 0.4 * own.cap
                };
                let all: Vec<usize> = (0..of.len()).filter(|&j| of[j] != usize::MAX).collect();
                n(of[k], of) > 1 || !all.iter().any(over) || !all.iter().any(line)
            })
            .collect();
        let mut kept = keep.iter();
        self.figures.retain(|_| *kept.next().unwrap_or(&true));
        let mut kept = keep.iter();
        of.retain(|_| *kept.next().unwrap_or(&true));
    }

    /// Reads each number of a column once more in all the room that the column takes: a figure that is the same on all sheets
    /// is no ink that differs.
    fn again(&mut self, source: &Source<'_>, of: &[usize]) {
        for c in 0..self.columns.len() {
            let members: Vec<usize> = (0..of.len()).filter(|&k| of[k] == c).collect();
            if members.len() < 3 {
                continue;
            }
            let parts = members.iter().map(|&k| self.figures[k].cell.part);
            let (x0, x1) = parts.fold((i32::MAX, 0), |e, p| (e.0.min(p.x0), e.1.max(p.x1)));
            for k in members {
                let own = self.figures[k].cell.part;
                let Some(cell) = cells::cell(source.marks, Part { x0, x1, ..own }, false) else { continue };
                let (read, _) = numbers::read(source.pictures, source.laid, source.readers, vec![cell]);
                if let Some(figure) = read.into_iter().next().filter(|f| f.kind == self.figures[k].kind) {
                    self.figures[k] = figure;
                }
            }
        }
    }

    /// Rows by baseline.
    fn line_up(&mut self, of: &[usize]) {
        for (k, &column) in of.iter().enumerate().filter(|o| *o.1 != usize::MAX) {
            self.add(k, column);
        }
    }

    /// Puts a number into its row.
    fn add(&mut self, figure: usize, column: usize) {
        let (y, cap) = (self.figures[figure].cell.base, self.figures[figure].cell.cap);
        match self.rows.iter_mut().find(|r| (r.y - y).abs() < 0.4 * cap) {
            Some(row) => row.cells.push((column, figure)),
            None => self.rows.push(Row { y, cells: vec![(column, figure)] }),
        }
        let left = |c: &(usize, usize)| self.figures[c.1].cell.part.x0;
        self.rows.iter_mut().for_each(|r| r.cells.sort_by_key(left));
        self.rows.sort_by(|a, b| a.y.total_cmp(&b.y));
    }

    /// The members of a column, from top to bottom.
    fn members(&self, column: usize) -> Vec<usize> {
        let of = |r: &Row| r.cells.iter().find(|c| c.0 == column).map(|c| c.1);
        self.rows.iter().filter_map(of).collect()
    }

    /// The numbers that never vary: constant print that hangs where a column of numbers does and is read as one, and in rows
    /// of several numbers what stands where the others do.
    fn complete<'b>(&mut self, source: &Source<'_>, own: impl Fn(&Style) -> &'b [(f64, f64); 10]) {
        let words = joined(&source.marks.constant, 0.55);
        for column in 0..self.columns.len() {
            let c = self.columns[column].clone();
            let members = self.members(column);
            if c.kind != Kind::Number || members.len() < 4 {
                continue;
            }
            let ys: Vec<f64> = members.iter().map(|&k| self.figures[k].cell.base).collect();
            let (pitch, cap) = (pitch(&ys), self.figures[members[0]].cell.cap);
            let (top, foot) = (ys[0] - 1.6 * pitch, ys[ys.len() - 1] + 1.6 * pitch);
            for word in &words {
                let (base, high) = (f64::from(word.y1) / PX, f64::from(word.height()) / PX);
                let wide = f64::from(word.width()) / PX;
                if base < top || base > foot || (high / cap).ln().abs() > 0.15 || wide > 4.0 * cap {
                    continue;
                }
                self.take(source, *word, column, &own);
            }
        }
        for r in 0..self.rows.len() {
            if self.rows[r].cells.len() < 2 {
                continue;
            }
            for column in 0..self.columns.len() {
                // Columns of which another row has as many neighbours.
                let beside = |row: &Row| {
                    row.cells.iter().any(|c| c.0 == column)
                        && self.rows[r].cells.iter().filter(|c| row.cells.iter().any(|o| o.0 == c.0)).count()
                            >= 2
                };
                if self.rows[r].cells.iter().any(|c| c.0 == column) || !self.rows.iter().any(beside) {
                    continue;
                }
                let boxes = self.members(column).into_iter().map(|k| self.figures[k].cell.part);
                let Some(all) = boxes.reduce(|a, b| a.with(&b)) else { continue };
                let cap = self.figures[self.rows[r].cells[0].1].cell.cap;
                let px = |mm: f64| (mm * PX).round() as i32;
                let y = self.rows[r].y;
                self.take(source, Part { y0: px(y - cap), y1: px(y), ..all }, column, &own);
            }
        }
    }

    /// Takes a constant number into a column where it is one.
    fn take<'b>(
        &mut self,
        source: &Source<'_>,
        part: Part,
        column: usize,
        own: &impl Fn(&Style) -> &'b [(f64, f64); 10],
    ) {
        let over = |f: &Figure| f.cell.part.beside(&part) > 2 && f.cell.part.gap(&part) < -2;
        if self.figures.iter().any(over) {
            return;
        }
        let Some(cell) = cells::cell(source.marks, part, true) else { return };
        let c = self.columns[column].clone();
        let (mut read, _) = numbers::read(source.pictures, source.laid, source.readers, vec![cell]);
        let Some(mut figure) = read.pop().filter(|f| f.kind == c.kind) else { return };
        let pens = pens(&figure, c.style.size, own(&c.style));
        let there = pens.iter().filter(|&&p| (hung(p, c.align) - c.x).abs() < OFF).count();
        let printed = figure.cell.spans.iter().flatten().count();
        let sure = (0..figure.values.len()).filter(|&s| figure.sure(s).is_some()).count();
        let whole = |n: usize| n as f64 >= 0.85 * figure.values.len() as f64;
        if whole(there) && whole(printed) && whole(sure) {
            let first = figure.values.iter().flatten().next().map(|v| v.0);
            figure.cell.constant =
                (0..figure.values.len()).all(|s| figure.sure(s).is_none_or(|v| Some(v) == first));
            self.figures.push(figure);
            self.add(self.figures.len() - 1, column);
        }
    }

    /// Blocks: rows of several numbers, or where there are none of the columns with the most.
    fn block(&mut self) {
        let several = self.rows.iter().filter(|r| r.cells.len() > 1).count() > 1;
        let taken: Vec<usize> =
            (0..self.rows.len()).filter(|&r| !several || self.rows[r].cells.len() > 1).collect();
        let ys: Vec<f64> = taken.iter().map(|&r| self.rows[r].y).collect();
        let usual = pitch(&ys);
        let columns = |r: usize| -> Vec<usize> {
            let mut all: Vec<usize> = self.rows[r].cells.iter().map(|c| c.0).collect();
            all.sort_unstable();
            all
        };
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for (k, &r) in taken.iter().enumerate() {
            let follows = k > 0 && {
                let before = taken[k - 1];
                let gap = self.rows[r].y - self.rows[before].y;
                // In rows of one number another distance is another table.
                let even = several || k < 2 || blocks.last().is_none_or(|b| b.len() < 2) || {
                    let own = blocks.last().expect("there is one");
                    let last = self.rows[own[own.len() - 1]].y - self.rows[own[own.len() - 2]].y;
                    (gap / last).ln().abs() < 0.15
                };
                let common = columns(r).iter().filter(|c| columns(before).contains(c)).count();
                before + 1 == r
                    && common * 3 >= 2 * columns(r).len().max(columns(before).len())
                    && gap < GAP * usual
                    && even
            };
            match blocks.last_mut().filter(|_| follows) {
                Some(block) => block.push(r),
                None => blocks.push(vec![r]),
            }
        }
        self.blocks = blocks;
    }
}

/// The usual distance of lines that follow each other: the one that most are near to.
fn pitch(ys: &[f64]) -> f64 {
    let steps: Vec<f64> = ys.windows(2).map(|w| w[1] - w[0]).collect();
    let near = |s: &f64| steps.iter().filter(|o| (*o - s).abs() < 0.25).count();
    steps.iter().copied().max_by_key(near).unwrap_or(5.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::cells::{Cell, Span};

    const SIZE: f64 = 3.0;

    /// A place whose numbers hang on an x, mm, as a face without paper around its figures prints them.
    fn place(y: f64, align: Align, x: f64, values: &[u32]) -> (Figure, Vec<(f64, f64)>) {
        let width = |v: u32| 0.556 * SIZE * v.to_string().len() as f64;
        let pen = |&v: &u32| (x + align.left(width(v)), x + align.left(width(v)) + width(v));
        let pens: Vec<(f64, f64)> = values.iter().map(pen).collect();
        let span = |p: &(f64, f64)| Some(Span { left: p.0, right: p.1, point: false, mark: false, signs: 1 });
        let ends = pens.iter().fold((f64::MAX, 0.0f64), |e, p| (e.0.min(p.0), e.1.max(p.1)));
        let px = |mm: f64| (mm * PX) as i32;
        let part = Part { x0: px(ends.0), y0: px(y - 2.0), x1: px(ends.1), y1: px(y) };
        let cell = Cell { part, base: y, cap: 2.1, spans: pens.iter().map(span).collect(), constant: false };
        let values = values.iter().map(|&v| Some((v, 0.999))).collect();
        (Figure { cell, kind: Kind::Number, values }, pens)
    }

    fn grid(places: Vec<(Figure, Vec<(f64, f64)>)>) -> (Grid, Vec<usize>) {
        let (figures, pens): (Vec<Figure>, Vec<_>) = places.into_iter().unzip();
        let styles = vec![text_style(SIZE, Weight::Regular); figures.len()];
        let mut grid = Grid { figures, columns: Vec::new(), rows: Vec::new(), blocks: Vec::new() };
        let of = grid.hang(&styles, &pens);
        (grid, of)
    }

    #[test]
    fn numbers_hang_on_the_end_that_does_not_move() {
        let values = [[3, 41, 512, 7], [88, 9, 140, 23], [1, 30, 4, 999]];
        for align in [Align::Left, Align::Centre, Align::Right] {
            let places = (0..3).map(|r| place(20.0 + 4.0 * r as f64, align, 60.0, &values[r])).collect();
            let (grid, of) = grid(places);
            assert_eq!((grid.columns.len(), of), (1, vec![0; 3]), "{align:?}");
            assert!(grid.columns[0].align == align && (grid.columns[0].x - 60.0).abs() < 0.1);
        }
    }

    #[test]
    fn columns_that_paper_takes_apart_are_one_and_columns_of_the_same_rows_are_not() {
        let values = [[3, 41, 512, 7], [88, 9, 140, 23]];
        let at = |y: f64, x: f64, k: usize| place(y, Align::Right, x, &values[k]);
        let (mut one, mut of) =
            grid(vec![at(20.0, 60.0, 0), at(24.0, 60.0, 1), at(80.0, 60.6, 0), at(84.0, 60.6, 1)]);
        assert_eq!(one.columns.len(), 2);
        one.join(&mut of);
        assert_eq!((one.columns.len(), of), (1, vec![0; 4]));
        let (mut two, mut of) =
            grid(vec![at(20.0, 60.0, 0), at(24.0, 60.0, 1), at(20.0, 60.6, 0), at(24.0, 60.6, 1)]);
        two.join(&mut of);
        assert_eq!(two.columns.len(), 2);
    }

    #[test]
    fn lines_of_even_distance_with_the_same_columns_are_a_block() {
        let values = [[3, 41, 512, 7], [88, 9, 140, 23]];
        let row = |y: f64| (0..2).map(move |k| place(y, Align::Right, 40.0 + 20.0 * k as f64, &values[k]));
        let ys = [20.0, 24.0, 28.0, 44.0, 48.0];
        let (mut grid, of) = grid(ys.into_iter().flat_map(row).collect());
        grid.line_up(&of);
        grid.block();
        let lines: Vec<usize> = grid.blocks.iter().map(Vec::len).collect();
        assert_eq!((grid.rows.len(), lines), (5, vec![3, 2]));
    }
}

//! What stands on one sheet, or on a few, for a person who draws its definition.
//!
//! In: pictures of one to a few sheets of a form, the first of which is drawn on. Out: [`Seen`]: the sheets straightened and
//! laid over each other, the texts and lines of the first, and, of any part of it, the columns and rows of numbers that stand
//! there with what each sheet prints. Refuses nothing: sheets that do not lie over the first are left out and named.

use super::cells::{self, Cell, joined};
use super::grid::{Grid, Source};
use super::lay::{self, Laid, median};
use super::marks::{Marks, PX, Part};
use super::names::Namer;
use super::numbers::{self, FIGURES, Figure, Kind};
use super::text::{self, Phrase};
use super::{Picture, relations};
use crate::form::{Align, Rule, Weight};
use crate::ground::geometry::{Point, Rect};
use crate::read::cut;
use crate::read::glyphs::Readers;
use crate::read::glyphs::net::NetError;
use crate::read::sheet::{Mesh, Rung};
use image::GrayImage;

/// A text of the first sheet, mm.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// What it says.
    pub text: String,
    /// Where its pen begins, and its baseline.
    pub x: f64,
    pub y: f64,
    /// Em.
    pub size: f64,
    pub bold: bool,
    /// Its ink.
    pub rect: Rect,
    /// Whether it looks, drawn, like what stands there.
    pub drawn: bool,
    /// Whether it does, and stands on the other sheets too.
    pub anchor: bool,
}

/// Where numbers hang, mm.
#[derive(Debug, Clone)]
pub(crate) struct Hung {
    pub align: Align,
    pub x: f64,
    /// The widest of them.
    pub width: f64,
    pub size: f64,
    pub bold: bool,
    /// Whether they are shares in per cent; values are then hundredths.
    pub share: bool,
    /// Whether one of them has a mark of thousands.
    pub mark: bool,
    /// Id and text of what stands at its head.
    pub head: (String, String),
}

/// Numbers on one line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Its baseline, mm.
    pub y: f64,
    /// The text beside it.
    pub name: Option<String>,
    /// Of some columns: which, the text beside that number, and its value on each sheet where it is read surely.
    pub numbers: Vec<(usize, Option<String>, Vec<Option<u32>>)>,
}

/// Columns and rows of a part of the sheet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub columns: Vec<Hung>,
    pub lines: Vec<Line>,
    /// Lines that follow each other evenly with the same columns, each with the text above it. Where every line has one number
    /// they are one.
    pub blocks: Vec<(Option<String>, Vec<usize>)>,
    /// The column that the others of its row add up to.
    pub sum: Option<usize>,
}

/// The paper's size, mm, and where it lies in which pictures.
pub(crate) type Known = ((f64, f64), Vec<(usize, Mesh)>);

/// See the head of the file.
pub(crate) struct Seen {
    pictures: Vec<GrayImage>,
    laid: Laid,
    readers: Readers,
    /// Of all sheets, and of the first alone.
    marks: Marks,
    first: Marks,
    flat: Vec<GrayImage>,
    bleed: f64,
    differ: Vec<Cell>,
    phrases: Vec<Phrase>,
}

/// A map of a sheet that lies straight in its picture.
fn level(picture: &Picture) -> Mesh {
    let (w, h) = picture.pixels.dimensions();
    let (width, height) = (f64::from(w) / picture.scale, f64::from(h) / picture.scale);
    let rung = |y: f64| Rung {
        y,
        points: [0.0, width / 2.0, width].map(|x| Point::new(x * picture.scale, y * picture.scale)),
    };
    Mesh { width, rungs: lay::rungs(height).into_iter().map(rung).collect() }
}

/// How pictures of a form that nobody has described lie over the first: its size, and which do.
fn over(pictures: &[Picture], pixels: &[GrayImage]) -> Laid {
    let scales: Vec<f64> = pictures.iter().map(|p| p.scale).collect();
    let together = (pixels.len() > 1).then(|| lay::lay(pixels, &scales)).flatten();
    if let Some(mut laid) = together.filter(|l| l.sheets.iter().any(|s| s.0 == 0)) {
        laid.sheets.sort_by_key(|s| s.0);
        return laid;
    }
    let (w, h) = pixels[0].dimensions();
    let size = (f64::from(w) / scales[0], f64::from(h) / scales[0]);
    let alone =
        Picture { name: String::new(), pixels: pixels[0].clone(), scale: scales[0], paper: (0.0, size.1) };
    Laid { size, sheets: lay::upright(pixels, vec![(0, level(&alone))], size) }
}

impl Seen {
    /// Looks at pictures; `known` says how they lie where a definition has told it: the size of the paper, and maps of its
    /// millimetres, the first picture's first.
    ///
    /// # Errors
    /// The networks do not load.
    pub fn of(mut pictures: Vec<Picture>, known: Option<Known>) -> Result<Self, NetError> {
        let pixels: Vec<GrayImage> = pictures.iter_mut().map(|p| std::mem::take(&mut p.pixels)).collect();
        let laid = match known {
            Some((size, sheets)) => Laid { size, sheets },
            None => over(&pictures, &pixels),
        };
        let flat: Vec<GrayImage> =
            laid.sheets.iter().map(|(k, mesh)| lay::flattened(&pixels[*k], mesh, laid.size, PX)).collect();
        let marks = Marks::of(&flat);
        let first = Marks::of(&flat[..1]);
        let (phrases, _, bleed) = text::read(&first, &[]);
        let differ = cells::differing(&marks);
        Ok(Self {
            pictures: pixels,
            laid,
            readers: Readers::new()?,
            marks,
            first,
            flat,
            bleed,
            differ,
            phrases,
        })
    }

    /// Width and height of the straightened sheet, mm.
    pub fn size(&self) -> (f64, f64) {
        self.laid.size
    }

    /// The sheets that lie over each other, the first first: which picture, and the map of its millimetres.
    pub fn sheets(&self) -> impl Iterator<Item = (usize, &GrayImage, &Mesh)> {
        self.laid.sheets.iter().map(|(k, mesh)| (*k, &self.pictures[*k], mesh))
    }

    /// The readers of the networks.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// The first sheet, straightened, so many pixels a millimetre.
    pub fn picture(&self, px_per_mm: f64) -> GrayImage {
        let (k, mesh) = &self.laid.sheets[0];
        cut::cut(&self.pictures[*k], mesh, Rect::new(0.0, 0.0, self.laid.size.0, self.laid.size.1), px_per_mm)
    }

    /// The printed lines.
    pub fn rules(&self) -> &[Rule] {
        &self.marks.rules
    }

    /// The texts of the first sheet.
    pub fn texts(&self) -> Vec<Text> {
        let recurs = |part: &Part| {
            let own: Vec<&Part> = self.first.constant.iter().filter(|p| inside(p, part)).collect();
            let there = |p: &&&Part| self.marks.constant.iter().any(|o| o.beside(p) > 0 && o.gap(p) < 0);
            own.iter().filter(there).count() * 10 >= own.len() * 9
        };
        let text = |p: &Phrase| Text {
            text: p.text.clone(),
            x: p.x,
            y: p.y,
            size: p.style.size,
            bold: p.style.weight == Weight::Bold,
            rect: rect(&p.part),
            drawn: p.drawn,
            // One sheet alone does not tell a date from a heading: digits differ more likely than words.
            anchor: p.drawn
                && p.is_name()
                && recurs(&p.part)
                && (self.flat.len() > 1 || !p.text.contains(|c: char| c.is_ascii_digit())),
        };
        self.phrases.iter().map(text).collect()
    }

    /// The box around the ink of a part of the first sheet, and how high its signs are, mm.
    pub fn ink(&self, area: Rect) -> Option<(Rect, f64)> {
        let own = |p: &&Part| holds(area, p) && f64::from(p.height()) < 9.0 * PX;
        let parts: Vec<Part> = self.first.constant.iter().filter(own).copied().collect();
        let mut heights: Vec<i32> = parts.iter().map(Part::height).collect();
        heights.sort_unstable();
        let cap = f64::from(*heights.get(heights.len() * 6 / 10)?) / PX;
        Some((rect(&parts.into_iter().reduce(|a, b| a.with(&b))?), cap))
    }

    /// The numbers of a part of the sheet.
    pub fn table(&self, area: Rect) -> Table {
        let mut own: Vec<Cell> = Vec::new();
        let mut taken = vec![false; self.differ.len()];
        let trimmed = |part: Part| self.without_percent(self.after_sign(part));
        for word in joined(&self.first.constant, 0.55).into_iter().map(trimmed).filter(|p| holds(area, p)) {
            // What differs there on the other sheets is the same number.
            let mut part = word;
            for (k, c) in self.differ.iter().enumerate() {
                if c.part.beside(&word) > 2 && c.part.gap(&word) < 0 {
                    taken[k] = true;
                    part = part.with(&c.part);
                }
            }
            own.extend(cells::cell(&self.marks, trimmed(part), part == word));
        }
        let others = self.differ.iter().zip(taken).filter(|(c, taken)| !taken && holds(area, &c.part));
        own.extend(others.map(|o| o.0.clone()));
        let (figures, _) = numbers::read(&self.pictures, &self.laid, &self.readers, own);
        let source = Source {
            pictures: &self.pictures,
            laid: &self.laid,
            readers: &self.readers,
            marks: &self.marks,
            flat: &self.flat,
            bleed: self.bleed,
        };
        // A number is no name, and constant where there is but one sheet; nor is what leads to one.
        let name = |p: &&Phrase| p.text.contains(char::is_alphabetic) && !p.text.contains('=');
        let names: Vec<Phrase> = self.phrases.iter().filter(name).cloned().collect();
        table(&Grid::of(&source, figures), &names, area)
    }

    /// A word without what stands before two short strokes one above the other: `VOTES=400`, `Total:400`.
    fn after_sign(&self, word: Part) -> Part {
        let own: Vec<&Part> = self.first.constant.iter().filter(|p| inside(p, &word)).collect();
        let short = |p: &&&Part| p.height() * 3 < word.height();
        let strokes: Vec<&&Part> = own.iter().filter(short).collect();
        let above = |a: &&&&Part| {
            strokes.iter().any(|b| b.y0 > a.y1 && (b.x0 - a.x0).abs() < 2 && (b.x1 - a.x1).abs() < 2)
        };
        match strokes.iter().filter(above).map(|p| p.x1).max().filter(|x| word.x1 - x > word.height() / 3) {
            Some(x0) => Part { x0, ..word },
            None => word,
        }
    }

    /// A word without the sign for per cent behind it: a wide sign after a point and two figures. On several sheets it is known
    /// to be constant, on one it is a part of its word.
    fn without_percent(&self, word: Part) -> Part {
        let mut signs: Vec<Part> = Vec::new();
        let mut own: Vec<Part> = self.first.constant.iter().filter(|p| inside(p, &word)).copied().collect();
        own.sort_by_key(|p| p.x0);
        for part in own {
            match signs.last_mut().filter(|s| s.gap(&part) < 0) {
                Some(sign) => *sign = sign.with(&part),
                None => signs.push(part),
            }
        }
        let [.., point, one, other, last] = signs.as_slice() else { return word };
        let high = one.height().max(other.height());
        let tall = |p: &Part| p.height() * 4 > high * 3 && p.width() < high;
        let wide = last.width() * 20 > high * 19 && last.height() * 4 > high * 3;
        let low = point.height() * 2 < high && point.y1 * 2 > word.y0 + word.y1;
        match wide && low && tall(one) && tall(other) {
            true => Part { x1: other.x1, ..word },
            false => word,
        }
    }

    /// The height of a figure's em, by that of its sign.
    pub fn em(cap: f64) -> f64 {
        cap / FIGURES
    }
}

/// A number of the area: its figure, and the ink of all its prints from left to right, mm.
struct Own {
    figure: usize,
    ink: (f64, f64),
}

/// A grid without what stands beside the area. Of one sheet a column has few numbers, so that it is told by where they stand
/// rather than by what they hang on.
fn table(grid: &Grid, phrases: &[Phrase], area: Rect) -> Table {
    let namer = Namer::new(grid, phrases);
    let spans = |f: &Figure| {
        let own = f.cell.spans.iter().flatten();
        own.fold((f64::MAX, 0.0f64), |e, s| (e.0.min(s.left), e.1.max(s.right)))
    };
    let within = |k: &usize| holds(area, &grid.figures[*k].cell.part);
    let all = (0..grid.figures.len()).filter(within).map(|k| Own { figure: k, ink: spans(&grid.figures[k]) });
    let mut columns: Vec<Vec<Own>> = Vec::new();
    for own in all.filter(|o| o.ink.0 < o.ink.1) {
        let beside = |o: &Own| {
            let over = own.ink.1.min(o.ink.1) - own.ink.0.max(o.ink.0);
            let size = grid.figures[own.figure].cell.cap / grid.figures[o.figure].cell.cap;
            over > 0.5 * (own.ink.1 - own.ink.0).min(o.ink.1 - o.ink.0) && size.ln().abs() < 0.25
        };
        match columns.iter_mut().find(|c| c.iter().any(beside)) {
            Some(column) => column.push(own),
            None => columns.push(vec![own]),
        }
    }
    // Where shares stand, a number is a share whose point was not seen; and the other way round, as most are.
    for column in &mut columns {
        let share = |o: &&Own| grid.figures[o.figure].kind == Kind::Share;
        let most =
            if column.iter().filter(share).count() * 2 > column.len() { Kind::Share } else { Kind::Number };
        column.retain(|o| grid.figures[o.figure].kind == most);
    }
    columns.sort_by(|a, b| a[0].ink.0.total_cmp(&b[0].ink.0));
    let mut lines: Vec<Line> = Vec::new();
    for (c, column) in columns.iter().enumerate() {
        for own in column {
            let f = &grid.figures[own.figure];
            let values = (0..f.values.len()).map(|s| f.sure(s)).collect();
            let number = (c, namer.total(own.figure), values);
            match lines.iter_mut().find(|l| (l.y - f.cell.base).abs() < 0.4 * f.cell.cap) {
                Some(line) => line.numbers.push(number),
                None => lines.push(Line { y: f.cell.base, name: None, numbers: vec![number] }),
            }
        }
    }
    lines.sort_by(|a, b| a.y.total_cmp(&b.y));
    for line in &mut lines {
        let row = grid.rows.iter().position(|r| (r.y - line.y).abs() < 1.0);
        line.name = row.and_then(|r| namer.row(r)).or_else(|| line.numbers.first().and_then(|n| n.1.clone()));
    }
    let hung = columns.iter().map(|c| hung(grid, &namer, c)).collect::<Vec<_>>();
    let sum = sum(&hung, &lines);
    let several = lines.iter().any(|l| l.numbers.len() > 1);
    let at = |row: usize| lines.iter().position(|l| (l.y - grid.rows[row].y).abs() < 0.5);
    let blocks = if several {
        let of = |b: usize| {
            let rows: Vec<usize> = grid.blocks[b]
                .iter()
                .filter_map(|&r| at(r))
                .filter(|&l| lines[l].numbers.len() > 1)
                .collect();
            (!rows.is_empty()).then(|| (namer.heading(b), rows))
        };
        (0..grid.blocks.len()).filter_map(of).collect()
    } else {
        let heading = grid.blocks.iter().position(|b| b.iter().any(|&r| at(r) == Some(0)));
        vec![(heading.and_then(|b| namer.heading(b)), (0..lines.len()).collect())]
    };
    Table { blocks, sum, columns: hung, lines }
}

/// Where the numbers of a column hang: on the end that moves least.
fn hung(grid: &Grid, namer: &Namer<'_>, column: &[Own]) -> Hung {
    let figure = |o: &Own| &grid.figures[o.figure];
    let known: Vec<usize> = column.iter().filter_map(|o| column_of(grid, o.figure)).collect();
    let size = match known.is_empty() {
        true => median(column.iter().map(|o| figure(o).em()).collect()),
        false => median(known.iter().map(|&c| grid.columns[c].style.size).collect()),
    };
    let spans: Vec<(f64, f64)> = column
        .iter()
        .flat_map(|o| figure(o).cell.spans.iter().flatten().map(|s| (s.left, s.right)))
        .collect();
    // Before and behind its ink a figure has a little paper.
    let end = |align: Align, (left, right): (f64, f64)| match align {
        Align::Left => left - 0.06 * size,
        Align::Centre => (left + right) / 2.0,
        Align::Right => right + 0.05 * size,
    };
    let spread = |align: Align| {
        let x = median(spans.iter().map(|&s| end(align, s)).collect());
        let off = spans.iter().map(|&s| (end(align, s) - x).abs());
        (x, off.sum::<f64>() / spans.len() as f64)
    };
    let share = figure(&column[0]).kind == Kind::Share;
    let (mut align, (mut x, mut least)) = (Align::Right, spread(Align::Right));
    for other in [Align::Centre, Align::Left] {
        let (at, off) = spread(other);
        if !share && off + 0.05 < least {
            (align, x, least) = (other, at, off);
        }
    }
    let marked = |o: &Own| {
        let f = figure(o);
        f.cell
            .spans
            .iter()
            .zip(&f.values)
            .any(|(s, v)| s.is_some_and(|s| s.mark) && v.is_some_and(|v| v.0 > 999))
    };
    let bold = known.iter().filter(|&&c| grid.columns[c].style.weight == Weight::Bold).count();
    let head = known.first().map_or_else(Default::default, |&c| namer.value(c));
    Hung {
        align,
        x,
        width: spans.iter().map(|s| s.1 - s.0).fold(0.0, f64::max) + 0.1 * size,
        size,
        bold: 2 * bold > known.len(),
        share,
        mark: !share && column.iter().any(marked),
        head,
    }
}

/// The grid's column of a figure.
fn column_of(grid: &Grid, figure: usize) -> Option<usize> {
    grid.rows.iter().flat_map(|r| &r.cells).find(|c| c.1 == figure).map(|c| c.0)
}

/// The column that the others add up to in each row.
fn sum(columns: &[Hung], lines: &[Line]) -> Option<usize> {
    let numbers: Vec<usize> = (0..columns.len()).filter(|&c| !columns[c].share).collect();
    if numbers.len() < 3 {
        return None;
    }
    let of = |l: &Line, c: usize| l.numbers.iter().find(|n| n.0 == c).map(|n| n.2.clone());
    let holds = |&target: &usize| {
        let mut told = 0;
        let broken = lines.iter().any(|l| {
            let parts: Option<Vec<_>> = numbers.iter().filter(|&&c| c != target).map(|&c| of(l, c)).collect();
            let Some((parts, whole)) = parts.zip(of(l, target)) else { return false };
            let added = relations::sum(&parts);
            told += added.iter().zip(&whole).filter(|(a, b)| a.is_some_and(|a| a > 0) && a == b).count();
            added.iter().zip(&whole).any(|(a, b)| a.zip(*b).is_some_and(|(a, b)| a != b))
        });
        told > 0 && !broken
    };
    numbers.iter().copied().rev().find(holds)
}

/// A box in mm.
fn rect(part: &Part) -> Rect {
    let mm = |v: i32| f64::from(v) / PX;
    Rect::new(mm(part.x0), mm(part.y0), mm(part.width()), mm(part.height()))
}

/// Whether the middle of a box lies in an area.
fn holds(area: Rect, part: &Part) -> bool {
    let own = rect(part);
    let (x, y) = (own.x + own.width / 2.0, own.y + own.height / 2.0);
    x >= area.x && x <= area.right() && y >= area.y && y <= area.bottom()
}

/// Whether the middle of a sign lies in a text's box.
fn inside(part: &Part, text: &Part) -> bool {
    let (x, y) = ((part.x0 + part.x1) / 2, (part.y0 + part.y1) / 2);
    x >= text.x0 && x <= text.x1 && y >= text.y0 && y <= text.y1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_that_the_others_add_up_to_is_told_from_one_sheet() {
        let hung = |share| Hung {
            align: Align::Right,
            x: 0.0,
            width: 1.0,
            size: 3.0,
            bold: false,
            share,
            mark: false,
            head: Default::default(),
        };
        let columns = [hung(false), hung(false), hung(false), hung(true)];
        let line = |values: [u32; 4]| Line {
            y: 0.0,
            name: None,
            numbers: values.into_iter().enumerate().map(|(c, v)| (c, None, vec![Some(v)])).collect(),
        };
        assert_eq!(sum(&columns, &[line([3, 10, 7, 50]), line([0, 4, 4, 50])]), Some(1));
        assert_eq!(sum(&columns, &[line([3, 10, 7, 50]), line([0, 4, 5, 50])]), None);
        assert_eq!(sum(&columns, &[line([0, 0, 0, 0])]), None, "nought says nothing");
        assert_eq!(sum(&columns[..2], &[line([1, 1, 0, 0])]), None);
    }
}

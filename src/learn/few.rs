//! What stands on one sheet, or on a few, for a person who draws its definition.
//!
//! In: pictures of one to a few sheets of a form, the first of which is drawn on. Out: [`Seen`]: the sheets straightened and
//! laid over each other, the texts and lines of the first, and, of any part of it, the columns and rows of numbers that stand
//! there with what each sheet prints. Refuses nothing: sheets that do not lie over the first are left out and named.

use super::cells::{self, Cell, joined};
use super::grid::{Grid, Source};
use super::lay::{self, Laid};
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
    /// Whether it looks, drawn, like what stands there, and stands on the other sheets too.
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
    pub fn of(
        mut pictures: Vec<Picture>,
        known: Option<((f64, f64), Vec<(usize, Mesh)>)>,
    ) -> Result<Self, NetError> {
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
        let mut own: Vec<Cell> = self.differ.iter().filter(|c| holds(area, &c.part)).cloned().collect();
        for word in joined(&self.first.constant, 0.55).into_iter().filter(|p| holds(area, p)) {
            if !own.iter().any(|c| c.part.beside(&word) > 2 && c.part.gap(&word) < 0) {
                own.extend(cells::cell(&self.marks, word, true));
            }
        }
        let (figures, _) = numbers::read(&self.pictures, &self.laid, &self.readers, own);
        let source = Source {
            pictures: &self.pictures,
            laid: &self.laid,
            readers: &self.readers,
            marks: &self.marks,
            flat: &self.flat,
            bleed: self.bleed,
        };
        table(&Grid::of(&source, figures), &self.phrases, area)
    }

    /// The height of a figure's em, by that of its sign.
    pub fn em(cap: f64) -> f64 {
        cap / FIGURES
    }
}

/// A grid without what stands beside the area.
fn table(grid: &Grid, phrases: &[Phrase], area: Rect) -> Table {
    let namer = Namer::new(grid, phrases);
    let within = |f: &Figure| holds(area, &f.cell.part);
    let mut known: Vec<usize> =
        grid.rows.iter().flat_map(|r| &r.cells).filter(|c| within(&grid.figures[c.1])).map(|c| c.0).collect();
    let left = |c: &usize| {
        ((grid.columns[*c].x + grid.columns[*c].align.left(grid.columns[*c].width)) * 100.0) as i64
    };
    known.sort_by_key(left);
    known.dedup();
    let hung = |&c: &usize| {
        let column = &grid.columns[c];
        Hung {
            align: column.align,
            x: column.x,
            width: column.width,
            size: column.style.size,
            bold: column.style.weight == Weight::Bold,
            share: column.kind == Kind::Share,
            mark: column.mark,
            head: namer.value(c),
        }
    };
    let mut lines = Vec::new();
    for (r, row) in grid.rows.iter().enumerate() {
        let mut numbers = Vec::new();
        for &(column, figure) in row.cells.iter().filter(|c| within(&grid.figures[c.1])) {
            let values = (0..grid.figures[figure].values.len()).map(|s| grid.figures[figure].sure(s));
            if let Some(at) = known.iter().position(|&k| k == column) {
                numbers.push((at, namer.total(figure), values.collect()));
            }
        }
        if !numbers.is_empty() {
            lines.push(Line { y: row.y, name: namer.row(r), numbers });
        }
    }
    let columns: Vec<Hung> = known.iter().map(hung).collect();
    let sum = sum(&columns, &lines);
    let several = lines.iter().any(|l| l.numbers.len() > 1);
    let at = |row: usize| lines.iter().position(|l| l.y == grid.rows[row].y);
    let blocks = if several {
        let of = |b: usize| {
            let rows: Vec<usize> = grid.blocks[b].iter().filter_map(|&r| at(r)).collect();
            (!rows.is_empty()).then(|| (namer.heading(b), rows))
        };
        (0..grid.blocks.len()).filter_map(of).collect()
    } else {
        let heading = grid.blocks.iter().position(|b| b.iter().any(|&r| at(r) == Some(0)));
        vec![(heading.and_then(|b| namer.heading(b)), (0..lines.len()).collect())]
    };
    Table { blocks, sum, columns, lines }
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

//! How a line that says which sheet it is, or a number, is cut: several times where once leaves it in doubt.
//!
//! In: a line. Out: crops, a little higher, lower, wider, narrower and askew: print that reads alike however it is cut
//! is read. Refuses a line without ink.

use super::Header;
use super::lines::Line;
use crate::form::HeaderLine;
use crate::ground::geometry::{Point, Rect};
use crate::read::cut::{self, CAP_HEIGHT, CROP_HEIGHT, DIGITS_WIDTH, EM_PX, line_frame};
use crate::read::evidence::TextReading;
use crate::read::glyphs::{Charset, Look, ReaderId};
use crate::read::photo::greys::Greys;
use crate::read::sheet::{Mesh, Rung};
use image::{GrayImage, Luma};

/// From this probability on a line is not cut again: as sure as a decision asks for.
pub(super) const SURE: f64 = 0.99;
/// The cuts that are made at first: a little lower and higher.
const FEW: std::ops::Range<usize> = 1..3;
/// How a line is cut: its left end moved, and the whole moved down, by em; its em; its slope.
const LOOKS: [(f64, f64, f64, f64); 9] = [
    (0.0, 0.0, 1.0, 0.0),
    (0.03, 0.09, 1.0, 0.0),
    (-0.03, -0.09, 1.0, 0.0),
    (0.0, 0.0, 0.94, 0.0),
    (0.0, 0.0, 1.06, 0.0),
    (0.03, 0.04, 1.0, 0.018),
    (-0.03, -0.04, 1.0, -0.018),
    (-0.5, 0.05, 1.03, 0.0),
    (-0.3, -0.05, 0.97, 0.0),
];

impl Header<'_> {
    /// What a line says that has to be as the form's pattern: by the network for codes and numbers, in two cuts
    /// where these are sure, else in all of them.
    pub(super) fn closely(&self, line: &Line, spec: &HeaderLine, charset: Charset) -> TextReading {
        let em = self.em_of(&spec.id);
        let first = self.read(&self.beside(line, em), spec, (charset, Look::Close));
        if first.says.values.first().is_some_and(|v| v.1 >= SURE) {
            return first;
        }
        let all: Vec<GrayImage> = LOOKS.iter().filter_map(|&look| self.cut(line, em, look)).collect();
        self.read(&all, spec, (charset, Look::Close))
    }

    /// A line cut a little lower and higher.
    pub(super) fn beside(&self, line: &Line, em: f64) -> Vec<GrayImage> {
        LOOKS[FEW].iter().filter_map(|&look| self.cut(line, em, look)).collect()
    }

    /// What one cut of a line says.
    pub(super) fn glance(&self, line: &Line, spec: &HeaderLine, kind: (Charset, Look)) -> TextReading {
        let crop = self.cut(line, self.em_of(&spec.id), LOOKS[0]);
        self.read(&Vec::from_iter(crop), spec, kind)
    }

    /// How far one cut of a line is a text of such a shape, whatever its digits.
    pub(super) fn fits(&self, line: &Line, spec: &HeaderLine, shape: &str) -> f64 {
        let crop = self.cut(line, self.em_of(&spec.id), LOOKS[0]);
        crop.map_or(0.0, |crop| self.readers.fits(&crop, shape))
    }

    /// One cut of a line in a print of `em`: see [`LOOKS`]. `None` where it has no ink.
    fn cut(&self, line: &Line, em: f64, (dx, dy, wide, slope): (f64, f64, f64, f64)) -> Option<GrayImage> {
        let (left, right) = line.ink?;
        let frame = line_frame(left + dx * em, right, line.base + dy * em, wide * em);
        let mesh = askew(&self.mesh, frame.rect, slope, (line.base, tallness(line, em)));
        Some(cut::cut(self.photo.pixels, &mesh, frame.rect, frame.px_per_mm))
    }

    /// What the network says of cuts of one line: place by place where the form says where digits and dots stand, else the
    /// texts that fit its pattern.
    fn read(&self, crops: &[GrayImage], spec: &HeaderLine, kind: (Charset, Look)) -> TextReading {
        let Some(pattern) = &spec.pattern else { return TextReading::unreadable(ReaderId::Lines) };
        match skeleton(pattern.as_str()) {
            Some(shape) => self.readers.places(crops, kind.1, &shape),
            None => self.readers.looks(crops, kind, &|text| pattern.is_match(text).then(|| text.to_owned())),
        }
    }
}

/// A number cell's crop around the form x range `span`; what stands beside it is covered with paper.
pub(super) fn window(pixels: &GrayImage, mesh: &Mesh, span: (f64, f64), base: f64, em: f64) -> GrayImage {
    let px_per_mm = EM_PX / em;
    let (w, h) = (f64::from(DIGITS_WIDTH) / px_per_mm, f64::from(CROP_HEIGHT) / px_per_mm);
    let centre = (span.0 + span.1) / 2.0;
    let rect = Rect::new(centre - w / 2.0, base - CAP_HEIGHT / 2.0 * em - h / 2.0, w, h);
    let mut crop = cut::cut(pixels, mesh, rect, px_per_mm);
    let paper = Greys::of(&crop).share(0.75);
    for (x, _, pixel) in crop.enumerate_pixels_mut() {
        let at = rect.x + (f64::from(x) + 0.5) / px_per_mm;
        if at < span.0 || at > span.1 {
            *pixel = Luma([paper]);
        }
    }
    crop
}

/// A text that fits a pattern of nothing but digits and dots: its digits as 0. `None` for other patterns.
pub(super) fn skeleton(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern.trim_start_matches('^').trim_end_matches('$');
    while let Some(sign) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(r"\d{") {
            let (count, after) = after.split_once('}')?;
            out.push_str(&"0".repeat(count.parse().ok().filter(|&n| n < 64)?));
            rest = after;
        } else if let Some(after) = rest.strip_prefix(r"\d") {
            out.push('0');
            rest = after;
        } else if let Some(after) = rest.strip_prefix(r"\.") {
            out.push('.');
            rest = after;
        } else if "()".contains(sign) {
            rest = &rest[1..];
        } else {
            return None;
        }
    }
    Some(out)
}

/// How much blur adds to the height at which capitals are found, mm (lines of photos: 2.0 to 2.1 for 1.7).
const BLUR: f64 = 0.35;
/// Lines whose capitals are this much lower or higher than printed are cut as high as they are: the paper
/// leans away from the camera there.
const LEANS: f64 = 0.12;

/// How high a line's capitals stand against their print.
fn tallness(line: &Line, em: f64) -> f64 {
    let share = (line.base - line.top - BLUR) / (CAP_HEIGHT * em);
    if (share - 1.0).abs() < LEANS { 1.0 } else { share.clamp(0.6, 1.5) }
}

/// The mesh along a rectangle, turned about its middle so that it falls by `slope` to the right, and
/// stretched down from a baseline by a factor.
fn askew(mesh: &Mesh, rect: Rect, slope: f64, (base, tall): (f64, f64)) -> Mesh {
    let middle = rect.x + rect.width / 2.0;
    let rung = |y: f64| {
        let at = |t: f64| {
            let x = t * mesh.width;
            mesh.map(Point::new(x, base + (y - base) * tall + slope * (x - middle)))
        };
        Rung { y, points: [at(0.0), at(0.5), at(1.0)] }
    };
    Mesh { width: mesh.width, rungs: vec![rung(rect.y), rung(rect.bottom())] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_digits_and_dots_says_where_they_stand() {
        let shape = skeleton(r"^(\d{9})\.(\d{2})\.(\d)\.(\d{4})$").unwrap();
        assert_eq!(shape, "000000000.00.0.0000");
        assert_eq!(skeleton(r"^(\d{1,4}) Electores$"), None);
    }
}

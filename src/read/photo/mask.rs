//! What of a photo is known to say nothing: what stands under a streak that was taken out, under ink or light that runs
//! across the print, and outside the picture.
//!
//! In: the streaks of a picture, its size, and [`Marks`] of a sheet in it. Out: which stretches of a place on the sheet are
//! covered. Refuses nothing: a picture without any of it covers nothing.

use super::streaks::Streak;
use crate::ground::geometry::{Point, Rect};
use image::GrayImage;

/// A picture to read: its pixels, and what of them says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Masked<'a> {
    /// Upright pixels.
    pub pixels: &'a GrayImage,
    /// What is covered.
    pub mask: &'a Mask,
}

/// What covers print on a sheet, along its form.
#[derive(Debug, Clone)]
pub struct Marks {
    /// [`Marks::NONE`], [`Marks::INK`] or [`Marks::LIGHT`].
    pub pixels: GrayImage,
    /// Form coordinates of the top-left corner, mm.
    pub origin: Point,
    /// Pixels per millimetre.
    pub px_per_mm: f64,
}

impl Marks {
    /// Nothing covers it.
    pub const NONE: u8 = 0;
    /// Ink that runs across.
    pub const INK: u8 = 1;
    /// Light so strong that nothing is left.
    pub const LIGHT: u8 = 2;

    /// Whether so much of a column (form mm) is covered that a character there may be another; `by` what.
    fn covers(&self, column: Rect, by: impl Fn(u8) -> bool) -> bool {
        let (w, h) = self.pixels.dimensions();
        let px = |v: f64, of: f64| ((v - of) * self.px_per_mm).floor() as i64;
        let x = px(column.x + column.width / 2.0, self.origin.x);
        let rows = px(column.y, self.origin.y)..=px(column.bottom(), self.origin.y);
        let all = rows.clone().count() as f64;
        let inside = rows.filter(|y| (0..i64::from(h)).contains(y) && (0..i64::from(w)).contains(&x));
        let covered = inside.filter(|&y| by(self.pixels.get_pixel(x as u32, y as u32)[0])).count();
        covered > 0 && covered as f64 >= COLUMN * all
    }
}

/// Share of a column's height from which it is covered: a line of a pen, 0.3 mm, across capitals of 1.4 mm.
const COLUMN: f64 = 0.2;

/// How far apart the columns are that are looked at, mm: a pixel of a coarse scan.
const STEP: f64 = 0.1;

/// What is covered in a picture.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    streaks: Vec<Streak>,
    /// Of the picture, px; nothing of a picture without any lies outside.
    size: (u32, u32),
    marks: Option<Marks>,
}

impl Mask {
    /// Of a picture of a size, px, from which these streaks were taken out.
    pub fn of(streaks: Vec<Streak>, size: (u32, u32)) -> Self {
        Self { streaks, size, marks: None }
    }

    /// The same with what covers a sheet in it.
    #[must_use]
    pub fn with(&self, marks: Option<Marks>) -> Self {
        Self { marks, ..self.clone() }
    }

    /// How many streaks there are.
    pub fn streaks(&self) -> usize {
        self.streaks.len()
    }

    /// The stretches of a place on the sheet that are covered, from left to right, form x in mm; `map` gives the picture's
    /// point of one of the form.
    pub fn hides(&self, map: impl Fn(Point) -> Point, place: Rect) -> Vec<(f64, f64)> {
        let covered = |column: Rect| {
            let middle = column.middle();
            let seen = [column.y, column.bottom()].map(|y| map(Point::new(middle.x, y)));
            self.streaks.iter().any(|s| s.covers(seen[0].lerp(seen[1], 0.5), self.size))
                || seen.iter().any(|&p| self.is_outside(p))
                || self.marks.as_ref().is_some_and(|m| m.covers(column, |v| v != Marks::NONE))
        };
        let corners = place.corners().map(&map);
        if self.streaks.is_empty() && self.marks.is_none() && !corners.iter().any(|&p| self.is_outside(p)) {
            return Vec::new();
        }
        stretches(place, covered)
    }

    /// Those of them under light.
    pub fn dazzles(&self, place: Rect) -> Vec<(f64, f64)> {
        let light = |column| self.marks.as_ref().is_some_and(|m| m.covers(column, |v| v == Marks::LIGHT));
        if self.marks.is_some() { stretches(place, light) } else { Vec::new() }
    }

    fn is_outside(&self, p: Point) -> bool {
        let (w, h) = (f64::from(self.size.0), f64::from(self.size.1));
        self.size != (0, 0) && (p.x < 0.0 || p.y < 0.0 || p.x > w - 1.0 || p.y > h - 1.0)
    }
}

/// The runs of columns of a place for which `covered` holds.
fn stretches(place: Rect, covered: impl Fn(Rect) -> bool) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    for i in 0..(place.width / STEP).ceil() as u32 {
        let column = Rect::new(place.x + f64::from(i) * STEP, place.y, STEP, place.height);
        if covered(column) {
            match out.last_mut().filter(|s| column.x - s.1 < STEP / 2.0) {
                Some(last) => last.1 = column.right(),
                None => out.push((column.x, column.right())),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    /// Eight pixels a millimetre.
    fn map(p: Point) -> Point {
        Point::new(p.x * 8.0, p.y * 8.0)
    }

    /// A line of a pen, 0.4 mm wide, down at 3 mm; light from 6 mm on.
    fn marks() -> Marks {
        let pixels = GrayImage::from_fn(50, 50, |x, _| {
            Luma([match x {
                15..=16 => Marks::INK,
                30.. => Marks::LIGHT,
                _ => Marks::NONE,
            }])
        });
        Marks { pixels, origin: Point::new(0.0, 0.0), px_per_mm: 5.0 }
    }

    #[test]
    fn ink_light_and_what_lies_outside_cover_and_what_stands_beside_does_not() {
        let near = |got: &[(f64, f64)], want: &[(f64, f64)]| {
            let close =
                |(a, b): (&(f64, f64), &(f64, f64))| (a.0 - b.0).abs() < 0.15 && (a.1 - b.1).abs() < 0.15;
            assert!(got.len() == want.len() && got.iter().zip(want).all(close), "{got:?} {want:?}");
        };
        let place = Rect::new(1.0, 4.0, 7.0, 1.4);
        let plain = Mask::of(Vec::new(), (80, 80));
        assert!(plain.hides(map, place).is_empty());
        near(&plain.hides(map, Rect::new(8.0, 4.0, 3.0, 1.4)), &[(9.9, 11.0)]);
        let mask = plain.with(Some(marks()));
        near(&mask.hides(map, place), &[(3.0, 3.4), (6.0, 8.0)]);
        near(&mask.dazzles(place), &[(6.0, 8.0)]);
        near(&mask.hides(map, Rect::new(1.0, 4.0, 1.5, 1.4)), &[]);
        // What lies beyond the marks is not covered by them.
        near(&mask.dazzles(Rect::new(6.0, -3.0, 2.0, 1.4)), &[]);
    }

    #[test]
    fn a_touch_at_the_edge_of_a_character_covers_nothing() {
        let mut marks = marks();
        marks.pixels = GrayImage::from_fn(50, 50, |_, y| Luma([u8::from(y == 20)]));
        let mask = Mask::of(Vec::new(), (80, 80)).with(Some(marks));
        assert!(mask.hides(map, Rect::new(1.0, 4.0, 7.0, 1.4)).is_empty());
        assert!(!mask.hides(map, Rect::new(1.0, 4.0, 7.0, 0.4)).is_empty());
    }
}

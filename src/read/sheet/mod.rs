//! The sheet in the photo: where every millimetre of the form stands in the pixels.
//!
//! In: a photo's pixels and the known forms. Out: a [`Sheet`] a strip, with its mesh and how well
//! the printed anchors sit. Refuses (returns nothing for) strips whose anchors do not sit: what is
//! not registered is not read.
//!
//! Steps, each in its file: [`ribbon`] finds the paper and [`prints`] bands of print, [`unroll`] flattens
//! them to a small even work picture, [`level`] turns it along its rows, [`coarse`] aligns the form's
//! print to it along the strip, [`start`] gives each row a first place, [`refine`] places each printed
//! anchor ([`observe`], [`correlate`]) and the words ([`middles`]) and fits the [`Mesh`] through all of
//! them ([`spline`]), [`grow`] goes on from there to what the ribbon missed and follows the paper's bends,
//! [`follow`] goes up the header's lines.

mod correlate;
mod fit;
mod flat;
mod follow;
pub mod landmarks;
mod mesh;
mod middles;
mod register;
mod spline;
mod template;
mod terms;

pub use mesh::{Mesh, Rung};
pub use template::Template;

use crate::ground::deadline;
use crate::ground::geometry::Point;
use image::GrayImage;
use landmarks::{Level, Match, Pyramid, consensus};

/// A sheet found in a photo.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Index of the form among those given.
    pub form: usize,
    /// Form millimetres to photo pixels.
    pub mesh: Mesh,
    /// Registration score: mean correlation of the anchors with their print, 0 to 1.
    pub score: f64,
    /// Root mean square distance of the anchors from where the mesh puts them, mm.
    pub residual: f64,
    /// Share of the form's anchors that were found, 0 to 1.
    pub anchors: f64,
    /// Form y range, mm, whose print was found in the photo: what lies outside is not read.
    pub visible: (f64, f64),
    /// Every anchor that was found, by y.
    pub anchored: Vec<Anchored>,
    /// The longest run of anchors that fit the print of the next row, or the one before, better than
    /// their own.
    pub mistaken: usize,
}

/// An anchor that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchored {
    /// Form y, mm.
    pub y: f64,
    /// How far it is from where the mesh puts it, mm.
    pub off: f64,
    /// Whether it is constant text, that of one row and no other.
    pub named: bool,
}

/// How far from a row its anchors may be to speak for it, mm: three rows either way.
const NEAR: f64 = 16.0;

/// How many anchors have to be found within [`NEAR`]. A row has two, its name and its words; between
/// headings that are covered, three rows are left.
const SUPPORT: usize = 3;
/// How many of them at least are constant text: words look alike in every row.
const NAMED: usize = 1;

/// What a row's residual counts as where no anchor tells it, mm: a row pitch.
const ASTRAY: f64 = 4.0;

impl Sheet {
    fn near(&self, y: f64) -> Option<&[Anchored]> {
        let from = self.anchored.partition_point(|a| a.y < y - NEAR);
        let to = self.anchored.partition_point(|a| a.y <= y + NEAR);
        let near = &self.anchored[from..to];
        (near.len() >= SUPPORT && near.iter().filter(|a| a.named).count() >= NAMED).then_some(near)
    }

    /// Whether the print around form y was found in the photo, so that what stands there can be read.
    pub fn shows(&self, y: f64) -> bool {
        y >= self.visible.0 && y <= self.visible.1 && self.near(y).is_some()
    }

    /// Root mean square distance of the anchors around form y from where the mesh puts them, mm.
    pub fn residual_at(&self, y: f64) -> f64 {
        let Some(near) = self.near(y) else { return ASTRAY };
        (near.iter().map(|a| a.off * a.off).sum::<f64>() / near.len() as f64).sqrt()
    }
}

/// The least share of anchors with which a strip counts as a sheet of the form (not measured: at
/// chance below 0.1, at whole sheets above 0.8; a quarter of a sheet reaches 0.25).
const MIN_ANCHORS: f64 = 0.15;

/// Levels of the pyramid beside the one at which a whole sheet would fill the photo, in the order in which they are looked
/// at: larger ones for a sheet that is small in the photo, smaller ones for one of which the photo shows a part.
const LEVELS: [i32; 9] = [0, 1, -1, 2, 3, 4, 5, -2, 6];
/// The least and the most of a photo's own size at which it is looked at: a sheet of which the print is too small to be
/// read (1.6 pixels a millimetre) is found all the same, so that it can be said.
const SHARES: (f64, f64) = (0.06, 1.25);
/// The least and the most corners of a level, and pixels for each.
const CORNERS: (usize, usize, usize) = (1500, 4000, 200);
/// Where nothing was found, so many levels are looked at again, with so many times the corners: print on a table that has
/// more of them.
const AGAIN: usize = 3;
/// See [`AGAIN`].
const PLENTY: usize = 6;
/// From this share of its anchors on a sheet is whole.
const WHOLE: f64 = 0.8;
/// Landmarks all along the frame, from one to the next at most so many mm, need no second look.
const GAP: f64 = 40.0;
/// How often landmarks are sought where they should be, as long as more of the sheet is seen.
const GUIDED: usize = 12;

/// Finds the sheets of a photo.
///
/// `templates` are those of the known forms, in their order. The result is empty when no strip fits
/// any form; the sheets stand from left to right, then from top to bottom.
pub fn locate(pixels: &GrayImage, templates: &[Template]) -> Vec<Sheet> {
    let mut search = Search::new(pixels, templates);
    'found: for (levels, plenty) in [(&LEVELS[..], false), (&LEVELS[..AGAIN], true)] {
        search.turn_to(plenty);
        for &exponent in levels {
            deadline::check();
            for template in templates {
                if search.level(template.share(pixels) * landmarks::RATIO.powi(exponent)) {
                    search.look();
                }
            }
            if !search.sheets.is_empty() && search.sheets.iter().all(|s| search.seen(s)) {
                break 'found;
            }
        }
        if !search.sheets.is_empty() {
            break;
        }
    }
    let follow = |s: Sheet| follow::follow(pixels, &templates[s.form], s);
    let mut sheets: Vec<Sheet> = search.sheets.into_iter().map(follow).collect();
    sheets.sort_by(|a, b| {
        let (p, q) = (middle(a), middle(b));
        p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y))
    });
    sheets
}

/// A search for sheets: what was seen so far.
struct Search<'a> {
    pixels: &'a GrayImage,
    templates: &'a [Template],
    pyramid: Pyramid<'a>,
    levels: Vec<Level>,
    /// How many times the corners are taken.
    times: usize,
    /// What looks like a landmark of each form.
    matches: Vec<Vec<Match>>,
    sheets: Vec<Sheet>,
}

impl<'a> Search<'a> {
    fn new(pixels: &'a GrayImage, templates: &'a [Template]) -> Self {
        let matches = vec![Vec::new(); templates.len()];
        let pyramid = Pyramid::new(pixels);
        Self { pixels, templates, pyramid, levels: Vec::new(), times: 1, matches, sheets: Vec::new() }
    }

    /// Begins anew, with few corners or with plenty.
    fn turn_to(&mut self, plenty: bool) {
        self.times = if plenty { PLENTY } else { 1 };
        self.levels.clear();
        self.matches.iter_mut().for_each(Vec::clear);
    }

    /// Looks at the photo at a share of its size, unless it was looked at near that size before.
    fn level(&mut self, share: f64) -> bool {
        let share = share.clamp(SHARES.0, SHARES.1);
        let near = |l: &Level| (0.87..1.15).contains(&(l.share() / share));
        if self.levels.iter().any(near) {
            return false;
        }
        let (least, most, each) = CORNERS;
        let area = f64::from(self.pixels.width()) * f64::from(self.pixels.height()) * share * share;
        let level = self.pyramid.level(share, (area as usize / each).clamp(least, most) * self.times);
        for (template, matches) in self.templates.iter().zip(&mut self.matches) {
            landmarks::matches(&level, &template.landmarks, matches);
        }
        self.levels.push(level);
        true
    }

    /// Sheets on which what was seen so far agrees.
    fn look(&mut self) {
        for (form, template) in self.templates.iter().enumerate() {
            let ys = fit::rung_ys(template);
            let mut left = self.matches[form].clone();
            while let Some(place) = consensus::find(&left, &ys, template.frame.0) {
                let (mesh, known) = self.closely(template, (&left, &place), &ys);
                let found = register::register(self.pixels, (template, form), mesh, known);
                let found = found.filter(|s| s.anchors >= MIN_ANCHORS);
                let mut inlier = vec![false; left.len()];
                place.inliers.iter().for_each(|&k| inlier[k] = true);
                // What lies on the sheet is of no other one.
                let on = |m: &Match| {
                    found.as_ref().is_some_and(|s| register::on_strip(&s.mesh, s.visible, 20.0, m.photo))
                };
                let rest = left.iter().zip(inlier).filter(|(m, inlier)| !inlier && !on(m));
                left = rest.map(|(m, _)| *m).collect();
                let Some(sheet) = found else { continue };
                if self.sheets.iter().any(|s| s.anchors >= sheet.anchors && overlap(s, &sheet)) {
                    continue;
                }
                self.sheets.retain(|s| !overlap(&sheet, s));
                self.sheets.push(sheet);
            }
        }
    }

    /// A place made exact with what looks like a landmark where it puts one; the form y between which it is known.
    fn closely(
        &mut self,
        template: &Template,
        from: (&[Match], &consensus::Place),
        ys: &[f64],
    ) -> (Mesh, (f64, f64)) {
        let ends = |matches: &[Match], inliers: &[usize]| {
            let ys = || inliers.iter().map(|&k| matches[k].form.y);
            (ys().fold(f64::MAX, f64::min), ys().fold(f64::MIN, f64::max))
        };
        let (mut mesh, mut known) = (from.1.mesh.clone(), ends(from.0, &from.1.inliers));
        let mut seen: Vec<f64> = from.1.inliers.iter().map(|&k| from.0[k].form.y).collect();
        seen.extend([0.0, template.frame.1]);
        seen.sort_by(f64::total_cmp);
        if seen.windows(2).all(|w| w[1] - w[0] < GAP) {
            return (mesh, known);
        }
        for _ in 0..GUIDED {
            // Parts that are nearer or farther are seen at other sizes.
            for y in [known.0, known.1] {
                self.level(
                    template.landmarks.px_per_mm
                        / consensus::scale(&mesh, Point::new(template.frame.0 / 2.0, y)),
                );
            }
            let near = landmarks::guided(&self.levels, &template.landmarks, &mesh, known);
            let all = (0..near.len()).collect();
            let Some(again) = consensus::grow(&near, all, (ys, template.frame.0), 3) else { break };
            let ends = ends(&near, &again.inliers);
            let more = ends.0 < known.0 - 5.0 || ends.1 > known.1 + 5.0;
            (mesh, known) = (again.mesh, ends);
            if !more {
                break;
            }
        }
        (mesh, known)
    }

    /// Whether a sheet is seen whole, or as far as the photo shows it.
    fn seen(&self, sheet: &Sheet) -> bool {
        let (w, h) = (f64::from(self.pixels.width()), f64::from(self.pixels.height()));
        let inside = |y: f64| {
            let p = sheet.mesh.map(Point::new(sheet.mesh.width / 2.0, y));
            p.x > 0.0 && p.y > 0.0 && p.x < w && p.y < h
        };
        let height = self.templates[sheet.form].frame.1;
        let (top, bottom) = sheet.visible;
        let ends =
            (top < SPARE || !inside(top - SPARE)) && (bottom > height - SPARE || !inside(bottom + SPARE));
        sheet.anchors >= WHOLE || ends
    }
}

/// How much of a sheet's end may go unseen, mm: a heading and two rows.
const SPARE: f64 = 18.0;

/// The middle of a sheet's frame in the photo.
fn middle(sheet: &Sheet) -> Point {
    let y = (sheet.visible.0 + sheet.visible.1) / 2.0;
    sheet.mesh.map(Point::new(sheet.mesh.width / 2.0, y))
}

/// Whether `b` is of the strip that `a` is of: half of its visible middle line lies on what `a` shows.
fn overlap(a: &Sheet, b: &Sheet) -> bool {
    let line = |i: i32| {
        let y = b.visible.0 + (b.visible.1 - b.visible.0) * f64::from(i) / 20.0;
        b.mesh.map(Point::new(b.mesh.width / 2.0, y))
    };
    (0..=20).filter(|&i| register::on_strip(&a.mesh, a.visible, 20.0, line(i))).count() > 8
}

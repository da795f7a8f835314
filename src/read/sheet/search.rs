//! Where sheets lie in a photo: sought by the landmarks of the known forms at one size of it after the other.
//!
//! In: a photo, the forms' templates. Out: [`Sheet`]s, each registered. Refuses (leaves out) what agrees on too few
//! landmarks, or has too little of the form's print once it is registered.

use super::landmarks::{self, Level, Match, Pyramid, consensus};
use super::{Mesh, Sheet, Template, fit, register};
use crate::ground::deadline;
use crate::ground::geometry::Point;
use image::GrayImage;

/// The least share of anchors with which a strip counts as a sheet of the form (not measured: at
/// chance below 0.1, at whole sheets above 0.8; a quarter of a sheet reaches 0.25).
const MIN_ANCHORS: f64 = 0.15;

/// The least share of the anchors whose place the photo shows: pages that share their heads are told apart by the rest.
const MIN_SHOWN: f64 = 0.5;

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
/// Where fewer places agree than this, nothing is looked at again: pages of other forms mostly have 2 or 3.
const HINT: usize = 4;
/// From this share of its anchors on a sheet is whole.
const WHOLE: f64 = 0.8;
/// Landmarks all along the frame, from one to the next at most so many mm, need no second look.
const GAP: f64 = 40.0;
/// Rounds in which a map that is known already is laid anew through such landmarks.
const AGREED: usize = 3;
/// Sizes that differ by less are one: corners are found and described alike.
const SAME: (f64, f64) = (0.87, 1.15);
/// What lies so far beyond the visible ends of a sheet is still of it, mm.
const ABOUT: f64 = 20.0;
/// How often landmarks are sought where they should be, as long as more of the sheet is seen.
const GUIDED: usize = 12;
/// How much of a sheet's end may go unseen, mm: a heading and two rows.
const SPARE: f64 = 18.0;

/// The sheets of a photo, in the order in which they are found.
pub(super) fn sheets(pixels: &GrayImage, templates: &[Template]) -> Vec<Sheet> {
    let mut search = Search::new(pixels, templates);
    for (levels, times) in [(&LEVELS[..], 1), (&LEVELS[..AGAIN], PLENTY)] {
        search.begin(times);
        for &exponent in levels {
            for template in templates {
                if search.level(template.share(pixels) * landmarks::RATIO.powi(exponent)) {
                    search.look();
                }
            }
            if !search.sheets.is_empty() && search.sheets.iter().all(|s| search.seen(s)) {
                return search.sheets;
            }
        }
        if !search.sheets.is_empty() || search.agree < HINT {
            break;
        }
    }
    search.sheets
}

/// A search for sheets: what was seen so far.
struct Search<'a> {
    pixels: &'a GrayImage,
    templates: &'a [Template],
    pyramid: Pyramid<'a>,
    levels: Vec<Level>,
    /// How many times the corners are taken.
    times: usize,
    /// What looks like a landmark of each form, and how much of it was looked at.
    matches: Vec<(Vec<Match>, usize)>,
    /// How many places agreed at most.
    agree: usize,
    sheets: Vec<Sheet>,
}

impl<'a> Search<'a> {
    fn new(pixels: &'a GrayImage, templates: &'a [Template]) -> Self {
        let matches = vec![(Vec::new(), 0); templates.len()];
        let pyramid = Pyramid::new(pixels);
        Self {
            pixels,
            templates,
            pyramid,
            levels: Vec::new(),
            times: 1,
            matches,
            agree: 0,
            sheets: Vec::new(),
        }
    }

    /// Begins anew, with so many times the corners.
    fn begin(&mut self, times: usize) {
        self.times = times;
        self.levels.clear();
        self.matches.fill((Vec::new(), 0));
    }

    /// Looks at the photo at a share of its size, unless it was looked at near that size before.
    fn level(&mut self, share: f64) -> bool {
        let share = share.clamp(SHARES.0, SHARES.1);
        let near = |l: &Level| (SAME.0..SAME.1).contains(&(l.share() / share));
        if self.levels.iter().any(near) {
            return false;
        }
        let (least, most, each) = CORNERS;
        let area = f64::from(self.pixels.width()) * f64::from(self.pixels.height()) * share * share;
        let level = self.pyramid.level(share, (area as usize / each).clamp(least, most) * self.times);
        for (template, (matches, _)) in self.templates.iter().zip(&mut self.matches) {
            landmarks::matches(&level, &template.landmarks, matches);
        }
        self.levels.push(level);
        true
    }

    /// Sheets on which what was seen so far agrees, with some of what was seen since the last look.
    fn look(&mut self) {
        for (form, template) in self.templates.iter().enumerate() {
            let ys = fit::rung_ys(template);
            let (mut left, mut fresh) = self.matches[form].clone();
            self.matches[form].1 = left.len();
            loop {
                let (place, agree) = consensus::find(&left, fresh, &ys, template.frame.0);
                self.agree = self.agree.max(agree);
                let Some(place) = place else { break };
                deadline::check();
                let (mesh, known) = self.closely(template, (&left, &place), &ys);
                let found = register::register(self.pixels, (template, form), mesh, known);
                let found = found.filter(|s| s.anchors >= MIN_ANCHORS && self.shown(s) >= MIN_SHOWN);
                let mut inlier = vec![false; left.len()];
                place.inliers.iter().for_each(|&k| inlier[k] = true);
                // What lies on the sheet is of no other one.
                let on = |m: &Match| {
                    found.as_ref().is_some_and(|s| register::on_strip(&s.mesh, s.visible, ABOUT, m.photo))
                };
                let stays: Vec<bool> = left.iter().zip(inlier).map(|(m, inlier)| !inlier && !on(m)).collect();
                fresh = stays[..fresh].iter().filter(|&&s| s).count();
                left = left.into_iter().zip(&stays).filter(|m| *m.1).map(|m| m.0).collect();
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
                let (right, down) = consensus::steps(&mesh, Point::new(template.frame.0 / 2.0, y));
                self.level(template.landmarks.px_per_mm / consensus::scale(right, down));
            }
            let near = landmarks::guided(&self.levels, &template.landmarks, &mesh, known);
            let all = (0..near.len()).collect();
            let Some(again) = consensus::grow(&near, all, (ys, template.frame.0), AGREED) else { break };
            let ends = ends(&near, &again.inliers);
            let more = ends.0 < known.0 - 5.0 || ends.1 > known.1 + 5.0;
            (mesh, known) = (again.mesh, ends);
            if !more {
                break;
            }
        }
        (mesh, known)
    }

    /// Whether the photo shows a form point of a sheet.
    fn inside(&self, sheet: &Sheet, p: Point) -> bool {
        let p = sheet.mesh.map(p);
        p.x > 0.0
            && p.y > 0.0
            && p.x < f64::from(self.pixels.width())
            && p.y < f64::from(self.pixels.height())
    }

    /// How many of the anchors whose place the photo shows were found.
    fn shown(&self, sheet: &Sheet) -> f64 {
        let places: Vec<Point> = self.templates[sheet.form].places().collect();
        let inside = places.iter().filter(|p| self.inside(sheet, **p)).count();
        sheet.anchors * places.len() as f64 / inside.max(1) as f64
    }

    /// Whether a sheet is seen whole, or as far as the photo shows it.
    fn seen(&self, sheet: &Sheet) -> bool {
        let inside = |y: f64| self.inside(sheet, Point::new(sheet.mesh.width / 2.0, y));
        let height = self.templates[sheet.form].frame.1;
        let (top, bottom) = sheet.visible;
        let ends =
            (top < SPARE || !inside(top - SPARE)) && (bottom > height - SPARE || !inside(bottom + SPARE));
        sheet.anchors >= WHOLE || ends
    }
}

/// Whether `b` is of the strip that `a` is of: half of its visible middle line lies on what `a` shows.
fn overlap(a: &Sheet, b: &Sheet) -> bool {
    let line = |i: i32| {
        let y = b.visible.0 + (b.visible.1 - b.visible.0) * f64::from(i) / 20.0;
        b.mesh.map(Point::new(b.mesh.width / 2.0, y))
    };
    (0..=20).filter(|&i| register::on_strip(&a.mesh, a.visible, ABOUT, line(i))).count() > 8
}

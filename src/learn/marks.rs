//! What of laid over sheets recurs and what differs.
//!
//! In: the ink of each sheet on the common sheet, [`PX`] pixels a millimetre. Out: [`Marks`]: the printed lines, the constant
//! signs, and the ink of each sheet that is neither. Refuses nothing: what recurs on too few sheets differs.

use crate::form::Rule;
use image::{GrayImage, Luma};
use imageproc::region_labelling::{Connectivity, connected_components};
use rayon::prelude::*;

/// Pixels a millimetre.
pub(super) const PX: f64 = 8.0;
/// From here on a pixel is ink.
const DARK: u8 = 105;
/// The share of the sheets on which a constant sign recurs.
const RECURS: f64 = 0.9;
/// How alike it is there.
const ALIKE: f64 = 0.72;
/// The shortest line across and the shortest one down, mm.
const LINES: (f64, f64) = (8.0, 2.5);

/// A box of pixels; the right and the lower end are outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub x0: i32,
    pub y0: i32,
    pub x1: i32,
    pub y1: i32,
}

impl Part {
    pub fn width(&self) -> i32 {
        self.x1 - self.x0
    }

    pub fn height(&self) -> i32 {
        self.y1 - self.y0
    }

    /// The smallest box around both.
    pub fn with(&self, o: &Part) -> Part {
        Part { x0: self.x0.min(o.x0), y0: self.y0.min(o.y0), x1: self.x1.max(o.x1), y1: self.y1.max(o.y1) }
    }

    /// How many rows both have.
    pub fn beside(&self, o: &Part) -> i32 {
        self.y1.min(o.y1) - self.y0.max(o.y0)
    }

    /// How many columns are between them; less than nothing where they overlap.
    pub fn gap(&self, o: &Part) -> i32 {
        self.x0.max(o.x0) - self.x1.min(o.x1)
    }
}

/// See the head of the file.
pub(super) struct Marks {
    /// Printed lines, mm.
    pub rules: Vec<Rule>,
    /// The constant signs.
    pub constant: Vec<Part>,
    /// Their ink.
    pub print: GrayImage,
    /// The ink of each sheet without the lines.
    pub clean: Vec<GrayImage>,
    /// Signs of each sheet that are not constant.
    pub differs: Vec<Vec<Part>>,
}

impl Marks {
    /// Tells what recurs from what differs.
    pub fn of(flat: &[GrayImage]) -> Self {
        let median = median(flat);
        let (rules, ruled) = rules(&median);
        let all = parts(&without(&median, &[&ruled]));
        let recurs = |part: &Part| {
            let n = flat.iter().filter(|own| alike(&median, own, part, 2) > ALIKE).count();
            n as f64 >= RECURS * flat.len() as f64
        };
        let constant: Vec<Part> =
            all.into_par_iter().filter(|p| p.height() > 1 && p.width() > 1 && recurs(p)).collect();
        let mut print = GrayImage::new(median.width(), median.height());
        for p in &constant {
            for (y, x) in (p.y0..p.y1).flat_map(|y| (p.x0..p.x1).map(move |x| (y as u32, x as u32))) {
                print.put_pixel(x, y, Luma([median.get_pixel(x, y)[0].max(print.get_pixel(x, y)[0])]));
            }
        }
        let known = grown(&print, 2);
        let clean: Vec<GrayImage> = flat.par_iter().map(|own| without(own, &[&ruled])).collect();
        let differs = clean.par_iter().map(|own| parts(&without(own, &[&known]))).collect();
        Self { rules, constant, print, clean, differs }
    }
}

/// The middle value of each pixel.
fn median(flat: &[GrayImage]) -> GrayImage {
    let (w, h) = flat[0].dimensions();
    let row = |y: usize| -> Vec<u8> {
        let mut values = vec![0u8; flat.len()];
        let at = |x: usize| {
            let i = y * w as usize + x;
            values.iter_mut().zip(flat).for_each(|(v, f)| *v = f.as_raw()[i]);
            let middle = flat.len() / 2;
            *values.select_nth_unstable(middle).1
        };
        (0..w as usize).map(at).collect()
    };
    let rows: Vec<Vec<u8>> = (0..h as usize).into_par_iter().map(row).collect();
    GrayImage::from_raw(w, h, rows.concat()).expect("one value a pixel")
}

/// Ink that none of some pictures have.
fn without(ink: &GrayImage, others: &[&GrayImage]) -> GrayImage {
    let mut out = ink.clone();
    for (i, v) in out.iter_mut().enumerate() {
        if others.iter().any(|o| o.as_raw()[i] >= DARK) {
            *v = 0;
        }
    }
    out
}

/// Dark pixels that hang together, box by box.
fn parts(ink: &GrayImage) -> Vec<Part> {
    let dark = GrayImage::from_fn(ink.width(), ink.height(), |x, y| {
        Luma([if ink.get_pixel(x, y)[0] >= DARK { 255 } else { 0 }])
    });
    let labelled = connected_components(&dark, Connectivity::Eight, Luma([0]));
    let mut out: Vec<Part> = Vec::new();
    for (x, y, l) in labelled.enumerate_pixels().filter(|p| p.2[0] > 0) {
        let (x, y, k) = (x as i32, y as i32, l[0] as usize - 1);
        if out.len() <= k {
            out.resize(k + 1, Part { x0: i32::MAX, y0: i32::MAX, x1: 0, y1: 0 });
        }
        out[k] = out[k].with(&Part { x0: x, y0: y, x1: x + 1, y1: y + 1 });
    }
    out.retain(|p| p.width() > 1 || p.height() > 1);
    out
}

/// Every dark pixel made `by` larger on each side.
fn grown(ink: &GrayImage, by: i32) -> GrayImage {
    let (w, h) = (ink.width() as i32, ink.height() as i32);
    let mut out = GrayImage::new(ink.width(), ink.height());
    for (x, y, _) in ink.enumerate_pixels().filter(|p| p.2[0] >= DARK) {
        for (u, v) in (-by..=by).flat_map(|v| (-by..=by).map(move |u| (x as i32 + u, y as i32 + v))) {
            if u >= 0 && v >= 0 && u < w && v < h {
                out.put_pixel(u as u32, v as u32, Luma([255]));
            }
        }
    }
    out
}

/// Signs within a box.
pub(super) fn within(ink: &GrayImage, part: &Part) -> Vec<Part> {
    let (x0, y0) = (part.x0.max(0), part.y0.max(0));
    let (x1, y1) = (part.x1.min(ink.width() as i32), part.y1.min(ink.height() as i32));
    if x1 <= x0 || y1 <= y0 {
        return Vec::new();
    }
    let crop = GrayImage::from_fn((x1 - x0) as u32, (y1 - y0) as u32, |x, y| {
        *ink.get_pixel(x + x0 as u32, y + y0 as u32)
    });
    let back = |p: Part| Part { x0: p.x0 + x0, y0: p.y0 + y0, x1: p.x1 + x0, y1: p.y1 + y0 };
    parts(&crop).into_iter().map(back).collect()
}

/// How alike two pictures are within a box, wherever within `reach` pixels the second shows it: their correlation.
pub(super) fn alike(a: &GrayImage, b: &GrayImage, part: &Part, reach: i32) -> f64 {
    let (w, h) = (a.width() as i32, a.height() as i32);
    let around = Part { x0: part.x0 - 1, y0: part.y0 - 1, x1: part.x1 + 1, y1: part.y1 + 1 };
    let at = |of: &GrayImage, x: i32, y: i32| -> f64 {
        if x < 0 || y < 0 || x >= w || y >= h { 0.0 } else { f64::from(of.as_raw()[(y * w + x) as usize]) }
    };
    let score = |dx: i32, dy: i32| {
        let (mut n, mut sa, mut sb, mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for y in around.y0..around.y1 {
            for x in around.x0..around.x1 {
                let (p, q) = (at(a, x, y), at(b, x + dx, y + dy));
                n += 1.0;
                sa += p;
                sb += q;
                aa += p * p;
                bb += q * q;
                ab += p * q;
            }
        }
        let (va, vb) = (aa - sa * sa / n, bb - sb * sb / n);
        if va <= 0.0 || vb <= 0.0 { 0.0 } else { (ab - sa * sb / n) / (va * vb).sqrt() }
    };
    let shifts = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)));
    shifts.map(|(dx, dy)| score(dx, dy)).fold(0.0, f64::max)
}

/// The printed lines across and down, and where they stand.
fn rules(ink: &GrayImage) -> (Vec<Rule>, GrayImage) {
    let turned = GrayImage::from_fn(ink.height(), ink.width(), |x, y| *ink.get_pixel(y, x));
    let across = lines(ink, LINES.0);
    let ends = |v: i32| f64::from(v) / PX;
    let mut out: Vec<Rule> = Vec::new();
    let mut ruled = GrayImage::new(ink.width(), ink.height());
    let mut paint = |p: &Part| {
        for (x, y) in (p.y0 - 2..p.y1 + 2).flat_map(|y| (p.x0 - 2..p.x1 + 2).map(move |x| (x, y))) {
            if x >= 0 && y >= 0 && (x as u32) < ink.width() && (y as u32) < ink.height() {
                ruled.put_pixel(x as u32, y as u32, Luma([255]));
            }
        }
    };
    for p in &across {
        paint(p);
        let y = ends(p.y0 + p.y1) / 2.0;
        out.push(Rule { x0: ends(p.x0), y0: y, x1: ends(p.x1), y1: y });
    }
    for p in lines(&turned, LINES.1) {
        let p = Part { x0: p.y0, y0: p.x0, x1: p.y1, y1: p.x1 };
        // A letter's stem ends at no line.
        let meets = |o: &Part| {
            let near = |y: i32| (o.y0 + o.y1) / 2 - 6 <= y && y <= (o.y0 + o.y1) / 2 + 6;
            o.x0 - 6 <= p.x1 && p.x0 <= o.x1 + 6 && (near(p.y0) || near(p.y1))
        };
        if across.iter().any(meets) {
            paint(&p);
            let x = ends(p.x0 + p.x1) / 2.0;
            out.push(Rule { x0: x, y0: ends(p.y0), x1: x, y1: ends(p.y1) });
        }
    }
    (out, ruled)
}

/// Long thin runs along rows, at least so many mm.
fn lines(ink: &GrayImage, least: f64) -> Vec<Part> {
    let (w, h) = (ink.width() as usize, ink.height() as usize);
    let raw = ink.as_raw();
    let dark = |x: usize, y: usize| raw[y * w + x] >= DARK;
    let mut runs: Vec<Part> = Vec::new();
    for y in 0..h {
        // A line that is not quite level goes on a row above or below.
        let inked = |x: usize| dark(x, y) || (y > 0 && dark(x, y - 1)) || (y + 1 < h && dark(x, y + 1));
        let mut x = 0;
        while x < w {
            if !inked(x) {
                x += 1;
                continue;
            }
            let from = x;
            let mut last = x;
            while x < w && x - last <= 2 {
                if inked(x) {
                    last = x;
                }
                x += 1;
            }
            let own = (from..=last).filter(|&x| dark(x, y)).count();
            if (last - from) as f64 >= 0.6 * least * PX && own * 3 > last - from {
                runs.push(Part { x0: from as i32, y0: y as i32, x1: last as i32 + 1, y1: y as i32 + 1 });
            }
        }
    }
    let mut joined: Vec<Part> = Vec::new();
    for run in runs {
        let on = |j: &Part| run.y0 <= j.y1 && run.gap(j) < 0;
        match joined.iter_mut().find(|j| on(j)) {
            Some(j) => *j = j.with(&run),
            None => joined.push(run),
        }
    }
    // Beside a line there is paper, beside a row of letters there are more of them.
    let inked = |p: &Part, y: i32| match y >= 0 && (y as usize) < h {
        true => (p.x0..p.x1).filter(|&x| dark(x as usize, y as usize)).count() as f64 / f64::from(p.width()),
        false => 0.0,
    };
    let whole =
        |p: &Part| (p.x0..p.x1).filter(|&x| (p.y0..p.y1).any(|y| dark(x as usize, y as usize))).count();
    joined.retain(|p| {
        let thin = f64::from(p.height()) <= PX && f64::from(p.width()) >= least * PX;
        thin && whole(p) as f64 > 0.96 * f64::from(p.width())
            && [p.y0 - 3, p.y0 - 4, p.y1 + 2, p.y1 + 3].iter().all(|&y| inked(p, y) < 0.3)
    });
    joined
}

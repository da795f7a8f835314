//! The coarse alignment: which millimetre of the form stands at which height of the work picture.
//!
//! In: a work picture and a template. Out: an [`Alignment`], or nothing when no stretch of the strip
//! resembles the form. Ink density in three bands across the strip, row by row, is matched to the
//! form's by local alignment (Smith and Waterman 1981) with warping steps of 3/4, 1 and 5/4 (Sakoe
//! and Chiba 1978), so that feed stretch, perspective and a missing top or bottom are found, not
//! assumed.

use super::template::{BANDS, FINE, Template};
use super::unroll::Work;

/// Form millimetres to work pixels along the strip.
#[derive(Debug, Clone)]
pub(crate) struct Alignment {
    /// (form y in mm, work v in pixels), ascending in both.
    pub path: Vec<(f64, f64)>,
    /// Share of the form's own self-similarity that the path collects, about 0 to 1.
    pub score: f64,
    /// Work u in pixels that was taken for the frame's left edge.
    pub left: f64,
}

impl Alignment {
    /// Work v for a form y, extrapolated with the path's mean slope.
    pub(crate) fn v(&self, y: f64) -> f64 {
        let p = &self.path;
        let i = p.partition_point(|q| q.0 <= y).clamp(1, p.len() - 1);
        let inside = y >= p[0].0 && y <= p[p.len() - 1].0;
        let (a, b) = if inside { (p[i - 1], p[i]) } else { (p[0], p[p.len() - 1]) };
        let slope = (b.1 - a.1) / (b.0 - a.0);
        let from = if inside || y < p[0].0 { a } else { b };
        from.1 + (y - from.0) * slope
    }

    /// Work pixels per form millimetre, mean.
    pub(crate) fn scale(&self) -> f64 {
        let (a, b) = (self.path[0], self.path[self.path.len() - 1]);
        (b.1 - a.1) / (b.0 - a.0)
    }
}

/// Half of the window over which densities are standardised, mm: three row pitches.
const WINDOW: usize = 15;
/// What a row of match must exceed on average; between chance (0) and a matching row (about 1.5).
const BIAS: f32 = 0.35;
/// Cost of a step that is not 1, in units of the match.
const WARP: f32 = 0.25;
/// The shortest stretch of form that counts, mm: four party rows and a heading.
const SHORTEST: usize = 40;

/// Aligns the form along the strip.
pub(crate) fn align(work: &Work, template: &Template) -> Option<Alignment> {
    let form = standardise(&template.profile, 1);
    let full: f32 = form.iter().map(|r| r.iter().map(|v| v * v).sum::<f32>()).sum();
    let mut best: Option<Alignment> = None;
    for shift in [0.0, -8.0, 8.0] {
        let left = (Work::paper_left() + template.paper.0 + shift) * FINE;
        let strip = standardise(&densities(work, template, left), FINE as usize);
        if let Some((path, score)) = local(&form, &strip) {
            let score = f64::from(score / full);
            if best.as_ref().is_none_or(|b| score > b.score) {
                best = Some(Alignment { path, score, left });
            }
        }
        // A good match at the expected place needs no other place tried.
        if best.as_ref().is_some_and(|b| b.score > 0.5) {
            break;
        }
    }
    best
}

/// Ink density of one millimetre below each work row, in each band.
fn densities(work: &Work, template: &Template, left: f64) -> Vec<[f32; BANDS]> {
    let span = template.frame.0 * FINE / BANDS as f64;
    let mut rows = vec![[0.0f32; BANDS]; work.height];
    for (v, row) in rows.iter_mut().enumerate() {
        for (band, value) in row.iter_mut().enumerate() {
            let u0 = (left + band as f64 * span).max(0.0) as usize;
            let u1 = ((left + (band + 1) as f64 * span).max(0.0) as usize).min(work.width);
            if u1 > u0 {
                let line = &work.ink[v * work.width + u0..v * work.width + u1];
                *value = line.iter().sum::<f32>() / (u1 - u0) as f32;
            }
        }
    }
    let n = FINE as usize;
    (0..work.height)
        .map(|v| {
            let end = (v + n).min(work.height);
            let mut mean = [0.0; BANDS];
            for row in &rows[v..end] {
                for (m, r) in mean.iter_mut().zip(row) {
                    *m += r / (end - v) as f32;
                }
            }
            mean
        })
        .collect()
}

/// Each band minus its mean nearby, over its deviation nearby; `step` rows a millimetre.
fn standardise(rows: &[[f32; BANDS]], step: usize) -> Vec<[f32; BANDS]> {
    let n = rows.len();
    let mut sums = vec![[(0.0f64, 0.0f64); BANDS]; n + 1];
    for (i, row) in rows.iter().enumerate() {
        for b in 0..BANDS {
            let v = f64::from(row[b]);
            sums[i + 1][b] = (sums[i][b].0 + v, sums[i][b].1 + v * v);
        }
    }
    (0..n)
        .map(|i| {
            let (a, z) = (i.saturating_sub(WINDOW * step), (i + WINDOW * step + 1).min(n));
            let count = (z - a) as f64;
            std::array::from_fn(|b| {
                let mean = (sums[z][b].0 - sums[a][b].0) / count;
                let var = ((sums[z][b].1 - sums[a][b].1) / count - mean * mean).max(0.0);
                // 0.015: the density of a few specks; keeps empty paper from being amplified.
                ((f64::from(rows[i][b]) - mean) / (var.sqrt() + 0.015)).clamp(-2.0, 2.0) as f32
            })
        })
        .collect()
}

/// Strip rows that a path may advance over one form row, at FINE rows a millimetre.
const STEPS: [usize; 3] = [3, 4, 5];
/// The longest of them.
const LONGEST_STEP: usize = 5;

/// The best score with which a path arrives at strip row `s` from the form row before, and the step that
/// it took; nothing, where it had better start there.
fn arrival(previous: &[f32], s: usize) -> (f32, Option<usize>) {
    let mut best = (0.0, None);
    for step in STEPS.into_iter().filter(|&step| step <= s) {
        let value = previous[s - step] - if step == FINE as usize { 0.0 } else { WARP };
        if value > best.0 {
            best = (value, Some(step));
        }
    }
    best
}

/// The best local path and its score.
fn local(form: &[[f32; BANDS]], strip: &[[f32; BANDS]]) -> Option<(Vec<(f64, f64)>, f32)> {
    let (n, m) = (form.len(), strip.len());
    if m < SHORTEST * FINE as usize {
        return None;
    }
    // By form row and strip row; the steps are found again on the way back.
    let mut scores = vec![0.0f32; n * m];
    let mut matches = vec![0.0f32; m];
    let nothing = vec![0.0f32; m];
    let mut best = (0.0f32, 0, 0);
    for t in 0..n {
        for (out, row) in matches.iter_mut().zip(strip) {
            let mut sum = 0.0;
            for b in 0..BANDS {
                sum += form[t][b] * row[b];
            }
            *out = sum / BANDS as f32 - BIAS;
        }
        let (done, rest) = scores.split_at_mut(t * m);
        let previous = if t > 0 { &done[(t - 1) * m..] } else { &nothing[..] };
        let current = &mut rest[..m];
        let larger = |a: f32, b: f32| if a > b { a } else { b };
        let reach = LONGEST_STEP.min(m);
        for s in 0..reach {
            current[s] = larger(arrival(previous, s).0 + matches[s], 0.0);
        }
        let steps = previous[2..].iter().zip(&previous[1..]).zip(previous);
        for ((out, &score), ((&short, &even), &long)) in
            current[reach..].iter_mut().zip(&matches[reach..]).zip(steps)
        {
            let base = larger(larger(short, long) - WARP, larger(even, 0.0));
            *out = larger(base + score, 0.0);
        }
        for (s, &score) in current.iter().enumerate() {
            if score > best.0 {
                best = (score, t, s);
            }
        }
    }
    let (score, mut t, mut s) = best;
    let mut path = vec![(t as f64, s as f64)];
    while t > 0
        && let (_, Some(step)) = arrival(&scores[(t - 1) * m..t * m], s)
    {
        s -= step;
        t -= 1;
        path.push((t as f64, s as f64));
    }
    path.reverse();
    // The bias is given back: the score is the correlation collected along the path.
    let collected = (score + BIAS * path.len() as f32) * BANDS as f32;
    (path.len() >= SHORTEST).then_some((path, collected))
}

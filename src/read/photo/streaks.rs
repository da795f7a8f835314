//! Streaks that dirt under a scanner's glass, or a dead sensor, draws along the whole way of the paper.
//!
//! In: the pixels of a picture. Out: [`Streak`]s, and the picture without them. A streak stays in its
//! place while the paper moves, so that it runs the whole length of the picture, above and below all
//! that is printed; at its sides the paper goes on alike. What ends within the picture, or is wider than
//! a stroke of print, is none. What stood under a streak is lost: without it there stands what is beside
//! it, never what was there.

use crate::ground::geometry::Point;
use image::{GrayImage, imageops};
use std::cell::OnceCell;

/// Bands along the picture in which a streak is looked for.
const BANDS: usize = 24;
/// The band from which streaks are followed.
const MIDDLE: usize = BANDS / 2;
/// Every so many rows of a band are looked at.
const STEP: usize = 3;
/// How far to either side the paper beside a streak is looked at, px.
const BESIDE: usize = 6;
/// Widest streak, px: the strokes of print at 200 dpi.
const WIDEST: usize = 4;
/// A column that differs this much from its sides, grey levels, in most rows of a band, may be a streak's.
const LEAST: i32 = 12;
/// Columns beside it that differ by this much are its soft edge.
const EDGE: i32 = 5;
/// How far a streak may wander from band to band, px.
const WANDERS: usize = 1;
/// Paper darker than this shows no streak: lids and tables.
const LID: i32 = 90;
/// Of the bands with paper, all but so many show the streak.
const MISSED: usize = 1;
/// Share of the bands that have paper beside the streak.
const PAPER: f64 = 0.6;
/// Up to this share of a pixel covered, the rest is what was there.
const THIN: f32 = 0.6;

/// A streak, along the picture's longer side.
#[derive(Debug, Clone, PartialEq)]
pub struct Streak {
    /// In each of the bands from the picture's top (or left) end: its columns (or rows).
    bands: Vec<Span>,
}

/// Where a streak crosses a band.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    /// First column.
    start: usize,
    /// How much darker than the paper beside it each column is, grey levels; negative for brighter.
    darker: Vec<i32>,
}

impl Streak {
    /// The band at a point of a picture of this size, and how far the point is right of (or below) the middle
    /// of the streak there, px.
    fn offset(&self, p: Point, (w, h): (u32, u32)) -> (&Span, f64) {
        let (across, along) = if upright((w, h)) {
            (p.x, p.y / f64::from(h))
        } else {
            (f64::from(h) - 1.0 - p.y, p.x / f64::from(w))
        };
        let band = ((along * BANDS as f64).max(0.0) as usize).min(BANDS - 1);
        let span = &self.bands[band];
        (span, across - (span.start as f64 + (span.darker.len() as f64 - 1.0) / 2.0))
    }

    /// Whether it is a line that runs through these points: at least a third of them are on it.
    pub fn follows(&self, points: &[Point], size: (u32, u32)) -> bool {
        let on = points.iter().filter(|&&p| self.offset(p, size).1.abs() < WIDEST as f64).count();
        on > 0 && on * 3 >= points.len()
    }

    /// Whether a point lies behind it.
    pub fn covers(&self, p: Point, size: (u32, u32)) -> bool {
        let (span, off) = self.offset(p, size);
        let (first, last) = (span.hidden().next(), span.hidden().last());
        first.zip(last).is_some_and(|(first, last)| {
            let middle = (first + last) as f64 / 2.0 - (span.darker.len() as f64 - 1.0) / 2.0;
            (off - middle).abs() <= (last - first + 1) as f64 / 2.0
        })
    }
}

impl Span {
    /// Of each column, how much of it the streak covers.
    fn shares(&self) -> Vec<f32> {
        let most = self.darker.iter().copied().max_by_key(|d| d.abs()).unwrap_or(0) as f32;
        self.darker.iter().map(|&d| d as f32 / most).collect()
    }

    /// The columns of which nothing is left.
    fn hidden(&self) -> impl Iterator<Item = usize> + use<> {
        self.shares().into_iter().enumerate().filter(|s| s.1 > THIN).map(|s| s.0)
    }
}

/// How a picture lies: streaks are looked for along columns.
fn upright((w, h): (u32, u32)) -> bool {
    h >= w
}

/// The streaks of a picture.
pub fn find(picture: &GrayImage) -> Vec<Streak> {
    if upright(picture.dimensions()) { columns(picture) } else { columns(&imageops::rotate90(picture)) }
}

/// The picture with what stands beside each streak in its place.
pub fn without(picture: &GrayImage, streaks: &[Streak]) -> GrayImage {
    if upright(picture.dimensions()) {
        let mut out = picture.clone();
        streaks.iter().for_each(|s| take_out(&mut out, s));
        out
    } else {
        let mut out = imageops::rotate90(picture);
        streaks.iter().for_each(|s| take_out(&mut out, s));
        imageops::rotate270(&out)
    }
}

/// The rows of a band.
fn rows(height: usize, band: usize) -> std::ops::Range<usize> {
    band * height / BANDS..(band + 1) * height / BANDS
}

/// What a band shows: the median of each column, how much darker it is than its sides, and whether there is
/// paper beside it.
struct Band {
    medians: Vec<i32>,
    darker: Vec<i32>,
    paper: Vec<bool>,
}

impl Band {
    fn measure(picture: &GrayImage, band: usize) -> Self {
        let (w, h) = (picture.width() as usize, picture.height() as usize);
        let raw = picture.as_raw();
        let rows: Vec<&[u8]> = rows(h, band).step_by(STEP).map(|y| &raw[y * w..(y + 1) * w]).collect();
        let half = rows.len() / 2;
        // Median of each column, by counting: most rows of a column of paper are paper.
        let mut counts = vec![[0u16; 256]; w];
        for row in &rows {
            for (count, &v) in counts.iter_mut().zip(*row) {
                count[usize::from(v)] += 1;
            }
        }
        let median = |count: &[u16; 256]| {
            let mut below = 0;
            count
                .iter()
                .position(|&n| {
                    below += usize::from(n);
                    below > half
                })
                .unwrap_or(0) as i32
        };
        let medians: Vec<i32> = counts.iter().map(median).collect();
        let mut out = Self { darker: vec![0; w], paper: vec![false; w], medians: Vec::new() };
        for x in BESIDE..w.saturating_sub(BESIDE) {
            // The paper of a side: the brightest or the darkest near it would be another streak's.
            let side = |from: usize| {
                let mut near = [medians[from], medians[from + 1], medians[from + 2]];
                near.sort_unstable();
                near[1]
            };
            let (left, right) = (side(x - BESIDE), side(x + BESIDE - 2));
            let paper = (left + right) / 2;
            out.paper[x] = left.min(right) > LID && (left - right).abs() < LEAST.max(paper / 8);
            if out.paper[x] {
                out.darker[x] = paper - medians[x];
            }
        }
        out.medians = medians;
        out
    }

    /// The run of columns around the strongest one near `x`, where it is as a streak's.
    fn span(&self, x: usize, sign: i32) -> Option<Span> {
        let near = x.saturating_sub(WANDERS)..(x + WANDERS + 1).min(self.darker.len());
        let peak = near.max_by_key(|&x| (self.darker[x] * sign, std::cmp::Reverse(x)))?;
        if self.darker[peak] * sign < LEAST {
            return None;
        }
        let soft = |x: &usize| self.darker[*x] * sign >= EDGE;
        let start = (0..=peak).rev().take_while(soft).last()?;
        let end = (peak..self.darker.len()).take_while(soft).last()? + 1;
        // Right beside it there is paper again: wider bars are print, shadows, edges.
        let paper = self.darker[peak] + self.medians[peak];
        let ends = [start.checked_sub(1)?, end];
        if ends.iter().any(|&x| self.medians.get(x).is_none_or(|m| (m - paper).abs() > EDGE.max(paper / 8))) {
            return None;
        }
        let hard = (start..end).filter(|&x| self.darker[x] * sign >= LEAST).count();
        (hard <= WIDEST).then(|| Span { start, darker: self.darker[start..end].to_vec() })
    }
}

fn columns(picture: &GrayImage) -> Vec<Streak> {
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    if w < 8 * BESIDE || h < 4 * STEP * BANDS {
        return Vec::new();
    }
    // Most pictures have none, which a few bands show.
    let measured: [OnceCell<Band>; BANDS] = std::array::from_fn(|_| OnceCell::new());
    let band = |ix: usize| measured[ix].get_or_init(|| Band::measure(picture, ix));
    let darker = &band(MIDDLE).darker;
    let mut out: Vec<Streak> = Vec::new();
    for x in BESIDE..w - BESIDE {
        for sign in [1, -1] {
            let [before, here, after] = [x - 1, x, x + 1].map(|x| darker[x] * sign);
            if here >= LEAST && before <= here && after < here {
                out.extend(follow(band, x, sign));
            }
        }
    }
    out
}

/// The streak that crosses the middle band at column `x`, followed to both ends.
fn follow<'a>(band: impl Fn(usize) -> &'a Band, x: usize, sign: i32) -> Option<Streak> {
    let mut spans: Vec<Option<Span>> = vec![None; BANDS];
    let (mut missed, mut paper) = (0, 0);
    let mut walk = |order: &mut dyn Iterator<Item = usize>| {
        let mut at = x;
        let mut last = None;
        for ix in order {
            let span = band(ix).span(at, sign);
            let shows = band(ix).paper[at] || span.is_some();
            paper += usize::from(shows);
            missed += usize::from(shows && span.is_none());
            if missed > MISSED {
                return;
            }
            if let Some(span) = &span {
                at = span.start + span.darker.len() / 2;
                last = Some(span.clone());
            }
            // Where a band hides it, it goes on as before.
            spans[ix] = span.or_else(|| last.clone());
        }
    };
    walk(&mut (MIDDLE..BANDS));
    walk(&mut (0..MIDDLE).rev());
    if missed > MISSED || (paper as f64) < PAPER * BANDS as f64 {
        return None;
    }
    let first = spans.iter().flatten().next()?.clone();
    Some(Streak { bands: spans.into_iter().map(|s| s.unwrap_or_else(|| first.clone())).collect() })
}

/// Puts what stands beside a streak in its place; of its soft edges only the streak's share is taken.
fn take_out(picture: &mut GrayImage, streak: &Streak) {
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    let raw: &mut [u8] = picture;
    for (band, span) in streak.bands.iter().enumerate() {
        let shares = span.shares();
        let hidden: Vec<usize> = span.hidden().collect();
        let (Some(&first), Some(&last)) = (hidden.first(), hidden.last()) else { continue };
        for y in rows(h, band) {
            let row = &mut raw[y * w..(y + 1) * w];
            for (i, &share) in shares.iter().enumerate().filter(|s| *s.1 <= THIN) {
                let v = &mut row[span.start + i];
                *v = (f32::from(*v) + span.darker[i] as f32 * (1.0 - share)).clamp(0.0, 255.0) as u8;
            }
            let (a, b) = ((span.start + first).max(1) - 1, (span.start + last + 1).min(w - 1));
            let (left, right) = (f32::from(row[a]), f32::from(row[b]));
            for (i, v) in row[a + 1..b].iter_mut().enumerate() {
                let t = (i + 1) as f32 / (b - a) as f32;
                *v = (left + (right - left) * t).round() as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    /// Paper with lines of print, a rule down its middle half, and streaks at columns (x, width, level).
    fn scan(streaks: &[(u32, u32, u8)]) -> GrayImage {
        GrayImage::from_fn(400, 1600, |x, y| {
            let print = y % 40 < 14 && x % 9 < 4 && x > 60 && x < 300;
            let rule = x == 200 && (400..1200).contains(&y);
            let streak = streaks.iter().find(|s| (s.0..s.0 + s.1).contains(&x));
            let noise = (x * 7 + y * 13) % 5;
            Luma([match streak {
                Some(s) => s.2,
                None if print || rule => 40,
                None => 225 + noise as u8,
            }])
        })
    }

    #[test]
    fn a_streak_is_found_and_taken_out_whatever_it_crosses() {
        let picture = scan(&[(150, 2, 30), (320, 1, 90)]);
        let streaks = find(&picture);
        let near = |s: &Streak, x: f64| s.offset(Point::new(x, 800.0), (400, 1600)).1.abs() < 1.0;
        assert_eq!(streaks.len(), 2, "{streaks:?}");
        assert!(near(&streaks[0], 150.5) && near(&streaks[1], 320.0), "{streaks:?}");
        let down = |x: f64| (0..9).map(|i| Point::new(x, f64::from(i) * 150.0)).collect::<Vec<_>>();
        assert!(streaks[0].follows(&down(151.0), (400, 1600)));
        assert!(!streaks[0].follows(&down(170.0), (400, 1600)));
        let covers = |x: f64| streaks[0].covers(Point::new(x, 70.0), (400, 1600));
        assert_eq!([148.0, 150.0, 151.0, 153.0].map(covers), [false, true, true, false]);
        let clean = without(&picture, &streaks);
        let paper = |x: u32| (0..1600).filter(|y| y % 40 > 20).all(|y| clean.get_pixel(x, y).0[0] > 215);
        assert!([149, 150, 151, 152, 320].iter().all(|&x| paper(x)));
        // Far from it nothing has changed.
        assert!((0..1600).all(|y| clean.get_pixel(200, y) == picture.get_pixel(200, y)));
    }

    #[test]
    fn a_streak_across_a_picture_that_lies_is_found() {
        let picture = imageops::rotate270(&scan(&[(150, 2, 30)]));
        let streaks = find(&picture);
        assert_eq!(streaks.len(), 1);
        let clean = without(&picture, &streaks);
        assert_eq!(clean.dimensions(), picture.dimensions());
        assert!(find(&clean).is_empty());
    }

    #[test]
    fn rules_print_and_clean_paper_are_no_streaks() {
        assert_eq!(find(&scan(&[])), Vec::new());
        assert_eq!(find(&scan(&[(150, 9, 30)])), Vec::new());
        assert_eq!(find(&GrayImage::from_pixel(20, 20, Luma([200]))), Vec::new());
    }
}

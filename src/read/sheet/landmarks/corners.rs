//! Corners of a picture, each with its direction and a description of what stands around it.
//!
//! In: grey pixels. Out: [`Corner`]s: FAST (Rosten & Drummond 2006) on a pyramid, turned by the centre of their
//! brightness, described by which of two places is the brighter one, 256 times (BRIEF, Calonder et al. 2010; turned as
//! in ORB, Rublee et al. 2011). Refuses nothing: a picture without corners has none.

use crate::form::landmarks::Bits;
use image::GrayImage;
use std::f32::consts::TAU;
use std::sync::LazyLock;

/// How many of two descriptions' comparisons differ.
pub(crate) fn differ(a: &Bits, b: &Bits) -> u32 {
    (a[0] ^ b[0]).count_ones()
        + (a[1] ^ b[1]).count_ones()
        + (a[2] ^ b[2]).count_ones()
        + (a[3] ^ b[3]).count_ones()
}

/// A corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Corner {
    /// Its place, px of the level on which it was found.
    pub x: f32,
    /// See `x`.
    pub y: f32,
    /// Which way its darker side lies, radians.
    pub angle: f32,
    /// How clear it is.
    pub score: u32,
    /// What stands around it.
    pub bits: Bits,
}

/// How far from a corner its description reaches, px.
pub(crate) const REACH: i32 = 14;
/// How far from a corner the brightness reaches that gives its direction, px.
const TURN: i32 = 8;
/// The least step of brightness around a corner.
const STEP: i32 = 10;
/// Directions of the turned pattern.
const TURNS: usize = 48;

/// The ring of FAST, clockwise from the top.
const RING: [(i32, i32); 16] = [
    (0, -3),
    (1, -3),
    (2, -2),
    (3, -1),
    (3, 0),
    (3, 1),
    (2, 2),
    (1, 3),
    (0, 3),
    (-1, 3),
    (-2, 2),
    (-3, 1),
    (-3, 0),
    (-3, -1),
    (-2, -2),
    (-1, -3),
];

/// Pairs of places that are compared, in each direction.
static PATTERN: LazyLock<Vec<[[i8; 4]; 256]>> = LazyLock::new(|| {
    // Splitmix64: the same pattern on every machine.
    let mut state = 0x5eed_u64;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    };
    let reach = REACH as f32 - 1.5;
    let mut place = move || loop {
        let (x, y) = ((next() - 0.5) * 2.0 * reach, (next() - 0.5) * 2.0 * reach);
        // Denser towards the corner.
        let shrink = next().sqrt();
        if x.hypot(y) <= reach {
            return (x * (0.35 + 0.65 * shrink), y * (0.35 + 0.65 * shrink));
        }
    };
    let pairs: Vec<[f32; 4]> = (0..256)
        .map(|_| {
            loop {
                let ((a, b), (c, d)) = (place(), place());
                let far = (a - c).hypot(b - d);
                if (3.0..16.0).contains(&far) {
                    return [a, b, c, d];
                }
            }
        })
        .collect();
    (0..TURNS)
        .map(|k| {
            let (sin, cos) = (TAU * k as f32 / TURNS as f32).sin_cos();
            let turn =
                |x: f32, y: f32| ((x * cos - y * sin).round() as i8, (x * sin + y * cos).round() as i8);
            std::array::from_fn(|i| {
                let [a, b, c, d] = pairs[i];
                let ((a, b), (c, d)) = (turn(a, b), turn(c, d));
                [a, b, c, d]
            })
        })
        .collect()
});

/// The clearest `most` corners of a picture, evenly from all of it.
pub(crate) fn find(pixels: &GrayImage, most: usize) -> Vec<Corner> {
    let (w, h) = (pixels.width() as i32, pixels.height() as i32);
    if w < 2 * REACH + 8 || h < 2 * REACH + 8 {
        return Vec::new();
    }
    let raw = pixels.as_raw();
    let stride = w as usize;
    let mut scores = vec![0u16; raw.len()];
    let ring: [isize; 16] = RING.map(|(x, y)| (y * w + x) as isize);
    let edge = REACH + 2;
    for y in edge..h - edge {
        let from = y as usize * stride;
        for x in edge..w - edge {
            let i = from + x as usize;
            let at = |k: usize| i32::from(raw[(i as isize + ring[k]) as usize]);
            let c = i32::from(raw[i]);
            let (low, high) = (c - STEP, c + STEP);
            // Of nine in a row, two opposite ones are among them.
            let (a, b) = (at(0), at(8));
            let (d, e) = (at(4), at(12));
            let dark = ((a < low) | (b < low)) & ((d < low) | (e < low));
            let bright = ((a > high) | (b > high)) & ((d > high) | (e > high));
            if !(dark | bright) {
                continue;
            }
            let (mut darker, mut brighter) = (0u32, 0u32);
            for k in 0..16 {
                let v = at(k);
                darker |= u32::from(v < low) << k;
                brighter |= u32::from(v > high) << k;
            }
            if nine(darker) || nine(brighter) {
                let sum: i32 = (0..16).map(|k| ((at(k) - c).abs() - STEP).max(0)).sum();
                scores[i] = sum.clamp(1, 65535) as u16;
            }
        }
    }
    let mut found: Vec<(u16, i32, i32)> = Vec::new();
    for y in edge..h - edge {
        for x in edge..w - edge {
            let i = y as usize * stride + x as usize;
            let s = scores[i];
            if s == 0 {
                continue;
            }
            let before = [i - stride - 1, i - stride, i - stride + 1, i - 1].iter().all(|&j| scores[j] < s);
            let after = [i + 1, i + stride - 1, i + stride, i + stride + 1].iter().all(|&j| scores[j] <= s);
            if before && after {
                found.push((s, x, y));
            }
        }
    }
    let found = even(found, (w, h), most);
    let soft = blur(pixels);
    found
        .into_iter()
        .map(|(score, x, y)| {
            let angle = turned(raw, stride, x, y);
            let bits = describe(soft.as_raw(), stride, x, y, angle);
            Corner { x: x as f32, y: y as f32, angle, score: u32::from(score), bits }
        })
        .collect()
}

/// Whether nine bits of sixteen in a ring are set in a row.
fn nine(ring: u32) -> bool {
    let twice = ring | (ring << 16);
    let two = twice & (twice >> 1);
    let four = two & (two >> 2);
    let eight = four & (four >> 4);
    eight & (twice >> 8) & 0xffff != 0
}

/// The clearest of each block of the picture in turn.
fn even(mut found: Vec<(u16, i32, i32)>, (w, h): (i32, i32), most: usize) -> Vec<(u16, i32, i32)> {
    if found.len() <= most {
        return found;
    }
    const BLOCK: i32 = 40;
    let columns = (w / BLOCK + 1) as usize;
    let rows = (h / BLOCK + 1) as usize;
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(&b.2)).then(a.1.cmp(&b.1)));
    let mut taken = vec![0usize; columns * rows];
    // Rank within its block: so many each until there are enough.
    let mut ranked: Vec<(usize, (u16, i32, i32))> = found
        .into_iter()
        .map(|f| {
            let block = (f.2 / BLOCK) as usize * columns + (f.1 / BLOCK) as usize;
            taken[block] += 1;
            (taken[block], f)
        })
        .collect();
    let worth = |&(rank, (score, ..)): &(usize, (u16, i32, i32))| u32::from(score) * 3000 / (2 + rank as u32);
    ranked.sort_by_key(|r| std::cmp::Reverse(worth(r)));
    ranked.truncate(most);
    ranked.into_iter().map(|r| r.1).collect()
}

/// A picture softened by 1 4 6 4 1 both ways.
pub(crate) fn blur(pixels: &GrayImage) -> GrayImage {
    let (w, h) = (pixels.width() as usize, pixels.height() as usize);
    let raw = pixels.as_raw();
    let mut across = vec![0u16; raw.len()];
    for (row, out) in raw.chunks_exact(w).zip(across.chunks_exact_mut(w)) {
        for x in 2..w.saturating_sub(2) {
            let v = |k: usize| u16::from(row[x + k - 2]);
            out[x] = v(0) + v(4) + 4 * (v(1) + v(3)) + 6 * v(2);
        }
    }
    let mut out = vec![0u8; raw.len()];
    for y in 2..h.saturating_sub(2) {
        for x in 0..w {
            let v = |k: usize| u32::from(across[(y + k - 2) * w + x]);
            out[y * w + x] = ((v(0) + v(4) + 4 * (v(1) + v(3)) + 6 * v(2) + 128) >> 8) as u8;
        }
    }
    GrayImage::from_raw(pixels.width(), pixels.height(), out)
        .expect("as many values as the picture has pixels")
}

/// Half widths of the rows of a disc of radius [`TURN`].
static DISC: LazyLock<[i32; 2 * TURN as usize + 1]> = LazyLock::new(|| {
    std::array::from_fn(|k| {
        let y = k as i32 - TURN;
        f64::from(TURN * TURN - y * y).sqrt() as i32
    })
});

/// Which way the brightness around a place lies, radians from 0 to a turn.
fn turned(raw: &[u8], stride: usize, x: i32, y: i32) -> f32 {
    let (mut sx, mut sy) = (0i32, 0i32);
    for (k, &half) in DISC.iter().enumerate() {
        let dy = k as i32 - TURN;
        let from = (y + dy) as usize * stride + (x - half) as usize;
        let row = &raw[from..=from + 2 * half as usize];
        let (mut sum, mut moment) = (0i32, 0i32);
        for (j, &v) in row.iter().enumerate() {
            let v = i32::from(v);
            sum += v;
            moment += (j as i32 - half) * v;
        }
        sx += moment;
        sy += dy * sum;
    }
    (sy as f32).atan2(sx as f32).rem_euclid(TAU)
}

fn describe(soft: &[u8], stride: usize, x: i32, y: i32, angle: f32) -> Bits {
    let turn = (angle / TAU * TURNS as f32).round() as usize % TURNS;
    let pattern = &PATTERN[turn];
    let at = |dx: i8, dy: i8| soft[(y + i32::from(dy)) as usize * stride + (x + i32::from(dx)) as usize];
    let mut bits = [0u64; 4];
    for (i, &[a, b, c, d]) in pattern.iter().enumerate() {
        bits[i / 64] |= u64::from(at(a, b) < at(c, d)) << (i % 64);
    }
    bits
}

/// A picture made smaller by a factor below 1: each pixel the mean of what it covers.
pub(crate) fn smaller(pixels: &GrayImage, factor: f64) -> GrayImage {
    let (w, h) = (pixels.width() as usize, pixels.height() as usize);
    let size = |n: usize| ((n as f64 * factor) as usize).max(1);
    let (ow, oh) = (size(w), size(h));
    // Each output pixel takes whole input pixels, with the share of those at its edges, in 256ths.
    let spans = |n: usize, out: usize| -> Vec<(usize, Vec<u32>)> {
        let step = n as f64 / out as f64;
        (0..out)
            .map(|o| {
                let (a, b) = (o as f64 * step, ((o + 1) as f64 * step).min(n as f64));
                let first = a as usize;
                let last = (b.ceil() as usize).clamp(first + 1, n);
                let mut weights: Vec<u32> = (first..last)
                    .map(|i| ((b.min((i + 1) as f64) - a.max(i as f64)).max(0.0) / (b - a) * 256.0) as u32)
                    .collect();
                let sum: u32 = weights.iter().sum();
                let middle = weights.len() / 2;
                weights[middle] += 256 - sum;
                (first, weights)
            })
            .collect()
    };
    let (columns, rows) = (spans(w, ow), spans(h, oh));
    let raw = pixels.as_raw();
    let mut out = Vec::with_capacity(ow * oh);
    let mut line = vec![0u32; w];
    for (first, weights) in &rows {
        line.fill(0);
        for (k, &weight) in weights.iter().enumerate() {
            let row = &raw[(first + k) * w..(first + k + 1) * w];
            for (l, &v) in line.iter_mut().zip(row) {
                *l += weight * u32::from(v);
            }
        }
        for (first, weights) in &columns {
            let sum: u32 = weights.iter().zip(&line[*first..]).map(|(&a, &b)| a * (b >> 4)).sum();
            out.push((sum >> 12) as u8);
        }
    }
    GrayImage::from_raw(ow as u32, oh as u32, out).expect("one value was pushed for each pixel")
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    /// Bars and dots at places that nothing repeats.
    fn print() -> GrayImage {
        let mut state = 7u32;
        let mut next = move |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % n
        };
        let mut out = GrayImage::from_pixel(200, 200, Luma([220]));
        for _ in 0..160 {
            let (x, y, w, h) = (next(190), next(190), 2 + next(7), 2 + next(4));
            for (i, j) in (0..w).flat_map(|i| (0..h).map(move |j| (i, j))) {
                out.put_pixel((x + i).min(199), (y + j).min(199), Luma([40]));
            }
        }
        out
    }

    #[test]
    fn a_corner_is_described_alike_however_the_picture_lies() {
        let upright = print();
        let lying = image::imageops::rotate90(&upright);
        let (a, b) = (find(&upright, 400), find(&lying, 400));
        assert!(a.len() > 60, "{} corners", a.len());
        // A point (x, y) is (199 - y, x) in the picture turned by a quarter.
        let alike = a.iter().filter(|c| {
            let place = (199.0 - c.y, c.x);
            let same = b.iter().find(|o| (o.x - place.0).abs() < 1.5 && (o.y - place.1).abs() < 1.5);
            same.is_some_and(|o| differ(&c.bits, &o.bits) < 40)
        });
        let alike = alike.count();
        assert!(alike * 10 > a.len() * 6, "{alike} of {}", a.len());
        // By chance half of the comparisons differ.
        let far = |c: &Corner, o: &Corner| (c.x - o.x).hypot(c.y - o.y) > 40.0;
        let pairs: Vec<_> = a.iter().zip(a.iter().skip(a.len() / 2)).filter(|(c, o)| far(c, o)).collect();
        let strange = pairs.iter().filter(|(c, o)| differ(&c.bits, &o.bits) < 40).count();
        assert!(strange * 10 < pairs.len(), "{strange} of {}", pairs.len());
    }

    #[test]
    fn a_smaller_picture_keeps_the_mean_of_what_it_covers() {
        let stripes = GrayImage::from_fn(90, 60, |x, _| Luma([if x % 2 == 0 { 0 } else { 200 }]));
        let small = smaller(&stripes, 0.5);
        assert_eq!(small.dimensions(), (45, 30));
        assert!(small.pixels().all(|p| (98..=101).contains(&p[0])), "{:?}", small.get_pixel(3, 3));
    }
}

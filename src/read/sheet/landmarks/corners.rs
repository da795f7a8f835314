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
#[inline(always)]
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
    let edge = (REACH + 2) as usize;
    let mut corners: Vec<usize> = Vec::new();
    let mut may = vec![false; stride - 2 * edge];
    for y in edge..h as usize - edge {
        let from = y * stride + edge;
        let beside = [3 * w as isize, -3 * w as isize, 3, -3].map(|by| &raw[from.wrapping_add_signed(by)..]);
        opposite(&raw[from..], beside, &mut may);
        for i in may.iter().zip(from..).filter(|m| *m.0).map(|m| m.1) {
            let c = i32::from(raw[i]);
            let mut around = [0i32; 16];
            around.iter_mut().zip(ring).for_each(|(v, by)| *v = i32::from(raw[i.wrapping_add_signed(by)]));
            let (mut darker, mut brighter) = (0u32, 0u32);
            for (k, &v) in around.iter().enumerate() {
                darker |= u32::from(v < c - STEP) << k;
                brighter |= u32::from(v > c + STEP) << k;
            }
            if nine(darker) || nine(brighter) {
                let sum: i32 = around.iter().map(|v| ((v - c).abs() - STEP).max(0)).sum();
                scores[i] = sum.clamp(1, 65535) as u16;
                corners.push(i);
            }
        }
    }
    let clearest = |&i: &usize| {
        let s = scores[i];
        let before = [i - stride - 1, i - stride, i - stride + 1, i - 1].iter().all(|&j| scores[j] < s);
        let after = [i + 1, i + stride - 1, i + stride, i + stride + 1].iter().all(|&j| scores[j] <= s);
        before && after
    };
    let place = |i: usize| (scores[i], (i % stride) as i32, (i / stride) as i32);
    let found: Vec<(u16, i32, i32)> = corners.into_iter().filter(clearest).map(place).collect();
    let found = even(found, (w, h), most);
    let soft = blur(pixels);
    // The pattern's places as steps from the first pixel that any of them can be.
    let step = |x: i8, y: i8| (i32::from(y) + REACH) as usize * stride + (i32::from(x) + REACH) as usize;
    let steps = |turned: &[[i8; 4]; 256]| turned.map(|[a, b, c, d]| (step(a, b), step(c, d)));
    let pattern: Vec<[(usize, usize); 256]> = PATTERN.iter().map(steps).collect();
    found
        .into_iter()
        .map(|(score, x, y)| {
            let angle = turned(raw, stride, x, y);
            let first = (y - REACH) as usize * stride + (x - REACH) as usize;
            let bits = describe(&soft.as_raw()[first..], &pattern, angle);
            Corner { x: x as f32, y: y as f32, angle, score: u32::from(score), bits }
        })
        .collect()
}

/// Which of a row's pixels are darker than one of two opposite neighbours and one of two others, or brighter: of nine in a
/// row around a corner, two opposite ones are among them.
fn opposite(row: &[u8], [down, up, right, left]: [&[u8]; 4], out: &mut [bool]) {
    let n = out.len();
    let (row, down, up, right, left) = (&row[..n], &down[..n], &up[..n], &right[..n], &left[..n]);
    (0..n).for_each(|x| {
        let (low, high) = (row[x].saturating_sub(STEP as u8), row[x].saturating_add(STEP as u8));
        let dark = ((up[x] < low) | (down[x] < low)) & ((left[x] < low) | (right[x] < low));
        let bright = ((up[x] > high) | (down[x] > high)) & ((left[x] > high) | (right[x] > high));
        out[x] = dark | bright;
    });
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
    // At most 256 times 255: 16 bits hold it.
    let soft = |a: u16, b: u16, c: u16, d: u16, e: u16| a + e + 4 * (b + d) + 6 * c;
    let mut across = vec![0u16; raw.len()];
    for (row, out) in raw.chunks_exact(w).zip(across.chunks_exact_mut(w)).filter(|_| w > 4) {
        let n = w - 4;
        let (a, b, c, d, e) = (&row[..n], &row[1..=n], &row[2..n + 2], &row[3..n + 3], &row[4..]);
        let (out, of) = (&mut out[2..n + 2], |v: u8| u16::from(v));
        (0..n).for_each(|x| out[x] = soft(of(a[x]), of(b[x]), of(c[x]), of(d[x]), of(e[x])));
    }
    let mut out = vec![0u8; raw.len()];
    for y in 2..h.saturating_sub(2) {
        let row = |k: usize| &across[(y + k - 2) * w..][..w];
        let (a, b, c, d, e) = (row(0), row(1), row(2), row(3), row(4));
        let out = &mut out[y * w..][..w];
        (0..w).for_each(|x| out[x] = ((soft(a[x], b[x], c[x], d[x], e[x]) + 128) >> 8) as u8);
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

fn describe(soft: &[u8], pattern: &[[(usize, usize); 256]], angle: f32) -> Bits {
    let turn = (angle / TAU * TURNS as f32).round() as usize % TURNS;
    let mut bits = [0u64; 4];
    for (word, pairs) in bits.iter_mut().zip(pattern[turn].chunks_exact(64)) {
        for (i, &(a, b)) in pairs.iter().enumerate() {
            *word |= u64::from(soft[a] < soft[b]) << i;
        }
    }
    bits
}

/// A picture made smaller by a factor below 1: each pixel the mean of what it covers.
pub(crate) fn smaller(pixels: &GrayImage, factor: f64) -> GrayImage {
    let (w, h) = (pixels.width() as usize, pixels.height() as usize);
    let size = |n: usize| ((n as f64 * factor) as usize).max(1);
    let (ow, oh) = (size(w), size(h));
    // Each output pixel takes whole input pixels, with the share of those at its edges, in 256ths; four and four.
    let spans = |n: usize, out: usize| -> Vec<(usize, Vec<u16>)> {
        let step = n as f64 / out as f64;
        (0..out)
            .map(|o| {
                let (a, b) = (o as f64 * step, ((o + 1) as f64 * step).min(n as f64));
                let first = a as usize;
                let last = (b.ceil() as usize).clamp(first + 1, n);
                let mut weights: Vec<u16> = (first..last)
                    .map(|i| ((b.min((i + 1) as f64) - a.max(i as f64)).max(0.0) / (b - a) * 256.0) as u16)
                    .collect();
                let sum: u16 = weights.iter().sum();
                let middle = weights.len() / 2;
                weights[middle] += 256 - sum;
                weights.resize(weights.len().next_multiple_of(4), 0);
                (first, weights)
            })
            .collect()
    };
    let (columns, rows) = (spans(w, ow), spans(h, oh));
    let raw = pixels.as_raw();
    let mut out = Vec::with_capacity(ow * oh);
    let mut line = vec![0u16; w + 3];
    let four = |(a, b): (&[u16], &[u16])| (0..4).map(|k| u32::from(a[k]) * u32::from(b[k])).sum::<u32>();
    for (first, weights) in &rows {
        line.fill(0);
        let covered = weights.iter().zip(raw[first * w..].chunks_exact(w));
        for (&weight, row) in covered.filter(|c| *c.0 > 0) {
            line.iter_mut().zip(row).for_each(|(l, &v)| *l += weight * u16::from(v));
        }
        line.iter_mut().for_each(|l| *l >>= 4);
        for (first, weights) in &columns {
            let sum: u32 = weights.chunks_exact(4).zip(line[*first..].chunks_exact(4)).map(four).sum();
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

//! Repair: a code whose finder patterns, quiet zone or light are spoilt is sampled where its fixed
//! parts fit best, completed, and decoded again.
//!
//! In: the photo, the sheet's mesh, the code's size, versions and range of places from the form. Out:
//! what decodes and is accepted by the caller. The function patterns of a version (a seventh of its
//! modules, spread over the whole symbol) serve as a template that is slid over the straightened
//! region and then fitted by four corners; so neither a whole finder pattern nor a quiet zone is
//! needed. The sampled modules are drawn as a clean symbol with the function patterns as they must be
//! and the nearest format words; the code's own error correction still judges the data, so that a bad
//! sampling decodes to nothing.

use super::decode::{self, Decoded, Thoroughness, Window};
use super::symbol::{Symbol, format_places, format_words};
use crate::form::QrSpec;
use crate::ground::geometry::{Point, Quad, Rect};
use crate::read::cut;
use crate::read::sheet::Mesh;
use image::{GrayImage, Luma};
use imageproc::contrast::equalize_histogram;
use imageproc::filter::gaussian_blur_f32;

/// Pixels per millimetre of the straightened region: about five a module of a version-8 code of
/// 57 mm, so that a module's middle is well apart from its edges.
const SCALE: f64 = 4.5;

/// The search is given up below this agreement of the binarised region with the template (1 is
/// perfect, 0 is chance): paper without a code reaches about 0.3 at its best place.
const MIN_FIT: f64 = 0.38;

/// Step through the template's points that spreads any part of them over the symbol.
const STREW: usize = 6;

/// Modules around the drawn symbol, as the standard wants.
const QUIET: usize = 4;

/// Pixels a module of the drawn symbol.
const DRAWN: usize = 4;

/// Tries harder around the expected place. `fits` says whether a text is what is looked for.
pub(super) fn retry(
    pixels: &GrayImage,
    mesh: &Mesh,
    spec: &QrSpec,
    fits: impl Fn(&str) -> bool,
) -> Vec<Decoded> {
    let margin = super::SEARCH_MARGIN;
    let area = Rect::new(
        spec.left - margin,
        spec.top.0 - margin,
        spec.size + 2.0 * margin,
        spec.top.1 - spec.top.0 + spec.size + 2.0 * margin,
    );
    let region = cut::cut(pixels, mesh, area, SCALE);
    let to_photo = |p: [f64; 2]| mesh.map(Point::new(area.x + p[0] / SCALE, area.y + p[1] / SCALE));
    let mut foreign = Vec::new();
    for &version in &spec.versions {
        let Some(symbol) = Symbol::new(version) else { continue };
        let Some((grid, binary)) = locate(&region, &symbol, spec.size * SCALE) else { continue };
        let quad = Quad::from_points(grid.0.map(to_photo));
        for text in readings(&region, &binary, &grid, &symbol) {
            let code = Decoded { text, quad };
            if fits(&code.text) {
                return vec![code];
            }
            foreign.push(code);
        }
        let found = variants(pixels, quad);
        if found.iter().any(|code| fits(&code.text)) {
            return found;
        }
        foreign.extend(found);
    }
    foreign
}

/// The decoder on the native pixels around a located code, after changes that help some scans.
fn variants(pixels: &GrayImage, quad: Quad) -> Vec<Decoded> {
    let b = quad.bounds();
    // A tenth of the side on each side keeps the quiet zone in.
    let pad = b.width.max(b.height) * 0.1;
    let around = Rect::new(b.x - pad, b.y - pad, b.width + 2.0 * pad, b.height + 2.0 * pad);
    let Some(window) = Window::around(Quad::from_points(around.corners()), pixels) else { return Vec::new() };
    let crop = image::imageops::crop_imm(pixels, window.x, window.y, window.width, window.height).to_image();
    let double = |picture: &GrayImage| {
        let (w, h) = (picture.width() * 2, picture.height() * 2);
        image::imageops::resize(picture, w, h, image::imageops::FilterType::CatmullRom)
    };
    // Half a module of blur: JPEG blocks and dropouts go, modules stay.
    let sigma = (b.width / 49.0 * 0.25) as f32;
    let tries: [(GrayImage, f64); 3] = [
        (gaussian_blur_f32(&crop, sigma.max(0.5)), 1.0),
        (double(&crop), 2.0),
        (equalize_histogram(&crop), 1.0),
    ];
    for (picture, scale) in tries {
        let mut found = decode::window(&picture, Window::whole(&picture), Thoroughness::Hard);
        if !found.is_empty() {
            for code in &mut found {
                let back = |p: Point| {
                    Point::new(p.x / scale + f64::from(window.x), p.y / scale + f64::from(window.y))
                };
                code.quad = Quad::from_points(code.quad.points().map(back));
            }
            return found;
        }
    }
    Vec::new()
}

/// Corners of a symbol in pixels of the region, in the order of [`Quad`].
#[derive(Debug, Clone, Copy)]
struct Grid([[f64; 2]; 4]);

impl Grid {
    fn square(x: f64, y: f64, side: f64) -> Self {
        Self([[x, y], [x + side, y], [x + side, y + side], [x, y + side]])
    }

    /// The region's pixel at (u, v), both 0 to 1 across the symbol; bilinear, which over one code
    /// of a straightened strip differs from a projection by less than a tenth of a module.
    fn at(&self, u: f64, v: f64) -> [f64; 2] {
        let [a, b, c, d] = self.0;
        std::array::from_fn(|k| (a[k] * (1.0 - u) + b[k] * u) * (1.0 - v) + (d[k] * (1.0 - u) + c[k] * u) * v)
    }
}

/// The region split into dark (-1), light (1) and flat (0) by the mean around each pixel.
struct Binary {
    width: usize,
    height: usize,
    /// Blurred grey less the local mean.
    relief: Vec<f32>,
    /// Its sign.
    sign: Vec<i8>,
}

impl Binary {
    /// `module` is the side of a module in pixels.
    fn new(region: &GrayImage, module: f64) -> Self {
        let (width, height) = (region.width() as usize, region.height() as usize);
        let blurred = box_mean(region, (module * 0.25).round() as usize);
        // Seven modules around: wider than a finder pattern's core, narrower than a shadow.
        let around = box_mean(region, (module * 3.5).round() as usize);
        let relief: Vec<f32> = blurred.iter().zip(&around).map(|(a, b)| a - b).collect();
        // Less than 6 grey levels from the mean is paper noise.
        let sign = relief.iter().map(|&r| if r < -6.0 { -1 } else { i8::from(r > 6.0) }).collect();
        Self { width, height, relief, sign }
    }

    fn index(&self, p: [f64; 2]) -> Option<usize> {
        let (x, y) = (p[0].round(), p[1].round());
        let inside = x >= 0.0 && y >= 0.0 && x < self.width as f64 && y < self.height as f64;
        inside.then(|| y as usize * self.width + x as usize)
    }
}

/// Mean over the square of half-width `radius` around each pixel.
fn box_mean(picture: &GrayImage, radius: usize) -> Vec<f32> {
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    let mut sums = vec![0u32; (w + 1) * (h + 1)];
    for y in 0..h {
        let mut row = 0u32;
        for x in 0..w {
            row += u32::from(picture.as_raw()[y * w + x]);
            sums[(y + 1) * (w + 1) + x + 1] = sums[y * (w + 1) + x + 1] + row;
        }
    }
    let mut out = Vec::with_capacity(w * h);
    for y in 0..h {
        let (y0, y1) = (y.saturating_sub(radius), (y + radius + 1).min(h));
        for x in 0..w {
            let (x0, x1) = (x.saturating_sub(radius), (x + radius + 1).min(w));
            let sum = sums[y1 * (w + 1) + x1] + sums[y0 * (w + 1) + x0]
                - sums[y0 * (w + 1) + x1]
                - sums[y1 * (w + 1) + x0];
            out.push(sum as f32 / ((y1 - y0) * (x1 - x0)) as f32);
        }
    }
    out
}

/// The fixed modules as (u, v, sign of light).
fn template(symbol: &Symbol) -> Vec<(f64, f64, i32)> {
    let n = symbol.size as f64;
    let fixed = symbol.fixed.iter().enumerate();
    fixed
        .filter_map(|(i, colour)| {
            let (x, y) = ((i % symbol.size) as f64, (i / symbol.size) as f64);
            colour.map(|dark| ((x + 0.5) / n, (y + 0.5) / n, if dark { -1 } else { 1 }))
        })
        .collect()
}

/// Where the symbol's fixed parts fit best, if anywhere.
fn locate(region: &GrayImage, symbol: &Symbol, side: f64) -> Option<(Grid, Binary)> {
    let module = side / symbol.size as f64;
    let binary = Binary::new(region, module);
    let points = template(symbol);
    let score = |grid: &Grid| -> f64 {
        let hits: i32 = points
            .iter()
            .map(|&(u, v, light)| {
                binary.index(grid.at(u, v)).map_or(0, |ix| light * i32::from(binary.sign[ix]))
            })
            .sum();
        f64::from(hits) / points.len() as f64
    };
    // Coarse: steps of half a module, three sizes (2 % is a whole module over the symbol).
    let step = module * 0.5;
    let mut best = (f64::MIN, Grid::square(0.0, 0.0, side));
    for size in [0.98, 1.0, 1.02] {
        let side = side * size;
        // Strewn, so that the first sixth already speaks for the whole symbol.
        let strewn = (0..STREW).flat_map(|k| points.iter().skip(k).step_by(STREW));
        let offsets: Vec<(isize, i32)> = strewn
            .map(|&(u, v, light)| {
                let (dx, dy) = ((u * side).round() as isize, (v * side).round() as isize);
                (dy * binary.width as isize + dx, light)
            })
            .collect();
        let mut y = 0.0;
        while y + side + 1.0 < binary.height as f64 {
            let mut x = 0.0;
            while x + side + 1.0 < binary.width as f64 {
                let origin = y as isize * binary.width as isize + x as isize;
                // Every point lies inside: the origin is at least a side away from both edges.
                let sum = |part: &[(isize, i32)]| -> i32 {
                    part.iter().map(|&(o, light)| light * i32::from(binary.sign[(origin + o) as usize])).sum()
                };
                let (few, rest) = offsets.split_at(offsets.len() / 6);
                let first = sum(few);
                x += step;
                if f64::from(first) < few.len() as f64 * best.0.max(MIN_FIT / 2.0) / 2.0 {
                    continue;
                }
                let fit = f64::from(first + sum(rest)) / points.len() as f64;
                if fit > best.0 {
                    best = (fit, Grid::square((x - step).floor(), y.floor(), side));
                }
            }
            y += step;
        }
    }
    // Fine: the whole grid, then each corner, moved by shrinking steps as long as it helps.
    let (mut fit, mut grid) = best;
    let mut move_by = module;
    while move_by > 0.2 {
        let mut improved = false;
        for corners in [0b1111usize, 0b0011, 0b1100, 0b0110, 0b1001, 0b0001, 0b0010, 0b0100, 0b1000] {
            for (dx, dy) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                let mut moved = grid;
                for (k, corner) in moved.0.iter_mut().enumerate() {
                    if corners >> k & 1 == 1 {
                        corner[0] += dx * move_by;
                        corner[1] += dy * move_by;
                    }
                }
                let new = score(&moved);
                if new > fit {
                    (fit, grid, improved) = (new, moved, true);
                }
            }
        }
        if !improved {
            move_by /= 2.0;
        }
    }
    (fit >= MIN_FIT).then_some((grid, binary))
}

/// Texts that the located symbol decodes to, under the most plausible format words.
fn readings(region: &GrayImage, binary: &Binary, grid: &Grid, symbol: &Symbol) -> Vec<String> {
    let n = symbol.size;
    let relief: Vec<f32> = (0..n * n)
        .map(|i| {
            let (x, y) = ((i % n) as f64 + 0.5, (i / n) as f64 + 0.5);
            binary.index(grid.at(x / n as f64, y / n as f64)).map_or(0.0, |ix| binary.relief[ix])
        })
        .collect();
    debug_assert_eq!(region.width() as usize, binary.width);
    let format_at = |bit: usize| format_places(n, bit);
    // How far the sampled modules speak for each format word: dark is negative relief and a 1.
    let mut ranked: Vec<(f32, u32)> = format_words()
        .into_iter()
        .map(|word| {
            let support: f32 = (0..15)
                .flat_map(|bit| format_at(bit).map(|(x, y)| (bit, relief[y * n + x])))
                .map(|(bit, r)| if word >> bit & 1 == 1 { -r } else { r }.clamp(-40.0, 40.0))
                .sum();
            (support, word)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut texts = Vec::new();
    // The right word was among the first two wherever the code was located at all.
    for &(_, word) in ranked.iter().take(3) {
        // A shifted threshold for ink that ran or faded.
        for shift in [0.0, -8.0, 8.0] {
            let mut dark: Vec<bool> =
                symbol.fixed.iter().zip(&relief).map(|(fixed, &r)| fixed.unwrap_or(r < shift)).collect();
            for bit in 0..15 {
                for (x, y) in format_at(bit) {
                    dark[y * n + x] = word >> bit & 1 == 1;
                }
            }
            if let Some(text) = decode::clean(&draw(&dark, n)) {
                texts.push(text);
            }
        }
        if !texts.is_empty() {
            break;
        }
    }
    texts.dedup();
    texts
}

/// The symbol as a clean picture with its quiet zone.
fn draw(dark: &[bool], n: usize) -> GrayImage {
    let side = ((n + 2 * QUIET) * DRAWN) as u32;
    GrayImage::from_fn(side, side, |px, py| {
        let module = |p: u32| (p as usize / DRAWN).checked_sub(QUIET).filter(|&m| m < n);
        match (module(px), module(py)) {
            (Some(x), Some(y)) if dark[y * n + x] => Luma([0]),
            _ => Luma([255]),
        }
    })
}

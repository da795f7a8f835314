//! Cells: the crop of each number's digits and words, cut along the sheet's mesh.

use crate::geometry::{Point, Rect};
use crate::sheet::Mesh;
use image::{GrayImage, Luma};

/// Cuts a form rectangle (mm) out of the photo along the mesh at `px_per_mm`, averaging where the
/// photo is finer than that; what lies outside the photo is white.
pub fn cut(pixels: &GrayImage, mesh: &Mesh, rect: Rect, px_per_mm: f64) -> GrayImage {
    let w = (rect.width * px_per_mm).round().max(1.0) as u32;
    let h = (rect.height * px_per_mm).round().max(1.0) as u32;
    // Oversampling: the photo's pixels that one pixel of the crop covers along each axis.
    let native = mesh.px_per_mm(rect.y + rect.height / 2.0);
    let n = (native / px_per_mm).round().clamp(1.0, 6.0) as u32;
    let mut out = GrayImage::new(w, h);
    for oy in 0..h {
        for ox in 0..w {
            let mut sum = 0.0;
            for sy in 0..n {
                for sx in 0..n {
                    let fx = rect.x + (f64::from(ox) + (f64::from(sx) + 0.5) / f64::from(n)) / px_per_mm;
                    let fy = rect.y + (f64::from(oy) + (f64::from(sy) + 0.5) / f64::from(n)) / px_per_mm;
                    sum += sample(pixels, mesh.map(Point::new(fx, fy)));
                }
            }
            let v = (sum / f64::from(n * n)).round().clamp(0.0, 255.0) as u8;
            out.put_pixel(ox, oy, Luma([v]));
        }
    }
    out
}

/// Bilinear sample at a photo point; white outside.
fn sample(pixels: &GrayImage, p: Point) -> f64 {
    let (x0, y0) = (p.x.floor(), p.y.floor());
    let (fx, fy) = (p.x - x0, p.y - y0);
    let at = |dx: i64, dy: i64| {
        let (x, y) = (x0 as i64 + dx, y0 as i64 + dy);
        if x < 0 || y < 0 || x >= i64::from(pixels.width()) || y >= i64::from(pixels.height()) {
            255.0
        } else {
            f64::from(pixels.get_pixel(x as u32, y as u32)[0])
        }
    };
    let top = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
    let bottom = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
    top * (1.0 - fy) + bottom * fy
}

//! Cells pasted over others of the same sheet.
//!
//! In: a picture, its mesh, two fields of equal cells. Out: the altered picture. Refuses nothing: a cell that the mesh
//! folds up stays as it is.

use super::Alteration;
use crate::form::{FieldIx, Form, Slot};
use crate::ground::geometry::{Point, Rect, floor};
use crate::read::sheet::Mesh;
use image::{GrayImage, Luma};

/// Paper pasted above and below a cell's print, mm: what the mesh may be off.
const MARGIN: f64 = 0.2;

/// The picture with the cells of field `a` taken from field `b`, or exchanged with them.
pub(super) fn paste(
    pixels: &GrayImage,
    mesh: &Mesh,
    form: &Form,
    alteration: Alteration,
    (a, b): (FieldIx, FieldIx),
) -> GrayImage {
    let mut out = pixels.clone();
    let mut copy = |from: FieldIx, to: FieldIx| {
        let (from, to) = (&form.fields[from], &form.fields[to]);
        if alteration.digits()
            && let (Some(x), Some(y)) = (&from.digits, &to.digits)
        {
            paste_cell(pixels, &mut out, mesh, area(x, from.y), area(y, to.y));
        }
        if alteration.words()
            && let (Some(x), Some(y)) = (&from.words, &to.words)
        {
            paste_cell(pixels, &mut out, mesh, area(x, from.y), area(y, to.y));
        }
    };
    copy(b, a);
    if alteration.exchanges() {
        copy(a, b);
    }
    out
}

/// All lines of a slot, form mm.
fn area(slot: &Slot, y: f64) -> Rect {
    let (first, last) = (slot.line_rect(y, 0), slot.line_rect(y, slot.lines.max(1) - 1));
    Rect::new(first.x, first.y - MARGIN, first.width, last.bottom() - first.y + 2.0 * MARGIN)
}

/// Copies the photo's pixels under one form rectangle to those under another of the same size.
fn paste_cell(pixels: &GrayImage, out: &mut GrayImage, mesh: &Mesh, from: Rect, to: Rect) {
    let [a, b, _, d] = to.corners().map(|p| mesh.map(p));
    // Along a cell the mesh is flat: corners give the place of each pixel in it.
    let (ux, uy, vx, vy) = (b.x - a.x, b.y - a.y, d.x - a.x, d.y - a.y);
    let det = ux * vy - uy * vx;
    if det.abs() < 1e-9 {
        return;
    }
    let bounds = mesh.quad(to).bounds();
    for y in floor(bounds.y).max(0)..=floor(bounds.bottom()).min(i64::from(out.height()) - 1) {
        for x in floor(bounds.x).max(0)..=floor(bounds.right()).min(i64::from(out.width()) - 1) {
            let (dx, dy) = (x as f64 - a.x, y as f64 - a.y);
            let (u, v) = ((dx * vy - dy * vx) / det, (ux * dy - uy * dx) / det);
            if (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v) {
                let p = mesh.map(Point::new(from.x + u * from.width, from.y + v * from.height));
                out.put_pixel(x as u32, y as u32, Luma([sample(pixels, p)]));
            }
        }
    }
}

/// Bilinear sample; the nearest pixel at the edges.
fn sample(pixels: &GrayImage, p: Point) -> u8 {
    let (w, h) = (i64::from(pixels.width()), i64::from(pixels.height()));
    let (x, y) = (floor(p.x), floor(p.y));
    let at =
        |x: i64, y: i64| f64::from(pixels.get_pixel(x.clamp(0, w - 1) as u32, y.clamp(0, h - 1) as u32)[0]);
    let (fx, fy) = (p.x - x as f64, p.y - y as f64);
    let top = at(x, y) * (1.0 - fx) + at(x + 1, y) * fx;
    let bottom = at(x, y + 1) * (1.0 - fx) + at(x + 1, y + 1) * fx;
    (top * (1.0 - fy) + bottom * fy).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::sheet::Rung;

    #[test]
    fn a_cell_is_pasted_where_the_mesh_puts_it() {
        let pixels = GrayImage::from_fn(100, 100, |_, y| Luma([(y * 2) as u8]));
        let rung = |y: f64| Rung { y, points: [0.0, 5.0, 10.0].map(|x| Point::new(x * 10.0, y * 10.0)) };
        let mesh = Mesh { width: 10.0, rungs: vec![rung(0.0), rung(10.0)] };
        let mut out = pixels.clone();
        paste_cell(&pixels, &mut out, &mesh, Rect::new(1.0, 6.0, 2.0, 1.0), Rect::new(1.0, 2.0, 2.0, 1.0));
        assert_eq!((out.get_pixel(15, 21)[0], out.get_pixel(15, 25)[0]), (122, 130));
        assert_eq!(
            (out.get_pixel(15, 19)[0], out.get_pixel(15, 31)[0], out.get_pixel(5, 25)[0]),
            (38, 62, 50)
        );
    }
}

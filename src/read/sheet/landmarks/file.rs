//! Landmarks as a file, and those of a form.
//!
//! In: bytes that [`Landmarks::to_bytes`] wrote, or a form's print. Out: [`Landmarks`]. Refuses (gives `None`) other bytes.

use super::{Landmark, Landmarks, corners};
use crate::form::Form;
use crate::form::print::Canvas;
use crate::ground::geometry::Point;
use image::{GrayImage, Luma};

/// How a file begins.
const MAGIC: &[u8; 16] = b"cotejo.marks/1\n\0";
/// Pixels a millimetre at which landmarks are described: strokes are half a pixel wide, rows of text four pixels high.
pub(crate) const PX_PER_MM: f64 = 2.0;

const ACTA: &[u8] = include_bytes!("../../../../models/forms/ve-2024-presidential.landmarks");

impl Landmarks {
    /// A form's landmarks: from its file, or from its print as it is drawn.
    pub(crate) fn of(form: &Form) -> Self {
        let file = (form.id == "ve-2024-presidential").then(|| Self::from_bytes(ACTA)).flatten();
        let drawn = Self::drawn(form);
        match file {
            Some(file) => Self { marks: [file.marks, drawn.marks].concat(), ..file },
            None => drawn,
        }
    }

    /// From the print as it is drawn, once sharp and once soft.
    pub(crate) fn drawn(form: &Form) -> Self {
        let (width, height) = form.frame;
        let mut canvas = Canvas::new(-3.0, -3.0, width + 6.0, height + 6.0, 4.0 * PX_PER_MM);
        canvas.constant(form);
        let grey = |v: f32| (235.0 - 190.0 * v.clamp(0.0, 1.0)).round() as u8;
        let (w, h) = canvas.ink.dimensions();
        let fine = GrayImage::from_fn(w, h, |x, y| Luma([grey(canvas.ink.get_pixel(x, y)[0])]));
        let sharp = corners::smaller(&fine, 0.25);
        let soft = corners::smaller(&corners::blur(&corners::blur(&fine)), 0.25);
        let origin = Point::new(-3.0 + 0.5 / PX_PER_MM, -3.0 + 0.5 / PX_PER_MM);
        Self::learn(&[(sharp, origin), (soft, origin)], PX_PER_MM, 0.5, 1200)
    }

    /// As a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend((self.px_per_mm as f32).to_le_bytes());
        out.extend((self.marks.len() as u32).to_le_bytes());
        for m in &self.marks {
            for v in [m.place.x as f32, m.place.y as f32, m.angle] {
                out.extend(v.to_le_bytes());
            }
            m.bits.iter().for_each(|b| out.extend(b.to_le_bytes()));
        }
        out
    }

    /// From a file.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC.as_slice())?;
        let float = |b: &[u8]| b.try_into().ok().map(f32::from_le_bytes);
        let px_per_mm = f64::from(float(rest.get(..4)?)?);
        let count = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
        let entries = rest.get(8..)?.chunks_exact(44);
        if entries.len() != count || !entries.remainder().is_empty() {
            return None;
        }
        let mark = |e: &[u8]| {
            let bits = |k: usize| e[12 + 8 * k..20 + 8 * k].try_into().ok().map(u64::from_le_bytes);
            let place = Point::new(f64::from(float(&e[..4])?), f64::from(float(&e[4..8])?));
            Some(Landmark { place, angle: float(&e[8..12])?, bits: [bits(0)?, bits(1)?, bits(2)?, bits(3)?] })
        };
        let marks = entries.map(mark).collect::<Option<Vec<_>>>()?;
        Some(Self { px_per_mm, marks })
    }
}

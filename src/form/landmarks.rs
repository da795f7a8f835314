//! Landmarks of a form: corners of its constant print that are found again on its sheets.
//!
//! In: the bytes of a `.landmarks` file beside the form's definition. Out: [`Landmarks`]. Refuses (gives `None`) bytes
//! that are no such file. How they are found and learned is told where sheets are found; here is what they are.

use crate::ground::geometry::Point;

/// How a file begins.
const MAGIC: &[u8; 16] = b"cotejo.marks/1\n\0";
/// Bytes of a landmark in a file: place, direction, description.
const EACH: usize = 44;

/// What stands around a corner: 256 comparisons of brightness.
pub type Bits = [u64; 4];

/// A corner of constant print.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landmark {
    /// Its place on the form, mm.
    pub place: Point,
    /// Which way its brightness lies, radians.
    pub angle: f32,
    /// What stands around it.
    pub bits: Bits,
}

/// The landmarks of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Landmarks {
    /// Pixels a millimetre at which they were described.
    pub px_per_mm: f64,
    /// The landmarks.
    pub marks: Vec<Landmark>,
}

impl Landmarks {
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
        let float = |b: &[u8]| b.try_into().ok().map(f32::from_le_bytes).filter(|v| v.is_finite());
        let px_per_mm = f64::from(float(rest.get(..4)?)?);
        let count = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
        let entries = rest.get(8..)?.chunks_exact(EACH);
        if entries.len() != count || !entries.remainder().is_empty() || px_per_mm <= 0.0 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_what_was_written_and_a_cut_one_is_refused() {
        let mark = Landmark { place: Point::new(1.5, -2.25), angle: 0.5, bits: [1, 2, 3, u64::MAX] };
        let all = Landmarks { px_per_mm: 2.0, marks: vec![mark, Landmark { angle: 3.0, ..mark }] };
        let bytes = all.to_bytes();
        assert_eq!(Landmarks::from_bytes(&bytes), Some(all));
        assert!((0..bytes.len()).all(|n| Landmarks::from_bytes(&bytes[..n]).is_none()));
        assert_eq!(Landmarks::from_bytes(&[&bytes[..], &[0]].concat()), None);
    }
}

//! Made-up sheets, and scans and photos of them, with their truth.
//!
//! In: a [`Form`] and a seed. Out: [`Drawn`] (the print at 8 px/mm), [`Picture`] (what a scanner or a
//! camera makes of it), both with the exact [`Mesh`] and the [`SheetTruth`]; or a folder of pictures
//! with `truth.csv` and `truth.jsonl` ([`run`]). Refuses to write into a folder that is not empty.
//!
//! Everything printed is invented and marked as a sample. The same seed gives the same bytes,
//! whatever the number of threads.

pub mod blocks;
pub mod camera;
pub mod defects;
pub mod draw;
mod noise;
mod paper;
pub mod phone;
pub mod records;
pub mod scan;
mod scene;
pub mod text;
pub mod values;
mod warp;
mod write;

pub use defects::Defect;
pub use draw::{Drawn, Part};
pub use phone::{Scene, Shot};
pub use values::{FieldTruth, SheetTruth, ValueMode};
pub use write::{Existing, Faults, Options, Source, Summary, SynthError, run};

use crate::form::Form;
use crate::read::sheet::Mesh;
use image::GrayImage;
use rand::SeedableRng;

/// The generator of all randomness here: the same numbers on every machine.
pub type SynthRng = rand_chacha::ChaCha8Rng;

/// The generator for one sheet of a run, so that sheets do not depend on each other.
pub fn rng(seed: u64, sheet: u64) -> SynthRng {
    let mut rng = SynthRng::seed_from_u64(seed);
    rng.set_stream(sheet);
    rng
}

/// A picture of a sheet, with what is true of it.
#[derive(Debug, Clone)]
pub struct Picture {
    /// What a decoder of `jpeg` sees.
    pub pixels: GrayImage,
    /// Form millimetres to `pixels`, exact.
    pub mesh: Mesh,
    /// What the sheet says.
    pub truth: SheetTruth,
    /// The file's bytes, where the picture went through JPEG; `pixels` are decoded from them.
    pub jpeg: Option<Vec<u8>>,
}

/// The one of `all` that has this name.
///
/// # Errors
/// A name that none has, with those that there are; `what` says of what.
pub fn named<T: Copy>(
    all: &[T],
    name_of: impl Fn(&T) -> String,
    what: &str,
    name: &str,
) -> Result<T, String> {
    all.iter().find(|&x| name_of(x) == name).copied().ok_or_else(|| {
        let known: Vec<String> = all.iter().map(name_of).collect();
        format!("there is no {what} \"{name}\"; known are: {}", known.join(", "))
    })
}

/// An invented sheet, drawn.
pub fn sheet(form: &Form, seed: u64, mode: ValueMode, part: Part) -> Drawn {
    let mut rng = rng(seed, 0);
    let truth = values::invent(form, &mut rng, mode);
    draw::draw(form, &truth, part, &mut rng)
}

#[cfg(test)]
mod tests {
    use image::GrayImage;

    /// Correlation of two pictures of one size.
    pub(super) fn likeness(a: &GrayImage, b: &GrayImage) -> f64 {
        let mean = |p: &GrayImage| p.iter().map(|&v| f64::from(v)).sum::<f64>() / p.len() as f64;
        let (ma, mb) = (mean(a), mean(b));
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (&x, &y) in a.iter().zip(b.iter()) {
            let (x, y) = (f64::from(x) - ma, f64::from(y) - mb);
            (ab, aa, bb) = (ab + x * y, aa + x * x, bb + y * y);
        }
        ab / (aa * bb).sqrt().max(1e-9)
    }

    /// The picture as the QR decoder takes it.
    pub(super) fn view(pixels: &GrayImage) -> zxingcpp::ImageView<'_> {
        let (w, h) = pixels.dimensions();
        zxingcpp::ImageView::from_slice(pixels.as_raw(), w, h, zxingcpp::ImageFormat::Lum).unwrap()
    }
}

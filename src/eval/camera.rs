//! Inputs seen through the camera: what photos of known sheets would come to.
//!
//! In: a scan (or any picture in which the sheet is found) and a [`Camera`]. Out: the records of the
//! photo that the camera takes of it, under the input's path, and how far the registration is from
//! where the camera put the print. An input in which no sheet is found, or several, keeps the records
//! that it has without a camera. Refuses nothing.

use crate::geometry::Point;
use crate::photo::{self, Photo};
use crate::pipeline::{Digitizer, display};
use crate::record::Record;
use crate::sheet::{self, Mesh, Template};
use crate::synth::{Picture, SheetTruth, camera, rng};
use std::path::{Path, PathBuf};

/// A camera for evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// From 0 (as a scan) to 1 (hopeless).
    pub strength: f64,
    /// Where the dice begin.
    pub seed: u64,
    /// Folder in which the photos are kept.
    pub keep: Option<PathBuf>,
}

/// The records of one photo.
#[derive(Debug, Clone)]
pub struct Photographed {
    /// One a sheet that was found.
    pub records: Vec<Record>,
    /// Largest distance of the registration from the truth over the digits and words that the record
    /// holds, mm; `None` when nothing was found.
    pub off: Option<f64>,
}

impl Camera {
    /// Photographs the file, the `index`-th of the evaluation, and digitizes the photo.
    pub fn see(
        &self,
        digitizer: &Digitizer,
        templates: &[Template],
        file: &Path,
        index: usize,
    ) -> Photographed {
        let plain = || Photographed {
            records: digitizer.file(file).into_iter().map(|d| d.record).collect(),
            off: None,
        };
        let name = display(file);
        let limits = &digitizer.config().limits;
        let Ok(scan) =
            photo::read(file, limits).and_then(|b| photo::decode(&name, String::new(), &b, limits))
        else {
            return plain();
        };
        let mut sheets = sheet::locate(&scan.pixels, templates);
        let (Some(sheet), true) = (sheets.pop(), sheets.is_empty()) else { return plain() };
        let form = &digitizer.config().forms[sheet.form];
        // The header above the frame and the code below it move with the paper.
        let mesh = sheet.mesh.extended(-form.paper_length.1 / 4.0, form.paper_length.1);
        let picture = Picture { pixels: scan.pixels, mesh, truth: SheetTruth::default(), jpeg: None };
        let taken = camera::photograph(&picture, self.strength, &mut rng(self.seed, index as u64));
        drop(picture);
        let bytes = taken.jpeg.unwrap_or_default();
        if let Some(folder) = &self.keep {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let kept = folder.join(format!("{stem}.jpg"));
            // A photo that cannot be kept is not worth an evaluation.
            if let Err(error) = std::fs::write(&kept, &bytes) {
                tracing::warn!("{}: {error}", kept.display());
            }
        }
        let photo = Photo {
            path: name,
            sha256: photo::sha256(&bytes),
            page: 0,
            pages: 1,
            format: "jpeg".to_owned(),
            pixels: taken.pixels,
        };
        drop(bytes);
        let records: Vec<Record> = digitizer.photo(photo).into_iter().map(|d| d.record).collect();
        let off = records.first().and_then(|record| distance(record, &taken.mesh, form));
        Photographed { records, off }
    }
}

/// How far the record's mesh is from `truth`, mm: the worst of its digits and words.
fn distance(record: &Record, truth: &Mesh, form: &crate::form::Form) -> Option<f64> {
    let found = crate::report::mesh(record.registration.as_ref()?, form)?;
    let read = |id: &str| record.value(id).is_some_and(|v| v.channels.digits.is_some());
    let rows = form.fields.iter().filter(|f| f.digits.is_some() && read(&f.id));
    rows.flat_map(|f| [&f.digits, &f.words].into_iter().flatten().map(move |slot| (slot.centre, f.y)))
        .map(|(x, y)| {
            let p = Point::new(x, y);
            found.map(p).distance(truth.map(p)) / truth.px_per_mm(y).max(1e-9)
        })
        .max_by(f64::total_cmp)
}

//! Inputs seen through a camera: what photos of known sheets would come to.
//!
//! In: scans (or any pictures in which a sheet is found) and a [`Camera`]. Out: the photos as files, the truth
//! by their names, and, once they are digitized, how far the records' registration is from where the scans'
//! own registration, carried through the camera, puts the same print. That is agreement of the program with
//! itself; where truth is known is measured by [`super::registration`]. An input in which no sheet is found,
//! or several, is digitized as it is. Refuses a folder that cannot be written.

use super::{Truth, TruthSheet};
use crate::form::Form;
use crate::ground::geometry::Point;
use crate::ground::words::display;
use crate::lab::synth::{Picture, Scene, SheetTruth, camera, rng};
use crate::read::photo::{self, Limits};
use crate::read::sheet::{self, Mesh, Template};
use crate::record::Record;
use crate::run::batch::{self, BatchError, Jobs};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How far from its place a row may be, mm: a quarter of the narrowest row pitch.
const OFF: f64 = 0.8;

/// What takes the photos.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Camera {
    /// A camera near the sheet, from 0 (as a scan) to 1 (hopeless).
    Strength(f64),
    /// A phone, as people use it.
    Scene(Scene),
}

/// A photo that was taken.
pub struct Photo {
    /// Where its file is.
    pub file: PathBuf,
    /// The input's path, with the piece's number where a sheet was taken in several.
    pub path: String,
    /// Where the scan's registration, carried through the camera, puts the print; `None` for an input that was
    /// not photographed.
    mesh: Option<Mesh>,
}

/// Forms and limits of an evaluation.
pub struct Inputs<'a> {
    /// The known forms.
    pub forms: &'a [Arc<Form>],
    /// What a file may be at most.
    pub limits: &'a Limits,
    /// Where the dice begin.
    pub seed: u64,
}

/// Photographs the files into a folder; `done` is told of each file.
///
/// # Errors
/// Threads cannot be started; a photo cannot be written.
pub fn photograph(
    camera: Camera,
    inputs: &Inputs<'_>,
    files: &[PathBuf],
    folder: &Path,
    jobs: Jobs,
    done: impl Fn() + Sync,
) -> Result<Result<Vec<Photo>, std::io::Error>, BatchError> {
    let templates: Vec<Template> = inputs.forms.iter().map(|form| Template::new(form)).collect();
    let take = |i: usize| -> Result<Vec<Photo>, std::io::Error> {
        let file = &files[i];
        let path = display(file);
        let Some(picture) = picture(inputs, &templates, file) else {
            let file = file.clone();
            return Ok(vec![Photo { file, path, mesh: None }]);
        };
        let mut dice = rng(inputs.seed, i as u64);
        let taken: Vec<(Vec<u8>, Mesh)> = match camera {
            Camera::Strength(strength) => {
                let taken = camera::photograph(&picture, strength, &mut dice);
                vec![(taken.jpeg.unwrap_or_default(), taken.mesh)]
            }
            Camera::Scene(scene) => {
                scene.take(&picture, &mut dice).into_iter().map(|s| (s.jpeg, s.way.mesh())).collect()
            }
        };
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let many = taken.len() > 1;
        let mut photos = Vec::new();
        for (k, (jpeg, mesh)) in taken.into_iter().enumerate() {
            let piece = if many { format!("-{}", k + 1) } else { String::new() };
            // Files of one name from two folders stay apart.
            let earlier = files[..i].iter().filter(|f| f.file_stem() == file.file_stem()).count();
            let again = if earlier > 0 { format!("~{earlier}") } else { String::new() };
            let kept = folder.join(format!("{stem}{again}{piece}.jpg"));
            std::fs::write(&kept, jpeg)?;
            photos.push(Photo { file: kept, path: format!("{path}{piece}"), mesh: Some(mesh) });
        }
        Ok(photos)
    };
    let taken = batch::collect(files.len(), jobs, take, |_| done())?;
    Ok(taken.into_iter().collect::<Result<Vec<_>, _>>().map(|all| all.into_iter().flatten().collect()))
}

/// The picture of the one sheet that a file shows.
fn picture(inputs: &Inputs<'_>, templates: &[Template], file: &Path) -> Option<Picture> {
    let bytes = photo::read(file, inputs.limits).ok()?;
    let scan = photo::decode(&display(file), String::new(), &bytes, inputs.limits).ok()?;
    let mut sheets = sheet::locate(&scan.pixels, templates);
    let (sheet, true) = (sheets.pop()?, sheets.is_empty()) else { return None };
    let form = &inputs.forms[sheet.form];
    // The header above the frame and the code below it move with the paper.
    let mesh = sheet.mesh.extended(-form.paper_length.1 / 4.0, form.paper_length.1);
    Some(Picture { pixels: scan.pixels, mesh, truth: SheetTruth::default(), jpeg: None })
}

/// The truth of the photos: that of their inputs, under the photos' paths. What no photo is of stays as it is.
pub fn truth_of(truth: &Truth, photos: &[Photo]) -> Truth {
    let shows = |photo: &Photo, sheet: &TruthSheet| photo.path.contains(sheet.file.as_str());
    let of = |photo: &Photo| {
        let input = truth.sheets.iter().find(|s| shows(photo, s))?;
        Some(TruthSheet { file: photo.path.clone(), ..input.clone() })
    };
    let rest = truth.sheets.iter().filter(|s| !photos.iter().any(|p| shows(p, s))).cloned();
    Truth { sheets: photos.iter().filter_map(of).chain(rest).collect() }
}

/// Gives the records their photos' paths and says, in a line, how far their registration is from the scans'.
pub fn agreement(records: &mut [Record], photos: &[Photo], forms: &[Arc<Form>]) -> String {
    let mut off = Vec::new();
    for record in records.iter_mut() {
        let Some(photo) = photos.iter().find(|p| display(&p.file) == record.source().path) else { continue };
        record.source_mut().path.clone_from(&photo.path);
        let form = record.form_of(forms);
        off.extend(photo.mesh.as_ref().zip(form).and_then(|(mesh, form)| distance(record, mesh, &form)));
    }
    off.sort_by(f64::total_cmp);
    let within = off.iter().filter(|&&d| d <= OFF).count();
    format!(
        "agreement with the scan's own registration (not truth): {within} of {} photos have every row within {OFF} mm; \
         median of the worst rows {:.2} mm",
        photos.len(),
        off.get(off.len() / 2).copied().unwrap_or(f64::NAN)
    )
}

/// How far the record's mesh is from `mesh`, mm: the worst of its digits and words.
fn distance(record: &Record, mesh: &Mesh, form: &Form) -> Option<f64> {
    let found = crate::picture::mesh(record.registration.as_ref()?, form)?;
    let read = |id: &str| record.value(id).is_some_and(|v| v.prints.digits.is_some());
    let rows = form.fields.iter().filter(|f| f.digits.is_some() && read(&f.id));
    rows.flat_map(|f| {
        [&f.digits, &f.words]
            .into_iter()
            .flatten()
            .map(move |slot| (slot.x + slot.align.left(slot.width) + slot.width / 2.0, f.y))
    })
    .map(|(x, y)| {
        let p = Point::new(x, y);
        found.map(p).distance(mesh.map(p)) / mesh.px_per_mm(y).max(1e-9)
    })
    .max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_truth_of_their_sheet_and_what_was_not_photographed_stays_lost() {
        let sheet =
            |file: &str| TruthSheet { file: file.to_owned(), table: Some(5), ..TruthSheet::default() };
        let truth = Truth { sheets: vec![sheet("a.jpg"), sheet("b.jpg")] };
        let photo = |path: &str| Photo { file: PathBuf::from("x.jpg"), path: path.to_owned(), mesh: None };
        let found = truth_of(&truth, &[photo("in/a.jpg-1"), photo("in/a.jpg-2")]);
        let files: Vec<&str> = found.sheets.iter().map(|s| s.file.as_str()).collect();
        assert_eq!(files, ["in/a.jpg-1", "in/a.jpg-2", "b.jpg"]);
        assert!(found.sheets.iter().all(|s| s.table == Some(5)));
    }
}

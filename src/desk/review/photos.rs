//! Pictures of the sheets that are drawn for the audit: accepted sheets have none from the run.
//!
//! In: the station, before its page is served. Out: strip and cells of each drawn sheet in the run's
//! folder, cut from the photo where the run found it. Refuses a photo that is gone or changed: leaving
//! its sheet out would bend the sample.

use super::ReviewError;
use super::station::Station;
use crate::decide::Status;
use crate::picture::{self, Rows};
use crate::read::photo::{self, Document, Limits};
use crate::run::output::pictures;
use std::path::Path;

/// Makes the pictures that the drawn sheets lack.
///
/// # Errors
/// A photo that is not where the run found it, or whose bytes have changed; a file that cannot be
/// written.
pub fn prepare_sample(station: &Station) -> Result<(), ReviewError> {
    for &ix in station.sampled() {
        let record = &station.machine().get(ix)?;
        if pictures::exist::<Rows>(station.dir(), record) {
            continue;
        }
        let Some(form) = record.form_of(station.forms()) else { continue };
        let path = &record.source().path;
        let refuse = |problem: String| ReviewError::Photo { path: path.clone(), problem };
        let limits = Limits::default();
        let bytes = photo::read(Path::new(path), &limits).map_err(|e| refuse(e.to_string()))?;
        let sha256 = crate::ground::hash::sha256(&bytes);
        if sha256 != record.source().sha256 {
            return Err(refuse("is not the one that was read then".to_owned()));
        }
        let document = Document::open(path, sha256, bytes, &limits);
        let photo = document.and_then(|d| d.page(record.source().page, &limits));
        let photo = photo.map_err(|e| refuse(e.to_string()))?;
        // As for a sheet in review: strip and cells.
        let mut shown = record.clone();
        shown.status = Status::Review;
        pictures::save(station.dir(), record, &picture::pictures(&photo.pixels, &shown, &form))?;
        pictures::save(station.dir(), record, &picture::rows(&photo.pixels, &shown, &form))?;
    }
    Ok(())
}

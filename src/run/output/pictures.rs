//! The pictures that a run keeps beside its records, as JSON, one file a sheet and kind.
//!
//! In: what [`crate::picture`] made of a sheet. Out: files under the sheet's key, and, of an earlier program, under the
//! pixel of its corner. Refuses to keep nothing: what is empty has no file, and loads as empty.

use super::disk::{self, own};
use super::{OutputError, write_whole};
use crate::picture::{Rows, SheetPictures};
use crate::record::{Record, pixel_key, sheet_key};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// Their folder within a run's folder.
pub const PICTURES: &str = "pictures";

/// What is kept of a sheet.
pub trait Kept: Serialize + DeserializeOwned + Default {
    /// How the names of its files end.
    const ENDING: &str;

    /// Whether there is anything to keep.
    fn is_empty(&self) -> bool;
}

impl Kept for SheetPictures {
    const ENDING: &str = "json";

    fn is_empty(&self) -> bool {
        self.strip.is_none() && self.cells.is_empty()
    }
}

impl Kept for Rows {
    const ENDING: &str = "rows.json";

    fn is_empty(&self) -> bool {
        self.picture.is_none()
    }
}

fn places<T: Kept>(dir: &Path, record: &Record) -> [Option<PathBuf>; 2] {
    [sheet_key(record), pixel_key(record)]
        .map(|key| Some(dir.join(PICTURES).join(format!("{}.{}", key?, T::ENDING))))
}

/// Keeps what there is of a sheet in a run's folder.
///
/// # Errors
/// The file cannot be written.
pub fn save<T: Kept>(dir: &Path, record: &Record, what: &T) -> Result<(), OutputError> {
    let [path, _] = places::<T>(dir, record);
    let Some(path) = path.filter(|_| !what.is_empty()) else { return Ok(()) };
    if let Some(folder) = path.parent() {
        disk::make_dir(folder)?;
    }
    let bytes = serde_json::to_vec(what)
        .map_err(|e| OutputError::Encode { what: PICTURES, problem: e.to_string() })?;
    write_whole(&path, &bytes)
}

/// What is kept of a sheet; empty where nothing was kept or it cannot be read: a page is made without it then.
pub fn load<T: Kept>(dir: &Path, record: &Record) -> T {
    let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
    places::<T>(dir, record).iter().flatten().find_map(read).unwrap_or_default()
}

/// How many bytes are kept of a sheet.
pub fn size<T: Kept>(dir: &Path, record: &Record) -> u64 {
    let size = |path: &PathBuf| std::fs::metadata(path).ok().map(|m| m.len());
    places::<T>(dir, record).iter().flatten().find_map(size).unwrap_or(0)
}

/// Whether anything of a kind is kept of a sheet.
pub fn exist<T: Kept>(dir: &Path, record: &Record) -> bool {
    places::<T>(dir, record).iter().flatten().any(|path| path.is_file())
}

/// Removes the pictures of an earlier run; other files stay.
///
/// # Errors
/// A file that cannot be removed.
pub fn clear(dir: &Path) -> Result<(), OutputError> {
    own(&dir.join(PICTURES))?;
    kept(dir)?.iter().try_for_each(|path| disk::remove(path))
}

/// Adds the pictures that another run's folder keeps.
///
/// # Errors
/// A file that cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<(), OutputError> {
    let folder = to.join(PICTURES);
    for path in kept(from)? {
        disk::make_dir(&folder)?;
        let bytes = std::fs::read(&path).map_err(|e| OutputError::io(&path, e))?;
        path.file_name().map_or(Ok(()), |name| write_whole(&folder.join(name), &bytes))?;
    }
    Ok(())
}

/// The files that a run's folder keeps.
fn kept(dir: &Path) -> Result<Vec<PathBuf>, OutputError> {
    let folder = dir.join(PICTURES);
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let paths = entries.map(|entry| Ok(entry.map_err(|e| OutputError::io(&folder, e))?.path()));
    let paths: Vec<PathBuf> = paths.collect::<Result<_, OutputError>>()?;
    let ours = |path: &PathBuf| {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        name.split_once('-').is_some_and(|(h, _)| h.len() == 64) && name.ends_with(".json")
    };
    Ok(paths.into_iter().filter(ours).collect())
}

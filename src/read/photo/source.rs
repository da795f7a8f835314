//! Where a photo's bytes come from: a file, a member of an archive, or what is held in memory under a name.
//!
//! In: a path as given, or an address (`https://`, `s3://`); a member has that of its archive and its own, `sheets.zip/folder/name.jpg`. Out: its bytes within
//! the limit; of an archive, the paths of its members. Nothing is ever written. Refuses what is no file, is empty or over
//! the limit, and members that are packed in a way that is not known.

#[cfg(feature = "archives")]
mod archive;
#[cfg(feature = "remote")]
mod remote;

use super::{Limits, PhotoError};
use crate::ground::finding::Size;
#[cfg(feature = "archives")]
use archive::Archive;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What is said of a pipe, a socket or a device: reading it may wait, or never end.
pub const NO_FILE: &str = "it is a device, a pipe or a socket, not a file";

/// Endings of what is looked into as an archive.
pub const ARCHIVES: [&str; 4] = ["zip", "tar", "tar.gz", "tgz"];

static HELD: Mutex<BTreeMap<PathBuf, Arc<Vec<u8>>>> = Mutex::new(BTreeMap::new());

/// From now on these bytes are what this path leads to: a photo that came through a pipe can be read once only.
pub fn hold(path: &Path, bytes: Vec<u8>) {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), Arc::new(bytes));
}

fn held(path: &Path) -> Option<Arc<Vec<u8>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
}

/// Reads a photo's bytes within the limit.
///
/// # Errors
/// What the system does not give, what is no file, what is empty, what is over the limit, what its archive does not give.
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    if let Some(bytes) = held(path) {
        return within(bytes.len() as u64, limits).map(|()| bytes.to_vec());
    }
    #[cfg(feature = "remote")]
    if remote::is_remote(path) {
        return remote::read(path, limits);
    }
    #[cfg(feature = "archives")]
    {
        if let Some((archive, member)) = in_archive(path) {
            return Archive::opened(&archive)?.read(&member, limits);
        }
        if is_archive(path)
            && let Some(problem) = Archive::opened(path)?.broken()
        {
            return Err(problem);
        }
    }
    let meta = std::fs::metadata(path)?;
    if meta.is_dir() {
        return Err(PhotoError::Io("it is a folder, not a file".to_owned()));
    }
    if !meta.is_file() {
        return Err(PhotoError::Io(NO_FILE.to_owned()));
    }
    within(meta.len(), limits)?;
    let mut bytes = Vec::new();
    // It may grow as it is read.
    File::open(path)?.take(limits.bytes + 1).read_to_end(&mut bytes)?;
    within(bytes.len() as u64, limits)?;
    Ok(bytes)
}

/// Refuses so many bytes.
fn within(length: u64, limits: &Limits) -> Result<(), PhotoError> {
    match length {
        // Of this size are the system's own too, some of which wait when they are read.
        0 => Err(PhotoError::Empty),
        _ if length > limits.bytes => {
            Err(PhotoError::TooLarge { what: Size::Bytes, value: length, limit: limits.bytes })
        }
        _ => Ok(()),
    }
}

/// How many bytes a photo has, as far as that is known without reading it; `None` for what is no file.
pub fn size(path: &Path) -> Option<u64> {
    if let Some(bytes) = held(path) {
        return Some(bytes.len() as u64);
    }
    #[cfg(feature = "remote")]
    if remote::is_remote(path) {
        return remote::size(path);
    }
    #[cfg(feature = "archives")]
    if let Some((archive, member)) = in_archive(path) {
        return Archive::opened(&archive).ok()?.size(&member);
    }
    std::fs::metadata(path).ok().filter(|meta| meta.is_file()).map(|meta| meta.len())
}

/// Whether a path leads to something.
pub fn is_there(path: &Path) -> bool {
    #[cfg(feature = "remote")]
    if remote::is_remote(path) {
        // Reading tells.
        return true;
    }
    path.exists() || size(path).is_some()
}

/// What an archive holds.
#[derive(Debug, Default)]
pub struct Members {
    /// Its files, as within a folder: by name, folder by folder.
    pub files: Vec<PathBuf>,
    /// What is no file: links, devices.
    pub left_out: Vec<PathBuf>,
    /// Whether it was cut short or damaged: the archive itself is then refused, whatever members it has.
    pub broken: bool,
}

/// The members of an archive, or what lies below a folder that is elsewhere; `None` for what is neither.
#[cfg_attr(not(any(feature = "archives", feature = "remote")), allow(unused_variables))]
pub fn members(path: &Path) -> Option<Members> {
    #[cfg(feature = "remote")]
    if let Some(below) = remote::below(path) {
        let broken = Members { broken: true, ..Members::default() };
        return Some(below.map_or(broken, |files| Members { files, ..Members::default() }));
    }
    #[cfg(feature = "archives")]
    if is_archive(path) {
        let Ok(archive) = Archive::opened(path) else {
            return Some(Members { broken: true, ..Members::default() });
        };
        let (files, left_out) = archive.members();
        let within = |names: Vec<&str>| names.into_iter().map(|name| path.join(name)).collect();
        return Some(Members {
            files: within(files),
            left_out: within(left_out),
            broken: archive.broken().is_some(),
        });
    }
    None
}

/// Whether a file is an archive by its name.
#[cfg(feature = "archives")]
fn is_archive(path: &Path) -> bool {
    named_so(path) && path.is_file()
}

#[cfg(feature = "archives")]
fn named_so(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    ARCHIVES.iter().any(|ending| name.strip_suffix(ending).is_some_and(|stem| stem.ends_with('.')))
}

/// The archive that a path leads into, and the member's own path. It is looked for along the path as it is written, so that
/// no name within an archive leads out of it.
#[cfg(feature = "archives")]
fn in_archive(path: &Path) -> Option<(PathBuf, String)> {
    let mut archive = PathBuf::new();
    let mut parts = path.components();
    while let Some(part) = parts.next() {
        archive.push(part);
        if is_archive(&archive) {
            let member = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            return (!member.is_empty()).then_some((archive, member));
        }
    }
    None
}

#[cfg(test)]
#[cfg(feature = "archives")]
mod tests;

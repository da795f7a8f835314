//! One writer at a time for a run's folder.
//!
//! In: the folder, what the command is. Out: a [`Lock`], held until it is dropped; the system lets go of it when the
//! process ends, however it ends. Refuses a folder that another process writes to, and says which.

use super::disk::{self, UNFINISHED};
use super::{LOCK, OutputError};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// That this process alone writes to a folder.
#[derive(Debug)]
pub struct Lock {
    _held: File,
}

impl Lock {
    /// Takes the lock of a folder, finishes what a writer that was killed had decided, and removes what it left
    /// unfinished.
    ///
    /// # Errors
    /// Another process holds it; the system refused.
    pub fn take(dir: &Path, command: &str) -> Result<Self, OutputError> {
        let path = dir.join(LOCK);
        let io = |e| OutputError::io(&path, e);
        disk::own(&path)?;
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                // Who holds it may be about to say who it is.
                let _ = file.take(1000).read_to_string(&mut by);
                let by =
                    if by.trim().is_empty() { "another process".to_owned() } else { by.trim().to_owned() };
                return Err(OutputError::Locked { dir: dir.display().to_string(), by });
            }
            // A file system without locks: one writer is then the user's own care.
            Err(TryLockError::Error(e)) => tracing::warn!("{}: cannot be locked: {e}", dir.display()),
        }
        let says = format!("cotejo {command}, process {} on {}\n", std::process::id(), host());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(says.as_bytes()))
            .map_err(io)?;
        super::next::settle(dir)?;
        clear(dir)?;
        Ok(Self { _held: file })
    }
}

/// Removes the files that were not yet whole when their writer was killed.
fn clear(dir: &Path) -> Result<(), OutputError> {
    for folder in [dir.to_owned(), dir.join(super::pictures::PICTURES)] {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let file = entry.file_type().is_ok_and(|t| t.is_file());
            let unfinished = name.to_str().is_some_and(|name| name.starts_with(UNFINISHED) && file);
            if unfinished || name == super::next::WORK {
                disk::remove(&entry.path())?;
            }
        }
    }
    Ok(())
}

/// The machine's name, for a message.
fn host() -> String {
    let said = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    said.or_else(|| std::env::var("HOSTNAME").ok())
        .map_or("this machine".to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_writer_and_the_second_is_told_who() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path(), "run").unwrap();
        let refused = Lock::take(dir.path(), "review").unwrap_err().to_string();
        let own = format!("cotejo run, process {} on", std::process::id());
        assert!(refused.contains(&own), "{refused}");
        drop(first);
        Lock::take(dir.path(), "review").unwrap();
    }

    #[test]
    fn what_a_killed_writer_left_unfinished_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("pictures")).unwrap();
        for name in [".cotejo-abc", "pictures/.cotejo-def", "own.txt"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let _lock = Lock::take(dir.path(), "run").unwrap();
        let left = |at: &str| dir.path().join(at).exists();
        assert_eq!(
            (left(".cotejo-abc"), left("pictures/.cotejo-def"), left("own.txt")),
            (false, false, true)
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_is_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("other");
        std::fs::write(&other, b"mine").unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join(LOCK)).unwrap();
        let refused = Lock::take(dir.path(), "run").unwrap_err();
        assert!(matches!(refused, OutputError::Link { .. }), "{refused}");
        assert_eq!(std::fs::read(other).unwrap(), b"mine");
    }
}

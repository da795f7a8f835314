//! The files of a run: paths as given, folders walked.
//!
//! In: paths. Out: files in a stable order (as given; within a folder by name, bytewise), and what
//! was left out of folders because its name is not a picture's or because it is a pipe, a socket or a device.
//! Refuses nothing: a path that is not there or is no file stays in the list; [`missing`] and [`no_files`] name
//! those, for whoever wants to stop before the work.

use crate::ground::words::display;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Endings under which pictures are looked for in folders; a file that is named itself is always
/// taken.
pub const ENDINGS: [&str; 10] = ["jpg", "jpeg", "heic", "heif", "hif", "png", "webp", "tif", "tiff", "pdf"];

/// The files of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    /// As given.
    pub paths: Vec<PathBuf>,
    /// What is digitized, in order, each path once.
    pub files: Vec<PathBuf>,
    /// What lies in the folders and is no picture by its name, or no file.
    pub left_out: Vec<PathBuf>,
}

impl Inputs {
    /// The given paths as text.
    pub fn names(&self) -> Vec<String> {
        self.paths.iter().map(|p| display(p)).collect()
    }
}

/// Lists the files behind `paths`.
pub fn collect(paths: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs { paths: paths.to_vec(), ..Inputs::default() };
    let mut seen = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
                match entry {
                    Ok(entry) if entry.file_type().is_file() => {
                        let file = entry.into_path();
                        if !is_picture(&file) {
                            inputs.left_out.push(file);
                        } else if seen.insert(file.clone()) {
                            inputs.files.push(file);
                        }
                    }
                    Ok(entry) if entry.file_type().is_dir() => {}
                    Ok(entry) => inputs.left_out.push(entry.into_path()),
                    // A folder that may not be read is a path that gives a rejected record.
                    Err(error) => {
                        if let Some(p) = error.path()
                            && seen.insert(p.to_owned())
                        {
                            inputs.files.push(p.to_owned());
                        }
                    }
                }
            }
        } else if seen.insert(path.clone()) {
            inputs.files.push(path.clone());
        }
    }
    inputs
}

/// Those of `paths` that lead to nothing: mistyped, or moved away.
pub fn missing(paths: &[PathBuf]) -> Vec<&Path> {
    paths.iter().map(PathBuf::as_path).filter(|p| !p.exists()).collect()
}

/// Those of `paths` that are neither files nor folders: reading them may wait, or never end.
pub fn no_files(paths: &[PathBuf]) -> Vec<&Path> {
    let odd = |p: &&Path| std::fs::metadata(p).is_ok_and(|m| !m.is_file() && !m.is_dir());
    paths.iter().map(PathBuf::as_path).filter(odd).collect()
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|e| ENDINGS.contains(&e.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_by_name_and_other_files_are_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("b")).unwrap();
        for name in ["z.JPG", "a.png", "notes.txt", "b/c.jpeg"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let missing = dir.path().join("missing.jpg");
        let inputs = collect(&[missing.clone(), dir.path().to_owned(), dir.path().join("a.png")]);
        let names: Vec<_> =
            inputs.files.iter().map(|f| f.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["missing.jpg", "a.png", "b/c.jpeg", "z.JPG"]);
        assert_eq!(inputs.left_out, [dir.path().join("notes.txt")]);
        assert_eq!(super::missing(&inputs.paths), [missing]);
    }
}

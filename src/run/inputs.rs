//! The files of a run: paths as given, folders walked, archives looked into; all of them, or those of one shard.
//!
//! In: paths. Out: files in a stable order (as given; within a folder or an archive by name, bytewise), and what
//! was left out of those because its name is not a picture's or because it is a link, a pipe, a socket or a device.
//! A shard holds whole folders, about as many files as every other.
//! Refuses nothing: a path that is not there or is no file stays in the list; [`missing`] and [`no_files`] name
//! those, for whoever wants to stop before the work.

use crate::ground::hash::hexadecimal;
use crate::ground::words::display;
use crate::read::photo::source;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use walkdir::WalkDir;

/// Endings under which pictures are looked for in folders and archives; a file that is named itself is always
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
    /// Which of the run's files these are; `None` for all.
    pub cut: Option<Cut>,
}

/// One part of a run, for a machine of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub nth: usize,
    /// Of how many.
    pub of: usize,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.nth, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(n, of)| Some((n.parse().ok()?, of.parse().ok()?)));
        let shard = parts.map(|(nth, of)| Self { nth, of });
        shard.filter(|s| (1..=s.of).contains(&s.nth)).ok_or_else(|| "give it as 2/8, the first as 1/8".into())
    }
}

/// What the files of a shard are among the run's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Which shard.
    pub shard: Shard,
    /// How many files the run has.
    pub files: usize,
    /// SHA-256 of the names of all of them, a line each.
    pub names: String,
    /// Where the shard's files stand among them: from, to (without it), from 0.
    pub at: Vec<(usize, usize)>,
}

impl Cut {
    /// The places of the shard's files among the run's, in order.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.at.iter().flat_map(|&(from, to)| from..to)
    }
}

impl Inputs {
    /// The given paths as text.
    pub fn names(&self) -> Vec<String> {
        self.paths.iter().map(|p| display(p)).collect()
    }

    /// Those of a shard, or all.
    #[must_use]
    pub fn part(self, shard: Option<Shard>) -> Self {
        match shard {
            Some(shard) => self.cut(shard),
            None => self,
        }
    }

    /// Those of one shard: the folders whose middle file falls into it.
    #[must_use]
    pub fn cut(mut self, shard: Shard) -> Self {
        let folder = |file: &PathBuf| file.parent().unwrap_or(Path::new("")).to_owned();
        let folders: Vec<PathBuf> = self.files.iter().map(folder).collect();
        let mut sizes: BTreeMap<&Path, usize> = BTreeMap::new();
        folders.iter().for_each(|folder| *sizes.entry(folder).or_default() += 1);
        let (mut before, mut of_folder, mut hash) = (0, BTreeMap::new(), Sha256::new());
        let mut at: Vec<(usize, usize)> = Vec::new();
        for (ix, (file, folder)) in self.files.iter().zip(&folders).enumerate() {
            hash.update(display(file).as_bytes());
            hash.update(b"\n");
            let nth = *of_folder.entry(folder).or_insert_with(|| {
                let (size, all) = (sizes[folder.as_path()], self.files.len());
                before += size;
                ((2 * before - size) * shard.of).div_ceil(2 * all)
            });
            match at.last_mut() {
                _ if nth != shard.nth => {}
                Some((_, to)) if *to == ix => *to += 1,
                _ => at.push((ix, ix + 1)),
            }
        }
        let cut = Cut { shard, files: self.files.len(), names: hexadecimal(&hash.finalize()), at };
        self.files = cut.places().map(|ix| self.files[ix].clone()).collect();
        self.cut = Some(cut);
        self
    }
}

/// Lists the files behind `paths`.
pub fn collect(paths: &[PathBuf]) -> Inputs {
    let mut list =
        List { inputs: Inputs { paths: paths.to_vec(), ..Inputs::default() }, seen: BTreeSet::new() };
    for path in paths {
        if path.is_dir() {
            for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
                match entry {
                    Ok(entry) if entry.file_type().is_file() => list.found(entry.into_path()),
                    Ok(entry) if entry.file_type().is_dir() => {}
                    Ok(entry) => list.inputs.left_out.push(entry.into_path()),
                    // A folder that may not be read is a path that gives a rejected record.
                    Err(error) => error.path().into_iter().for_each(|p| list.take(p.to_owned())),
                }
            }
        } else if !list.within(path) {
            list.take(path.clone());
        }
    }
    list.inputs
}

/// The files as they are listed, each once.
struct List {
    inputs: Inputs,
    seen: BTreeSet<PathBuf>,
}

impl List {
    fn take(&mut self, file: PathBuf) {
        if self.seen.insert(file.clone()) {
            self.inputs.files.push(file);
        }
    }

    /// Takes what lies in a folder or an archive.
    fn found(&mut self, file: PathBuf) {
        match is_picture(&file) {
            true => self.take(file),
            false if self.within(&file) => {}
            false => self.inputs.left_out.push(file),
        }
    }

    /// Takes what an archive holds, and the archive itself where it is damaged: that gives a rejected record.
    fn within(&mut self, path: &Path) -> bool {
        let Some(members) = source::members(path) else { return false };
        if members.broken {
            self.take(path.to_owned());
        }
        self.inputs.left_out.extend(members.left_out);
        members.files.into_iter().for_each(|member| self.found(member));
        true
    }
}

/// The paths of a list, in its order: each ended by NUL where there is one, else one a line.
pub fn listed(list: &[u8]) -> Vec<PathBuf> {
    let end = if list.contains(&0) { 0 } else { b'\n' };
    let names = list.split(|&b| b == end).map(|name| match name {
        [rest @ .., b'\r'] if end != 0 => rest,
        name => name,
    });
    names.filter(|name| !name.is_empty()).map(path).collect()
}

#[cfg(unix)]
fn path(name: &[u8]) -> PathBuf {
    let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(name);
    name.into()
}

#[cfg(not(unix))]
fn path(name: &[u8]) -> PathBuf {
    String::from_utf8_lossy(name).into_owned().into()
}

/// Those of `paths` that lead to nothing: mistyped, or moved away.
pub fn missing(paths: &[PathBuf]) -> Vec<&Path> {
    paths.iter().map(PathBuf::as_path).filter(|p| !source::is_there(p)).collect()
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

    #[test]
    fn a_list_is_of_lines_or_of_what_nul_ends() {
        let names = |list: &str| listed(list.as_bytes()).iter().map(|p| display(p)).collect::<Vec<_>>();
        assert_eq!(names("b.jpg\r\na 1.jpg\n\nc.jpg"), ["b.jpg", "a 1.jpg", "c.jpg"]);
        assert_eq!(names("b\n1.jpg\0a.jpg\0"), ["b\n1.jpg", "a.jpg"]);
        assert!(names("").is_empty());
    }

    #[test]
    fn every_file_is_in_one_shard_and_a_folder_is_not_torn() {
        let dir = tempfile::tempdir().unwrap();
        for (folder, files) in [("a", 5), ("b", 3), ("b/c", 2), ("d", 6), ("e", 1)] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
            for n in 0..files {
                std::fs::write(dir.path().join(folder).join(format!("{n}z.jpg")), b"x").unwrap();
            }
        }
        let whole = collect(&[dir.path().to_owned()]);
        for of in [1, 2, 3, 7, 20] {
            let shards: Vec<Inputs> = (1..=of).map(|nth| whole.clone().cut(Shard { nth, of })).collect();
            let mut places: Vec<usize> =
                shards.iter().flat_map(|s| s.cut.as_ref().unwrap().places()).collect();
            places.sort_unstable();
            assert_eq!(places, (0..17).collect::<Vec<_>>(), "of {of}");
            let folders = |s: &Inputs| -> BTreeSet<PathBuf> {
                s.files.iter().map(|f| f.parent().unwrap().to_owned()).collect()
            };
            assert_eq!(shards.iter().map(|s| folders(s).len()).sum::<usize>(), 5, "of {of}");
        }
        let halves: Vec<usize> = [1, 2].map(|nth| whole.clone().cut(Shard { nth, of: 2 }).files.len()).into();
        assert_eq!(halves, [8, 9]);
        assert!("0/3".parse::<Shard>().is_err() && "4/3".parse::<Shard>().is_err());
    }
}

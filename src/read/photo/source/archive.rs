//! The members of an archive: zip, tar, gzipped tar.
//!
//! In: a file. Out: the names of its members, and each one's bytes, read straight from its place. A zip says where those are;
//! a tar is gone through once; of a gzipped one the decoder's state is kept every so often, so that a member in its middle is
//! not far. Refuses links and devices, members over the limit whatever they say of their size, encrypted ones, and archives
//! that unpack to more than [`TIMES`] times their size. What a damaged one held before the damage is read.

use super::{Limits, PhotoError, within};
use crc32fast::Hasher;
use flate2::bufread::GzDecoder;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use zip::ZipArchive;
use zip::result::ZipError;

/// What a gzipped archive may unpack to: so many times its size, or so many bytes. Photos hardly shrink, and scans in black
/// and white by a factor of ten to a hundred.
const TIMES: u64 = 200;
const AT_LEAST: u64 = 1 << 30;
/// Bytes after which a decoder's state (45 kB) is kept at first; from so many states on, twice as many.
const EVERY: u64 = 8 << 20;
const STATES: usize = 512;

/// An archive whose members are known.
pub(super) struct Archive {
    format: &'static str,
    kind: Kind,
    members: BTreeMap<String, Member>,
    broken: Option<String>,
}

/// A member: its place (in a zip its number), its bytes, whether it is a file.
struct Member {
    at: u64,
    size: u64,
    is_file: bool,
}

enum Kind {
    Zip(ZipArchive<Cursor>),
    Tar(Cursor),
    /// The decoder, at places from the first on.
    Gzip(Vec<Unpacked>),
    /// Nothing can be read of it.
    Nothing,
}

impl Archive {
    /// The archive of this path: its members are listed once, as long as the file stays the same.
    pub(super) fn opened(path: &Path) -> io::Result<Arc<Self>> {
        type Known = BTreeMap<PathBuf, ((u64, Option<SystemTime>), Arc<Archive>)>;
        static OPENED: Mutex<Known> = Mutex::new(BTreeMap::new());
        let file = File::open(path)?;
        let meta = file.metadata()?;
        let now = (meta.len(), meta.modified().ok());
        let mut known = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, archive)) = known.get(path)
            && *then == now
        {
            return Ok(archive.clone());
        }
        let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        let cursor = Cursor { file: Arc::new(file), length: meta.len(), at: 0, part: Vec::new(), used: 0 };
        let archive = Arc::new(match name.rsplit('.').next() {
            Some("zip") => Self::zip(cursor),
            Some("tar") => Self::tar(cursor),
            _ => Self::gzip(cursor),
        });
        known.insert(path.to_owned(), (now, archive.clone()));
        Ok(archive)
    }

    fn of(format: &'static str) -> Self {
        Self { format, kind: Kind::Nothing, members: BTreeMap::new(), broken: None }
    }

    fn zip(cursor: Cursor) -> Self {
        let mut out = Self::of("zip");
        let mut zip = match ZipArchive::new(cursor) {
            Ok(zip) => zip,
            Err(error) => return Self { broken: Some(error.to_string()), ..out },
        };
        for ix in 0..zip.len() {
            let name = zip.name_for_index(ix).map(str::to_owned).unwrap_or_default();
            // One whose head cannot be read says so when it is read.
            let (size, is_file) = zip.by_index_raw(ix).map_or((1, true), |m| (m.size(), m.is_file()));
            if !name.ends_with('/') {
                out.put(&name, Member { at: ix as u64, size, is_file });
            }
        }
        out.kind = Kind::Zip(zip);
        out
    }

    fn tar(cursor: Cursor) -> Self {
        let mut out = Self::of("tar");
        let mut tar = tar::Archive::new(cursor.clone());
        out.broken =
            tar.entries_with_seek().and_then(|entries| out.list(entries)).err().map(|e| e.to_string());
        if out.members.values().any(|m| m.at.saturating_add(m.size) > cursor.length) {
            out.broken = Some(ErrorKind::UnexpectedEof.to_string());
        }
        out.kind = Kind::Tar(cursor);
        out
    }

    fn gzip(cursor: Cursor) -> Self {
        let mut out = Self::of("tar.gz");
        let most = cursor.length.saturating_mul(TIMES).max(AT_LEAST);
        let first = Unpacked::new(cursor);
        let mut tar = tar::Archive::new(Listed { now: first.clone(), kept: vec![first], every: EVERY, most });
        let listed = tar.entries().and_then(|entries| out.list(entries));
        let mut unpacked = tar.into_inner();
        // What follows the last member is part of what the checksum is of.
        let listed = listed.and_then(|()| io::copy(&mut unpacked, &mut io::sink()));
        out.broken = listed.err().map(|e| e.to_string());
        out.kind = Kind::Gzip(unpacked.kept);
        out
    }

    fn list<R: Read>(&mut self, entries: tar::Entries<'_, R>) -> io::Result<()> {
        for entry in entries {
            let entry = entry?;
            let kind = entry.header().entry_type();
            if !kind.is_dir() && !kind.is_pax_global_extensions() {
                let is_file = kind.is_file() || kind.is_contiguous();
                let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                self.put(&name, Member { at: entry.raw_file_position(), size: entry.size(), is_file });
            }
        }
        Ok(())
    }

    /// Adds a member; of two of one name the later, as when they are unpacked.
    fn put(&mut self, name: &str, member: Member) {
        let parts: Vec<&str> = name.split(['/', '\\']).filter(|p| !p.is_empty() && *p != ".").collect();
        self.members.insert(parts.join("/"), member);
    }

    /// The names of its files, and of what else it holds.
    pub(super) fn members(&self) -> (Vec<&str>, Vec<&str>) {
        let mut all: Vec<(&str, bool)> = self.members.iter().map(|(n, m)| (n.as_str(), m.is_file)).collect();
        all.sort_by(|a, b| a.0.split('/').cmp(b.0.split('/')));
        let of = |is_file: bool| all.iter().filter(|m| m.1 == is_file).map(|m| m.0).collect();
        (of(true), of(false))
    }

    /// Why not all of its members are known.
    pub(super) fn broken(&self) -> Option<PhotoError> {
        self.broken.clone().map(|cause| self.damaged(cause))
    }

    fn damaged(&self, cause: impl ToString) -> PhotoError {
        PhotoError::Archive { format: self.format.to_owned(), cause: cause.to_string() }
    }

    /// How many bytes a member says that it has.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        self.members.get(name).filter(|m| m.is_file).map(|m| m.size)
    }

    /// A member's bytes.
    pub(super) fn read(&self, name: &str, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
        let member = self.members.get(name).filter(|m| m.is_file);
        let member = match member {
            Some(member) => member,
            None => return Err(self.broken().unwrap_or_else(|| PhotoError::Io(NOT_THERE.to_owned()))),
        };
        within(member.size, limits)?;
        let mut bytes = Vec::new();
        let mut take = |from: &mut dyn Read| from.take(limits.bytes + 1).read_to_end(&mut bytes);
        let read = match &self.kind {
            Kind::Zip(zip) => match zip.clone().by_index(member.at as usize) {
                Ok(mut file) => take(&mut file),
                Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                    return Err(PhotoError::Locked);
                }
                Err(error) => return Err(self.damaged(error)),
            },
            Kind::Tar(cursor) => {
                let mut cursor = cursor.clone();
                cursor.seek(SeekFrom::Start(member.at)).and_then(|_| take(&mut cursor.take(member.size)))
            }
            Kind::Gzip(kept) => {
                let near = kept.partition_point(|k| k.at <= member.at).saturating_sub(1);
                let Some(mut from) = kept.get(near).cloned() else { return Err(self.damaged(NOT_THERE)) };
                let before = member.at - from.at;
                io::copy(&mut from.by_ref().take(before), &mut io::sink())
                    .and_then(|_| take(&mut from.take(member.size)))
            }
            Kind::Nothing => return Err(self.damaged(NOT_THERE)),
        };
        read.map_err(|e| self.damaged(e))?;
        if (bytes.len() as u64) < member.size {
            return Err(self.damaged(ErrorKind::UnexpectedEof));
        }
        within(bytes.len() as u64, limits)?;
        Ok(bytes)
    }
}

/// What is said of a name that an archive does not have.
const NOT_THERE: &str = "the archive holds no such file";

/// A place in a file, from which it is read on; copies of it go their own ways.
#[derive(Clone)]
struct Cursor {
    file: Arc<File>,
    length: u64,
    /// Where the bytes behind `part` are.
    at: u64,
    part: Vec<u8>,
    used: usize,
}

impl BufRead for Cursor {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used >= self.part.len() {
            self.part.resize(1 << 16, 0);
            #[cfg(unix)]
            let read = std::os::unix::fs::FileExt::read_at(&*self.file, &mut self.part, self.at);
            #[cfg(windows)]
            let read = std::os::windows::fs::FileExt::seek_read(&*self.file, &mut self.part, self.at);
            self.part.truncate(*read.as_ref().unwrap_or(&0));
            self.used = 0;
            self.at += read? as u64;
        }
        Ok(&self.part[self.used..])
    }

    fn consume(&mut self, n: usize) {
        self.used += n;
    }
}

impl Read for Cursor {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let here = self.at - (self.part.len() - self.used) as u64;
        let there = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => here.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        let there = there.ok_or(ErrorKind::InvalidInput)?;
        match there.checked_sub(here) {
            Some(on) if on <= (self.part.len() - self.used) as u64 => self.used += on as usize,
            _ => {
                self.part.clear();
                (self.at, self.used) = (there, 0);
            }
        }
        Ok(there)
    }
}

/// What a gzipped file unpacks to, from a place in it on. A copy goes on from where it was made.
#[derive(Clone)]
struct Unpacked {
    from: Cursor,
    state: Box<InflateState>,
    checked: Hasher,
    /// Bytes of the member of the file in which it is.
    length: u32,
    /// Whether it is within a member of the file, of which there may be several.
    within: bool,
    /// Bytes unpacked so far.
    at: u64,
}

impl Unpacked {
    fn new(from: Cursor) -> Self {
        Self {
            from,
            state: InflateState::new_boxed(DataFormat::Raw),
            checked: Hasher::new(),
            length: 0,
            within: false,
            at: 0,
        }
    }

    /// Holds a member's end against what was unpacked.
    fn end(&mut self) -> io::Result<()> {
        let mut ends = [0; 8];
        self.from.read_exact(&mut ends)?;
        let [stated, length] =
            [0, 4].map(|i| u32::from_le_bytes([ends[i], ends[i + 1], ends[i + 2], ends[i + 3]]));
        if (stated, length) != (self.checked.clone().finalize(), self.length) {
            return Err(io::Error::new(ErrorKind::InvalidData, "its checksum is another"));
        }
        self.within = false;
        Ok(())
    }
}

impl Read for Unpacked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.within {
                if self.from.fill_buf()?.is_empty() || GzDecoder::new(&mut self.from).header().is_none() {
                    // What follows the last member is no part of it.
                    return if self.at > 0 { Ok(0) } else { Err(ErrorKind::InvalidData.into()) };
                }
                self.state.reset(DataFormat::Raw);
                (self.checked, self.length) = (Hasher::new(), 0);
                self.within = true;
            }
            let input = self.from.fill_buf()?;
            if input.is_empty() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let done = inflate(&mut self.state, input, out, MZFlush::None);
            self.from.consume(done.bytes_consumed);
            self.checked.update(&out[..done.bytes_written]);
            self.length = self.length.wrapping_add(done.bytes_written as u32);
            self.at += done.bytes_written as u64;
            match done.status {
                Ok(MZStatus::StreamEnd) => self.end()?,
                Ok(_) => {}
                Err(MZError::Buf) if done.bytes_consumed + done.bytes_written > 0 => {}
                Err(_) => return Err(ErrorKind::InvalidData.into()),
            }
            if done.bytes_written > 0 || out.is_empty() {
                return Ok(done.bytes_written);
            }
        }
    }
}

/// A gzipped file as it is gone through, with the states that are kept on the way.
struct Listed {
    now: Unpacked,
    kept: Vec<Unpacked>,
    every: u64,
    most: u64,
}

impl Read for Listed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.now.at > self.most {
            let why = format!("it unpacks to more than {TIMES} times its size");
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        if self.kept.last().is_some_and(|last| self.now.at >= last.at + self.every) {
            if self.kept.len() >= STATES {
                let mut nth = 0;
                self.kept.retain(|_| {
                    nth += 1;
                    nth % 2 == 1
                });
                self.every *= 2;
            }
            self.kept.push(self.now.clone());
        }
        self.now.read(out)
    }
}

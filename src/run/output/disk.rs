//! What the folder of a run is written with: every step that changes a disk is one of these.
//!
//! In: bytes, names. Out: files, on the disk when [`Out::finish`] or [`write_whole`] returns. What the system refuses
//! comes back with the name of the file. Tests make any step fail (`fault`), once or it and all that come after it.

use super::OutputError;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

#[cfg(test)]
pub(crate) mod fault;
#[cfg(test)]
pub(crate) use fault::step;

/// How the names of files begin that are not yet whole.
pub(super) const UNFINISHED: &str = ".cotejo-";

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A file or folder is made, or opened to be written to.
    Create,
    /// Bytes are written.
    Write,
    /// They are brought to the disk.
    Flush,
    /// A file or folder takes another's place.
    Rename,
    /// A file or folder goes.
    Remove,
}

/// Asks whether a step may be done.
#[cfg(not(test))]
#[inline(always)]
pub(crate) fn step(_: Step, _: &Path) -> io::Result<()> {
    Ok(())
}

/// A file whose writes are steps. One that fails has written half.
#[derive(Debug)]
struct Steps {
    file: File,
    path: PathBuf,
}

impl Write for Steps {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(refused) = step(Step::Write, &self.path) {
            if refused.kind() == ErrorKind::WriteZero {
                self.file.write_all(&bytes[..bytes.len() / 2])?;
            }
            return Err(refused);
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that is being written.
#[derive(Debug)]
pub struct Out {
    file: BufWriter<Steps>,
    hash: Sha256,
    at: u64,
}

impl Out {
    /// An empty file, whatever was there.
    ///
    /// # Errors
    /// The system refuses; the path is a link.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        Self::open(path, File::options().create(true).write(true).truncate(true))
    }

    /// A file that is written on from its end.
    ///
    /// # Errors
    /// As [`Out::create`].
    pub fn append(path: &Path) -> Result<Self, OutputError> {
        Self::open(path, File::options().create(true).append(true))
    }

    fn open(path: &Path, options: &fs::OpenOptions) -> Result<Self, OutputError> {
        own(path)?;
        let open = || {
            step(Step::Create, path)?;
            let file = options.open(path)?;
            let at = file.metadata()?.len();
            Ok((file, at))
        };
        let (file, at) = open().map_err(|e| OutputError::io(path, e))?;
        let file = BufWriter::with_capacity(1 << 16, Steps { file, path: path.to_owned() });
        Ok(Self { file, hash: Sha256::new(), at })
    }

    /// How long the file is.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// The system refuses.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.hash.update(bytes);
        self.at += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|e| OutputError::io(&self.file.get_ref().path, e))
    }

    /// Hands what was added to the system: it stays if the process ends.
    ///
    /// # Errors
    /// The system refuses; the file is no longer where it was made.
    pub fn flush(&mut self) -> Result<(), OutputError> {
        self.file.flush().map_err(|e| OutputError::io(&self.file.get_ref().path, e))?;
        let Steps { file, path } = self.file.get_ref();
        if same(file, path) { Ok(()) } else { Err(OutputError::Gone { path: path.display().to_string() }) }
    }

    /// Brings the file to the disk; SHA-256 of what was added.
    ///
    /// # Errors
    /// The system refuses.
    pub fn finish(mut self) -> Result<String, OutputError> {
        self.flush()?;
        let Steps { file, path } = self.file.get_ref();
        step(Step::Flush, path).and_then(|()| sync(file)).map_err(|e| OutputError::io(path, e))?;
        Ok(crate::ground::hash::hexadecimal(&self.hash.finalize()))
    }
}

/// Brings a file to the disk. Tests end no machine, and would wait for theirs.
fn sync(file: &File) -> io::Result<()> {
    if cfg!(test) { Ok(()) } else { file.sync_all() }
}

/// Whether an open file is the one of this name.
fn same(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |m: fs::Metadata| (m.dev(), m.ino());
        matches!((file.metadata(), fs::symlink_metadata(path)), (Ok(a), Ok(b)) if id(a.clone()) == id(b.clone()))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// Refuses a path in a run's folder that is a link: what is written there would land elsewhere.
///
/// # Errors
/// It is one.
pub(crate) fn own(path: &Path) -> Result<(), OutputError> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => Err(OutputError::Link { path: path.display().to_string() }),
        _ => Ok(()),
    }
}

/// Writes a file that appears whole or not at all.
///
/// # Errors
/// The system refused; what stood there before still does.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    writing(path, |out| out.write_all(bytes).map_err(|e| OutputError::io(path, e)))
}

/// The same of what `write` writes, which need not be in memory together: into a temporary file of the same folder, then
/// renamed over its place.
///
/// # Errors
/// The system refused, or `write`; what stood there before still does.
pub fn writing<E: From<OutputError>>(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), E>,
) -> Result<(), E> {
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let io = |e| OutputError::io(path, e);
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What a plainly created file has; the umask still applies. The default is owner only.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    step(Step::Create, path).map_err(io)?;
    let mut file = BufWriter::with_capacity(1 << 16, builder.tempfile_in(dir).map_err(io)?);
    step(Step::Write, path).map_err(io)?;
    write(&mut file)?;
    let file = file.into_inner().map_err(|e| io(e.into_error()))?;
    step(Step::Flush, path).and_then(|()| sync(file.as_file())).map_err(io)?;
    step(Step::Rename, path).map_err(io)?;
    file.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}

/// Puts a file or folder in the place of another.
///
/// # Errors
/// The system refuses.
pub fn rename(from: &Path, to: &Path) -> Result<(), OutputError> {
    step(Step::Rename, to).and_then(|()| fs::rename(from, to)).map_err(|e| OutputError::io(to, e))
}

/// Removes a file or a folder with all that is in it, if it is there.
///
/// # Errors
/// The system refuses.
pub fn remove(path: &Path) -> Result<(), OutputError> {
    let Ok(meta) = fs::symlink_metadata(path) else { return Ok(()) };
    let gone = |()| if meta.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    step(Step::Remove, path).and_then(gone).map_err(|e| OutputError::io(path, e))
}

/// Makes a folder of the run, if it is not there.
///
/// # Errors
/// The system refuses; the path is a link.
pub fn make_dir(path: &Path) -> Result<(), OutputError> {
    own(path)?;
    if path.is_dir() {
        return Ok(());
    }
    step(Step::Create, path).and_then(|()| fs::create_dir_all(path)).map_err(|e| OutputError::io(path, e))
}

/// Brings the names in a folder to the disk.
///
/// # Errors
/// The system refuses.
pub fn sync_dir(path: &Path) -> Result<(), OutputError> {
    #[cfg(unix)]
    step(Step::Flush, path).and_then(|()| sync(&File::open(path)?)).map_err(|e| OutputError::io(path, e))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

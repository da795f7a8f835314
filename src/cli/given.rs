//! A photo that is given on stdin, as the path `-`.
//!
//! In: the paths as given. Out: its bytes, held in memory under that path or kept in a run's folder. Refuses a second one, and
//! a pipe out of which nothing comes.

use super::console;
use crate::ground::hash::sha256;
use crate::read::photo::{Limits, source};
use crate::run::output::write_whole;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};

/// How stdin is called.
const STDIN: &str = "-";
/// The folder within a run's in which such photos are kept.
const GIVEN: &str = "given";

/// The path that stands for stdin.
///
/// # Errors
/// Stdin is given twice, or is the list of paths too.
pub(super) fn stdin<'p>(
    paths: &'p mut [PathBuf],
    list: Option<&Path>,
) -> anyhow::Result<Option<&'p mut PathBuf>> {
    let mut all = paths.iter_mut().filter(|p| *p == Path::new(STDIN));
    let first = all.next();
    if first.is_some() && (all.next().is_some() || list == Some(Path::new(STDIN))) {
        bail!("- is given more than once, and stdin is one photo, or one list of paths");
    }
    Ok(first)
}

/// The bytes on stdin; one more than a photo may have, which is refused as any that is too large.
fn bytes() -> anyhow::Result<Vec<u8>> {
    let bytes = console::given(Path::new(STDIN), Limits::default().bytes + 1)?;
    if bytes.is_empty() {
        bail!("nothing came on stdin; give a photo's bytes, as in `cotejo check - < photo.jpg`");
    }
    Ok(bytes)
}

/// Holds the photo on stdin, where one is given.
///
/// # Errors
/// As [`stdin`]; it cannot be read.
pub(super) fn held(paths: &[PathBuf]) -> anyhow::Result<()> {
    if let Some(path) = stdin(&mut paths.to_vec(), None)? {
        source::hold(path, bytes()?);
    }
    Ok(())
}

/// Keeps the photo on stdin in a run's folder, by its content; its path.
///
/// # Errors
/// It cannot be read or written.
pub(super) fn kept(out: &Path) -> anyhow::Result<PathBuf> {
    let bytes = bytes()?;
    let dir = out.join(GIVEN);
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
    let ending = image::guess_format(&bytes).ok().and_then(|format| format.extensions_str().first().copied());
    let path = dir.join(&sha256(&bytes)[..16]).with_extension(ending.unwrap_or_default());
    write_whole(&path, &bytes)?;
    Ok(path)
}

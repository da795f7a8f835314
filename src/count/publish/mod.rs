//! A static site of a run's results, for all to see.
//!
//! In: a run's folder, the originals, the known forms. Out: a folder that a plain file server or a
//! browser opens: pages from the whole down to each unit, each sheet's picture without its private block
//! ([`redact`]), downloads, a search in pieces ([`search`]), and a manifest of SHA-256 ([`manifest`]). The
//! folder appears whole or not at all. Refuses a folder that holds something else.

pub mod manifest;
pub mod original;
mod pages;
mod pictures;
pub mod redact;
pub mod search;
#[cfg(test)]
mod tests;
pub mod view;

use crate::count::export::{self, Layout, NistHead};
use crate::count::tally::columns::ColumnMap;
use crate::count::tally::{self, Base, By, Expected, TallyError, about};
use crate::form::{Form, Level};
use crate::run::output::{self, Opened, OutputError};
use manifest::{MANIFEST, Original, Writer};
use original::Originals;
use pages::{Facts, Templates};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Centres whose units are in memory together.
const CENTRES: usize = 64;

/// Why there is no site.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The run cannot be read or added up.
    #[error(transparent)]
    Tally(#[from] TallyError),
    /// A file cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A page's template does not fit; a fault of the program.
    #[error("a page's template: {0}")]
    Template(#[from] minijinja::Error),
    /// JSON that cannot be written.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The folder is not a site of this program.
    #[error("{path}: holds something that is no site of cotejo; give a new folder with -o")]
    NotASite {
        /// The folder.
        path: String,
    },
    /// The folder holds a site.
    #[error("{path}: holds a site already; give another folder with -o, or --overwrite to replace it")]
    Exists {
        /// The folder.
        path: String,
    },
    /// The key is none, or its password is wrong.
    #[error("{path}: cannot sign with it: {problem}; give a secret key that minisign made")]
    Key {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A path of the site was written twice; a fault of the program.
    #[error("{path}: was written twice")]
    Twice {
        /// The path.
        path: String,
    },
    /// A thread failed while it held the list of files.
    #[error("another thread failed")]
    Interrupted,
}

/// What a site is made with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The run, opened.
    pub run: Opened,
    /// The new folder.
    pub out: PathBuf,
    /// Whether a site that is there is replaced.
    pub existing: crate::run::output::Overwrite,
    /// Where the originals lie now, if not where the records say.
    pub photos: Option<PathBuf>,
    /// The units that should be there.
    pub expected: Option<Expected>,
    /// Names and order of the published columns; those of the sheets' form where none are given.
    pub columns: Option<ColumnMap>,
    /// What the NIST report says of itself.
    pub head: NistHead,
    /// The site's name; empty for the election's.
    pub title: String,
    /// A minisign secret key, and its password.
    pub key: Option<(PathBuf, Option<String>)>,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Files, the manifest apart.
    pub files: usize,
    /// Units with a page.
    pub units: usize,
    /// Their level.
    pub level: Level,
    /// Published pictures.
    pub pictures: usize,
    /// Sheets without a picture, by why.
    pub refused: BTreeMap<String, usize>,
    /// The public key that checks the signature.
    pub public_key: Option<String>,
}

/// Makes a site.
///
/// # Errors
/// As the module says; what stood in the folder before still does.
pub fn publish(options: &Options, forms: &[Form]) -> Result<Site, PublishError> {
    check(options)?;
    let parent = options.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|e| OutputError::io(parent, e))?;
    // By the site's name, so that what a killed one left is found.
    let name = options.out.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = format!(".cotejo-site-{name}");
    match std::fs::remove_dir_all(parent.join(&name)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(OutputError::io(parent, e)),
        _ => Ok(()),
    }?;
    let work = tempfile::Builder::new()
        .prefix(&name)
        .rand_bytes(0)
        .tempdir_in(parent)
        .map_err(|e| OutputError::io(parent, e))?;
    let site = Writer::new(work.path());
    let base = Base::load(&options.run, forms, options.expected.as_ref())?;
    let map = options.columns.clone().or_else(|| base.form().map(ColumnMap::of)).unwrap_or_default();

    let units = view::Units::of(&base)?;
    let originals = Originals::new(options.run.dir(), options.photos.as_deref());
    let pictures = pictures::write(&site, &base, &options.run, forms, &originals)?;
    downloads(&site, &base, &map, options)?;
    let count = units.count()?;
    pages_of(&site, &base, (&map, options), &units, &pictures)?;
    let bytes = site.finish(base.about(), &pictures.originals)?;
    let mut public_key = None;
    if let Some((key, password)) = &options.key {
        let (signature, public) = manifest::sign(&bytes, key, password.clone())?;
        let to = site.root().join(format!("{MANIFEST}.minisig"));
        std::fs::write(&to, signature).map_err(|e| OutputError::io(&to, e))?;
        public_key = Some(public);
    }
    let files = site.files("").len();
    place(work, &options.out)?;
    let refused = pictures.refused();
    let pictures = pictures.by_sheet.values().filter(|p| p.is_ok()).count();
    let level = base.levels().table().clone();
    Ok(Site { files, units: count, level, pictures, refused, public_key })
}

/// Whether the folder can take a site.
fn check(options: &Options) -> Result<(), PublishError> {
    let path = options.out.display().to_string();
    let Ok(mut entries) = std::fs::read_dir(&options.out) else {
        return if options.out.exists() { Err(PublishError::NotASite { path }) } else { Ok(()) };
    };
    if entries.next().is_none() {
        return Ok(());
    }
    if !options.out.join(MANIFEST).is_file() {
        return Err(PublishError::NotASite { path });
    }
    match options.existing {
        crate::run::output::Overwrite::Replace => Ok(()),
        crate::run::output::Overwrite::Refuse => Err(PublishError::Exists { path }),
    }
}

/// Puts the finished folder in its place.
fn place(work: tempfile::TempDir, out: &Path) -> Result<(), PublishError> {
    let io = |e| OutputError::io(out, e);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary folder is its owner's alone; a site is for all to see.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(work.path(), open).map_err(io)?;
    }
    if out.exists() {
        std::fs::remove_dir_all(out).map_err(io)?;
    }
    std::fs::rename(work.keep(), out).map_err(io)?;
    Ok(())
}

/// The exports and the sums, under `data/`.
fn downloads(site: &Writer, base: &Base, map: &ColumnMap, options: &Options) -> Result<(), PublishError> {
    for layout in Layout::ALL {
        let path = format!("data/{}", layout.file());
        match site.writing(&path, |to| match layout {
            Layout::Sqlite => base.save_over(to),
            _ => output::writing(to, |out| layout.write(base, map, &options.head, out)),
        }) {
            // A form without the day has no such file.
            Err(PublishError::Tally(TallyError::NoDay { .. })) => {}
            done => done?,
        }
    }
    let aside = tally::aside(base)?;
    let largest = tally::tally(base, 1, By::Party, "")?;
    let name = format!("data/tally-{}", largest.level().id);
    site.file(&format!("{name}.json"), &tally::json(&largest, &aside, base.about())?)?;
    site.file(&format!("{name}.csv"), &about::on(base.about(), tally::frame(&largest)).to_csv()?)?;
    site.file("data/columns.md", export::describe(base, map)?.as_bytes())
}

/// All pages.
fn pages_of(
    site: &Writer,
    base: &Base,
    (map, options): (&ColumnMap, &Options),
    units: &view::Units<'_>,
    pictures: &pictures::Pictures,
) -> Result<(), PublishError> {
    let title = if options.title.is_empty() { map.title.clone() } else { options.title.clone() };
    let templates = Templates::new(&title, base.levels(), base.about())?;
    let centre_at = base.levels().last() - 1;
    templates.assets(site)?;
    let mut levels: Vec<Vec<view::Place>> = Vec::new();
    for depth in 0..=centre_at {
        levels.push(view::places(base, depth)?);
    }
    if let Some(whole) = levels[0].first_mut().filter(|_| !map.country.is_empty()) {
        whole.name.clone_from(&map.country);
    }
    // By code: a place's own view, and its parts.
    let by_code: Vec<BTreeMap<&str, &view::Place>> =
        levels.iter().map(|l| l.iter().map(|p| (p.code.as_str(), p)).collect()).collect();
    let path_to = |depth: usize, place: &view::Place| -> Vec<view::Place> {
        let mut path = vec![place.clone()];
        for above in (0..depth).rev() {
            let parent = path.last().map_or("", |p| p.parent.as_str());
            if let Some(found) = by_code[above].get(parent) {
                path.push((*found).clone());
            }
        }
        path.reverse();
        path
    };
    for depth in 0..centre_at {
        let mut parts: BTreeMap<&str, Vec<&view::Place>> = BTreeMap::new();
        for part in &levels[depth + 1] {
            parts.entry(part.parent.as_str()).or_default().push(part);
        }
        levels[depth].par_iter().try_for_each(|place| {
            let parts = parts.get(place.code.as_str()).map_or(&[][..], Vec::as_slice);
            site.file(&place.href, templates.place(&path_to(depth, place), parts)?.as_bytes())
        })?;
    }
    for centres in levels[centre_at].chunks(CENTRES) {
        let mut with_units = Vec::with_capacity(centres.len());
        for centre in centres {
            let mut units = units.within(&centre.code)?;
            for unit in &mut units {
                match unit.sheet.and_then(|s| pictures.by_sheet.get(&s)) {
                    Some(Ok(picture)) => unit.picture = Some(picture.clone()),
                    Some(Err(why)) => unit.refused = Some(pages::refusal(why)),
                    None => {}
                }
            }
            with_units.push((centre, units));
        }
        with_units.par_iter().try_for_each(|(centre, units)| {
            site.file(&centre.href, templates.centre(&path_to(centre_at, centre), units)?.as_bytes())
        })?;
    }
    let entries: Vec<search::Entry> = levels[centre_at]
        .iter()
        .map(|centre| {
            let path = path_to(centre_at, centre);
            let names = path.iter().skip(1).rev().skip(1).map(|p| p.name.as_str());
            search::Entry {
                code: centre.code.clone(),
                name: centre.name.clone(),
                place: names.collect::<Vec<_>>().join(", "),
                href: centre.href.clone(),
            }
        })
        .collect();
    search::write(site, &entries, search::key(base.levels()))?;
    let whole = levels[0].first().cloned();
    let facts = Facts::gather(base, options.run.run(), pictures, whole.as_ref())?;
    site.file("about.html", templates.about(&facts)?.as_bytes())?;
    site.file("data.html", templates.data(&site.files("data/"), options.key.is_some())?.as_bytes())
}

/// One entry of the manifest's originals.
fn original_of(record: &crate::record::Record) -> Original {
    Original {
        file: tally::file_name(&record.source().path).to_owned(),
        sha256: record.source().sha256.clone(),
        page: record.source().page,
        centre: record.sheet.centre.clone(),
        table: record.sheet.table,
        status: tally::status(record).to_owned(),
        picture: None,
        refused: None,
    }
}

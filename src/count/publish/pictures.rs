//! The published pictures of a run, and what became of every original.
//!
//! In: the records one by one, the originals. Out: a JPEG for each sheet that stands for its unit, or
//! why there is none; the list of originals for the manifest. A few photos are in memory at a time.
//! Refuses nothing: a sheet without a picture says why.

use super::manifest::{Original, Writer};
use super::original::Originals;
use super::redact::{Redacted, Refusal, redact};
use super::view::PictureView;
use super::{PublishError, original_of};
use crate::count::tally::Base;
use crate::form::Form;
use crate::ground::geometry::Quad;
use crate::ground::hash::sha256;
use crate::record::Record;
use crate::run::output::Opened;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Photos worked on at once, at most: each is some megabytes.
const CHUNK: usize = 64;

/// What came of the pictures.
#[derive(Debug, Default)]
pub struct Pictures {
    /// By the sheet's place in the run: the picture, or the stable tag of why there is none.
    pub by_sheet: BTreeMap<i64, Result<PictureView, &'static str>>,
    /// All pages of the run.
    pub originals: Vec<Original>,
}

impl Pictures {
    /// How many sheets have no picture, by why.
    pub fn refused(&self) -> BTreeMap<String, usize> {
        let mut out = BTreeMap::new();
        for why in self.by_sheet.values().filter_map(|p| p.as_ref().err()) {
            *out.entry((*why).to_owned()).or_insert(0) += 1;
        }
        out
    }
}

/// The sheets on one photo, each with its place in the run.
type Photo = Vec<(i64, Record)>;

/// Writes the pictures of all sheets that stand for a unit.
///
/// # Errors
/// The run cannot be read, or a file not be written.
pub fn write(
    site: &Writer,
    base: &Base,
    run: &Opened,
    forms: &[Form],
    originals: &Originals,
) -> Result<Pictures, PublishError> {
    let mut wanted: BTreeSet<i64> = BTreeSet::new();
    let sql = "SELECT sheet FROM unit WHERE sheet IS NOT NULL AND standing IN ('counted', 'review')";
    let mut statement = base.db().prepare(sql).map_err(crate::count::tally::TallyError::from)?;
    let rows = statement.query_map([], |r| r.get(0)).map_err(crate::count::tally::TallyError::from)?;
    for row in rows {
        wanted.insert(row.map_err(crate::count::tally::TallyError::from)?);
    }
    let mut out = Pictures::default();
    let mut at = 0;
    let mut photos: Vec<Photo> = Vec::new();
    run.visit(|record| {
        out.originals.push(original_of(&record));
        let place = at;
        at += 1;
        match photos.last_mut() {
            // The sheets of one photo follow each other.
            Some(photo) if same(&photo[0].1, &record) => photo.push((place, record)),
            _ => {
                if photos.len() >= CHUNK {
                    flush(site, &wanted, forms, originals, std::mem::take(&mut photos), &mut out)?;
                }
                photos.push(vec![(place, record)]);
            }
        }
        Ok::<_, PublishError>(())
    })?;
    flush(site, &wanted, forms, originals, photos, &mut out)?;
    Ok(out)
}

fn same(a: &Record, b: &Record) -> bool {
    a.source().sha256 == b.source().sha256 && a.source().page == b.source().page
}

fn flush(
    site: &Writer,
    wanted: &BTreeSet<i64>,
    forms: &[Form],
    originals: &Originals,
    photos: Vec<Photo>,
    out: &mut Pictures,
) -> Result<(), PublishError> {
    let made: Vec<Vec<(i64, Result<Redacted, Refusal>)>> =
        photos.par_iter().map(|photo| photo_pictures(photo, wanted, forms, originals)).collect();
    for (sheet, result) in made.into_iter().flatten() {
        let Ok(ix) = usize::try_from(sheet) else { continue };
        let original = &mut out.originals[ix];
        let result = match result {
            Ok(picture) => {
                let hash = sha256(&picture.jpeg);
                // Named after what it shows: two sheets of one photo are two pictures.
                let href = format!("sheets/{}/{hash}.jpg", &hash[..2]);
                if site.files(&href).is_empty() {
                    site.file(&href, &picture.jpeg)?;
                }
                original.picture = Some(href.clone());
                Ok(PictureView { href, width: picture.width, height: picture.height, sha256: hash })
            }
            Err(why) => {
                original.refused = Some(why.to_string());
                Err(why.code())
            }
        };
        out.by_sheet.insert(sheet, result);
    }
    Ok(())
}

/// The pictures of the sheets on one photo that stand for a unit.
fn photo_pictures(
    photo: &Photo,
    wanted: &BTreeSet<i64>,
    forms: &[Form],
    originals: &Originals,
) -> Vec<(i64, Result<Redacted, Refusal>)> {
    let sheets: Vec<&(i64, Record)> = photo.iter().filter(|(ix, _)| wanted.contains(ix)).collect();
    let Some((_, first)) = sheets.first() else { return Vec::new() };
    let registered = sheets.iter().any(|(_, r)| r.registration.is_some());
    // Without a registration there is no picture: the original need not be read.
    let pixels = registered.then(|| originals.pixels(first.source()));
    let mut out = Vec::new();
    for (ix, record) in sheets {
        let id = record.form.as_ref().map(|f| f.id.as_str());
        let form = forms.iter().find(|f| Some(f.id.as_str()) == id);
        // Every other sheet's block has to be known as well: it may lie within this one's strip.
        let others: Option<Vec<Quad>> = photo
            .iter()
            .filter(|(other, _)| other != ix)
            .map(|(_, r)| r.registration.as_ref().and_then(|r| r.private))
            .collect();
        let result = match (form, &pixels, others) {
            (None, ..) => Err(Refusal::Form),
            (_, None, _) => Err(Refusal::NotRegistered),
            (_, _, None) => Err(Refusal::NotLocated),
            (Some(_), Some(Err(e)), _) => Err(Refusal::Unreadable(e.code(), e.to_string())),
            (Some(form), Some(Ok(pixels)), Some(others)) => redact(pixels, record, form, &others),
        };
        out.push((*ix, result));
    }
    out
}

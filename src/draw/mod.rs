//! A form's definition that a person draws on a sample, which is read meanwhile.
//!
//! In: pictures of sheets of one form, the first of which is drawn on; a definition that is there, or none. Out: a page on
//! 127.0.0.1 ([`station`]), and at the end a file. [`crate::learn::few`] says what stands on the sheets, [`drawing`] is the
//! definition as it becomes, [`boxed`] makes entries of a box, [`deeds`] does what else a person asks for, [`live`] reads the
//! sample and says what holds. Refuses a definition that is not found on the sample, and what [`words`] lists.

mod boxed;
mod deeds;
mod drawing;
mod live;
mod page;
pub mod station;
mod words;

use crate::desk::serve::Unbound;
use crate::form::{self, Form, FormError};
use crate::ground::geometry::Point;
use crate::learn::Picture;
use crate::learn::few::{Known, Seen};
use crate::read::glyphs::net::NetError;
use crate::read::sheet::{Mesh, Rung};
use crate::run::config::Config;
use crate::run::pipeline::Digitizer;
use drawing::Drawing;
use std::path::PathBuf;

/// From one rung of a map to the next, mm.
const RUNG: f64 = 6.0;
/// Paper that is shown above a frame without lines above it, and below each frame, mm.
const MARGIN: f64 = 10.0;

/// Why nothing can be drawn.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The definition to begin with.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It cannot be read.
    #[error("{path}: {source}; give a definition that is there, or none to begin with nothing")]
    NoFile {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The definition is not found on the first sample.
    #[error(
        "{name}: no sheet of {form} is found on it; give a sample that shows one whole, or leave --from out and draw it anew"
    )]
    NotFound {
        /// The sample.
        name: String,
        /// The form's id.
        form: String,
    },
    /// The networks.
    #[error(transparent)]
    Networks(#[from] NetError),
    /// The port.
    #[error(transparent)]
    Port(#[from] Unbound),
}

/// What a drawing begins with.
pub struct Start {
    /// The samples, the first of which is drawn on, at least one.
    pub pictures: Vec<Picture>,
    /// The file and the page of each.
    pub files: Vec<(PathBuf, u32)>,
    /// The definition to write.
    pub out: PathBuf,
    /// Whether a file that is there may be written over.
    pub overwrite: bool,
    /// A definition to begin with.
    pub from: Option<PathBuf>,
}

/// What was begun.
pub struct Begun {
    /// To be served.
    pub station: station::Station,
    /// Samples that do not lie over the first: they are checked, and tell nothing while drawing.
    pub left_out: Vec<String>,
    /// Comments of the definition that are not kept.
    pub lost: usize,
}

/// Begins a drawing.
///
/// # Errors
/// A definition that cannot be read, that is one of blocks, or that is not found on the first sample.
pub fn begin(start: Start) -> Result<Begun, DrawError> {
    let Start { pictures, files, out, overwrite, from } = start;
    let names: Vec<String> = pictures.iter().map(|p| p.name.clone()).collect();
    let id = out.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let (drawing, lost, seen, origin, digitizer) = match from {
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path)
                .map_err(|source| DrawError::NoFile { path: name.clone(), source })?;
            let (drawing, lost) = Drawing::open(&name, &text)?;
            let form = form::from_file(&path)?;
            let digitizer = Digitizer::new(Config::new(vec![form.clone()]))?;
            let (known, origin) = found(&digitizer, &form, &files, &names[0])?;
            (drawing, lost, Seen::of(pictures, Some(known))?, origin, digitizer)
        }
        None => {
            let digitizer = Digitizer::new(Config::new(form::builtin()?))?;
            let seen = Seen::of(pictures, None)?;
            (Drawing::fresh(&id, seen.size(), &seen.texts(), seen.rules()), 0, seen, (0.0, 0.0), digitizer)
        }
    };
    let there: Vec<usize> = seen.sheets().map(|s| s.0).collect();
    let left_out = (0..names.len()).filter(|k| !there.contains(k)).map(|k| names[k].clone()).collect();
    let station = station::Station::new(seen, origin, drawing, digitizer, files, out, overwrite);
    Ok(Begun { station, left_out, lost })
}

/// How samples lie by a definition, in millimetres of the paper, and where on it the form's begin.
fn found(
    digitizer: &Digitizer,
    form: &Form,
    files: &[(PathBuf, u32)],
    first: &str,
) -> Result<(Known, (f64, f64)), DrawError> {
    let above = (0..form.header.lines.len()).filter_map(|k| form.header.nominal(k)).fold(0.0, f64::min);
    let origin = (form.margin_left, if above < 0.0 { form.header.top - above } else { MARGIN });
    let size = (form.paper_width, origin.1 + form.frame.1 + MARGIN);
    let steps = (size.1 / RUNG).ceil() as usize;
    let paper = |mesh: &Mesh| {
        let rung = |k: usize| {
            let y = size.1 * k as f64 / steps as f64;
            let at = |x: f64| mesh.map(Point::new(x - origin.0, y - origin.1));
            Rung { y, points: [0.0, size.0 / 2.0, size.0].map(at) }
        };
        Mesh { width: size.0, rungs: (0..=steps).map(rung).collect() }
    };
    let mut sheets = Vec::new();
    for (k, (path, page)) in files.iter().enumerate() {
        let placed = digitizer
            .page(&digitizer.open(path), *page)
            .into_iter()
            .find_map(|d| d.evidence?.measured.placed);
        sheets.extend(placed.map(|p| (k, paper(&p.mesh))));
    }
    if sheets.first().is_none_or(|s| s.0 != 0) {
        return Err(DrawError::NotFound { name: first.to_owned(), form: form.id.clone() });
    }
    Ok(((size, sheets), origin))
}

//! How readings err, by kind: made-up prints read as in a run and held against their truth.
//!
//! In: [`Set`]s of made-up scans and photos, a number of sheets a set, a seed. Out: one [`Read`] a print, its kind
//! and what was believed of the number that it shows, and the [`Table`] of them. Prints are cut where [`sheet::locate`] puts
//! them, as in a run, or where they exactly are. Refuses nothing.

use crate::decide::prints::{belief, says};
use crate::form::Form;
use crate::ground::geometry::Point;
use crate::lab::synth::phone::Cover;
use crate::lab::synth::scan::{self, ScanSettings};
use crate::lab::synth::{Part, Scene, ValueMode, draw, named, rng, values};
use crate::read::cut::{CAP_HEIGHT, NumberCells};
use crate::read::glyphs::{CellReading, Channel, ReaderChoice, Readers};
use crate::read::photo::mask::Mask;
use crate::read::sheet::{self, Mesh, Sheet, Template};
use crate::run::batch::{self, BatchError, Jobs};
use image::GrayImage;
use rand::RngExt;
use serde::{Deserialize, Serialize};

mod table;

pub use table::Table;

/// Resolutions of the scans besides the typical ones.
const DPI: [u32; 5] = [75, 100, 120, 150, 200];

/// Made-up pictures of one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Set {
    /// Scans as most published ones.
    Scans,
    /// The same at a resolution.
    Dpi(u32),
    /// The same of a print that lost 30 to 60 % of its ink where it is palest.
    Faded,
    /// Photos.
    Scene(Scene),
}

impl Set {
    /// Every set.
    pub fn all() -> Vec<Self> {
        let dpi = DPI.into_iter().map(Self::Dpi);
        let scenes = Scene::all().into_iter().map(Self::Scene);
        [Self::Scans, Self::Faded].into_iter().chain(dpi).chain(scenes).collect()
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Scans => "scans".to_owned(),
            Self::Dpi(dpi) => format!("scans-{dpi}dpi"),
            Self::Faded => "scans-faded".to_owned(),
            Self::Scene(scene) => scene.name(),
        }
    }

    /// The set of this name.
    ///
    /// # Errors
    /// A name that is none, with those that are.
    pub fn parse(name: &str) -> Result<Self, String> {
        named(&Self::all(), Self::name, "set", name)
    }

    /// The pictures of sheet `index` with their exact maps, and the numbers that the sheet shows.
    fn make(&self, form: &Form, seed: u64, index: u64) -> (Vec<Seen>, Vec<u32>) {
        let mut dice = rng(seed, index);
        let truth = values::invent(form, &mut dice, ValueMode::Realistic);
        let numbers = truth.fields.iter().map(|f| f.value).collect();
        let drawn = draw::draw(form, &truth, Part::Whole, &mut dice);
        // What pens and stains hide is in no plain sight.
        let bare = |settings: ScanSettings| ScanSettings { strokes: 0, blotches: 0, ..settings };
        let typical = bare(ScanSettings::typical(&mut dice));
        let settings = match self {
            Self::Scans => Some(typical),
            Self::Dpi(dpi) => Some(ScanSettings { dpi: f64::from(*dpi), ..typical }),
            Self::Faded => Some(ScanSettings { fade: dice.random_range(0.3..0.6), ..typical }),
            Self::Scene(_) => None,
        };
        let pictures = match (self, settings) {
            (Self::Scene(scene), _) => {
                let paper = match scene.settings.cover {
                    Cover::Screen => ScanSettings { dpi: 200.0, ..typical },
                    _ => ScanSettings {
                        dpi: 304.8,
                        blur: 0.3,
                        fade: dice.random_range(0.0..0.2),
                        ..bare(ScanSettings::paper(&mut dice))
                    },
                };
                let original = scan::apply(&drawn, &paper, &mut dice);
                let shots = scene.take(&original, &mut dice).into_iter();
                shots.map(|s| Seen { pixels: s.pixels(), mesh: s.way.mesh() }).collect()
            }
            (_, settings) => {
                let picture = scan::apply(&drawn, &settings.unwrap_or(typical), &mut dice);
                vec![Seen { pixels: picture.pixels, mesh: picture.mesh }]
            }
        };
        (pictures, numbers)
    }
}

/// A picture and where its print is.
struct Seen {
    pixels: GrayImage,
    mesh: Mesh,
}

/// Where prints are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where the registration puts them.
    Located,
    /// Where they are.
    Exact,
}

/// One print that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Read {
    /// Its set.
    pub set: String,
    /// Which sheet of the set.
    pub sheet: usize,
    /// Digits or words.
    pub channel: Channel,
    /// How high the print's capitals are in the picture, px.
    pub height: f64,
    /// See [`crate::read::cut::Quality`].
    pub sharpness: f64,
    /// See there.
    pub contrast: f64,
    /// See there.
    pub coverage: f64,
    /// How far from its print it was cut, mm.
    pub off: f64,
    /// The number.
    pub truth: u32,
    /// What the networks say and what all readers say together: the likeliest number, if one is likelier than
    /// none; the belief in it, or in none; the belief in the truth.
    pub net: (Option<u32>, f64, f64),
    /// The same of all readers; `None` where Tesseract was not asked.
    pub both: Option<(Option<u32>, f64, f64)>,
}

/// Reads `n` sheets of a set; `done` is told of each.
///
/// # Errors
/// Threads cannot be started.
pub fn read(
    (form, readers): (&Form, &Readers),
    (set, place): (Set, Place),
    (n, seed): (usize, u64),
    jobs: Jobs,
    done: impl Fn() + Sync,
) -> Result<Vec<Read>, BatchError> {
    let templates = [Template::new(form)];
    let work = |i: usize| -> Vec<Read> {
        let (pictures, numbers) = set.make(form, seed, i as u64);
        let mut out = Vec::new();
        for picture in &pictures {
            let sheets = match place {
                Place::Located => sheet::locate(&picture.pixels, &templates),
                Place::Exact => vec![exact(picture)],
            };
            for sheet in &sheets {
                let cells = NumberCells::cut(&picture.pixels, &Mask::default(), sheet, form);
                let read = readers.read(&cells, ReaderChoice::Auto);
                for (ix, field) in read.iter().enumerate() {
                    let spec = &form.fields[ix];
                    for (channel, cell, slot) in [
                        (Channel::Digits, &field.digits, &spec.digits),
                        (Channel::Words, &field.words, &spec.words),
                    ] {
                        let (Some(cell), Some(slot)) = (cell, slot) else { continue };
                        let middle = Point::new(slot.centre, spec.y - slot.style.size / 3.0);
                        let (cut, print) = (sheet.mesh.map(middle), picture.mesh.map(middle));
                        let off = cut.distance(print) / picture.mesh.px_per_mm(spec.y);
                        let print = (numbers[ix], slot.style.size, off);
                        out.push(one(form, cell, channel, print, (set.name(), i)));
                    }
                }
            }
        }
        out
    };
    Ok(batch::collect(n, jobs, work, |_| done())?.into_iter().flatten().collect())
}

fn one(
    form: &Form,
    cell: &CellReading,
    channel: Channel,
    (truth, size, off): (u32, f64, f64),
    (set, sheet): (String, usize),
) -> Read {
    let modulus = form.max_value() + 1;
    let said = |n: usize| {
        let w = belief(&cell.readings[..n], modulus);
        let best = says(&w);
        (best, best.map_or(w.rest(), |v| w.weight(v)), w.weight(truth))
    };
    let q = &cell.quality;
    Read {
        set,
        sheet,
        channel,
        height: q.px_per_mm * CAP_HEIGHT * size,
        sharpness: q.sharpness,
        contrast: q.contrast,
        coverage: q.coverage,
        off,
        truth,
        net: said(1),
        both: (cell.readings.len() > 1).then(|| said(cell.readings.len())),
    }
}

/// The sheet of a picture as its map has it.
fn exact(picture: &Seen) -> Sheet {
    let (top, bottom) = (picture.mesh.rungs[0].y, picture.mesh.rungs[picture.mesh.rungs.len() - 1].y);
    let anchored = (0..).map(|i| top + f64::from(i)).take_while(|y| *y <= bottom).map(|y| (y, 0.0)).collect();
    Sheet {
        form: 0,
        mesh: picture.mesh.clone(),
        score: 1.0,
        residual: 0.0,
        anchors: 1.0,
        visible: (top, bottom),
        anchored,
        mistaken: 0,
    }
}

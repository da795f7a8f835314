//! Made-up pictures of which the exact place of every point is known, in named sets.
//!
//! In: a form, a seed. Out: [`Known`] pictures and the numbers that the sheet shows. Refuses a name that is no set's, with
//! those that are.

use crate::form::Form;
use crate::ground::geometry::Point;
use crate::lab::synth::scan::{self, Ink, ScanSettings};
use crate::lab::synth::{Drawn, Part, Picture, Scene, Shot, SynthRng, ValueMode, draw, named, rng, values};
use crate::read::sheet::Mesh;
use image::GrayImage;
use rand::RngExt;

/// Resolutions of the scans besides the typical ones.
const DPI: [u32; 5] = [75, 100, 120, 150, 200];

/// Pictures of one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Set {
    /// Scans as most published ones.
    Scans,
    /// Such scans turned: by quarters, askew, by any angle.
    Turned,
    /// The same at a resolution.
    Dpi(u32),
    /// The same of a print that lost 30 to 60 % of its ink where it is palest.
    Faded,
    /// Photos.
    Scene(Scene),
}

/// A picture in which the place of every form point is known.
pub struct Known {
    /// The picture.
    pub pixels: GrayImage,
    /// Form millimetres to its pixels.
    pub way: Box<dyn Fn(Point) -> Point + Send>,
    /// The same as a mesh.
    pub mesh: Mesh,
}

impl Known {
    fn scan(picture: Picture) -> Self {
        let mesh = picture.mesh.clone();
        Self { pixels: picture.pixels, way: Box::new(move |p| picture.mesh.map(p)), mesh }
    }

    fn shot(shot: Shot) -> Self {
        let mesh = shot.way.mesh();
        Self { pixels: shot.pixels(), way: Box::new(move |p| shot.way.map(p)), mesh }
    }
}

impl Set {
    /// Every set, those first that registration is measured on.
    pub fn all() -> Vec<Self> {
        let dpi = DPI.into_iter().map(Self::Dpi);
        Self::placed().into_iter().chain([Self::Faded]).chain(dpi).collect()
    }

    /// The sets that registration is measured on.
    pub fn placed() -> Vec<Self> {
        [Self::Scans, Self::Turned].into_iter().chain(Scene::all().into_iter().map(Self::Scene)).collect()
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Scans => "scans".to_owned(),
            Self::Turned => "turned-scans".to_owned(),
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

    /// The pictures of sheet `index`, and the numbers that it shows, in the form's order.
    pub fn make(&self, form: &Form, ink: Ink, seed: u64, index: u64) -> (Vec<Known>, Vec<u32>) {
        let mut dice = rng(seed, index);
        let truth = values::invent(form, &mut dice, ValueMode::Realistic);
        let numbers = truth.fields.iter().map(|f| f.value).collect();
        let drawn = draw::draw(form, &truth, Part::Whole, &mut dice);
        let pictures = match self {
            Self::Scene(scene) => {
                if ink == Ink::Plain {
                    // Sets of plain ink begin alike.
                    ScanSettings::typical(&mut dice);
                }
                let paper = ink.on(scene.paper(&mut dice));
                let original = scan::apply(&drawn, &paper, &mut dice);
                scene.take(&original, &mut dice).into_iter().map(Known::shot).collect()
            }
            _ => vec![Known::scan(self.scan(&drawn, ink, index, &mut dice))],
        };
        (pictures, numbers)
    }

    fn scan(&self, drawn: &Drawn, ink: Ink, index: u64, dice: &mut SynthRng) -> Picture {
        let typical = ink.on(ScanSettings::typical(dice));
        let settings = match self {
            Self::Dpi(dpi) => ScanSettings { dpi: f64::from(*dpi), ..typical },
            Self::Faded => ScanSettings { fade: dice.random_range(0.3..0.6), ..typical },
            _ => typical,
        };
        let picture = scan::apply(drawn, &settings, dice);
        match self {
            Self::Turned => scan::turned(picture, scan::any_turn(index, dice), dice),
            _ => picture,
        }
    }
}

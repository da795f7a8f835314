//! One network: crops in, what each of them spells out.
//!
//! In: grey crops, [`CROP_HEIGHT`] high. Out: the probabilities of label sequences ([`Sequences`]). A cell of
//! which the network is not sure is looked at again, moved by a pixel each way, and by a larger network where
//! there is one: print that is read alike wherever it stands in the crop and whoever reads it is read, and
//! what depends on either is doubt.

use super::ctc::{Frames, Limits, Sequences, search};
use super::{Calibration, NetError};
use crate::read::cut::CROP_HEIGHT;
use image::GrayImage;
use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};

/// Crops a run of the network: fastest of 1, 7, 14 and 49 on one core (November 2026).
const BATCH: usize = 14;
/// Ink contrast, grey levels, below which a crop is not stretched any further: an empty cell stays
/// empty, its noise stays small.
const LEAST_CONTRAST: f32 = 40.0;
/// Share of a crop's pixels that are darker than its ink level.
const INK_SHARE: f64 = 0.02;
/// Where the most probable spelling has less, the crop is looked at again.
const SURE: f64 = 0.99;
/// How a crop is moved for another look, px.
const LOOKS: [(i64, i64); 4] = [(1, 0), (-1, 0), (0, 1), (0, -1)];

pub(super) struct Network {
    pub name: &'static str,
    model: Arc<Model>,
    /// The larger one that looks at what the first is not sure of.
    close: Option<Arc<Model>>,
    /// SHA-256 of each file, hexadecimal: the network's, then the larger one's.
    pub sha256: Vec<String>,
    pub classes: usize,
    pub calibration: Calibration,
}

/// The crop moved by whole pixels; its edge goes on where nothing is known.
fn shifted(crop: &GrayImage, dx: i64, dy: i64) -> GrayImage {
    let (w, h) = crop.dimensions();
    let from = |at: u32, by: i64, size: u32| (i64::from(at) - by).clamp(0, i64::from(size) - 1) as u32;
    GrayImage::from_fn(w, h, |x, y| *crop.get_pixel(from(x, dx, w), from(y, dy, h)))
}

/// The mean of several looks at one crop.
fn mean<'a>(looks: impl Iterator<Item = &'a Sequences>) -> Sequences {
    let (mut sums, mut rest, mut n): (BTreeMap<&[u8], f64>, f64, f64) = (BTreeMap::new(), 0.0, 0.0);
    for look in looks {
        for (labels, p) in &look.listed {
            *sums.entry(labels).or_default() += p;
        }
        rest += look.rest;
        n += 1.0;
    }
    let mut listed: Vec<(Vec<u8>, f64)> = sums.into_iter().map(|(l, p)| (l.to_vec(), p / n)).collect();
    listed.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Sequences { listed, rest: rest / n }
}

/// A crop's pixels as the network wants them: 0 paper (the median), 1 ink (the level that
/// [`INK_SHARE`] of the pixels reach), stretched no further than [`LEAST_CONTRAST`] allows.
pub(super) fn normalise(crop: &GrayImage, out: &mut Vec<f32>) {
    let mut counts = [0usize; 256];
    for p in crop.pixels() {
        counts[usize::from(p[0])] += 1;
    }
    let total = crop.pixels().len();
    let level = |rank: usize| {
        let mut seen = 0;
        counts.iter().position(|&c| {
            seen += c;
            seen > rank
        })
    };
    let paper = level(total / 2).unwrap_or(255) as f32;
    let ink = level((total as f64 * INK_SHARE) as usize).unwrap_or(0) as f32;
    let scale = (paper - ink).max(LEAST_CONTRAST);
    out.extend(crop.pixels().map(|p| ((paper - f32::from(p[0])) / scale).clamp(-0.5, 1.5)));
}

impl Network {
    /// Loads a network, and the larger one that looks again at what it is not sure of.
    pub fn load(
        name: &'static str,
        bytes: Vec<u8>,
        close: Option<Vec<u8>>,
        classes: usize,
        calibration: Calibration,
    ) -> Result<Self, NetError> {
        let sha256 = std::iter::once(&bytes).chain(&close).map(|b| crate::ground::hash::sha256(b)).collect();
        let model = |bytes: Vec<u8>| {
            let model = ModelOptions::with_all_ops().prepack_weights(true).load(bytes);
            model.map(Arc::new).map_err(|e| NetError::Model(name, e.to_string()))
        };
        Ok(Self {
            name,
            model: model(bytes)?,
            close: close.map(model).transpose()?,
            sha256,
            classes,
            calibration,
        })
    }

    /// What each crop of `width` or more spells, up to `longest` labels; smaller ones, and those of another height, spell
    /// nothing known.
    pub fn read(&self, width: u32, crops: &[&GrayImage], longest: usize) -> Vec<Sequences> {
        let mut out = self.look(&self.model, width, crops, longest);
        let unsure: Vec<usize> =
            (0..out.len()).filter(|&i| out[i].listed.first().is_none_or(|best| best.1 < SURE)).collect();
        let moved: Vec<GrayImage> =
            unsure.iter().flat_map(|&i| LOOKS.map(|(dx, dy)| shifted(crops[i], dx, dy))).collect();
        let moved: Vec<&GrayImage> = moved.iter().collect();
        let again = self.look(&self.model, width, &moved, longest);
        let mut looks: Vec<Vec<Sequences>> = again.chunks(LOOKS.len()).map(<[_]>::to_vec).collect();
        if let Some(close) = &self.close {
            let plain: Vec<&GrayImage> = unsure.iter().map(|&i| crops[i]).collect();
            let moved = self.look(close, width, &moved, longest);
            let plain = self.look(close, width, &plain, longest);
            for ((looks, plain), moved) in looks.iter_mut().zip(plain).zip(moved.chunks(LOOKS.len())) {
                looks.push(plain);
                looks.extend_from_slice(moved);
            }
        }
        for (&i, looks) in unsure.iter().zip(&looks) {
            out[i] = mean(std::iter::once(&out[i]).chain(looks));
        }
        out
    }

    /// One look of `model` at each crop.
    fn look(&self, model: &Arc<Model>, width: u32, crops: &[&GrayImage], longest: usize) -> Vec<Sequences> {
        // A clean cell needs about ten prefixes. What is cut off adds to "other" and is small against
        // the calibration's floor.
        let limits = Limits { longest, prefixes: 64, least: 1e-6 };
        let unknown = Sequences { listed: Vec::new(), rest: 1.0 };
        let mut out = vec![unknown; crops.len()];
        let fits = |&i: &usize| crops[i].width() >= width && crops[i].height() == CROP_HEIGHT;
        let mut fits: Vec<usize> = (0..crops.len()).filter(fits).collect();
        fits.sort_by_key(|&i| crops[i].width());
        let alike = fits.chunk_by(|&a, &b| crops[a].width() == crops[b].width());
        for batch in alike.flat_map(|alike| alike.chunks(BATCH)) {
            let width = crops[batch[0]].width();
            let mut input = Vec::with_capacity(batch.len() * (width * CROP_HEIGHT) as usize);
            for &i in batch {
                normalise(crops[i], &mut input);
            }
            let Some(logits) = self.run_model(model, batch.len(), width, input) else { continue };
            let each = logits.len() / batch.len();
            for (k, &i) in batch.iter().enumerate() {
                out[i] =
                    search(&Frames::from_logits(&logits[k * each..(k + 1) * each], self.classes), limits);
            }
        }
        out
    }

    /// Logits of `n` crops of `width`, one after the other; `None` when the network fails on them.
    pub fn run(&self, n: usize, width: u32, input: Vec<f32>) -> Option<Vec<f32>> {
        self.run_model(&self.model, n, width, input)
    }

    fn run_model(&self, model: &Arc<Model>, n: usize, width: u32, input: Vec<f32>) -> Option<Vec<f32>> {
        thread_local! {
            static BESIDE: Beside = Beside::new();
        }
        let shape = [n, 1, CROP_HEIGHT as usize, width as usize];
        let (model, classes) = (model.clone(), self.classes);
        BESIDE.with(|beside| {
            let pool = beside.pool.clone();
            beside.run(move || {
                let tensor = NdTensor::<f32, 4>::from_data(shape, input);
                let options = RunOptions::default().with_thread_pool(Some(pool));
                let output = model.run_one(tensor.view().into(), Some(options)).ok()?;
                let logits: NdTensor<f32, 3> = output.try_into().ok()?;
                (logits.size(0) == n && logits.size(2) == classes).then(|| logits.into_data())
            })
        })
    }
}

/// A thread beside the caller's that runs networks. The caller waits for it as for any thread: were the run installed from
/// a worker of the photos' pool, that worker would steal another photo while it waits.
struct Beside {
    pool: Arc<ThreadPool>,
    work: mpsc::Sender<Box<dyn FnOnce() + Send>>,
}

impl Beside {
    fn new() -> Self {
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        let (work, received) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let own = pool.clone();
        // The pool's only thread stays here, so that a run has not to be handed on to it. Both end with the caller's thread,
        // which drops the sender.
        std::thread::spawn(move || {
            own.run(|| {
                // What panics sends nothing.
                received.into_iter().for_each(|work| drop(catch_unwind(AssertUnwindSafe(work))));
            });
        });
        Self { pool, work }
    }

    /// What `work` gives there; `None` where it gives nothing.
    fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.work.send(Box::new(move || drop(sender.send(work())))).ok()?;
        receiver.recv().ok()?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    #[test]
    fn what_panics_beside_gives_nothing_and_the_next_is_done() {
        let beside = Beside::new();
        assert_eq!(beside.run(|| -> Option<u8> { panic!("a network fails") }), None);
        assert_eq!(beside.run(|| Some(7)), Some(7));
    }

    #[test]
    fn looks_that_differ_share_their_probability() {
        let look = |listed: &[(&[u8], f64)], rest| Sequences {
            listed: listed.iter().map(|(l, p)| (l.to_vec(), *p)).collect(),
            rest,
        };
        let joined = mean([look(&[(&[4], 0.9)], 0.1), look(&[(&[1], 0.6), (&[4], 0.4)], 0.0)].iter());
        assert_eq!(joined.listed[0].0, [4]);
        assert!((joined.listed[0].1 - 0.65).abs() < 1e-12 && (joined.listed[1].1 - 0.3).abs() < 1e-12);
        assert!((joined.rest - 0.05).abs() < 1e-12);
    }

    #[test]
    fn a_moved_crop_keeps_its_size_and_repeats_its_edge() {
        let crop = GrayImage::from_fn(5, 4, |x, y| Luma([(10 * y + x) as u8]));
        let moved = shifted(&crop, 1, -1);
        assert_eq!(moved.dimensions(), (5, 4));
        assert_eq!((moved.get_pixel(3, 0)[0], moved.get_pixel(0, 3)[0]), (12, 30));
    }

    #[test]
    fn noise_on_empty_paper_is_not_stretched_to_ink() {
        let crop = GrayImage::from_fn(48, 24, |x, y| Luma([200 + ((x * 7 + y * 13) % 5) as u8]));
        let mut out = Vec::new();
        normalise(&crop, &mut out);
        assert!(out.iter().all(|v| v.abs() < 0.1));
    }

    /// The training's `normalise` (scripts/training/nets.py) on the same crop gives these numbers.
    #[test]
    fn input_is_what_training_saw() {
        let crop = GrayImage::from_fn(48, 24, |x, y| Luma([((x * x + 31 * y) % 251) as u8]));
        let mut out = Vec::new();
        normalise(&crop, &mut out);
        let picked: Vec<f32> = [0, 47, 500, 1151].map(|i| out[i]).to_vec();
        assert_eq!(picked.len(), 4);
        for (a, b) in picked.iter().zip(TRAINING_SAW) {
            assert!((a - b).abs() < 1e-5, "{picked:?}");
        }
    }

    const TRAINING_SAW: [f32; 4] = [1.033058, -0.5, -0.5, -0.297521];
}

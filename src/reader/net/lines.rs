//! Lines of text, read sign by sign.

use super::ctc::Frames;
use super::network::normalise;
use super::{CROP_HEIGHT, NetReader};
use crate::reader::{Charset, Distribution};
use image::GrayImage;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Readings of a line among which the one that fits its pattern is looked for.
const READINGS: usize = 24;
/// How much of what does not fit the pattern counts against what does: a line in its place that is
/// printed otherwise is rare.
const UNLIKE_PATTERN: f64 = 0.02;

impl NetReader {
    /// Reads a line of text, cut along [`line_frame`], as signs of `charset`: the text, and the
    /// probability that every sign of it is right. A line that has to be as `pattern` says is read as the
    /// most probable text that is; where none is probable, as without. A crop of another height says
    /// nothing.
    pub fn read_line(&self, crop: &GrayImage, charset: Charset, pattern: Option<&Regex>) -> (String, f64) {
        let Some(frames) = self.line_frames(crop) else { return (String::new(), 0.0) };
        let allowed = |l: u8| self.allows(l, charset);
        let text = |labels: &[u8]| self.spelled(labels);
        let free = || {
            let labels = frames.best_path(allowed);
            (text(&labels), frames.probability(&labels))
        };
        let (text, p) = match pattern {
            Some(pattern) => as_printed(&frames, pattern, &text, allowed).unwrap_or_else(free),
            None => free(),
        };
        let whole = Distribution::from_weights(vec![(0, p)], 0.0, (1.0 - p).max(0.0));
        (text, self.lines.calibration.apply(whole).probability(0))
    }
}

impl NetReader {
    /// What several cuts of one line, each along [`line_frame`], say together: what `stands_for` makes of a
    /// text, where it makes anything, with the mean of its probabilities, most probable first, ties by text. A
    /// cut that shows nothing that fits counts as one that shows something else.
    ///
    /// [`line_frame`]: super::line_frame
    pub fn read_looks(
        &self,
        crops: &[GrayImage],
        charset: Charset,
        stands_for: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<(String, f64)> {
        let mut found: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
        let mut looks = Vec::with_capacity(crops.len());
        for crop in crops {
            let Some(frames) = self.line_frames(crop) else { continue };
            for labels in frames.readings(|l| self.allows(l, charset), READINGS) {
                if let Some(text) = stands_for(&self.spelled(&labels)) {
                    found.entry(text).or_default().insert(labels);
                }
            }
            looks.push(frames);
        }
        let mut sums: Vec<(String, f64)> = found.keys().map(|t| (t.clone(), 0.0)).collect();
        for frames in &looks {
            let each: Vec<f64> = found
                .values()
                .map(|spellings| spellings.iter().map(|labels| frames.probability(labels)).sum())
                .collect();
            let sum: f64 = each.iter().sum();
            let all = (sum + UNLIKE_PATTERN * (1.0 - sum).max(0.0)).max(f64::MIN_POSITIVE);
            for (entry, p) in sums.iter_mut().zip(each) {
                entry.1 += p / all / crops.len() as f64;
            }
        }
        for entry in &mut sums {
            let whole = Distribution::from_weights(vec![(0, entry.1)], 0.0, (1.0 - entry.1).max(0.0));
            entry.1 = self.lines.calibration.apply(whole).probability(0);
        }
        sums.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        sums
    }

    /// What the network says of a crop, frame by frame; `None` where it cannot be asked.
    fn line_frames(&self, crop: &GrayImage) -> Option<Frames> {
        if crop.height() != CROP_HEIGHT || crop.width() < 8 {
            return None;
        }
        let mut input = Vec::with_capacity((crop.width() * crop.height()) as usize);
        normalise(crop, &mut input);
        let logits = self.lines.run(1, crop.width(), input)?;
        Some(Frames::from_logits(&logits, self.lines.classes))
    }

    fn allows(&self, label: u8, charset: Charset) -> bool {
        self.signs.get(usize::from(label)).is_some_and(|&c| charset.allows(c))
    }

    fn spelled(&self, labels: &[u8]) -> String {
        let signs = labels.iter().filter_map(|&l| self.signs.get(usize::from(l)));
        signs.collect::<String>().trim().to_owned()
    }
}

/// The most probable text that fits a pattern, with its probability among the texts that do.
fn as_printed(
    frames: &Frames,
    pattern: &Regex,
    text: &impl Fn(&[u8]) -> String,
    allowed: impl Fn(u8) -> bool,
) -> Option<(String, f64)> {
    let fitting = frames.readings(allowed, READINGS).into_iter().filter_map(|labels| {
        let said = text(&labels);
        pattern.is_match(&said).then(|| (said, frames.probability(&labels)))
    });
    let (mut best, mut sum): (Option<(String, f64)>, f64) = (None, 0.0);
    for (said, p) in fitting {
        sum += p;
        if best.as_ref().is_none_or(|b| p > b.1) {
            best = Some((said, p));
        }
    }
    best.map(|(said, p)| (said, p / (sum + UNLIKE_PATTERN * (1.0 - sum).max(0.0))))
}

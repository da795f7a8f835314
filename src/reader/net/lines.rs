//! Lines of text, read sign by sign.

use super::ctc::Frames;
use super::network::normalise;
use super::{CROP_HEIGHT, NetReader};
use crate::reader::{Charset, Distribution};
use image::GrayImage;
use regex::Regex;

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
        if crop.height() != CROP_HEIGHT || crop.width() < 8 {
            return (String::new(), 0.0);
        }
        let mut input = Vec::with_capacity((crop.width() * crop.height()) as usize);
        normalise(crop, &mut input);
        let Some(logits) = self.lines.run(1, crop.width(), input) else { return (String::new(), 0.0) };
        let frames = Frames::from_logits(&logits, self.lines.classes);
        let sign = |label: u8| self.signs.get(usize::from(label)).copied();
        let allowed = |l: u8| sign(l).is_some_and(|c| charset.allows(c));
        let text = |labels: &[u8]| -> String {
            labels.iter().filter_map(|&l| sign(l)).collect::<String>().trim().to_owned()
        };
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

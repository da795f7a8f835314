//! What Tesseract's signs say as a number.
//!
//! In: signs with their alternatives and confidences, and how many digits the ink speaks for. Out: a [`Distribution`].
//! Refuses nothing: signs that no digit looks like are unreadable.

use crate::read::glyphs::ink::Ink;
use crate::read::glyphs::{Distribution, add};

/// One sign as read.
#[derive(Debug, Clone)]
pub(super) struct Sign {
    /// Its middle in pixels from the picture's left edge.
    pub middle: f64,
    /// Alternatives with their confidences, 0 to 100, best first.
    pub choices: Vec<(String, f64)>,
}

/// Width of a digit with its gap over its height, in the print's face (0.556 em over 0.716 em).
const DIGIT_PITCH: f64 = 0.776;
/// The gap between digits over their height.
const DIGIT_GAP: f64 = 0.13;

/// How many digits an ink box holds, from its shape.
pub(super) fn digits_in(ink: &Ink) -> usize {
    ((ink.aspect() + DIGIT_GAP) / DIGIT_PITCH).round().max(1.0) as usize
}

/// The distribution that signs with alternatives spell; `expected` is the number of digits that the
/// ink's shape speaks for.
pub(super) fn number_of(signs: &[Sign], expected: usize) -> Distribution {
    // Rules and specks read as punctuation stand between or beside digits.
    let signs: Vec<Vec<(u32, f64)>> = signs.iter().map(digit_weights).filter(|s| !s.is_empty()).collect();
    if signs.is_empty() {
        return Distribution::unreadable();
    }
    let mut values: Vec<(u32, f64)> = vec![(0, 1.0)];
    for weights in &signs {
        let mut next = Vec::new();
        for &(value, p) in &values {
            for &(digit, w) in weights {
                next.push((value.saturating_mul(10) + digit, p * w));
            }
        }
        next.sort_by(|a: &(u32, f64), b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        next.truncate(12);
        values = next;
    }
    let mut merged: Vec<(u32, f64)> = Vec::new();
    for (value, p) in values {
        add(&mut merged, value, p);
    }
    // A number of digits that the ink's shape contradicts is a lost or an invented digit.
    let fits = if signs.len() == expected && signs.len() <= 4 { 1.0 } else { 0.1 };
    let total: f64 = merged.iter().map(|m| m.1).sum();
    for m in &mut merged {
        m.1 *= fits;
    }
    Distribution::from_weights(merged, 0.0, (1.0 - total * fits).max(0.002))
}

/// What a sign says as a digit: each digit with its probability, their sum below 1 by what a low
/// confidence leaves open; nothing for a sign that no digit looks like.
fn digit_weights(sign: &Sign) -> Vec<(u32, f64)> {
    let top = sign.choices.iter().map(|c| c.1).fold(0.0, f64::max);
    let mut weights: Vec<(u32, f64)> = Vec::new();
    for (text, confidence) in &sign.choices {
        let Some((digit, share)) = as_digit(text) else { continue };
        let weight = share * ((confidence - top) / MARGIN).exp();
        add(&mut weights, digit, weight);
    }
    let sum: f64 = weights.iter().map(|w| w.1).sum();
    let seen = (top / 100.0).clamp(0.0, 1.0).sqrt();
    for w in &mut weights {
        w.1 *= seen / sum.max(1.0);
    }
    let read = weights.clone();
    for w in &mut weights {
        w.1 *= 1.0 - CONFUSED[w.0 as usize];
    }
    for (digit, weight) in read {
        let other = LOOKALIKE[digit as usize];
        let share = weight * CONFUSED[digit as usize];
        add(&mut weights, other, share);
    }
    weights
}

/// The digit that a sign stands for in a number, with the share of its weight that it keeps; letters
/// that look like a digit keep less.
fn as_digit(text: &str) -> Option<(u32, f64)> {
    let mut signs = text.chars();
    let sign = signs.next()?;
    if let Some(digit) = sign.to_digit(10) {
        return signs.next().is_none().then_some((digit, 1.0));
    }
    match sign {
        'o' | 'O' | 'Q' | 'D' => Some((0, 0.95)),
        'l' | 'I' | 'i' => Some((1, 0.7)),
        'z' | 'Z' => Some((2, 0.7)),
        'A' => Some((4, 0.5)),
        's' | 'S' => Some((5, 0.5)),
        'G' | 'b' => Some((6, 0.5)),
        'T' => Some((7, 0.5)),
        'B' => Some((8, 0.7)),
        'g' | 'q' | 'y' | 'Y' => Some((9, 0.5)),
        _ => None,
    }
}

/// The digit that each digit, as read, most often is instead, and the share of a sign's weight that
/// this other digit gets whatever Tesseract's confidence: of 697 cells of one scanner 25 were wrong, most
/// of the confident ones a 5 read as 6 (November 2026); the other shares are not measured singly.
const LOOKALIKE: [u32; 10] = [8, 4, 7, 8, 1, 6, 5, 1, 6, 4];
/// See [`LOOKALIKE`].
const CONFUSED: [f64; 10] = [0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.25, 0.05, 0.05, 0.05];

/// The confidence margin, in Tesseract's points, that makes one digit e times as likely as another
/// (its choices of 90 against 40 are nearly always right, 90 against 80 often wrong).
const MARGIN: f64 = 12.0;

/// The mean of distributions.
pub(super) fn average(tried: &[Distribution]) -> Distribution {
    let mut values: Vec<(u32, f64)> = Vec::new();
    let (mut blank, mut other) = (0.0, 0.0);
    for d in tried {
        blank += d.blank;
        other += d.other;
        for &(v, p) in &d.values {
            add(&mut values, v, p);
        }
    }
    Distribution::from_weights(values, blank, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_more_than_the_ink_shows_is_doubted() {
        let sign = |t: &str| Sign { middle: 0.0, choices: vec![(t.to_owned(), 99.0)] };
        let two = number_of(&[sign("1"), sign("0")], 1);
        assert!(two.best().is_none(), "{two:?}");
        assert_eq!(number_of(&[sign("O")], 1).best().map(|b| b.0), Some(0));
    }
}

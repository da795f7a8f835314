//! Digit words with reading errors, such as `Cero, Un0, Cuatr, Nueve`, to a distribution over values.
//!
//! In: the text of a cell's lines and the form's digit words. Out: a [`Distribution`]. The letters are
//! split into exactly as many words as the form spells, at every place where that is possible, each
//! part compared with every digit word by edit distance (Levenshtein 1966); the weights of all
//! splittings that spell the same number add up. Separators are not trusted: readers lose them.

use super::{Distribution, add};
use crate::form::Words;

/// Weight of one wrong, missing or superfluous letter: the share of letters that a general reader
/// gets wrong on this print (not measured on its own; 1 in 30 on scans, shared among the letters
/// that it could be mistaken for).
const LETTER_ERROR: f64 = 0.03;

/// Weight of a text that spells nothing in particular: as much as three to four wrong letters.
const NOISE: f64 = 1e-5;

/// Weight of a word lost or invented, against a text with all its words (not measured on its own).
const WORD_ERROR: f64 = 0.03;

/// How many partial numbers are kept at each place of the text.
const KEPT: usize = 24;

/// The distribution over values that `text` spells.
#[cfg_attr(not(feature = "tesseract"), allow(dead_code))]
pub(crate) fn read(text: &str, words: &Words) -> Distribution {
    let letters: Vec<char> = text.chars().flat_map(fold).collect();
    if letters.is_empty() {
        return Distribution { values: Vec::new(), blank: 1.0, other: 0.0 };
    }
    let spelled: Vec<Vec<char>> = words.digits.iter().map(|w| w.chars().flat_map(fold).collect()).collect();
    let longest = spelled.iter().map(Vec::len).max().unwrap_or(0) + 2;
    // beam[end] holds (value so far, weight) of the splittings of letters[..end] into `place` words.
    let n = letters.len();
    let mut beam: Vec<Vec<(u32, f64)>> = vec![Vec::new(); n + 1];
    beam[0].push((0, 1.0));
    let mut values = Vec::new();
    // What is spelled by a word more or less than a number has is no value.
    let mut other = NOISE;
    for place in 1..=words.places + 1 {
        let mut next: Vec<Vec<(u32, f64)>> = vec![Vec::new(); n + 1];
        for start in 0..n {
            if beam[start].is_empty() {
                continue;
            }
            for end in start + 1..=(start + longest).min(n) {
                let part = letters[start..end].to_vec();
                for (digit, word) in spelled.iter().enumerate() {
                    let errors = strsim::generic_levenshtein(&part, word);
                    if errors * 2 > word.len() {
                        continue;
                    }
                    let weight = LETTER_ERROR.powi(errors as i32);
                    for &(value, w) in &beam[start] {
                        add(
                            &mut next[end],
                            value.saturating_mul(10).saturating_add(digit as u32),
                            w * weight,
                        );
                    }
                }
            }
        }
        for kept in &mut next {
            kept.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            kept.truncate(KEPT);
        }
        beam = next;
        if place == words.places {
            values = beam[n].clone();
        } else {
            other += WORD_ERROR * beam[n].iter().map(|v| v.1).sum::<f64>();
        }
    }
    Distribution::from_weights(values, 0.0, other)
}

/// A letter in lower case; what readers take for a letter becomes it; other signs vanish.
fn fold(c: char) -> Option<char> {
    match c.to_lowercase().next().unwrap_or(c) {
        '0' => Some('o'),
        '1' | '|' | 'í' => Some('i'),
        '5' => Some('s'),
        'é' => Some('e'),
        'ó' => Some('o'),
        'ú' | 'ü' => Some('u'),
        'á' => Some('a'),
        lower if lower.is_alphabetic() => Some(lower),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let digits = "Cero Uno Dos Tres Cuatro Cinco Seis Siete Ocho Nueve";
        Words {
            separator: ", ".to_owned(),
            digits: digits.split(' ').map(str::to_owned).collect(),
            places: 4,
        }
    }

    #[test]
    fn every_number_is_read_from_its_clean_spelling() {
        let words = words();
        for value in (0..10_000).step_by(37) {
            let read = read(&words.spell(value), &words);
            assert_eq!(read.best().map(|b| b.0), Some(value));
            assert!(read.probability(value) > 0.999, "{value}: {read:?}");
        }
    }

    #[test]
    fn lost_separators_a_line_break_and_a_wrong_letter_still_spell_the_number() {
        let words = words();
        for text in [
            "CeroUnoCuatroNueve",
            "Cero, Uno, Cuatro,\nNueve",
            "Cero. Un0 Cuatro, Nuave",
            "Cero, Uno, Cuatro Nueve,",
        ] {
            assert_eq!(read(text, &words).best().map(|b| b.0), Some(149), "{text}");
        }
    }

    #[test]
    fn a_word_too_few_or_too_many_is_no_value() {
        let words = words();
        for text in ["Cero, Uno, Cuatro", "Cero, Cero, Uno, Cuatro, Nueve", "Presidente"] {
            let read = read(text, &words);
            assert!(read.other > 0.5, "{text}: {read:?}");
        }
        assert_eq!(read(" , ", &words).blank, 1.0);
    }

    #[test]
    fn a_spoilt_word_leaves_alternatives() {
        let words = words();
        // "es" spoilt to two letters between Tres and Seis.
        let read = read("Cero, Cero, Cero, T?eis", &words);
        assert!(read.probability(6) > 0.0 && read.probability(3) > 0.0, "{read:?}");
        assert!(read.best().is_none_or(|b| b.1 < 0.99), "{read:?}");
    }
}

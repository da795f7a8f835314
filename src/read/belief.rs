//! What a reading says: listed values with probabilities, that nothing stands there, and the rest.
//!
//! In: weights. Out: a [`Belief`]. Refuses nothing: what has no weight is unreadable.

use serde::{Deserialize, Serialize};

/// A probability for every outcome of reading one print. The parts sum to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Belief<T> {
    /// Values with their probabilities, most probable first, ties by value; each value once.
    pub values: Vec<(T, f64)>,
    /// The print is empty.
    pub blank: f64,
    /// Unreadable, or a value that is not listed.
    pub other: f64,
}

/// What is believed of a number.
pub type Distribution = Belief<u32>;

/// What is believed of a text.
pub type Texts = Belief<String>;

impl<T> Default for Belief<T> {
    fn default() -> Self {
        Self { values: Vec::new(), blank: 0.0, other: 0.0 }
    }
}

impl<T: Ord> Belief<T> {
    /// Nothing was readable.
    pub fn unreadable() -> Self {
        Self { values: Vec::new(), blank: 0.0, other: 1.0 }
    }

    /// From weights that need not be normalised or sorted.
    pub fn from_weights(mut values: Vec<(T, f64)>, blank: f64, other: f64) -> Self {
        values.retain(|v| v.1 > 0.0);
        let total: f64 = values.iter().map(|v| v.1).sum::<f64>() + blank + other;
        if total <= 0.0 || !total.is_finite() {
            return Self::unreadable();
        }
        for v in &mut values {
            v.1 /= total;
        }
        values.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Self { values, blank: blank / total, other: other / total }
    }

    /// Values with probabilities; what they lack of 1 is another value.
    pub fn listed(values: Vec<(T, f64)>) -> Self {
        let rest = 1.0 - values.iter().map(|v| v.1).sum::<f64>();
        Self::from_weights(values, 0.0, rest.max(0.0))
    }
}

impl<T: Copy + Ord> Belief<T> {
    /// The same of a print that holds at most `most`: what is more is another value.
    #[must_use]
    pub fn within(mut self, most: T) -> Self {
        let more = |v: &(T, f64)| v.0 > most;
        self.other += self.values.iter().filter(|v| more(v)).map(|v| v.1).sum::<f64>();
        self.values.retain(|v| !more(v));
        self
    }

    /// The most probable value, if a value is the most probable outcome.
    pub fn best(&self) -> Option<(T, f64)> {
        self.values.first().copied().filter(|&(_, p)| p > self.blank && p > self.other)
    }

    /// Probability of `value`; 0 when it is not listed.
    pub fn probability(&self, value: T) -> f64 {
        self.values.iter().find(|v| v.0 == value).map_or(0.0, |v| v.1)
    }
}

/// What is believed of a text of which it is known how many signs it has: by place each sign with its probability.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signs(pub Vec<Vec<(char, f64)>>);

impl Signs {
    /// Whether nothing is said sign by sign.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same where something else was read with this probability: in one place, whichever, any digit.
    #[must_use]
    pub fn doubted(mut self, doubt: f64) -> Self {
        let places = self.0.iter().filter(|place| place.len() > 1).count().max(1);
        self.0.iter_mut().for_each(|place| blur(place, doubt / places as f64));
        self
    }

    /// Each place's probabilities summing to 1, the most probable sign first.
    #[must_use]
    pub fn settled(mut self) -> Self {
        for place in &mut self.0 {
            let total: f64 = place.iter().map(|sign| sign.1).sum();
            place.iter_mut().for_each(|sign| sign.1 /= total.max(f64::MIN_POSITIVE));
            place.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        }
        self
    }

    /// Up to `most` texts, the most probable first, each with the probability that every sign of it stands there.
    pub fn texts(&self, most: usize) -> Vec<(String, f64)> {
        let mut texts = vec![(String::new(), 1.0)];
        for place in &self.0 {
            let longer = |(text, p): &(String, f64)| {
                place.iter().map(|&(sign, q)| (format!("{text}{sign}"), p * q)).collect::<Vec<_>>()
            };
            let mut next: Vec<(String, f64)> = texts.iter().flat_map(longer).collect();
            next.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            next.truncate(most);
            texts = next;
        }
        texts
    }
}

/// A share of what is believed of a place goes to all signs alike.
pub fn blur(place: &mut [(char, f64)], share: f64) {
    let even = share / place.len() as f64;
    place.iter_mut().for_each(|sign| sign.1 = sign.1 * (1.0 - share) + even);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_signs_come_most_probable_first() {
        let signs = Signs(vec![vec![('1', 0.6), ('7', 0.4)], vec![('2', 0.9), ('3', 0.1)]]);
        let texts: Vec<(String, f64)> = signs.texts(3);
        let only: Vec<&str> = texts.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(only, ["12", "72", "13"]);
        assert!((texts[0].1 - 0.54).abs() < 1e-12, "{texts:?}");
    }

    #[test]
    fn what_a_print_cannot_hold_is_another_value() {
        let read = Distribution::from_weights(vec![(64, 0.2), (77_554, 0.1)], 0.0, 0.7).within(9_999);
        assert_eq!(read.values, [(64, 0.2)]);
        assert!((read.other - 0.8).abs() < 1e-12, "{}", read.other);
    }
}

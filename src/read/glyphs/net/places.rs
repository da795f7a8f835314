//! What frames say of a text of which it is known how many signs it has and what kind stands where: place by place.
//!
//! In: [`Frames`], the labels that may stand at each place. Out: the probability of each of them there, over every text that
//! fits and every alignment (the forward and backward sums of connectionist temporal classification, A. Graves,
//! "Supervised Sequence Labelling with Recurrent Neural Networks", 2012, section 7.4, over places in place of labels).
//! Refuses frames that spell no such text.

use super::ctc::Frames;

/// One place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The labels that may stand there, each once.
    pub labels: Vec<u8>,
    /// Whether nothing may stand there.
    pub lacking: bool,
}

/// The frames so far, as they may have been spelled: by place and label within it, and by blank after so many places.
#[derive(Clone)]
struct State {
    on: Vec<Vec<f64>>,
    off: Vec<f64>,
}

/// All frames gone through.
struct Forward {
    /// What the frames before each have spelled, and what it was divided by at that frame, so that it sums to 1.
    before: Vec<(State, f64)>,
    /// The share of what all have spelled that is a whole text.
    whole: f64,
    /// The logarithm of all divisors.
    log: f64,
}

impl Frames {
    /// By place the probability of each of its labels, given that the frames spell a text of these places; and the
    /// probability that they do.
    pub fn places(&self, places: &[Place]) -> Option<(Vec<Vec<f64>>, f64)> {
        let Forward { before, whole, log } = self.forward(places)?;
        let mut sums: Vec<Vec<f64>> = places.iter().map(|p| vec![0.0; p.labels.len()]).collect();
        // What is to come, from the last frame back.
        let mut after = empty(places);
        for end in (0..=places.len()).rev() {
            after.off[end] = 1.0 / whole;
            if end > 0 {
                after.on[end - 1].fill(1.0 / whole);
            }
            if end == 0 || !places[end - 1].lacking {
                break;
            }
        }
        for t in (0..self.len()).rev() {
            let (state, scale) = &before[t];
            let blank = self.at(t, 0);
            let mut next = empty(places);
            next.off[0] = blank * after.off[0];
            for k in 0..places.len() {
                next.off[k + 1] = blank * after.off[k + 1];
                next.on[k].fill(blank * after.off[k + 1]);
            }
            for (k, place) in places.iter().enumerate() {
                for (j, &label) in place.labels.iter().enumerate() {
                    let goes_on = self.of(t, label) * after.on[k][j];
                    sums[k][j] += entered(state, places, k, label) * goes_on / scale;
                    next.on[k][j] += goes_on;
                    for from in gates(places, k) {
                        next.off[from] += goes_on;
                        if from > 0 {
                            let others = places[from - 1].labels.iter().zip(&mut next.on[from - 1]);
                            others.filter(|o| *o.0 != label).for_each(|o| *o.1 += goes_on);
                        }
                    }
                }
            }
            let all = next.on.iter_mut().flatten().chain(&mut next.off);
            all.for_each(|p| *p /= scale);
            after = next;
        }
        for of in &mut sums {
            let total: f64 = of.iter().sum();
            of.iter_mut().for_each(|p| *p /= total.max(f64::MIN_POSITIVE));
        }
        Some((sums, (log + whole.ln()).exp()))
    }

    /// The probability that they spell a text of these places, whichever.
    pub fn fit(&self, places: &[Place]) -> f64 {
        self.forward(places).map_or(0.0, |f| (f.log + f.whole.ln()).exp())
    }

    fn forward(&self, places: &[Place]) -> Option<Forward> {
        let mut state = empty(places);
        state.off[0] = 1.0;
        let mut before = Vec::with_capacity(self.len());
        let mut log = 0.0;
        for t in 0..self.len() {
            let blank = self.at(t, 0);
            let mut next = empty(places);
            next.off[0] = blank * state.off[0];
            for (k, place) in places.iter().enumerate() {
                next.off[k + 1] = blank * (state.off[k + 1] + state.on[k].iter().sum::<f64>());
                for (j, &label) in place.labels.iter().enumerate() {
                    next.on[k][j] = self.of(t, label) * (state.on[k][j] + entered(&state, places, k, label));
                }
            }
            let scale: f64 = next.on.iter().flatten().chain(&next.off).sum();
            if scale <= 0.0 {
                return None;
            }
            next.on.iter_mut().flatten().chain(&mut next.off).for_each(|p| *p /= scale);
            log += scale.ln();
            before.push((std::mem::replace(&mut state, next), scale));
        }
        let mut whole = 0.0;
        for end in (0..=places.len()).rev() {
            whole += state.off[end] + if end > 0 { state.on[end - 1].iter().sum() } else { 0.0 };
            if end == 0 || !places[end - 1].lacking {
                break;
            }
        }
        (whole > 0.0).then_some(Forward { before, whole, log })
    }

    fn of(&self, t: usize, label: u8) -> f64 {
        self.at(t, usize::from(label) + 1)
    }
}

fn empty(places: &[Place]) -> State {
    State { on: places.iter().map(|p| vec![0.0; p.labels.len()]).collect(), off: vec![0.0; places.len() + 1] }
}

/// After how many places the place `k` may come.
fn gates(places: &[Place], k: usize) -> impl Iterator<Item = usize> {
    let lacking = places[..k].iter().rev().take_while(|p| p.lacking).count();
    k - lacking..=k
}

/// What comes to place `k` by a label from before it: any label but the same without a blank between.
fn entered(state: &State, places: &[Place], k: usize, label: u8) -> f64 {
    let from = |gate: usize| {
        let on = match gate.checked_sub(1) {
            Some(m) => places[m].labels.iter().zip(&state.on[m]).filter(|l| *l.0 != label).map(|l| l.1).sum(),
            None => 0.0,
        };
        state.off[gate] + on
    };
    gates(places, k).map(from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Frames of random classes: 0 the blank, 1 to 3 labels.
    fn frames(t: usize, seed: u64) -> Frames {
        let mut x = seed;
        let logits: Vec<f32> = (0..t * 4)
            .map(|_| {
                x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (x >> 40) as f32 / (1 << 22) as f32
            })
            .collect();
        Frames::from_logits(&logits, 4)
    }

    fn digit() -> Place {
        Place { labels: vec![0, 1], lacking: false }
    }

    fn dot() -> Place {
        Place { labels: vec![2], lacking: true }
    }

    /// The same by going through every text that fits.
    fn by_hand(frames: &Frames, places: &[Place]) -> (Vec<Vec<f64>>, f64) {
        let mut texts: Vec<(Vec<u8>, Vec<Option<usize>>)> = vec![(Vec::new(), Vec::new())];
        for place in places {
            let longer = |(text, at): &(Vec<u8>, Vec<Option<usize>>)| {
                let with = |(j, &l): (usize, &u8)| {
                    ([text.as_slice(), &[l]].concat(), [at.as_slice(), &[Some(j)]].concat())
                };
                let mut out: Vec<_> = place.labels.iter().enumerate().map(with).collect();
                if place.lacking {
                    out.push((text.clone(), [at.as_slice(), &[None]].concat()));
                }
                out
            };
            texts = texts.iter().flat_map(longer).collect();
        }
        let mut sums: Vec<Vec<f64>> = places.iter().map(|p| vec![0.0; p.labels.len()]).collect();
        let mut whole = 0.0;
        let mut seen = BTreeMap::new();
        for (text, at) in &texts {
            let p = frames.probability(text);
            assert!(seen.insert(text.clone(), ()).is_none(), "these places spell no text in two ways");
            whole += p;
            for (k, j) in at.iter().enumerate() {
                if let Some(j) = j {
                    sums[k][*j] += p;
                }
            }
        }
        for of in &mut sums {
            let total: f64 = of.iter().sum();
            of.iter_mut().for_each(|p| *p /= total);
        }
        (sums, whole)
    }

    #[test]
    fn places_say_what_all_texts_say_that_fit() {
        for (seed, places) in [
            (1, vec![digit()]),
            (2, vec![digit(), digit(), digit()]),
            (3, vec![digit(), digit(), dot(), digit()]),
            (4, vec![digit(), dot(), digit(), dot()]),
        ] {
            let frames = frames(7, seed);
            let (said, whole) = frames.places(&places).unwrap();
            let (want, all) = by_hand(&frames, &places);
            assert!((whole - all).abs() < 1e-12, "{whole} {all}");
            assert_eq!(frames.fit(&places), whole);
            for (said, want) in said.iter().flatten().zip(want.iter().flatten()) {
                assert!((said - want).abs() < 1e-9, "{seed}: {said} {want}");
            }
        }
    }

    #[test]
    fn frames_too_few_for_the_places_say_nothing() {
        assert!(frames(2, 5).places(&[digit(), digit(), digit()]).is_none());
    }
}

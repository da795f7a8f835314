//! One relation heard from its own side: forward-backward over partial sums.
//!
//! In: the weights of every field of a relation `sum of left = sum of right`. Out: for each field, the
//! weights that the others give it through the relation. Refuses nothing.
//!
//! The fields are put in a chain whose state is the partial sum so far, signs included, so that the
//! relation says that the last state is 0. That is a hidden Markov model whose hidden path is the
//! printed values, and the forward and backward passes (Baum et al. 1970; Rabiner 1989, section III)
//! give all the messages of a 39-field sum in two sweeps. A relation is a soft one: with probability
//! `breaks` the sheet itself does not satisfy it, and then the sum is anything.

use super::weights::Weights;

/// How the fields of a relation are tied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tie {
    /// Prior probability that the sheet itself breaks the relation.
    pub breaks: f64,
}

/// The side of the relation on which a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Added.
    Left,
    /// Taken away.
    Right,
}

impl Side {
    fn signed(self, weights: &Weights) -> Weights {
        match self {
            Side::Left => weights.clone(),
            Side::Right => weights.clone().negated(),
        }
    }
}

/// What the others of `terms` say of a field that stands on `side` of the relation.
pub fn message(
    tie: Tie,
    side: Side,
    terms: &[(Side, &Weights)],
    modulus: u32,
    scratch: &mut Vec<f64>,
) -> Weights {
    let mut sum = Weights::at(0, 0.0, modulus);
    for (s, weights) in terms {
        sum = sum.summed(&s.signed(weights), scratch);
    }
    received(tie, side, sum)
}

/// What the others of `terms` and `outside` together say of each of the `terms`, in their order.
/// Exact at the values that a term lists itself; see [`Weights::summed_at`] for the others.
pub fn messages(
    tie: Tie,
    outside: (Side, &Weights),
    terms: &[(Side, &Weights)],
    modulus: u32,
    scratch: &mut Vec<f64>,
) -> Vec<Weights> {
    let signed: Vec<Weights> = terms.iter().map(|(s, w)| s.signed(w)).collect();
    // Backward: suffixes[i] is the sum of the terms from i on.
    let mut suffixes = vec![Weights::at(0, 0.0, modulus); signed.len() + 1];
    for i in (0..signed.len()).rev() {
        suffixes[i] = suffixes[i + 1].summed(&signed[i], scratch);
    }
    let mut forward = outside.0.signed(outside.1);
    let mut out = Vec::with_capacity(signed.len());
    for (i, weights) in signed.iter().enumerate() {
        // The others add up to minus the term.
        let own = weights.clone().negated();
        let others = forward.summed_at(&suffixes[i + 1], own.atoms(), scratch);
        out.push(received(tie, terms[i].0, others));
        forward = forward.summed(weights, scratch);
    }
    out
}

/// The sum of the others, as weights of the field that has to balance it on `side`.
fn received(tie: Tie, side: Side, others: Weights) -> Weights {
    let balance = match side {
        Side::Left => others.negated(),
        Side::Right => others,
    };
    balance.blurred(tie.breaks)
}

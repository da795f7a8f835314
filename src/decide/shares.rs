//! Numbers that are printed once more as a share of another, in per cent: a second print, which speaks where the whole is
//! known.
//!
//! In: what was read of the shares, the likelihoods of all numbers. Out: the posterior in which they are heard as well, and
//! each share as a [`Print`] of its number. Refuses nothing.
//!
//! A share ties two numbers that the sums tie already: a circle, which passing messages does not count exactly. Given the whole, though, a
//! share is a print of its part like any other. So the forest hears the sheet once for each whole that may stand there, and
//! once for all others, of which the shares say nothing; the answers are put together by how probable each is. That is
//! exact (conditioning on a cutset: Pearl 1988, chapter 4).

use super::channels::{Reliance, cell_weights};
use super::prints::Print;
use super::totals::{Forest, Posterior};
use super::weights::Weights;
use crate::form::{FieldIx, Form};
use crate::ground::percent::{Percent, WHOLE};
use crate::read::evidence::Evidence;
use std::collections::BTreeMap;

/// So many wholes are each heard by themselves.
const WHOLES: usize = 6;
/// Shares that there are: hundredths of a per cent.
const SHARES: u32 = WHOLE + 1;

/// The shares of a sheet, by their whole.
pub struct Shares {
    modulus: u32,
    of: BTreeMap<FieldIx, Whole>,
    /// Shares of a number of context, which hears them and is not heard: part, whole, and what was read.
    of_context: Vec<(FieldIx, FieldIx, Weights)>,
}

/// The shares of one whole.
struct Whole {
    /// Each part with what was read of its share.
    parts: Vec<(FieldIx, Weights)>,
    /// The wholes that are heard by themselves.
    heard: Vec<u32>,
}

impl Shares {
    /// What was read of them.
    pub fn of(evidence: &Evidence, reliance: Reliance) -> Self {
        let form: &Form = &evidence.form;
        let mut of: BTreeMap<FieldIx, Whole> = BTreeMap::new();
        let mut of_context = Vec::new();
        for (&part, cell) in &evidence.shares {
            let Some(share) = &form.fields[part].share else { continue };
            let said = cell_weights(cell, SHARES, reliance);
            if form.is_context(share.whole) {
                of_context.push((part, share.whole, said));
                continue;
            }
            let whole = of.entry(share.whole).or_insert(Whole { parts: Vec::new(), heard: Vec::new() });
            whole.parts.push((part, said));
        }
        Self { modulus: form.max_value() + 1, of, of_context }
    }

    /// What a share says of its part, given the whole; of any other whole, nothing.
    fn factor(&self, said: &Weights, whole: Option<u32>) -> Weights {
        let each = |rest: f64| rest / f64::from(SHARES) * f64::from(self.modulus);
        let Some(whole) = whole else { return Weights::flat(each(1.0), self.modulus) };
        let part = |&(share, p): &(u32, f64)| Some((Percent::hundredths(share)?.part(whole)?, p));
        Weights::from_atoms(said.atoms().iter().filter_map(part), each(said.rest()), self.modulus)
    }

    /// Hears all likelihoods with the shares.
    pub fn hear(&mut self, forest: &Forest, likelihoods: &[Weights]) -> Posterior {
        let mut posterior = forest.hear(likelihoods);
        let wholes: Vec<FieldIx> = self.of.keys().copied().collect();
        let mut done = Vec::new();
        for whole in wholes {
            let root = forest.root(whole);
            let one_tree = self.of[&whole].parts.iter().all(|p| forest.root(p.0) == root);
            if !one_tree || done.contains(&root) {
                // Beyond one tree, or a tree with two wholes: left out, which makes the posterior vaguer.
                self.of.remove(&whole);
                continue;
            }
            done.push(root);
            let mut atoms = posterior.fields[whole].atoms().to_vec();
            atoms.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let heard: Vec<u32> = atoms.iter().take(WHOLES).map(|a| a.0).collect();
            let branches = heard.iter().map(|&t| Some(t)).chain([None]);
            let answers: Vec<Posterior> =
                branches.map(|t| self.branch(forest, likelihoods, whole, (t, &heard))).collect();
            posterior.mix(forest, root, &answers);
            if let Some(of) = self.of.get_mut(&whole) {
                of.heard = heard;
            }
        }
        for (part, whole, said) in &self.of_context {
            let (of, by) = (&posterior.fields[*whole], &posterior.fields[*part]);
            posterior.fields[*whole] = heard_by(of, by, said, self.modulus);
        }
        posterior
    }

    /// The answer where the whole is one number, or none of those that are `heard`.
    fn branch(
        &self,
        forest: &Forest,
        likelihoods: &[Weights],
        whole: FieldIx,
        (value, heard): (Option<u32>, &[u32]),
    ) -> Posterior {
        let mut given = likelihoods.to_vec();
        let own = &likelihoods[whole];
        given[whole] = match value {
            Some(t) => Weights::at(t, 0.0, self.modulus).scaled(own.weight(t)),
            None => {
                let others = own.atoms().iter().filter(|a| !heard.contains(&a.0)).copied();
                // The flat rest holds those that are heard too: a few of thousands.
                Weights::from_atoms(others, own.rest(), self.modulus)
            }
        };
        for (part, said) in &self.of[&whole].parts {
            given[*part] = given[*part].times(&self.factor(said, value));
        }
        forest.hear_scaled(given, forest.root(whole))
    }

    /// The likelihoods in the light of the shares, given these values.
    pub fn given(&self, likelihoods: &[Weights], values: &[Option<u32>]) -> Vec<Weights> {
        let mut out = likelihoods.to_vec();
        for (whole, of) in &self.of {
            let value = values[*whole].filter(|v| of.heard.contains(v));
            for (part, said) in &of.parts {
                out[*part] = out[*part].times(&self.factor(said, value));
            }
        }
        out
    }
}

/// What a whole is after hearing what its part is and what was read of the share.
fn heard_by(whole: &Weights, part: &Weights, said: &Weights, modulus: u32) -> Weights {
    let vague = said.rest() / f64::from(SHARES);
    let says = |t: u32| -> f64 {
        let share =
            |&(v, p): &(u32, f64)| Percent::of(v, t).map_or(0.0, |s| p * said.weight(s.in_hundredths()));
        part.atoms().iter().map(share).sum::<f64>() + part.rest() * vague
    };
    let atoms = whole.atoms().iter().map(|&(t, p)| (t, p * says(t)));
    Weights::from_atoms(atoms, whole.rest() * vague, modulus).normalised().0
}

/// The share of a number as a print of it, where its whole is known and all of it is in sight.
pub fn print(evidence: &Evidence, ix: FieldIx, values: &[Option<u32>]) -> Option<Print> {
    let share = evidence.form.fields[ix].share.filter(|share| !evidence.form.is_context(share.whole))?;
    let (cell, whole) = (evidence.shares.get(&ix)?, values[share.whole]?);
    cell.covered.is_empty().then(|| Print::share(cell, evidence, &share, whole))
}

/// What the share of a number says.
pub fn told(evidence: &Evidence, ix: FieldIx) -> Option<Percent> {
    Percent::hundredths(evidence.shares.get(&ix)?.best()?.0)
}

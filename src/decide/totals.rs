//! All relations together: the posterior of every field and the probability that all are right.
//!
//! In: a form's relations and one likelihood a field. Out: [`Posterior`]. Refuses nothing; a relation
//! that would close a circle, that bounds instead of equating, that ties context, or that names a field twice is left out
//! of the inference (it is still checked afterwards), which makes the posterior vaguer, never surer.
//!
//! Fields and relations then form a forest, on which passing messages once up and once down is exact
//! (sum-product: Pearl 1988, chapter 4; Kschischang, Frey & Loeliger 2001). A relation's messages are
//! the forward-backward sweeps of [`super::sums`]. The root's mass on the way up is the probability of
//! all readings together; an assignment's own weight divided by it is the probability that this
//! assignment, as a whole, is what the sheet prints.

use super::relations::of_context;
use super::sums::{Side, Tie, message, messages};
use super::weights::Weights;
use crate::form::{FieldIx, Force, Form, RelationOp};

/// How often a sheet breaks a relation that its machine computes. Prior; not seen on the scans at
/// hand, so that 3/42 would be the measured bound and the relations would hardly count: taken from
/// what they are (arithmetic of a machine) instead.
const BREAKS_BINDING: f64 = 1e-3;

/// How often a sheet breaks a relation between a printed and a counted number. Prior, not measured.
const BREAKS_USUAL: f64 = 5e-2;

/// A relation that takes part in the inference.
#[derive(Debug, Clone)]
struct Link {
    tie: Tie,
    /// Its fields; the first is the one nearest to the root.
    fields: Vec<(FieldIx, Side)>,
}

/// The forest of fields and relations of a form.
#[derive(Debug, Clone)]
pub struct Forest {
    modulus: u32,
    /// A relation stands after the relation through which it hangs.
    links: Vec<Link>,
    /// Links that hang below each field.
    below: Vec<Vec<usize>>,
    /// The link above each field and its place in it.
    above: Vec<Option<(usize, usize)>>,
    /// The root field above each field.
    root: Vec<FieldIx>,
}

/// What is known after all readings and relations were heard.
#[derive(Debug, Clone)]
pub struct Posterior {
    /// One entry a field, normalised.
    pub fields: Vec<Weights>,
    /// Logarithm of the probability of the readings, one entry a root field.
    evidence: Vec<f64>,
}

impl Posterior {
    /// Takes for the tree of `root` what several answers say together, each by how probable it is.
    pub fn mix(&mut self, forest: &Forest, root: FieldIx, answers: &[Posterior]) {
        let most = answers.iter().map(|a| a.evidence[root]).fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = answers.iter().map(|a| (a.evidence[root] - most).exp()).collect();
        for field in (0..self.fields.len()).filter(|&f| forest.root[f] == root) {
            let weighed =
                answers.iter().zip(&shares).map(|(a, &share)| a.fields[field].clone().scaled(share));
            let Some(sum) = weighed.reduce(|a, b| a.plus(&b)) else { continue };
            self.fields[field] = sum.normalised().0;
        }
        self.evidence[root] = most + shares.iter().sum::<f64>().ln();
    }
}

impl Forest {
    /// The forest of `form`'s relations, binding ones first.
    pub fn new(form: &Form) -> Self {
        let n = form.fields.len();
        let mut part: Vec<usize> = (0..n).collect();
        let mut chosen = Vec::new();
        for force in [Force::Binding, Force::Usual] {
            for relation in &form.relations {
                if relation.force != force || relation.op != RelationOp::Equals || of_context(form, relation)
                {
                    continue;
                }
                let left = relation.left.iter().map(|&f| (f, Side::Left));
                let fields: Vec<_> = left.chain(relation.right.iter().map(|&f| (f, Side::Right))).collect();
                let mut parts: Vec<usize> = fields.iter().map(|f| part[f.0]).collect();
                parts.sort_unstable();
                if parts.windows(2).any(|w| w[0] == w[1]) {
                    continue; // It would close a circle.
                }
                for p in &mut part {
                    if parts.contains(p) {
                        *p = parts[0];
                    }
                }
                let breaks = if force == Force::Binding { BREAKS_BINDING } else { BREAKS_USUAL };
                chosen.push(Link { tie: Tie { breaks }, fields });
            }
        }
        Self::grow(n, form.max_value() + 1, chosen)
    }

    /// Hangs the links below their roots: of each tree, the field that most links share, so that the
    /// long sums hang at the leaves.
    fn grow(n: usize, modulus: u32, mut chosen: Vec<Link>) -> Self {
        let degree: Vec<usize> =
            (0..n).map(|f| chosen.iter().filter(|l| l.fields.iter().any(|x| x.0 == f)).count()).collect();
        let mut forest = Self {
            modulus,
            links: Vec::new(),
            below: vec![Vec::new(); n],
            above: vec![None; n],
            root: (0..n).collect(),
        };
        let mut order: Vec<FieldIx> = (0..n).collect();
        order.sort_by_key(|&f| (std::cmp::Reverse(degree[f]), f));
        let mut seen = vec![false; n];
        for start in order {
            let mut queue = vec![start];
            while let Some(field) = queue.pop() {
                if std::mem::replace(&mut seen[field], true) {
                    continue;
                }
                let (here, rest) =
                    chosen.into_iter().partition(|l: &Link| l.fields.iter().any(|x| x.0 == field));
                chosen = rest;
                for mut link in here {
                    let at = link.fields.iter().position(|x| x.0 == field).unwrap_or(0);
                    link.fields.swap(0, at);
                    let ix = forest.links.len();
                    for (place, &(child, _)) in link.fields.iter().enumerate().skip(1) {
                        forest.above[child] = Some((ix, place));
                        forest.root[child] = forest.root[field];
                        queue.push(child);
                    }
                    forest.below[field].push(ix);
                    forest.links.push(link);
                }
            }
        }
        forest
    }

    /// The root field above a field.
    pub fn root(&self, field: FieldIx) -> FieldIx {
        self.root[field]
    }

    /// The same of likelihoods that are not normalised, for the tree of `root` alone; what they weigh counts for it.
    pub fn hear_scaled(&self, likelihoods: Vec<Weights>, root: FieldIx) -> Posterior {
        let (even, scales): (Vec<Weights>, Vec<f64>) =
            likelihoods.into_iter().map(Weights::normalised).unzip();
        let mut posterior = self.hear_trees(&even, |r| r == root);
        let own = (0..scales.len()).filter(|&f| self.root[f] == root);
        posterior.evidence[root] += own.map(|f| scales[f]).sum::<f64>();
        posterior
    }

    /// Hears all `likelihoods`, one a field, each normalised.
    pub fn hear(&self, likelihoods: &[Weights]) -> Posterior {
        self.hear_trees(likelihoods, |_| true)
    }

    /// The same for the trees whose roots are `asked` for; what is left is as it was.
    fn hear_trees(&self, likelihoods: &[Weights], asked: impl Fn(FieldIx) -> bool) -> Posterior {
        let counts = |f: FieldIx| asked(self.root[f]);
        let mut scratch = Vec::new();
        let mut evidence = vec![0.0; likelihoods.len()];
        // Up: what a field and all below it say, and what a link tells its upper field.
        let mut said: Vec<Weights> = likelihoods.to_vec();
        let mut up: Vec<Weights> = vec![Weights::flat(1.0, self.modulus); self.links.len()];
        for (ix, link) in self.links.iter().enumerate().rev().filter(|l| counts(l.1.fields[0].0)) {
            let terms = self.lower(link, &up, &mut said, &mut evidence);
            up[ix] = message(link.tie, link.fields[0].1, &terms, self.modulus, &mut scratch);
        }
        for field in (0..likelihoods.len()).filter(|&f| self.above[f].is_none() && counts(f)) {
            self.gather(field, &up, &mut said, &mut evidence);
        }
        // Down: what a link tells each of its lower fields.
        let mut fields = said.clone();
        let mut from_above: Vec<Option<Weights>> = vec![None; likelihoods.len()];
        for (ix, link) in self.links.iter().enumerate().filter(|l| counts(l.1.fields[0].0)) {
            let (upper, side) = link.fields[0];
            let mut outside = likelihoods[upper].clone();
            let others = self.below[upper].iter().filter(|&&l| l != ix).map(|&l| &up[l]);
            for heard in others.chain(&from_above[upper]) {
                outside = outside.times(heard).normalised().0;
            }
            let terms: Vec<_> = link.fields[1..].iter().map(|&(f, s)| (s, &said[f])).collect();
            let down = messages(link.tie, (side, &outside), &terms, self.modulus, &mut scratch);
            for (&(child, _), heard) in link.fields[1..].iter().zip(down) {
                fields[child] = said[child].times(&heard).normalised().0;
                from_above[child] = Some(heard);
            }
        }
        Posterior { fields, evidence }
    }

    /// The lower fields of a link with all that hangs below them.
    fn lower<'a>(
        &self,
        link: &Link,
        up: &[Weights],
        said: &'a mut [Weights],
        evidence: &mut [f64],
    ) -> Vec<(Side, &'a Weights)> {
        for &(child, _) in &link.fields[1..] {
            self.gather(child, up, said, evidence);
        }
        link.fields[1..].iter().map(|&(f, s)| (s, &said[f])).collect()
    }

    /// Multiplies a field's likelihood with what the links below it say.
    fn gather(&self, field: FieldIx, up: &[Weights], said: &mut [Weights], evidence: &mut [f64]) {
        for &link in &self.below[field] {
            let (product, ln) = said[field].times(&up[link]).normalised();
            said[field] = product;
            evidence[self.root[field]] += ln;
        }
    }

    /// Probability that the fields for which `covered` holds, with all that hang together with them,
    /// have exactly these `values`; 0 when one of those is `None`.
    pub fn probability(
        &self,
        likelihoods: &[Weights],
        posterior: &Posterior,
        values: &[Option<u32>],
        covered: impl Fn(FieldIx) -> bool,
    ) -> f64 {
        let mut roots: Vec<FieldIx> =
            (0..values.len()).filter(|&f| covered(f)).map(|f| self.root[f]).collect();
        roots.sort_unstable();
        roots.dedup();
        let counts = |f: FieldIx| roots.binary_search(&self.root[f]).is_ok();
        let mut ln = 0.0;
        for (field, value) in values.iter().enumerate().filter(|&(f, _)| counts(f)) {
            let Some(value) = value else { return 0.0 };
            ln += likelihoods[field].weight(*value).ln();
        }
        for link in self.links.iter().filter(|l| counts(l.fields[0].0)) {
            let n = i64::from(self.modulus);
            let sum: i64 = link
                .fields
                .iter()
                .map(|&(f, side)| match side {
                    Side::Left => values[f].map_or(0, i64::from),
                    Side::Right => -values[f].map_or(0, i64::from),
                })
                .sum();
            let holds = if sum.rem_euclid(n) == 0 { 1.0 - link.tie.breaks } else { 0.0 };
            ln += (holds + link.tie.breaks / n as f64).ln();
        }
        ln -= roots.iter().map(|&r| posterior.evidence[r]).sum::<f64>();
        ln.exp().min(1.0)
    }
}

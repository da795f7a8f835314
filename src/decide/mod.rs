//! The one module that decides.
//!
//! In: [`Evidence`], what was measured on a sheet: distributions over values per cell, channel and
//! reader, the QR code, the pixels' quality. Out: a [`Decision`]: a value a field with its posterior
//! probability and its basis, the form's relations, findings, the probability that every number is
//! right, a status. Refuses rather than guesses: `accepted` needs that probability to be at least
//! `1 - max_error` and no finding that asks for a person.
//!
//! The method, for who wants to check it:
//!
//! - A sheet is a codeword: each number is printed as digits and as words, may be repeated in a QR
//!   code, and is tied to others by sums. Each field has a hidden printed value with a flat prior.
//! - [`channels`]: a channel's likelihood is its readers' posterior divided by their flat prior,
//!   bounded by a floor below which no reader is believed. What a reader does not list, and its floor,
//!   lie half on the values that differ from its best in one figure and half on all values: two
//!   misreadings that balance a sum are then as probable as they are. Readers are believed less on
//!   sheets that they doubt. Channels are independent but for a small prior of showing the same wrong
//!   value together.
//! - [`weights`]: likelihoods are a few listed values and a flat rest, modulo ten to the number of
//!   places. Products and sums of such weights are such weights.
//! - [`sums`]: forward-backward over the partial sums of a relation (Baum, Petrie, Soules & Weiss
//!   1970; Rabiner 1989). [`totals`]: message passing on the forest of fields and relations (Pearl
//!   1988; Kschischang, Frey & Loeliger 2001). Both are exact, which the tests hold against counting
//!   out every assignment of tiny forms. A relation may be broken by the sheet itself, with a small
//!   prior.
//! - The sheet's probability is the joint posterior of all values that are handed over, not a product
//!   of the fields': values tied by a sum are right or wrong together.
//! - [`strings`]: readings of a text together, and a code that is printed twice.
//! - `laws`: what no probability can buy. A number stands only where each of its prints shows it: one
//!   that rather shows another number, or none, may have been altered, however sure the other print, the
//!   code and the sums are. Channels that contradict each other with confidence, a QR code of another
//!   sheet, a zero report, a sheet of another day, a table that a registry does not hold, a broken
//!   relation are held back too.
//! - [`group`]: several photos of one sheet are one evidence; photos that contradict each other are
//!   held back both.
//!
//! The constants are priors, each with its reason beside it. Whether the probabilities hold is measured
//! by [`crate::lab::eval::simulate`] (`cotejo eval --simulate`), by numbers altered in the pixels of scans
//! ([`crate::lab::eval::alter`], `cotejo eval --alter`) and on real sheets by `cotejo eval`; error rates are
//! bounded as Clopper & Pearson (1934) do, [`odds`].
//!
//! Sources: L. Baum, T. Petrie, G. Soules, N. Weiss, Ann. Math. Stat. 41 (1970) 164. L. Rabiner, Proc.
//! IEEE 77 (1989) 257. J. Pearl, Probabilistic Reasoning in Intelligent Systems (1988), chapter 4.
//! F. Kschischang, B. Frey, H.-A. Loeliger, IEEE Trans. Inf. Theory 47 (2001) 498. C. Clopper,
//! E. Pearson, Biometrika 26 (1934) 404. J. Hanley,
//! A. Lippman-Hand, JAMA 249 (1983) 1743 (none wrong in n: at most 3/n).

pub mod channels;
pub mod codes;
pub mod group;
pub(crate) mod laws;
pub mod odds;
pub mod pages;
pub mod prints;
mod relations;
mod retake;
mod shares;
mod sight;
mod signs;
pub mod strings;
pub mod sums;
pub mod totals;
pub mod weights;

use crate::form::Form;
use crate::ground::finding::{Finding, Severity};
use crate::read::evidence::Evidence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use channels::{Said, said};
pub use laws::{held_by, hold_back};
pub use relations::check;

/// What a registry of tables says of a sheet's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// No registry was given, or it is not known which table the sheet is of.
    NotAsked,
    /// There is no such table.
    Unknown,
    /// There is.
    Known {
        /// Its registered voters; `None` where the registry does not say.
        voters: Option<u32>,
    },
}

impl Registered {
    /// The table's registered voters, if they are known.
    pub fn voters(self) -> Option<u32> {
        match self {
            Self::Known { voters } => voters,
            Self::NotAsked | Self::Unknown => None,
        }
    }
}

/// What is asked of a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// The largest probability that any number of an accepted sheet is wrong.
    pub max_error: f64,
    /// A number is held whose prints are read as its like are more rarely than this ([`prints`]).
    pub surprise: f64,
}

impl Default for Policy {
    /// 1 in 10,000, and the level of `models/readings.toml`.
    fn default() -> Self {
        Self { max_error: 1e-4, surprise: prints::level() }
    }
}

impl Policy {
    /// With another error rate.
    pub fn at_most(max_error: f64) -> Self {
        Self { max_error, ..Self::default() }
    }
}

/// What becomes of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every number is certain enough.
    Accepted,
    /// A person has to look.
    Review,
    /// It cannot be used.
    Rejected,
}

impl From<Severity> for Status {
    /// What a finding of this weight lets become of what it is on.
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Reject => Self::Rejected,
            Severity::Review => Self::Review,
            Severity::Info => Self::Accepted,
        }
    }
}

impl Status {
    /// Its word, as records write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Review => "review",
            Self::Rejected => "rejected",
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// A channel says it.
    Read,
    /// The relations overruled what the best channel says.
    Corrected,
    /// No channel could be read; the relations determine it, or, for the number of voters, a registry.
    Filled,
}

/// What is decided about one field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDecision {
    /// The most probable value; `None` when nothing could be read.
    pub value: Option<u32>,
    /// Posterior probability of the value; 0 without one.
    pub confidence: f64,
    /// Where it comes from.
    pub basis: Basis,
    /// Other values with their posterior probability, most probable first, at most four.
    pub alternatives: Vec<(u32, f64)>,
}

/// What is decided about the numbers of a contest, or about those of the ballots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupDecision {
    /// What becomes of them.
    pub state: Status,
    /// Probability, at least, that each of them is right; 0 when one has no value.
    pub confidence: f64,
}

/// A relation of the form on the decided values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The relation's id.
    pub id: String,
    /// Whether it holds; `None` when a value is missing.
    pub holds: Option<bool>,
    /// The left side.
    pub left: Option<u32>,
    /// The right side.
    pub right: Option<u32>,
}

/// What is decided about one sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Accepted, review or rejected.
    pub status: Status,
    /// Probability that every vote and every total is right; 0 when one of them has no value. A number
    /// that stands in the header only has its own confidence and is not part of this one.
    pub confidence: f64,
    /// One entry a field of the form, in its order.
    pub fields: Vec<FieldDecision>,
    /// One entry a group of the form ([`Form::groups`]).
    pub groups: Vec<GroupDecision>,
    /// The texts around the table, by the id of their line, each with the probability that it is right to the letter.
    pub texts: BTreeMap<String, strings::Told>,
    /// The form's relations, in its order.
    pub checks: Vec<Check>,
    /// What was noticed, what weighs most first.
    pub findings: Vec<Finding>,
}

/// Decides on one sheet without a registry.
pub fn decide(evidence: &Evidence, policy: &Policy) -> Decision {
    decide_with(evidence, policy, |_| Registered::NotAsked)
}

/// Decides on one sheet, `ask` being what a registry says of the table with a sheet's code. It says which
/// tables exist, and what is held against the number of voters that the sheet prints; it never takes that
/// number's place.
///
/// Pure: the same evidence, policy and registry give the same decision. Cost: about a millisecond, see
/// `decide_costs_little_even_when_every_cell_is_doubtful`.
pub fn decide_with(evidence: &Evidence, policy: &Policy, ask: impl Fn(&str) -> Registered) -> Decision {
    let form: &Form = &evidence.form;
    let reliance = channels::Reliance::of(evidence);
    let standing = codes::qr_standing(evidence, reliance);
    let identity = laws::identity(evidence, (standing.trust, reliance), ask);
    let mut heard: Vec<_> =
        (0..form.fields.len()).map(|ix| channels::hear(evidence, ix, standing.trust, reliance)).collect();
    let likelihoods: Vec<_> = heard.iter().map(|h| h.likelihood.clone()).collect();
    let forest = totals::Forest::new(form);
    let mut shares = shares::Shares::of(evidence, reliance);
    let posterior = shares.hear(&forest, &likelihoods);
    let mut fields: Vec<_> = heard.iter().zip(&posterior.fields).map(|(h, p)| laws::value(h, p)).collect();
    laws::drop_impossible(form, &mut fields);
    let values: Vec<_> = fields.iter().map(|f| f.value).collect();
    let covered = |ix: usize| !form.is_context(ix);
    let likelihoods = shares.given(&likelihoods, &values);
    for (ix, heard) in heard.iter_mut().enumerate() {
        heard.percent = shares::told(evidence, ix);
        heard.prints.extend(shares::print(evidence, ix, &values));
    }
    let confidence = forest.probability(&likelihoods, &posterior, &values, covered);
    laws::fill_from_registry(form, &heard, identity.registered, &mut fields);
    laws::leave_open(form, &mut fields);
    let values: Vec<_> = fields.iter().map(|f| f.value).collect();
    let checks: Vec<_> = form.relations.iter().map(|r| relations::check(r, &values)).collect();

    let mut findings = standing.findings;
    findings.extend(laws::about_doubt(standing.trust, evidence, reliance));
    findings.extend(laws::about_identity(evidence, &identity, standing.trust));
    findings.extend(laws::about_registration(form, identity.registered, &heard));
    findings.extend(laws::about_the_sheet(evidence, &fields));
    findings.extend(laws::about_fields(evidence, identity.registered, &heard, &posterior, &fields, policy));
    findings.extend(relations::about_relations(form, &fields, &checks));
    findings.extend(relations::about_corrections(form, &heard, &fields, &checks, policy));
    findings.extend(laws::about_confidence(form, &fields, confidence, policy));
    findings.extend(retake::about_retake(evidence, &fields, &findings));
    // A probability that is too low is a finding too.
    let status = laws::hold_back(Status::Accepted, &mut findings);
    let joint =
        |group| forest.probability(&likelihoods, &posterior, &values, |ix| form.group(ix) == Some(group));
    let groups = form
        .groups()
        .map(|g| laws::group(form, g, joint(g), (&fields, &checks, &findings), policy))
        .collect();
    Decision { status, confidence, fields, groups, texts: strings::texts(evidence), checks, findings }
}

#[cfg(test)]
mod tests;

//! Relations between numbers: whether they hold, and what is to say where they do not.
//!
//! In: the form's relations and decided values. Out: [`Check`]s and findings, neutral: which sides differ,
//! not which number is wrong. Refuses nothing.

use super::channels::Heard;
use super::{Basis, Check, FieldDecision, Policy};
use crate::form::{FieldIx, FieldKind, Form, Relation, RelationOp};
use crate::ground::finding::{Broken, Finding, Severity, What};
use crate::ground::words::Side;

/// A relation on the decided values.
pub fn check(relation: &Relation, values: &[Option<u32>]) -> Check {
    let add = |side: &[FieldIx]| side.iter().map(|&ix| values[ix]).sum::<Option<u32>>();
    let (left, right) = (add(&relation.left), add(&relation.right));
    let holds = left.zip(right).map(|(l, r)| match relation.op {
        RelationOp::Equals => l == r,
        RelationOp::AtMost => l <= r,
    });
    Check { id: relation.id.clone(), holds, left, right }
}

/// Relations that do not hold on the decided values; one with context is only told. A usual one asks for a person as well: for some
/// totals it is the only witness of a change in digits and words alike. None of 42 real sheets breaks
/// one (November 2026).
pub fn about_relations(form: &Form, fields: &[FieldDecision], checks: &[Check]) -> Vec<Finding> {
    let mut out = Vec::new();
    for (relation, check) in form.relations.iter().zip(checks) {
        let (Some(false), Some(left), Some(right)) = (check.holds, check.left, check.right) else { continue };
        let severity = if of_context(form, relation) { Severity::Info } else { Severity::Review };
        let within = relation.right.iter().any(|&ix| Some(ix) == form.registered());
        let (left_of, right_of) = (side(form, &relation.left), side(form, &relation.right));
        let what = match relation.op {
            RelationOp::AtMost if within => What::RegisteredExceeded { left, left_of, right, right_of },
            op => {
                let how = if op == RelationOp::Equals { Broken::Sum } else { Broken::Bound };
                What::RelationBroken { how, left, left_of, right, right_of, read: Vec::new() }
            }
        };
        let finding = Finding::new(severity, what);
        out.push(on_total(finding, form, relation, fields));
    }
    out
}

/// Whether a relation ties a field that is only context.
pub fn of_context(form: &Form, relation: &Relation) -> bool {
    relation.left.iter().chain(&relation.right).any(|&ix| form.is_context(ix))
}

/// Relations that hold only because a number that a channel contradicts was corrected by them: the error may
/// be in any number that they add up.
pub fn about_corrections(
    form: &Form,
    heard: &[Heard],
    fields: &[FieldDecision],
    checks: &[Check],
    policy: &Policy,
) -> Vec<Finding> {
    let printed = |ix: FieldIx| match (fields[ix].value, fields[ix].basis) {
        (Some(value), Basis::Corrected) if heard[ix].disagrees(value, policy.surprise) => {
            heard[ix].likelihood.best().map(|b| b.0)
        }
        (value, _) => value,
    };
    let read: Vec<Option<u32>> = (0..fields.len()).map(printed).collect();
    let mut out = Vec::new();
    for (relation, decided) in form.relations.iter().zip(checks) {
        if decided.holds != Some(true) || of_context(form, relation) {
            continue;
        }
        let Check { holds: Some(false), left: Some(left), right: Some(right), .. } = check(relation, &read)
        else {
            continue;
        };
        let changed = relation.left.iter().chain(&relation.right).filter(|&&ix| read[ix] != fields[ix].value);
        let read =
            changed.filter_map(|&ix| Some(format!("{} = {}", form.fields[ix].label, read[ix]?))).collect();
        let (left_of, right_of) = (side(form, &relation.left), side(form, &relation.right));
        let what = What::RelationBroken { how: Broken::Corrected, left, left_of, right, right_of, read };
        let finding = Finding::new(Severity::Review, what);
        out.push(on_total(finding, form, relation, fields));
    }
    out
}

/// A finding about a relation stands at its total, where that was read.
fn on_total(finding: Finding, form: &Form, relation: &Relation, fields: &[FieldDecision]) -> Finding {
    let single = [&relation.left, &relation.right].into_iter().find(|s| s.len() == 1);
    match single {
        Some(side) if fields[side[0]].value.is_some() => finding.on(&form.fields[side[0]].id),
        _ => finding,
    }
}

/// How many rows a side adds up, or its labels.
fn side(form: &Form, side: &[FieldIx]) -> Side {
    let votes = side.iter().all(|&ix| matches!(form.fields[ix].kind, FieldKind::Vote { .. }));
    if votes && side.len() > 3 {
        return Side::Rows(side.len());
    }
    Side::Labels(side.iter().map(|&ix| form.fields[ix].label.as_str()).collect::<Vec<_>>().join(" + "))
}

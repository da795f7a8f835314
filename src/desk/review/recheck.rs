//! A value that was just entered, held against channels and totals.
//!
//! In: the record as it stands with the value. Out: sentences on what does not fit; none where all
//! does. They inform: what a person saw on the sheet stands, whatever the sums say.

use crate::desk::report::{Both, label};
use crate::form::{Form, RelationOp};
use crate::record::Record;

/// What does not fit about a field's value.
pub fn notes(record: &Record, form: Option<&Form>, field: &str) -> Vec<Both> {
    let mut out = Vec::new();
    let Some(set) = record.value(field) else { return out };
    let Some(now) = set.value else { return out };
    let channels = &set.prints;
    let said: Vec<u32> = [&channels.digits, &channels.words, &channels.qr]
        .into_iter()
        .filter_map(|c| c.as_ref().and_then(|c| c.value))
        .collect();
    if !said.is_empty() && !said.contains(&now) {
        out.push(Both::new(format!("{now}: ningún canal lo dice."), format!("{now}: no channel says it.")));
    }
    let Some(form) = form else { return out };
    let Some(ix) = form.field(field) else { return out };
    for check in record.checks.iter().filter(|c| c.holds == Some(false)) {
        let Some(relation) = form.relations.iter().find(|r| r.id == check.id) else { continue };
        if !relation.left.contains(&ix) && !relation.right.contains(&ix) {
            continue;
        }
        let (Some(left), Some(right)) = (check.left, check.right) else { continue };
        let sign = match relation.op {
            RelationOp::Equals => "≠",
            RelationOp::AtMost => ">",
        };
        let side = |fields: &[usize]| match fields {
            [one] => label(&form.fields[*one].id, record, Some(form)),
            many => format!("Σ {}", many.len()),
        };
        let names = format!("{} {sign} {}", side(&relation.left), side(&relation.right));
        out.push(Both::new(
            format!("No cuadra: {names} ({left} {sign} {right})."),
            format!("Does not add up: {names} ({left} {sign} {right})."),
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::output::sample;

    #[test]
    fn a_value_that_no_channel_says_and_that_breaks_a_sum_is_told_with_its_numbers() {
        let form = crate::form::builtin().unwrap().remove(0);
        let mut record = sample::record("a.jpg");
        record.value_mut("votos").unwrap().value = Some(63);
        record.checks = vec![crate::decide::Check {
            id: "votos_are_validos_nulos_parciales_vacios".to_owned(),
            holds: Some(false),
            left: Some(63),
            right: Some(62),
        }];
        let told: Vec<String> = notes(&record, Some(&form), "votos").into_iter().map(|b| b.en).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("63: no channel") && told[1].contains("63 ≠ 62"), "{told:?}");
        assert!(notes(&record, Some(&form), "NM_PSUV").is_empty());
    }
}

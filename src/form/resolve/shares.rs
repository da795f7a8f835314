//! Where numbers are printed once more as their share of another.
//!
//! In: the entries of rows, contests and totals. Out: each field's [`Share`], and the sign behind it as constant print.
//! Refuses a share of nothing, and one that does not hang by its end.

use super::{Resolver, columns};
use crate::form::error::FormError;
use crate::form::raw::RawForm;
use crate::form::{Align, Field, FieldIx, FieldKind, Label, Share};

/// The shares that rows print of their contest's whole; the sign behind each joins the constant print.
pub(super) fn resolve(
    resolver: &Resolver<'_>,
    raw: &RawForm,
    fields: &mut [Field],
    labels: &mut Vec<Label>,
) -> Result<(), FormError> {
    let rows: Vec<FieldIx> =
        (0..fields.len()).filter(|&ix| matches!(fields[ix].kind, FieldKind::Vote { .. })).collect();
    for (row, ix) in raw.rows.iter().zip(rows) {
        let percent = columns(resolver, raw, &row.columns, &row.sigla)?.percent.as_ref();
        let Some(slot) = resolver.slot(percent, "row", &row.sigla)? else { continue };
        if slot.align != Align::Right {
            return Err(resolver.fail(&row.sigla, "percent has its place by `right`, where its digits end"));
        }
        let whole = raw.contests.get(fields[ix].contest).and_then(|c| c.whole.as_deref());
        let whole = whole.and_then(|id| fields.iter().position(|f| f.id == id && f.kind == FieldKind::Total));
        let Some(whole) = whole else {
            return Err(resolver.fail(&row.sigla, "of what is percent? Say whole = \"TOTAL\" in its contest"));
        };
        let (x, y, style) = (slot.x, fields[ix].y, slot.style);
        labels.push(Label { text: "%".to_owned(), x, y, align: Align::Left, style });
        fields[ix].share = Some(Share { slot, y, whole });
    }
    for (total, share) in raw.totals.iter().filter_map(|t| Some((t, t.percent.as_ref()?))) {
        let place = |id: &str| fields.iter().position(|f| f.id == id && f.kind == FieldKind::Total);
        let Some((ix, whole)) = place(&total.id).zip(place(&share.of)) else {
            return Err(resolver.fail(&total.id, format!("percent is of {:?}, which is no total", share.of)));
        };
        let own = columns(resolver, raw, &share.columns, &total.id)?.percent.as_ref();
        let Some(slot) = resolver.slot(own, "row", &total.id)?.filter(|s| s.align == Align::Right) else {
            return Err(resolver.fail(&total.id, "its columns give percent no place by `right`"));
        };
        labels.push(Label {
            text: "%".to_owned(),
            x: slot.x,
            y: share.y,
            align: Align::Left,
            style: slot.style,
        });
        fields[ix].share = Some(Share { slot, y: share.y, whole });
    }
    Ok(())
}

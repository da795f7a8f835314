//! The kinds of blocks that repeat, from what stands in a definition.
//!
//! In: the entries of `[pages]` and `[[blocks]]`. Out: [`Kind`]s, and the form of a page of one block. Refuses, naming the
//! entry, what refers to nothing, relations that are not within a block, rows that cannot be told from each other, and pages
//! without a foot.

use super::texts::{constant, header_line, header_print, lines};
use super::{Resolver, columns};
use crate::form::blocks::{Kind, Rows, Side, Tie};
use crate::form::error::FormError;
use crate::form::raw::{RawBlock, RawForm, RawPages, RawRelation};
use crate::form::{Align, Blocks, Field, FieldKind, Force, Form, HeaderLine, Layout, RelationOp, Slot};
use std::sync::Arc;

/// The kinds of blocks of a definition.
pub(super) fn resolve(resolver: &Resolver<'_>, raw: &RawForm) -> Result<Vec<Kind>, FormError> {
    raw.blocks.iter().map(|block| kind(resolver, raw, block)).collect()
}

/// A page's form, which is given without its blocks, with one of the first kind, as it is found.
pub(super) fn paged(
    resolver: &Resolver<'_>,
    base: Form,
    pages: RawPages,
    kinds: Vec<Kind>,
) -> Result<Form, FormError> {
    let blocks = Blocks { base: base.clone(), top: pages.top, kinds };
    if !base.labels.iter().any(|l| l.y > blocks.top) {
        return Err(resolver
            .fail("pages", "a label below the blocks is missing; a page is seen whole down to its foot"));
    }
    let layout = Layout::first(&blocks);
    let whole = Form { blocks: Some(Arc::new(blocks)), ..base };
    whole.laid_out(layout).ok_or_else(|| resolver.fail("blocks", "there is none"))
}

fn kind(resolver: &Resolver<'_>, raw: &RawForm, block: &RawBlock) -> Result<Kind, FormError> {
    let totals = block.totals.iter().map(|total| {
        let columns = columns(resolver, raw, &total.columns, &total.id)?;
        if total.percent.is_some() || total.contest.is_some() {
            return Err(resolver.fail(&total.id, "percent and contest are not for the total of a block"));
        }
        Ok(Field {
            id: total.id.clone(),
            label: total.label.clone(),
            kind: FieldKind::Total,
            role: total.role,
            contest: 0,
            y: total.y,
            digits: resolver.slot(columns.digits.as_ref(), "row", &total.id)?,
            words: None,
            share: None,
        })
    });
    let totals = totals.collect::<Result<Vec<_>, FormError>>()?;
    let total = |id: &str| totals.iter().position(|t| t.id == id);
    let own = &block.rows;
    let columns = columns(resolver, raw, &own.columns, &block.id)?;
    let values = columns.values.iter().map(|value| {
        let label = value.label.clone().unwrap_or_else(|| value.id.clone());
        Ok((value.id.clone(), label, resolver.slot(value.digits.as_ref(), "row", &value.id)?))
    });
    let share = resolver.slot(columns.percent.as_ref(), "row", &block.id)?;
    let share = share.map(|slot| whole(resolver, block, slot, total)).transpose()?;
    let choice = header_print(resolver, &own.choice, &block.id)?;
    let rows = Rows {
        y: own.y,
        pitch: own.pitch,
        foot: own.foot,
        digits: resolver.slot(columns.digits.as_ref(), "row", &block.id)?,
        values: values.collect::<Result<_, FormError>>()?,
        share,
        party: own.party.as_deref().map(|p| resolver.regex(p, &block.id)).transpose()?,
        choice: HeaderLine {
            id: String::new(),
            text: None,
            prefix: None,
            pattern: None,
            y: Some(own.y),
            print: Some(choice),
            of_block: true,
        },
    };
    if rows.pitch < 1.0 || rows.digits.is_none() {
        return Err(resolver.fail(&block.id, "its rows need a pitch of 1 mm or more and columns with digits"));
    }
    if block.labels.is_empty() {
        return Err(resolver.fail(&block.id, "labels are missing; a block is found by its constant text"));
    }
    let line = |l| header_line(resolver, l).map(|line| HeaderLine { of_block: true, ..line });
    let relations = block.relations.iter().map(|r| tie(resolver, r, total));
    Ok(Kind {
        id: block.id.clone(),
        title: block.title.clone(),
        rules: lines(&block.rules),
        labels: constant(resolver, &block.labels)?,
        lines: block.lines.iter().map(line).collect::<Result<_, FormError>>()?,
        relations: relations.collect::<Result<_, FormError>>()?,
        totals,
        rows,
    })
}

/// The place of a share, and the total of which it is one.
fn whole(
    resolver: &Resolver<'_>,
    block: &RawBlock,
    slot: Slot,
    total: impl Fn(&str) -> Option<usize>,
) -> Result<(Slot, usize), FormError> {
    if slot.align != Align::Right {
        return Err(resolver.fail(&block.id, "percent has its place by `right`, where its digits end"));
    }
    let of = block.rows.whole.as_deref().and_then(total);
    let missing = || resolver.fail(&block.id, "of what is percent? Say whole = \"TOTAL\" in its rows");
    Ok((slot, of.ok_or_else(missing)?))
}

fn tie(
    resolver: &Resolver<'_>,
    raw: &RawRelation,
    total: impl Fn(&str) -> Option<usize>,
) -> Result<Tie, FormError> {
    let side = |ids: &[String]| {
        let one = |id: &String| match id.as_str() {
            "rows" => Ok(Side::Rows),
            "values" => Ok(Side::Values),
            id => total(id)
                .map(Side::Total)
                .ok_or_else(|| resolver.fail(&raw.id, format!("there is no total \"{id}\" in the block"))),
        };
        ids.iter().map(one).collect::<Result<Vec<_>, FormError>>()
    };
    let (op, right) = match (&raw.equals, &raw.at_most) {
        (Some(ids), None) => (RelationOp::Equals, side(ids)?),
        (None, Some(ids)) => (RelationOp::AtMost, side(ids)?),
        _ => return Err(resolver.fail(&raw.id, "a relation has either `equals` or `at_most`")),
    };
    let left = side(&raw.left)?;
    let has_values = left.iter().chain(&right).any(|s| *s == Side::Values);
    if has_values && (left != [Side::Values] || right != [Side::Rows]) {
        return Err(resolver.fail(&raw.id, "values stand alone: left = [\"values\"], equals = [\"rows\"]"));
    }
    let force = if raw.usual { Force::Usual } else { Force::Binding };
    Ok(Tie { id: raw.id.clone(), left, op, right, force })
}

#[cfg(test)]
mod tests {
    use crate::form::parse;

    #[test]
    fn a_definition_of_pages_without_a_foot_is_refused_and_says_why() {
        let text = include_str!("../../../forms/us-in-2024-precinct-a-pages.toml");
        assert!(parse("pages", text).is_ok());
        let foot = |line: &&str| !line.contains("style = \"foot\"") && !line.contains("style = \"election\"");
        // The header's line of the page keeps its place.
        let kept = |line: &&str| foot(line) || line.contains("id = \"page\"");
        let without: Vec<&str> = text.lines().filter(kept).collect();
        let error = parse("pages", &without.join("\n")).unwrap_err().to_string();
        assert!(error.contains("a label below the blocks is missing"), "{error}");
    }
}

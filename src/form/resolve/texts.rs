//! What is printed and no number: constant lines and text, and the lines of text that are read.
//!
//! In: the entries of rules, labels and the header. Out: [`Rule`]s, [`Label`]s, a [`Header`] and its lines. Refuses styles
//! that are not there and patterns that are none.

use super::Resolver;
use crate::form::error::FormError;
use crate::form::raw::{RawHeader, RawHeaderLine, RawHeaderPrint, RawLabel, RawRules};
use crate::form::{Header, HeaderLine, HeaderPrint, Label, Rule};

pub(super) fn header(resolver: &Resolver<'_>, raw: &RawHeader) -> Result<Header, FormError> {
    let lines = raw.lines.iter().map(|l| header_line(resolver, l)).collect::<Result<Vec<_>, FormError>>()?;
    Ok(Header {
        right: raw.right,
        left: raw.left,
        lines,
        rule: raw.rule,
        top: raw.top,
        capitals: raw.capitals,
    })
}

pub(super) fn header_line(resolver: &Resolver<'_>, raw: &RawHeaderLine) -> Result<HeaderLine, FormError> {
    Ok(HeaderLine {
        id: raw.id.clone(),
        text: raw.text.clone(),
        prefix: raw.prefix.clone(),
        pattern: raw.pattern.as_deref().map(|p| resolver.regex(p, &raw.id)).transpose()?,
        y: raw.y,
        print: raw.print.as_ref().map(|p| header_print(resolver, p, &raw.id)).transpose()?,
        of_block: false,
    })
}

pub(super) fn header_print(
    resolver: &Resolver<'_>,
    raw: &RawHeaderPrint,
    entry: &str,
) -> Result<HeaderPrint, FormError> {
    Ok(HeaderPrint {
        text: raw.text.clone(),
        align: raw.align,
        x: raw.x,
        style: resolver.style(&raw.style, entry)?,
        above: raw.above,
        pitch: raw.pitch,
        width: raw.width,
    })
}

pub(super) fn lines(raw: &[RawRules]) -> Vec<Rule> {
    raw.iter().flat_map(|r| &r.lines).map(|&[x0, y0, x1, y1]| Rule { x0, y0, x1, y1 }).collect()
}

pub(super) fn constant(resolver: &Resolver<'_>, raw: &[RawLabel]) -> Result<Vec<Label>, FormError> {
    let label = |l: &RawLabel| {
        let style = resolver.style(&l.style, &l.text)?;
        Ok(Label { text: l.text.clone(), x: l.x, y: l.y, align: l.align, style })
    };
    raw.iter().map(label).collect()
}

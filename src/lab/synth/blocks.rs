//! What made-up pages show of a form's blocks: as many as have room, named by its invented texts.
//!
//! In: a form, a generator. Out: the form of such a page; the form itself where it has no blocks. Refuses nothing.

use super::SynthRng;
use super::values::made_up;
use crate::form::{Block, Form, Layout};
use rand::RngExt;
use std::borrow::Cow;

/// What has to be free above what stands at the foot of a page, mm: two lines of print.
const ROOM: f64 = 8.0;
/// The most rows of a block.
const ROWS: usize = 5;
/// The share of blocks that are of the first kind.
const FIRST: f64 = 0.85;

/// The form of made-up pages.
pub fn page<'f>(form: &'f Form, rng: &mut SynthRng) -> Cow<'f, Form> {
    let Some(blocks) = &form.blocks else { return Cow::Borrowed(form) };
    let end = blocks.end() - ROOM;
    let mut layout = Layout::default();
    let mut y = blocks.top;
    loop {
        let other = rng.random_bool(1.0 - FIRST) && !layout.blocks.is_empty();
        let kind = if other { rng.random_range(0..blocks.kinds.len()) } else { 0 };
        let (kind, rows) = (&blocks.kinds[kind], rng.random_range(1..=ROWS));
        if y + kind.height(rows) > end {
            break;
        }
        let name = kind.title.is_none().then(|| made_up(form, ("name", 8), rng));
        let rows: Vec<Option<String>> = (0..rows).map(|_| Some(made_up(form, ("choice", 8), rng))).collect();
        let height = kind.height(rows.len());
        layout.blocks.push(Block { kind: kind.id.clone(), y, name, rows });
        y += height;
    }
    form.laid_out(layout).map_or(Cow::Borrowed(form), Cow::Owned)
}

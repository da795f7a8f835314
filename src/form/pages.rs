//! Pages that make one sheet.
//!
//! In: what a definition says of the sheet that its pages are of ([`OfSheet`]), and the forms of a sheet's pages, in their
//! order. Out: the sheet's [`Form`], with the contests, numbers and relations of all its pages, each page with the ids that
//! it has there. Refuses lines that the header lacks, and a line of the page that does not give two numbers.

use super::check::Problem;
use super::{FieldKind, Form, Header, value_id};
use crate::ground::hash::sha256;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Of which sheet pages are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfSheet {
    /// What kind of sheet it is: forms that say the same are pages of one.
    pub id: String,
    /// The header's line that prints which page of how many.
    pub line: String,
    /// The header's lines that all pages of one sheet print alike.
    pub same: Vec<String>,
}

impl OfSheet {
    /// That of a form with this header.
    pub(super) fn new(id: String, line: String, same: Vec<String>, header: &Header) -> Result<Self, Problem> {
        let refuse = |problem: String| Err(("sheet".to_owned(), problem));
        let of = |id: &String| header.lines.iter().find(|l| l.id == *id);
        if let Some(missing) = same.iter().chain([&line]).find(|id| of(id).is_none()) {
            return refuse(format!("line \"{missing}\" is not in the header's lines"));
        }
        let pattern = of(&line).and_then(|l| l.pattern.as_ref());
        if pattern.is_none_or(|p| p.captures_len() != 3) {
            return refuse(format!(
                "the pattern of \"{line}\" needs two groups: which page, and of how many"
            ));
        }
        if same.is_empty() {
            return refuse(
                "`same` is empty; name the lines that all pages of one sheet print alike".to_owned(),
            );
        }
        Ok(Self { id, line, same })
    }
}

impl Form {
    /// Which page of how many a text of its page line says.
    pub fn place_of(&self, text: &str) -> Option<(u32, u32)> {
        let pattern = self.header_line(&self.sheet.as_ref()?.line)?.pattern.as_ref()?;
        let groups = pattern.captures(text)?;
        let number = |ix| groups.get(ix)?.as_str().parse::<u32>().ok();
        Some((number(1)?, number(2)?)).filter(|(page, of)| (1..=*of).contains(page))
    }

    /// The form of a sheet of these pages: the first one's, with what stands on the others after it. `None` of none.
    pub fn of_pages(pages: Vec<Form>) -> Option<Form> {
        let mut taken = BTreeSet::new();
        let pages: Vec<Arc<Form>> =
            pages.into_iter().map(|page| Arc::new(page.renamed(&mut taken))).collect();
        let [first, others @ ..] = pages.as_slice() else { return None };
        let mut out = (**first).clone();
        for page in others {
            let (contests, candidates, fields) = (out.contests.len(), out.candidates.len(), out.fields.len());
            out.contests.extend(page.contests.iter().cloned());
            out.candidates.extend(page.candidates.iter().cloned());
            out.candidates[candidates..].iter_mut().for_each(|c| c.contest += contests);
            out.fields.extend(page.fields.iter().cloned());
            for field in &mut out.fields[fields..] {
                field.contest += contests;
                match &mut field.kind {
                    FieldKind::Vote { candidate, .. } => *candidate += candidates,
                    FieldKind::Value { of, .. } => *of += fields,
                    FieldKind::Total | FieldKind::Header => {}
                }
                if let Some(share) = &mut field.share {
                    share.whole += fields;
                }
            }
            let relations = out.relations.len();
            out.relations.extend(page.relations.iter().cloned());
            for relation in &mut out.relations[relations..] {
                relation.left.iter_mut().chain(&mut relation.right).for_each(|ix| *ix += fields);
            }
        }
        out.sha256 = sha256(pages.iter().map(|p| p.sha256.as_str()).collect::<String>().as_bytes());
        out.pages = pages;
        Some(out)
    }

    /// Whether a page of another form, or layout, has the same numbers in the same places.
    pub fn same_numbers(&self, other: &Form) -> bool {
        let rows = |form: &Form| -> Vec<(String, usize)> {
            let blocks = form.layout.iter().flat_map(|l| &l.blocks);
            blocks.map(|b| (b.kind.clone(), b.rows.len())).collect()
        };
        self.id == other.id && rows(self) == rows(other)
    }

    /// With ids that are none of `taken`, those of the pages before it, to which its own are added.
    fn renamed(mut self, taken: &mut BTreeSet<String>) -> Form {
        let own: BTreeSet<String> = self.ids().cloned().collect();
        let free = |id: &mut String| {
            if taken.contains(id) {
                let mut others = (2..).map(|n| format!("{id}_{n}"));
                let other = others.find(|other| !taken.contains(other) && !own.contains(other));
                *id = other.unwrap_or_default();
            }
        };
        self.contests.iter_mut().for_each(|c| free(&mut c.id));
        self.candidates.iter_mut().for_each(|c| free(&mut c.id));
        self.relations.iter_mut().for_each(|r| free(&mut r.id));
        for ix in 0..self.fields.len() {
            // A row stands before its other numbers, whose ids begin with its own.
            match self.fields[ix].kind.clone() {
                FieldKind::Value { of, name } => self.fields[ix].id = value_id(&self.fields[of].id, &name),
                _ => free(&mut self.fields[ix].id),
            }
        }
        taken.extend(self.ids().cloned());
        self
    }

    /// The ids of all that it has.
    fn ids(&self) -> impl Iterator<Item = &String> {
        let named = self.contests.iter().map(|c| &c.id).chain(self.candidates.iter().map(|c| &c.id));
        named.chain(self.relations.iter().map(|r| &r.id)).chain(self.fields.iter().map(|f| &f.id))
    }
}

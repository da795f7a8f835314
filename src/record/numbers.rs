//! The numbers of a record, wherever they stand in it.
//!
//! In: a record. Out: its numbers by their fields' ids, votes in printed order and then the rest by id; which of them
//! count; what a finding does to the states of what it is on. Refuses nothing.

use super::{Ballots, Choice, Contest, PageRef, Record, Source, Value};
use crate::decide::{self, Status};
use crate::form::{Form, Layout, value_id};
use crate::ground::finding::Finding;
use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;

impl Record {
    /// Its own page.
    pub fn source(&self) -> &Source {
        &self.sources[0]
    }

    /// Its own page.
    pub fn source_mut(&mut self) -> &mut Source {
        &mut self.sources[0]
    }

    /// Whether several pages were read together into it.
    pub fn is_joined(&self) -> bool {
        self.sources.len() > 1
    }

    /// The choices of all contests, in printed order.
    pub fn choices(&self) -> impl Iterator<Item = &Choice> {
        self.contests.iter().flat_map(|c| &c.choices)
    }

    /// As [`Record::choices`].
    pub fn choices_mut(&mut self) -> impl Iterator<Item = &mut Choice> {
        self.contests.iter_mut().flat_map(|c| &mut c.choices)
    }

    /// The choice of this id.
    pub fn choice(&self, id: &str) -> Option<&Choice> {
        self.choices().find(|c| c.id == id)
    }

    /// Everything that is no vote, by id: totals, ballots and context.
    pub fn totals(&self) -> BTreeMap<&str, &Value> {
        let totals = self.contests.iter().flat_map(|c| &c.totals);
        totals.chain(&self.ballots.values).chain(&self.context).map(|(id, v)| (id.as_str(), v)).collect()
    }

    /// The number of field `id`.
    pub fn value(&self, id: &str) -> Option<&Value> {
        let choice = || self.choices().find_map(|c| c.number(id));
        let totals = || self.contests.iter().find_map(|c| c.totals.get(id));
        let rest = || self.ballots.values.get(id).or_else(|| self.context.get(id));
        choice().or_else(totals).or_else(rest)
    }

    /// As [`Record::value`].
    pub fn value_mut(&mut self, id: &str) -> Option<&mut Value> {
        for contest in &mut self.contests {
            if let Some(value) = contest.choices.iter_mut().find_map(|c| c.number_mut(id)) {
                return Some(value);
            }
            if let Some(total) = contest.totals.get_mut(id) {
                return Some(total);
            }
        }
        self.ballots.values.get_mut(id).or_else(|| self.context.get_mut(id))
    }

    /// All numbers with the ids of their fields: those of the rows in printed order, then the others by id.
    pub fn numbers(&self) -> impl Iterator<Item = (Cow<'_, str>, &Value)> {
        let totals = self.totals().into_iter().map(|(id, v)| (Cow::Borrowed(id), v));
        self.choices().flat_map(Choice::numbers).chain(totals)
    }

    /// The sum of a candidate's choices; `None` when one is missing, or there is no such candidate.
    pub fn candidate(&self, id: &str) -> Option<u32> {
        self.contests.iter().find_map(|c| c.candidates.get(id).copied().flatten())
    }

    /// Its form, if that is among the known ones.
    pub fn form_of<'f, F: Borrow<Form>>(&self, forms: &'f [F]) -> Option<Cow<'f, Form>> {
        let own = self.form.as_ref()?;
        let of = |id: &str, layout: Option<&Layout>| -> Option<Cow<'f, Form>> {
            let form = forms.iter().map(Borrow::borrow).find(|form| form.id == id)?;
            match layout {
                Some(layout) => form.laid_out(layout.clone()).map(Cow::Owned),
                None => Some(Cow::Borrowed(form)),
            }
        };
        let first = of(&own.id, own.layout.as_ref())?;
        if own.pages.is_empty() {
            return Some(first);
        }
        let others = own.pages.iter().map(|p| Some(of(&p.id, p.layout.as_ref())?.into_owned()));
        let pages = std::iter::once(Some(first.into_owned())).chain(others).collect::<Option<Vec<_>>>()?;
        Form::of_pages(pages).map(Cow::Owned)
    }

    /// Whether its sheet stands in another record, so that it is not to be counted.
    pub fn is_part(&self) -> bool {
        self.part_of.is_some()
    }

    /// Marks it as a part of `whole`, with the finding that says why.
    pub fn become_part(&mut self, whole: PageRef, finding: Finding) {
        self.part_of = Some(whole);
        self.stand_at(Status::Rejected);
        self.confidence = 0.0;
        self.findings = vec![finding];
    }

    /// Gives the sheet and all that it holds this status.
    pub fn stand_at(&mut self, status: Status) {
        self.status = status;
        self.contests.iter_mut().for_each(|c| c.state = status);
        self.ballots.state = status;
    }

    /// Adds findings; one that asks for a person takes an acceptance back: of what it is on, or of all.
    pub fn hold(&mut self, findings: Vec<Finding>) {
        let held =
            |owns: &dyn Fn(&str) -> bool| decide::held_by(&findings, |id| self.value(id).map(|_| owns(id)));
        let contests: Vec<Status> = self.contests.iter().map(|c| held(&|id| c.owns(id))).collect();
        let ballots = held(&|id| self.ballots.values.contains_key(id));
        for (contest, held) in self.contests.iter_mut().zip(contests) {
            contest.state = contest.state.max(held);
        }
        self.ballots.state = self.ballots.state.max(ballots);
        self.findings.extend(findings);
        self.status = decide::hold_back(self.status, &mut self.findings);
    }
}

impl Choice {
    /// Its numbers with the ids of their fields, the votes first.
    pub fn numbers(&self) -> impl Iterator<Item = (Cow<'_, str>, &Value)> {
        let others = self.values.iter().map(|(name, v)| (Cow::Owned(value_id(&self.id, name)), v));
        std::iter::once((Cow::Borrowed(self.id.as_str()), &self.votes)).chain(others)
    }

    /// Its number of field `id`.
    pub fn number(&self, id: &str) -> Option<&Value> {
        let rest = id.strip_prefix(&self.id)?;
        if rest.is_empty() { Some(&self.votes) } else { self.values.get(rest.strip_prefix('_')?) }
    }

    /// As [`Choice::number`].
    pub fn number_mut(&mut self, id: &str) -> Option<&mut Value> {
        let rest = id.strip_prefix(&self.id)?;
        if rest.is_empty() { Some(&mut self.votes) } else { self.values.get_mut(rest.strip_prefix('_')?) }
    }
}

impl Contest {
    /// Whether a number is one of its own.
    pub fn owns(&self, id: &str) -> bool {
        self.totals.contains_key(id) || self.choices.iter().any(|c| c.number(id).is_some())
    }

    /// Adds its choices up again.
    pub fn recount(&mut self) {
        for (candidate, sum) in &mut self.candidates {
            let rows = self.choices.iter().filter(|c| c.candidate == *candidate);
            *sum = rows.map(|c| c.votes.value).sum::<Option<u32>>();
        }
    }
}

impl Default for Ballots {
    /// None, of a page without a sheet.
    fn default() -> Self {
        Self { state: Status::Rejected, confidence: 0.0, values: BTreeMap::new() }
    }
}

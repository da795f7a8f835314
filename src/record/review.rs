//! What people said of a record: added by `cotejo review`, never by the program on its own.
//!
//! `status`, `confidence` and the findings stay what the program decided. A value that a person set
//! says so beside it ([`SetBy`]), with the value that it replaced; the record says how far the people
//! are ([`Review`]). [`Record::counts`] is what tallies and tables go by.

use super::Record;
use crate::decide::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who set a value, and what stood there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetBy {
    /// The name that the reviewer gave.
    pub who: String,
    /// When, ISO 8601, UTC.
    pub when: String,
    /// What the person did.
    pub how: SetHow,
    /// The value that the program had decided.
    pub was: Option<u32>,
    /// SHA-256 of the entry in the audit log.
    pub entry: String,
}

/// What a person did with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SetHow {
    /// Typed what stands on the sheet.
    Typed,
    /// Looked, and said that the value shown is what is printed.
    AsPrinted,
    /// Looked, and could not read it: the value is `null`.
    Unreadable,
}

/// How far people are with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    /// What has come of it.
    pub state: ReviewState,
    /// Everyone whose entries stand, in alphabetic order.
    pub by: Vec<String>,
    /// The last entry's moment, ISO 8601, UTC.
    pub when: String,
    /// What still waits for a person: field ids, `@sheet` for the sheet as a whole, `@code` for its code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// Drawn at random among the accepted sheets, and checked without sight of the program's values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sampled: bool,
}

/// What has come of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// All that asked for a person is settled, and every vote row has a value: the sheet counts.
    Complete,
    /// Something still waits for a person.
    Partial,
    /// People said different values of one field; none counts until that is resolved.
    Contradicted,
    /// All was looked at, and a vote row cannot be read.
    Unreadable,
    /// A person said that the sheet is not to be counted.
    Rejected,
}

impl Record {
    /// Whether any of the record's contests is to be counted: never those of a part of another; a review that came to an
    /// end decides; without one, or while it goes on, what the program decided.
    pub fn counts(&self) -> bool {
        let review = self.review.as_ref().map(|r| r.state);
        match review {
            _ if self.is_part() => false,
            Some(ReviewState::Complete) => true,
            Some(ReviewState::Contradicted | ReviewState::Unreadable | ReviewState::Rejected) => false,
            Some(ReviewState::Partial) | None => self.contests.iter().any(|c| c.state == Status::Accepted),
        }
    }

    /// Whether the number of field `id` is to be counted: a contest's with its contest, also where another is held;
    /// context where it is sure.
    pub fn counts_number(&self, id: &str) -> bool {
        let finished = self.review.as_ref().is_some_and(|r| r.state == ReviewState::Complete);
        let held = |state: Status| state != Status::Accepted && !finished;
        let contest = self.contests.iter().find(|c| c.owns(id)).map(|c| c.state);
        let ballots = self.ballots.values.contains_key(id).then_some(self.ballots.state);
        self.counts() && !contest.or(ballots).is_some_and(held)
    }

    /// Whether a person has something to settle: the program asked for a look that is not finished, or
    /// people contradict each other.
    pub fn waits(&self) -> bool {
        match self.review.as_ref().map(|r| r.state) {
            Some(ReviewState::Contradicted) => true,
            Some(ReviewState::Partial) | None => self.status == Status::Review,
            Some(ReviewState::Complete | ReviewState::Unreadable | ReviewState::Rejected) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::output::sample;

    #[test]
    fn a_finished_review_decides_whether_a_sheet_counts_and_an_open_one_does_not() {
        let with = |status, state: Option<ReviewState>| {
            let mut record = sample::record("a.jpg");
            record.stand_at(status);
            record.review = state.map(|state| Review {
                state,
                by: vec![],
                when: String::new(),
                open: vec![],
                sampled: false,
            });
            (record.counts(), record.waits())
        };
        assert_eq!(with(Status::Accepted, None), (true, false));
        assert_eq!(with(Status::Review, None), (false, true));
        assert_eq!(with(Status::Review, Some(ReviewState::Complete)), (true, false));
        assert_eq!(with(Status::Review, Some(ReviewState::Partial)), (false, true));
        assert_eq!(with(Status::Accepted, Some(ReviewState::Partial)), (true, false));
        assert_eq!(with(Status::Accepted, Some(ReviewState::Contradicted)), (false, true));
        assert_eq!(with(Status::Review, Some(ReviewState::Unreadable)), (false, false));
        assert_eq!(with(Status::Accepted, Some(ReviewState::Rejected)), (false, false));
    }
}

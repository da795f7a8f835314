//! What the audit says: the measured error rate of accepted sheets, with its interval.
//!
//! In: records of which some were drawn at random among the accepted ones and checked by people who
//! did not see the program's values. Out: wrong of all, for numbers and for sheets, with the exact 95 %
//! interval (Clopper & Pearson 1934). The numbers of one sheet are not independent of each other, so
//! that the interval of the sheets is the safe one. Refuses nothing: without a sample there is no rate.

use super::wording::{Both, percent};
use crate::decide::odds::upper_bound;
use crate::record::{Record, ReviewState};
use serde::Serialize;

/// The audit as the page shows it.
#[derive(Debug, Serialize)]
pub struct Audit {
    pub numbers: RateView,
    pub sheets: RateView,
}

/// A rate as text.
#[derive(Debug, Serialize)]
pub struct RateView {
    pub n: usize,
    pub wrong: usize,
    pub low: Both,
    pub high: Both,
}

/// The audit as it is shown; `None` where nothing was drawn or checked yet.
pub fn audit(audited: &Audited) -> Option<Audit> {
    let (numbers, sheets) = audited.rates()?;
    let view = |r: Rate| RateView { n: r.n, wrong: r.wrong, low: percent(r.low), high: percent(r.high) };
    Some(Audit { numbers: view(numbers), sheets: view(sheets) })
}

/// What an audit found: of `n` looked at, `wrong` are wrong.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Rate {
    /// Looked at.
    pub n: usize,
    /// Of these wrong.
    pub wrong: usize,
    /// Lower end of the exact 95 % interval (Clopper & Pearson 1934).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Rate {
    /// The rate with its interval.
    pub fn of(wrong: usize, n: usize) -> Self {
        // Half of the 5 % that may lie outside lies on either side.
        let high = |k: usize| upper_bound(k as u64, n as u64, 0.975);
        Self { n, wrong, low: 1.0 - high(n - wrong.min(n)), high: high(wrong) }
    }
}

/// What the audit found so far: wrong ones and all, of the numbers that were settled and of the sheets that are done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Audited {
    numbers: (usize, usize),
    sheets: (usize, usize),
}

impl Audited {
    /// Counts a record, if it was drawn.
    pub fn add(&mut self, record: &Record) {
        let Some(review) = record.review.as_ref().filter(|r| r.sampled) else { return };
        let mut wrong = 0;
        for (_, value) in record.numbers() {
            let Some(set) = &value.set_by else { continue };
            self.numbers.1 += 1;
            wrong += usize::from(set.was != value.value);
        }
        self.numbers.0 += wrong;
        if matches!(review.state, ReviewState::Complete | ReviewState::Unreadable) {
            self.sheets.1 += 1;
            self.sheets.0 += usize::from(wrong > 0);
        }
    }

    /// A record that was counted is another now.
    pub fn again(&mut self, before: &Record, after: &Record) {
        let [before, after] = [before, after].map(|record| {
            let mut alone = Self::default();
            alone.add(record);
            alone
        });
        let moved = |now: (usize, usize), b: (usize, usize), a: (usize, usize)| {
            (now.0 + a.0 - b.0, now.1 + a.1 - b.1)
        };
        self.numbers = moved(self.numbers, before.numbers, after.numbers);
        self.sheets = moved(self.sheets, before.sheets, after.sheets);
    }

    /// The rates of numbers and of sheets.
    pub fn rates(&self) -> Option<(Rate, Rate)> {
        let of = |(wrong, n)| Rate::of(wrong, n);
        (self.numbers.1 > 0).then(|| (of(self.numbers), of(self.sheets)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Status;
    use crate::record::{Review, SetBy, SetHow};
    use crate::run::output::sample;

    #[test]
    fn the_interval_is_the_exact_one() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 5e-5, "{a} is not {b}");
        // Table values of the Clopper-Pearson interval.
        let zero = Rate::of(0, 42);
        near(zero.low, 0.0);
        near(zero.high, 1.0 - 0.025f64.powf(1.0 / 42.0));
        let some = Rate::of(4, 20);
        near(some.low, 0.05733);
        near(some.high, 0.43661);
        near(Rate::of(20, 20).high, 1.0);
        near(Rate::of(20, 20).low, 0.025f64.powf(1.0 / 20.0));
        assert!(Rate::of(3, 50_000).high < 2e-4);
        assert_eq!(Rate::of(0, 0).high, 1.0);
    }

    #[test]
    fn a_sampled_sheet_with_one_other_value_is_one_wrong_sheet_and_one_wrong_number() {
        let mut record = sample::record("a.jpg");
        let set = |was| SetBy {
            who: "ana".to_owned(),
            when: String::new(),
            how: SetHow::Typed,
            was,
            entry: String::new(),
        };
        for choice in record.choices_mut() {
            choice.votes.set_by = Some(set(choice.votes.value));
        }
        record.contests[0].choices[0].votes.value = Some(21);
        assert_eq!(record.status, Status::Accepted);
        let rates = |record: &Record| {
            let mut audited = Audited::default();
            audited.add(record);
            audited.rates()
        };
        assert!(rates(&record).is_none(), "not drawn");
        record.review = Some(Review {
            state: ReviewState::Complete,
            by: vec!["ana".to_owned()],
            when: String::new(),
            open: Vec::new(),
            sampled: true,
        });
        let (numbers, sheets) = rates(&record).unwrap();
        assert_eq!((numbers.wrong, numbers.n, sheets.wrong, sheets.n), (1, 3, 1, 1));
    }
}

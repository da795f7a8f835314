//! What ties the numbers of a sheet.
//!
//! In: numbers as they were read on each sheet. Out: sums, equalities and shares that hold on every sheet, each with the odds
//! that it would by chance. Refuses (leaves out) what breaks on one sheet, what is read on too few, and what chance explains:
//! the odds are those of the right side's numbers dealt out to the sheets at random, for every statement that was tried.

use crate::ground::percent::Percent;

/// Sheets on which all numbers of a statement are read.
const LEAST: usize = 6;
/// Chance of holding everywhere that is none, over all statements that were tried.
pub(super) const CHANCE: f64 = 1e-6;

/// The numbers of one place, a sheet each; `None` where it is not read surely.
pub(crate) type Values = Vec<Option<u32>>;

/// How a statement fared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Odds {
    /// On how many sheets it holds.
    pub sheets: usize,
    /// The decimal logarithm of the probability that it would by chance.
    pub log10: f64,
}

/// What is said of a statement's left and right side, sheet by sheet: whether it holds everywhere, and with what odds by chance.
/// `tried` is how many statements like it were looked at.
pub(crate) fn judged(left: &[Option<u32>], right: &[Option<u32>], tried: usize) -> Option<Odds> {
    judged_by(left, right, tried, |l, r| l == r)
}

/// The same with another comparison.
pub(super) fn judged_by<L: Copy, R: Copy>(
    left: &[Option<L>],
    right: &[Option<R>],
    tried: usize,
    holds: impl Fn(L, R) -> bool,
) -> Option<Odds> {
    let both: Vec<(L, R)> = left.iter().zip(right).filter_map(|(l, r)| Some(((*l)?, (*r)?))).collect();
    if both.len() < LEAST.min(left.len()) || both.iter().any(|&(l, r)| !holds(l, r)) {
        return None;
    }
    let n = both.len() as f64;
    let chance = |&(l, _): &(L, R)| (both.iter().filter(|o| holds(l, o.1)).count() as f64 / n).log10();
    let log10 = both.iter().map(chance).sum::<f64>() + (tried.max(1) as f64).log10();
    (log10 < CHANCE.log10()).then_some(Odds { sheets: both.len(), log10 })
}

/// The sums of some places, sheet by sheet.
pub(crate) fn sum<'a>(parts: impl IntoIterator<Item = &'a Values>) -> Values {
    let mut parts = parts.into_iter();
    let mut out = parts.next().cloned().unwrap_or_default();
    for part in parts {
        out.iter_mut().zip(part).for_each(|(a, b)| *a = a.zip(*b).and_then(|(a, b)| a.checked_add(b)));
    }
    out
}

/// Whether a share in hundredths of a per cent is that of a part in a whole; of nothing it is nought.
pub(crate) fn is_share(hundredths: u32, part: u32, whole: u32) -> bool {
    match whole {
        0 => hundredths == 0,
        _ => Percent::of(part, whole).is_some_and(|share| share.in_hundredths() == hundredths),
    }
}

/// Which numbers of a row add up to another in all rows: the columns that are added, the one that is their sum, the odds.
/// `table[row][column]` are the values of the row's numbers.
pub(super) fn across(table: &[Vec<Option<&Values>>]) -> Option<(Vec<usize>, usize, Odds)> {
    let columns = table.first()?.len();
    if !(3..=8).contains(&columns) {
        return None;
    }
    let mut best: Option<(Vec<usize>, usize, Odds)> = None;
    let tried = columns << (columns - 1);
    for target in 0..columns {
        for set in 1u32..1 << columns {
            let parts: Vec<usize> = (0..columns).filter(|c| set >> c & 1 == 1).collect();
            if set >> target & 1 == 1 || parts.len() < 2 {
                continue;
            }
            let (mut left, mut right) = (Values::new(), Values::new());
            for row in table {
                let all: Option<Vec<&Values>> = parts.iter().map(|&c| row[c]).collect();
                if let Some((all, whole)) = all.zip(row[target]) {
                    left.extend(sum(all));
                    right.extend(whole.iter());
                }
            }
            if let Some(odds) = judged(&left, &right, tried)
                && best.as_ref().is_none_or(|b| parts.len() > b.0.len())
            {
                best = Some((parts, target, odds));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that nothing ties.
    fn any(seed: u32, n: usize, most: u32) -> Values {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % most
        };
        (0..n).map(|_| Some(next())).collect()
    }

    #[test]
    fn a_sum_that_holds_everywhere_is_found_and_one_that_breaks_once_is_not() {
        let parts = [any(1, 12, 400), any(2, 12, 300), any(3, 12, 90)];
        let whole = sum(&parts);
        let odds = judged(&sum(&parts), &whole, 1).unwrap();
        assert!(odds.sheets == 12 && odds.log10 < -10.0, "{odds:?}");
        let mut broken = whole.clone();
        broken[4] = broken[4].map(|v| v + 1);
        assert_eq!(judged(&sum(&parts), &broken, 1), None);
        let mut open = whole;
        open[4] = None;
        assert_eq!(judged(&sum(&parts), &open, 1).unwrap().sheets, 11);
    }

    #[test]
    fn what_chance_explains_is_no_relation() {
        // Two write-ins that are nought on nearly all sheets are equal by chance.
        let mut a = vec![Some(0); 18];
        a[3] = Some(1);
        assert_eq!(judged(&a, &a.clone(), 1), None);
        // And what holds on few sheets, or one of very many statements.
        let few = any(5, 5, 1000);
        assert_eq!(judged(&few, &few.clone(), 1), None);
        let ten = any(6, 10, 1000);
        assert!(judged(&ten, &ten.clone(), 1).is_some());
        assert_eq!(judged(&ten, &ten.clone(), 100_000_000), None);
    }

    #[test]
    fn the_ways_of_a_row_are_told_from_their_sum() {
        let rows: Vec<Vec<Values>> = (0..4)
            .map(|r| {
                let ways = [any(10 + r, 12, 300), any(20 + r, 12, 80), any(30 + r, 12, 150)];
                let whole = sum(&ways);
                let [a, b, c] = ways;
                vec![a, b, c, whole]
            })
            .collect();
        let table: Vec<Vec<Option<&Values>>> = rows.iter().map(|r| r.iter().map(Some).collect()).collect();
        let (parts, target, _) = across(&table).unwrap();
        assert_eq!((parts, target), (vec![0, 1, 2], 3));
    }

    #[test]
    fn a_share_is_one_of_its_part_and_whole_to_two_decimals() {
        assert!(is_share(3333, 1, 3) && is_share(6667, 2, 3) && is_share(0, 0, 0));
        assert!(!is_share(3334, 1, 3) && !is_share(100, 0, 0));
    }
}

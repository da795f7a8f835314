//! Which numbers are votes, which are totals, and what ties them.
//!
//! In: a [`Grid`]. Out: [`Ties`]: contests (blocks of rows with the total that they add up to), the ways that add up to a
//! row's votes, sums and equalities of totals, shares; each with its odds. Refuses (leaves out) what chance explains.

use super::grid::Grid;
use super::numbers::Kind;
use super::relations::{self, Odds, Values, judged, judged_by, sum};

/// Rows that are voted on together.
#[derive(Debug, Clone)]
pub(super) struct Contest {
    /// Its blocks.
    pub blocks: Vec<usize>,
    /// The column of its votes.
    pub votes: usize,
    /// Its total, a figure.
    pub total: Option<(usize, Odds)>,
    /// The column of its shares, and of which figure they are.
    pub share: Option<(usize, usize, Option<Odds>)>,
}

/// See the head of the file.
#[derive(Debug, Default)]
pub(super) struct Ties {
    /// Contests, from top to bottom.
    pub contests: Vec<Contest>,
    /// Columns that add up to another in each row.
    pub ways: Vec<(Vec<usize>, usize, Odds)>,
    /// Figures that add up to another.
    pub sums: Vec<(Vec<usize>, usize, Odds)>,
    /// Figures that are equal.
    pub equal: Vec<(usize, usize, Odds)>,
    /// A share, its part and its whole.
    pub shares: Vec<(usize, usize, usize, Odds)>,
}

/// The most totals of which every few are added up.
const MANY: usize = 16;

struct Finder<'a> {
    grid: &'a Grid,
    values: Vec<Values>,
}

impl Finder<'_> {
    fn number(&self, figure: usize) -> bool {
        self.grid.figures[figure].kind == Kind::Number
    }

    fn y(&self, figure: usize) -> f64 {
        self.grid.figures[figure].cell.base
    }

    /// The figure of a row's column.
    fn at(&self, row: usize, column: usize) -> Option<usize> {
        self.grid.rows[row].cells.iter().find(|c| c.0 == column).map(|c| c.1)
    }

    /// The columns of whole numbers of a row, from left to right.
    fn numbers(&self, row: usize) -> Vec<usize> {
        self.grid.rows[row].cells.iter().filter(|c| self.number(c.1)).map(|c| c.0).collect()
    }

    /// The columns of whole numbers that all rows of a block have.
    fn common(&self, block: &[usize]) -> Vec<usize> {
        let mut all = self.numbers(block[0]);
        all.retain(|c| block.iter().all(|&r| self.at(r, *c).is_some()));
        all
    }

    /// The votes of a block's rows.
    fn votes(&self, block: usize, column: usize) -> Vec<usize> {
        self.grid.blocks[block].iter().filter_map(|&r| self.at(r, column)).collect()
    }

    /// Whether a figure is nought wherever it is read.
    fn nought(&self, figure: usize) -> bool {
        self.values[figure].iter().flatten().all(|v| *v == 0)
    }
}

/// Finds what ties the numbers of a grid.
pub(super) fn find(grid: &Grid) -> Ties {
    let sheets = grid.figures.first().map_or(0, |f| f.values.len());
    let values = grid.figures.iter().map(|f| (0..sheets).map(|s| f.sure(s)).collect()).collect();
    let finder = Finder { grid, values };
    let mut ties = Ties::default();
    let several = grid.blocks.iter().flatten().any(|&r| finder.numbers(r).len() > 1);
    let mains = finder.mains(&mut ties);
    ties.contests = finder.contests(&mains, several);
    let rows: Vec<usize> =
        ties.contests.iter().flat_map(|c| &c.blocks).flat_map(|&b| &grid.blocks[b]).copied().collect();
    let within: Vec<usize> = rows.iter().flat_map(|&r| grid.rows[r].cells.iter().map(|c| c.1)).collect();
    let mut others: Vec<usize> = (0..grid.figures.len()).filter(|k| !within.contains(k)).collect();
    others.sort_by(|&a, &b| finder.y(a).total_cmp(&finder.y(b)));
    finder.totals(&others, &mut ties);
    finder.shares(&others, &mut ties);
    ties
}

impl Finder<'_> {
    /// The column of each block's votes: the one that the others add up to, or the last.
    fn mains(&self, ties: &mut Ties) -> Vec<usize> {
        let mut sets: Vec<Vec<usize>> = self.grid.blocks.iter().map(|b| self.common(b)).collect();
        let of = sets.clone();
        sets.sort();
        sets.dedup();
        let mut main: Vec<(Vec<usize>, usize)> = Vec::new();
        for set in sets {
            let rows = self.grid.blocks.iter().filter(|b| self.common(b) == set).flatten();
            let table: Vec<Vec<Option<&Values>>> = rows
                .map(|&r| set.iter().map(|&c| self.at(r, c).map(|k| &self.values[k])).collect())
                .collect();
            let found = relations::across(&table);
            let last = set.last().copied().unwrap_or(usize::MAX);
            main.push((set.clone(), found.as_ref().map_or(last, |f| set[f.1])));
            ties.ways.extend(
                found.map(|(parts, whole, odds)| (parts.iter().map(|&p| set[p]).collect(), set[whole], odds)),
            );
        }
        of.iter().map(|set| main.iter().find(|m| &m.0 == set).map_or(usize::MAX, |m| m.1)).collect()
    }

    /// Blocks with the totals that they add up to: one block each, or several that follow each other.
    fn contests(&self, mains: &[usize], several: bool) -> Vec<Contest> {
        let blocks = &self.grid.blocks;
        let n = blocks.len();
        let mut ranges: Vec<(usize, usize)> = (0..n).flat_map(|i| (i..n).map(move |j| (i, j))).collect();
        ranges.retain(|&(i, j)| (i..=j).all(|b| mains[b] == mains[i]) && mains[i] != usize::MAX);
        // Where rows have several numbers a block is a contest; otherwise the longest run of blocks that adds up to something.
        ranges.sort_by_key(|&(i, j)| if several { j - i } else { n - (j - i) });
        let mut taken = vec![false; n];
        let mut totals: Vec<usize> = Vec::new();
        let mut out: Vec<Contest> = Vec::new();
        let tried = ranges.len() * self.grid.figures.len();
        for (i, j) in ranges {
            if (i..=j).any(|b| taken[b]) {
                continue;
            }
            let parts: Vec<usize> = (i..=j).flat_map(|b| self.votes(b, mains[b])).collect();
            if parts.len() < 2 {
                continue;
            }
            let left = sum(parts.iter().map(|&k| &self.values[k]));
            let beside = |k: &usize| {
                let in_block =
                    |b: usize| blocks[b].iter().any(|&r| self.grid.rows[r].cells.iter().any(|c| c.1 == *k));
                let inside = if several { (0..n).any(in_block) } else { (i..=j).any(in_block) };
                self.number(*k) && !inside && !totals.contains(k)
            };
            let middle = (self.y(parts[0]) + self.y(parts[parts.len() - 1])) / 2.0;
            let targets = (0..self.grid.figures.len()).filter(beside);
            let held = targets.filter_map(|k| Some((k, judged(&left, &self.values[k], tried)?)));
            let nearest =
                held.min_by(|a, b| (self.y(a.0) - middle).abs().total_cmp(&(self.y(b.0) - middle).abs()));
            if let Some(total) = nearest {
                totals.push(total.0);
                (i..=j).for_each(|b| taken[b] = true);
                out.push(Contest {
                    blocks: (i..=j).collect(),
                    votes: mains[i],
                    total: Some(total),
                    share: None,
                });
            }
        }
        // What adds up to nothing is voted on all the same where its rows have several numbers; of rows of one number the
        // longest block is, where nothing adds up at all.
        let alone = |b: usize| Contest { blocks: vec![b], votes: mains[b], total: None, share: None };
        if several {
            out.extend((0..n).filter(|&b| !taken[b] && mains[b] != usize::MAX).map(alone));
        } else if out.is_empty() {
            out.extend((0..n).max_by_key(|&b| blocks[b].len()).map(alone));
        }
        out.sort_by_key(|c| c.blocks[0]);
        out
    }

    /// Equalities and sums of numbers that are no votes.
    fn totals(&self, others: &[usize], ties: &mut Ties) {
        let numbers: Vec<usize> = others.iter().copied().filter(|&k| self.number(k)).collect();
        let mut first: Vec<usize> = Vec::new();
        for &k in &numbers {
            let same = |&f: &usize| {
                Some((f, judged(&self.values[f], &self.values[k], numbers.len() * numbers.len())?))
            };
            match first.iter().find_map(same) {
                Some((f, odds)) => ties.equal.push((f, k, odds)),
                None => first.push(k),
            }
        }
        let parts: Vec<usize> = first.iter().copied().filter(|&k| !self.nought(k)).collect();
        let most = if parts.len() <= MANY { 4 } else { 3 };
        let mut sets: Vec<Vec<usize>> = parts.iter().map(|&k| vec![k]).collect();
        let mut done: Vec<usize> = Vec::new();
        let mut tried = 0;
        for _ in 1..most {
            let longer = |set: &Vec<usize>| {
                let last = parts.iter().position(|k| k == &set[set.len() - 1]).map_or(0, |p| p + 1);
                let of = set.clone();
                parts[last..]
                    .iter()
                    .map(move |&k| of.iter().copied().chain([k]).collect::<Vec<_>>())
                    .collect::<Vec<_>>()
            };
            sets = sets.iter().flat_map(longer).collect();
            tried += sets.len() * parts.len();
            for set in &sets {
                let left = sum(set.iter().map(|&k| &self.values[k]));
                for &target in parts.iter().filter(|k| !set.contains(k)) {
                    if done.contains(&target) {
                        continue;
                    }
                    if let Some(odds) = judged(&left, &self.values[target], tried) {
                        done.push(target);
                        ties.sums.push((self.between(set, target, &first), target, odds));
                    }
                }
            }
        }
    }

    /// A sum with those of its neighbours that are nought on all sheets: between its parts they are most likely parts too.
    fn between(&self, set: &[usize], target: usize, all: &[usize]) -> Vec<usize> {
        let ys = set.iter().map(|&k| self.y(k));
        let (top, foot) = (ys.clone().fold(f64::MAX, f64::min), ys.fold(f64::MIN, f64::max));
        let column = |k: usize| self.grid.rows.iter().flat_map(|r| &r.cells).find(|c| c.1 == k).map(|c| c.0);
        let inside = |&k: &usize| {
            k != target
                && (set.contains(&k)
                    || self.nought(k) && self.y(k) > top && self.y(k) < foot && column(k) == column(set[0]))
        };
        all.iter().copied().filter(inside).collect()
    }

    /// Shares, of rows and of totals.
    fn shares(&self, others: &[usize], ties: &mut Ties) {
        let wholes: Vec<usize> = others.iter().copied().filter(|&k| self.number(k)).collect();
        let odds = |pairs: &[(usize, usize)], whole: usize, tried: usize| {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            for &(share, part) in pairs {
                left.extend(self.values[share].iter().copied());
                right.extend(
                    self.values[part].iter().zip(&self.values[whole]).map(|(p, w)| Some(((*p)?, (*w)?))),
                );
            }
            judged_by(&left, &right, tried, |share: u32, (part, whole): (u32, u32)| {
                relations::is_share(share, part, whole)
            })
        };
        let mut own = false;
        for k in 0..ties.contests.len() {
            let contest = ties.contests[k].clone();
            let rows: Vec<usize> =
                contest.blocks.iter().flat_map(|&b| &self.grid.blocks[b]).copied().collect();
            let columns = self.grid.rows[rows[0]].cells.iter().filter(|c| !self.number(c.1)).map(|c| c.0);
            for column in columns {
                let pairs: Vec<(usize, usize)> =
                    rows.iter().filter_map(|&r| self.at(r, column).zip(self.at(r, contest.votes))).collect();
                let held = wholes.iter().filter_map(|&w| Some((w, odds(&pairs, w, wholes.len())?)));
                let best = held.min_by_key(|h| (Some(h.0) != contest.total.map(|t| t.0), ordered(h.1.log10)));
                if let Some((whole, odds)) = best {
                    own |= contest.total.is_some_and(|t| t.0 == whole);
                    ties.contests[k].share = Some((column, whole, Some(odds)));
                }
            }
            // What holds for other contests holds for one whose share is always the same.
            if ties.contests[k].share.is_none() && own {
                let column = self.grid.rows[rows[0]].cells.iter().find(|c| !self.number(c.1)).map(|c| c.0);
                ties.contests[k].share = column.zip(contest.total).map(|(c, t)| (c, t.0, None));
            }
        }
        for &share in others.iter().filter(|&&k| !self.number(k)) {
            let pairs =
                wholes.iter().flat_map(|&p| wholes.iter().map(move |&w| (p, w))).filter(|(p, w)| p != w);
            let tried = wholes.len() * wholes.len();
            let held = pairs.filter_map(|(p, w)| Some((p, w, odds(&[(share, p)], w, tried)?)));
            let near = |h: &(usize, usize, Odds)| {
                ordered((self.y(h.0) - self.y(share)).abs() + (self.y(h.1) - self.y(share)).abs())
            };
            ties.shares.extend(held.min_by_key(near).map(|(p, w, odds)| (share, p, w, odds)));
        }
    }
}

/// A length or a logarithm to order by.
fn ordered(v: f64) -> i64 {
    (v * 1000.0) as i64
}

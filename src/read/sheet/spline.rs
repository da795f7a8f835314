//! The smoothing spline through measured places, for both edges of the strip and the bow between them.
//!
//! In: form points with a measured coordinate, or how far two at the same height differ in it, and a weight. Out: that coordinate at the left and right
//! edge of each rung, and how far the middle is off. Penalised least squares (bending of each edge, and change of what lies between
//! them), robust by Tukey's biweight; a banded Cholesky factorisation solves it. Refuses (gives `None`)
//! systems that are not positive definite.

use crate::ground::geometry::Point;

/// What bending costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stiffness {
    /// Change of each edge's slope from rung to rung.
    bend: f64,
    /// Change of what lies between the edges: its slope, and itself.
    width: (f64, f64),
    /// The bow between the edges: change of its slope, its change, itself.
    bow: (f64, f64, f64),
}

impl Stiffness {
    /// Straight across.
    pub(super) fn flat(bend: f64) -> Self {
        Self { bend, width: (20.0 * bend, 0.5 * bend), bow: (0.0, 0.0, 1e6) }
    }

    /// With a bow, the width `times` as stiff (by eye, from photos of both named strengths).
    pub(super) fn bowed(bend: f64, times: f64) -> Self {
        let width = (20.0 * bend * times, 0.5 * bend * times);
        Self { bend, width, bow: (10.0 * bend, 0.5 * bend, 0.005) }
    }
}

/// A coordinate across one rung.
#[derive(Debug, Clone, Copy)]
struct Values {
    /// At the left edge.
    left: f64,
    /// At the right edge.
    right: f64,
    /// How much the middle is off the mean of both edges.
    bow: f64,
}

/// What was seen of a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Form point, mm.
    pub at: Point,
    /// The form x of a place at the same height that the value is against; `None` where it stands for itself.
    pub beside: Option<f64>,
    /// The value there.
    pub value: f64,
    /// Its weight before robust reweighting.
    pub weight: f64,
}

impl Seen {
    /// A value that stands for itself.
    pub fn new(at: Point, value: f64, weight: f64) -> Self {
        Self { at, beside: None, value, weight }
    }
}

/// A value at every point of the form: linear from rung to rung, quadratic across.
#[derive(Debug, Clone)]
pub(super) struct Field {
    ys: Vec<f64>,
    width: f64,
    values: Vec<Values>,
}

/// Unknowns a rung, and from the first that a term ties to the last: those of three rungs.
const EACH: usize = 3;
/// See [`EACH`].
const BAND: usize = 3 * EACH;

/// A symmetric matrix of which only `BAND` diagonals are not nought: each column from its own row down.
struct Banded {
    columns: Vec<[f64; BAND]>,
}

impl Banded {
    fn add(&mut self, i: usize, j: usize, value: f64) {
        if j <= i {
            self.columns[j][i - j] += value;
        }
    }

    /// Solves for a right side (Cholesky, taking each column from those after it as soon as it is known: of what is left
    /// of them nothing waits for anything); `None` where the matrix is not positive definite.
    fn solve(mut self, mut b: Vec<f64>) -> Option<Vec<f64>> {
        let n = b.len();
        self.columns.resize(n + BAND, [0.0; BAND]);
        b.resize(n + BAND, 0.0);
        for j in 0..n {
            let (known, after) = self.columns.split_at_mut(j + 1);
            let column = &mut known[j];
            let root = (column[0] + 1e-9).sqrt();
            if !(root > 0.0 && root.is_finite()) {
                return None;
            }
            // On the diagonal stands what is multiplied by.
            let share = 1.0 / root;
            column.iter_mut().for_each(|v| *v *= share);
            column[0] = share;
            b[j] *= share;
            for k in 1..BAND {
                let factor = column[k];
                (k..BAND).for_each(|i| after[k - 1][i - k] -= factor * column[i]);
                b[j + k] -= factor * b[j];
            }
        }
        for j in (0..n).rev() {
            let column = &self.columns[j];
            let sum: f64 = (1..BAND).map(|k| column[k] * b[j + k]).sum();
            b[j] = (b[j] - sum) * column[0];
        }
        b.truncate(n);
        Some(b)
    }
}

/// The unknowns of two rungs.
const PAIR: usize = 2 * EACH;

/// What a point's value rests on: the first of the unknowns of two rungs, and by how much on each.
fn terms(ys: &[f64], width: f64, p: Point) -> (usize, [f64; PAIR]) {
    let j = ys.partition_point(|&y| y <= p.y).clamp(1, ys.len() - 1) - 1;
    let (f, t) = ((p.y - ys[j]) / (ys[j + 1] - ys[j]), p.x / width);
    let across = [1.0 - t, t, 4.0 * t * (1.0 - t)];
    let share = |i: usize| if i < EACH { 1.0 - f } else { f };
    (EACH * j, std::array::from_fn(|i| share(i) * across[i % EACH]))
}

impl Field {
    /// The smoothest field through observations, on rungs at `ys` of a frame `width` wide.
    pub fn through(ys: &[f64], width: f64, observations: &[Seen], stiffness: Stiffness) -> Option<Field> {
        let k = ys.len();
        let n = EACH * k;
        let mut stiff = Banded { columns: vec![[0.0; BAND]; n] };
        // Bending of each edge, and change of what lies between the edges (width and turn), which is
        // stiffer: paper does not stretch across.
        let mut penalise = |terms: &[(usize, f64)], w: f64| {
            for &(i, ci) in terms {
                for &(j, cj) in terms {
                    stiff.add(i, j, w * ci * cj);
                }
            }
        };
        for j in 1..k - 1 {
            let (p, c, q) = (EACH * (j - 1), EACH * j, EACH * (j + 1));
            for (side, w) in [(0, stiffness.bend), (1, stiffness.bend), (2, stiffness.bow.0)] {
                penalise(&[(p + side, 1.0), (c + side, -2.0), (q + side, 1.0)], w);
            }
            penalise(
                &[(p, -1.0), (p + 1, 1.0), (c, 2.0), (c + 1, -2.0), (q, -1.0), (q + 1, 1.0)],
                stiffness.width.0,
            );
        }
        for j in 0..k {
            let (c, q) = (EACH * j, EACH * (j + 1));
            penalise(&[(c + 2, 1.0)], stiffness.bow.2);
            if j + 1 < k {
                penalise(&[(c, 1.0), (c + 1, -1.0), (q, -1.0), (q + 1, 1.0)], stiffness.width.1);
                penalise(&[(c + 2, 1.0), (q + 2, -1.0)], stiffness.bow.1);
            }
        }
        let row = |o: &Seen| {
            let (first, mut shares) = terms(ys, width, o.at);
            if let Some(x) = o.beside {
                let other = terms(ys, width, Point::new(x, o.at.y)).1;
                shares.iter_mut().zip(other).for_each(|(share, other)| *share -= other);
            }
            (first, shares)
        };
        let rows: Vec<_> = observations.iter().map(row).collect();
        let mut weights: Vec<f64> = observations.iter().map(|o| o.weight).collect();
        let mut solution = vec![0.0; n];
        for round in 0..5 {
            let mut a = Banded { columns: stiff.columns.clone() };
            let mut b = vec![0.0; n];
            let heard = observations.iter().zip(&rows).zip(&weights).filter(|o| *o.1 > 0.0);
            for ((o, &(first, shares)), &w) in heard {
                let (columns, right) = (&mut a.columns[first..first + PAIR], &mut b[first..first + PAIR]);
                (0..PAIR).for_each(|j| {
                    let share = w * shares[j];
                    right[j] += share * o.value;
                    (j..PAIR).for_each(|i| columns[j][i - j] += share * shares[i]);
                });
            }
            let before = std::mem::replace(&mut solution, a.solve(b)?);
            // A thousandth of a work pixel.
            if round > 0 && before.iter().zip(&solution).all(|(a, b)| (a - b).abs() < 1e-3) {
                break;
            }
            // Tukey's biweight at 4.685 robust deviations, the deviation at least 0.3 work pixels.
            let said = |(first, shares): &(usize, [f64; PAIR])| -> f64 {
                shares.iter().zip(&solution[*first..]).map(|(c, v)| c * v).sum()
            };
            let off: Vec<f64> =
                observations.iter().zip(&rows).map(|(o, row)| (said(row) - o.value).abs()).collect();
            let mut ranked = off.clone();
            let middle = ranked.len() / 2;
            let median = match ranked.len() {
                0 => 0.0,
                _ => *ranked.select_nth_unstable_by(middle, f64::total_cmp).1,
            };
            let deviation = (1.4826 * median).max(0.3);
            for ((w, r), o) in weights.iter_mut().zip(&off).zip(observations) {
                let z = r / (4.685 * deviation);
                *w = if z < 1.0 { o.weight * (1.0 - z * z).powi(2) } else { 0.0 };
            }
        }
        let values = solution.chunks_exact(EACH).map(|c| Values { left: c[0], right: c[1], bow: c[2] });
        Some(Self { ys: ys.to_vec(), width, values: values.collect() })
    }

    /// The value at a form point.
    pub fn at(&self, p: Point) -> f64 {
        let of = |i: usize| {
            let v = &self.values[i / EACH];
            [v.left, v.right, v.bow][i % EACH]
        };
        let (first, shares) = terms(&self.ys, self.width, p);
        shares.iter().zip(first..).map(|(c, i)| c * of(i)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spline_follows_a_bent_edge_and_ignores_one_wrong_anchor() {
        let ys: Vec<f64> = (0..20).map(|i| f64::from(i) * 5.0).collect();
        let truth = |p: Point| 10.0 + 4.0 * p.x + 0.002 * p.y * p.y;
        let mut observations: Vec<Seen> = (0..38)
            .map(|i| Point::new(if i % 2 == 0 { 10.0 } else { 50.0 }, 2.5 * f64::from(i)))
            .map(|p| Seen::new(p, truth(p), 1.0))
            .collect();
        observations[17].value += 12.0;
        let field = Field::through(&ys, 60.0, &observations, Stiffness::flat(1.0)).unwrap();
        for p in ys.iter().flat_map(|&y| [Point::new(0.0, y), Point::new(60.0, y)]) {
            assert!((field.at(p) - truth(p)).abs() < 0.4, "{p:?}: {}", field.at(p));
        }
    }

    #[test]
    fn what_is_known_against_its_neighbour_turns_the_field() {
        let ys: Vec<f64> = (0..20).map(|i| f64::from(i) * 5.0).collect();
        let held = ys[..4].iter().flat_map(|&y| [0.0, 60.0].map(|x| Seen::new(Point::new(x, y), 0.0, 50.0)));
        let turned = ys[10..].iter().flat_map(|&y| {
            [10.0, 30.0, 50.0].map(|x| Seen {
                beside: Some(x - 10.0),
                ..Seen::new(Point::new(x, y), 0.1 * (y - 40.0) / 10.0, 1.0)
            })
        });
        let seen: Vec<Seen> = held.chain(turned).collect();
        let field = Field::through(&ys, 60.0, &seen, Stiffness::bowed(0.01, 1.0)).unwrap();
        let fall = |y: f64| field.at(Point::new(60.0, y)) - field.at(Point::new(0.0, y));
        assert!(fall(5.0).abs() < 0.1, "{}", fall(5.0));
        assert!((fall(90.0) - 3.0).abs() < 0.2, "{}", fall(90.0));
    }

    #[test]
    fn a_bow_is_followed_where_it_is_asked_for_and_not_otherwise() {
        let ys: Vec<f64> = (0..20).map(|i| f64::from(i) * 5.0).collect();
        let truth = |p: Point| 3.0 * p.y + 4.0 * (p.x / 60.0) * (1.0 - p.x / 60.0) * 5.0;
        let places = [10.0, 30.0, 50.0].into_iter().cycle();
        let observations: Vec<Seen> = (0..60)
            .zip(places)
            .map(|(i, x)| Point::new(x, 1.6 * f64::from(i)))
            .map(|p| Seen::new(p, truth(p), 1.0))
            .collect();
        let bows = |stiffness| -> Vec<f64> {
            let field = Field::through(&ys, 60.0, &observations, stiffness).unwrap();
            field.values.iter().map(|v| v.bow).collect()
        };
        assert!(bows(Stiffness::bowed(1.0, 1.0)).iter().all(|b| (b - 5.0).abs() < 0.5));
        assert!(bows(Stiffness::flat(1.0)).iter().all(|b| b.abs() < 1e-3));
    }
}

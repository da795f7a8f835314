//! The smoothing spline through measured places, for both edges of the strip and the bow between them.
//!
//! In: form points with a measured coordinate and a weight. Out: that coordinate at the left and right
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
pub(super) struct Values {
    /// At the left edge.
    pub left: f64,
    /// At the right edge.
    pub right: f64,
    /// How much the middle is off the mean of both edges.
    pub bow: f64,
}

/// Values at each rung, from observations (form point, value, weight).
pub(super) fn spline(
    ys: &[f64],
    width: f64,
    observations: &[(Point, f64, f64)],
    stiffness: Stiffness,
) -> Option<Vec<Values>> {
    let k = ys.len();
    let n = 3 * k;
    let mut weights: Vec<f64> = observations.iter().map(|o| o.2).collect();
    let mut solution = vec![0.0; n];
    let row = |p: Point| {
        let j = ys.partition_point(|&y| y <= p.y).clamp(1, k - 1) - 1;
        let (f, t) = ((p.y - ys[j]) / (ys[j + 1] - ys[j]), p.x / width);
        let across = [1.0 - t, t, 4.0 * t * (1.0 - t)];
        std::array::from_fn::<(usize, f64), 6, _>(|i| {
            (3 * j + i, if i < 3 { (1.0 - f) * across[i] } else { f * across[i - 3] })
        })
    };
    for _ in 0..5 {
        let mut a = vec![0.0; n * n];
        let mut b = vec![0.0; n];
        for (o, &w) in observations.iter().zip(&weights) {
            let terms = row(o.0);
            for &(i, ci) in &terms {
                b[i] += w * ci * o.1;
                for &(j, cj) in &terms {
                    a[i * n + j] += w * ci * cj;
                }
            }
        }
        // Bending of each edge, and change of what lies between the edges (width and turn), which is
        // stiffer: paper does not stretch across.
        let mut penalise = |terms: &[(usize, f64)], w: f64| {
            for &(i, ci) in terms {
                for &(j, cj) in terms {
                    a[i * n + j] += w * ci * cj;
                }
            }
        };
        for j in 1..k - 1 {
            let (p, c, q) = (3 * j - 3, 3 * j, 3 * j + 3);
            for (side, w) in [(0, stiffness.bend), (1, stiffness.bend), (2, stiffness.bow.0)] {
                penalise(&[(p + side, 1.0), (c + side, -2.0), (q + side, 1.0)], w);
            }
            penalise(
                &[(p, -1.0), (p + 1, 1.0), (c, 2.0), (c + 1, -2.0), (q, -1.0), (q + 1, 1.0)],
                stiffness.width.0,
            );
        }
        for j in 0..k {
            let (c, q) = (3 * j, 3 * j + 3);
            penalise(&[(c + 2, 1.0)], stiffness.bow.2);
            if j + 1 < k {
                penalise(&[(c, 1.0), (c + 1, -1.0), (q, -1.0), (q + 1, 1.0)], stiffness.width.1);
                penalise(&[(c + 2, 1.0), (q + 2, -1.0)], stiffness.bow.1);
            }
        }
        solution = cholesky(a, b)?;
        // Tukey's biweight at 4.685 robust deviations, the deviation at least 0.3 work pixels.
        let residuals: Vec<f64> = observations
            .iter()
            .map(|o| (row(o.0).iter().map(|&(i, c)| c * solution[i]).sum::<f64>() - o.1).abs())
            .collect();
        let mut sorted = residuals.clone();
        sorted.sort_by(f64::total_cmp);
        let deviation = (1.4826 * sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)).max(0.3);
        for ((w, r), o) in weights.iter_mut().zip(&residuals).zip(observations) {
            let z = r / (4.685 * deviation);
            *w = if z < 1.0 { o.2 * (1.0 - z * z).powi(2) } else { 0.0 };
        }
    }
    let values = solution.chunks_exact(3).map(|c| Values { left: c[0], right: c[1], bow: c[2] });
    Some(values.collect())
}

/// Solves `a x = b` for a symmetric positive definite `a` (row by row); `None` when it is not.
fn cholesky(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    // Half bandwidth: from the left edge of one rung to the right edge of the one after the next.
    const BAND: usize = 7;
    for j in 0..n {
        a[j * n + j] += 1e-9;
        let from = j.saturating_sub(BAND);
        for k in from..j {
            let l = a[j * n + k];
            a[j * n + j] -= l * l;
        }
        let d = a[j * n + j];
        if d <= 0.0 || !d.is_finite() {
            return None;
        }
        let d = d.sqrt();
        a[j * n + j] = d;
        for i in j + 1..(j + BAND + 1).min(n) {
            let mut v = a[i * n + j];
            for k in i.saturating_sub(BAND)..j {
                v -= a[i * n + k] * a[j * n + k];
            }
            a[i * n + j] = v / d;
        }
    }
    for i in 0..n {
        for k in i.saturating_sub(BAND)..i {
            b[i] -= a[i * n + k] * b[k];
        }
        b[i] /= a[i * n + i];
    }
    for i in (0..n).rev() {
        for k in i + 1..(i + BAND + 1).min(n) {
            b[i] -= a[k * n + i] * b[k];
        }
        b[i] /= a[i * n + i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spline_follows_a_bent_edge_and_ignores_one_wrong_anchor() {
        let ys: Vec<f64> = (0..20).map(|i| f64::from(i) * 5.0).collect();
        let truth = |p: Point| 10.0 + 4.0 * p.x + 0.002 * p.y * p.y;
        let mut observations: Vec<(Point, f64, f64)> = (0..38)
            .map(|i| Point::new(if i % 2 == 0 { 10.0 } else { 50.0 }, 2.5 * f64::from(i)))
            .map(|p| (p, truth(p), 1.0))
            .collect();
        observations[17].1 += 12.0;
        let s = spline(&ys, 60.0, &observations, Stiffness::flat(1.0)).unwrap();
        for (j, &y) in ys.iter().enumerate() {
            assert!((s[j].left - truth(Point::new(0.0, y))).abs() < 0.4, "{j}: {}", s[j].left);
            assert!((s[j].right - truth(Point::new(60.0, y))).abs() < 0.4);
        }
    }

    #[test]
    fn a_bow_is_followed_where_it_is_asked_for_and_not_otherwise() {
        let ys: Vec<f64> = (0..20).map(|i| f64::from(i) * 5.0).collect();
        let truth = |p: Point| 3.0 * p.y + 4.0 * (p.x / 60.0) * (1.0 - p.x / 60.0) * 5.0;
        let places = [10.0, 30.0, 50.0].into_iter().cycle();
        let observations: Vec<(Point, f64, f64)> = (0..60)
            .zip(places)
            .map(|(i, x)| Point::new(x, 1.6 * f64::from(i)))
            .map(|p| (p, truth(p), 1.0))
            .collect();
        let bows = |stiffness| -> Vec<f64> {
            spline(&ys, 60.0, &observations, stiffness).unwrap().iter().map(|v| v.bow).collect()
        };
        assert!(bows(Stiffness::bowed(1.0, 1.0)).iter().all(|b| (b - 5.0).abs() < 0.5));
        assert!(bows(Stiffness::flat(1.0)).iter().all(|b| b.abs() < 1e-3));
    }
}

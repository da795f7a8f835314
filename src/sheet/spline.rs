//! The smoothing spline through measured places, for both edges of the strip at once.
//!
//! In: form points with a measured coordinate and a weight. Out: that coordinate at the left and right
//! edge of each rung. Penalised least squares (bending of each edge, and change of what lies between
//! them), robust by Tukey's biweight; a banded Cholesky factorisation solves it. Refuses (gives `None`)
//! systems that are not positive definite.

use crate::geometry::Point;

/// Left and right values at each rung (interleaved), from observations (form point, value, weight).
pub(super) fn spline(
    ys: &[f64],
    width: f64,
    observations: &[(Point, f64, f64)],
    stiffness: f64,
) -> Option<Vec<f64>> {
    let k = ys.len();
    let n = 2 * k;
    let mut weights: Vec<f64> = observations.iter().map(|o| o.2).collect();
    let mut solution = vec![0.0; n];
    let row = |p: Point| {
        let j = ys.partition_point(|&y| y <= p.y).clamp(1, k - 1) - 1;
        let (f, t) = ((p.y - ys[j]) / (ys[j + 1] - ys[j]), p.x / width);
        [
            (2 * j, (1.0 - f) * (1.0 - t)),
            (2 * j + 1, (1.0 - f) * t),
            (2 * j + 2, f * (1.0 - t)),
            (2 * j + 3, f * t),
        ]
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
            for side in 0..2 {
                let i = 2 * j + side;
                penalise(&[(i - 2, 1.0), (i, -2.0), (i + 2, 1.0)], stiffness);
            }
            let (p, c, q) = (2 * j - 2, 2 * j, 2 * j + 2);
            penalise(
                &[(p, -1.0), (p + 1, 1.0), (c, 2.0), (c + 1, -2.0), (q, -1.0), (q + 1, 1.0)],
                20.0 * stiffness,
            );
        }
        for j in 0..k - 1 {
            let (c, q) = (2 * j, 2 * j + 2);
            penalise(&[(c, 1.0), (c + 1, -1.0), (q, -1.0), (q + 1, 1.0)], 0.5 * stiffness);
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
    Some(solution)
}

/// Solves `a x = b` for a symmetric positive definite `a` (row by row); `None` when it is not.
fn cholesky(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    // Half bandwidth: the bending terms reach over six unknowns.
    const BAND: usize = 6;
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
        let s = spline(&ys, 60.0, &observations, 1.0).unwrap();
        for (j, &y) in ys.iter().enumerate() {
            assert!((s[2 * j] - truth(Point::new(0.0, y))).abs() < 0.4, "{j}: {}", s[2 * j]);
            assert!((s[2 * j + 1] - truth(Point::new(60.0, y))).abs() < 0.4);
        }
    }
}

//! Exact binomial odds, for error bounds and alarms.
//!
//! In: counts, probabilities. Out: tail probabilities and confidence bounds. Refuses nothing: counts beyond their
//! number are cut to it.

/// Natural logarithm of n!, by summation below 256 and Stirling's series above (error below 1e-12).
fn ln_factorial(n: u64) -> f64 {
    if n < 256 {
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    let x = n as f64;
    x * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI * x).ln() + 1.0 / (12.0 * x)
        - 1.0 / (360.0 * x.powi(3))
}

/// Natural logarithm of the number of ways to choose `k` of `n`.
fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// Probability, at least, that both of two hold, whatever ties them (Bonferroni 1936).
pub fn both(a: f64, b: f64) -> f64 {
    (a + b - 1.0).max(0.0)
}

/// Probability of `k` or fewer successes among `n` of probability `p`.
pub fn at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    let term = |i: u64| (ln_choose(n, i) + i as f64 * p.ln() + (n - i) as f64 * (-p).ln_1p()).exp();
    (0..=k).map(term).sum::<f64>().min(1.0)
}

/// Upper bound, at `confidence`, of a rate of which `k` in `n` were seen (Clopper & Pearson 1934). With
/// k = 0 and 0.95 that is the rule of three, 3/n (Hanley & Lippman-Hand 1983). 1 for n = 0.
pub fn upper_bound(k: u64, n: u64, confidence: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    let (mut low, mut high) = (k as f64 / n as f64, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if at_most(k, n, middle) > 1.0 - confidence { low = middle } else { high = middle }
    }
    high
}

/// Fisher's exact test, one-sided: the probability that, of `failed + others_failed` failures spread by
/// chance over `n + others`, `failed` or more fall among the `n` (Fisher 1935).
pub fn at_least_by_chance(failed: u64, n: u64, others_failed: u64, others: u64) -> f64 {
    let (failed, others_failed) = (failed.min(n), others_failed.min(others));
    let (all, failures) = (n + others, failed + others_failed);
    let ways = ln_choose(all, failures);
    let most = failures.min(n);
    (failed..=most)
        .filter(|k| failures - k <= others)
        .map(|k| (ln_choose(n, k) + ln_choose(others, failures - k) - ways).exp())
        .sum::<f64>()
        .min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_wrong_in_n_bounds_the_rate_by_three_in_n() {
        assert!((upper_bound(0, 20_000, 0.95) * 20_000.0 - 3.0).abs() < 0.01);
        assert!((upper_bound(0, 42, 0.95) - 0.0688).abs() < 1e-3);
        assert!((upper_bound(3, 100, 0.95) - 0.0757).abs() < 1e-3);
        assert_eq!(upper_bound(0, 0, 0.95), 1.0);
    }

    #[test]
    fn the_lady_tasting_tea_is_one_in_seventy() {
        assert!((at_least_by_chance(4, 4, 0, 4) - 1.0 / 70.0).abs() < 1e-12);
        assert!((at_least_by_chance(3, 4, 1, 4) - 17.0 / 70.0).abs() < 1e-12);
        assert!((at_least_by_chance(0, 4, 4, 4) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn large_factorials_join_the_small_ones() {
        let step = ln_factorial(256) - ln_factorial(255);
        assert!((step - 256f64.ln()).abs() < 1e-10, "{step}");
    }
}

//! The inference against counting out every assignment of a tiny form; and what it costs.

use super::*;
use crate::decide::totals::Forest;
use crate::decide::weights::Weights;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random_weights(rng: &mut ChaCha8Rng) -> Weights {
    let n = rng.random_range(0..4);
    let mut atoms: Vec<(u32, f64)> = Vec::new();
    for _ in 0..n {
        let value = rng.random_range(0..10);
        if atoms.iter().all(|a| a.0 != value) {
            atoms.push((value, 10f64.powf(rng.random_range(-4.0..0.0))));
        }
    }
    let flat = 10f64.powf(rng.random_range(-5.0..0.0));
    Weights::from_atoms(atoms, flat, 10).normalised().0
}

/// Every assignment of the tiny form counted out, with the two relations that form no circle.
#[test]
fn the_inference_is_exact() {
    let form = parse("tiny", TINY).unwrap();
    let forest = Forest::new(&form);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let soft = |holds: bool| if holds { 1.0 - 1e-3 + 1e-4 } else { 1e-4 };
    for round in 0..8 {
        let l: Vec<Weights> = (0..6).map(|_| random_weights(&mut rng)).collect();
        let mut total = 0.0;
        let mut marginal = vec![[0.0; 10]; 6];
        let mut joint = 0.0;
        let asked = [1, 2, 3, 6, 1, 7];
        for code in 0..1_000_000u32 {
            let x: [u32; 6] = std::array::from_fn(|i| code / 10u32.pow(i as u32) % 10);
            let mut w = soft((x[0] + x[1] + x[2]) % 10 == x[3]) * soft((x[3] + x[4]) % 10 == x[5]);
            for (l, v) in l.iter().zip(x) {
                w *= l.weight(v);
            }
            total += w;
            for (m, v) in marginal.iter_mut().zip(x) {
                m[v as usize] += w;
            }
            if x == asked {
                joint = w;
            }
        }
        let posterior = forest.hear(&l);
        for (ix, m) in marginal.iter().enumerate() {
            for (v, want) in m.iter().enumerate() {
                let got = posterior.fields[ix].weight(v as u32);
                assert!(
                    (got - want / total).abs() < 1e-10,
                    "round {round} field {ix} value {v}: {got} {}",
                    want / total
                );
            }
        }
        let got = forest.probability(&l, &posterior, &asked.map(Some), |_| true);
        assert!((got / (joint / total) - 1.0).abs() < 1e-9, "{got} {}", joint / total);
    }
}

/// A sheet on which every cell has ten candidates.
#[test]
fn decide_costs_little_even_when_every_cell_is_doubtful() {
    let form = acta();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut e = sheet(&form, &truth(&form));
    for field in &mut e.fields {
        for c in [&mut field.digits, &mut field.words].into_iter().flatten() {
            *c = cell(&(0..10).map(|_| (rng.random_range(0..2000), 0.09)).collect::<Vec<_>>());
        }
    }
    let start = std::time::Instant::now();
    let d = decided(&e);
    let took = start.elapsed();
    assert_eq!(d.status, Status::Review);
    // 5 ms in release on one core; tests share their cores, and are not optimised by default.
    let allowed = if cfg!(debug_assertions) { 2500 } else { 250 };
    assert!(took.as_millis() < allowed, "{took:?}");
    println!("{took:?}");
}

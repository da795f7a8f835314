//! Weights over the values that a field can print: a few listed values and a flat rest.
//!
//! In: readings and relations, as products, sums and mixtures of weights. Out: weights again. Values
//! live in the integers modulo `modulus` (10 to the power of the printable places), where the family
//! "listed atoms + flat" is closed under everything that inference needs: the product of two weights,
//! and the distribution of a sum (a flat part added to anything is flat). That makes the inference of
//! [`super::totals`] exact. A sum that wraps would need more places than the form prints.
//!
//! Refuses nothing; small atoms that are cut (below [`CUT`], or beyond [`MOST`] of them) go into the
//! flat part, so that no mass is ever lost, only made vaguer.

/// Atoms below this share of the largest one become part of the flat rest, which is the cautious
/// side. Far below any error that can be asked for (1e-5 for a sheet).
const CUT: f64 = 1e-12;

/// The most atoms that are kept. Bounds the time of a sheet full of doubtful cells (ten candidates in
/// each); a readable sheet has a few dozen.
const MOST: usize = 256;

/// The most atoms a side that take part in finding values which no channel lists.
const TOP: usize = 24;

/// Weights over the values 0 to `modulus - 1`: the weight of x is its atom's, if listed, plus
/// `flat / modulus`.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Listed values, ascending, each once, with weights above the flat rest.
    atoms: Vec<(u32, f64)>,
    /// Total of the flat part.
    flat: f64,
    /// How many values there are.
    modulus: u32,
}

impl Weights {
    /// Total `mass`, spread evenly.
    pub fn flat(mass: f64, modulus: u32) -> Self {
        Self { atoms: Vec::new(), flat: mass, modulus }
    }

    /// All on one value; the flat part takes `rest`.
    pub fn at(value: u32, rest: f64, modulus: u32) -> Self {
        Self { atoms: vec![(value % modulus, 1.0 - rest)], flat: rest, modulus }
    }

    /// From atoms in any order, each value at most once; values that the form cannot print join the
    /// flat part.
    pub fn from_atoms(atoms: impl IntoIterator<Item = (u32, f64)>, flat: f64, modulus: u32) -> Self {
        let mut out = Self { atoms: Vec::new(), flat, modulus };
        for (value, weight) in atoms {
            if value < modulus { out.atoms.push((value, weight)) } else { out.flat += weight }
        }
        out.atoms.sort_by_key(|a| a.0);
        out
    }

    /// Listed values, ascending.
    pub fn atoms(&self) -> &[(u32, f64)] {
        &self.atoms
    }

    /// Weight of the atoms together.
    pub fn listed(&self) -> f64 {
        self.atoms.iter().map(|a| a.1).sum()
    }

    /// Weight of the flat part.
    pub fn rest(&self) -> f64 {
        self.flat
    }

    /// Weight of everything.
    pub fn total(&self) -> f64 {
        self.listed() + self.flat
    }

    /// Weight of one value.
    pub fn weight(&self, value: u32) -> f64 {
        self.atom(value) + self.flat / f64::from(self.modulus)
    }

    /// Weight of one value's atom, without the flat part; 0 when it is not listed.
    pub fn atom(&self, value: u32) -> f64 {
        self.atoms.binary_search_by_key(&value, |a| a.0).map_or(0.0, |i| self.atoms[i].1)
    }

    /// The listed value with the largest weight, the smallest of equals.
    pub fn best(&self) -> Option<(u32, f64)> {
        self.atoms
            .iter()
            .copied()
            .reduce(|a, b| if b.1 > a.1 { b } else { a })
            .map(|(value, _)| (value, self.weight(value)))
    }

    /// The same weights with total 1, and the logarithm of what they were divided by. Weights without
    /// mass become flat.
    #[must_use]
    pub fn normalised(mut self) -> (Self, f64) {
        let total = self.total();
        if !(total > 0.0 && total.is_finite()) {
            return (Self::flat(1.0, self.modulus), f64::NEG_INFINITY);
        }
        for a in &mut self.atoms {
            a.1 /= total;
        }
        self.flat /= total;
        (self, total.ln())
    }

    /// `(1 - share)` of these weights and `share` of their total spread evenly.
    #[must_use]
    pub fn blurred(mut self, share: f64) -> Self {
        let total = self.total();
        for a in &mut self.atoms {
            a.1 *= 1.0 - share;
        }
        self.flat = self.flat * (1.0 - share) + total * share;
        self
    }

    /// Every part raised to `power`, normalised: below 1 the differences become smaller.
    #[must_use]
    pub fn tempered(mut self, power: f64) -> Self {
        if power == 1.0 {
            return self;
        }
        for a in &mut self.atoms {
            a.1 = a.1.powf(power);
        }
        self.flat = self.flat.powf(power);
        self.normalised().0
    }

    /// `share` of the flat part gathered, evenly, on the values that differ from the best one in one
    /// figure of as many as it has. Without a listed value nothing is gathered.
    #[must_use]
    pub fn gathered(mut self, share: f64) -> Self {
        let Some((best, _)) = self.best() else { return self };
        let places = best.checked_ilog10().unwrap_or(0) + 1;
        let near: Vec<u32> = (0..places)
            .map(|p| 10u32.pow(p))
            .flat_map(|unit| (0..10).map(move |figure| best - best / unit % 10 * unit + figure * unit))
            .filter(|&v| v != best && v < self.modulus)
            .collect();
        if near.is_empty() {
            return self;
        }
        let mass = self.flat * share;
        let each = mass / near.len() as f64;
        for value in near {
            match self.atoms.binary_search_by_key(&value, |a| a.0) {
                Ok(i) => self.atoms[i].1 += each,
                Err(i) => self.atoms.insert(i, (value, each)),
            }
        }
        self.flat -= mass;
        self
    }

    /// Only the `most` largest atoms, and of those only what stands out from the flat part (an atom below
    /// it says less than a factor of two); the others join the flat part.
    #[must_use]
    pub fn standing_out(mut self, most: usize) -> Self {
        if self.atoms.len() > most {
            self.atoms.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            self.flat += self.atoms.drain(most..).map(|a| a.1).sum::<f64>();
            self.atoms.sort_by_key(|a| a.0);
        }
        let level = self.flat / f64::from(self.modulus);
        self.flat += self.atoms.iter().filter(|a| a.1 < level).map(|a| a.1).sum::<f64>();
        self.atoms.retain(|a| a.1 >= level);
        self
    }

    /// All weights times `factor`.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        for a in &mut self.atoms {
            a.1 *= factor;
        }
        self.flat *= factor;
        self
    }

    /// The weights of x negated (modulo `modulus`).
    #[must_use]
    pub fn negated(mut self) -> Self {
        for a in &mut self.atoms {
            a.0 = (self.modulus - a.0) % self.modulus;
        }
        self.atoms.sort_by_key(|a| a.0);
        self
    }

    /// Value by value, both weights added.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.merged(other, self.flat + other.flat, |a, b| a + b)
    }

    /// Value by value, both weights multiplied.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let n = f64::from(self.modulus);
        let (fa, fb) = (self.flat / n, other.flat / n);
        self.merged(other, fa * other.flat, |a, b| a * b + a * fb + b * fa)
    }

    /// Sum over all values of the product of both weights.
    pub fn overlap(&self, other: &Self) -> f64 {
        self.times(other).total()
    }

    fn merged(&self, other: &Self, flat: f64, join: impl Fn(f64, f64) -> f64) -> Self {
        let (a, b) = (&self.atoms, &other.atoms);
        let mut atoms = Vec::with_capacity(a.len() + b.len());
        let (mut i, mut j) = (0, 0);
        while i < a.len() || j < b.len() {
            let left = a.get(i).map_or(u32::MAX, |v| v.0);
            let right = b.get(j).map_or(u32::MAX, |v| v.0);
            let value = left.min(right);
            let mut pair = (0.0, 0.0);
            if left == value {
                pair.0 = a[i].1;
                i += 1;
            }
            if right == value {
                pair.1 = b[j].1;
                j += 1;
            }
            atoms.push((value, join(pair.0, pair.1)));
        }
        let mut out = Self { atoms, flat, modulus: self.modulus };
        out.cut();
        out
    }

    /// The weights of a sum of two independent values. `scratch` is zero, `modulus` long, and is left
    /// so.
    #[must_use]
    pub fn summed(&self, other: &Self, scratch: &mut Vec<f64>) -> Self {
        scratch.resize(self.modulus as usize, 0.0);
        let n = self.modulus as usize;
        if let [(shift, weight)] = *other.atoms {
            return self.shifted(shift, weight, other.flat);
        }
        if let [(shift, weight)] = *self.atoms {
            return other.shifted(shift, weight, self.flat);
        }
        let mut touched: Vec<u32> = Vec::with_capacity(self.atoms.len().max(other.atoms.len()));
        for &(x, wx) in &self.atoms {
            for &(y, wy) in &other.atoms {
                let w = wx * wy;
                if w <= 0.0 {
                    continue;
                }
                let sum = x as usize + y as usize;
                let sum = if sum >= n { sum - n } else { sum };
                if scratch[sum] == 0.0 {
                    touched.push(sum as u32);
                }
                scratch[sum] += w;
            }
        }
        touched.sort_unstable();
        let atoms =
            touched.into_iter().map(|s| (s, std::mem::replace(&mut scratch[s as usize], 0.0))).collect();
        let flat = self.flat * other.total() + self.listed() * other.flat;
        let mut out = Self { atoms, flat, modulus: self.modulus };
        out.cut();
        out
    }

    /// The weights of a sum with a value of which one is listed.
    fn shifted(&self, shift: u32, weight: f64, flat: f64) -> Self {
        let n = self.modulus;
        let wraps = self.atoms.partition_point(|a| a.0 < n - shift);
        let moved = |a: &(u32, f64)| ((a.0 + shift) % n, a.1 * weight);
        let atoms = self.atoms[wraps..].iter().chain(&self.atoms[..wraps]).map(moved).collect();
        Self { atoms, flat: self.flat * (weight + flat) + self.listed() * flat, modulus: n }
    }

    /// The weights of a sum of two independent values, exact at the values that `at` lists, and exact
    /// in its total; other values are listed where the likeliest atoms of both sides meet, and flat
    /// elsewhere.
    #[must_use]
    pub fn summed_at(&self, other: &Self, at: &[(u32, f64)], scratch: &mut Vec<f64>) -> Self {
        if self.atoms.len() * other.atoms.len() <= TOP * TOP {
            return self.summed(other, scratch);
        }
        let n = self.modulus;
        let mut out = self.top().summed(&other.top(), scratch);
        let (few, many) = if self.atoms.len() < other.atoms.len() { (self, other) } else { (other, self) };
        for &(x, _) in at {
            let weight = few.atoms.iter().map(|&(y, w)| w * many.atom((x + n - y) % n)).sum::<f64>();
            match out.atoms.binary_search_by_key(&x, |a| a.0) {
                Ok(i) => out.atoms[i].1 = weight,
                Err(i) => out.atoms.insert(i, (x, weight)),
            }
        }
        let exact = self.flat * other.total() + self.listed() * other.flat;
        out.flat = exact + (self.listed() * other.listed() - out.listed()).max(0.0);
        out
    }

    /// The atoms with the largest weights only, without the flat part.
    fn top(&self) -> Self {
        let mut atoms = self.atoms.clone();
        atoms.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        atoms.truncate(TOP);
        Self::from_atoms(atoms, 0.0, self.modulus)
    }

    /// Moves small atoms into the flat part.
    fn cut(&mut self) {
        let largest = self.atoms.iter().fold(0.0f64, |m, a| m.max(a.1));
        let mut least = largest * CUT;
        if self.atoms.len() > MOST {
            let mut weights: Vec<f64> = self.atoms.iter().map(|a| a.1).collect();
            let (_, nth, _) = weights.select_nth_unstable_by(MOST, |a, b| b.total_cmp(a));
            least = least.max(*nth);
        }
        let mut gone = 0.0;
        self.atoms.retain(|a| {
            let keep = a.1 > least;
            if !keep {
                gone += a.1;
            }
            keep
        });
        self.flat += gone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(w: &Weights) -> Vec<f64> {
        (0..w.modulus).map(|x| w.weight(x)).collect()
    }

    #[test]
    fn a_sum_is_the_cyclic_convolution() {
        let a = Weights::from_atoms([(3, 0.5), (9, 0.2)], 0.3, 10);
        let b = Weights::from_atoms([(0, 0.1), (4, 0.6)], 0.3, 10);
        let (da, db) = (dense(&a), dense(&b));
        let sum = dense(&a.summed(&b, &mut Vec::new()));
        for (x, got) in sum.iter().enumerate() {
            let want: f64 = (0..10).map(|y| da[y] * db[(x + 10 - y) % 10]).sum();
            assert!((got - want).abs() < 1e-15, "{x}: {got} {want}");
        }
    }

    #[test]
    fn a_product_is_taken_value_by_value() {
        let a = Weights::from_atoms([(3, 0.5), (9, 0.2)], 0.3, 10);
        let b = Weights::from_atoms([(3, 0.1), (4, 0.6)], 0.3, 10);
        let (da, db) = (dense(&a), dense(&b));
        for (x, got) in dense(&a.times(&b)).iter().enumerate() {
            assert!((got - da[x] * db[x]).abs() < 1e-15);
        }
        let want: f64 = da.iter().zip(&db).map(|(p, q)| p * q).sum();
        assert!((a.overlap(&b) - want).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_listed_is_gathered_near_the_best_value() {
        let w = Weights::from_atoms([(12, 0.6), (15, 0.1)], 0.3, 100).gathered(0.5);
        let values: Vec<u32> = w.atoms().iter().map(|a| a.0).collect();
        let want = [2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 22, 32, 42, 52, 62, 72, 82, 92];
        assert_eq!(values, want);
        assert!((w.total() - 1.0).abs() < 1e-12 && (w.rest() - 0.15).abs() < 1e-12);
        assert!((w.atom(15) - 0.1 - 0.15 / 18.0).abs() < 1e-12);
        assert_eq!(Weights::flat(1.0, 100).gathered(0.5), Weights::flat(1.0, 100));
    }

    #[test]
    fn too_many_atoms_become_vaguer_but_lose_no_mass() {
        let wide = Weights::from_atoms((0..400).map(|x| (x * 7, 1.0 / f64::from(x + 1))), 0.0, 10_000);
        let total = wide.total();
        let mut scratch = Vec::new();
        let sum = wide.summed(&wide, &mut scratch);
        assert!(sum.atoms().len() <= MOST);
        assert!((sum.total() / (total * total) - 1.0).abs() < 1e-12);
        let at = wide.summed_at(&wide, &[(14, 0.0), (2793, 0.0)], &mut scratch);
        assert!((at.total() / (total * total) - 1.0).abs() < 1e-12);
        // 14 = 0 + 14 = 7 + 7 = 14 + 0.
        let exact = 1.0 / 3.0 + 0.25 + 1.0 / 3.0;
        assert!((at.atom(14) - exact).abs() < 1e-12);
        assert!(scratch.iter().all(|&s| s == 0.0));
    }
}

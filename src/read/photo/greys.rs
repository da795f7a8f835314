//! How often each grey occurs, and which one has so many darker ones.
//!
//! In: greys. Out: ranks of them, the same as sorting gives, without sorting. Refuses nothing: of no greys the rank is 255.

/// Greys counted, 0 to 255.
#[derive(Debug, Clone)]
pub struct Greys {
    counts: [u32; 256],
    all: usize,
}

impl Greys {
    /// None yet.
    pub const NONE: Self = Self { counts: [0; 256], all: 0 };

    /// Of many.
    pub fn of(values: &[u8]) -> Self {
        let mut out = Self::NONE;
        out.add(values);
        out
    }

    /// Counts more.
    pub fn add(&mut self, values: &[u8]) {
        values.iter().for_each(|&v| self.counts[usize::from(v)] += 1);
        self.all += values.len();
    }

    /// The grey at a rank from 0, the darkest first.
    pub fn at(&self, rank: usize) -> u8 {
        let mut sum = 0;
        let reached = self.counts.iter().position(|&count| {
            sum += count as usize;
            sum > rank
        });
        reached.map_or(255, |v| v as u8)
    }

    /// The grey below which this share of them is.
    pub fn share(&self, below: f64) -> u8 {
        self.at((below * self.all as f64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_sorting() {
        let greys: Vec<u8> = (0..500u32).map(|i| (i * i % 251) as u8).collect();
        let mut sorted = greys.clone();
        sorted.sort_unstable();
        let counted = Greys::of(&greys);
        for rank in [0, 1, 99, 250, 499] {
            assert_eq!(counted.at(rank), sorted[rank], "{rank}");
        }
        assert_eq!(counted.share(0.6), sorted[300]);
        assert_eq!(Greys::NONE.at(0), 255);
    }
}

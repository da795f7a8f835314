//! Values of pixels along a line, between those of blocks of pixels.
//!
//! In: how many pixels and blocks there are, a block's side. Out: for each pixel the value between those of the two blocks
//! between whose middles it stands; beyond the outer middles theirs. Refuses nothing.

/// How the pixels of a line stand among its blocks.
pub struct Blocks {
    side: usize,
    last: usize,
    /// A block, and how many pixels stand from its middle to the next.
    runs: Vec<(usize, usize)>,
    /// How far each is on its way there.
    shares: Vec<f32>,
}

impl Blocks {
    /// Of `pixels` in `blocks` of so many each, at least one.
    pub fn new(pixels: usize, side: usize, blocks: usize) -> Self {
        let mut out = Self { side, last: blocks - 1, runs: Vec::new(), shares: Vec::new() };
        let places: Vec<(usize, f32)> = (0..pixels).map(|pixel| out.place(pixel)).collect();
        out.runs = places.chunk_by(|a, b| a.0 == b.0).map(|run| (run[0].0, run.len())).collect();
        out.shares = places.into_iter().map(|p| p.1).collect();
        out
    }

    fn place(&self, pixel: usize) -> (usize, f32) {
        let f = ((pixel as f32 + 0.5) / self.side as f32 - 0.5).clamp(0.0, self.last as f32);
        (f as usize, f.fract())
    }

    /// The value of one pixel, given those `of` the blocks.
    pub fn at(&self, pixel: usize, of: impl Fn(usize) -> f32) -> f32 {
        let (block, share) = self.place(pixel);
        of(block) * (1.0 - share) + of((block + 1).min(self.last)) * share
    }

    /// The values of all pixels, given those of the blocks.
    pub fn line(&self, of: &[f32], mut out: &mut [f32]) {
        let mut shares = &self.shares[..];
        for &(block, count) in &self.runs {
            let (before, after) = (of[block], of[(block + 1).min(self.last)]);
            let (some, rest) = out.split_at_mut(count);
            let (own, further) = shares.split_at(count);
            some.iter_mut().zip(own).for_each(|(v, share)| *v = before * (1.0 - share) + after * share);
            (out, shares) = (rest, further);
        }
    }
}

/// A number from 0 to 32,767 without what is below the point, but for next to nothing: many are made whole at once, and
/// cast one by one.
pub fn whole(v: f32) -> i16 {
    // Numbers so large have one as their last bit.
    const LARGE: f32 = 12_582_912.0;
    (v - 0.499_98 + LARGE).to_bits() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_stand_between_the_middles_of_their_blocks() {
        let (blocks, of) = (Blocks::new(10, 4, 3), [10.0, 20.0, 40.0]);
        let mut line = [0.0; 10];
        blocks.line(&of, &mut line);
        assert_eq!([0, 1, 4, 7, 9].map(|x| line[x]), [10.0, 10.0, 16.25, 27.5, 37.5]);
        assert!(line.iter().enumerate().all(|(x, v)| blocks.at(x, |b| of[b]) == *v));
    }

    #[test]
    fn numbers_are_made_whole_as_casts_make_them() {
        let all = (0..2560).map(|i| i as f32 / 10.0);
        assert!(all.clone().all(|v| whole(v) == v as i16));
    }
}

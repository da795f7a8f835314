//! The fixed parts of a QR symbol: what every code of a version shows whatever it says.
//!
//! In: a version. Out: which modules are fixed and their colour, and the format words. Source: ISO/IEC
//! 18004 (function patterns, format and version information). Refuses versions outside 1 to 40 (`None`).

/// The function patterns of one version.
#[derive(Debug, Clone)]
pub(super) struct Symbol {
    /// Modules a side.
    pub size: usize,
    /// Row by row: dark (`Some(true)`), light, or data (`None`). Format modules are data here.
    pub fixed: Vec<Option<bool>>,
}

impl Symbol {
    /// The symbol of a version, 1 to 40.
    pub fn new(version: u32) -> Option<Self> {
        if !(1..=40).contains(&version) {
            return None;
        }
        let size = 17 + 4 * version as usize;
        let mut symbol = Self { size, fixed: vec![None; size * size] };
        for i in 8..size - 8 {
            symbol.set(i, 6, i % 2 == 0);
            symbol.set(6, i, i % 2 == 0);
        }
        for (cx, cy) in [(3, 3), (size - 4, 3), (3, size - 4)] {
            symbol.finder(cx, cy);
        }
        let at = alignment(version, size);
        for (i, &x) in at.iter().enumerate() {
            for (j, &y) in at.iter().enumerate() {
                let last = at.len() - 1;
                if (i, j) != (0, 0) && (i, j) != (last, 0) && (i, j) != (0, last) {
                    symbol.alignment(x, y);
                }
            }
        }
        symbol.set(8, size - 8, true);
        if version >= 7 {
            let bits = (version << 12) | bch(version, 12, 0x1F25);
            for i in 0..18 {
                let (a, b) = (size - 11 + i % 3, i / 3);
                let dark = bits >> i & 1 == 1;
                symbol.set(a, b, dark);
                symbol.set(b, a, dark);
            }
        }
        Some(symbol)
    }

    fn set(&mut self, x: usize, y: usize, dark: bool) {
        self.fixed[y * self.size + x] = Some(dark);
    }

    /// A finder pattern with its light separator.
    fn finder(&mut self, cx: usize, cy: usize) {
        for dy in 0..9 {
            for dx in 0..9 {
                let (Some(x), Some(y)) = ((cx + dx).checked_sub(4), (cy + dy).checked_sub(4)) else {
                    continue;
                };
                if x < self.size && y < self.size {
                    let ring = dx.abs_diff(4).max(dy.abs_diff(4));
                    self.set(x, y, ring != 2 && ring != 4);
                }
            }
        }
    }

    fn alignment(&mut self, cx: usize, cy: usize) {
        for dy in 0..5 {
            for dx in 0..5 {
                self.set(cx + dx - 2, cy + dy - 2, dx.abs_diff(2).max(dy.abs_diff(2)) != 1);
            }
        }
    }
}

/// Centres of the alignment patterns along one side.
fn alignment(version: u32, size: usize) -> Vec<usize> {
    if version == 1 {
        return Vec::new();
    }
    let count = version as usize / 7 + 2;
    let step = (version as usize * 8 + count * 3 + 5) / (count * 4 - 4) * 2;
    let mut at: Vec<usize> = (0..count - 1).map(|i| size - 7 - i * step).collect();
    at.push(6);
    at.reverse();
    at
}

/// The remainder of `data` shifted by `degree` under the generator: the check bits.
fn bch(data: u32, degree: u32, generator: u32) -> u32 {
    let mut rest = data;
    for _ in 0..degree {
        rest = (rest << 1) ^ ((rest >> (degree - 1)) * generator);
    }
    rest & ((1 << degree) - 1)
}

/// The 32 format words: every level with every mask.
pub(super) fn format_words() -> [u32; 32] {
    std::array::from_fn(|data| ((data as u32) << 10 | bch(data as u32, 10, 0x537)) ^ 0x5412)
}

/// Where bit `bit` (0 to 14) of the format word stands: both copies, as (x, y).
pub(super) fn format_places(size: usize, bit: usize) -> [(usize, usize); 2] {
    let first = match bit {
        0..=5 => (8, bit),
        6 => (8, 7),
        7 => (8, 8),
        8 => (7, 8),
        _ => (14 - bit, 8),
    };
    let second = if bit < 8 { (size - 1 - bit, 8) } else { (8, size - 15 + bit) };
    [first, second]
}

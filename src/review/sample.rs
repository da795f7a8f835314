//! What is entered twice, what is drawn for the audit.
//!
//! In: settings as they stand in the log. Out: whether a field is entered blind, and which
//! accepted sheets are drawn. The choice is SHA-256 of the seed and the sheet's
//! key, so that everyone who has the log and the records can repeat it. Refuses settings that are no
//! numbers by passing them over.

use super::log::{Action, Deed};
use crate::decide::Status;
use crate::record::Record;
use crate::report::sheet_key;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The setting of the blind second entry: `after` is share and seed.
pub const BLIND: &str = "blind";
/// The setting of the audit: `after` is number and seed.
pub const AUDIT: &str = "audit";

/// What the log says about blind entry and audit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Share of the doubtful fields that are entered twice, 0 to 1, and the seed.
    pub blind: Option<(f64, u64)>,
    /// How many accepted sheets are drawn, and the seed.
    pub audit: Option<(usize, u64)>,
}

impl Settings {
    /// Takes in a setting of the log.
    pub fn hear(&mut self, deed: &Deed) {
        let text = deed.after.as_deref().unwrap_or_default();
        let mut parts = text.split_whitespace();
        let (Some(first), Some(seed)) = (parts.next(), parts.next().and_then(|s| s.parse().ok())) else {
            return;
        };
        match deed.field.as_str() {
            BLIND => self.blind = first.parse().ok().map(|share| (share, seed)),
            AUDIT => self.audit = first.parse().ok().map(|n| (n, seed)),
            _ => {}
        }
    }

    /// A setting as the log takes it.
    pub fn deed(who: &str, field: &str, value: String, before: Option<String>) -> Deed {
        Deed { after: Some(value), before, ..Deed::now(who, "", field, Action::Setting) }
    }

    /// Whether a field is entered twice without sight of other values.
    pub fn is_blind(&self, sheet: &str, field: &str) -> bool {
        self.blind.is_some_and(|(share, seed)| lot(seed, &[BLIND, sheet, field]) < share)
    }

    /// Indices of the accepted records that are drawn, in input order. A sheet that was put together from
    /// several photos is not drawn: no one photo shows all of it.
    pub fn drawn(&self, records: &[Record]) -> BTreeSet<usize> {
        let Some((n, seed)) = self.audit else { return BTreeSet::new() };
        let mut seen = BTreeSet::new();
        let mut lots: Vec<(f64, usize)> = Vec::new();
        for (ix, record) in records.iter().enumerate() {
            let whole = record.status == Status::Accepted && record.source.joined.is_empty();
            let Some(key) = sheet_key(record).filter(|_| whole) else { continue };
            if seen.insert(key.clone()) {
                lots.push((lot(seed, &[AUDIT, &key]), ix));
            }
        }
        lots.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        lots.into_iter().take(n).map(|l| l.1).collect()
    }
}

/// A number from 0 to below 1 that depends on the seed and the parts alone.
fn lot(seed: u64, parts: &[&str]) -> f64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    // 53 bits: what a double holds exactly, so that the result stays below 1.
    (u64::from_be_bytes(first) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn the_same_seed_draws_the_same_sheets_and_only_accepted_ones() {
        let mut records: Vec<Record> = (0..60).map(|i| sample::record(&format!("{i}.jpg"))).collect();
        for record in &mut records[..30] {
            record.status = Status::Review;
        }
        let draw = |seed| Settings { audit: Some((10, seed)), blind: None }.drawn(&records);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).len() == 10 && draw(1).iter().all(|&i| i >= 30));
    }

    #[test]
    fn about_the_chosen_share_of_fields_is_blind() {
        let settings = Settings { blind: Some((0.25, 7)), audit: None };
        let blind = (0..4000).filter(|i| settings.is_blind(&format!("sheet{i}"), "NM_PSUV")).count();
        assert!((900..1100).contains(&blind), "{blind}");
    }
}

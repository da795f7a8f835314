//! What is entered twice, what is drawn for the audit.
//!
//! In: settings as they stand in the log. Out: whether a field is entered blind, and which
//! accepted sheets are drawn. The choice is SHA-256 of the seed and the sheet's
//! key, so that everyone who has the log and the records can repeat it; a setting of a log whose keys held a
//! pixel draws by those still, so that no other sheets are drawn under people's hands. Refuses settings that
//! are no numbers by passing them over.

use super::log::{Action, Deed};
use super::machine::Machine;
use crate::decide::Status;
use crate::record::{Record, SheetMark, pixel_key, sheet_key};
use crate::run::output::OutputError;
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
    /// Which of the two were set when a sheet's key held a pixel.
    pub by_pixel: BTreeSet<String>,
}

/// What a setting of today says after value and seed.
const BY_ORDINAL: &str = "2";

impl Settings {
    /// Takes in a setting of the log.
    pub fn hear(&mut self, deed: &Deed) {
        let text = deed.after.as_deref().unwrap_or_default();
        let mut parts = text.split_whitespace();
        let (Some(first), Some(seed)) = (parts.next(), parts.next().and_then(|s| s.parse().ok())) else {
            return;
        };
        if parts.next() == Some(BY_ORDINAL) {
            self.by_pixel.remove(&deed.field);
        } else {
            self.by_pixel.insert(deed.field.clone());
        }
        match deed.field.as_str() {
            BLIND => self.blind = first.parse().ok().map(|share| (share, seed)),
            AUDIT => self.audit = first.parse().ok().map(|n| (n, seed)),
            _ => {}
        }
    }

    /// A setting as the log takes it, from value and seed.
    pub fn deed(who: &str, field: &str, value: String, before: Option<String>) -> Deed {
        let after = Some(format!("{value} {BY_ORDINAL}"));
        Deed { after, before, ..Deed::now(who, &SheetMark::default(), field, Action::Setting) }
    }

    /// What a setting's lots are drawn by.
    fn key(&self, setting: &str, record: &Record) -> Option<String> {
        if self.by_pixel.contains(setting) { pixel_key(record) } else { sheet_key(record) }
    }

    /// Whether a field is entered twice without sight of other values.
    pub fn is_blind(&self, record: &Record, field: &str) -> bool {
        let sheet = self.key(BLIND, record).unwrap_or_default();
        self.blind.is_some_and(|(share, seed)| lot(seed, &[BLIND, &sheet, field]) < share)
    }

    /// Indices of the accepted records of a run that are drawn. A sheet that was put together from several photos is not
    /// drawn: no one photo shows all of it.
    ///
    /// # Errors
    /// The records cannot be read any more.
    pub fn drawn(&self, machine: &Machine) -> Result<BTreeSet<usize>, OutputError> {
        let mut lots = self.lots();
        if self.audit.is_some() {
            machine.visit(|_, record| {
                lots.add(&record);
                Ok::<_, OutputError>(())
            })?;
        }
        Ok(lots.drawn())
    }

    /// The same for records that come one by one, in input order.
    pub fn lots(&self) -> Lots<'_> {
        Lots { settings: self, seen: BTreeSet::new(), lots: Vec::new(), next: 0 }
    }
}

/// Draws among records as they come.
pub struct Lots<'s> {
    settings: &'s Settings,
    seen: BTreeSet<String>,
    lots: Vec<(f64, usize)>,
    next: usize,
}

impl Lots<'_> {
    /// Takes in the next record.
    pub fn add(&mut self, record: &Record) {
        let ix = self.next;
        self.next += 1;
        let Some((_, seed)) = self.settings.audit else { return };
        let whole = record.status == Status::Accepted && !record.is_joined();
        let Some(key) = self.settings.key(AUDIT, record).filter(|_| whole) else { return };
        if !self.seen.contains(&key) {
            self.lots.push((lot(seed, &[AUDIT, &key]), ix));
            self.seen.insert(key);
        }
    }

    /// The indices that are drawn.
    pub fn drawn(mut self) -> BTreeSet<usize> {
        self.lots.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let n = self.settings.audit.map_or(0, |a| a.0);
        self.lots.into_iter().take(n).map(|l| l.1).collect()
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
    use crate::run::output::sample;

    fn drawn(settings: &Settings, records: &[Record]) -> BTreeSet<usize> {
        let mut lots = settings.lots();
        records.iter().for_each(|record| lots.add(record));
        lots.drawn()
    }

    #[test]
    fn the_same_seed_draws_the_same_sheets_and_only_accepted_ones() {
        let mut records: Vec<Record> = (0..60).map(|i| sample::record(&format!("{i}.jpg"))).collect();
        for record in &mut records[..30] {
            record.stand_at(Status::Review);
        }
        let draw = |seed| drawn(&Settings { audit: Some((10, seed)), ..Settings::default() }, &records);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).len() == 10 && draw(1).iter().all(|&i| i >= 30));
    }

    #[test]
    fn a_draw_of_an_earlier_log_stays_as_it_was_drawn() {
        let records: Vec<Record> = (0..40).map(|i| sample::record(&format!("{i}.jpg"))).collect();
        let mut settings = Settings::default();
        let new = Settings::deed("ana", AUDIT, "5 1".to_owned(), None);
        settings.hear(&Deed { after: Some("5 1".to_owned()), ..new.clone() });
        let (then, by_pixel) = (drawn(&settings, &records), settings.by_pixel.clone());
        // As the earlier program drew: the key of an unregistered sheet was file and page.
        let mut lots: Vec<(f64, usize)> =
            (0..40).map(|ix| (lot(1, &[AUDIT, &format!("{}-0", records[ix].source().sha256)]), ix)).collect();
        lots.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(then, lots[..5].iter().map(|l| l.1).collect());
        assert!(by_pixel.contains(AUDIT));
        settings.hear(&new);
        assert!(settings.by_pixel.is_empty() && settings.audit == Some((5, 1)));
    }

    #[test]
    fn about_the_chosen_share_of_fields_is_blind() {
        let settings = Settings { blind: Some((0.25, 7)), ..Settings::default() };
        let of = |i: &i32| settings.is_blind(&sample::record(&format!("sheet{i}")), "NM_PSUV");
        let blind = (0..4000).filter(of).count();
        assert!((900..1100).contains(&blind), "{blind}");
    }
}

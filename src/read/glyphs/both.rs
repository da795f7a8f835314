//! Both readers together: who is asked for what.
//!
//! In: the number cells of a sheet and the choice of readers. Out: a [`FieldEvidence`] a field. The
//! network reads every cell; Tesseract is asked for the cells that the network leaves open, or for
//! all, as chosen. Each worker thread keeps one Tesseract engine, started when it is first needed.

use super::net::{NetError, NetReader};
use super::{CellReading, Distribution, ReaderChoice, ReaderId, Reading};
use crate::form::{FieldIx, Words};
use crate::read::cut::{ChannelCell, NumberCells, Quality};
use crate::read::glyphs::FieldEvidence;
use std::collections::{BTreeMap, BTreeSet};

/// The network leaves a cell open when its best value has less than this: Tesseract, which is right
/// on about 97 of 100 clean cells, can add to the certainty below it and hardly above.
pub(crate) const OPEN: f64 = 0.99;
/// From here on it does not, where another reading of the number is sure of the same. (Of 15 such cells on 42 scans
/// Tesseract reads 5 as they are, 9 not surely and 1 wrongly.)
const AGREED: f64 = 0.9;

/// Whether what the network says of a number is left as it is, another reading of the number standing `beside` it.
pub(crate) fn settled(said: &Distribution, beside: Option<&Distribution>) -> bool {
    let Some((value, p)) = said.best() else { return false };
    let agrees = || beside.and_then(Distribution::best).is_some_and(|b| b.0 == value && b.1 >= OPEN);
    p >= OPEN || (p >= AGREED && agrees())
}

/// The readers, shared by all workers.
pub struct Readers {
    net: NetReader,
}

/// A printed channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digits,
    Words,
}

impl Readers {
    /// Loads the networks.
    ///
    /// # Errors
    /// A model that does not load: the build is damaged.
    pub fn new() -> Result<Self, NetError> {
        Ok(Self { net: NetReader::new()? })
    }

    /// The networks.
    pub(crate) fn net(&self) -> &NetReader {
        &self.net
    }

    /// SHA-256 of each model by name.
    pub fn hashes(&self) -> BTreeMap<String, String> {
        self.net.hashes()
    }

    /// Reads all cells: one entry a field of the form.
    pub fn read(&self, cells: &NumberCells<'_>, choice: ReaderChoice) -> Vec<FieldEvidence> {
        let mut fields = vec![FieldEvidence::default(); cells.form.fields.len()];
        let net = |own: &[ChannelCell], kind| -> Vec<Option<Distribution>> {
            match choice {
                ReaderChoice::Tesseract => vec![None; own.len()],
                _ => self.cells(own, kind, cells.form.places).into_iter().map(Some).collect(),
            }
        };
        let digits = (&cells.digits, net(&cells.digits, Kind::Digits));
        let words = (&cells.words, net(&cells.words, Kind::Words));
        for (kind, (own, said), other) in [(Kind::Digits, &digits, &words), (Kind::Words, &words, &digits)] {
            for (cell, net) in own.iter().zip(said.iter().cloned()) {
                let at = other.0.iter().position(|c| c.field == cell.field);
                let beside = at.and_then(|at| other.1[at].as_ref());
                let open = net.as_ref().is_none_or(|said| !settled(said, beside));
                let ask = match choice {
                    ReaderChoice::Auto => open,
                    ReaderChoice::Net => false,
                    ReaderChoice::Tesseract | ReaderChoice::Both => true,
                };
                let mut readings = Vec::new();
                readings.extend(net.map(|distribution| Reading { reader: ReaderId::Net, distribution }));
                let words = cells.words.iter().find(|c| c.field == cell.field);
                if ask && let Some(distribution) = second(cell, kind, words, cells.form.words.as_ref()) {
                    let distribution = distribution.within(cells.form.max_value());
                    readings.push(Reading { reader: ReaderId::Tesseract, distribution });
                }
                let covered = cell.covered.clone();
                let mut reading = CellReading { readings, quality: cell.quality, covered };
                let places = cells.form.places;
                let characters = reading.best().map_or(places, |b| b.0.to_string().len());
                reading.quality.coverage = 1.0 - cell.hidden(characters);
                match kind {
                    Kind::Digits => fields[cell.field].digits = Some(reading),
                    Kind::Words => fields[cell.field].words = Some(reading),
                }
            }
        }
        fields
    }

    /// Reads the shares in per cent: hundredths, by the network alone, which no relation can do without.
    pub fn shares(&self, cells: &NumberCells<'_>, choice: ReaderChoice) -> BTreeMap<FieldIx, CellReading> {
        if choice == ReaderChoice::Tesseract {
            return BTreeMap::new();
        }
        let crops: Vec<_> = cells.shares.iter().map(|c| c.lines[0].clone()).collect();
        let one = |(cell, distribution): (&ChannelCell, Distribution)| {
            let characters = distribution.best().map_or(4, |b| b.0.to_string().len().max(3) + 1);
            let quality = Quality { coverage: 1.0 - cell.hidden(characters), ..cell.quality };
            let readings = vec![Reading { reader: ReaderId::Net, distribution }];
            (cell.field, CellReading { readings, quality, covered: cell.covered.clone() })
        };
        cells.shares.iter().zip(self.net.read_shares(&crops)).map(one).collect()
    }

    fn cells(&self, cells: &[ChannelCell], kind: Kind, places: usize) -> Vec<Distribution> {
        let first: Vec<_> = cells.iter().map(|c| c.lines[0].clone()).collect();
        match kind {
            Kind::Digits => self.net.read_digits(&first, places),
            Kind::Words => self.net.read_words(&first, places, |i| cells[i].lines.get(1).cloned()),
        }
    }
}

/// From this much of a character on light is told, in characters: what it leaves of a digit is another.
const DAZZLED: f64 = 0.2;

/// The fields of which light covers some of a number, as it is read, ascending.
pub fn glare(cells: &NumberCells<'_>, read: &[FieldEvidence]) -> Vec<FieldIx> {
    let digits = cells.digits.iter().map(|c| (c, &read[c.field].digits));
    let words = cells.words.iter().map(|c| (c, &read[c.field].words));
    let dazzled = |(cell, said): &(&ChannelCell, &Option<CellReading>)| {
        let characters =
            said.as_ref().and_then(CellReading::best).map_or(cells.form.places, |b| b.0.to_string().len());
        cell.dazzled(characters) >= DAZZLED
    };
    let fields: BTreeSet<FieldIx> = digits.chain(words).filter(dazzled).map(|(cell, _)| cell.field).collect();
    fields.into_iter().collect()
}

/// What Tesseract says of a cell, `beside` being the words of the same field; `None` where it does not start or is not built in.
#[cfg(feature = "tesseract")]
fn second(
    cell: &ChannelCell,
    kind: Kind,
    beside: Option<&ChannelCell>,
    words: Option<&Words>,
) -> Option<Distribution> {
    super::tesseract::with_engine(|engine| {
        Some(match (kind, beside) {
            (Kind::Digits, Some(beside)) => engine.field(&cell.lines[0], &beside.lines[0]),
            (Kind::Digits, None) => engine.digits(&cell.lines[0]),
            (Kind::Words, _) => engine.words(&cell.lines, words?),
        })
    })
    .flatten()
}

#[cfg(not(feature = "tesseract"))]
fn second(_: &ChannelCell, _: Kind, _: Option<&ChannelCell>, _: Option<&Words>) -> Option<Distribution> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_open_unless_it_is_sure_or_another_print_is_sure_of_the_same() {
        let said = |value, p| Distribution::from_weights(vec![(value, p)], 0.0, 1.0 - p);
        let settled = |own, beside: Option<Distribution>| settled(&own, beside.as_ref());
        assert!(settled(said(5, 0.995), None) && settled(said(5, 0.995), Some(said(6, 0.995))));
        assert!(settled(said(5, 0.95), Some(said(5, 0.995))));
        for beside in [None, Some(said(6, 0.995)), Some(said(5, 0.95))] {
            assert!(!settled(said(5, 0.95), beside));
        }
        assert!(!settled(said(5, 0.7), Some(said(5, 0.995))) && !settled(Distribution::unreadable(), None));
    }
}

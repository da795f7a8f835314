//! The machine's records of a run under review, each read when it is asked for.
//!
//! In: a run's folder. Out: [`Machine`]: a record by its place; in memory stays where each begins. The file is held open, so
//! that it stays the one that was checked, whatever takes its name. Refuses a line that is no record, naming it.

use crate::record::Record;
use crate::run::output::{OutputError, Rows};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The records as the program made them.
pub struct Machine {
    rows: Mutex<Rows>,
    len: usize,
}

impl Machine {
    /// Those of a folder; `each` sees them all once, in their order.
    ///
    /// # Errors
    /// The folder holds no run; a line is no record.
    pub fn open(dir: &Path, mut each: impl FnMut(&Record)) -> Result<Self, OutputError> {
        let (mut rows, mut len) = (Rows::of_machine(dir)?, 0);
        while let Some(record) = rows.next()? {
            each(&record);
            len += 1;
        }
        Ok(Self { rows: Mutex::new(rows), len })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// One of them.
    ///
    /// # Errors
    /// The system refuses.
    pub fn get(&self, ix: usize) -> Result<Record, OutputError> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).get(ix)
    }

    /// All of them, in their order.
    ///
    /// # Errors
    /// The system refuses; what `each` says.
    pub fn visit<E: From<OutputError>>(
        &self,
        mut each: impl FnMut(usize, Record) -> Result<(), E>,
    ) -> Result<(), E> {
        (0..self.len).try_for_each(|ix| each(ix, self.get(ix)?))
    }
}

//! What was noticed on a sheet, as data that rides on its record.
//!
//! A finding has a stable code, a severity, the field it is about, a message that says what is seen
//! with its numbers, and a hint that says what a person can do. The words are neutral: they say what
//! is seen, not who did it. Nothing that matters is only logged. Refuses a code that this version does
//! not know: what it cannot weigh it does not pass on.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::borrow::Cow;
use std::cmp::Ordering;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know; does not keep a sheet from being accepted.
    Info,
    /// Keeps the sheet from being accepted until a person has looked.
    Review,
    /// The sheet or file cannot be used.
    Reject,
}

/// Everything that can be noticed; in records by its name in snake_case.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    JsonSchema,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Code {
    /// The prints of a number say different numbers.
    ChannelsDisagree,
    /// A sum or a bound does not hold.
    RelationBroken,
    /// More votes than registered voters.
    ElectoresExceeded,
    /// A number is not the one that the others give.
    OutOfLine,
    /// The relations overruled what was read.
    ValueCorrected,
    /// Nothing was read; the relations or a registry gave the number.
    ValueFilled,
    /// A number, or one of its prints, could not be read.
    CellUnreadable,
    /// A print rather shows another number, as readings of such print err now and then.
    Misreading,
    /// Numbers are not on the photo.
    FieldsAbsent,
    /// A wrong number is too probable.
    LowConfidence,
    /// Registered voters differ from the registry's.
    ElectoresDiffer,
    /// The registry has no such table.
    TableNotRegistered,
    /// A name is printed otherwise than the registry has it.
    PlaceDiffers,
    /// No QR code was decoded.
    QrMissing,
    /// The QR code is none of this form.
    QrForeign,
    /// The QR code is another sheet's.
    QrOfAnotherSheet,
    /// The printed code was read with doubt; the QR code says another.
    CodeDoubtful,
    /// The printed code could not be read.
    CodeUnreadable,
    /// No number was read.
    NothingRead,
    /// Every row is 0.
    ZeroReport,
    /// Dated of another day.
    AnotherElection,
    /// Most readings are guesses.
    ManyDoubtful,
    /// Rows may be taken for each other.
    RowsDoubtful,
    /// The print is too small.
    Illegible,
    /// Light hides part of a number.
    Glare,
    /// A scanner's streaks were taken out.
    Streaks,
    /// No known form was found.
    NoSheet,
    /// Of a sheet only its QR code was found.
    CodeAlone,
    /// The same bytes under two paths.
    DuplicateFile,
    /// The system does not give the file.
    UnreadableFile,
    /// No bytes.
    EmptyFile,
    /// Over a limit in bytes or pixels.
    TooLarge,
    /// No known format.
    NotAPicture,
    /// A known format of an unknown kind, or one that this build leaves out.
    UnsupportedPicture,
    /// Protected with a password.
    LockedFile,
    /// A file of several pages without any.
    NoPages,
    /// Over the limit of pages.
    TooManyPages,
    /// Cut short or damaged.
    DamagedPicture,
    /// The program failed.
    InternalError,
    /// Its sheet stands in another record.
    PartOfSheet,
    /// Read from several photos.
    JoinedPhotos,
    /// Photos of one sheet show different numbers.
    PhotosDisagree,
    /// Of a run: a folder or scanner with many sheets that are not accepted.
    GroupNotAccepted,
    /// Of a run: a folder or scanner with many QR codes that are not read.
    GroupWithoutQr,
}

impl Code {
    /// Its name, as records write it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// By name, so that no output hangs on the order above.
impl Ord for Code {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(from)?;
        let unknown =
            |_| format!("this version knows no finding {name:?}; a newer cotejo may have written it");
        name.parse().map_err(unknown).map_err(D::Error::custom)
    }
}

/// One thing noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// The id of the field it is about, if it is about one.
    pub field: Option<String>,
    /// What is seen, with its numbers.
    pub message: String,
    /// What a person can do about it; empty when nothing needs doing.
    pub hint: String,
}

impl Finding {
    /// A finding about the whole sheet or file.
    pub fn new(code: Code, severity: Severity, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, severity, field: None, message: message.into(), hint: hint.into() }
    }

    /// The same finding, about one field.
    #[must_use]
    pub fn on(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn a_code_is_written_and_read_by_its_name() {
        for code in Code::iter() {
            let written = serde_json::to_string(&code).unwrap();
            assert_eq!(written, format!("\"{}\"", code.name()));
            assert_eq!(serde_json::from_str::<Code>(&written).unwrap(), code);
        }
        assert_eq!(Code::QrOfAnotherSheet.name(), "qr_of_another_sheet");
        let refused = serde_json::from_str::<Code>("\"coffee_stain\"").unwrap_err().to_string();
        assert!(refused.contains("coffee_stain") && refused.contains("newer"), "{refused}");
    }
}

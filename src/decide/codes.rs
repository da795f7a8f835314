//! Which sheet it is: the code in the header and the QR code.
//!
//! In: the evidence. Out: the sheet's code, and whether the QR code is this sheet's. Refuses a QR code that differs from
//! the print: its numbers are then not heard.

use super::channels::{QrTrust, Reliance, channels_text, hear};
use super::strings::code;
use crate::form::{FieldIx, Form};
use crate::ground::finding::{Code, Finding, Severity};
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;

/// From here on a header reading is taken as said with confidence. The header is printed once, so
/// that nothing else can raise it.
pub const HEADER_SURE: f64 = 0.99;

/// From this many numbers on, a QR code that differs from the print is another sheet's, when the acta
/// code does not say otherwise: two are two exchanged rows.
const FOREIGN_FROM: usize = 3;

/// Whether the QR code belongs to the sheet, and what is to say about that.
pub struct QrStanding {
    /// Whether to believe it.
    pub trust: QrTrust,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// Compares the QR code with the sheet around it.
pub fn qr_standing(evidence: &Evidence, reliance: Reliance) -> QrStanding {
    let form: &Form = &evidence.form;
    let belongs = |findings| QrStanding { trust: QrTrust::Belongs, findings };
    let foreign = |finding| QrStanding { trust: QrTrust::Foreign, findings: vec![finding] };
    let payload = match &evidence.qr {
        QrOutcome::NotLooked => return belongs(Vec::new()),
        QrOutcome::NotFound => {
            let message = "no QR code could be decoded";
            return belongs(vec![Finding::new(Code::QrMissing, Severity::Info, message, "")]);
        }
        QrOutcome::Foreign(text) => {
            let message = format!("the QR code on the photo is not one of this form: {text:?}");
            let hint = "look whether the code under the sheet belongs to it";
            return belongs(vec![Finding::new(Code::QrForeign, Severity::Review, message, hint)]);
        }
        QrOutcome::Read(payload) => payload,
    };
    let differing: Vec<FieldIx> = (0..form.fields.len())
        .filter(|&ix| hear(evidence, ix, QrTrust::Belongs, reliance).qr_contradicts_print())
        .collect();
    let carried = payload.values.iter().flatten().count();
    let examples: Vec<String> = differing
        .iter()
        .take(3)
        .map(|&ix| {
            format!(
                "{}: {}",
                form.fields[ix].label,
                channels_text(&hear(evidence, ix, QrTrust::Belongs, reliance))
            )
        })
        .collect();
    let differs = match differing.len() {
        0 => format!("none of its {carried} numbers differs from the print"),
        n => format!("{n} of its {carried} numbers differ from the print ({})", examples.join("; ")),
    };
    let hint = "check whether print and QR code are of one sheet";
    let told = code(evidence);
    let printed = told.as_ref().filter(|(code, _)| *code != payload.code);
    match printed {
        Some((code, p)) if *p >= HEADER_SURE || differing.len() >= FOREIGN_FROM => {
            let message = format!("the sheet's code is {code}, the QR code's {}; {differs}", payload.code);
            foreign(Finding::new(Code::QrOfAnotherSheet, Severity::Review, message, hint))
        }
        Some((code, _)) => {
            let message = format!(
                "the code in the header was read as {code}, doubtfully; the QR code says {}",
                payload.code
            );
            belongs(vec![Finding::new(Code::CodeDoubtful, Severity::Info, message, "")])
        }
        None if told.is_none() && differing.len() >= FOREIGN_FROM => {
            let message = format!("the QR code is of {}; {differs}", payload.code);
            foreign(Finding::new(Code::QrOfAnotherSheet, Severity::Review, message, hint))
        }
        None => belongs(Vec::new()),
    }
}

/// The code of the sheet: the QR code's, if it belongs to the sheet, or the header's, if it was read
/// with confidence.
pub fn sheet_code(evidence: &Evidence) -> Option<String> {
    sheet_code_by(evidence, qr_standing(evidence, Reliance::of(evidence)).trust)
}

/// The same where it is known whether the QR code belongs to the sheet.
pub fn sheet_code_by(evidence: &Evidence, qr: QrTrust) -> Option<String> {
    match &evidence.qr {
        QrOutcome::Read(payload) if qr == QrTrust::Belongs => Some(payload.code.clone()),
        _ => code(evidence).filter(|c| c.1 >= HEADER_SURE).map(|c| c.0),
    }
}

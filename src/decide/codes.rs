//! Which sheet it is: the code in the header and the QR code.
//!
//! In: the evidence. Out: the sheet's code, and whether the QR code is this sheet's. Refuses a QR code that differs from
//! the print: its numbers are then not heard.

use super::channels::{QrTrust, Reliance, Told, hear, told};
use super::strings::code;
use crate::form::{FieldIx, Form};
use crate::ground::finding::{Finding, Severity, What};
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;

/// From here on a header reading is taken as said with confidence. The header is printed once, so
/// that nothing else can raise it.
pub const HEADER_SURE: f64 = 0.99;

/// From this many numbers on, a QR code that differs from the print is another sheet's, when the
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
            return belongs(vec![Finding::new(Severity::Info, What::QrMissing {})]);
        }
        QrOutcome::Foreign(text) => {
            let text = text.escape_debug().to_string();
            return belongs(vec![Finding::new(Severity::Review, What::QrForeign { text })]);
        }
        QrOutcome::Read(payload) => payload,
    };
    let differing: Vec<FieldIx> = (0..form.fields.len())
        .filter(|&ix| hear(evidence, ix, QrTrust::Belongs, reliance).qr_contradicts_print())
        .collect();
    let carried = payload.values.iter().flatten().count();
    let example = |&ix: &FieldIx| {
        let Told { digits, words, qr, .. } = told(&hear(evidence, ix, QrTrust::Belongs, reliance));
        let mut print: Vec<String> = [digits, words].into_iter().flatten().map(|v| v.to_string()).collect();
        print.dedup();
        let qr = qr.map_or_else(String::new, |v| v.to_string());
        format!("{}: {} ≠ {qr}", form.fields[ix].label, print.join("/"))
    };
    let of_another = |printed: Option<&String>| What::QrOfAnotherSheet {
        printed: printed.cloned(),
        code: payload.code.clone(),
        differing: differing.len(),
        carried,
        examples: differing.iter().take(3).map(example).collect(),
    };
    let read = code(evidence);
    let printed = read.as_ref().filter(|(code, _)| *code != payload.code);
    match printed {
        Some((code, p)) if *p >= HEADER_SURE || differing.len() >= FOREIGN_FROM => {
            foreign(Finding::new(Severity::Review, of_another(Some(code))))
        }
        Some((printed, _)) => {
            let (printed, code) = (printed.clone(), payload.code.clone());
            belongs(vec![Finding::new(Severity::Info, What::CodeDoubtful { printed, code })])
        }
        None if read.is_none() && differing.len() >= FOREIGN_FROM => {
            foreign(Finding::new(Severity::Review, of_another(None)))
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

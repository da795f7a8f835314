//! The QR code: found, decoded, parsed strictly by the form's grammar.
//!
//! In: the photo's grey pixels, the sheet's mesh if it is known, the form. Out: a [`QrOutcome`]. The
//! native pixels around the place where the form expects the code are tried first, then the whole
//! photo, then a ladder of retries and a repair from the code's known geometry ([`repair`]). What
//! does not fit the grammar to the letter, or carries another number of votes than the form has rows,
//! is foreign and yields no value.

#[cfg(feature = "qr")]
mod decode;
#[cfg(feature = "qr")]
mod repair;
#[cfg(feature = "qr")]
mod symbol;
#[cfg(test)]
#[cfg(feature = "qr")]
mod tests;

use crate::form::Form;
use crate::ground::geometry::{Point, Quad, Rect};
use crate::read::sheet::Mesh;
#[cfg(feature = "qr")]
use decode::{Decoded, Thoroughness, Window};
use image::GrayImage;
use serde::{Deserialize, Serialize};

/// A payload that fits the form's grammar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QrPayload {
    /// The text as decoded.
    pub text: String,
    /// Group `code`.
    pub code: String,
    /// Group `centre`.
    pub centre: String,
    /// Group `table`.
    pub table: String,
    /// One entry a field of the form, in the form's order: `None` where the QR does not carry it.
    pub values: Vec<Option<u32>>,
    /// Corners in photo pixels.
    pub quad: Quad,
}

/// What looking for the QR code came to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum QrOutcome {
    /// The form has none, or it was not to be looked at (`--no-qr`).
    #[default]
    NotLooked,
    /// Nothing decodable was found.
    NotFound,
    /// Something was decoded that does not fit the grammar; its text, shortened to 200 characters.
    Foreign(String),
    /// Decoded and parsed.
    Read(QrPayload),
}

/// Millimetres around the expected place that are searched too: a bent strip's mesh is extrapolated
/// far below its last anchor.
const SEARCH_MARGIN: f64 = 12.0;

/// Finds and decodes the form's QR code.
///
/// `hint` is the sheet's mesh. With it the code nearest to where the form expects it is taken;
/// without it only the whole photo is tried, and no repair. Without a QR code in the form the answer
/// is [`QrOutcome::NotLooked`].
#[cfg(feature = "qr")]
pub fn read(pixels: &GrayImage, hint: Option<&Mesh>, form: &Form) -> QrOutcome {
    let Some(spec) = &form.qr else { return QrOutcome::NotLooked };
    // The code stands far below the last anchor.
    let far = hint.map(|mesh| mesh.extended(0.0, spec.top.1 + spec.size + 2.0 * SEARCH_MARGIN));
    let hint = far.as_ref();
    let mut foreign = None;
    let region = hint.and_then(|mesh| {
        let (x, y) = (spec.left - SEARCH_MARGIN, spec.top.0 - SEARCH_MARGIN);
        let height = spec.top.1 - spec.top.0 + spec.size + 2.0 * SEARCH_MARGIN;
        let rect = Rect::new(x, y, spec.size + 2.0 * SEARCH_MARGIN, height);
        Window::around(mesh.quad(rect), pixels)
    });
    if let Some(window) = region {
        let found = decode::window(pixels, window, Thoroughness::Normal);
        if let Some(payload) = choose(found, hint, form, &mut foreign) {
            return QrOutcome::Read(payload);
        }
    }
    let whole = decode::window(pixels, Window::whole(pixels), Thoroughness::Normal);
    if let Some(payload) = choose(whole, hint, form, &mut foreign) {
        return QrOutcome::Read(payload);
    }
    let retried = match hint {
        Some(mesh) => repair::retry(pixels, mesh, spec, |text| fits(text, form)),
        None => decode::window(pixels, Window::whole(pixels), Thoroughness::Hard),
    };
    if let Some(payload) = choose(retried, hint, form, &mut foreign) {
        return QrOutcome::Read(payload);
    }
    foreign.map_or(QrOutcome::NotFound, QrOutcome::Foreign)
}

/// A build without the feature `qr` does not look.
#[cfg(not(feature = "qr"))]
pub fn read(_: &GrayImage, _: Option<&Mesh>, _: &Form) -> QrOutcome {
    QrOutcome::NotLooked
}

/// The payload that fits the form and stands nearest to where the form expects it; what does not fit
/// is noted as foreign.
#[cfg(feature = "qr")]
fn choose(
    found: Vec<Decoded>,
    hint: Option<&Mesh>,
    form: &Form,
    foreign: &mut Option<String>,
) -> Option<QrPayload> {
    let mut best: Option<(f64, QrPayload)> = None;
    for code in found {
        let Some(payload) = parse(&code.text, code.quad, form) else {
            foreign.get_or_insert_with(|| code.text.chars().take(200).collect());
            continue;
        };
        let away = hint.map_or(0.0, |mesh| distance_from_expected(&payload.quad, mesh, form));
        if best.as_ref().is_none_or(|b| away < b.0) {
            best = Some((away, payload));
        }
    }
    best.map(|b| b.1)
}

/// Pixels from the code's middle to the segment on which the form expects that middle.
#[cfg(feature = "qr")]
fn distance_from_expected(quad: &Quad, mesh: &Mesh, form: &Form) -> f64 {
    let Some(spec) = &form.qr else { return 0.0 };
    let points = quad.points();
    let centre = points[0].lerp(points[2], 0.5);
    let half = spec.size / 2.0;
    let a = mesh.map(Point::new(spec.left + half, spec.top.0 + half));
    let b = mesh.map(Point::new(spec.left + half, spec.top.1 + half));
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let along = ((centre.x - a.x) * dx + (centre.y - a.y) * dy) / (dx * dx + dy * dy).max(1e-9);
    centre.distance(a.lerp(b, along.clamp(0.0, 1.0)))
}

/// Whether a decoded text fits the form's grammar.
fn fits(text: &str, form: &Form) -> bool {
    parse(text, Quad([[0.0; 2]; 4]), form).is_some()
}

/// Parses a decoded text by the form's grammar; `None` when it does not fit to the letter.
pub fn parse(text: &str, quad: Quad, form: &Form) -> Option<QrPayload> {
    let spec = form.qr.as_ref()?;
    let groups = spec.grammar.captures(text)?;
    if groups.get(0)?.as_str() != text {
        return None;
    }
    let group = |name: &str| groups.name(name).map(|m| m.as_str());
    let mut values = vec![None; form.fields.len()];
    if let Some(list) = group("votes") {
        let rows: Vec<usize> = form.votes().collect();
        let entries: Vec<&str> = list.split(',').collect();
        if entries.len() != rows.len() {
            return None;
        }
        for (row, entry) in rows.into_iter().zip(entries) {
            values[row] = Some(entry.parse().ok()?);
        }
    }
    for (ix, field) in form.fields.iter().enumerate() {
        if let Some(entry) = group(&field.id) {
            values[ix] = Some(entry.parse().ok()?);
        }
    }
    let owned = |name: &str| group(name).unwrap_or_default().to_owned();
    Some(QrPayload {
        text: text.to_owned(),
        code: owned("code"),
        centre: owned("centre"),
        table: owned("table"),
        values,
        quad,
    })
}

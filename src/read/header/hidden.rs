//! What streaks hide of the numbers that were read without them.
//!
//! In: the streaks that were taken out of the picture, the sheet, what was read of it. Out: the same
//! readings, believed less where a streak runs through their print: what is put in its place reads well,
//! and may read as another number. Refuses nothing.

use super::{HIGHEST, HeaderReading};
use crate::form::print::text_width;
use crate::form::{Align, Form, HeaderLine, Style};
use crate::ground::geometry::Point;
use crate::read::glyphs::CellReading;
use crate::read::glyphs::FieldEvidence;
use crate::read::photo::streaks::Streak;
use crate::read::sheet::{Mesh, Sheet};

/// How far print may stand beside its place, em: half a character.
const AROUND: f64 = 0.3;
/// What a doubtful line of the header is believed.
const DOUBT: f64 = 0.5;

/// Streaks in a picture of a size, px.
pub(crate) struct Streaks<'a> {
    pub streaks: &'a [Streak],
    pub size: (u32, u32),
}

impl Streaks<'_> {
    /// How much streaks hide of a stretch of the form's row `y` between two x, mm.
    fn hide(&self, mesh: &Mesh, y: f64, (left, right): (f64, f64)) -> f64 {
        let (from, to) = (mesh.map(Point::new(left, y)), mesh.map(Point::new(right, y)));
        let hidden: f64 = self.streaks.iter().map(|s| s.hides(from, to, self.size)).sum();
        hidden / mesh.px_per_mm(y)
    }

    /// Lowers the coverage of what was read.
    pub fn doubt(
        &self,
        sheet: &Sheet,
        form: &Form,
        fields: &mut [FieldEvidence],
        header: &mut HeaderReading,
    ) {
        for (spec, read) in form.fields.iter().zip(fields) {
            if let (Some(slot), Some(cell)) = (&spec.digits, &mut read.digits) {
                let wide = text_width(&said(cell), &slot.style);
                let reach = wide / 2.0 + AROUND * slot.style.size;
                let middle = spec.y - slot.style.size / 3.0;
                let hidden = self.hide(&sheet.mesh, middle, (slot.centre - reach, slot.centre + reach));
                cover(cell, hidden / character(&slot.style));
            }
            if let (Some(slot), Some(cell)) = (&spec.words, &mut read.words) {
                let half = slot.wrap / 2.0;
                let hidden = self.hide(&sheet.mesh, spec.y, (slot.centre - half, slot.centre + half));
                cover(cell, hidden / slot.wrap);
            }
        }
        let mesh = sheet.mesh.extended(-HIGHEST, form.frame.1);
        for spec in &form.header.lines {
            self.doubt_line(&mesh, form, spec, header);
        }
    }

    fn doubt_line(&self, mesh: &Mesh, form: &Form, spec: &HeaderLine, header: &mut HeaderReading) {
        let Some(print) = &spec.print else { return };
        let style = &print.style;
        if form.field(&spec.id).is_some() {
            // The number, before its word.
            let (Some(cell), Some(y)) = (&mut header.electores, spec.y) else { return };
            let Some((_, after)) = print.text.split_once('}') else { return };
            let (number, word) = (text_width(&said(cell), style), text_width(after, style));
            let right = match print.align {
                Align::Right => print.x - word,
                Align::Centre => print.x + (number - word) / 2.0,
                Align::Left => print.x + number,
            };
            let reach = AROUND * style.size;
            let hidden = self.hide(mesh, y - style.size / 3.0, (right - number - reach, right + reach));
            cover(cell, hidden / character(style));
        } else if spec.id == "code" {
            // Its first digits are printed twice, as the centre's code, its last are the same on every sheet.
            let centre = header.centre_code.as_ref().map(|c| c.text.clone());
            let Some(code) = &mut header.code else { return };
            let Some((left, right)) = code.place.ink else { return };
            let twice = centre.filter(|c| code.text.starts_with(c.as_str())).unwrap_or_default();
            let end = print.text.rsplit_once('}').map_or("", |t| t.1);
            let end = if code.text.ends_with(end) { end } else { "" };
            let share = |text: &str| (right - left) * text_width(text, style) / text_width(&code.text, style);
            let middle = (code.place.top + code.place.base) / 2.0;
            if self.hide(mesh, middle, (left + share(&twice), right - share(end))) > 0.0 {
                code.confidence = code.confidence.min(DOUBT);
            }
        }
    }
}

/// The number that a cell says, or a long one.
fn said(cell: &CellReading) -> String {
    cell.best().map_or_else(|| "0000".to_owned(), |b| b.0.to_string())
}

/// Width of a digit, mm.
fn character(style: &Style) -> f64 {
    text_width("0", style)
}

fn cover(cell: &mut CellReading, share: f64) {
    cell.quality.coverage *= 1.0 - share.clamp(0.0, 1.0);
}

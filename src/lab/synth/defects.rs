//! What can be wrong with a sheet or a file, done to made-up sheets on purpose.
//!
//! In: a [`Defect`] and a sheet before or after drawing. Out: the same sheet with exactly that done,
//! and its truth saying so. Refuses nothing.

use super::draw::{DOTS, Drawn};
use super::values::{SheetTruth, encode_qr, invent};
use super::{SynthRng, ValueMode, noise, text};
use crate::form::{Align, FieldIx, FieldKind, Form, Style, Weight};
use crate::ground::geometry::Point;
use image::{GrayImage, Luma};
use rand::RngExt;

/// One thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// One number's digits say something else.
    DigitsChanged,
    /// One number's words say something else.
    WordsChanged,
    /// One number in the QR code is another.
    QrChanged,
    /// One number's digits and words say the same other number.
    PrintChanged,
    /// A total's digits and words say another number.
    TotalChanged,
    /// Two rows carry each other's numbers, in print.
    RowsExchanged,
    /// There is no QR code.
    NoQr,
    /// The QR code is another sheet's.
    ForeignQr,
    /// A strip of paper lies over a row.
    RowHidden,
    /// The sheet ends within the frame.
    CutBottom,
    /// The sheet begins within the frame.
    CutTop,
    /// The file is turned clockwise by a quarter.
    Turned90,
    /// The file is upside down.
    Turned180,
    /// The file is turned anticlockwise by a quarter.
    Turned270,
    /// Printed before voting: every number is zero.
    ZeroReport,
    /// A receipt.
    NoSheet,
}

/// What a careful reader makes of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// Every number can be had.
    Accepted,
    /// A person has to look.
    Review,
    /// There is nothing to read.
    Rejected,
}

impl Defect {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::DigitsChanged,
        Self::WordsChanged,
        Self::QrChanged,
        Self::PrintChanged,
        Self::TotalChanged,
        Self::RowsExchanged,
        Self::NoQr,
        Self::ForeignQr,
        Self::RowHidden,
        Self::CutBottom,
        Self::CutTop,
        Self::Turned90,
        Self::Turned180,
        Self::Turned270,
        Self::ZeroReport,
        Self::NoSheet,
    ];

    /// Stable name, snake_case.
    pub fn tag(self) -> &'static str {
        match self {
            Self::DigitsChanged => "digits_changed",
            Self::WordsChanged => "words_changed",
            Self::QrChanged => "qr_changed",
            Self::PrintChanged => "print_changed",
            Self::TotalChanged => "total_changed",
            Self::RowsExchanged => "rows_exchanged",
            Self::NoQr => "no_qr",
            Self::ForeignQr => "foreign_qr",
            Self::RowHidden => "row_hidden",
            Self::CutBottom => "cut_bottom",
            Self::CutTop => "cut_top",
            Self::Turned90 => "turned_90",
            Self::Turned180 => "turned_180",
            Self::Turned270 => "turned_270",
            Self::ZeroReport => "zero_report",
            Self::NoSheet => "no_sheet",
        }
    }

    /// The defect of this tag.
    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.tag() == tag)
    }

    /// What should come of it.
    pub fn expected(self) -> Expected {
        match self {
            Self::NoQr | Self::Turned90 | Self::Turned180 | Self::Turned270 => Expected::Accepted,
            Self::NoSheet => Expected::Rejected,
            _ => Expected::Review,
        }
    }

    /// Clockwise quarter turns of the file.
    pub fn turns(self) -> u8 {
        match self {
            Self::Turned90 => 1,
            Self::Turned180 => 2,
            Self::Turned270 => 3,
            _ => 0,
        }
    }
}

/// The value with one of its printed digits changed; a lone zero becomes another digit.
fn altered(value: u32, rng: &mut SynthRng) -> u32 {
    let places = value.max(1).ilog10() + 1;
    let unit = 10u32.pow(rng.random_range(0..places));
    let digit = value / unit % 10;
    let mut other = rng.random_range(0..9u32);
    if other >= digit {
        other += 1;
    }
    value - digit * unit + other * unit
}

fn any_vote(form: &Form, rng: &mut SynthRng) -> FieldIx {
    let votes: Vec<FieldIx> = form.votes().collect();
    votes[rng.random_range(0..votes.len())]
}

/// Does to a sheet what happens before it is printed.
pub fn alter(form: &Form, defect: Defect, truth: &mut SheetTruth, rng: &mut SynthRng) {
    truth.defect = Some(defect.tag().to_owned());
    let mut touched = Vec::new();
    match defect {
        Defect::DigitsChanged | Defect::WordsChanged | Defect::PrintChanged => {
            let ix = any_vote(form, rng);
            let value = altered(truth.fields[ix].value, rng);
            if defect != Defect::WordsChanged {
                truth.fields[ix].digits = Some(value);
            }
            if defect != Defect::DigitsChanged {
                truth.fields[ix].words = Some(value);
            }
            touched.push(ix);
        }
        Defect::QrChanged => {
            let ix = any_vote(form, rng);
            let value = truth.fields[ix].value;
            truth.fields[ix].value = altered(value, rng);
            encode_qr(form, truth);
            truth.fields[ix].value = value;
            touched.push(ix);
        }
        Defect::TotalChanged => {
            // Totals that a binding relation ties to the rows' sum or to other totals.
            let totals: Vec<FieldIx> = form
                .relations
                .iter()
                .filter(|r| r.force == crate::form::Force::Binding)
                .flat_map(|r| r.left.iter().chain(&r.right).copied())
                .filter(|&ix| form.fields[ix].kind == FieldKind::Total)
                .collect();
            if !totals.is_empty() {
                let ix = totals[rng.random_range(0..totals.len())];
                let value = altered(truth.fields[ix].value, rng);
                truth.fields[ix].digits = Some(value);
                truth.fields[ix].words = Some(value);
                touched.push(ix);
            }
        }
        Defect::RowsExchanged => {
            let a = any_vote(form, rng);
            let b = form.votes().find(|&b| truth.fields[b].value != truth.fields[a].value);
            if let Some(b) = b {
                let (x, y) = (truth.fields[a], truth.fields[b]);
                (truth.fields[a].digits, truth.fields[a].words) = (y.digits, y.words);
                (truth.fields[b].digits, truth.fields[b].words) = (x.digits, x.words);
                touched.extend([a.min(b), a.max(b)]);
            }
        }
        Defect::NoQr => {
            truth.qr = None;
            truth.fields.iter_mut().for_each(|f| f.qr = None);
        }
        Defect::ForeignQr => {
            let other = invent(form, rng, ValueMode::Realistic);
            truth.qr = other.qr;
            for (field, other) in truth.fields.iter_mut().zip(&other.fields) {
                field.qr = other.qr;
            }
        }
        Defect::RowHidden => {
            let ix = any_vote(form, rng);
            (truth.fields[ix].digits, truth.fields[ix].words) = (None, None);
            touched.push(ix);
        }
        Defect::ZeroReport => zero(form, truth),
        Defect::NoSheet => {
            *truth = SheetTruth { defect: truth.defect.take(), ..SheetTruth::default() };
        }
        Defect::CutBottom | Defect::CutTop | Defect::Turned90 | Defect::Turned180 | Defect::Turned270 => {}
    }
    truth.touched = touched.into_iter().map(|ix| form.fields[ix].id.clone()).collect();
}

/// Every number but those of the header is zero, and the first line says so.
fn zero(form: &Form, truth: &mut SheetTruth) {
    for (field, said) in form.fields.iter().zip(&mut truth.fields) {
        if field.kind != FieldKind::Header {
            said.value = 0;
            (said.digits, said.words) = (said.digits.map(|_| 0), said.words.map(|_| 0));
        }
    }
    if let Some(line) = truth.header.first_mut() {
        line.1.clone_from(&form.invent.zero);
    }
    encode_qr(form, truth);
}

/// Does to a drawn sheet what happens after it was printed.
pub fn deface(form: &Form, defect: Defect, drawn: Drawn, rng: &mut SynthRng) -> Drawn {
    match defect {
        Defect::RowHidden => hide(form, drawn, rng),
        Defect::CutBottom => {
            // Within the second half of the frame.
            let y = form.frame.1 * rng.random_range(0.5..0.85);
            cut(form, drawn, (f64::MIN, y))
        }
        Defect::CutTop => {
            let y = form.frame.1 * rng.random_range(0.05..0.4);
            cut(form, drawn, (y, f64::MAX))
        }
        Defect::NoSheet => receipt(form, drawn, rng),
        _ => drawn,
    }
}

/// Lays a strip of paper over the touched rows, leaving their neighbours free.
fn hide(form: &Form, mut drawn: Drawn, rng: &mut SynthRng) -> Drawn {
    for id in &drawn.truth.touched {
        let Some(ix) = form.field(id) else { continue };
        let field = &form.fields[ix];
        let tilt = rng.random_range(-0.3..0.3);
        let left = field.digits.map_or(0.0, |s| s.x + s.align.left(s.width)) - rng.random_range(0.0..20.0);
        let size = field.digits.map_or(2.0, |s| s.style.size);
        let (w, h) = drawn.pixels.dimensions();
        for x in 0..w {
            let from = drawn.mesh.map(Point::new(left, field.y - 1.15 * size + tilt));
            if f64::from(x) < from.x {
                continue;
            }
            let lean = tilt * (f64::from(x) - from.x) / DOTS / 30.0;
            let bottom = drawn.mesh.map(Point::new(left, field.y + 0.5 * size + lean)).y;
            for y in from.y.max(0.0) as u32..(bottom.max(0.0) as u32).min(h) {
                // Blank paper with a thin dark edge.
                let edge = y < from.y as u32 + 2 || y + 2 >= bottom as u32;
                drawn.pixels.put_pixel(x, y, Luma([if edge { 205 } else { 250 }]));
            }
        }
    }
    drawn
}

/// Keeps the part between two form heights, mm; what is cut says nothing any more.
fn cut(form: &Form, mut drawn: Drawn, (from, to): (f64, f64)) -> Drawn {
    let (w, h) = drawn.pixels.dimensions();
    let row = |y: f64| {
        let y = drawn.frame_origin.y + y.clamp(-1e4, 1e4) * DOTS;
        y.round().clamp(0.0, f64::from(h)) as u32
    };
    let (top, bottom) = (row(from), row(to));
    for (field, said) in form.fields.iter().zip(&mut drawn.truth.fields) {
        let lines = field.words.map_or(0.0, |s| f64::from(s.lines - 1) * s.pitch);
        if field.y - 2.0 < from || field.y + lines + 0.6 > to {
            (said.digits, said.words) = (None, None);
            drawn.truth.touched.push(field.id.clone());
        }
    }
    // The QR code stands below the frame.
    if to < f64::MAX {
        drawn.truth.qr = None;
        drawn.truth.fields.iter_mut().for_each(|f| f.qr = None);
    }
    drawn.pixels = image::imageops::crop_imm(&drawn.pixels, 0, top, w, (bottom - top).max(1)).to_image();
    drawn.frame_origin.y -= f64::from(top);
    for rung in &mut drawn.mesh.rungs {
        rung.points = rung.points.map(|p| Point::new(p.x, p.y - f64::from(top)));
    }
    drawn
}

/// A shop's receipt on the same paper.
fn receipt(form: &Form, mut drawn: Drawn, rng: &mut SynthRng) -> Drawn {
    const GOODS: [&str; 8] = [
        "PAN CAMPESINO",
        "CAFÉ 250 G",
        "HARINA 1 KG",
        "QUESO BLANCO",
        "ARROZ 1 KG",
        "JABÓN",
        "LECHE 1 L",
        "AZÚCAR",
    ];
    let style = Style { size: 3.2, weight: Weight::Regular, space: None, tracking: 0.0 };
    let (w, h) = ((form.paper_width * DOTS) as u32, (rng.random_range(140.0..220.0) * DOTS) as u32);
    let mut pixels = GrayImage::from_pixel(w, h, Luma([255]));
    let mut y = 15.0;
    let mut line = |text: &str, x: f64, align: Align, y: f64| {
        text::draw(&mut pixels, text, Point::new(x * DOTS, y * DOTS), align, style, DOTS, 0);
    };
    line("ABASTO LA MUESTRA, C.A.", form.paper_width / 2.0, Align::Centre, y);
    line("RECIBO DE COMPRA", form.paper_width / 2.0, Align::Centre, y + 6.0);
    y += 18.0;
    let mut sum = 0;
    for _ in 0..rng.random_range(8..18) {
        let price = rng.random_range(100..9000);
        sum += price;
        line(GOODS[rng.random_range(0..GOODS.len())], 6.0, Align::Left, y);
        line(&format!("{},{:02}", price / 100, price % 100), form.paper_width - 6.0, Align::Right, y);
        y += 5.0;
    }
    line("TOTAL Bs.", 6.0, Align::Left, y + 4.0);
    line(&format!("{},{:02}", sum / 100, sum % 100), form.paper_width - 6.0, Align::Right, y + 4.0);
    line(&form.invent.sample, form.paper_width / 2.0, Align::Centre, y + 16.0);
    let pen = noise::handwriting(Point::new(20.0 * DOTS, (y + 24.0) * DOTS), 60.0, rng);
    noise::stroke(&mut pixels, &pen, 4.0, 60);
    drawn.pixels = pixels;
    drawn
}

#[cfg(test)]
mod tests {
    use super::super::{Part, draw, rng};
    use super::*;
    use crate::form::builtin;
    use crate::read::cut;

    fn pair(defect: Defect, seed: u64) -> (Form, SheetTruth, SheetTruth) {
        let form = builtin().unwrap().remove(0);
        let mut rng = rng(seed, 0);
        let before = invent(&form, &mut rng, ValueMode::Realistic);
        let mut after = before.clone();
        alter(&form, defect, &mut after, &mut rng);
        (form, before, after)
    }

    #[test]
    fn a_changed_channel_changes_that_channel_of_that_field_alone() {
        for seed in 0..30 {
            for defect in
                [Defect::DigitsChanged, Defect::WordsChanged, Defect::QrChanged, Defect::PrintChanged]
            {
                let (form, before, after) = pair(defect, seed);
                let touched = form.field(&after.touched[0]).unwrap();
                assert_eq!(after.touched.len(), 1);
                for (ix, (a, b)) in before.fields.iter().zip(&after.fields).enumerate() {
                    assert_eq!(a.value, b.value);
                    let here = ix == touched;
                    let (digits, words) = (a.digits != b.digits, a.words != b.words);
                    let printed = defect == Defect::PrintChanged;
                    assert_eq!(digits, here && (printed || defect == Defect::DigitsChanged));
                    assert_eq!(words, here && (printed || defect == Defect::WordsChanged));
                    assert_eq!(a.qr != b.qr, here && defect == Defect::QrChanged);
                }
                assert_eq!(before.qr != after.qr, defect == Defect::QrChanged);
            }
        }
    }

    #[test]
    fn a_changed_total_breaks_a_relation() {
        for seed in 0..30 {
            let (form, _, after) = pair(Defect::TotalChanged, seed);
            let sum = |side: &[FieldIx]| side.iter().map(|&i| after.fields[i].digits.unwrap()).sum::<u32>();
            let broken = form
                .relations
                .iter()
                .any(|r| r.op == crate::form::RelationOp::Equals && sum(&r.left) != sum(&r.right));
            assert!(broken, "seed {seed}");
        }
    }

    #[test]
    fn a_hidden_row_shows_no_ink_and_its_neighbours_keep_theirs() {
        let (form, _, after) = pair(Defect::RowHidden, 4);
        let mut rng = rng(4, 1);
        let drawn = draw::draw(&form, &after, Part::Frame, &mut rng);
        let clean = drawn.clone();
        let drawn = deface(&form, Defect::RowHidden, drawn, &mut rng);
        let hidden = form.field(&after.touched[0]).unwrap();
        for (ix, field) in form.fields.iter().enumerate() {
            let Some(slot) = field.digits else { continue };
            let crop = |d: &Drawn| cut::cut(&d.pixels, &d.mesh, slot.line_rect(field.y, 0), DOTS);
            if ix == hidden {
                assert!(crop(&drawn).iter().all(|&v| v > 150));
            } else {
                assert_eq!(crop(&drawn), crop(&clean), "{}", field.id);
            }
        }
    }

    #[test]
    fn a_cut_sheet_says_nothing_beyond_the_cut() {
        let (form, _, after) = pair(Defect::CutTop, 6);
        let mut rng = rng(6, 1);
        let drawn = draw::draw(&form, &after, Part::Whole, &mut rng);
        let drawn = deface(&form, Defect::CutTop, drawn, &mut rng);
        assert!(!drawn.truth.touched.is_empty());
        for (field, said) in form.fields.iter().zip(&drawn.truth.fields) {
            let at = drawn.mesh.map(Point::new(30.0, field.y));
            assert_eq!(said.digits.is_some(), at.y > 2.0 * DOTS - 1.0, "{}", field.id);
        }
    }

    #[test]
    fn a_zero_report_and_a_receipt_have_no_votes() {
        let (form, _, zero) = pair(Defect::ZeroReport, 1);
        assert!(form.votes().all(|ix| zero.fields[ix].digits == Some(0) && zero.fields[ix].qr == Some(0)));
        let (_, _, receipt) = pair(Defect::NoSheet, 1);
        assert!(receipt.fields.is_empty() && receipt.qr.is_none());
    }
}

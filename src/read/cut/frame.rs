//! Where a print's crop is cut, and how fine.
//!
//! In: a slot or a line of the form. Out: a [`CropFrame`]: the em of the print is [`EM_PX`] pixels high, the middle of
//! the capitals stands in the middle of the crop. Refuses nothing.

use crate::form::print::text_width;
use crate::form::{Slot, Style};
use crate::ground::geometry::Rect;

/// How far print may stand beside its place, em: half a character.
pub const AROUND: f64 = 0.3;

/// Em of the print in pixels of a crop: 8 px/mm, the dots of the printer, for an em of 2.03 mm.
pub const EM_PX: f64 = 16.24;
/// Height of a crop, px: the capitals (0.72 em) and 6 px above and below, which is what registration
/// may be off by, plus half a pixel of blur.
pub const CROP_HEIGHT: u32 = 24;
/// Width of a number cell's crop, px: four digits (2.22 em) and 6 px on either side. Where a field prints more, it is as
/// wide as that needs.
pub const DIGITS_WIDTH: u32 = 48;
/// What the widths of such crops are whole times of, px: the network's frames.
const FRAME: u32 = 4;
/// Paper beside the widest print of a crop, px.
const BESIDE: u32 = 6;
/// Width of a line of words, px: the widest print of a words column (29 mm) and 8 px on either side.
pub const WORDS_WIDTH: u32 = 248;
/// Width of the longest line of text, px: 32 hexadecimal signs (21 em) and room on either side.
pub const LINES_WIDTH: u32 = 432;
/// Paper before the ink of a line of text, px: the middle of what training saw.
const LINE_MARGIN: f64 = 6.0;
/// Paper after it, px: about the least that training saw. With 6 px the last sign was lost on 26 of 570 lines of
/// scans, an I on 15 of these, with 12 on 2, with 16 on none.
pub const LINE_END: f64 = 16.0;
/// Height of the capitals of the print's face in em (Liberation Sans, OS/2 table: 1409 of 2048, and
/// the digits' 1409).
pub const CAP_HEIGHT: f64 = 0.69;

/// Where the capitals of a slot's first line stand for a field whose baseline is `y`, `width` wide, with so much
/// `beside` them on either side, form mm.
pub fn print_rect(slot: &Slot, y: f64, width: f64, beside: f64) -> Rect {
    let height = CAP_HEIGHT * slot.style.size;
    Rect::new(slot.x + slot.align.left(width) - beside, y - height, width + 2.0 * beside, height)
}

/// Where to cut a crop, and how fine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropFrame {
    /// Form coordinates, mm.
    pub rect: Rect,
    /// Pixels of the crop per millimetre.
    pub px_per_mm: f64,
}

/// Where to cut the crop of a number of so many places for a field whose baseline is `y` (mm).
pub fn digits_frame(slot: &Slot, y: f64, places: usize) -> CropFrame {
    let thousands = slot.thousands.filter(|_| places > 3);
    frame(slot, y, number_width(slot, "0".repeat(places).chars().chain(thousands).collect()))
}

/// Where to cut the crop of a share in per cent, of which the whole is the longest.
pub fn share_frame(slot: &Slot, y: f64) -> CropFrame {
    frame(slot, y, number_width(slot, "100.00".to_owned()))
}

/// Width of the crop of a number that may be as long as this, px.
fn number_width(slot: &Slot, longest: String) -> u32 {
    let print = text_width(&longest, &Style { tracking: 0.0, ..slot.style }) / slot.style.size * EM_PX;
    let frames = ((print + f64::from(2 * BESIDE)) / f64::from(FRAME)).round() as u32;
    DIGITS_WIDTH.max(FRAME * frames)
}

/// Where to cut line `line` (0 the first) of a words cell for a field whose baseline is `y` (mm).
pub fn words_frame(slot: &Slot, y: f64, line: u32) -> CropFrame {
    frame(slot, y + f64::from(line) * slot.pitch, WORDS_WIDTH)
}

/// Where to cut a line of text whose ink stands from `left` to `right` on the baseline `base`, in a print
/// of `em` (all mm). A line wider than [`LINES_WIDTH`] is cut off there.
pub fn line_frame(left: f64, right: f64, base: f64, em: f64) -> CropFrame {
    let px_per_mm = EM_PX / em;
    let width = ((right - left) * px_per_mm + LINE_MARGIN + LINE_END).ceil().min(f64::from(LINES_WIDTH));
    let (w, h) = (width / px_per_mm, f64::from(CROP_HEIGHT) / px_per_mm);
    let middle = base - CAP_HEIGHT / 2.0 * em;
    CropFrame { rect: Rect::new(left - LINE_MARGIN / px_per_mm, middle - h / 2.0, w, h), px_per_mm }
}

fn frame(slot: &Slot, baseline: f64, width_px: u32) -> CropFrame {
    let px_per_mm = EM_PX / slot.style.size;
    let (w, h) = (f64::from(width_px) / px_per_mm, f64::from(CROP_HEIGHT) / px_per_mm);
    let middle = baseline - CAP_HEIGHT / 2.0 * slot.style.size;
    // What hangs at its end has as much paper there as the widest that is centred.
    let beside = f64::from(BESIDE) / px_per_mm;
    let left = slot.x + slot.align.left(w - 2.0 * beside) - beside;
    CropFrame { rect: Rect::new(left, middle - h / 2.0, w, h), px_per_mm }
}

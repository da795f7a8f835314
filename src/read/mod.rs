//! From a photo's bytes to what was measured on its sheets. Nothing is decided here.
//!
//! 1. [`photo`]: bytes to [`photo::Photo`], upright grey pixels.
//! 2. [`sheet`]: photo to [`sheet::Sheet`], the mapping from the form's millimetres to photo pixels.
//! 3. [`cut`]: the crop of each print, and the quality of its pixels.
//! 4. [`belief`]: what a reading says.
//! 5. [`glyphs`]: crops to distributions over what they say.
//! 6. [`code`]: the QR code, parsed strictly by the form's grammar.
//! 7. [`evidence`]: what all of them measured.
//! 8. [`header`]: what stands above the frame.
//! 9. [`debug`]: numbered pictures of all that.

pub mod photo;

pub mod sheet;

pub mod cut;

pub mod belief;

pub mod glyphs;

pub mod code;

pub mod evidence;

pub mod header;

pub mod debug;

//! From a photo's bytes to what was measured on its sheets. Nothing is decided here.
//!
//! 1. [`photo`]: bytes to [`photo::Photo`], upright grey pixels.
//! 2. [`sheet`]: photo to [`sheet::Sheet`], the mapping from the form's millimetres to photo pixels.
//! 3. [`cut`]: the crop of each print, and the quality of its pixels.
//! 4. [`cover`]: what hides print: ink across, light.
//! 5. [`belief`]: what a reading says.
//! 6. [`glyphs`]: crops to distributions over what they say.
//! 7. [`code`]: the QR code, parsed strictly by the form's grammar.
//! 8. [`evidence`]: what all of them measured.
//! 9. [`header`]: what stands above the frame.
//! 10. [`debug`]: numbered pictures of all that.

pub mod photo;

pub mod sheet;

pub mod cut;

pub mod cover;

pub mod belief;

pub mod glyphs;

pub mod code;

pub mod evidence;

pub mod header;

pub mod debug;

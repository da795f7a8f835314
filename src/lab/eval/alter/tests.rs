//! Pasted cells, altered samples.

use super::*;
use crate::form::builtin;
use crate::run::config::Config;

#[test]
fn a_sample_altered_in_its_pixels_is_held_back_by_name() {
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let altered = alter(&digitizer, &[samples.join("acta-0001.jpg")], 7, 1, None);
    assert!(altered.holds() && altered.left_out.is_empty(), "{altered}");
    assert_eq!((altered.with_qr.len(), altered.without_qr.len()), (7, 6));
}

#[test]
fn a_picture_without_a_sheet_is_left_out() {
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let altered = alter(&digitizer, &[PathBuf::from("nowhere.jpg")], 7, 1, None);
    assert_eq!(altered.left_out, ["nowhere.jpg"]);
    assert!(altered.with_qr.is_empty());
}

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

#[test]
fn a_cell_is_pasted_where_the_mesh_puts_it() {
    let pixels = GrayImage::from_fn(100, 100, |_, y| Luma([(y * 2) as u8]));
    let rung = |y: f64| Rung { y, points: [0.0, 5.0, 10.0].map(|x| Point::new(x * 10.0, y * 10.0)) };
    let mesh = Mesh { width: 10.0, rungs: vec![rung(0.0), rung(10.0)] };
    let mut out = pixels.clone();
    paste_cell(&pixels, &mut out, &mesh, Rect::new(1.0, 6.0, 2.0, 1.0), Rect::new(1.0, 2.0, 2.0, 1.0));
    assert_eq!((out.get_pixel(15, 21)[0], out.get_pixel(15, 25)[0]), (122, 130));
    assert_eq!((out.get_pixel(15, 19)[0], out.get_pixel(15, 31)[0], out.get_pixel(5, 25)[0]), (38, 62, 50));
}

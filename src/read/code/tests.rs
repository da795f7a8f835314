use super::*;
use crate::read::sheet::Rung;
use image::Luma;
use image::imageops::{FilterType, replace, resize, rotate90};

/// Pixels a millimetre of a 200 dpi scan.
const PPM: f64 = 200.0 / 25.4;

fn form() -> Form {
    crate::form::builtin().unwrap().into_iter().find(|f| f.qr.is_some()).unwrap()
}

fn text_with_rows(rows: usize) -> String {
    let votes: Vec<String> = (0..rows).map(|i| (i * 7 % 11).to_string()).collect();
    format!("123456789.02.1.0001!{}!3!0", votes.join(","))
}

/// A straight strip at 200 dpi with the code where the form expects it; and its mesh.
fn strip(form: &Form, text: &str) -> (GrayImage, Mesh) {
    let spec = form.qr.as_ref().unwrap();
    let code = zxingcpp::create(zxingcpp::BarcodeFormat::QRCode).options("ecLevel=Q").from_str(text).unwrap();
    let writer = zxingcpp::write().scale(1).add_quiet_zones(false);
    let picture = code.to_image_with(&writer).unwrap();
    let side = picture.width() as u32;
    let small = GrayImage::from_raw(side, side, picture.data()).unwrap();
    assert_eq!(small.width(), 49, "version 8");
    let side = (spec.size * PPM).round() as u32;
    let symbol = resize(&small, side, side, FilterType::Triangle);
    let top = (spec.top.0 + spec.top.1) / 2.0;
    let mut photo = GrayImage::from_pixel(640, 1600, Luma([235]));
    // The frame's top lies above the picture: a piece of the strip with the code alone.
    let origin = Point::new(6.0 * PPM, (20.0 - top) * PPM);
    let at = Point::new(origin.x + spec.left * PPM, origin.y + top * PPM);
    replace(&mut photo, &symbol, at.x.round() as i64, at.y.round() as i64);
    let rung = |y: f64| Rung {
        y,
        points: [0.0, 0.5, 1.0].map(|t| Point::new(origin.x + t * form.frame.0 * PPM, origin.y + y * PPM)),
    };
    (photo, Mesh { width: form.frame.0, rungs: vec![rung(0.0), rung(form.frame.1)] })
}

fn blank(photo: &mut GrayImage, at: Point, radius: f64) {
    for (x, y, p) in photo.enumerate_pixels_mut() {
        if Point::new(f64::from(x), f64::from(y)).distance(at) < radius {
            *p = Luma([255]);
        }
    }
}

fn read_text(outcome: QrOutcome) -> Option<String> {
    match outcome {
        QrOutcome::Read(payload) => Some(payload.text),
        _ => None,
    }
}

#[test]
fn a_payload_fills_the_rows_in_printed_order_and_the_named_totals() {
    let form = form();
    let rows: Vec<usize> = form.votes().collect();
    let payload = parse(&text_with_rows(rows.len()), Quad([[0.0; 2]; 4]), &form).unwrap();
    assert_eq!(payload.code, "123456789.02.1.0001");
    assert_eq!((payload.centre.as_str(), payload.table.as_str()), ("123456789", "02"));
    for (i, &row) in rows.iter().enumerate() {
        assert_eq!(payload.values[row], Some(i as u32 * 7 % 11));
    }
    assert_eq!(payload.values[form.field("votos_nulos").unwrap()], Some(3));
    assert_eq!(payload.values[form.field("votos").unwrap()], None);
}

#[test]
fn a_payload_with_a_row_too_few_or_too_many_is_foreign() {
    let form = form();
    let rows = form.votes().count();
    for wrong in [rows - 1, rows + 1] {
        assert_eq!(parse(&text_with_rows(wrong), Quad([[0.0; 2]; 4]), &form), None);
    }
    let (photo, mesh) = strip(&form, &text_with_rows(rows - 1));
    assert!(matches!(read(&photo, Some(&mesh), &form), QrOutcome::Foreign(_)));
}

#[test]
fn a_trailing_character_is_foreign() {
    let form = form();
    let text = text_with_rows(form.votes().count());
    for spoilt in [format!("{text}\n"), format!("{text} "), format!(" {text}"), text.replace(',', ", ")] {
        assert_eq!(parse(&spoilt, Quad([[0.0; 2]; 4]), &form), None, "{spoilt:?}");
    }
}

#[test]
fn a_clean_code_is_read_where_the_form_expects_it_and_without_a_hint_and_turned() {
    let form = form();
    let text = text_with_rows(form.votes().count());
    let (photo, mesh) = strip(&form, &text);
    let QrOutcome::Read(payload) = read(&photo, Some(&mesh), &form) else { panic!("not read") };
    assert_eq!(payload.text, text);
    let spec = form.qr.as_ref().unwrap();
    let want = mesh.map(Point::new(spec.left, (spec.top.0 + spec.top.1) / 2.0));
    assert!(payload.quad.points()[0].distance(want) < 10.0, "{:?}", payload.quad);
    assert_eq!(read_text(read(&photo, None, &form)), Some(text.clone()));
    assert_eq!(read_text(read(&rotate90(&photo), None, &form)), Some(text));
}

#[test]
fn two_spoilt_finder_patterns_and_a_cut_quiet_zone_are_repaired() {
    let form = form();
    let text = text_with_rows(form.votes().count());
    let (mut photo, mesh) = strip(&form, &text);
    let QrOutcome::Read(clean) = read(&photo, Some(&mesh), &form) else { panic!("not read") };
    let corners = clean.quad.points();
    let side = corners[0].distance(corners[1]);
    for corner in [corners[0], corners[1]] {
        blank(&mut photo, corner.lerp(corners[0].lerp(corners[2], 0.5), 0.14), side * 0.08);
    }
    // Ink right up to the left edge, where the quiet zone was.
    for (x, _, p) in photo.enumerate_pixels_mut() {
        if f64::from(x) < corners[0].x {
            *p = Luma([20]);
        }
    }
    assert_eq!(decode::window(&photo, Window::whole(&photo), Thoroughness::Hard), Vec::new());
    assert_eq!(read_text(read(&photo, Some(&mesh), &form)), Some(text));
}

#[test]
fn a_code_spoilt_beyond_its_error_correction_is_not_found() {
    let form = form();
    let (mut photo, mesh) = strip(&form, &text_with_rows(form.votes().count()));
    let QrOutcome::Read(clean) = read(&photo, Some(&mesh), &form) else { panic!("not read") };
    let corners = clean.quad.points();
    blank(&mut photo, corners[0].lerp(corners[2], 0.5), corners[0].distance(corners[1]) * 0.45);
    assert_eq!(read(&photo, Some(&mesh), &form), QrOutcome::NotFound);
}

#[test]
fn blank_paper_and_a_single_pixel_hold_no_code() {
    let form = form();
    let (_, mesh) = strip(&form, &text_with_rows(form.votes().count()));
    for photo in [GrayImage::from_pixel(640, 1600, Luma([235])), GrayImage::from_pixel(1, 1, Luma([0]))] {
        assert_eq!(read(&photo, Some(&mesh), &form), QrOutcome::NotFound);
        assert_eq!(read(&photo, None, &form), QrOutcome::NotFound);
    }
}

#[test]
fn a_form_without_a_code_is_not_looked_at() {
    let mut form = form();
    form.qr = None;
    assert_eq!(read(&GrayImage::new(10, 10), None, &form), QrOutcome::NotLooked);
}

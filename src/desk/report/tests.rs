//! Tests of the report on made-up records and a made-up photo.

use super::*;
use crate::form::builtin;
use crate::ground::finding::{Code, Finding, Severity, What};
use crate::ground::geometry::{Point, Quad, Rect};
use crate::picture::{self, Picture, cover};
use crate::read::sheet::{Mesh, Rung};
use crate::record::{Registration, RungRecord};
use crate::run::output::{Folder, Measured, Overwrite, Run, sample};
use image::{GrayImage, Luma};
use std::collections::BTreeMap;

/// Pixels per millimetre of the made-up photo, and where the frame's origin stands in it.
const SCALE: f64 = 4.0;
const ORIGIN: (f64, f64) = (6.0, 100.0);

/// A photo that is white but for the private block, which is black; and a record that is registered
/// to it and in review for its first row.
fn photo(form: &Form) -> (GrayImage, Record) {
    let map =
        |y: f64| [0.0, 0.5, 1.0].map(|t| [(ORIGIN.0 + t * form.frame.0) * SCALE, (ORIGIN.1 + y) * SCALE]);
    let rungs: Vec<RungRecord> = [0.0, form.frame.1].map(|y| RungRecord { y, points: map(y) }).to_vec();
    let mesh = Mesh {
        width: form.frame.0,
        rungs: rungs
            .iter()
            .map(|r| Rung { y: r.y, points: r.points.map(|[x, y]| Point::new(x, y)) })
            .collect(),
    };
    let top = form.private_top;
    let private = mesh.quad(Rect::new(-form.margin_left, top, form.paper_width, 200.0));
    let size = ((form.paper_width * SCALE) as u32, ((ORIGIN.1 + top + 200.0) * SCALE) as u32);
    let first_private_row = ((ORIGIN.1 + top) * SCALE) as u32;
    let pixels =
        GrayImage::from_fn(size.0, size.1, |_, y| Luma([if y > first_private_row { 0 } else { 255 }]));
    let mut record = sample::record("a.jpg");
    record.form = Some(crate::record::FormRef {
        id: form.id.clone(),
        version: 1,
        score: 1.0,
        layout: None,
        pages: Vec::new(),
    });
    record.stand_at(Status::Review);
    record.confidence = 0.4;
    let (label, together) = ("PSUV".to_owned(), Some(20));
    let what = What::ChannelsDisagree {
        label,
        digits: Some(20),
        words: Some(21),
        qr: None,
        percent: None,
        together,
    };
    record.findings = vec![Finding::new(Severity::Review, what).on("NM_PSUV")];
    record.contests[0].choices[0].votes.prints.words.as_mut().unwrap().value = Some(21);
    record.registration = Some(Registration {
        quad: Quad([[0.0; 2]; 4]),
        residual_mm: 0.0,
        anchors: 1.0,
        px_per_mm: SCALE,
        private: Some(private),
        mesh: rungs,
    });
    (pixels, record)
}

fn decode(picture: &Picture) -> GrayImage {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(&picture.jpeg).unwrap();
    image::load_from_memory(&bytes).unwrap().to_luma8()
}

#[test]
fn no_pixel_of_the_private_block_is_in_any_picture() {
    let form = builtin().unwrap().remove(0);
    let (pixels, record) = photo(&form);
    let made = picture::pictures(&pixels, &record, &form);
    let strip = decode(&made.strip.as_ref().unwrap().picture);
    // The private block is black; the rest is white and the cover grey.
    assert!(strip.pixels().all(|p| p[0] > 100), "darkest {:?}", strip.pixels().map(|p| p[0]).min());
    for cell in &made.cells {
        for picture in [&cell.digits, &cell.words].into_iter().flatten() {
            assert!(decode(picture).pixels().all(|p| p[0] > 100), "{}", cell.field);
        }
    }
}

#[test]
fn a_cell_that_is_wrongly_placed_on_the_private_block_shows_the_cover() {
    let form = builtin().unwrap().remove(0);
    let (pixels, mut record) = photo(&form);
    // The mesh slips by the frame's height while the private block stays where it is.
    for rung in &mut record.registration.as_mut().unwrap().mesh {
        for point in &mut rung.points {
            point[1] += form.frame.1 * SCALE;
        }
    }
    let made = picture::pictures(&pixels, &record, &form);
    let digits = decode(made.cells[0].digits.as_ref().unwrap());
    assert!(digits.pixels().all(|p| (140..180).contains(&p[0])), "the cover's grey and nothing else");
}

#[test]
fn the_cover_lies_beyond_the_upper_edge_however_the_photo_is_turned() {
    let mut pixels = GrayImage::from_pixel(10, 10, Luma([255]));
    // The sheet lies on its side: its private block is the photo's left half.
    cover(&mut pixels, Quad([[5.0, 0.0], [5.0, 9.0], [2.0, 9.0], [2.0, 0.0]]));
    assert!((0..10).all(|y| pixels.get_pixel(0, y)[0] != 255 && pixels.get_pixel(5, y)[0] != 255));
    assert!((0..10).all(|y| pixels.get_pixel(6, y)[0] == 255));
}

#[test]
fn a_sheet_without_a_located_private_block_has_no_strip() {
    let form = builtin().unwrap().remove(0);
    let (pixels, mut record) = photo(&form);
    record.registration.as_mut().unwrap().private = None;
    let made = picture::pictures(&pixels, &record, &form);
    assert!(made.strip.is_none() && !made.cells.is_empty());
}

#[test]
fn an_accepted_sheet_has_no_pictures() {
    let form = builtin().unwrap().remove(0);
    let (pixels, mut record) = photo(&form);
    record.stand_at(Status::Accepted);
    assert!(picture::pictures(&pixels, &record, &form).is_empty());
}

#[test]
fn two_sheets_of_one_photo_keep_their_own_pictures() {
    let form = builtin().unwrap().remove(0);
    let (pixels, left) = photo(&form);
    let mut right = left.clone();
    right.source_mut().ordinal = 1;
    right.registration.as_mut().unwrap().private = None;
    let dir = tempfile::tempdir().unwrap();
    for record in [&left, &right] {
        pictures::save(dir.path(), record, &picture::pictures(&pixels, record, &form)).unwrap();
    }
    assert!(pictures::load::<picture::SheetPictures>(dir.path(), &left).strip.is_some());
    assert!(pictures::load::<picture::SheetPictures>(dir.path(), &right).strip.is_none());
}

fn write(dir: &Path, records: &[Record], forms: &[Form]) -> usize {
    let run = Run::new(records, BTreeMap::new(), Measured::default());
    Folder::create(dir, Overwrite::Replace).unwrap().write(records, forms, run).unwrap();
    again(&Opened::of(dir, forms).unwrap(), forms).unwrap()
}

/// The report of some records as one text, page after page.
fn report(records: &[Record], pictures: Option<(&GrayImage, &Form)>) -> (Vec<String>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let forms = builtin().unwrap();
    if let Some((pixels, form)) = pictures {
        for record in records {
            pictures::save(dir.path(), record, &picture::pictures(pixels, record, form)).unwrap();
        }
    }
    let n = write(dir.path(), records, &forms);
    let mut pages = vec![std::fs::read_to_string(dir.path().join(REPORT_HTML)).unwrap()];
    for page in 0..n - 1 {
        pages.push(std::fs::read_to_string(dir.path().join(REPORT_PAGES).join(page_name(page))).unwrap());
    }
    (pages, dir)
}

#[test]
fn the_page_shows_the_disagreement_with_its_crops_and_the_marked_strip() {
    let form = builtin().unwrap().remove(0);
    let (pixels, record) = photo(&form);
    let (pages, _dir) = report(&[record], Some((&pixels, &form)));
    let page = &pages[0];
    assert!(
        page.contains("PSUV: dígitos 20, letras 21; los canales juntos dan 20."),
        "the reason in Spanish"
    );
    assert!(
        page.contains("PSUV: digits 20, words 21; 20 is what the channels together give."),
        "the reason in English"
    );
    assert_eq!(page.matches("<img src=\"data:image/jpeg;base64,").count(), 2, "digits and words of one cell");
    assert!(page.contains("class=\"mark\" data-field=\"NM_PSUV\""));
}

#[test]
fn a_sum_that_does_not_hold_is_shown_as_arithmetic() {
    let forms = builtin().unwrap();
    let mut record = sample::record("a.jpg");
    record.stand_at(Status::Review);
    record.form = Some(crate::record::FormRef {
        id: forms[0].id.clone(),
        version: 1,
        score: 1.0,
        layout: None,
        pages: Vec::new(),
    });
    record.checks = vec![crate::decide::Check {
        id: "votos_are_validos_nulos_parciales_vacios".to_owned(),
        holds: Some(false),
        left: Some(64),
        right: Some(62),
    }];
    let (pages, _dir) = report(&[record], None);
    assert!(pages[0].contains("64 ≠ 62"), "both sides");
    assert!(pages[0].contains("+2"), "the difference");
}

#[test]
fn markup_in_names_and_texts_stays_text() {
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>.jpg";
    let mut record = sample::record(evil);
    record.stand_at(Status::Review);
    record.sheet.qr = Some("</script><script>alert(2)</script>".to_owned());
    record.sheet.code = Some("</script><script>alert(4)</script>".to_owned());
    record.place.insert("state".to_owned(), Some("<b onclick=alert(3)>".to_owned()));
    record.findings = vec![Finding::told(
        Code::QrForeign,
        Severity::Review,
        "text </script><svg onload=alert(5)>",
        "<i>hint</i>",
    )];
    let (pages, _dir) = report(&[record], None);
    let page = &pages[0];
    for part in ["<script>alert", "<img src=x", "<b onclick", "<svg onload", "<i>hint", "<u>code"] {
        assert!(!page.contains(part), "{part}");
    }
    // The register, and the page's own script.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
}

#[test]
fn the_page_asks_nothing_of_any_network() {
    let form = builtin().unwrap().remove(0);
    let (pixels, record) = photo(&form);
    let (pages, _dir) = report(&[record], Some((&pixels, &form)));
    let page = &pages[0];
    assert!(page.contains("default-src 'none'; img-src data:; style-src 'sha256-"));
    for part in ["http:", "https:", "//cdn", "@import", "url(", "<link", "<iframe", " style=\"", " onclick"] {
        assert!(!page.contains(part), "{part}");
    }
}

#[test]
fn the_report_is_the_same_bytes_each_time() {
    let form = builtin().unwrap().remove(0);
    let (pixels, record) = photo(&form);
    let dir = tempfile::tempdir().unwrap();
    pictures::save(dir.path(), &record, &picture::pictures(&pixels, &record, &form)).unwrap();
    let made = || {
        write(dir.path(), std::slice::from_ref(&record), &builtin().unwrap());
        std::fs::read(dir.path().join(REPORT_HTML)).unwrap()
    };
    assert!(made() == made());
}

#[test]
fn many_sheets_are_split_into_pages_and_old_pages_go_away() {
    let sheet = |n: usize| {
        let mut record = sample::record(&format!("{n:05}.jpg"));
        record.stand_at(Status::Review);
        record
    };
    let records: Vec<Record> = (0..SINGLE + 1).map(sheet).collect();
    let (pages, dir) = report(&records, None);
    assert_eq!(pages.len(), 1 + (SINGLE + 1).div_ceil(PER_PAGE));
    assert_eq!(pages[0].matches("<article").count(), 0);
    assert_eq!(pages[1].matches("<article").count(), PER_PAGE);
    assert!(pages[0].contains("\"report/page-001.html#s0\""));
    assert!(pages[2].contains(&format!("id=\"s{PER_PAGE}\"")));
    write(dir.path(), &records[..1], &builtin().unwrap());
    assert!(!dir.path().join(REPORT_PAGES).join(page_name(0)).exists());
}

#[test]
fn a_run_without_records_has_a_report() {
    let (pages, _dir) = report(&[], None);
    assert!(pages[0].contains("Nada que revisar"));
}

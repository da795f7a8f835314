//! PDF files made up by hand: every way in which a scanner puts a page into one.

use super::super::{Document, Limits, PhotoError};
use crate::ground::finding::Code;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, GrayImage, Luma, imageops};

/// A page: its size in points, what stands in its dictionary beside, what it draws, its pictures, each
/// as the rest of its dictionary and its bytes.
struct Made {
    size: (u32, u32),
    rest: &'static str,
    draws: String,
    pictures: Vec<(String, Vec<u8>)>,
}

impl Made {
    /// One picture over the whole page.
    fn scan(size: (u32, u32), picture: (String, Vec<u8>)) -> Self {
        let draws = format!("q {} 0 0 {} 0 0 cm /P0 Do Q", size.0, size.1);
        Self { size, rest: "", draws, pictures: vec![picture] }
    }
}

fn file(pages: &[Made], trailer: &str) -> Vec<u8> {
    let mut objects: Vec<Vec<u8>> = vec![b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(), Vec::new()];
    let mut kids = Vec::new();
    for page in pages {
        let mut names = String::new();
        for (ix, (rest, bytes)) in page.pictures.iter().enumerate() {
            objects.push(stream(&format!("/Type /XObject /Subtype /Image {rest}"), bytes));
            names.push_str(&format!("/P{ix} {} 0 R ", objects.len()));
        }
        objects.push(stream("", page.draws.as_bytes()));
        let content = objects.len();
        let (w, h) = page.size;
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {w} {h}] /Contents {content} 0 R {} \
                 /Resources << /XObject << {names} >> >> >>",
                page.rest
            )
            .into_bytes(),
        );
        kids.push(format!("{} 0 R", objects.len()));
    }
    objects[1] = format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len()).into_bytes();
    let mut out = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    for (ix, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n", ix + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let table = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    places.iter().for_each(|place| out.extend(format!("{place:010} 00000 n \n").bytes()));
    let size = objects.len() + 1;
    out.extend(
        format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n").bytes(),
    );
    out
}

fn stream(rest: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("<< {rest} /Length {} >>\nstream\n", bytes.len()).into_bytes();
    out.extend(bytes);
    out.extend(b"\nendstream");
    out
}

/// A picture with a different shade in each corner, and its grain.
fn pattern(w: u32, h: u32) -> GrayImage {
    GrayImage::from_fn(w, h, |x, y| {
        Luma([(120 + 120 * (x / 8 % 2) * (y / 8 % 2) + x * 2 % 16 * 3 / 8) as u8])
    })
}

fn jpeg(picture: &GrayImage) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let (w, h) = picture.dimensions();
    JpegEncoder::new_with_quality(&mut bytes, 95).encode(picture, w, h, ExtendedColorType::L8).unwrap();
    (format!("/Width {w} /Height {h} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"), bytes)
}

fn raw(picture: &GrayImage) -> (String, Vec<u8>) {
    let (w, h) = picture.dimensions();
    let dict = format!("/Width {w} /Height {h} /ColorSpace /DeviceGray /BitsPerComponent 8");
    (dict, picture.as_raw().clone())
}

fn open(bytes: Vec<u8>) -> Result<Document, PhotoError> {
    Document::open("a.pdf", String::new(), bytes, &Limits::default())
}

fn pixels(bytes: Vec<u8>, page: u32) -> GrayImage {
    open(bytes).unwrap().page(page, &Limits::default()).unwrap().pixels
}

/// Mean distance of two pictures of one size, in grey levels.
fn distance(a: &GrayImage, b: &GrayImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a.iter().zip(b.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

#[test]
fn a_scanned_page_is_the_scan_itself_pixel_by_pixel() {
    let picture = pattern(90, 140);
    let (dict, bytes) = jpeg(&picture);
    let alone = super::super::decode("a.jpg", String::new(), &bytes, &Limits::default()).unwrap();
    // 200 dpi, not a whole number of points, and invisible letters of text recognition over it.
    let mut page = Made::scan((32, 50), (dict, bytes));
    page.draws.push_str(" BT 3 Tr /F1 9 Tf (text) Tj ET");
    assert_eq!(pixels(file(&[page], ""), 0), alone.pixels);
}

#[test]
fn each_page_has_its_own_pixels_and_its_number() {
    let shades = [40u8, 90, 200];
    let pages: Vec<Made> = shades
        .iter()
        .map(|&s| Made::scan((20, 30), raw(&GrayImage::from_pixel(20, 30, Luma([s])))))
        .collect();
    let document = open(file(&pages, "")).unwrap();
    assert_eq!(document.pages(), 3);
    for (ix, shade) in shades.into_iter().enumerate() {
        let photo = document.page(ix as u32, &Limits::default()).unwrap();
        assert!(photo.pixels.iter().all(|&p| p == shade), "page {ix}");
        assert_eq!((photo.page, photo.pages, photo.format.as_str()), (ix as u32, 3, "pdf"));
    }
}

#[test]
fn a_turned_page_is_turned() {
    let picture = pattern(40, 60);
    for (rest, turned) in [
        ("/Rotate 90", imageops::rotate90(&picture)),
        ("/Rotate 180", imageops::rotate180(&picture)),
        ("/Rotate 270", imageops::rotate270(&picture)),
    ] {
        let page = Made { rest, ..Made::scan((20, 30), raw(&picture)) };
        assert_eq!(pixels(file(&[page], ""), 0), turned, "{rest}");
    }
}

#[test]
fn a_page_of_strips_is_drawn_in_their_resolution() {
    let picture = pattern(120, 200);
    let half = |top: u32| imageops::crop_imm(&picture, 0, top, 120, 100).to_image();
    let page = Made {
        size: (30, 50),
        rest: "",
        draws: "q 30 0 0 25 0 25 cm /P0 Do Q q 30 0 0 25 0 0 cm /P1 Do Q".to_owned(),
        pictures: vec![raw(&half(0)), raw(&half(100))],
    };
    let off = distance(&pixels(file(&[page], ""), 0), &picture);
    assert!(off < 2.0, "{off}");
}

#[test]
fn a_fax_coded_page_is_black_on_white() {
    let picture = GrayImage::from_fn(64, 80, |x, y| Luma([if (x / 9 + y / 7) % 2 == 0 { 0 } else { 255 }]));
    let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
    for row in picture.rows() {
        let bits = row.map(|p| if p[0] == 0 { fax::Color::Black } else { fax::Color::White });
        encoder.encode_line(bits, 64).unwrap();
    }
    let bytes = encoder.finish().unwrap().finish();
    let coded = "/Width 64 /Height 80 /BitsPerComponent 1 /Filter /CCITTFaxDecode \
                 /DecodeParms << /K -1 /Columns 64 /Rows 80 >>";
    let grey = Made::scan((16, 20), (format!("{coded} /ColorSpace /DeviceGray"), bytes.clone()));
    assert_eq!(pixels(file(&[grey], ""), 0), picture);
    // As a mask that is painted black, another way of scanners: its ones are left out.
    let mask = Made::scan((16, 20), (format!("{coded} /ImageMask true"), bytes));
    let off = distance(&pixels(file(&[mask], ""), 0), &picture);
    assert!(off < 1.0, "{off}");
}

#[test]
fn a_printed_page_is_drawn_at_300_dpi() {
    let page =
        Made { size: (72, 144), rest: "", draws: "0 g 0 0 36 144 re f".to_owned(), pictures: Vec::new() };
    let drawn = pixels(file(&[page], ""), 0);
    assert_eq!(drawn.dimensions(), (300, 600));
    assert_eq!((drawn.get_pixel(100, 300)[0], drawn.get_pixel(200, 300)[0]), (0, 255));
}

#[test]
fn a_small_scan_is_not_blown_up_and_a_large_page_not_drawn_without_end() {
    let drawn = pixels(file(&[Made::scan((600, 900), raw(&pattern(60, 90)))], ""), 0);
    assert_eq!(drawn.dimensions(), (60, 90));
    let page = Made { size: (14_400, 14_400), rest: "", draws: String::new(), pictures: Vec::new() };
    let (w, h) = pixels(file(&[page], ""), 0).dimensions();
    assert!(w * h <= 51_000_000, "{w} x {h}");
}

#[test]
fn a_page_over_the_pixel_limit_is_refused_and_the_others_are_not() {
    let pages = [Made::scan((20, 30), raw(&pattern(60, 90))), Made::scan((20, 30), raw(&pattern(20, 30)))];
    let limits = Limits { pixels: 1000, ..Limits::default() };
    let document = Document::open("a.pdf", String::new(), file(&pages, ""), &limits).unwrap();
    assert_eq!(document.page(0, &limits).unwrap_err().code(), Code::TooLarge);
    assert!(document.page(1, &limits).is_ok());
}

#[test]
fn a_damaged_page_is_refused_and_the_others_are_not() {
    let (dict, bytes) = jpeg(&pattern(60, 90));
    let half = bytes[..bytes.len() / 2].to_vec();
    let pages = [
        Made::scan((20, 30), (dict.clone(), half)),
        Made::scan((20, 30), (dict.clone(), b"no picture at all".to_vec())),
        Made::scan((20, 30), (dict, bytes)),
    ];
    let document = open(file(&pages, "")).unwrap();
    for page in 0..2 {
        let error = document.page(page, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), Code::DamagedPicture, "page {page}: {error}");
    }
    assert!(document.page(2, &Limits::default()).is_ok());
}

#[test]
fn locked_empty_and_torn_files_each_have_their_error() {
    let page = [Made::scan((20, 30), raw(&pattern(20, 30)))];
    let key = "<0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF>";
    let lock = format!(
        "/ID [<00112233445566778899AABBCCDDEEFF> <00112233445566778899AABBCCDDEEFF>] \
         /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O {key} /U {key} >>"
    );
    let error = open(file(&page, &lock)).err().unwrap();
    assert_eq!(error.code(), Code::LockedFile, "{error}");
    assert!(error.finding("a.pdf").hint.contains("password"));
    let error = open(file(&[], "")).err().unwrap();
    assert_eq!(error.code(), Code::NoPages, "{error}");
    let error = open(b"%PDF-1.4\n and then nothing that is a PDF file".to_vec()).err().unwrap();
    assert_eq!(error.code(), Code::DamagedPicture, "{error}");
}

#[test]
fn a_file_of_many_pages_is_refused_with_the_remedy() {
    let pages: Vec<Made> = (0..5).map(|_| Made::scan((2, 3), raw(&pattern(2, 3)))).collect();
    let limits = Limits { pages: 4, ..Limits::default() };
    let error = Document::open("a.pdf", String::new(), file(&pages, ""), &limits).err().unwrap();
    assert_eq!(error.code(), Code::TooManyPages);
    assert!(error.to_string().contains("5 pages") && error.finding("a.pdf").hint.contains("split"));
}

#[test]
fn colours_become_the_grey_that_a_picture_file_of_them_has() {
    let picture = image::RgbImage::from_fn(30, 40, |x, y| image::Rgb([(8 * x) as u8, (6 * y) as u8, 90]));
    let dict = "/Width 30 /Height 40 /ColorSpace /DeviceRGB /BitsPerComponent 8".to_owned();
    let page = Made::scan((15, 20), (dict, picture.as_raw().clone()));
    assert_eq!(pixels(file(&[page], ""), 0), DynamicImage::ImageRgb8(picture).into_luma8());
}

//! Files of phones and scanners: HEIC photos, TIFF and PDF files of many pages. What is read of a page
//! is what is read of the same pixels as a picture file, and it stands under the page's number.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod program;

use predicates::prelude::*;
use predicates::str::contains;
use program::{cotejo, records, sample};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// An accepted sheet, one to be reviewed, another accepted one.
const SAMPLES: [&str; 3] = ["acta-0001.jpg", "acta-0003.jpg", "acta-0006.jpg"];

/// Where a streak hides no number that stands once, as a share of the picture's width.
const STREAK_BESIDE: f64 = 0.3;

/// Digitizes files into `dir/out` and gives the records.
fn run(dir: &Path, out: &str, files: &[PathBuf]) -> Vec<Value> {
    let out = dir.join(out);
    cotejo().arg("run").args(files).arg("-o").arg(&out).assert().code(predicate::in_iter([0, 1]));
    records(&out)
}

/// What a record says of its sheet: everything but where it comes from.
fn said(record: &Value) -> Value {
    let mut said = record.clone();
    said["sources"] = Value::Null;
    said
}

/// A file of pages beside the same pages as pictures: the records are the same but for their source.
fn pages_are_read_as_pictures(dir: &Path, file: &Path, format: &str) {
    let pages = run(dir, "pages", &[file.to_owned()]);
    let pictures = run(dir, "pictures", &SAMPLES.map(sample));
    assert_eq!(pages.len(), SAMPLES.len());
    let statuses: Vec<_> = pages.iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert!(statuses.contains(&"accepted") && statuses.contains(&"review"), "{statuses:?}");
    for (ix, (page, picture)) in pages.iter().zip(&pictures).enumerate() {
        assert_eq!(said(page), said(picture), "page {ix}");
        assert_eq!(
            (page["sources"][0]["page"].as_u64(), page["sources"][0]["format"].as_str()),
            (Some(ix as u64), Some(format))
        );
    }
    // The report's pictures are of the page, not of the file's first one.
    let of_pages = report_pictures(&dir.join("pages"));
    assert_eq!(of_pages, report_pictures(&dir.join("pictures")));
    assert!(!of_pages.is_empty());
    resumed_after_its_first_page(dir);
}

/// The pictures of each sheet in a run's folder, without the names of their files.
fn report_pictures(out: &Path) -> Vec<String> {
    let mut all: Vec<String> = fs::read_dir(out.join("pictures"))
        .unwrap()
        .map(|entry| {
            let mut made: Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
            made["sha256"] = Value::Null;
            made["page"] = Value::Null;
            made.to_string()
        })
        .collect();
    all.sort();
    all
}

/// The run in `dir/pages` is cut off after its first page; going on gives the same bytes.
fn resumed_after_its_first_page(dir: &Path) {
    let out = dir.join("pages");
    let whole = fs::read_to_string(out.join("records.jsonl")).unwrap();
    let first: Value = serde_json::from_str(whole.lines().next().unwrap()).unwrap();
    let path = first["sources"][0]["path"].as_str().unwrap().to_owned();
    let (pages, line) = (SAMPLES.len(), whole.lines().next().unwrap());
    let entry = format!(
        "{{\"path\":{},\"page\":0,\"of\":{pages},\"records\":[{line}]}}",
        first["sources"][0]["path"]
    );
    fs::write(out.join("journal.jsonl"), format!("{entry}\n")).unwrap();
    for name in ["records.jsonl", "records.csv", "run.json", "report.html"] {
        fs::remove_file(out.join(name)).unwrap();
    }
    cotejo().arg("run").arg(&path).args(["--resume", "-o"]).arg(&out).assert().code(1);
    assert_eq!(fs::read_to_string(out.join("records.jsonl")).unwrap(), whole);
}

/// A TIFF file with these pictures as its pages.
fn tiff(pictures: &[image::GrayImage]) -> Vec<u8> {
    let mut out = b"II\x2A\0".to_vec();
    for picture in pictures {
        let (w, h) = picture.dimensions();
        let pixels = out.len() as u32 + 4;
        out.extend((pixels + w * h).to_le_bytes());
        out.extend(picture.as_raw());
        let entries: [(u16, u32); 9] = [
            (256, w),
            (257, h),
            (258, 8),
            (259, 1),
            (262, 1),
            (273, pixels),
            (277, 1),
            (278, h),
            (279, w * h),
        ];
        out.extend((entries.len() as u16).to_le_bytes());
        for (tag, value) in entries {
            out.extend(tag.to_le_bytes());
            out.extend(4u16.to_le_bytes());
            out.extend(1u32.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
    }
    out.extend([0; 4]);
    out
}

/// A PDF file with these JPEG pictures, each over a page at 200 dpi.
#[cfg(feature = "pdf")]
fn pdf(pictures: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    let mut object = |out: &mut Vec<u8>, body: &[u8]| {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n", places.len()).bytes());
        out.extend(body);
        out.extend(b"\nendobj\n");
    };
    let kids: Vec<String> = (0..pictures.len()).map(|ix| format!("{} 0 R", 5 + 3 * ix)).collect();
    object(&mut out, b"<< /Type /Catalog /Pages 2 0 R >>");
    object(
        &mut out,
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len()).as_bytes(),
    );
    for (ix, bytes) in pictures.iter().enumerate() {
        let (w, h) = image::load_from_memory(bytes).unwrap().into_luma8().dimensions();
        let size = (f64::from(w) * 0.36, f64::from(h) * 0.36);
        let mut picture = format!(
            "<< /Type /XObject /Subtype /Image /Width {w} /Height {h} /ColorSpace /DeviceGray /BitsPerComponent 8 \
             /Filter /DCTDecode /Length {} >>\nstream\n",
            bytes.len()
        )
        .into_bytes();
        picture.extend(bytes);
        picture.extend(b"\nendstream");
        object(&mut out, &picture);
        let draws = format!("q {} 0 0 {} 0 0 cm /P Do Q", size.0, size.1);
        object(&mut out, format!("<< /Length {} >>\nstream\n{draws}\nendstream", draws.len()).as_bytes());
        let (picture, content) = (3 + 3 * ix, 4 + 3 * ix);
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Contents {content} 0 R \
             /Resources << /XObject << /P {picture} 0 R >> >> >>",
            size.0, size.1
        );
        object(&mut out, page.as_bytes());
    }
    let table = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    places.iter().for_each(|place| out.extend(format!("{place:010} 00000 n \n").bytes()));
    let size = places.len() + 1;
    out.extend(format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").bytes());
    out
}

fn grey(name: &str) -> image::GrayImage {
    image::open(sample(name)).unwrap().into_luma8()
}

#[test]
fn a_tiff_file_of_many_pages_gives_a_record_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tray.tif");
    fs::write(&file, tiff(&SAMPLES.map(grey))).unwrap();
    pages_are_read_as_pictures(dir.path(), &file, "tiff");
}

#[cfg(feature = "pdf")]
#[test]
fn a_pdf_file_of_many_pages_gives_a_record_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tray.pdf");
    fs::write(&file, pdf(&SAMPLES.map(|name| fs::read(sample(name)).unwrap()))).unwrap();
    pages_are_read_as_pictures(dir.path(), &file, "pdf");
}

#[cfg(feature = "pdf")]
#[test]
fn a_page_that_cannot_be_read_is_rejected_by_its_number_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let good = fs::read(sample(SAMPLES[0])).unwrap();
    let mut bad = good.clone();
    // Past its header the picture is no JPEG any more.
    let from = bad.len() / 3;
    bad.truncate(from);
    let file = dir.path().join("tray.pdf");
    let made = {
        // The dictionary needs the size of a picture that can be read.
        let mut file = pdf(&[good.clone(), good.clone(), good.clone()]);
        let second = file.windows(3).enumerate().filter(|(_, w)| *w == [0xFF, 0xD8, 0xFF]).nth(1).unwrap().0;
        file[second + from..second + good.len()].fill(b' ');
        file
    };
    fs::write(&file, made).unwrap();
    let out = dir.path().join("out");
    let ran = cotejo().arg("run").arg(&file).arg("-o").arg(&out).assert();
    ran.code(1).stderr(contains("tray.pdf, page 2").and(contains("copy or download")));
    let records = records(&out);
    assert_eq!(records.len(), 3);
    assert_eq!(
        (records[1]["status"].as_str(), records[1]["sources"][0]["page"].as_u64()),
        (Some("rejected"), Some(1))
    );
    assert_eq!(records[1]["findings"][0]["code"], "damaged_picture");
    assert!(records[0]["form"].is_object() && records[2]["form"].is_object());
}

#[cfg(feature = "pdf")]
#[test]
fn a_site_shows_the_page_of_a_file_that_has_many() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tray.pdf");
    fs::write(&file, pdf(&SAMPLES.map(|name| fs::read(sample(name)).unwrap()))).unwrap();
    run(dir.path(), "pages", &[file]);
    run(dir.path(), "pictures", &SAMPLES.map(sample));
    let published = |name: &str| {
        let (run, site) = (dir.path().join(name), dir.path().join(format!("{name}-site")));
        cotejo().arg("publish").arg(&run).arg("-o").arg(&site).assert().success();
        let manifest: Value = serde_json::from_slice(&fs::read(site.join("manifest.json")).unwrap()).unwrap();
        let files = manifest["files"].as_array().unwrap();
        let pictures = files.iter().filter(|f| f["path"].as_str().unwrap().ends_with(".jpg"));
        let mut hashes: Vec<String> = pictures.map(|f| f["sha256"].as_str().unwrap().to_owned()).collect();
        hashes.sort();
        hashes
    };
    let pages = published("pages");
    assert!(pages.len() >= 2, "{pages:?}");
    assert_eq!(pages, published("pictures"));
}

#[cfg(feature = "heic")]
#[test]
fn a_heic_photo_is_read_like_the_same_photo_as_jpeg() {
    use libheif_rs::{Channel, ColorSpace, CompressionFormat, EncoderQuality, HeifContext, Image, LibHeif};
    let picture = grey(SAMPLES[0]);
    let (w, h) = picture.dimensions();
    let mut plane = Image::new(w, h, ColorSpace::Monochrome).unwrap();
    plane.create_plane(Channel::Y, w, h, 8).unwrap();
    let y = plane.planes_mut().y.unwrap();
    for (row, source) in y.data.chunks_mut(y.stride).zip(picture.as_raw().chunks(w as usize)) {
        row[..w as usize].copy_from_slice(source);
    }
    let library = LibHeif::new();
    let mut encoder = library.encoder_for_format(CompressionFormat::Hevc).unwrap();
    encoder.set_quality(EncoderQuality::LossLess).unwrap();
    let mut context = HeifContext::new().unwrap();
    context.encode_image(&plane, &mut encoder, None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("IMG_0001.HEIC");
    fs::write(&file, context.write_to_bytes().unwrap()).unwrap();
    let photo = run(dir.path(), "heic", &[file]);
    let jpeg = run(dir.path(), "jpeg", &[sample(SAMPLES[0])]);
    assert_eq!(said(&photo[0]), said(&jpeg[0]));
    assert_eq!(
        (photo[0]["status"].as_str(), photo[0]["sources"][0]["format"].as_str()),
        (Some("accepted"), Some("heic"))
    );
}

#[cfg(not(feature = "pdf"))]
#[test]
fn a_build_without_pdf_names_the_file_the_cause_and_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tray.pdf");
    fs::write(&file, b"%PDF-1.4\n").unwrap();
    let ran = cotejo().arg("run").arg(&file).arg("-o").arg(dir.path().join("out")).assert();
    ran.code(1).stderr(contains("tray.pdf").and(contains("without PDF")).and(contains("--features pdf")));
}

/// Messengers shrink photos to 1,600 pixels: a whole strip is then too small to be read. It is not
/// guessed at, and the person is told what to do.
#[test]
fn a_whole_strip_in_messenger_size_is_illegible_and_a_receipt_beside_it_is_no_sheet() {
    use cotejo::lab::synth::{Part, ValueMode, camera, draw, rng, scan, values};
    let form = cotejo::form::builtin().unwrap().remove(0);
    let dir = tempfile::tempdir().unwrap();
    let shrunk = |picture: &image::GrayImage, name: &str| {
        let (w, h) = picture.dimensions();
        let scale = 1600.0 / f64::from(w.max(h));
        let size = |side: u32| (f64::from(side) * scale).round() as u32;
        let small = image::imageops::resize(picture, size(w), size(h), image::imageops::FilterType::Triangle);
        let file = dir.path().join(name);
        small.save(&file).unwrap();
        file
    };
    let mut files: Vec<PathBuf> = (0..6)
        .map(|sheet| {
            let mut dice = rng(31, sheet);
            let truth = values::invent(&form, &mut dice, ValueMode::Realistic);
            let drawn = draw::draw(&form, &truth, Part::Whole, &mut dice);
            let settings = scan::ScanSettings { turns: 0, ..scan::ScanSettings::paper(&mut dice) };
            let paper = scan::apply(&drawn, &settings, &mut dice);
            let photo = camera::photograph(&paper, 0.3, &mut dice);
            shrunk(&photo.pixels, &format!("{sheet}.jpg"))
        })
        .collect();
    files.push(shrunk(&grey("acta-0007.jpg"), "receipt.jpg"));
    let records = run(dir.path(), "out", &files);
    let (receipt, strips) = records.split_last().unwrap();
    assert_eq!(receipt["findings"][0]["code"], "no_sheet");
    let illegible = |r: &&Value| r["findings"][0]["code"] == "illegible";
    assert!(strips.iter().all(|r| r["status"] != "accepted"), "{strips:?}");
    let told = strips.iter().filter(illegible).collect::<Vec<_>>();
    assert!(told.len() >= 5, "{} of {}", told.len(), strips.len());
    assert!(told.iter().all(|r| r["status"] == "rejected"));
    assert!(told[0]["findings"][0]["hint"].as_str().unwrap().contains("in overlapping pieces"));
}

/// A scanner's dirty glass and a negative: the sheet is read as if it were sound, but a number that stands
/// once and under a streak is not handed over as sure.
#[test]
fn streaks_are_taken_out_and_a_negative_is_turned_over() {
    let dir = tempfile::tempdir().unwrap();
    let sound = grey("acta-0001.jpg");
    let (w, h) = sound.dimensions();
    let streaked = |at: f64, name: &str| {
        let mut picture = sound.clone();
        let x = (f64::from(w) * at) as u32;
        for y in 0..h {
            (x..x + 3).for_each(|x| picture.put_pixel(x, y, image::Luma([20])));
        }
        let file = dir.path().join(name);
        picture.save(&file).unwrap();
        file
    };
    let mut negative = sound.clone();
    image::imageops::invert(&mut negative);
    let turned = dir.path().join("negative.png");
    negative.save(&turned).unwrap();
    let files = [sample("acta-0001.jpg"), streaked(STREAK_BESIDE, "beside.png"), turned];
    // Each in a run of its own: together they are photos of one sheet.
    let alone = |file: &PathBuf| {
        let out = format!("out-{}", file.file_stem().unwrap().to_string_lossy());
        run(dir.path(), &out, std::slice::from_ref(file)).remove(0)
    };
    let records: Vec<Value> = files.iter().map(alone).collect();
    let votes = |r: &Value| -> Vec<Value> {
        r["contests"][0]["choices"].as_array().unwrap().iter().map(|c| c["votes"]["value"].clone()).collect()
    };
    assert!(records.iter().all(|r| votes(r) == votes(&records[0])));
    assert_eq!(records.iter().map(|r| r["status"].as_str().unwrap()).collect::<Vec<_>>(), ["accepted"; 3]);
    let streaks = |r: &Value| r["findings"].as_array().unwrap().iter().any(|f| f["code"] == "streaks");
    assert_eq!(records.iter().map(streaks).collect::<Vec<_>>(), [false, true, false]);
    // Across the number of voters, wherever it stands.
    let over: Vec<PathBuf> =
        (0..8).map(|i| streaked(0.66 + 0.02 * f64::from(i), &format!("over-{i}.png"))).collect();
    let voters = records[0]["context"]["electores"]["value"].clone();
    let records: Vec<Value> = over.iter().map(alone).collect();
    let told = |r: &Value| {
        let findings = r["findings"].as_array().unwrap();
        findings.iter().any(|f| f["field"] == "electores" && f["code"] == "cell_unreadable")
    };
    assert!(records.iter().filter(|r| told(r)).count() >= 3);
    assert!(records.iter().all(|r| told(r) || r["context"]["electores"]["value"] == voters));
}

#[test]
fn paths_come_from_a_list_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["b.jpg", "a.jpg", "c.jpg"];
    names.iter().for_each(|name| fs::write(dir.path().join(name), name).unwrap());
    let list: Vec<String> = names.iter().map(|n| dir.path().join(n).display().to_string()).collect();
    for (n, (text, end)) in [(list.join("\n"), "\n"), (list.join("\0"), "\0")].into_iter().enumerate() {
        let out = dir.path().join(format!("out-{n}"));
        let mut run = cotejo();
        run.args(["run", "--files-from", "-", "-o"]).arg(&out).write_stdin(text + end).assert().code(1);
        let found = records(&out);
        let paths: Vec<&str> = found.iter().map(|r| r["sources"][0]["path"].as_str().unwrap()).collect();
        assert_eq!(paths, list);
    }
    let missing = cotejo().args(["run", "--files-from", "nowhere.txt", "-o"]).arg(dir.path()).assert();
    missing.code(2).stderr(contains("nowhere.txt"));
}

#[test]
fn a_photo_on_stdin_is_checked_and_run_as_a_file_is() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let bytes = fs::read(sample("acta-0003.jpg")).unwrap();
    let of_file = cotejo().args(["check", "--lang", "en"]).arg(sample("acta-0003.jpg")).assert().code(1);
    let told = String::from_utf8_lossy(&of_file.get_output().stdout).into_owned();
    let told = told.replace(&sample("acta-0003.jpg").display().to_string(), "-");
    cotejo().args(["check", "-", "--lang", "en"]).write_stdin(bytes.clone()).assert().code(1).stdout(told);
    let piped = cotejo().args(["run", "-", "-o"]).arg(at("out")).write_stdin(bytes.clone()).assert().code(1);
    piped.stderr(contains("the photo is kept as"));
    let found = records(&at("out"));
    let path = PathBuf::from(found[0]["sources"][0]["path"].as_str().unwrap());
    assert!(path.starts_with(at("out/given")) && path.extension().unwrap() == "jpg");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(said(&found[0]), said(&run(dir.path(), "file", &[sample("acta-0003.jpg")])[0]));
    let resumed = cotejo().args(["run", "--resume", "--json", "-o"]).arg(at("out")).assert().code(1);
    assert_eq!(records(&at("out")), found);
    let text = fs::read(at("out/records.jsonl")).unwrap();
    assert!(resumed.get_output().stdout == text, "--json writes the records");
    for (args, why) in
        [(["run", "-", "-"], "more than once"), (["check", "-", "--no-qr"], "nothing came on stdin")]
    {
        let mut refused = cotejo();
        refused.args(args).args(if args[0] == "run" { vec!["-o", "x"] } else { vec![] });
        refused.write_stdin("").assert().code(2).stderr(contains(why));
    }
}

//! Reads sheets as a general OCR engine does by itself: the whole page at twice its size, one block of
//! text (Tesseract, page segmentation mode 6), for comparison with readers that know the form.
//!
//! `page_mode TRUTH.csv FILE...` prints how many vote cells (digits) are right, wrong and missing, how
//! many sheets have all of them right, and seconds a sheet. Words are put to cells by the sheet's own
//! registration, which is more than such an engine has.

use anyhow::Result;
use cotejo::form::builtin;
use cotejo::ground::geometry::Point;
use cotejo::read::sheet::{Template, locate};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use tesseract_rs::{TessPageSegMode, TesseractAPI};

/// A word with the middle of its box, photo pixels.
struct Word {
    text: String,
    at: Point,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [truth, files @ ..] = &args[..] else {
        anyhow::bail!("usage: page_mode TRUTH.csv FILE...");
    };
    let forms = builtin()?;
    let form = &forms[0];
    let templates = [Template::new(form)];
    let mut votes: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for row in csv::Reader::from_path(truth)?.deserialize() {
        let row: BTreeMap<String, String> = row?;
        let said = form.qr.as_ref().and_then(|q| q.grammar.captures(row.get("qr_payload")?));
        if let Some(said) = said {
            let numbers = said["votes"].split(',').filter_map(|v| v.parse().ok()).collect();
            votes.insert(row["file"].clone(), numbers);
        }
    }
    let engine = TesseractAPI::new();
    engine.init("", "spa")?;
    engine.set_page_seg_mode(TessPageSegMode::PSM_SINGLE_BLOCK)?;
    let (mut right, mut wrong, mut missing, mut sheets, mut whole) = (0u32, 0u32, 0u32, 0u32, 0u32);
    let mut seconds = 0.0;
    for path in files {
        let name = Path::new(path).file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let Some(votes) = votes.get(name) else { continue };
        let bytes = std::fs::read(path)?;
        let photo = cotejo::read::photo::decode(path, String::new(), &bytes, &Default::default())
            .map_err(|e| anyhow::anyhow!("{path}: {e:?}"))?;
        let started = Instant::now();
        let (w, h) = photo.pixels.dimensions();
        let filter = image::imageops::FilterType::CatmullRom;
        let large = image::imageops::resize(&photo.pixels, 2 * w, 2 * h, filter);
        engine.set_image(large.as_raw(), 2 * w as i32, 2 * h as i32, 1, 2 * w as i32)?;
        engine.set_source_resolution(400)?;
        let table = engine.get_tsv_text(0)?;
        seconds += started.elapsed().as_secs_f64();
        let words: Vec<Word> = table.lines().filter_map(word).collect();
        let Some(sheet) = locate(&photo.pixels, &templates).into_iter().next() else { continue };
        sheets += 1;
        let before = right;
        for (ix, &truth) in form.votes().zip(votes) {
            let field = &form.fields[ix];
            let Some(slot) = &field.digits else { continue };
            let corners = sheet.mesh.quad(slot.line_rect(field.y, 0)).points();
            let xs = corners.map(|p| p.x);
            let ys = corners.map(|p| p.y);
            let within = |v: f64, of: [f64; 4]| {
                v > of.iter().copied().fold(f64::MAX, f64::min)
                    && v < of.iter().copied().fold(f64::MIN, f64::max)
            };
            let said = words.iter().find(|w| within(w.at.x, xs) && within(w.at.y, ys));
            match said.and_then(|w| w.text.parse::<u32>().ok()) {
                Some(value) if value == truth => right += 1,
                Some(_) => wrong += 1,
                None => missing += 1,
            }
        }
        whole += u32::from((right - before) as usize == votes.len());
    }
    let cells = f64::from((right + wrong + missing).max(1));
    println!(
        "page mode: {sheets} sheets, vote cells right {right} ({:.1} %), wrong {wrong} ({:.1} %), missing {missing}; \
         sheets with all votes right {whole}; {:.0} ms a sheet",
        100.0 * f64::from(right) / cells,
        100.0 * f64::from(wrong) / cells,
        1000.0 * seconds / f64::from(sheets.max(1))
    );
    Ok(())
}

/// A line of Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height,
/// confidence, text; pixels of the picture at twice its size.
fn word(line: &str) -> Option<Word> {
    let cells: Vec<&str> = line.split('\t').collect();
    let text = cells.get(11)?.trim().to_owned();
    let number = |i: usize| cells.get(i)?.parse::<f64>().ok();
    let at = Point::new((number(6)? + number(8)? / 2.0) / 2.0, (number(7)? + number(9)? / 2.0) / 2.0);
    (!text.is_empty()).then_some(Word { text, at })
}

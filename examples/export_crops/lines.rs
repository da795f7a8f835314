//! Lines of made-up text, as sheets print them above the frame: codes, identifiers, dates, names.
//!
//! In: a form, for its styles and signs, and words that sheets print; or real scans with their texts. Out:
//! `lines.bin`, `lines.tsv`. The texts are invented: words of random syllables or letters, common words of
//! addresses, and, a line in three, random signs, for names of another country or form hold others. Of a real
//! scan a line is taken whose text is known, or an identifier or a date that the network and Tesseract read
//! alike. Names that readers agree on are no truth: the lines that one of them misreads are then missing, and
//! with them a letter (of 80 lines with a Q, 73).

use super::jitter::{Jitter, cut};
use super::texts::{Texts, line};
use super::views::{Seen, black_and_white, photographed, taken};
use anyhow::Result;
use cotejo::form::{Align, Form, Label, Rule, Style};
use cotejo::ground::geometry::{Point, Rect};
use cotejo::lab::synth::{Part, Picture, SheetTruth, Shot, SynthRng, draw, rng, scan, text, values};
use cotejo::read::cut::{CROP_HEIGHT, CropFrame, EM_PX, LINES_WIDTH};
use cotejo::read::glyphs::Charset;
use cotejo::read::glyphs::net::NetReader;
use cotejo::read::glyphs::tesseract::TesseractReader;
use cotejo::read::header;
use cotejo::read::sheet::{Mesh, Rung, Template};
use image::GrayImage;
use rand::RngExt;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Height of the capitals in em, as in the reader.
const CAP_HEIGHT: f64 = 0.69;

/// What of a text fits a line of `width` mm.
fn fitting(mut text: String, style: Style, width: f64) -> String {
    while text::width(&text, style) > width {
        text.pop();
    }
    text.trim().to_owned()
}

/// A cut line: its text, where that ends in the crop (px), the crop's bytes.
type Cut = (String, f64, Vec<u8>);

/// The two files of a set.
struct Files {
    table: std::fs::File,
    bin: std::fs::File,
}

impl Files {
    fn create(out: &Path) -> Result<Self> {
        std::fs::create_dir_all(out)?;
        let mut table = std::fs::File::create(out.join("lines.tsv"))?;
        writeln!(table, "label\tx\ty\tem\tsource\tsheet\tfield\tvalue")?;
        Ok(Self { table, bin: std::fs::File::create(out.join("lines.bin"))? })
    }

    fn write(&mut self, (text, end, pixels): &Cut, source: &str, sheet: &str) -> Result<()> {
        self.bin.write_all(pixels)?;
        // The last column: where the text ends in the crop, px.
        writeln!(self.table, "{text}\t0\t0\t{EM_PX}\t{source}\t{sheet}\tline\t{end:.1}")?;
        Ok(())
    }
}

/// The signs of identifiers and dates.
const HEX: &str = "0123456789abcdef-/: APM";

/// Place of a photo's print every 4 mm from `top` to `foot` (form mm): above the frame too the paper bends.
fn place(shot: &Shot, (width, top, foot): (f64, f64, f64)) -> Mesh {
    let steps = ((foot - top) / 4.0).ceil() as u32;
    let rungs = (0..=steps).map(|k| {
        let y = top + 4.0 * f64::from(k);
        Rung { y, points: [0.0, width / 2.0, width].map(|x| shot.way.map(Point::new(x, y))) }
    });
    Mesh { width, rungs: rungs.filter(|r| r.points.iter().all(|p| p.x.is_finite())).collect() }
}

/// Whether a line lies in a picture, and not only a part of it.
fn inside(pixels: &GrayImage, mesh: &Mesh, (left, right, base): (f64, f64, f64)) -> bool {
    let (w, h) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let corners = [left, right].into_iter().flat_map(|x| [base - 2.5, base + 1.0].map(|y| Point::new(x, y)));
    corners.map(|p| mesh.map(p)).all(|p| (0.0..w).contains(&p.x) && (0.0..h).contains(&p.y))
}

/// Writes the lines of real scans: as they stand, and `jitters` times with the registration thrown off; or as
/// scenes show them.
/// `texts` is a table of what the sheets print: `file`, `state`, `municipality`, `parish`, `centre` (its name),
/// `address`; any may be missing.
pub fn export_scans(
    form: &Form,
    out: &Path,
    [truth, texts]: [&str; 2],
    seen: &Seen,
    files: &[String],
) -> Result<()> {
    let mut set = Files::create(out)?;
    let (known, names) = (table(truth)?, table(texts)?);
    let templates = [Template::new(form)];
    let net = NetReader::new()?;
    let mut tesseract = TesseractReader::new()?;
    for (sheet, path) in files.iter().enumerate() {
        let name = Path::new(path).file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let bytes = std::fs::read(path)?;
        let photo = cotejo::read::photo::decode(path, String::new(), &bytes, &Default::default())
            .map_err(|e| anyhow::anyhow!("{path}: {e:?}"))?;
        let Some(found) = cotejo::read::sheet::locate(&photo.pixels, &templates).into_iter().next() else {
            continue;
        };
        let mut certain: Vec<String> = known.get(name).map(numbers).unwrap_or_default();
        certain.extend(names.get(name).map(|row| printed(form, row)).unwrap_or_default());
        let mesh = found.mesh.extended(-160.0, form.frame.1);
        let mut rng = rng(8, sheet as u64);
        let jitters = if let Seen::Scanned(n) = *seen { n as u64 } else { 0 };
        let photos: Vec<[Picture; 2]> = (0..jitters)
            .map(|_| [photographed, black_and_white].map(|view| view(&photo.pixels, &mesh, &mut rng)))
            .collect();
        let mut shots = Vec::new();
        if let Seen::Scenes(scenes) = seen {
            let (pixels, mesh) = (photo.pixels.clone(), mesh.clone());
            let original = Picture { pixels, mesh, truth: SheetTruth::default(), jpeg: None };
            for shot in scenes.iter().flat_map(|scene| scene.take(&original, &mut rng)).collect::<Vec<_>>() {
                shots.push((shot.pixels(), place(&shot, (form.frame.0, -160.0, form.frame.1))));
            }
        }
        for line in header::found_lines(&photo.pixels, &found, form) {
            let (said, _) = net.read_line(&line.crops.tight, Charset::Text, None);
            let alike = || {
                let plain = said.len() > 8 && said.chars().all(|c| HEX.contains(c));
                (plain && tesseract.line(&line.crops.wide, Charset::Text).0 == said).then(|| said.clone())
            };
            let text = nearest(&said, &certain).or_else(alike);
            let (Some(text), Some((left, right))) = (text, line.place.ink) else { continue };
            let source = name.split('_').next().unwrap_or(name);
            for (pixels, mesh) in &shots {
                let span = (left, right, line.place.base);
                let jitter = Jitter::sample(&mut rng).along_line();
                if inside(pixels, mesh, span)
                    && let Some((end, pixels)) = cut_line(pixels, mesh, span, line.em, jitter, &mut rng)
                {
                    set.write(&(text.clone(), end, pixels), source, name)?;
                }
            }
            if !shots.is_empty() {
                continue;
            }
            for k in 0..=jitters {
                let jitter = if k == 0 { Jitter::NONE } else { Jitter::sample(&mut rng).along_line() };
                let span = (left, right, line.place.base);
                let seen = k.checked_sub(1).and_then(|k| photos.get(k as usize)).into_iter().flatten();
                let views = std::iter::once((&photo.pixels, &mesh)).chain(seen.map(|p| (&p.pixels, &p.mesh)));
                for (pixels, mesh) in views {
                    if let Some((end, pixels)) = cut_line(pixels, mesh, span, line.em, jitter, &mut rng) {
                        set.write(&(text.clone(), end, pixels), source, name)?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// A table's rows by file.
fn table(path: &str) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let mut rows = BTreeMap::new();
    for row in csv::Reader::from_path(path)?.deserialize() {
        let row: BTreeMap<String, String> = row?;
        rows.insert(row["file"].clone(), row);
    }
    Ok(rows)
}

/// The lines with numbers that a row of the truth table knows.
fn numbers(row: &BTreeMap<String, String>) -> Vec<String> {
    let get = |key: &str| row.get(key).cloned().unwrap_or_default();
    let code = get("qr_payload").split('!').next().unwrap_or_default().to_owned();
    [code, ["centre", "centro"].map(get).concat(), format!("{} Electores", get("electores"))]
        .into_iter()
        .filter(|t| t.chars().filter(char::is_ascii_digit).count() > 1)
        .collect()
}

/// Columns of names, as records call them.
const NAMES: [&str; 5] = ["state", "municipality", "parish", "centre", "address"];

/// What a row of the texts' table and the form say that a sheet prints, not yet wrapped.
fn printed(form: &Form, row: &BTreeMap<String, String>) -> Vec<String> {
    let mut out: Vec<String> = form.header.lines.iter().filter_map(|l| l.text.clone()).collect();
    for (id, text) in NAMES.iter().filter_map(|&id| Some((id, row.get(id).filter(|t| !t.is_empty())?))) {
        let prefix = form.header_line(id).and_then(|l| l.prefix.clone());
        out.push(prefix.map_or(text.clone(), |p| format!("{p} {text}")));
    }
    out
}

/// The run of words of a known text that a reading is nearest to; `None` where more than a fifth of it
/// differs, or where runs of other words are as near.
fn nearest(said: &str, texts: &[String]) -> Option<String> {
    let mut best: Vec<(usize, String)> = Vec::new();
    for text in texts {
        let words: Vec<&str> = text.split_whitespace().collect();
        for (a, b) in (0..words.len()).flat_map(|a| (a..words.len()).map(move |b| (a, b))) {
            let run = words[a..=b].join(" ");
            if run.chars().count().abs_diff(said.chars().count()) <= 6 {
                best.push((distance(said, &run), run));
            }
        }
    }
    best.sort();
    best.dedup();
    let (away, run) = best.first()?;
    let alone = best.get(1).is_none_or(|next| next.0 > *away);
    (alone && away * 5 <= run.chars().count()).then(|| run.clone())
}

/// Insertions, deletions and changes from one text to another (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, &y) in b.iter().enumerate() {
            let best = (before + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            before = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()]
}

/// Cuts the line from `left` to `right` on the baseline `base` (mm): where it ends in the crop, px, and
/// the crop's bytes; `None` where it is longer than a crop.
fn cut_line(
    pixels: &GrayImage,
    mesh: &Mesh,
    (left, right, base): (f64, f64, f64),
    em: f64,
    jitter: Jitter,
    rng: &mut SynthRng,
) -> Option<(f64, Vec<u8>)> {
    let px_per_mm = EM_PX / em;
    let before = rng.random_range(3.5..10.0) / px_per_mm;
    let (w, h) = (f64::from(LINES_WIDTH) / px_per_mm, f64::from(CROP_HEIGHT) / px_per_mm);
    let middle = base - CAP_HEIGHT / 2.0 * em;
    let frame = CropFrame { rect: Rect::new(left - before, middle - h / 2.0, w, h), px_per_mm };
    let end = (before + right - left) * px_per_mm;
    (end + 6.0 <= f64::from(LINES_WIDTH)).then(|| (end, cut(pixels, mesh, frame, jitter).0.into_raw()))
}

/// Writes the lines of `pages` pages, a share of them in black and white, or as scenes show them; `names` are names
/// that sheets print.
pub fn export(
    form: &Form,
    out: &Path,
    (texts, names): (Texts, &[String]),
    (seed, pages): (u64, u64),
    seen: &Seen,
) -> Result<()> {
    let mut set = Files::create(out)?;
    let all: Vec<u64> = (0..pages).collect();
    for chunk in all.chunks(16) {
        let done: Vec<Vec<Cut>> =
            chunk.par_iter().map(|&p| page(form, (texts, names), (seed, p), seen)).collect();
        for (page, lines) in chunk.iter().zip(done) {
            for line in &lines {
                set.write(line, "made-up", &format!("{seed}/{page}"))?;
            }
        }
    }
    Ok(())
}

/// Where the upright rule left of the lines stands, mm.
const RULE: f64 = 20.5;

/// The lines of one page.
fn page(form: &Form, (texts, names): (Texts, &[String]), (seed, page): (u64, u64), seen: &Seen) -> Vec<Cut> {
    let mut rng = rng(seed ^ 0x6c69_6e65, page);
    let (width, height) = form.frame;
    let mut blank = form.clone();
    let mut labels = Vec::new();
    let mut y = 4.0;
    while y < height - 4.0 {
        let (text, style) = line(texts, names, &mut rng);
        let text = fitting(text, style, if style.size == 2.45 { 63.0 } else { 44.5 });
        if !text.is_empty() {
            let (x, align) = match rng.random_range(0..3) {
                0 => (44.7, Align::Centre),
                _ => (67.6, Align::Right),
            };
            let (x, align) = if style.size == 2.45 { (width / 2.0, Align::Centre) } else { (x, align) };
            // The printer advances by whole dots: its spread is not the font's.
            let style = Style { tracking: rng.random_range(-0.02..0.035), ..style };
            labels.push(Label { text, x, y, align, style });
        }
        y += if rng.random_bool(0.6) { 2.93 } else { rng.random_range(3.4..6.0) };
    }
    blank.rules = vec![Rule { x0: RULE, y0: 0.0, x1: RULE, y1: height }];
    blank.labels = labels;
    let mut truth = values::invent(form, &mut rng, cotejo::lab::synth::ValueMode::Realistic);
    truth.header.clear();
    for field in &mut truth.fields {
        (field.digits, field.words) = (None, None);
    }
    let pictures: Vec<(GrayImage, Mesh)> = match seen {
        Seen::Scanned(two_levels) => {
            let drawn = draw::draw(&blank, &truth, Part::Frame, &mut rng);
            let mut picture = taken(&drawn, &mut rng);
            if rng.random_bool(*two_levels) {
                picture = black_and_white(&picture.pixels, &picture.mesh, &mut rng);
            }
            vec![(picture.pixels, picture.mesh)]
        }
        Seen::Scenes(scenes) => {
            // One of the scenes a page; the whole strip, for then the print is as small as theirs.
            let scene = scenes[page as usize % scenes.len()];
            let drawn = draw::draw(&blank, &truth, Part::Whole, &mut rng);
            let paper = scan::ScanSettings { strokes: 0, ..scene.paper(&mut rng) };
            let original = scan::apply(&drawn, &paper, &mut rng);
            let shots = scene.take(&original, &mut rng);
            shots.iter().map(|shot| (shot.pixels(), place(shot, (width, 0.0, height)))).collect()
        }
    };
    let mut out = Vec::new();
    for label in &blank.labels {
        let long = text::width(&label.text, label.style);
        let left = match label.align {
            Align::Left => label.x,
            Align::Centre => label.x - long / 2.0,
            Align::Right => label.x - long,
        };
        let jitter = Jitter::sample(&mut rng).along_line();
        // Codes are looked at closely where the paper bends and nothing but the line itself is level.
        let jitter = if texts == Texts::Codes && rng.random_bool(0.5) { jitter.doubled() } else { jitter };
        // A stroke below the line is taken for its foot now and then.
        let jitter = if label.text.contains('_') && rng.random_bool(0.5) {
            jitter.lowered(rng.random_range(0.0..0.5))
        } else {
            jitter
        };
        // The rule beside the longest lines is taken for their first ink.
        let beside = left - RULE < 3.2 && label.style.size != 2.45 && rng.random_bool(0.5);
        let span = (if beside { RULE - 0.1 } else { left }, left + long, label.y);
        // Two spaces are printed now and then, and read as one.
        let text = label.text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (pixels, mesh) in pictures.iter().filter(|(pixels, mesh)| inside(pixels, mesh, span)) {
            if let Some((end, pixels)) = cut_line(pixels, mesh, span, label.style.size, jitter, &mut rng) {
                out.push((text.clone(), end, pixels));
            }
        }
    }
    out
}

//! Reads exported crops (see `export_crops`) with the network reader and says how often it is right
//! and how much its probabilities are worth.
//!
//! `judge_crops MODELS DIR...` prints, a folder and kind: cells, share right by source, the
//! reliability table, every wrong cell above 0.9, and milliseconds a sheet of 49 cells, with the
//! networks and calibration of the folder MODELS. `judge_crops fit MODELS DIR...` fits the calibration
//! on the folders and prints it as TOML for `net.toml`.

use anyhow::{Context, Result};
use cotejo::form::builtin;
use cotejo::read::cut::{CROP_HEIGHT, DIGITS_WIDTH, LINE_END, LINES_WIDTH, WORDS_WIDTH};
use cotejo::read::glyphs::net::{Calibration, Models, NetReader};
use cotejo::read::glyphs::{Charset, Distribution, Look};
use image::GrayImage;
use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// A read cell: what it says (`None` for blank), who scanned it, what the reader says.
struct Cell {
    value: Option<u32>,
    source: String,
    name: String,
    read: Distribution,
    /// Whether the most probable outcome is the right one.
    right: bool,
}

impl Cell {
    /// A number cell of `row`.
    fn number(row: &Row, read: Distribution) -> Self {
        let (said, p) = best(&read);
        let right = said == row.value && p > read.other;
        let name = format!("{} {}", row.sheet, row.field);
        Self { value: row.value, source: row.source.clone(), name, read, right }
    }
}

struct Row {
    crop: GrayImage,
    source: String,
    sheet: String,
    field: String,
    value: Option<u32>,
}

fn rows(folder: &str, kind: &str, width: u32) -> Result<Vec<Row>> {
    let folder = Path::new(folder);
    let table = std::fs::read_to_string(folder.join(format!("{kind}.tsv")))?;
    let pixels = std::fs::read(folder.join(format!("{kind}.bin")))?;
    let size = (width * CROP_HEIGHT) as usize;
    let mut out = Vec::new();
    for (line, raw) in table.lines().skip(1).zip(pixels.chunks_exact(size)) {
        let cells: Vec<&str> = line.split('\t').collect();
        out.push(Row {
            crop: GrayImage::from_raw(width, CROP_HEIGHT, raw.to_vec()).context("crop size")?,
            source: cells[4].to_owned(),
            sheet: cells[5].to_owned(),
            field: cells[6].to_owned(),
            value: cells[7].parse().ok(),
        });
    }
    Ok(out)
}

fn digits(reader: &NetReader, folder: &str) -> Result<Vec<Cell>> {
    let mut out = Vec::new();
    for chunk in rows(folder, "digits", DIGITS_WIDTH)?.chunks(49) {
        let crops: Vec<GrayImage> = chunk.iter().map(|r| r.crop.clone()).collect();
        let (numbers, shares) = (reader.read_digits(&crops, PLACES), reader.read_shares(&crops));
        for ((row, number), share) in chunk.iter().zip(numbers).zip(shares) {
            out.push(Cell::number(row, if row.field.ends_with('%') { share } else { number }));
        }
    }
    Ok(out)
}

fn words(reader: &NetReader, folder: &str) -> Result<Vec<Cell>> {
    let rows = rows(folder, "words", WORDS_WIDTH)?;
    let mut cells: Vec<(&Row, Option<&Row>)> = Vec::new();
    for row in &rows {
        if row.field.ends_with(".0") {
            cells.push((row, None));
        } else if let Some((first, second)) = cells.last_mut()
            && first.sheet == row.sheet
            && first.field.strip_suffix(".0") == row.field.strip_suffix(".1")
        {
            *second = Some(row);
        }
    }
    let mut out = Vec::new();
    for chunk in cells.chunks(49) {
        let first: Vec<GrayImage> = chunk.iter().map(|c| c.0.crop.clone()).collect();
        let read = reader.read_words(&first, PLACES, |i| chunk[i].1.map(|r| r.crop.clone()));
        for ((row, _), read) in chunk.iter().zip(read) {
            out.push(Cell::number(row, read));
        }
    }
    Ok(out)
}

/// The lines of a folder, each cut off behind its text as the reader's own frame does, with that text.
fn text_rows(folder: &str) -> Result<Vec<(Row, String)>> {
    let table = std::fs::read_to_string(Path::new(folder).join("lines.tsv"))?;
    let text = table.lines().skip(1).map(|line| line.split('\t').next().unwrap_or_default().to_owned());
    let ends = table.lines().skip(1).filter_map(|line| line.rsplit('\t').next()?.parse::<f64>().ok());
    let rows = rows(folder, "lines", LINES_WIDTH)?.into_iter().zip(text).zip(ends);
    Ok(rows
        .map(|((row, text), end)| {
            let width = (end + LINE_END).min(f64::from(LINES_WIDTH)) as u32;
            let crop = image::imageops::crop_imm(&row.crop, 0, 0, width, CROP_HEIGHT).to_image();
            (Row { crop, ..row }, text)
        })
        .collect())
}

/// Lines of text.
fn lines(reader: &NetReader, folder: &str) -> Result<Vec<Cell>> {
    let read = |(row, text): (Row, String)| {
        let (said, p) = reader.read_line(&row.crop, Charset::Text, None);
        line_cell(row.source, format!("{} {text:?} as {said:?}", row.sheet), said == text, p)
    };
    Ok(text_rows(folder)?.into_iter().map(read).collect())
}

/// Lines of codes and of the number of voters, one look each by a network: right or not, as for [`lines`].
fn codes(reader: &NetReader, folder: &str, look: Look) -> Result<Vec<Cell>> {
    let form = builtin()?.swap_remove(0);
    let patterns: Vec<(&Regex, Charset)> =
        [("code", Charset::FaintCode), ("centre", Charset::Digits), ("electores", Charset::Text)]
            .iter()
            .filter_map(|(id, charset)| Some((form.header_line(id)?.pattern.as_ref()?, *charset)))
            .collect();
    let mut out = Vec::new();
    for (row, text) in text_rows(folder)? {
        let Some((pattern, charset)) = patterns.iter().find(|p| p.0.is_match(&text)) else { continue };
        let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        let said = if shape.chars().all(|c| "0.".contains(c)) {
            let said = reader.read_places(&[row.crop], look, &shape);
            said.map(|(signs, fits)| signs.texts(1).into_iter().map(|(text, p)| (text, p * fits)).collect())
        } else {
            let fits = |said: &str| pattern.is_match(said).then(|| said.to_owned());
            Some(reader.read_looks(&[row.crop], (*charset, look), &fits))
        };
        let (said, p) = said.and_then(|said: Vec<_>| said.into_iter().next()).unwrap_or_default();
        out.push(line_cell(row.source, format!("{} {text:?} as {said:?}", row.sheet), said == text, p));
    }
    Ok(out)
}

/// A line that was read, right or not: its value is 1 where it is, since a line has no number of values.
fn line_cell(source: String, name: String, right: bool, p: f64) -> Cell {
    let said = u32::from(right);
    let read = Distribution::from_weights(vec![(said, p), (1 - said, 1.0 - p)], 0.0, 0.0);
    Cell { value: Some(1), source, name, read, right }
}

/// The outcome's probability: of the value, or of blank.
fn truth(cell: &Cell, read: &Distribution) -> f64 {
    cell.value.map_or(read.blank, |v| read.probability(v))
}

/// The most probable outcome among values and blank, with its probability.
fn best(read: &Distribution) -> (Option<u32>, f64) {
    match read.values.first() {
        Some(&(v, p)) if p >= read.blank => (Some(v), p),
        _ => (None, read.blank),
    }
}

fn report(cells: &[Cell]) {
    let mut sources: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    // Bins by the probability of the best outcome.
    let edges = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.1];
    let mut bins = vec![(0u32, 0u32, 0.0); edges.len() - 1];
    for c in cells {
        let (said, p) = best(&c.read);
        let s = sources.entry(&c.source).or_default();
        s.0 += u32::from(c.right);
        s.1 += 1;
        let bin = edges.iter().rposition(|&e| p >= e).unwrap_or(0).min(bins.len() - 1);
        bins[bin].0 += u32::from(said == c.value);
        bins[bin].1 += 1;
        bins[bin].2 += p;
        if said != c.value && p > 0.9 {
            println!("  wrong: {} says {:?}, read {:?} at {p:.5}", c.name, c.value, said);
        }
    }
    for (source, (right, all)) in sources {
        println!("  {source}: {right}/{all} right, {:.3} %", 100.0 * f64::from(right) / f64::from(all));
    }
    for (i, (right, all, sum)) in bins.into_iter().enumerate().filter(|b| b.1.1 > 0) {
        println!(
            "  p >= {}: {all} cells, said {:.5}, right {:.5}",
            edges[i],
            sum / f64::from(all),
            f64::from(right) / f64::from(all)
        );
    }
}

/// The temperature and floor with the least mean negative log probability of the truth; the floor at
/// least what one wrong cell more than seen would make it.
fn fit(cells: &[Cell]) -> Calibration {
    let score = |c: Calibration| -> f64 {
        cells.iter().map(|cell| -truth(cell, &c.apply(cell.read.clone())).max(1e-9).ln()).sum()
    };
    let floors = [3e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3];
    let mut found = (f64::MAX, Calibration { temperature: 1.0, floor: 1e-3 });
    for step in 0..30 {
        for floor in floors {
            let c = Calibration { temperature: 0.7 + 0.1 * f64::from(step), floor };
            let s = score(c);
            if s < found.0 {
                found = (s, c);
            }
        }
    }
    let mut c = found.1;
    let sure: Vec<&Cell> = cells.iter().filter(|x| best(&c.apply(x.read.clone())).1 > 0.99).collect();
    let wrong = sure.iter().filter(|x| best(&x.read).0 != x.value).count();
    c.floor = c.floor.max((wrong + 1) as f64 / (sure.len() + 1) as f64);
    println!("# {} cells, {} sure, {wrong} of those wrong", cells.len(), sure.len());
    c
}

/// Places of the numbers that the crops are of: the built-in form's.
const PLACES: usize = 4;

/// The networks of a folder, calibrated as `calibration` says.
fn load(models: &str, calibration: &str) -> Result<NetReader> {
    let models = Path::new(models);
    let network = |name: &str| {
        std::fs::read(models.join(name)).with_context(|| format!("no {name} in {}", models.display()))
    };
    let models = Models {
        digits: network("digits.onnx")?,
        digits_close: network("digits-close.onnx")?,
        words: network("words.onnx")?,
        lines: network("lines.onnx")?,
        codes: network("codes.onnx")?,
    };
    Ok(NetReader::from_bytes(models, calibration)?)
}

type Read = fn(&NetReader, &str) -> Result<Vec<Cell>>;

/// The folders that hold crops of a kind; codes are lines.
fn with<'a>(folders: &'a [String], kind: &str) -> impl Iterator<Item = &'a String> {
    let table = format!("{}.tsv", if kind.starts_with("codes") { "lines" } else { kind });
    folders.iter().filter(move |f| Path::new(f).join(&table).exists())
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let kinds: [(&str, Read); 4] = [
        ("digits", digits),
        ("words", words),
        ("lines", lines),
        ("codes", |reader, folder| codes(reader, folder, Look::Close)),
    ];
    if let [mode, models, folders @ ..] = &args[..]
        && mode == "fit"
    {
        let none = "temperature = 1.0\nfloor = 0.0\n";
        let reader = load(models, &format!("[digits]\n{none}[words]\n{none}[lines]\n{none}[codes]\n{none}"))?;
        for (kind, read) in kinds {
            let mut cells = Vec::new();
            for folder in with(folders, kind) {
                cells.extend(read(&reader, folder)?);
            }
            let c = fit(&cells);
            println!("[{kind}]\ntemperature = {:.2}\nfloor = {:.6}", c.temperature, c.floor);
        }
        return Ok(());
    }
    let [models, folders @ ..] = &args[..] else { anyhow::bail!("usage: judge_crops [fit] MODELS DIR...") };
    let reader = load(models, &std::fs::read_to_string(Path::new(models).join("net.toml"))?)?;
    let general: (&str, Read) = ("codes by the network for lines", |r, f| codes(r, f, Look::General));
    for folder in folders {
        for (kind, read) in kinds.into_iter().chain([general]) {
            if with(std::slice::from_ref(folder), kind).next().is_none() {
                continue;
            }
            let began = Instant::now();
            let cells = read(&reader, folder)?;
            let each = began.elapsed().as_secs_f64() * 1000.0 / cells.len() as f64 * 49.0;
            println!("{folder} {kind}: {} cells, {each:.2} ms for 49", cells.len());
            report(&cells);
        }
    }
    Ok(())
}

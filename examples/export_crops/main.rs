//! Writes the crops that the network reader is trained and judged on, cut by the program's own code.
//!
//! `export_crops made-up OUT SEED SHEETS [SHARE [FORM.toml]]` draws and scans sheets, a SHARE of them (0.15) in black
//! and white, throws the registration off a little, and cuts every cell. `export_crops scans OUT
//! TRUTH.csv JITTERS FILE...` registers real scans whose numbers are known and cuts every cell as
//! registered, and JITTERS times more each on the scan, on a photo of it and on it in black and white,
//! with the registration thrown off; with names of scenes in place of JITTERS, on photos of it as phones take them.
//! `export_crops scenes OUT SEED SHEETS SCENE,...` takes drawn sheets so. `export_crops known OUT FORMS TRUTH.csv RECORDS.jsonl JITTERS FILE...` does the
//! same with pages that a run of `cotejo` with the forms of the folder FORMS has registered, and whose numbers the
//! table holds (`file`, `page` from 0, `field`, `value`). `export_crops lines OUT SEED PAGES [SHARE [NAMES]]` draws pages of
//! made-up text instead, with names from a file, one a line, and cuts every line, `export_crops codes` pages
//! of codes and numbers of voters alone; `export_crops scanned-lines OUT TRUTH.csv TEXTS.csv JITTERS FILE...`
//! takes real scans' lines, whose texts the two tables hold; with names of scenes in place of SHARE or JITTERS they are cut
//! from photos as phones take them. Out: `OUT/digits.bin`, `digits.tsv`,
//! `words.bin`, `words.tsv` or `lines.bin`, `lines.tsv`, see `scripts/training/crops.py`. Refuses scans that
//! are not in the truth table.

mod jitter;
mod lines;
mod texts;
mod views;

use anyhow::{Context, Result};
use cotejo::form::print::label_rect;
use cotejo::form::{Field, Form, Slot, Weight, builtin, known as forms_of, parse};
use cotejo::ground::percent::Percent;
use cotejo::lab::synth::draw::Drawn;
use cotejo::lab::synth::{
    Part, Picture, Scene, SheetTruth, SynthRng, ValueMode, draw, rng, scan, text, values,
};
use cotejo::read::cut;
use cotejo::read::photo::{Document, streaks};
use cotejo::read::sheet::{Mesh, Template};
use cotejo::record::Record;
use image::GrayImage;
use jitter::{Jitter, cut};
use rand::RngExt;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use texts::Texts;
use views::{Seen, black_and_white, photographed, scenes, taken};

/// One crop with what it says.
struct Crop {
    kind: Kind,
    label: String,
    centre: (f64, f64),
    em: f64,
    pixels: GrayImage,
    field: String,
    value: String,
}

/// Label of a line of words of which it is not known how much of the number stands on it.
const UNSURE: &str = "~";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digits,
    Words,
}

/// Whether the sheet is a real one, whose layout is known less exactly than a drawn one's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Real {
    Yes,
    No,
}

/// The lines of a words cell as digits, such as ["009", "4"].
///
/// `None` on a real sheet where the width leaves open whether it wraps: within 1.5 mm of the column's
/// measure; its crops are labelled [`UNSURE`].
fn word_lines(form: &Form, slot: &Slot, value: u32, real: Real) -> Option<Vec<(String, f64)>> {
    let spelled = form.spell(value);
    if real == Real::Yes && slot.lines > 1 && (text::width(&spelled, slot.style) - slot.wrap).abs() < 1.5 {
        return None;
    }
    let lines = if slot.lines > 1 { text::wrap(&spelled, slot.style, slot.wrap) } else { vec![spelled] };
    let mut out = Vec::new();
    for line in lines {
        let digits = line
            .split(',')
            .map(str::trim)
            .filter(|w| !w.is_empty())
            .filter_map(|w| form.words.as_ref()?.digits.iter().position(|d| d == w))
            .map(|d| d.to_string())
            .collect();
        out.push((digits, text::width(&line, slot.style)));
    }
    Some(out)
}

/// The most signs of a share in per cent that fit a crop.
const MARKED: usize = 5;

/// What a sheet says, by field: digits and words, `None` where nothing is printed.
type Said = Vec<Option<(Option<u32>, Option<u32>)>>;

/// All crops of a sheet.
fn crops(
    form: &Form,
    pixels: &GrayImage,
    mesh: &Mesh,
    said: &Said,
    real: Real,
    jitter: &mut dyn FnMut() -> Jitter,
) -> Vec<Crop> {
    let mut out = Vec::new();
    let labels: Vec<_> = form.labels.iter().map(label_rect).collect();
    let mut number = |slot: &Slot, y: f64, field: String, label: String, width: f64| {
        // The network is trained on crops of one width, the least.
        let frame = cut::digits_frame(slot, y, 1);
        let (mut pixels, (x, y), em) = cut(pixels, mesh, frame, jitter());
        cut::wipe(&mut pixels, frame, &labels);
        // Of what does not hang by its middle, that.
        let hung = slot.x + slot.align.left(width) + width / 2.0;
        let x = x + (hung - frame.rect.x - frame.rect.width / 2.0) * frame.px_per_mm;
        let value = label.clone();
        Crop { kind: Kind::Digits, label, centre: (x, y), em, pixels, field, value }
    };
    for (field, what) in form.fields.iter().zip(said) {
        let Some((digits, _)) = what else { continue };
        if let Some(slot) = &field.digits {
            let label = digits.map_or(String::new(), |v| v.to_string());
            let width = text::width(&label, slot.style);
            out.push(number(slot, field.y, field.id.clone(), label, width));
        }
        if let Some(share) = &field.share
            && let Some((whole, _)) = said[share.whole]
        {
            let printed = digits.zip(whole).and_then(|(part, whole)| Percent::of(part, whole));
            let printed = printed.map_or(String::new(), |p| p.to_string());
            let width = text::width(&printed, share.slot.style);
            // Of a hundred the crop holds less than is printed.
            if printed.len() <= MARKED {
                let label = printed.replace('.', "");
                out.push(number(&share.slot, share.y, format!("{}%", field.id), label, width));
            }
        }
    }
    for (field, said) in form.fields.iter().zip(said) {
        let Some((_, words)) = said else { continue };
        if let Some(slot) = &field.words {
            let lines = words.map_or(Some(Vec::new()), |v| word_lines(form, slot, v, real));
            for line in 0..slot.lines.max(1) {
                let (label, width) = match &lines {
                    Some(lines) => lines.get(line as usize).cloned().unwrap_or_default(),
                    None => (UNSURE.to_owned(), 0.0),
                };
                let (crop, centre, em) = cut(pixels, mesh, cut::words_frame(slot, field.y, line), jitter());
                let half = width / 2.0 * em / slot.style.size;
                if centre.0 - half < 0.5 || centre.0 + half > f64::from(cut::WORDS_WIDTH) - 1.5 {
                    continue;
                }
                let (kind, field) = (Kind::Words, format!("{}.{line}", field.id));
                let value = words.map_or(String::new(), |v| v.to_string());
                out.push(Crop { kind, label, centre, em, pixels: crop, field, value });
            }
        }
    }
    out
}

/// A value whose number of places is drawn first, so that short numbers are as common as long ones.
fn any_value(rng: &mut SynthRng, places: u32) -> u32 {
    let places = rng.random_range(1..=places);
    rng.random_range(0..10u32.pow(places))
}

/// A sheet of a seed, drawn and scanned, and what its cells say.
fn made_up(form: &Form, seed: u64, sheet: u64) -> (GrayImage, Mesh, Said) {
    let (drawn, said, mut rng) = drawn(form, seed, sheet, Part::Frame);
    let picture = taken(&drawn, &mut rng);
    (picture.pixels, picture.mesh, said)
}

/// A sheet of a seed as phones take it, each photo with the place of its print, and what its cells say.
fn shots(form: &Form, seed: u64, sheet: u64, scene: Scene) -> (Vec<(GrayImage, Mesh)>, Said) {
    let (drawn, said, mut rng) = drawn(form, seed, sheet, Part::Whole);
    let paper = scan::ScanSettings { strokes: 0, ..scene.paper(&mut rng) };
    let original = scan::apply(&drawn, &paper, &mut rng);
    let shots = scene.take(&original, &mut rng);
    (shots.into_iter().map(|shot| (shot.pixels(), shot.way.mesh())).collect(), said)
}

/// A sheet of a seed with any numbers, what its cells say, and the dice that go on.
fn drawn(form: &Form, seed: u64, sheet: u64, part: Part) -> (Drawn, Said, SynthRng) {
    let mut rng = rng(seed, sheet);
    let realistic = sheet.is_multiple_of(3);
    let mode = if realistic { ValueMode::Realistic } else { ValueMode::Uniform };
    let mut truth = values::invent(form, &mut rng, mode);
    let places = form.places as u32;
    for field in &mut truth.fields {
        if !realistic {
            // The channels of a training sheet need not agree: twice the variety.
            (field.digits, field.words) =
                (Some(any_value(&mut rng, places)), Some(any_value(&mut rng, places)));
        }
        if rng.random_bool(0.06) {
            field.digits = None;
        }
        if rng.random_bool(0.06) {
            field.words = None;
        }
    }
    let mut form = form.clone();
    if sheet % 5 == 4 {
        // The number of voters is printed bold.
        let slots = form.fields.iter_mut().filter_map(|f| f.digits.as_mut());
        slots.for_each(|slot| slot.style.weight = Weight::Bold);
    }
    let drawn = draw::draw(&form, &truth, part, &mut rng);
    let said = truth.fields.iter().map(|f| Some((f.digits, f.words))).collect();
    (drawn, said, rng)
}

/// Numbers of a real scan: the QR code's votes, and the totals that the truth table has.
fn known(form: &Form, row: &BTreeMap<String, String>) -> Option<Said> {
    let spec = form.qr.as_ref()?;
    let groups = spec.grammar.captures(row.get("qr_payload")?)?;
    let votes: Vec<u32> = groups["votes"].split(',').filter_map(|v| v.parse().ok()).collect();
    let valid: u32 = row.get("votos_validos")?.parse().ok()?;
    let void: u32 = row.get("votos_nulos")?.parse().ok()?;
    let mut said: Said = vec![None; form.fields.len()];
    for (ix, v) in form.votes().zip(votes) {
        said[ix] = Some((Some(v), Some(v)));
    }
    let totals = [
        ("votos_validos", valid),
        ("opciones_validas", valid),
        ("votos_nulos", void),
        ("votos", valid + void),
        ("votantes_maquina", valid + void),
        ("votos_parciales", 0),
        ("votos_vacios", 0),
    ];
    for (id, v) in totals {
        said[form.field(id)?] = Some((Some(v), Some(v)));
    }
    Some(said)
}

/// Writes a registered scan's crops as they are, and `jitters` times each thrown off, photographed, in black and white.
fn views(
    writer: &mut Writer,
    form: &Form,
    (pixels, mesh): (&GrayImage, &Mesh),
    said: &Said,
    jitters: u64,
    (source, name, sheet): (&str, &str, usize),
) -> Result<()> {
    writer.write(&crops(form, pixels, mesh, said, Real::Yes, &mut || Jitter::NONE), source, name)?;
    let mut rng = rng(7, sheet as u64);
    for _ in 0..jitters {
        let more = crops(form, pixels, mesh, said, Real::Yes, &mut || Jitter::sample(&mut rng));
        writer.write(&more, source, name)?;
        for view in [photographed, black_and_white] {
            let seen = view(pixels, mesh, &mut rng);
            let thrown = &mut || Jitter::sample(&mut rng);
            writer.write(&crops(form, &seen.pixels, &seen.mesh, said, Real::Yes, thrown), source, name)?;
        }
    }
    Ok(())
}

/// Writes the crops of pages that a run has registered and whose numbers a table holds.
fn export_known(
    writer: &mut Writer,
    [folder, truth, records, jitters]: [&str; 4],
    files: &[String],
) -> Result<()> {
    let forms = forms_of(Some(Path::new(folder)))?;
    let mut said: BTreeMap<(String, u32), BTreeMap<String, u32>> = BTreeMap::new();
    for row in csv::Reader::from_path(truth)?.deserialize() {
        let (file, page, field, value): (String, u32, String, u32) = row?;
        said.entry((file, page)).or_default().insert(field, value);
    }
    let limits = Default::default();
    for path in files {
        let name = Path::new(path).file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let unread = |e| anyhow::anyhow!("{path}: {e:?}");
        let pages = Document::open(path, String::new(), std::fs::read(path)?, &limits).map_err(unread)?;
        for line in std::fs::read_to_string(records)?.lines() {
            let record: Record = serde_json::from_str(line)?;
            let source = &record.sources[0];
            let Some(values) = said.get(&(name.to_owned(), source.page)) else { continue };
            if Path::new(&source.path).file_name() != Path::new(path).file_name() {
                continue;
            }
            let form = record.form.as_ref().and_then(|found| forms.iter().find(|f| f.id == found.id));
            let Some((form, registration)) = form.zip(record.registration.as_ref()) else { continue };
            let Some(mesh) = cotejo::picture::mesh(registration, form) else { continue };
            let pixels = pages.page(source.page, &limits).map_err(unread)?.pixels;
            let clean = streaks::without(&pixels, &streaks::find(&pixels));
            let value = |field: &Field| values.get(&field.id).map(|&v| (Some(v), None));
            let said = form.fields.iter().map(value).collect();
            let (page, jitters) = (format!("{name}/{}", source.page), jitters.parse()?);
            views(writer, form, (&clean, &mesh), &said, jitters, (name, &page, source.page as usize))?;
        }
    }
    Ok(())
}

struct Writer {
    digits: (std::fs::File, std::fs::File),
    words: (std::fs::File, std::fs::File),
}

impl Writer {
    fn new(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let pair = |name: &str| -> Result<_> {
            let mut table = std::fs::File::create(folder.join(format!("{name}.tsv")))?;
            writeln!(table, "label\tx\ty\tem\tsource\tsheet\tfield\tvalue")?;
            Ok((std::fs::File::create(folder.join(format!("{name}.bin")))?, table))
        };
        Ok(Self { digits: pair("digits")?, words: pair("words")? })
    }

    fn write(&mut self, crops: &[Crop], source: &str, sheet: &str) -> Result<()> {
        for c in crops {
            let (bin, table) = if c.kind == Kind::Digits { &mut self.digits } else { &mut self.words };
            bin.write_all(c.pixels.as_raw())?;
            let ((x, y), em) = (c.centre, c.em);
            writeln!(
                table,
                "{}\t{x:.2}\t{y:.2}\t{em:.2}\t{source}\t{sheet}\t{}\t{}",
                c.label, c.field, c.value
            )?;
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let forms = builtin()?;
    let form = &forms[0];
    let out = args.get(2).context("usage: export_crops made-up|scans|lines|codes|scanned-lines OUT ...")?;
    let two_levels = || args.get(5).map_or(Ok(0.15), |share| share.parse::<f64>());
    if args[1] == "scanned-lines" {
        return lines::export_scans(
            form,
            Path::new(out),
            [&args[3], &args[4]],
            &Seen::parse(&args[5])?,
            &args[6..],
        );
    }
    if let Some(texts) = [("lines", Texts::All), ("codes", Texts::Codes)].iter().find(|t| t.0 == args[1]) {
        let pages = (args[3].parse()?, args[4].parse()?);
        let names = match args.get(6) {
            Some(path) => std::fs::read_to_string(path)?.lines().map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let seen = args.get(5).map_or(Ok(Seen::Scanned(0.15)), |seen| Seen::parse(seen))?;
        return lines::export(form, Path::new(out), (texts.1, &names), pages, &seen);
    }
    let mut writer = Writer::new(Path::new(out))?;
    if args[1] == "known" {
        return export_known(&mut writer, [&args[3], &args[4], &args[5], &args[6]], &args[7..]);
    }
    if args[1] == "scenes" {
        let (seed, sheets): (u64, u64) = (args[3].parse()?, args[4].parse()?);
        for scene in scenes(&args[5])? {
            for sheet in 0..sheets {
                let (photos, said) = shots(form, seed, sheet, scene);
                let mut rng = rng(seed ^ 0x6a69_7474_6572, sheet);
                for (pixels, mesh) in photos {
                    let thrown = &mut || Jitter::sample(&mut rng);
                    let crops = crops(form, &pixels, &mesh, &said, Real::No, thrown);
                    writer.write(&crops, &scene.name(), &format!("{seed}/{sheet}"))?;
                }
            }
        }
    } else if args[1] == "made-up" {
        let text = args.get(6).map(std::fs::read_to_string).transpose()?;
        let given = text.map(|text| parse("form", &text)).transpose()?;
        let form = given.as_ref().unwrap_or(form);
        let (seed, sheets): (u64, u64) = (args[3].parse()?, args[4].parse()?);
        let two_levels = two_levels()?;
        let all: Vec<u64> = (0..sheets).collect();
        for chunk in all.chunks(32) {
            let done: Vec<Vec<Crop>> = chunk
                .par_iter()
                .map(|&sheet| {
                    let (mut pixels, mut mesh, said) = made_up(form, seed, sheet);
                    let mut rng = rng(seed ^ 0x6a69_7474_6572, sheet);
                    if rng.random_bool(two_levels) {
                        Picture { pixels, mesh, .. } = black_and_white(&pixels, &mesh, &mut rng);
                    }
                    crops(form, &pixels, &mesh, &said, Real::No, &mut || Jitter::sample(&mut rng))
                })
                .collect();
            for (sheet, crops) in chunk.iter().zip(done) {
                writer.write(&crops, "made-up", &format!("{seed}/{sheet}"))?;
            }
        }
    } else {
        let mut table = BTreeMap::new();
        for row in csv::Reader::from_path(&args[3])?.deserialize() {
            let row: BTreeMap<String, String> = row?;
            table.insert(row["file"].clone(), row);
        }
        let jitters: u64 = args[4].parse().unwrap_or(0);
        let seen_as = if jitters == 0 { scenes(&args[4])? } else { Vec::new() };
        let templates = [Template::new(form)];
        for (sheet, path) in args[5..].iter().enumerate() {
            let name = Path::new(path).file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let row = table.get(name).with_context(|| format!("{name} is not in the truth table"))?;
            let Some(said) = known(form, row) else { continue };
            let bytes = std::fs::read(path)?;
            let photo = cotejo::read::photo::decode(path, String::new(), &bytes, &Default::default())
                .map_err(|e| anyhow::anyhow!("{path}: {e:?}"))?;
            let Some(found) = cotejo::read::sheet::locate(&photo.pixels, &templates).into_iter().next()
            else {
                eprintln!("{name}: no sheet found");
                continue;
            };
            eprintln!("{name}: score {:.3}, residual {:.3} mm", found.score, found.residual);
            let source = name.split('_').next().unwrap_or(name);
            let (pixels, mesh) = (&photo.pixels, &found.mesh);
            if seen_as.is_empty() {
                views(&mut writer, form, (pixels, mesh), &said, jitters, (source, name, sheet))?;
            }
            for (nth, &scene) in seen_as.iter().enumerate() {
                let mut rng = rng(7 + nth as u64, sheet as u64);
                let (pixels, mesh) = (pixels.clone(), mesh.clone());
                let original = Picture { pixels, mesh, truth: SheetTruth::default(), jpeg: None };
                for shot in scene.take(&original, &mut rng) {
                    let thrown = &mut || Jitter::sample(&mut rng);
                    let crops = crops(form, &shot.pixels(), &shot.way.mesh(), &said, Real::Yes, thrown);
                    writer.write(&crops, source, name)?;
                }
            }
        }
    }
    Ok(())
}

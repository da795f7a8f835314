//! Lines of made-up text, as sheets print them above the frame: codes, identifiers, dates, names.
//!
//! In: a form, for its styles and signs, and words that sheets print; or real scans with their texts. Out:
//! `lines.bin`, `lines.tsv`. The texts are invented: words of random syllables or letters, common words of
//! addresses, and, a line in three, random signs, for names of another country or form hold others. Of a real
//! scan a line is taken whose text is known, or an identifier or a date that the network and Tesseract read
//! alike. Names that readers agree on are no truth: the lines that one of them misreads are then missing, and
//! with them a letter (of 80 lines with a Q, 73).

use super::jitter::{Jitter, cut};
use super::{black_and_white, photographed, taken};
use anyhow::Result;
use cotejo::form::{Align, Form, Label, Rule, Style, Weight};
use cotejo::ground::geometry::Rect;
use cotejo::lab::synth::{Part, Picture, SynthRng, draw, rng, text, values};
use cotejo::read::cut::{CROP_HEIGHT, CropFrame, EM_PX, LINES_WIDTH};
use cotejo::read::glyphs::Charset;
use cotejo::read::glyphs::net::{NetReader, SIGNS};
use cotejo::read::glyphs::tesseract::TesseractReader;
use cotejo::read::header;
use cotejo::read::sheet::{Mesh, Template};
use image::GrayImage;
use rand::RngExt;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Height of the capitals in em, as in the reader.
const CAP_HEIGHT: f64 = 0.69;

/// Words of places and addresses in general use.
const COMMON: &str = "Estado EDO. Municipio MP. Parroquia PQ. País Electores Elector Acta de escrutinio cero \
    UNIDAD EDUCATIVA ESCUELA BASICA BÁSICA LICEO COLEGIO NACIONAL BOLIVARIANA BOLIVARIANO INICIAL CENTRO \
    CENTRO DE EDUCACIÓN EDUCACION PREESCOLAR JARDIN CASA COMUNAL CANCHA AMBULATORIO INSTITUTO UNIVERSIDAD \
    TÉCNICA GRUPO ESCOLAR SECTOR BARRIO URBANIZACIÓN URBANIZACION CALLE AVENIDA AV. CARRERA VEREDA \
    CARRETERA FRENTE DERECHA IZQUIERDA ENTRE ESQUINA PRINCIPAL VIA VÍA EDIFICIO PISO LOTE MANZANA KM CASERIO \
    SAN SANTA JOSE JOSÉ ANTONIO MARIA DON DOCTOR DR. GENERAL PADRE NUEVA VIEJA EL LA LOS LAS DEL DE Y N° NRO. S/N \
    U.E. U.E.N. E.B. C.E.I. L.B. CAPITAL DISTRITO";

/// Syllables of which words are made.
const SYLLABLES: &str = "A BA CA DA FA GA JA LA MA NA PA RA SA TA VA ZA BE CE DE FE GE LE ME NE PE RE SE TE VE \
    QUE BI CI DI FI GUI LI MI NI PI RI SI TI VI BO CO DO GO JO LO MO NO PO RO SO TO VO ZO BU CU DU FU GU JU LU MU NU \
    PU RU SU TU QUI QUE QUÍ ÑA ÑO ÑI LLA LLO CHA CHO CHE RRA RRO AN EN IN ON UN AR ER IR OR UR AL EL IL OL US ES AS OS IS ÁN ÉN ÍN \
    ÓN ÚN Í É Á Ó Ú ÜE GRA TRI PRO BLA CLO FRE CRU XI KI WI YA YO HU HI ZU IE IA IO UE UA";

fn pick<'a>(list: &'a str, rng: &mut SynthRng) -> &'a str {
    let all: Vec<&str> = list.split_whitespace().collect();
    all[rng.random_range(0..all.len())]
}

/// Letters of names: in words of these each is as frequent as the others, first, last and beside any.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZÁÉÍÓÚÑÜ";

fn word(rng: &mut SynthRng) -> String {
    let word: String = if rng.random_bool(0.3) {
        let letters: Vec<char> = LETTERS.chars().collect();
        (0..rng.random_range(1..=8)).map(|_| letters[rng.random_range(0..letters.len())]).collect()
    } else {
        (0..rng.random_range(1..=4)).map(|_| pick(SYLLABLES, rng)).collect()
    };
    match rng.random_range(0..10) {
        0 => word.to_lowercase(),
        1 => {
            let mut signs = word.chars();
            let first: String = signs.by_ref().take(1).collect();
            first + &signs.as_str().to_lowercase()
        }
        _ => word,
    }
}

fn digits(n: usize, rng: &mut SynthRng) -> String {
    (0..n).map(|_| char::from(b'0' + rng.random_range(0..10u8))).collect()
}

fn hex(n: usize, rng: &mut SynthRng) -> String {
    (0..n).map(|_| char::from_digit(rng.random_range(0..16), 16).unwrap_or('0')).collect()
}

/// Signs that are like another one, small, or rare in words.
const ALIKE: &str = "Il1iÍíjtfr'\"°º*.,;:_-QO0ÜÚUCGZ2S5B8";

/// Random signs: words of one to eight, six in ten with a capital first; two signs in five are among those
/// that are like another one.
fn signs(rng: &mut SynthRng) -> String {
    let of = |list: &str| -> Vec<char> { list.chars().filter(|&c| c != ' ' && SIGNS.contains(c)).collect() };
    let (all, alike, capitals) = (of(SIGNS), of(ALIKE), of(LETTERS));
    let one = |list: &[char], rng: &mut SynthRng| list[rng.random_range(0..list.len())];
    let mut text = String::new();
    let most = rng.random_range(3..40);
    while text.chars().count() < most {
        if rng.random_bool(0.6) {
            text.push(one(&capitals, rng));
        }
        for _ in 0..rng.random_range(1..8) {
            let list = if rng.random_bool(0.4) { &alike } else { &all };
            text.push(one(list, rng));
        }
        text.push(' ');
    }
    let head = ["Estado ", "Municipio ", "Parroquia "][rng.random_range(0..3)];
    let head = if rng.random_bool(0.15) { head } else { "" };
    format!("{head}{}", text.trim())
}

/// Which lines a page has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// All kinds that a sheet prints.
    All,
    /// Acta codes, centre codes and numbers of voters.
    Codes,
}

/// Before the names of places.
const HEADS: [&str; 6] =
    ["Estado EDO.", "Estado DISTRITO", "Municipio MP.", "Parroquia PQ.", "Parroquia PQ.", "PQ."];

/// A line's text and style; `names` are names that sheets print.
fn line(texts: Texts, names: &[String], rng: &mut SynthRng) -> (String, Style) {
    let plain = Style { size: 2.44, weight: Weight::Regular, space: None, tracking: 0.0 };
    let bold = Style { weight: Weight::Bold, ..plain };
    let kind = match texts {
        Texts::All => rng.random_range(0..30),
        Texts::Codes => rng.random_range(0..4),
    };
    let text = match kind {
        0 | 1 => {
            let text = format!("{}.{}.{}.{}", digits(9, rng), digits(2, rng), digits(1, rng), digits(4, rng));
            return (text, plain);
        }
        2 => digits(9, rng),
        3 => {
            let places = rng.random_range(1..=4);
            return (format!("{} Electores", digits(places, rng)), bold);
        }
        4 => {
            let half = if rng.random_bool(0.5) { "AM" } else { "PM" };
            let d = |rng: &mut SynthRng| digits(2, rng);
            format!("{}/{}/{} {}:{}:{} {half}", d(rng), d(rng), digits(4, rng), d(rng), d(rng), d(rng))
        }
        5 | 6 => {
            let whole = [8, 4, 4, 4, 12].map(|n| hex(n, rng)).join("-");
            if rng.random_bool(0.8) { whole[..24].to_owned() } else { whole[24..].to_owned() }
        }
        7 | 8 => {
            let style = Style { size: 2.45, ..plain };
            return (hex(rng.random_range(28..=34), rng).to_uppercase(), style);
        }
        9 | 20.. => {
            let style = if rng.random_bool(0.15) { bold } else { plain };
            return (signs(rng), style);
        }
        10 => {
            let head = HEADS[rng.random_range(0..HEADS.len())];
            let name = match names.len() {
                n if n > 0 && rng.random_bool(0.6) => names[rng.random_range(0..n)].clone(),
                _ => (0..rng.random_range(1..=2)).map(|_| word(rng)).collect::<Vec<_>>().join(" "),
            };
            if rng.random_bool(0.8) { format!("{head} {name}") } else { name }
        }
        kind => {
            let mut text = String::new();
            let most = rng.random_range(6..34);
            while text.chars().count() < most {
                let next = match rng.random_range(0..12) {
                    0..=4 => pick(COMMON, rng).to_owned(),
                    5 => digits(rng.random_range(1..=4), rng),
                    _ => word(rng),
                };
                text.push_str(&next);
                text.push_str(match rng.random_range(0..30) {
                    0 => ", ",
                    1 | 9 | 10 => ". ",
                    2 => "-",
                    3 => " - ",
                    4 => "/",
                    5 => " (",
                    6 => ") ",
                    7 => "\" ",
                    8 => ": ",
                    11 => "  ",
                    _ => " ",
                });
            }
            if kind == 11 {
                return (text.trim().to_owned(), Style { size: 2.90, ..bold });
            }
            if kind == 12 {
                return (text.trim().to_owned(), bold);
            }
            text.trim().to_owned()
        }
    };
    (text, plain)
}

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

/// Writes the lines of real scans: as they stand, and `jitters` times with the registration thrown off.
/// `texts` is a table of what the sheets print: `file`, `state`, `municipality`, `parish`, `centre` (its name),
/// `address`; any may be missing.
pub fn export_scans(
    form: &Form,
    out: &Path,
    [truth, texts]: [&str; 2],
    jitters: u64,
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
        let photos: Vec<[Picture; 2]> = (0..jitters)
            .map(|_| [photographed, black_and_white].map(|view| view(&photo.pixels, &mesh, &mut rng)))
            .collect();
        for line in header::found_lines(&photo.pixels, &found, form) {
            let (said, _) = net.read_line(&line.crops.tight, Charset::Text, None);
            let alike = || {
                let plain = said.len() > 8 && said.chars().all(|c| HEX.contains(c));
                (plain && tesseract.line(&line.crops.wide, Charset::Text).0 == said).then(|| said.clone())
            };
            let text = nearest(&said, &certain).or_else(alike);
            let (Some(text), Some((left, right))) = (text, line.place.ink) else { continue };
            for k in 0..=jitters {
                let jitter = if k == 0 { Jitter::NONE } else { Jitter::sample(&mut rng).along_line() };
                let span = (left, right, line.place.base);
                let seen = k.checked_sub(1).and_then(|k| photos.get(k as usize)).into_iter().flatten();
                let views = std::iter::once((&photo.pixels, &mesh)).chain(seen.map(|p| (&p.pixels, &p.mesh)));
                for (pixels, mesh) in views {
                    if let Some((end, pixels)) = cut_line(pixels, mesh, span, line.em, jitter, &mut rng) {
                        set.write(
                            &(text.clone(), end, pixels),
                            name.split('_').next().unwrap_or(name),
                            name,
                        )?;
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

/// Writes the lines of `pages` pages, a share of them in black and white; `names` are names that sheets print.
pub fn export(
    form: &Form,
    out: &Path,
    (texts, names): (Texts, &[String]),
    (seed, pages): (u64, u64),
    two_levels: f64,
) -> Result<()> {
    let mut set = Files::create(out)?;
    let all: Vec<u64> = (0..pages).collect();
    for chunk in all.chunks(16) {
        let done: Vec<Vec<Cut>> =
            chunk.par_iter().map(|&p| page(form, (texts, names), (seed, p), two_levels)).collect();
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
fn page(
    form: &Form,
    (texts, names): (Texts, &[String]),
    (seed, page): (u64, u64),
    two_levels: f64,
) -> Vec<Cut> {
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
    let drawn = draw::draw(&blank, &truth, Part::Frame, &mut rng);
    let mut picture = taken(&drawn, &mut rng);
    if rng.random_bool(two_levels) {
        picture = black_and_white(&picture.pixels, &picture.mesh, &mut rng);
    }
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
        if let Some((end, pixels)) =
            cut_line(&picture.pixels, &picture.mesh, span, label.style.size, jitter, &mut rng)
        {
            // Two spaces are printed now and then, and read as one.
            let text = label.text.split_whitespace().collect::<Vec<_>>().join(" ");
            out.push((text, end, pixels));
        }
    }
    out
}

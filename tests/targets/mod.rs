//! What is done with bytes that anybody may have written: one function a door of the program. None may panic, hang or
//! hand over what contradicts itself, whatever the bytes.
//!
//! `tests/fuzz.rs` calls them with a few mutants each, `fuzz/` with millions (`scripts/nightly fuzz`).

// A target fails by panicking.
#![allow(clippy::unwrap_used)]

use cotejo::count::tally::Base;
use cotejo::count::tally::columns::ColumnMap;
use cotejo::count::verify::table::ResultsTable;
use cotejo::decide::{Policy, decide};
use cotejo::desk::review::{station::Station, talk::Sent};
use cotejo::form::{self, Form};
use cotejo::lab::eval::Truth;
use cotejo::lab::synth::{Part, ValueMode, draw, rng, values};
use cotejo::read::code;
use cotejo::read::evidence::Evidence;
use cotejo::read::photo::{Document, Limits, apart};
use cotejo::read::sheet::Template;
use cotejo::record::sheet_key;
use cotejo::run::output::{Folder, Measured, Overwrite, Run, read_records, to_jsonl};
use cotejo::run::registry::Registry;
use cotejo::{Quad, Record};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

/// A door: its name, and what is done with the bytes.
pub type Door = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Door; 8] = [
    ("photo", photo),
    ("qr", qr),
    ("form", form),
    ("records", records),
    ("evidence", evidence),
    ("tables", tables),
    ("review", review),
    ("message", message),
];

/// The form that the program carries.
pub const FORM: &str = include_str!("../../models/forms/ve-2024-presidential.toml");

static FORMS: LazyLock<Vec<Arc<Form>>> =
    LazyLock::new(|| form::builtin().unwrap().into_iter().map(Arc::new).collect());

/// Small, so that a bomb that is let through is seen as such.
const LIMITS: Limits = Limits { bytes: 1 << 20, pixels: 1 << 21, pages: 3, seconds: 5 };

/// A picture's bytes. PDF and HEIC have a process of their own, which may die: `tests/nasty.rs`.
pub fn photo(data: &[u8]) {
    let apart = data[..data.len().min(1024)].windows(5).any(|w| w == b"%PDF-")
        || data.get(4..8).is_some_and(|w| w == b"ftyp");
    if apart {
        return;
    }
    let Ok(document) = Document::open("a", String::new(), data.to_vec(), &LIMITS) else { return };
    assert!((1..=LIMITS.pages).contains(&document.pages()));
    for page in 0..document.pages() {
        if let Ok(photo) = document.page(page, &LIMITS) {
            let (width, height) = photo.pixels.dimensions();
            assert!(width > 0 && height > 0 && u64::from(width) * u64::from(height) <= LIMITS.pixels);
        }
    }
}

/// The text of a QR code.
pub fn qr(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let form = &FORMS[0];
    if let Some(payload) = code::parse(&text, Quad([[0.0; 2]; 4]), form) {
        assert_eq!((payload.values.len(), payload.text.as_str()), (form.fields.len(), &*text));
        assert!(form.votes().all(|row| payload.values[row].is_some()));
        assert!(payload.code.starts_with(&payload.centre));
    }
}

/// A form's definition: what is not refused can be looked for and drawn.
pub fn form(data: &[u8]) {
    let Ok(form) = form::parse("a", &String::from_utf8_lossy(data)) else { return };
    Template::new(&form);
    let mut dice = rng(1, 0);
    let truth = values::invent(&form, &mut dice, ValueMode::Realistic);
    draw::draw(&form, &truth, Part::Whole, &mut dice);
}

/// The records of a run: what is read is written and read again as it was, and can be added up.
pub fn records(data: &[u8]) {
    let Ok(records) = read_records(data, Path::new("a")) else { return };
    let written = to_jsonl(&records).unwrap();
    let again = read_records(written.as_slice(), Path::new("a")).unwrap();
    assert_eq!(to_jsonl(&again).unwrap(), written);
    for record in &records {
        assert!(sheet_key(record).is_none_or(|key| !key.is_empty()));
        assert!(record.numbers().all(|(id, value)| record.value(&id).is_some() || value.value.is_none()));
    }
    let forms: Vec<Form> = FORMS.iter().map(|f| Form::clone(f)).collect();
    // It may refuse them, with a word.
    let _ = Base::of(&records, &forms, None);
}

/// What was measured: what is read is decided on, with probabilities.
pub fn evidence(data: &[u8]) {
    let Ok(evidence) = Evidence::from_json(&String::from_utf8_lossy(data), &FORMS) else { return };
    let json = evidence.to_json().unwrap();
    assert_eq!(Evidence::from_json(&json, &FORMS).unwrap().to_json().unwrap(), json);
    let decision = decide(&evidence, &Policy::at_most(1e-4));
    assert!((0.0..=1.0).contains(&decision.confidence), "{}", decision.confidence);
}

/// Tables that others wrote: a registry, truth, results. The first byte chooses.
pub fn tables(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    match first % 3 {
        0 => {
            let Ok(registry) = Registry::parse(rest, "a", &FORMS) else { return };
            assert_eq!(registry.tables().count(), registry.len());
        }
        1 => {
            let forms: Vec<Form> = FORMS.iter().map(|f| Form::clone(f)).collect();
            let _ = Truth::parse(&String::from_utf8_lossy(rest), "a", &forms);
        }
        _ => {
            let map = ColumnMap::of(&FORMS[0]);
            let Ok(table) = ResultsTable::parse(rest, "a", &map) else { return };
            assert!(table.rows.iter().all(|row| row.figures.len() == table.items.len()));
        }
    }
}

/// A folder with one sheet, at a station of the review.
struct Desk {
    _dir: tempfile::TempDir,
    station: Station,
    entered: usize,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let records = base_records();
        let forms = form::builtin().unwrap();
        let run = Run::new(&records, Default::default(), Measured::default());
        Folder::create(dir.path(), Overwrite::Replace).unwrap().write(&records, &forms, run).unwrap();
        let station = Station::open(dir.path(), forms, "ana").unwrap();
        Self { _dir: dir, station, entered: 0 }
    }
}

static DESK: LazyLock<Mutex<Desk>> = LazyLock::new(|| Mutex::new(Desk::new()));

/// What a page of the review sends: it is entered or refused, and the log stays whole.
pub fn review(data: &[u8]) {
    let Ok(sent) = serde_json::from_slice::<Sent>(data) else { return };
    let mut desk = DESK.lock().unwrap();
    // The log of one folder is not to grow without end.
    if desk.entered > 200 {
        *desk = Desk::new();
    }
    let before = desk.station.log().entries().len();
    let done = desk.station.enter(&sent).is_ok();
    let (after, (settled, all)) = (desk.station.log().entries().len(), desk.station.progress());
    assert!(done == (after > before), "{done}, {before} and {after} entries");
    assert!(settled <= all, "{settled} of {all} sheets");
    desk.entered += usize::from(done);
}

/// What a decoder's process answers.
pub fn message(data: &[u8]) {
    let mut rest = data;
    while let Ok(Some((_, body))) = apart::receive::<serde_json::Value>(&mut rest, 1000) {
        assert!(body.len() <= 1000);
    }
}

/// A folder's records of the earlier schema, read as they are today.
pub fn base_records() -> Vec<Record> {
    read_records(RECORD_1, Path::new("a")).unwrap()
}

/// Records of the earlier schema.
const RECORD_1: &[u8] = include_bytes!("../data/record-1/records.jsonl");

/// Sound bytes for a door, to be changed: without them nothing gets further than its first check.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let line = |text: &str| text.as_bytes().to_vec();
    match target {
        "photo" => pictures(),
        "qr" => {
            let votes = vec!["12"; FORMS[0].votes().count()].join(",");
            vec![line(&format!("010113042.01.1.0001!{votes}!3!0"))]
        }
        "form" => vec![line(FORM), line(include_str!("../data/northmark.toml"))],
        "records" => {
            let mut seeds: Vec<Vec<u8>> =
                RECORD_1.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
            seeds.extend(base_records().into_iter().map(|r| to_jsonl(&[r]).unwrap()));
            seeds
        }
        "evidence" => vec![line(&Evidence::new(FORMS[0].clone()).to_json().unwrap())],
        "tables" => vec![
            line("0centro,mesa,electores,estado\n010113042,1,500,X\n010113042,2,400,\"Y\"\n"),
            line("1file,centro,mesa,electores,EG,qr_payload,expected\na.jpg,010113042,1,500,7,,accepted\n"),
            line("2COD_EDO,EDO,CENTRO,MESA,RE,VOTOS_VALIDOS,EG,NM\n1,X,10113042,1,500,20,12,8\n"),
        ],
        "review" => {
            let records = base_records();
            let keys = records.iter().filter_map(sheet_key);
            let sent = |(key, field, action, value): (&str, &str, &str, &str)| {
                serde_json::json!({ "sheet": key, "field": field, "action": action, "value": value, "reason": "r",
                    "pass": "first" })
                .to_string()
                .into_bytes()
            };
            keys.flat_map(|key| {
                [
                    ("NM_PSUV", "typed", "21"),
                    ("code", "typed", "010113042.01.1.0001"),
                    ("NM_PSUV", "as_printed", "1"),
                ]
                .map(|(field, action, value)| sent((&key, field, action, value)))
            })
            .collect()
        }
        "message" => vec![line("\u{2}\0\0\0\u{3}\0\0\0\0\0\0\0{}abc\u{2}\0\0\0\0\0\0\0\0\0\0\0{}")],
        other => panic!("no target {other}"),
    }
}

fn pictures() -> Vec<Vec<u8>> {
    use image::ImageFormat::{Jpeg, Png, Tiff, WebP};
    let grey = image::DynamicImage::ImageLuma8(image::GrayImage::from_fn(24, 16, |x, y| {
        image::Luma([(x * y) as u8])
    }));
    let colour = grey.to_rgb8().into();
    let deep = grey.to_rgba16().into();
    let all = [
        (&grey, Png),
        (&grey, Jpeg),
        (&colour, Jpeg),
        (&colour, WebP),
        (&grey, Tiff),
        (&colour, Tiff),
        (&deep, Png),
    ];
    all.into_iter()
        .map(|(picture, format)| {
            let mut bytes = std::io::Cursor::new(Vec::new());
            picture.write_to(&mut bytes, format).unwrap();
            bytes.into_inner()
        })
        .collect()
}

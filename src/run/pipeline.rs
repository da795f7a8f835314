//! The way through the program: digitize one photo, run a batch.
//!
//! In: photos and a [`Config`]. Out: [`Record`]s in input order. The only parallel code: one map over
//! files; readers and models inside it work on one thread each, and no lock is held across a stage.

use crate::decide::{self, Decision, Policy, Registered, codes, group, laws};
use crate::form::{Form, Rule};
use crate::ground::finding::{Finding, Severity, What};
use crate::ground::geometry::Point;
use crate::ground::words::display;
use crate::read::code::{self, QrOutcome};
use crate::read::cut::{self, NumberCells};
use crate::read::debug::DebugImages;
use crate::read::evidence::Evidence;
use crate::read::glyphs::Readers;
use crate::read::glyphs::net::NetError;
use crate::read::header;
use crate::read::photo::mask::{Mask, Masked};
use crate::read::photo::streaks;
use crate::read::photo::{self, Document, Photo};
use crate::read::sheet::{self, Sheet, Template};
use crate::record::{self, Provenance, Record, Source};
use crate::run::config::{Config, QrUse};
use image::GrayImage;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use tracing::{Span, info_span};

/// Everything that digitizing needs, made once and shared by all workers.
pub struct Digitizer {
    config: Config,
    templates: Vec<Template>,
    readers: Readers,
    hash: String,
}

/// Seconds of one thread that each stage took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Times {
    /// Bytes to pixels.
    pub decode: f64,
    /// The sheet found and flattened.
    pub sheet: f64,
    /// The QR code.
    pub qr: f64,
    /// What stands above the frame.
    pub header: f64,
    /// Number cells cut out.
    pub cells: f64,
    /// Number cells read.
    pub read: f64,
    /// Decided.
    pub decide: f64,
}

impl Times {
    /// Stages in order, with their names.
    pub fn stages(&self) -> [(&'static str, f64); 7] {
        [
            ("decode", self.decode),
            ("sheet", self.sheet),
            ("qr", self.qr),
            ("header", self.header),
            ("cells", self.cells),
            ("read", self.read),
            ("decide", self.decide),
        ]
    }

    /// Adds another's seconds.
    pub fn add(&mut self, other: &Self) {
        self.decode += other.decode;
        self.sheet += other.sheet;
        self.qr += other.qr;
        self.header += other.header;
        self.cells += other.cells;
        self.read += other.read;
        self.decide += other.decide;
    }
}

/// What `work` returns, done within a span of the log; its seconds are put into `slot`.
fn timed<T>(span: Span, slot: &mut f64, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let out = span.in_scope(work);
    *slot += started.elapsed().as_secs_f64();
    out
}

/// One record with what only the photo can show.
#[derive(Debug, Clone)]
pub struct Digitized<'d> {
    /// What it took; a file's shared stages are counted with its first record.
    pub times: Times,
    /// The record.
    pub record: Record,
    /// What was measured, to be joined with other photos of the sheet; `None` where no sheet was found.
    pub evidence: Option<Evidence<'d>>,
    /// The photo's pixels, for the report's pictures; `None` for a page that could not be decoded.
    pub pixels: Option<std::sync::Arc<GrayImage>>,
}

/// A file of a run, opened: its pages, or why it has none to show.
pub struct Opened {
    name: String,
    sha256: String,
    document: Result<Document, photo::PhotoError>,
}

impl Opened {
    /// How many pages have a record, at least 1: that of a refused file says why.
    pub fn pages(&self) -> u32 {
        self.document.as_ref().map_or(1, Document::pages)
    }
}

impl Digitizer {
    /// Prepares the forms and the models.
    ///
    /// # Errors
    /// A model that does not load: the build is damaged.
    pub fn new(config: Config) -> Result<Self, NetError> {
        let templates = config.forms.iter().map(Template::new).collect();
        let hash = config.hash();
        Ok(Self { readers: Readers::new()?, templates, hash, config })
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The provenance of what this digitizer makes, for a form.
    pub fn provenance(&self, form: Option<&Form>) -> Provenance {
        Provenance {
            cotejo: env!("CARGO_PKG_VERSION").to_owned(),
            config: self.hash.clone(),
            form: form.map(|f| f.sha256.clone()),
            models: form.map(|_| self.readers.hashes()).unwrap_or_default(),
        }
    }

    /// Opens a file, whose pages are then digitized one by one.
    pub fn open(&self, path: &Path) -> Opened {
        let name = display(path);
        let limits = &self.config.limits;
        let (sha256, document) = match photo::read(path, limits) {
            Ok(bytes) => {
                let sha256 = crate::ground::hash::sha256(&bytes);
                (sha256.clone(), Document::open(&name, sha256, bytes, limits))
            }
            Err(error) => (String::new(), Err(error)),
        };
        Opened { name, sha256, document }
    }

    /// Digitizes a page: one record a sheet found on it, at least one.
    pub fn page(&self, opened: &Opened, page: u32) -> Vec<Digitized<'_>> {
        let _photo = info_span!("photo", file = opened.name, page = page + 1).entered();
        let mut times = Times::default();
        let document = match &opened.document {
            Ok(document) => document,
            Err(error) => return vec![self.refused(opened, page, error)],
        };
        match timed(info_span!("decode"), &mut times.decode, || document.page(page, &self.config.limits)) {
            Ok(photo) => {
                let mut found = self.photo(photo);
                if let Some(first) = found.first_mut() {
                    first.times.add(&times);
                }
                found
            }
            Err(error) => vec![self.refused(opened, page, &error)],
        }
    }

    /// Digitizes a file: one record a sheet found on each of its pages, at least one a page. All pages'
    /// pixels are held; for files of many pages use [`Digitizer::open`] and [`Digitizer::page`].
    pub fn file(&self, path: &Path) -> Vec<Digitized<'_>> {
        let opened = self.open(path);
        (0..opened.pages()).flat_map(|page| self.page(&opened, page)).collect()
    }

    fn refused(&self, opened: &Opened, page: u32, error: &photo::PhotoError) -> Digitized<'_> {
        let (path, sha256) = (opened.name.clone(), opened.sha256.clone());
        let name = photo::page_name(&path, page, opened.pages());
        let source = Source { path, sha256, page, ..Source::default() };
        let finding = error.finding(name);
        Digitized {
            record: record::rejected(source, finding, self.provenance(None)),
            evidence: None,
            pixels: None,
            times: Times::default(),
        }
    }

    /// Digitizes a decoded photo: one record a sheet found in it, at least one.
    pub fn photo(&self, photo: Photo) -> Vec<Digitized<'_>> {
        let mut first = Times::default();
        let (sheets, clean) = timed(info_span!("sheet"), &mut first.sheet, || self.located(&photo));
        let seen = clean.as_ref().map_or(&photo, |c| &c.photo);
        let nothing = Mask::default();
        let mask = clean.as_ref().map_or(&nothing, |c| &c.mask);
        let mut ordinals = record::Ordinals::default();
        let mut read: Vec<(Record, Option<Evidence<'_>>, Times)> = if sheets.is_empty() {
            let (record, evidence) = self.code_alone(seen).unwrap_or_else(|| (self.no_sheet(seen), None));
            vec![(record, evidence, Times::default())]
        } else {
            sheets.iter().map(|s| self.legible(seen, s, mask)).collect()
        };
        read.iter_mut().for_each(|r| ordinals.give(&mut r.0));
        if let Some(record) = read.first_mut() {
            record.2.add(&first);
        }
        let pixels = std::sync::Arc::new(photo.pixels);
        let with_pixels =
            |(record, evidence, times)| Digitized { record, evidence, pixels: Some(pixels.clone()), times };
        read.into_iter().map(with_pixels).collect()
    }

    /// The sheets of a photo, and the photo in which they were found and are read where that is another: without
    /// the streaks that run through it, or a negative turned over.
    fn located(&self, photo: &Photo) -> (Vec<Sheet>, Option<Cleaned>) {
        let sheets = sheet::locate(&photo.pixels, &self.templates);
        if sheets.is_empty() && photo::is_dark(&photo.pixels) {
            let mut pixels = photo.pixels.clone();
            image::imageops::invert(&mut pixels);
            let sheets = sheet::locate(&pixels, &self.templates);
            let turned = || Cleaned { photo: photo.with_pixels(pixels), mask: Mask::default() };
            let found = !sheets.is_empty();
            return (sheets, found.then(turned));
        }
        let mut streaks = streaks::find(&photo.pixels);
        let size = photo.pixels.dimensions();
        for sheet in &sheets {
            let rules = upright_rules(&self.config.forms[sheet.form], sheet);
            streaks.retain(|streak| !rules.iter().any(|rule| streak.follows(rule, size)));
        }
        if streaks.is_empty() {
            return (sheets, None);
        }
        let clean = photo.with_pixels(streaks::without(&photo.pixels, &streaks));
        let again = sheet::locate(&clean.pixels, &self.templates);
        if again.len() < sheets.len() {
            (sheets, None)
        } else {
            (again, Some(Cleaned { photo: clean, mask: Mask::of(streaks, size) }))
        }
    }

    /// A sheet whose print is large enough to be read, or the record that says that it is not.
    fn legible(&self, photo: &Photo, sheet: &Sheet, mask: &Mask) -> (Record, Option<Evidence<'_>>, Times) {
        let scale = sheet.mesh.px_per_mm((sheet.visible.0 + sheet.visible.1) / 2.0);
        match laws::about_resolution(scale, digits_height(&self.config.forms[sheet.form])) {
            Some(finding) => {
                let record = record::rejected(record::source(photo), finding, self.provenance(None));
                (record, None, Times::default())
            }
            None => {
                let (record, evidence, times) = self.sheet(photo, sheet, mask);
                (record, Some(evidence), times)
            }
        }
    }

    fn no_sheet(&self, photo: &Photo) -> Record {
        let (width, height) = photo.pixels.dimensions();
        let what = What::NoSheet { file: photo.name(), width, height };
        let finding = Finding::new(Severity::Reject, what);
        record::rejected(record::source(photo), finding, self.provenance(None))
    }

    /// The foot of a sheet in a picture without any of its table: its QR code.
    fn code_alone(&self, photo: &Photo) -> Option<(Record, Option<Evidence<'_>>)> {
        if self.config.qr == QrUse::Ignore {
            return None;
        }
        let found = self.config.forms.iter().find_map(|form| match code::read(&photo.pixels, None, form) {
            QrOutcome::Read(payload) => Some((form, payload)),
            _ => None,
        });
        let (form, payload) = found?;
        let code = payload.code.clone();
        let evidence = Evidence { qr: QrOutcome::Read(payload), ..Evidence::new(form) };
        let mut decision = self.decide(&evidence);
        decision.findings.push(Finding::new(Severity::Review, What::CodeAlone { code }));
        decision.status = decide::hold_back(decision.status, &mut decision.findings);
        let provenance = self.provenance(Some(form));
        Some((record::code_alone(record::source(photo), &evidence, &decision, provenance), Some(evidence)))
    }

    /// Reads and decides one sheet.
    fn sheet(&self, photo: &Photo, sheet: &Sheet, mask: &Mask) -> (Record, Evidence<'_>, Times) {
        let mut times = Times::default();
        let form = &self.config.forms[sheet.form];
        let qr = timed(info_span!("qr"), &mut times.qr, || match self.config.qr {
            QrUse::Compare => code::read(&photo.pixels, Some(&sheet.mesh), form),
            QrUse::Ignore => QrOutcome::NotLooked,
        });
        let debug = self.config.debug_images.as_ref().map(|dir| DebugImages::new(dir, photo));
        if let Some(debug) = &debug {
            debug.sheet(&photo.pixels, sheet, form);
            let lines = header::found_lines(&photo.pixels, sheet, form);
            let crops: Vec<GrayImage> = lines.into_iter().map(|l| l.crops.tight).collect();
            debug.header(&header::flattened(&photo.pixels, sheet, form), &crops);
        }
        let quad = match &qr {
            QrOutcome::Read(payload) => Some(payload.quad),
            _ => None,
        };
        let seen = Masked { pixels: &photo.pixels, mask };
        let header = timed(info_span!("header"), &mut times.header, || {
            header::read(seen, sheet, form, quad, (&self.readers, self.config.reader))
        });
        let cells = timed(info_span!("cells"), &mut times.cells, || NumberCells::cut(seen, sheet, form));
        if let Some(debug) = &debug {
            debug.cells(&cells.debug_rows());
        }
        let mut fields =
            timed(info_span!("read"), &mut times.read, || self.readers.read(&cells, self.config.reader));
        let mut places = BTreeMap::new();
        for (field, reading, quad) in header.numbers {
            fields[field].digits = Some(reading);
            places.insert(field, quad);
        }
        let evidence = Evidence {
            fields,
            qr,
            texts: header.texts,
            places,
            rows_mistaken: sheet.mistaken,
            glare: cells.glare.clone(),
            streaks: mask.streaks(),
            ..Evidence::new(form)
        };
        let decision = timed(info_span!("decide"), &mut times.decide, || self.decide(&evidence));
        let located = record::Located { photo, sheet, form };
        let measured = record::Measured { evidence: &evidence, decision: &decision };
        let mut record = record::build(located, measured, self.provenance(Some(form)));
        if let Some(registry) = &self.config.registry {
            registry.stand_beside(&mut record);
        }
        (record, group::slimmed(evidence), times)
    }

    /// The record of a sheet that several photos show, from their own records and their evidence joined.
    /// `records` must not be empty.
    pub fn joined(&self, records: &[&Record], evidence: &Evidence<'_>) -> Record {
        let decision = self.decide(evidence);
        let code = codes::sheet_code(evidence);
        let mut record = record::join(records, evidence.form, code, &decision);
        if let Some(registry) = &self.config.registry {
            registry.stand_beside(&mut record);
        }
        record
    }

    /// Decides, with the registry where there is one.
    pub fn decide(&self, evidence: &Evidence<'_>) -> Decision {
        let ask = |code: &str| self.config.registry.as_ref().map(|registry| registry.registered(code));
        let policy = Policy::at_most(self.config.max_error);
        decide::decide_with(evidence, &policy, |code| ask(code).unwrap_or(Registered::NotAsked))
    }
}

/// A photo as it should have been: without the streaks that ran through it, dark print on light paper.
struct Cleaned {
    photo: Photo,
    mask: Mask,
}

/// Points along each upright line of the form's frame that the photo shows, px.
fn upright_rules(form: &Form, sheet: &Sheet) -> Vec<Vec<Point>> {
    let upright = form.rules.iter().filter(|r| (r.x1 - r.x0).abs() < r.y1 - r.y0);
    let points = |r: &Rule| {
        let (top, bottom) = (r.y0.max(sheet.visible.0), r.y1.min(sheet.visible.1));
        let steps = ((bottom - top) / RULE_STEP).max(0.0) as usize;
        (0..steps).map(|i| sheet.mesh.map(Point::new(r.x0, top + (i as f64 + 0.5) * RULE_STEP))).collect()
    };
    upright.map(points).collect()
}

/// How far apart points along the form's lines are, mm: a row.
const RULE_STEP: f64 = 5.0;

/// Height of a form's printed digits, mm.
fn digits_height(form: &Form) -> f64 {
    form.fields.iter().find_map(|f| f.digits.as_ref()).map_or(0.0, |slot| cut::CAP_HEIGHT * slot.style.size)
}

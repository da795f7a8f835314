//! The way through the program: digitize one photo, run a batch.
//!
//! In: photos and a [`Config`]. Out: [`Record`]s in input order. The only parallel code: one map over
//! files; readers and models inside it work on one thread each, and no lock is held across a stage.

use crate::decide::{self, Decision, Policy, Registered, laws, strings};
use crate::form::{Form, Rule};
use crate::ground::deadline;
use crate::ground::finding::{Finding, Severity, What};
use crate::ground::geometry::Point;
use crate::ground::words::display;
use crate::read::code::{self, QrOutcome};
use crate::read::cover;
use crate::read::cut::{self, NumberCells};
use crate::read::debug::DebugImages;
use crate::read::evidence::{Evidence, Measured, Placed};
use crate::read::glyphs::net::NetError;
use crate::read::glyphs::{self, Readers};
use crate::read::header;
use crate::read::photo::mask::{Mask, Masked};
use crate::read::photo::streaks;
use crate::read::photo::{self, Document, Origin, Photo, PhotoError};
use crate::read::sheet::{self, Sheet, Template};
use crate::record::{self, Provenance, Record};
use crate::run::config::{Config, QrUse};
use image::GrayImage;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tracing::{Span, info_span};

/// Everything that digitizing needs, made once and shared by all workers.
pub struct Digitizer {
    config: Config,
    templates: Vec<Template>,
    prints: Vec<cover::Print>,
    readers: &'static Readers,
    hash: String,
}

/// The networks, loaded once a process: a process that was forked has its parent's, and could not load them, because the
/// threads that do so are not forked.
fn loaded() -> Result<&'static Readers, NetError> {
    static LOADED: OnceLock<Readers> = OnceLock::new();
    match LOADED.get() {
        Some(readers) => Ok(readers),
        None => Readers::new().map(|readers| LOADED.get_or_init(|| readers)),
    }
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
    deadline::check();
    let started = Instant::now();
    let out = span.in_scope(work);
    *slot += started.elapsed().as_secs_f64();
    out
}

/// One record with what only the photo can show.
#[derive(Debug, Clone)]
pub struct Digitized {
    /// What it took; a file's shared stages are counted with its first record.
    pub times: Times,
    /// The record.
    pub record: Record,
    /// What was measured, to be joined with other photos of the sheet; `None` where no sheet was found.
    pub evidence: Option<Evidence>,
    /// The photo's pixels, for the report's pictures; `None` for a page that could not be decoded.
    pub pixels: Option<Arc<GrayImage>>,
}

/// A file of a run, opened: its pages, or why it has none to show.
pub struct Opened {
    name: String,
    sha256: String,
    document: Result<Document, PhotoError>,
}

impl Opened {
    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

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
        let templates = config.forms.iter().map(|form| Template::new(form)).collect();
        let prints = config.forms.iter().map(|form| cover::Print::new(form)).collect();
        let hash = config.hash();
        Ok(Self { readers: loaded()?, templates, prints, hash, config })
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The forms that it knows.
    pub fn forms(&self) -> &[Arc<Form>] {
        &self.config.forms
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
        self.open_bytes(&display(path), photo::read(path, &self.config.limits))
    }

    /// Opens a file of which the bytes are at hand, or why they are not.
    pub fn open_bytes(&self, name: &str, bytes: Result<Vec<u8>, PhotoError>) -> Opened {
        let name = name.to_owned();
        let limits = &self.config.limits;
        let whole = |b: Vec<u8>| if b.is_empty() { Err(PhotoError::Empty) } else { Ok(b) };
        let (sha256, document) = match bytes.and_then(whole) {
            Ok(bytes) => {
                let sha256 = crate::ground::hash::sha256(&bytes);
                (sha256.clone(), Document::open(&name, sha256, bytes, limits))
            }
            Err(error) => (String::new(), Err(error)),
        };
        Opened { name, sha256, document }
    }

    /// The pixels of a page.
    ///
    /// # Errors
    /// What the file or the page suffers from.
    pub fn decoded(&self, opened: &Opened, page: u32) -> Result<Photo, PhotoError> {
        opened.document.as_ref().map_err(PhotoError::clone)?.page(page, &self.config.limits)
    }

    /// Digitizes a page: one record a sheet found on it, at least one. A page that is late is refused.
    pub fn page(&self, opened: &Opened, page: u32) -> Vec<Digitized> {
        let seconds = self.config.limits.seconds;
        deadline::within(seconds, || self.page_at_leisure(opened, page)).unwrap_or_else(|deadline::Late| {
            vec![self.refused(opened, page, &PhotoError::TooSlow { seconds })]
        })
    }

    fn page_at_leisure(&self, opened: &Opened, page: u32) -> Vec<Digitized> {
        let _photo = info_span!("photo", file = opened.name, page = page + 1).entered();
        if let Err(error) = &opened.document {
            return vec![self.refused(opened, page, error)];
        }
        let mut times = Times::default();
        match timed(info_span!("decode"), &mut times.decode, || self.decoded(opened, page)) {
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
    pub fn file(&self, path: &Path) -> Vec<Digitized> {
        let opened = self.open(path);
        (0..opened.pages()).flat_map(|page| self.page(&opened, page)).collect()
    }

    fn refused(&self, opened: &Opened, page: u32, error: &PhotoError) -> Digitized {
        let (path, sha256) = (opened.name.clone(), opened.sha256.clone());
        let name = photo::page_name(&path, page, opened.pages());
        self.without(&Origin { path, sha256, page, ..Origin::default() }, error.finding(name))
    }

    /// Digitizes a decoded photo: one record a sheet found in it, at least one.
    pub fn photo(&self, photo: Photo) -> Vec<Digitized> {
        let mut first = Times::default();
        let (sheets, clean) = timed(info_span!("sheet"), &mut first.sheet, || self.located(&photo));
        let seen = clean.as_ref().map_or(&photo, |c| &c.photo);
        let nothing = Mask::of(Vec::new(), photo.pixels.dimensions());
        let mask = clean.as_ref().map_or(&nothing, |c| &c.mask);
        let mut read: Vec<Digitized> = if sheets.is_empty() {
            vec![self.code_alone(seen).unwrap_or_else(|| self.no_sheet(seen))]
        } else {
            let one = |(ordinal, sheet)| self.legible(seen, sheet, mask, ordinal);
            (0..).zip(&sheets).map(one).collect()
        };
        if let Some(record) = read.first_mut() {
            record.times.add(&first);
        }
        let pixels = Arc::new(photo.pixels);
        read.iter_mut().for_each(|digitized| digitized.pixels = Some(pixels.clone()));
        read
    }

    /// The sheets of a photo, and the photo in which they were found and are read where that is another: without
    /// the streaks that run through it, or a negative turned over.
    fn located(&self, photo: &Photo) -> (Vec<Sheet>, Option<Cleaned>) {
        let sheets = sheet::locate(&photo.pixels, &self.templates);
        deadline::check();
        if sheets.is_empty() && photo::is_dark(&photo.pixels) {
            let mut pixels = photo.pixels.clone();
            image::imageops::invert(&mut pixels);
            let sheets = sheet::locate(&pixels, &self.templates);
            let turned = || Cleaned {
                photo: photo.with_pixels(pixels),
                mask: Mask::of(Vec::new(), photo.pixels.dimensions()),
            };
            let found = !sheets.is_empty();
            return (sheets, found.then(turned));
        }
        let mut streaks = streaks::find(&photo.pixels);
        let size = photo.pixels.dimensions();
        for sheet in &sheets {
            let rules = upright_rules(&self.forms()[sheet.form], sheet);
            streaks.retain(|streak| !rules.iter().any(|rule| streak.follows(rule, size)));
        }
        if streaks.is_empty() {
            return (sheets, None);
        }
        let clean = photo.with_pixels(streaks::without(&photo.pixels, &streaks));
        deadline::check();
        let again = sheet::locate(&clean.pixels, &self.templates);
        if again.len() < sheets.len() {
            (sheets, None)
        } else {
            (again, Some(Cleaned { photo: clean, mask: Mask::of(streaks, size) }))
        }
    }

    /// A sheet whose print is large enough to be read, or the record that says that it is not.
    fn legible(&self, photo: &Photo, sheet: &Sheet, mask: &Mask, ordinal: u32) -> Digitized {
        let form = &self.forms()[sheet.form];
        let mut times = Times::default();
        let page = form.blocks.is_some().then(|| {
            timed(info_span!("blocks"), &mut times.sheet, || sheet::laid_out(&photo.pixels, sheet, form))
        });
        let (form, sheet) = match page {
            None => (form.clone(), sheet.clone()),
            Some(Some((form, sheet))) => (Arc::new(form), sheet),
            Some(None) => {
                let what = What::BlocksUnclear { form: form.title.clone() };
                return self.without(&photo.origin(ordinal), Finding::new(Severity::Reject, what));
            }
        };
        let own = form.layout.is_some().then(|| cover::Print::new(&form));
        let print = own.as_ref().unwrap_or(&self.prints[sheet.form]);
        let scale = sheet.mesh.px_per_mm((sheet.visible.0 + sheet.visible.1) / 2.0);
        match laws::about_resolution(scale, digits_height(&form)) {
            Some(finding) => self.without(&photo.origin(ordinal), finding),
            None => {
                let evidence = self.measured(photo, (&sheet, &form, print), mask, ordinal, &mut times);
                let record = timed(info_span!("decide"), &mut times.decide, || self.record(&evidence));
                Digitized { record, evidence: Some(evidence), pixels: None, times }
            }
        }
    }

    /// A picture of which nothing can be used.
    fn without(&self, origin: &Origin, finding: Finding) -> Digitized {
        Digitized {
            record: record::rejected(record::source(origin), finding, self.provenance(None)),
            evidence: None,
            pixels: None,
            times: Times::default(),
        }
    }

    fn no_sheet(&self, photo: &Photo) -> Digitized {
        let (width, height) = photo.pixels.dimensions();
        let what = What::NoSheet { file: photo.name(), width, height };
        self.without(&photo.origin(0), Finding::new(Severity::Reject, what))
    }

    /// The foot of a sheet in a picture without any of its table: its QR code.
    fn code_alone(&self, photo: &Photo) -> Option<Digitized> {
        if self.config.qr == QrUse::Ignore {
            return None;
        }
        let evidence = self.forms().iter().find_map(|form| {
            let qr = code::read(&photo.pixels, None, form);
            let measured = Measured { origin: photo.origin(0), qr, ..Measured::of(form) };
            matches!(measured.qr, QrOutcome::Read(_)).then(|| Evidence { form: form.clone(), measured })
        })?;
        let (record, times) = (self.record(&evidence), Times::default());
        Some(Digitized { record, evidence: Some(evidence), pixels: None, times })
    }

    /// Reads one sheet.
    fn measured(
        &self,
        photo: &Photo,
        (sheet, form, print): (&Sheet, &Arc<Form>, &cover::Print),
        mask: &Mask,
        ordinal: u32,
        times: &mut Times,
    ) -> Evidence {
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
        let covered = || cover::find(&photo.pixels, sheet, form, print);
        let mask = mask.with(timed(info_span!("cover"), &mut times.cells, covered));
        let seen = Masked { pixels: &photo.pixels, mask: &mask };
        let header = timed(info_span!("header"), &mut times.header, || {
            header::read(seen, sheet, form, quad, (self.readers, self.config.reader))
        });
        let cells = timed(info_span!("cells"), &mut times.cells, || NumberCells::cut(seen, sheet, form));
        let choice = self.config.reader;
        let read = || (self.readers.read(&cells, choice), self.readers.shares(&cells, choice));
        let (mut fields, shares) = timed(info_span!("read"), &mut times.read, read);
        if let Some(debug) = &debug {
            debug.cells(&cells.debug_rows(), form, &fields);
        }
        let glare = glyphs::glare(&cells, &fields);
        let mut places = BTreeMap::new();
        for (field, reading, quad) in header.numbers {
            fields[field].digits = Some(reading);
            places.insert(field, quad);
        }
        let measured = Measured {
            origin: photo.origin(ordinal),
            placed: Some(Placed::of(sheet)),
            fields,
            shares,
            qr,
            texts: header.texts,
            places,
            rows_mistaken: sheet.mistaken,
            glare,
            streaks: mask.streaks(),
        };
        named(Evidence { form: form.clone(), measured }).slimmed()
    }

    /// The record of what was measured on a photo. The same evidence and settings give the same record.
    pub fn record(&self, evidence: &Evidence) -> Record {
        self.joined(&[evidence], evidence)
    }

    /// The record of a sheet that several photos show: what was measured on each, the one that carries the record
    /// first, and that joined ([`crate::decide::group::join`]). `photos` must not be empty.
    pub fn joined(&self, photos: &[&Evidence], evidence: &Evidence) -> Record {
        let decision = self.decide(evidence);
        let decided = record::Decided { photos, evidence, decision: &decision };
        let mut record = record::build(decided, self.provenance(Some(&evidence.form)));
        if let Some(registry) = &self.config.registry {
            registry.stand_beside(&mut record);
        }
        record
    }

    /// Decides, with the registry where there is one.
    pub fn decide(&self, evidence: &Evidence) -> Decision {
        let ask = |code: &str| self.config.registry.as_ref().map(|registry| registry.registered(code));
        let policy = Policy::at_most(self.config.max_error);
        decide::decide_with(evidence, &policy, |code| ask(code).unwrap_or(Registered::NotAsked))
    }
}

/// The same evidence, its contests and choices called what was read of their names.
fn named(evidence: Evidence) -> Evidence {
    let Some(layout) = evidence.form.layout.clone() else { return evidence };
    let told = |id: &str| strings::told(&evidence, id).map(|t| t.0);
    let form = evidence.form.laid_out(layout.named(told));
    let form = form.map_or_else(|| evidence.form.clone(), |form| Arc::new(form.found()));
    Evidence { form, ..evidence }
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

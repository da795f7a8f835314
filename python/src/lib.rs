//! The Python module: what `cotejo/__init__.py` rests on.
//!
//! In: options; paths, bytes or pixels, and evidence. Out: records and evidence as JSON, crops as bytes; errors as the
//! classes of `cotejo/errors.py`. The interpreter is free for other threads while anything is read or decided, and all
//! work is done in a thread of its own: what the library keeps a thread is never of one that was forked away.

use cotejo::desk::report;
use cotejo::ground::hash::sha256;
use cotejo::picture;
use cotejo::read::photo::{self as files, Photo, apart};
use cotejo::run::batch::{self, BatchError};
use cotejo::run::inputs;
use cotejo::run::output::{About, Folder, Lock, Overwrite};
use cotejo::run::pipeline::Digitized;
use cotejo::{Evidence, GrayImage, Options, ReaderChoice, Record};
use image::{DynamicImage, RgbImage, RgbaImage};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use std::ffi::OsString;
use std::path::PathBuf;
use std::thread;

/// An error of the class `class` of `cotejo.errors`.
fn error(py: Python<'_>, class: &str, (said, code, hint): (String, &str, String)) -> PyErr {
    let made = py.import("cotejo.errors").and_then(|m| m.getattr(class)?.call1((said, code, hint)));
    made.map_or_else(|problem| problem, PyErr::from_value)
}

fn refused(py: Python<'_>, problem: &cotejo::Error) -> PyErr {
    let class = match problem {
        cotejo::Error::Form(_) => "FormError",
        cotejo::Error::Registry(_) => "RegistryError",
        cotejo::Error::Picture { .. } => "PictureError",
        cotejo::Error::Evidence(_) => "EvidenceError",
        cotejo::Error::Options(_) => "OptionsError",
        _ => "CotejoError",
    };
    error(py, class, (problem.to_string(), problem.code(), problem.hint()))
}

/// What `work` gives in a thread of its own, while other threads of the interpreter go on.
fn beside<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    let done = py.detach(|| thread::scope(|scope| scope.spawn(work).join()));
    done.map_err(|panic| {
        let said = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let hint = "please report it, with the picture if that may be".to_owned();
        error(py, "InternalError", (said, "internal_error", hint))
    })
}

/// A photo as Python has it.
#[derive(FromPyObject)]
enum Given {
    /// Rows, columns, channels, and the bytes row by row.
    Pixels((u32, u32, u8, PyBackedBytes)),
    /// Of a file.
    Bytes(PyBackedBytes),
    Path(PathBuf),
}

/// Grey pixels; `None` where there are not as many bytes.
fn grey((rows, columns, channels, bytes): &(u32, u32, u8, PyBackedBytes)) -> Option<GrayImage> {
    let (rows, columns, bytes) = (*rows, *columns, bytes.to_vec());
    match channels {
        1 => GrayImage::from_raw(columns, rows, bytes),
        3 => RgbImage::from_raw(columns, rows, bytes).map(|p| DynamicImage::ImageRgb8(p).into_luma8()),
        4 => RgbaImage::from_raw(columns, rows, bytes).map(|p| DynamicImage::ImageRgba8(p).into_luma8()),
        _ => None,
    }
}

fn photo(name: &str, pixels: GrayImage) -> Photo {
    let (path, sha256) = (name.to_owned(), sha256(pixels.as_raw()));
    Photo { path, sha256, page: 0, pages: 1, format: "pixels".to_owned(), pixels }
}

/// A record as JSON, and what was measured.
type Read = (String, Option<Vec<u8>>);

fn json(record: &Record) -> String {
    serde_json::to_string(record).unwrap_or_default()
}

fn read(digitized: &Digitized) -> Read {
    let evidence = digitized.evidence.as_ref().and_then(|e| e.to_json().ok());
    (json(&digitized.record), evidence.map(String::into_bytes))
}

/// A cell of a number: its field, the print's name, rows, columns, grey bytes.
type Cell = (String, &'static str, u32, u32, Vec<u8>);

/// The reader behind `cotejo.Reader`.
#[pyclass(frozen, module = "cotejo._cotejo")]
struct Reader {
    reader: cotejo::Reader,
}

#[pymethods]
impl Reader {
    #[new]
    fn new(
        py: Python<'_>,
        forms: Option<PathBuf>,
        registry: Option<PathBuf>,
        max_error: f64,
        qr: bool,
        max_pixels: u64,
    ) -> PyResult<Self> {
        let options =
            Options { qr, max_error, max_pixels, registry, readers: ReaderChoice::Net, ..Options::default() };
        let made = beside(py, || {
            let options = forms.map_or_else(|| Ok(options.clone()), |dir| options.clone().with_forms(dir))?;
            cotejo::Reader::new(options)
        })?;
        made.map(|reader| Self { reader }).map_err(|problem| refused(py, &problem))
    }

    /// The sheets of a photo; a page that gives no picture has a rejected record.
    fn read(&self, py: Python<'_>, given: Given, name: &str) -> PyResult<Vec<Read>> {
        let digitizer = self.reader.digitizer();
        let found = beside(py, || {
            let bytes = match &given {
                Given::Pixels(pixels) => {
                    let sheets = |pixels| digitizer.photo(photo(name, pixels)).iter().map(read).collect();
                    return grey(pixels).map(sheets);
                }
                Given::Bytes(bytes) => Ok(bytes.to_vec()),
                Given::Path(path) => files::read(path, &digitizer.config().limits),
            };
            let opened = digitizer.open_bytes(name, bytes);
            let pages = (0..opened.pages()).flat_map(|page| digitizer.page(&opened, page));
            Some(pages.map(|digitized| read(&digitized)).collect::<Vec<_>>())
        })?;
        found.ok_or_else(|| PyRuntimeError::new_err("the pixels are not as many as rows and columns say"))
    }

    /// The record of what was measured.
    fn decide(&self, py: Python<'_>, evidence: &str) -> PyResult<String> {
        let decided = beside(py, || self.reader.evidence(evidence).map(|e| json(&self.reader.decide(&e))))?;
        decided.map_err(|problem| refused(py, &problem))
    }

    /// The records of what was measured on several photos.
    fn join(&self, py: Python<'_>, evidence: Vec<String>) -> PyResult<Vec<String>> {
        let joined = beside(py, || {
            let all: Result<Vec<Evidence>, _> = evidence.iter().map(|e| self.reader.evidence(e)).collect();
            all.map(|all| self.reader.join(all).iter().map(json).collect::<Vec<_>>())
        })?;
        joined.map_err(|problem| refused(py, &problem))
    }

    /// The cells of numbers: each with its field, the print's name, rows, columns and grey bytes.
    fn crops(
        &self,
        py: Python<'_>,
        record: &str,
        given: Given,
        fields: Option<Vec<String>>,
    ) -> PyResult<Vec<Cell>> {
        let digitizer = self.reader.digitizer();
        let cut = beside(py, || {
            let record: Record = serde_json::from_str(record).map_err(|e| e.to_string())?;
            let page = record.source().page;
            let opened = match &given {
                Given::Pixels(pixels) => Err(grey(pixels)),
                Given::Bytes(bytes) => Ok(digitizer.open_bytes(&record.source().path, Ok(bytes.to_vec()))),
                Given::Path(path) => Ok(digitizer.open(path)),
            };
            let photo = match opened {
                Ok(opened) => {
                    digitizer.decoded(&opened, page).map_err(|e| e.finding(opened.name()).message)?
                }
                Err(pixels) => photo("", pixels.ok_or("the pixels are not as many as rows and columns say")?),
            };
            if photo.sha256 != record.source().sha256 {
                return Err("this is not the photo that was read: its SHA-256 is another".to_owned());
            }
            let Some(form) = record.form_of(digitizer.forms()) else { return Ok(Vec::new()) };
            let fields =
                fields.unwrap_or_else(|| record.numbers().map(|(field, _)| field.into_owned()).collect());
            let mut out = Vec::new();
            let cells = picture::crops(photo.pixels, &record, &form, &fields);
            for (field, cells) in fields.into_iter().zip(cells) {
                for (print, cell) in ["digits", "words"].into_iter().zip(cells) {
                    let Some(cell) = cell else { continue };
                    out.push((field.clone(), print, cell.height(), cell.width(), cell.into_raw()));
                }
            }
            Ok(out)
        })?;
        cut.map_err(|said: String| error(py, "PictureError", (said, "crops", String::new())))
    }

    /// Makes a run's folder of a file of lines, each what was measured of a sheet or a record; what is known of the run.
    fn write_run(
        &self,
        py: Python<'_>,
        lines: PathBuf,
        out: PathBuf,
        inputs: Vec<String>,
        overwrite: bool,
    ) -> PyResult<String> {
        let digitizer = self.reader.digitizer();
        let written = beside(py, || {
            let overwrite = if overwrite { Overwrite::Replace } else { Overwrite::Refuse };
            let folder = Folder::create(&out, overwrite)?;
            let _lock = Lock::take(folder.path(), "run")?;
            let mut staged = batch::decide(digitizer, &[lines], &folder)?;
            staged.run.inputs = inputs;
            let report = report::write(&mut staged.next, digitizer.forms(), &About::of(&staged.run));
            let run = staged.commit()?;
            Ok::<_, BatchError>(report.map(|_| run).map_err(|e| e.to_string()))
        })?;
        let run = written.map_err(|e| e.to_string()).and_then(|run| run);
        let run = run.and_then(|run| serde_json::to_string(&run).map_err(|e| e.to_string()));
        run.map_err(|said| error(py, "OutputError", (said, "output", String::new())))
    }
}

/// The files of a run of these paths, in its order.
#[pyfunction]
#[pyo3(name = "files")]
fn listed(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    inputs::collect(&paths).files
}

/// From now on documents are decoded by that program.
#[pyfunction]
fn decode_by(program: PathBuf, arguments: Vec<String>) {
    apart::by(program, arguments);
}

/// The `cotejo` command; its exit code.
#[pyfunction]
fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    cotejo::ground::memory::keep();
    py.detach(|| cotejo::cli::command(arguments, || ()))
}

/// The Python module.
#[pymodule]
fn _cotejo(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Reader>()?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(listed, module)?)?;
    module.add_function(wrap_pyfunction!(decode_by, module)?)?;
    module.add_function(wrap_pyfunction!(command, module)?)
}

//! A folder of made-up pictures with their truth.
//!
//! In: a [`Form`] and [`Options`]. Out: one JPEG a sheet or piece, `truth.csv` (a row a file, true
//! values) and `truth.jsonl` (every field's value in every printed channel, and the mesh). Refuses a folder that is not
//! empty. The bytes depend on the seed alone.

use super::defects::{self, Defect, Expected};
use super::draw::{self, Part};
use super::scan::{self, Ink, ScanSettings};
use super::values::{SheetTruth, ValueMode, invent, payload};
use super::{Picture, Scene, SynthRng, blocks, camera, noise, rng};
use crate::form::{FieldKind, Form};
use crate::read::sheet::Mesh;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// What makes the pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source {
    /// A scanner as most published scans have seen.
    Scan,
    /// A scanner with everything that still can be read.
    RoughScan,
    /// A camera at this strength, 0 to 1.
    Camera(f64),
    /// A phone, as people use it.
    Scene(Scene),
}

/// Whether sheets are defaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Faults {
    /// All sheets are sound.
    None,
    /// Every other sheet has a defect, all kinds in turn.
    Mixed,
    /// These in turn; `None` leaves a sheet sound. Not empty.
    Cycle(Vec<Option<Defect>>),
}

/// What to do with a folder that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse it unless it is empty.
    Refuse,
    /// Write into it, over files of the same names.
    Overwrite,
}

/// What to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How many sheets.
    pub count: usize,
    /// The folder.
    pub out: PathBuf,
    /// Where the dice begin.
    pub seed: u64,
    /// What makes the pictures.
    pub source: Source,
    /// Whether sheets are defaced.
    pub faults: Faults,
    /// What lies on them besides their print.
    pub ink: Ink,
    /// Photos a sheet; more than one only with a camera.
    pub pieces: usize,
    /// What to do with a folder that is there.
    pub existing: Existing,
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Sheets.
    pub sheets: usize,
    /// Picture files.
    pub files: usize,
}

/// Why nothing, or not everything, was made.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// The folder holds something.
    #[error("{path} is not empty; give another folder, or allow overwriting")]
    NotEmpty {
        /// The folder.
        path: String,
    },
    /// Pieces of a flat scan.
    #[error("a scanner takes the whole strip; for {pieces} pieces a sheet choose a camera strength")]
    PiecesOfScan {
        /// How many were asked for.
        pieces: usize,
    },
    /// A strength outside 0 to 1.
    #[error("camera strength {strength} is outside 0 (as a scan) to 1 (hopeless)")]
    Strength {
        /// What was asked for.
        strength: f64,
    },
    /// The disk.
    #[error("{path}: {source}; check that the folder can be written and the disk has room")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Truth of one file, a line of `truth.jsonl`.
#[derive(serde::Serialize)]
struct Line<'a> {
    file: &'a str,
    form: &'a str,
    sheet: usize,
    piece: usize,
    expected: Expected,
    #[serde(flatten)]
    truth: &'a SheetTruth,
    ids: Vec<&'a str>,
    /// Form y in mm, then x and y in pixels at the frame's left, middle and right.
    mesh: Vec<[f64; 7]>,
}

/// A picture as it goes into its file.
struct Made {
    jpeg: Vec<u8>,
    mesh: Mesh,
    truth: SheetTruth,
}

impl From<Picture> for Made {
    fn from(picture: Picture) -> Self {
        let jpeg = picture.jpeg.unwrap_or_else(|| noise::jpeg(&picture.pixels, 92).1);
        Self { jpeg, mesh: picture.mesh, truth: picture.truth }
    }
}

/// What one file adds to the truth.
struct Row {
    csv: Vec<String>,
    json: String,
}

/// Makes the pictures.
///
/// # Errors
/// A folder that is not empty, options that contradict each other, and what the disk refuses.
pub fn run(form: &Form, options: &Options) -> Result<Summary, SynthError> {
    if let Source::Camera(strength) = options.source
        && !(0.0..=1.0).contains(&strength)
    {
        return Err(SynthError::Strength { strength });
    }
    if options.pieces > 1 && !matches!(options.source, Source::Camera(_)) {
        return Err(SynthError::PiecesOfScan { pieces: options.pieces });
    }
    prepare(options)?;
    // All of a run have the same blocks: a table has one head.
    let form = &*blocks::page(form, &mut rng(options.seed, u64::MAX));
    let digits = options.count.to_string().len().max(4);
    let sheets: Vec<Vec<Row>> = (0..options.count)
        .into_par_iter()
        .map(|i| {
            let (pictures, defect) = make(form, options, i);
            let expected = defect.map_or(Expected::Accepted, Defect::expected);
            let mut rows = Vec::new();
            let several = pictures.len();
            for (k, picture) in pictures.into_iter().enumerate() {
                let name = match several {
                    0 | 1 => format!("{}-{:0digits$}.jpg", form.invent.file, i + 1),
                    _ => format!("{}-{:0digits$}-{}.jpg", form.invent.file, i + 1, k + 1),
                };
                let path = options.out.join(&name);
                std::fs::write(&path, &picture.jpeg).map_err(|source| io(&path, source))?;
                let line = Line {
                    file: &name,
                    form: &form.id,
                    sheet: i + 1,
                    piece: k + 1,
                    expected,
                    ids: form.fields.iter().map(|f| f.id.as_str()).collect(),
                    mesh: mesh_rows(&picture.truth, &picture.mesh),
                    truth: &picture.truth,
                };
                let json = serde_json::to_string(&line).map_err(|e| io(&path, e.into()))?;
                rows.push(Row { csv: csv_row(form, &name, &picture.truth, expected), json });
            }
            Ok(rows)
        })
        .collect::<Result<_, SynthError>>()?;
    let rows: Vec<_> = sheets.into_iter().flatten().collect();
    write_truth(form, &options.out, &rows)?;
    Ok(Summary { sheets: options.count, files: rows.len() })
}

fn io(path: &Path, source: std::io::Error) -> SynthError {
    SynthError::Io { path: path.display().to_string(), source }
}

fn prepare(options: &Options) -> Result<(), SynthError> {
    let out = &options.out;
    std::fs::create_dir_all(out).map_err(|source| io(out, source))?;
    let mut entries = std::fs::read_dir(out).map_err(|source| io(out, source))?;
    if options.existing == Existing::Refuse && entries.next().is_some() {
        return Err(SynthError::NotEmpty { path: out.display().to_string() });
    }
    Ok(())
}

/// The pictures of sheet `index`, and what is wrong with it.
fn make(form: &Form, options: &Options, index: usize) -> (Vec<Made>, Option<Defect>) {
    let mut rng = rng(options.seed, index as u64);
    let defect = match &options.faults {
        Faults::Mixed if index % 2 == 1 => Some(Defect::ALL[index / 2 % Defect::ALL.len()]),
        Faults::Cycle(cycle) if !cycle.is_empty() => cycle[index % cycle.len()],
        _ => None,
    };
    let mut truth = invent(form, &mut rng, ValueMode::Realistic);
    if let Some(defect) = defect {
        defects::alter(form, defect, &mut truth, &mut rng);
    }
    let mut drawn = draw::draw(form, &truth, Part::Whole, &mut rng);
    if let Some(defect) = defect {
        drawn = defects::deface(form, defect, drawn, &mut rng);
    }
    let turns = defect.map_or(0, Defect::turns);
    let pictures = match options.source {
        Source::Scan => {
            let settings = options.ink.on(ScanSettings { turns, ..ScanSettings::typical(&mut rng) });
            vec![scan::apply(&drawn, &settings, &mut rng).into()]
        }
        Source::RoughScan => {
            let rough = ScanSettings::rough(&mut rng);
            let settings = options.ink.on(ScanSettings { turns: (rough.turns + turns) % 4, ..rough });
            vec![scan::apply(&drawn, &settings, &mut rng).into()]
        }
        Source::Camera(strength) => {
            let settings = options.ink.on(ScanSettings { turns, ..ScanSettings::paper(&mut rng) });
            let paper = scan::apply(&drawn, &settings, &mut rng);
            photos(&paper, options.pieces, strength, &mut rng)
        }
        Source::Scene(scene) => {
            let paper = options.ink.on(scene.paper(&mut rng));
            let original = scan::apply(&drawn, &paper, &mut rng);
            let made = |s: super::Shot| Made { mesh: s.way.mesh(), jpeg: s.jpeg, truth: s.truth };
            scene.take(&original, &mut rng).into_iter().map(made).collect()
        }
    };
    (pictures, defect)
}

fn photos(paper: &Picture, pieces: usize, strength: f64, rng: &mut SynthRng) -> Vec<Made> {
    let taken = if pieces > 1 {
        camera::pieces(paper, pieces, strength, rng)
    } else {
        vec![camera::photograph(paper, strength, rng)]
    };
    taken.into_iter().map(Made::from).collect()
}

fn mesh_rows(truth: &SheetTruth, mesh: &Mesh) -> Vec<[f64; 7]> {
    if truth.fields.is_empty() {
        return Vec::new();
    }
    let round = |v: f64| (v * 100.0).round() / 100.0;
    mesh.rungs
        .iter()
        .map(|r| {
            let [a, b, c] = r.points;
            [r.y, a.x, a.y, b.x, b.y, c.x, c.y].map(round)
        })
        .collect()
}

/// The totals that the table has columns for.
fn totals(form: &Form) -> impl Iterator<Item = &str> {
    let export = &form.export;
    [&export.registered, &export.valid, &export.null].into_iter().flatten().map(String::as_str)
}

fn csv_head(form: &Form) -> Vec<String> {
    let mut head: Vec<String> = ["file", "centre", "table"].map(str::to_owned).into();
    head.extend(totals(form).map(str::to_owned));
    head.extend(form.candidates.iter().map(|c| c.id.clone()));
    head.extend(["qr_payload", "defect", "expected"].map(str::to_owned));
    head
}

fn csv_row(form: &Form, name: &str, truth: &SheetTruth, expected: Expected) -> Vec<String> {
    let value = |id: &str| {
        let said = form.field(id).and_then(|ix| truth.fields.get(ix));
        said.map_or_else(String::new, |f| f.value.to_string())
    };
    let table = truth.table.trim_start_matches('0').to_owned();
    let mut row = vec![name.to_owned(), truth.centre.clone(), table];
    row.extend(totals(form).map(value));
    for ix in 0..form.candidates.len() {
        let sum: u32 = form
            .fields
            .iter()
            .zip(&truth.fields)
            .filter(|(f, _)| matches!(&f.kind, FieldKind::Vote { candidate, .. } if *candidate == ix))
            .map(|(_, said)| said.value)
            .sum();
        row.push(if truth.fields.is_empty() { String::new() } else { sum.to_string() });
    }
    // The payload of the true values, whatever QR code is printed: it carries the rows.
    row.push(payload(form, truth).unwrap_or_default());
    row.push(truth.defect.clone().unwrap_or_default());
    row.push(match expected {
        Expected::Accepted => "accepted".to_owned(),
        Expected::Review => "review".to_owned(),
        Expected::Rejected => "rejected".to_owned(),
    });
    row
}

/// Both truth files, each whole or not at all.
fn write_truth(form: &Form, out: &Path, rows: &[Row]) -> Result<(), SynthError> {
    use std::io::Write;
    let whole = |name: &str, bytes: &[u8]| {
        let path = out.join(name);
        let mut file = tempfile::NamedTempFile::new_in(out).map_err(|e| io(&path, e))?;
        file.write_all(bytes).map_err(|e| io(&path, e))?;
        file.persist(&path).map_err(|e| io(&path, e.error))?;
        Ok::<_, SynthError>(())
    };
    let mut csv = csv::Writer::from_writer(Vec::new());
    let in_csv = |e: csv::Error| io(&out.join("truth.csv"), std::io::Error::other(e));
    csv.write_record(csv_head(form)).map_err(in_csv)?;
    for row in rows {
        csv.write_record(&row.csv).map_err(in_csv)?;
    }
    let bytes = csv.into_inner().map_err(|e| io(out, std::io::Error::other(e.to_string())))?;
    whole("truth.csv", &bytes)?;
    let mut lines = String::new();
    for row in rows {
        lines.push_str(&row.json);
        lines.push('\n');
    }
    whole("truth.jsonl", lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;

    fn options(out: &Path, count: usize) -> Options {
        Options {
            count,
            out: out.to_owned(),
            seed: 7,
            source: Source::Scan,
            faults: Faults::Mixed,
            ink: Ink::AsFound,
            pieces: 1,
            existing: Existing::Refuse,
        }
    }

    #[test]
    fn the_same_seed_writes_the_same_bytes_on_any_number_of_threads() {
        let form = &builtin().unwrap()[0];
        let dir = tempfile::tempdir().unwrap();
        for threads in [1, 3] {
            let out = dir.path().join(threads.to_string());
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let made = pool.install(|| run(form, &options(&out, 3))).unwrap();
            assert_eq!(made, Summary { sheets: 3, files: 3 });
        }
        let files = ["acta-0001.jpg", "acta-0002.jpg", "acta-0003.jpg", "truth.csv", "truth.jsonl"];
        for name in files {
            let read = |n: &str| std::fs::read(dir.path().join(n).join(name)).unwrap();
            assert!(read("1") == read("3"), "{name}");
        }
    }

    #[test]
    fn a_folder_that_is_not_empty_is_refused_with_the_remedy() {
        let form = &builtin().unwrap()[0];
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("mine.txt"), "x").unwrap();
        let error = run(form, &options(dir.path(), 1)).unwrap_err().to_string();
        assert!(error.contains("another folder"), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn pieces_of_a_scan_and_a_wild_strength_are_refused() {
        let form = &builtin().unwrap()[0];
        let dir = tempfile::tempdir().unwrap();
        let wild = Options { pieces: 4, ..options(dir.path(), 1) };
        assert!(matches!(run(form, &wild), Err(SynthError::PiecesOfScan { pieces: 4 })));
        let wild = Options { source: Source::Camera(3.0), ..options(dir.path(), 1) };
        assert!(matches!(run(form, &wild), Err(SynthError::Strength { .. })));
    }
}

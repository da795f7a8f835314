//! `cotejo eval` and `cotejo synth`.
//!
//! In: resolved arguments. Out: figures on stdout, made-up sheets in a new folder.

use super::console::{self, say, tell};
use super::digitize::Bar;
use super::{Outcome, config, jobs};
use crate::cli::args::{EvalArgs, SynthArgs};
use crate::decide::Policy;
use crate::form::Form;
use crate::ground::finding::Code;
use crate::ground::words::display;
use crate::lab::eval::registration;
use crate::lab::eval::sets::Set;
use crate::lab::eval::simulate::{self, Noise, Simulation};
use crate::lab::eval::texts::Names;
use crate::lab::eval::{self, Evaluation, Truth, camera, camera::Camera};
use crate::lab::synth as made;
use crate::lab::synth::Scene;
use crate::lab::synth::defects::Defect;
use crate::lab::synth::scan::Ink;
use crate::run::batch::{self, Jobs, Progress};
use crate::run::config::Config;
use crate::run::inputs;
use crate::run::output;
use crate::run::pipeline::Digitizer;
use anyhow::{Context, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Measures against known values; [`Outcome::Open`] when a sheet was accepted and wrong.
///
/// # Errors
/// Settings that make no sense, no input, a truth table that is refused.
pub(super) fn eval(args: &EvalArgs) -> anyhow::Result<Outcome> {
    if let Some(sheets) = args.simulate {
        return simulate(args, sheets);
    }
    if let Some(each) = args.alter {
        return alter(args, each);
    }
    if let Some(sheets) = args.letters {
        return letters(args, sheets);
    }
    if let Some(sheets) = args.registration {
        return register(args, sheets);
    }
    if let Some(sheets) = args.readings {
        return readings(args, sheets);
    }
    let (config, jobs) = (config(&args.digitize)?, jobs(&args.digitize)?);
    let Some(truth) = &args.truth else { bail!("--truth is missing: give the table of known values") };
    let truth = Truth::load(truth, &config.forms)?;
    let names = Names::load(args.places.as_deref(), args.names.as_deref(), &config.forms)?;
    let earlier: Option<Evaluation> =
        args.compare.as_deref().map(|path| kept(path, "evaluation")).transpose()?;
    let inputs = inputs::collect(&args.paths);
    if inputs.files.is_empty() {
        bail!("no pictures to evaluate; give files or folders with .{}", inputs::ENDINGS.join(", ."));
    }
    let digitizer = Digitizer::new(config)?;
    let mut folder = None;
    let photos = match (camera(args)?, &args.photos) {
        (None, None) => None,
        (None, Some(_)) => bail!("--photos keeps the photos of a camera: give --scene or --camera too"),
        (Some(camera), Some(kept)) => {
            std::fs::create_dir_all(kept)
                .with_context(|| format!("cannot make the folder {} for --photos", kept.display()))?;
            Some(photograph(camera, &digitizer, args.seed, &inputs.files, kept, Jobs(jobs))?)
        }
        (Some(camera), None) => {
            let made = folder.insert(tempfile::tempdir().context("cannot make a folder for photos")?);
            Some(photograph(camera, &digitizer, args.seed, &inputs.files, made.path(), Jobs(jobs))?)
        }
    };
    let files = match &photos {
        Some(photos) => photos.iter().map(|p| p.file.clone()).collect(),
        None => inputs.files,
    };
    let bar = Bar::new(files.len());
    let started = Instant::now();
    let (mut records, times) = batch::records(&digitizer, &files, Jobs(jobs), &bar)?;
    let seconds = started.elapsed().as_secs_f64();
    bar.finish();
    let agreement = photos.as_ref().map(|p| camera::agreement(&mut records, p, &digitizer.config().forms));
    let truth = photos.as_ref().map_or(truth.clone(), |p| camera::truth_of(&truth, p));
    let evaluation = eval::evaluate(&records, &truth);
    console::data(evaluation.to_string().as_bytes())?;
    match args.places.is_some() || args.names.is_some() {
        true => console::data(eval::texts::measure(&records, &truth, &names).to_string().as_bytes())?,
        false => say!("names of places: not measured; give --places, --names or both")?,
    }
    if let Some(agreement) = agreement {
        let found = |code| evaluation.count(|s| s.findings.contains(&code));
        say!("not found: {} photos; illegible: {}", found(Code::NoSheet), found(Code::Illegible))?;
        say!("{agreement}")?;
    }
    say!(
        "time: {} files in {seconds:.1} s with {jobs} jobs, {:.0} ms of one job a file",
        files.len(),
        1000.0 * seconds * jobs as f64 / files.len() as f64
    )?;
    let each = |(name, seconds): &(&str, f64)| format!("{name} {:.1}", 1000.0 * seconds / files.len() as f64);
    say!("ms a file by stage: {}", times.stages().iter().map(each).collect::<Vec<_>>().join(", "))?;
    if let Some(earlier) = earlier {
        console::data(eval::compare(&earlier, &evaluation).to_string().as_bytes())?;
    }
    if let Some(path) = &args.json {
        output::write_whole(path, &evaluation.to_json()?)?;
    }
    let wrong = evaluation.count(|s| s.accepted_wrong());
    Ok(if wrong == 0 { Outcome::Clean } else { Outcome::Open })
}

/// The form that sheets are made up of.
fn first(config: &Config) -> anyhow::Result<&Arc<Form>> {
    config.forms.first().context("no form is known")
}

/// Writes figures as JSON where that is asked for.
fn keep(args: &EvalArgs, figures: &impl Serialize) -> anyhow::Result<()> {
    let Some(path) = &args.json else { return Ok(()) };
    Ok(output::write_whole(path, &serde_json::to_vec_pretty(figures)?)?)
}

/// Figures that an earlier `--json` wrote.
fn kept<T: DeserializeOwned>(path: &Path, what: &str) -> anyhow::Result<T> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is no {what}; give a file that --json wrote", path.display()))
}

/// Photos of these scans, written into `folder`.
fn photograph(
    camera: Camera,
    digitizer: &Digitizer,
    seed: u64,
    scans: &[PathBuf],
    folder: &Path,
    jobs: Jobs,
) -> anyhow::Result<Vec<camera::Photo>> {
    let bar = Bar::new(scans.len());
    let config = digitizer.config();
    let what = camera::Inputs { forms: &config.forms, limits: &config.limits, seed };
    let taken = camera::photograph(camera, &what, scans, folder, jobs, || bar.done(&[]))?;
    bar.finish();
    taken.with_context(|| format!("cannot write photos into {}", folder.display()))
}

/// What takes photos of the inputs, if anything does.
fn camera(args: &EvalArgs) -> anyhow::Result<Option<Camera>> {
    Ok(match (args.camera, args.scene.as_slice()) {
        (Some(strength), []) => Some(Camera::Strength(strength)),
        (None, [scene]) => Some(Camera::Scene(Scene::parse(scene).map_err(anyhow::Error::msg)?)),
        (None, []) => None,
        _ => bail!("give one --scene, or --camera; several scenes are only for --registration"),
    })
}

/// Registers made-up scans and photos whose every point is known.
fn register(args: &EvalArgs, sheets: u64) -> anyhow::Result<Outcome> {
    let (config, jobs) = (config(&args.digitize)?, jobs(&args.digitize)?);
    let form = first(&config)?;
    let sets = sets(args, Set::placed)?;
    say!("{}", registration::HEAD)?;
    let mut all = Vec::new();
    for set in sets {
        let bar = Bar::new(sheets as usize);
        let measured = registration::register(form, set, sheets, args.seed, Jobs(jobs), || bar.done(&[]))?;
        bar.finish();
        console::data(measured.to_string().as_bytes())?;
        all.push(measured);
    }
    keep(args, &all)?;
    Ok(Outcome::Clean)
}

/// The sets that were named, or else all there are.
fn sets(args: &EvalArgs, all: fn() -> Vec<Set>) -> anyhow::Result<Vec<Set>> {
    let named = args.scene.iter().map(|n| Set::parse(n));
    let named: Vec<Set> = named.collect::<Result<_, _>>().map_err(anyhow::Error::msg)?;
    Ok(if named.is_empty() { all() } else { named })
}

/// Reads made-up prints and says how their readings err.
fn readings(args: &EvalArgs, sheets: usize) -> anyhow::Result<Outcome> {
    use crate::lab::eval::readings::{self, Place};
    let (config, jobs) = (config(&args.digitize)?, jobs(&args.digitize)?);
    let form = first(&config)?;
    let readers = crate::read::glyphs::Readers::new()?;
    let sets = sets(args, Set::all)?;
    let place = if args.exact { Place::Exact } else { Place::Located };
    let mut all = Vec::new();
    for set in sets.into_iter().filter(|_| sheets > 0 && args.paths.is_empty()) {
        let bar = Bar::new(sheets);
        all.extend(readings::read((form, &readers), (set, place), (sheets, args.seed), Jobs(jobs), || {
            bar.done(&[])
        })?);
        bar.finish();
    }
    for path in &args.with {
        all.extend(kept::<Vec<readings::Read>>(path, "list of readings")?);
    }
    let read = inputs::collect(&args.paths).files;
    if !read.is_empty() {
        let Some(truth) = &args.truth else { bail!("--truth is missing: give the table of known values") };
        let truth = Truth::load(truth, &config.forms)?;
        let digitizer = Digitizer::new(config)?;
        let folder = tempfile::tempdir().context("cannot make a folder for photos")?;
        let (read, truth) = match camera(args)? {
            None => (read.into_iter().map(|f| (f.clone(), display(&f))).collect::<Vec<_>>(), truth),
            Some(camera) => {
                let photos = photograph(camera, &digitizer, args.seed, &read, folder.path(), Jobs(jobs))?;
                let named = photos.iter().map(|p| (p.file.clone(), p.path.clone()));
                (named.collect(), camera::truth_of(&truth, &photos))
            }
        };
        let bar = Bar::new(read.len());
        all.extend(readings::of_files(&digitizer, &read, &truth, Jobs(jobs), || bar.done(&[]))?);
        bar.finish();
    }
    let table = readings::Table::of(&all);
    console::data(format!("{table}{}", readings::Held::of(&all)).as_bytes())?;
    if let Some(path) = &args.toml {
        output::write_whole(path, table.toml(crate::decide::prints::level()).as_bytes())?;
    }
    if let Some(path) = &args.json {
        output::write_whole(path, &serde_json::to_vec(&all)?)?;
    }
    Ok(Outcome::Clean)
}

/// Decides on made-up sheets; [`Outcome::Open`] when a probability does not hold.
fn simulate(args: &EvalArgs, sheets: u64) -> anyhow::Result<Outcome> {
    let (config, jobs) = (config(&args.digitize)?, jobs(&args.digitize)?);
    let form = first(&config)?;
    let names: Vec<&str> = Noise::ALL.iter().map(|n| n.0).collect();
    if let Some(unknown) = args.noise.iter().find(|n| !names.contains(&n.as_str())) {
        bail!("there is no noise \"{unknown}\"; known are: {}", names.join(", "));
    }
    let wanted = |name: &str| args.noise.is_empty() || args.noise.iter().any(|n| n == name);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build()?;
    let policy = Policy::at_most(config.max_error);
    let mut made = BTreeMap::new();
    for (name, noise) in Noise::ALL.into_iter().filter(|n| wanted(n.0)) {
        let started = Instant::now();
        let simulation = pool.install(|| simulate::simulate(form, sheets, args.seed, noise, &policy));
        let seconds = started.elapsed().as_secs_f64();
        let each = 1e3 * seconds * jobs as f64 / (2 * sheets).max(1) as f64;
        let verdict = if simulation.holds() { "holds" } else { "DOES NOT HOLD" };
        console::data(format!("== noise {name}: {verdict}\n{simulation}").as_bytes())?;
        say!("  {seconds:.1} s with {jobs} jobs, {each:.2} ms of one job a made-up sheet and decision")?;
        made.insert(name, simulation);
    }
    keep(args, &made)?;
    Ok(if made.values().all(Simulation::holds) { Outcome::Clean } else { Outcome::Open })
}

/// Alters pictures and digitizes them; [`Outcome::Open`] when an altered one is accepted, or held back
/// without naming what was changed.
fn alter(args: &EvalArgs, each: usize) -> anyhow::Result<Outcome> {
    let (config, jobs) = (config(&args.digitize)?, jobs(&args.digitize)?);
    let inputs = inputs::collect(&args.paths);
    if inputs.files.is_empty() {
        bail!("no pictures to alter; give files or folders with .{}", inputs::ENDINGS.join(", ."));
    }
    let scene = match camera(args)? {
        None => None,
        Some(Camera::Scene(scene)) if scene.photos == 1 => Some(scene),
        Some(_) => {
            bail!("altered sheets are photographed by a --scene of one photo a sheet, such as strip-12mp")
        }
    };
    let digitizer = Digitizer::new(config)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build()?;
    let started = Instant::now();
    let altered = pool.install(|| eval::alter::alter(&digitizer, &inputs.files, each, args.seed, scene));
    console::data(altered.to_string().as_bytes())?;
    say!("time: {:.1} s with {jobs} jobs", started.elapsed().as_secs_f64())?;
    keep(args, &altered)?;
    Ok(if altered.holds() { Outcome::Clean } else { Outcome::Open })
}

/// Counts by sign what is read of made-up names.
fn letters(args: &EvalArgs, sheets: usize) -> anyhow::Result<Outcome> {
    let digitizer = Digitizer::new(config(&args.digitize)?)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs(&args.digitize)?).build()?;
    let counted = pool.install(|| eval::letters::letters(&digitizer, sheets, args.seed));
    console::data(counted.to_string().as_bytes())?;
    Ok(Outcome::Clean)
}

/// Makes sample sheets.
///
/// # Errors
/// A folder that is not empty or cannot be written, settings that make no sense.
pub(super) fn synth(args: &SynthArgs) -> anyhow::Result<Outcome> {
    let form = super::named(args.forms.as_deref(), args.form.as_deref())?;
    let options = made::Options {
        count: args.n,
        out: args.out.clone(),
        seed: args.seed,
        source: match (args.camera, &args.scene) {
            (Some(strength), _) => made::Source::Camera(strength),
            (None, Some(scene)) => made::Source::Scene(Scene::parse(scene).map_err(anyhow::Error::msg)?),
            (None, None) => made::Source::Scan,
        },
        faults: faults(args)?,
        ink: made::named(&Ink::ALL, Ink::name, "ink", &args.ink).map_err(anyhow::Error::msg)?,
        pieces: args.pieces.unwrap_or(1),
        existing: if args.overwrite { made::Existing::Overwrite } else { made::Existing::Refuse },
    };
    let summary = made::run(&form, &options)?;
    tell!(
        "{} sheets in {} files; their truth is in {}",
        summary.sheets,
        summary.files,
        args.out.join("truth.csv").display()
    );
    Ok(Outcome::Clean)
}

/// Which sheets are defaced, and how.
fn faults(args: &SynthArgs) -> anyhow::Result<made::Faults> {
    if args.defects {
        return Ok(made::Faults::Mixed);
    }
    if args.defect.is_empty() {
        return Ok(made::Faults::None);
    }
    let mut cycle = Vec::new();
    for tag in &args.defect {
        cycle.push(match (tag.as_str(), Defect::parse(tag)) {
            ("none", _) => None,
            (_, Some(defect)) => Some(defect),
            _ => {
                let tags: Vec<&str> = Defect::ALL.iter().map(|d| d.tag()).collect();
                bail!("there is no defect \"{tag}\"; known are: none, {}", tags.join(", "))
            }
        });
    }
    Ok(made::Faults::Cycle(cycle))
}

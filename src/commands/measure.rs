//! `cotejo eval` and `cotejo synth`.
//!
//! In: resolved arguments. Out: figures on stdout, made-up sheets in a new folder.

use super::console::{self, say, tell};
use super::digitize::Bar;
use super::{Outcome, config, jobs, known_forms};
use crate::batch::{self, Jobs, Progress};
use crate::cli::{EvalArgs, SynthArgs};
use crate::decide::Policy;
use crate::decide::simulate::{self, Noise, Simulation};
use crate::eval::texts::Names;
use crate::eval::{self, Camera, Evaluation, Truth};
use crate::pipeline::{Digitizer, Times};
use crate::record::Record;
use crate::sheet::Template;
use crate::synth::defects::Defect;
use crate::{inputs, output, synth as made};
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// Measures against known values; [`Outcome::Open`] when a sheet was accepted and wrong.
///
/// # Errors
/// Settings that make no sense, no input, a truth table that is refused.
pub fn eval(args: &EvalArgs) -> anyhow::Result<Outcome> {
    if let Some(sheets) = args.simulate {
        return simulate(args, sheets);
    }
    if let Some(each) = args.alter {
        return alter(args, each);
    }
    if let Some(sheets) = args.letters {
        return letters(args, sheets);
    }
    let config = config(&args.digitize)?;
    let jobs = jobs(&args.digitize)?;
    let Some(truth) = &args.truth else { bail!("--truth is missing: give the table of known values") };
    let truth = Truth::load(truth, &config.forms)?;
    let names = Names::load(args.places.as_deref(), args.names.as_deref())?;
    let earlier = match &args.compare {
        Some(path) => {
            let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let earlier: Evaluation = serde_json::from_slice(&bytes).with_context(|| {
                format!("{} is no evaluation; give a file that --json wrote", path.display())
            })?;
            Some(earlier)
        }
        None => None,
    };
    let inputs = inputs::collect(&args.paths);
    if inputs.files.is_empty() {
        bail!("no pictures to evaluate; give files or folders with .{}", inputs::ENDINGS.join(", ."));
    }
    let digitizer = Digitizer::new(config)?;
    let bar = Bar::new(inputs.files.len());
    let started = Instant::now();
    let ((records, times), off) = match args.camera {
        None => (batch::records(&digitizer, &inputs.files, Jobs(jobs), &bar)?, None),
        Some(strength) => {
            let camera = Camera { strength, seed: args.seed, keep: args.photos.clone() };
            if let Some(folder) = &camera.keep {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the folder {} for --photos", folder.display()))?;
            }
            let (records, off) = photographed(&digitizer, &inputs.files, &camera, Jobs(jobs), &bar)?;
            ((records, Times::default()), Some(off))
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    bar.finish();
    let evaluation = eval::evaluate(&records, &truth);
    console::data(evaluation.to_string().as_bytes())?;
    match args.places.is_some() || args.names.is_some() {
        true => console::data(eval::texts::measure(&records, &truth, &names).to_string().as_bytes())?,
        false => say!("names of places: not measured; give --places, --names or both")?,
    }
    if let Some(off) = off {
        say!("{off}")?;
    }
    say!(
        "time: {} files in {seconds:.1} s with {jobs} jobs, {:.0} ms of one job a file",
        inputs.files.len(),
        1000.0 * seconds * jobs as f64 / inputs.files.len() as f64
    )?;
    let each =
        |(name, seconds): &(&str, f64)| format!("{name} {:.1}", 1000.0 * seconds / inputs.files.len() as f64);
    if args.camera.is_none() {
        say!("ms a file by stage: {}", times.stages().iter().map(each).collect::<Vec<_>>().join(", "))?;
    }
    if let Some(earlier) = earlier {
        console::data(eval::compare(&earlier, &evaluation).to_string().as_bytes())?;
    }
    if let Some(path) = &args.json {
        output::write_whole(path, &evaluation.to_json()?)?;
    }
    let wrong = evaluation.count(|s| s.accepted_wrong());
    Ok(if wrong == 0 { Outcome::Clean } else { Outcome::Open })
}

/// The records of photos that the camera takes of the files, and how well they are registered, in a line.
fn photographed(
    digitizer: &Digitizer,
    files: &[PathBuf],
    camera: &Camera,
    jobs: Jobs,
    bar: &Bar,
) -> anyhow::Result<(Vec<Record>, String)> {
    let templates: Vec<Template> = digitizer.config().forms.iter().map(Template::new).collect();
    let see = |i: usize| camera.see(digitizer, &templates, &files[i], i);
    let photos = batch::collect(files.len(), jobs, see, |p| bar.done(&p.records))?;
    let mut off: Vec<f64> = photos.iter().filter_map(|p| p.off).collect();
    off.sort_by(f64::total_cmp);
    let within = off.iter().filter(|&&d| d <= OFF).count();
    let line = format!(
        "registration: {within} of {} photos have every row within {OFF} mm of its place; median of the worst rows {:.2} mm",
        files.len(),
        off.get(off.len() / 2).copied().unwrap_or(f64::NAN)
    );
    Ok((photos.into_iter().flat_map(|p| p.records).collect(), line))
}

/// How far from its place a row may be, mm: a quarter of the narrowest row pitch.
const OFF: f64 = 0.8;

/// Decides on made-up sheets; [`Outcome::Open`] when a probability does not hold.
fn simulate(args: &EvalArgs, sheets: u64) -> anyhow::Result<Outcome> {
    let config = config(&args.digitize)?;
    let jobs = jobs(&args.digitize)?;
    let Some(form) = config.forms.first() else { bail!("no form is known") };
    let names: Vec<&str> = Noise::ALL.iter().map(|n| n.0).collect();
    if let Some(unknown) = args.noise.iter().find(|n| !names.contains(&n.as_str())) {
        bail!("there is no noise \"{unknown}\"; known are: {}", names.join(", "));
    }
    let wanted = |name: &str| args.noise.is_empty() || args.noise.iter().any(|n| n == name);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build()?;
    let policy = Policy { max_error: config.max_error };
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
    if let Some(path) = &args.json {
        output::write_whole(path, &serde_json::to_vec_pretty(&made)?)?;
    }
    Ok(if made.values().all(Simulation::holds) { Outcome::Clean } else { Outcome::Open })
}

/// Alters pictures and digitizes them; [`Outcome::Open`] when an altered one is accepted, or held back
/// without naming what was changed.
fn alter(args: &EvalArgs, each: usize) -> anyhow::Result<Outcome> {
    let config = config(&args.digitize)?;
    let jobs = jobs(&args.digitize)?;
    let inputs = inputs::collect(&args.paths);
    if inputs.files.is_empty() {
        bail!("no pictures to alter; give files or folders with .{}", inputs::ENDINGS.join(", ."));
    }
    let digitizer = Digitizer::new(config)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build()?;
    let started = Instant::now();
    let altered = pool.install(|| eval::alter::alter(&digitizer, &inputs.files, each, args.seed));
    console::data(altered.to_string().as_bytes())?;
    say!("time: {:.1} s with {jobs} jobs", started.elapsed().as_secs_f64())?;
    if let Some(path) = &args.json {
        output::write_whole(path, &serde_json::to_vec_pretty(&altered)?)?;
    }
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
pub fn synth(args: &SynthArgs) -> anyhow::Result<Outcome> {
    let forms = known_forms(args.forms.as_deref())?;
    let form = match &args.form {
        Some(id) => forms.iter().find(|f| &f.id == id),
        None => forms.first(),
    };
    let Some(form) = form else {
        bail!(
            "there is no such form; known are: {}",
            forms.iter().map(|f| f.id.as_str()).collect::<Vec<_>>().join(", ")
        );
    };
    let options = made::Options {
        count: args.n,
        out: args.out.clone(),
        seed: args.seed,
        source: args.camera.map_or(made::Source::Scan, made::Source::Camera),
        faults: faults(args)?,
        pieces: args.pieces.unwrap_or(1),
        existing: if args.overwrite { made::Existing::Overwrite } else { made::Existing::Refuse },
    };
    let summary = made::run(form, &options)?;
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

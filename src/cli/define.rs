//! `cotejo form`: what belongs to a form's definition.
//!
//! In: arguments. Out: landmarks, and what samples say of a definition. Refuses, before any work, files that are there and
//! forms that are not.

use super::Outcome;
use super::console::say;
use super::digitize::Bar;
use crate::cli::args::{CheckArgs, LandmarksArgs};
use crate::form::{self, Form};
use crate::lab::check::{Checked, Held};
use crate::lab::landmarks;
use crate::run::batch::{self, Jobs, Progress};
use crate::run::config::Config;
use crate::run::inputs;
use crate::run::output;
use crate::run::pipeline::Digitizer;
use anyhow::bail;
use std::path::PathBuf;

/// The files of samples.
fn samples(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let inputs = inputs::collect(paths);
    if inputs.files.is_empty() {
        bail!("no samples; give files or folders with .{}", inputs::ENDINGS.join(", ."));
    }
    Ok(inputs.files)
}

/// Learns a form's landmarks.
///
/// # Errors
/// A file that is there, no input, no sheet that is seen whole.
pub fn form_landmarks(args: &LandmarksArgs) -> anyhow::Result<Outcome> {
    if args.out.exists() && !args.overwrite {
        bail!("{} is there already; give --overwrite to write over it", args.out.display());
    }
    let form = super::named(args.forms.as_deref(), args.form.as_deref())?;
    let files = samples(&args.samples)?;
    let digitizer = Digitizer::new(Config::new(vec![form.clone()]))?;
    let jobs = super::clamped(args.jobs)?;
    let bar = Bar::new(files.len());
    let learned = landmarks::learn(&digitizer, &form, &files, Jobs(jobs), || bar.done(&[]));
    bar.finish();
    let (marks, sheets) = learned?;
    if marks.marks.is_empty() {
        bail!("nothing recurs on {sheets} sheets of {}; give pictures that show whole sheets of it", form.id);
    }
    output::write_whole(&args.out, &marks.to_bytes())?;
    say!(
        "{} landmarks of {}, learned from {sheets} sheets in {} files",
        marks.marks.len(),
        form.id,
        files.len()
    )?;
    Ok(Outcome::Clean)
}

/// Holds a definition against samples; [`Outcome::Open`] where something has to be mended.
///
/// # Errors
/// A definition that is refused or not known, no input.
pub fn form_check(args: &CheckArgs) -> anyhow::Result<Outcome> {
    let form = match args.form.extension() {
        Some(end) if end == "toml" => form::from_file(&args.form)?,
        _ => super::named(args.forms.as_deref(), Some(&args.form.to_string_lossy()))?,
    };
    let files = samples(&args.samples)?;
    let digitizer = Digitizer::new(Config::new(vec![form.clone()]))?;
    let bar = Bar::new(files.len());
    let look = |i: usize| {
        let opened = digitizer.open(&files[i]);
        let mut own = Checked::default();
        (0..opened.pages()).for_each(|page| own.hear(&form, &digitizer.page(&opened, page)));
        own
    };
    let all = batch::collect(files.len(), Jobs(super::clamped(args.jobs)?), look, |_| bar.done(&[]))?;
    bar.finish();
    let mut checked = Checked::default();
    all.into_iter().for_each(|own| checked.join(own));
    let checked = checked.settle();
    if let Some(path) = &args.json {
        output::write_whole(path, &serde_json::to_vec_pretty(&checked)?)?;
    }
    show(&form, &checked)
}

/// The middle of some figures, and the worst by `worst`.
fn middle(values: &[f64], worst: fn(f64, f64) -> f64) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some((*sorted.get(sorted.len() / 2)?, values.iter().copied().reduce(worst)?))
}

/// Says what has to be mended.
fn show(form: &Form, c: &Checked) -> anyhow::Result<Outcome> {
    say!("{}: {} sheets on {} pages", form.id, c.sheets, c.pages)?;
    let anchors = middle(&c.anchors, f64::min).zip(middle(&c.residual, f64::max));
    let Some(((share, least), (residual, most))) = anchors else {
        say!(
            "no sheet was found by this definition: hold the frame, the rules and the labels against a sample; \
             long rules and large text carry most"
        )?;
        return Ok(Outcome::Open);
    };
    say!(
        "constant print: {:.0} % found (least {:.0} %), {residual:.2} mm from its place (most {most:.2} mm)",
        100.0 * share,
        100.0 * least
    )?;
    let mut clean = least >= 0.5;
    let sure: usize = c.numbers.values().map(|n| n.sure).sum();
    let open: usize = c.numbers.values().map(|n| n.open).sum();
    say!("numbers: {sure} read surely, {open} open")?;
    for (id, n) in c.numbers.iter().filter(|n| n.1.open * 4 > c.sheets) {
        clean = false;
        say!("  {id}: open on {} of {} sheets; look at its place and its width", n.open, c.sheets)?;
    }
    if c.off.is_empty() {
        say!("places: {} prints measured, none off by {} mm or more", c.measured, crate::lab::check::OFF)?;
    } else {
        clean = false;
        say!(
            "places: {} prints measured; ends left and right, top and foot are off by mm to the right and down:",
            c.measured
        )?;
    }
    for off in &c.off {
        let [left, right, top, foot] = off.by;
        say!("  {left:+.2} {right:+.2}  {top:+.2} {foot:+.2}  {:?}, {} times", off.what, off.times)?;
    }
    let never = |h: &Held| h.holds == 0 && h.broken > 0;
    let held: usize = c.relations.values().map(|h| h.holds).sum();
    let broken: usize = c.relations.values().map(|h| h.broken).sum();
    let untold: usize = c.relations.values().map(|h| h.open).sum();
    say!("relations: {held} times held, {broken} times broken, {untold} times open")?;
    for (id, h) in c.relations.iter().filter(|r| r.1.broken > 0) {
        clean &= !never(h);
        let remedy = if never(h) { "; it never holds: is it true?" } else { "" };
        say!("  {id}: broken on {} of {} sheets{remedy}", h.broken, h.holds + h.broken + h.open)?;
    }
    Ok(if clean { Outcome::Clean } else { Outcome::Open })
}

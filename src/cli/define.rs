//! `cotejo form`: what belongs to a form's definition.
//!
//! In: arguments. Out: landmarks, and what samples say of a definition. Refuses, before any work, files that are there and
//! forms that are not.

use super::Outcome;
use super::console::{say, tell};
use super::digitize::Bar;
use crate::cli::args::{CheckArgs, DrawArgs, LandmarksArgs, LearnArgs, PaperArgs};
use crate::desk::serve::Port;
use crate::draw::{self, Start};
use crate::form::{self, Form};
use crate::lab::check::{Checked, Held};
use crate::lab::landmarks;
use crate::learn::{self, Picture};
use crate::read::photo;
use crate::read::sheet::BEYOND;
use crate::run::batch::{self, Jobs, Progress};
use crate::run::config::Config;
use crate::run::inputs;
use crate::run::output;
use crate::run::pipeline::Digitizer;
use anyhow::{Context, bail};
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
pub(super) fn form_landmarks(args: &LandmarksArgs) -> anyhow::Result<Outcome> {
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
    if sheets == 0 {
        bail!(
            "no sheet of {} is seen whole in these {} files: give another form with --form, or scans of whole sheets",
            form.id,
            files.len()
        );
    }
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
pub(super) fn form_check(args: &CheckArgs) -> anyhow::Result<Outcome> {
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

/// The pictures of samples, cut off below what is not to be looked at; their paper's width is told, or that of the shape.
fn pictures(
    paths: &[PathBuf],
    paper: &PaperArgs,
    (below, above): (Option<f64>, Option<f64>),
    digitizer: &Digitizer,
) -> anyhow::Result<Vec<(Picture, (PathBuf, u32))>> {
    let mut out = Vec::new();
    for file in samples(paths)? {
        let opened = digitizer.open(&file);
        let wanted = |page: &u32| paper.pages.is_empty() || paper.pages.contains(&(page + 1));
        for page in (0..opened.pages()).filter(wanted) {
            let name = photo::page_name(opened.name(), page, opened.pages());
            let mut pixels = match digitizer.decoded(&opened, page) {
                Ok(photo) => photo.pixels,
                Err(error) => bail!("{}", error.finding(name).message),
            };
            let width = f64::from(pixels.width());
            let shape = width / f64::from(pixels.height());
            let known = PAPERS.iter().find(|p| (p.0 / p.1 - shape).abs() < 0.015).map(|p| p.0);
            let scale = match (paper.dpi, paper.width.or(known)) {
                (Some(dpi), _) => dpi / 25.4,
                (None, Some(mm)) => width / mm,
                (None, None) => {
                    bail!(
                        "{name} is no page of letter, legal or A4; give --dpi N of the scans or --width MM of the paper"
                    )
                }
            };
            if !(1.5..=100.0).contains(&scale) {
                bail!("{name} would have {scale:.1} pixels a millimetre; look at --dpi and --width");
            }
            let length = f64::from(pixels.height()) / scale;
            let (top, foot) = (below.unwrap_or(0.0), above.unwrap_or(length).min(length));
            if !(top >= 0.0 && foot - top > 20.0) {
                bail!("{name} is {length:.0} mm long; between --below and --above has to be more of it");
            }
            let (from, to) = ((top * scale) as u32, (foot * scale) as u32);
            pixels = image::imageops::crop_imm(&pixels, 0, from, pixels.width(), to - from).to_image();
            out.push((Picture { name, pixels, scale, paper: (top, length) }, (file.clone(), page)));
        }
    }
    Ok(out)
}

/// Letter, legal, A4, mm.
const PAPERS: [(f64, f64); 3] = [(215.9, 279.4), (215.9, 355.6), (210.0, 297.0)];

/// Learns a definition.
///
/// # Errors
/// A file that is there, too few sheets or such that are not of one form; a definition that would be refused is none.
pub(super) fn form_learn(args: &LearnArgs) -> anyhow::Result<Outcome> {
    if args.out.exists() && !args.overwrite {
        bail!("{} is there already; give --overwrite to write over it", args.out.display());
    }
    if let Some(folder) = args.out.parent().filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
        bail!("{} is no folder; make it, or give another place with -o", folder.display());
    }
    let id = args.out.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let digitizer = Digitizer::new(Config::new(form::builtin()?))?;
    let pictures = pictures(&args.samples, &args.paper, (args.below, args.above), &digitizer)?;
    let pictures = pictures.into_iter().map(|p| p.0).collect();
    let bar = Bar::new(learn::STEPS);
    let learned = learn::learn(pictures, &id, || bar.done(&[]));
    bar.finish();
    let learned = learned?;
    output::write_whole(&args.out, learned.definition.as_bytes())?;
    if let Some(path) = &args.picture {
        learned.picture.save(path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let (numbers, never) = learned.numbers;
    say!(
        "{}: {numbers} numbers, {never} of which never vary, from {} sheets",
        args.out.display(),
        learned.sheets
    )?;
    for name in &learned.left_out {
        say!("  left out, it does not lie over the others: {name}")?;
    }
    learned.open.iter().try_for_each(|open| say!("  open: {open}"))?;
    let form = form::from_file(&args.out)?;
    say!(
        "{} contests, {} relations; next: cotejo form check {} SAMPLES",
        form.contests.len(),
        form.relations.len(),
        args.out.display()
    )?;
    Ok(if learned.left_out.is_empty() && learned.open.is_empty() { Outcome::Clean } else { Outcome::Open })
}

/// Draws a definition; [`Outcome::Open`] where what was drawn last is in no file.
///
/// # Errors
/// A file that is there, no samples, a definition to go on from that is refused or not found on the first, a port.
pub(super) fn form_draw(args: &DrawArgs) -> anyhow::Result<Outcome> {
    if args.out.exists() && !args.overwrite {
        bail!("{} is there already; give --overwrite to write over it", args.out.display());
    }
    let digitizer = Digitizer::new(Config::new(form::builtin()?))?;
    let (pictures, files) =
        pictures(&args.samples, &args.paper, (None, None), &digitizer)?.into_iter().unzip();
    let (out, from) = (args.out.clone(), args.from.clone());
    let begun = draw::begin(Start { pictures, files, out, overwrite: args.overwrite, from })?;
    for name in &begun.left_out {
        tell!("  it does not lie over the first, and is only checked: {name}");
    }
    if begun.lost > 0 {
        tell!("  {} comments stand behind no entry and are not kept", begun.lost);
    }
    let station = draw::station::serve(begun.station, Port(args.port), |address| {
        tell!("open {address}");
        tell!("the address holds a key: give it to no one; Ctrl-C ends the drawing");
    })?;
    let Some(form) = station.form() else {
        tell!("nothing was saved");
        return Ok(Outcome::Open);
    };
    say!(
        "{}: {} numbers, {} relations; next: cotejo form check {} SAMPLES",
        args.out.display(),
        form.fields.len(),
        form.relations.len(),
        args.out.display()
    )?;
    Ok(if station.saved() { Outcome::Clean } else { Outcome::Open })
}

/// The middle of some figures, and the worst by `worst`.
fn middle(values: &[f64], worst: fn(f64, f64) -> f64) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some((*sorted.get(sorted.len() / 2)?, values.iter().copied().reduce(worst)?))
}

/// Whether a number stands beyond all constant print, so that nobody knows whether a photo shows it.
fn bare(form: &Form, id: &str) -> bool {
    let rules = form.rules.iter().flat_map(|r| [r.y0, r.y1]);
    let print: Vec<f64> = form.labels.iter().map(|l| l.y).chain(rules).collect();
    let y = form.field(id).map(|ix| form.fields[ix].y);
    y.is_some_and(|y| {
        let least = print.iter().copied().fold(f64::MAX, f64::min);
        let most = print.iter().copied().fold(f64::MIN, f64::max);
        y < least - BEYOND || y > most + BEYOND
    })
}

/// Says what has to be mended.
fn show(form: &Form, c: &Checked) -> anyhow::Result<Outcome> {
    say!("{}: {} sheets on {} pages", form.id, c.sheets, c.pages)?;
    if form.header_line("code").is_none() && form.header_line("table").is_none() {
        say!(
            "no line is called code or table: nobody knows which sheet a sheet is, and none is accepted; name the line that \
             tells it"
        )?;
    }
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
        let remedy = match bare(form, id) {
            true => "no constant print stands near it to tell that a photo shows it: add the label beside it",
            false => "look at its place and its width",
        };
        say!("  {id}: open on {} of {} sheets; {remedy}", n.open, c.sheets)?;
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

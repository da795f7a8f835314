//! `cotejo tally`, `cotejo export`, `cotejo verify`.
//!
//! In: a run's folder, tables. Out: sums, exports and differences, as text on stdout or as files.
//! Refuses a folder without a run, and binary output to a terminal.

use super::console::{self, say, tell};
use super::{Outcome, opened};
use crate::cli::args::{ExportArgs, TallyArgs, TallyFormat, VerifyArgs};
use crate::count::export::{self, Layout, NistHead};
use crate::count::publish::original::Originals;
use crate::count::tally::columns::ColumnMap;
use crate::count::tally::{self, Bars, Base, Expected, about};
use crate::count::verify::crosswalk::Crosswalk;
use crate::count::verify::named::{Matched, NamedTable, Sheets};
use crate::count::verify::table::ResultsTable;
use crate::count::verify::{self, Verification, crops, page};
use crate::form::{self, Form};
use crate::record::{Record, Source};
use crate::run::output::{self, Opened, RECORDS_JSONL};
use anyhow::{Context, bail};
use image::GrayImage;
use std::collections::BTreeMap;
use std::path::Path;

/// The units that should be there: the registry given, or what the run found missing.
pub(super) fn expected(
    dir: &Path,
    registry: Option<&Path>,
    forms: &[Form],
) -> anyhow::Result<Option<Expected>> {
    Ok(match registry {
        Some(path) => Some(Expected::of_registry(path, forms)?),
        None => Expected::of_run(dir, forms)?,
    })
}

/// A column map: the one given, or what the form says.
fn column_map(path: Option<&Path>, form: Option<&Form>) -> anyhow::Result<ColumnMap> {
    let given = path.map(ColumnMap::load).transpose()?;
    Ok(given.or_else(|| form.map(ColumnMap::of)).unwrap_or_default())
}

/// The level that people ask for, by its id or its name in either language; the whole where they do not.
fn depth(base: &Base, asked: Option<&str>) -> anyhow::Result<usize> {
    let Some(asked) = asked else { return Ok(0) };
    let levels = base.levels();
    let found = (0..=levels.last()).find(|&depth| levels.is_called(depth, asked));
    found.with_context(|| {
        let known: Vec<&str> = levels.all().iter().map(|l| l.id.as_str()).collect();
        format!("there is no level \"{asked}\"; those of these sheets are: {}", known.join(", "))
    })
}

/// Bytes to a file, whole or not at all, or to stdout.
fn deliver(out: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
    match out {
        Some(path) => {
            output::write_whole(path, bytes)?;
            tell!("{}", path.display());
        }
        None => console::data(bytes)?,
    }
    Ok(())
}

/// Adds up.
///
/// # Errors
/// A folder without a run, a registry that is refused, a file that cannot be written.
pub(super) fn tally(args: &TallyArgs) -> anyhow::Result<Outcome> {
    if args.format == TallyFormat::Parquet && args.out.is_none() {
        bail!("Parquet is no text; give a file with -o");
    }
    let forms = form::known(args.forms.as_deref())?;
    let run = opened::open(&args.dir, &forms, &args.edited)?;
    let base = Base::load(&run, &forms, expected(&args.dir, args.registry.as_deref(), &forms)?.as_ref())?;
    let sums = tally::tally(
        &base,
        depth(&base, args.level.as_deref())?,
        args.by,
        args.within.as_deref().unwrap_or_default(),
    )?;
    let aside = tally::aside(&base)?;
    let bytes = match args.format {
        TallyFormat::Text => (tally::text(&sums, &aside) + &about::lines(base.about())).into_bytes(),
        TallyFormat::Csv => about::on(base.about(), tally::frame(&sums)).to_csv()?,
        TallyFormat::Parquet => about::on(base.about(), tally::frame(&sums)).to_parquet()?,
        TallyFormat::Json => tally::json(&sums, &aside, base.about())?,
        TallyFormat::Svg => {
            let [line] = sums.lines.as_slice() else {
                bail!(
                    "a bar chart shows one place and there are {}; name it with --within CODE, or leave --level out",
                    sums.lines.len()
                );
            };
            tally::svg(&Bars::of(&sums, line)).into_bytes()
        }
    };
    deliver(args.out.as_deref(), &bytes)?;
    Ok(if aside.conflicts.is_empty() { Outcome::Clean } else { Outcome::Open })
}

/// What an export says of itself.
pub(super) fn nist_head(run: &Opened, issuer: Option<&str>) -> NistHead {
    // The run's own moment, so that the same run gives the same bytes.
    let started = run.run().map(|r| r.measured.started_at.as_str()).filter(|s| !s.is_empty());
    NistHead {
        issuer: issuer.unwrap_or("not named").to_owned(),
        generated: started.unwrap_or("1970-01-01T00:00:00Z").to_owned(),
    }
}

/// Hands results over in a layout that others read.
///
/// # Errors
/// A folder without a run, a file that is there already or cannot be written.
pub(super) fn export(args: &ExportArgs) -> anyhow::Result<Outcome> {
    let forms = form::known(args.forms.as_deref())?;
    let map = |base: &Base| column_map(args.columns.as_deref(), base.form());
    if args.describe {
        let base = export::empty(&forms)?;
        let map = map(&base)?;
        console::data(export::describe(&base, &map)?.as_bytes())?;
        return Ok(Outcome::Clean);
    }
    let (Some(dir), Some(layout)) = (&args.dir, args.layout) else {
        bail!("give the folder of a run and a layout: cotejo export DIR --as wide");
    };
    if args.out.is_none() && matches!(layout, Layout::Parquet | Layout::Sqlite) {
        bail!("{} is no text; give a file with -o", layout.file());
    }
    let run = opened::open(dir, &forms, &args.edited)?;
    let base = Base::load(&run, &forms, expected(dir, args.registry.as_deref(), &forms)?.as_ref())?;
    let head = nist_head(&run, args.issuer.as_deref());
    let map = map(&base)?;
    match &args.out {
        Some(path) => {
            match layout {
                Layout::Sqlite => base.save_over(path)?,
                _ => output::writing(path, |out| layout.write(&base, &map, &head, out))?,
            }
            tell!("{}", path.display());
        }
        None => console::pour(|out| layout.write(&base, &map, &head, out))?,
    }
    Ok(Outcome::Clean)
}

/// Holds the sheets of a run, or a table, against a published table.
///
/// # Errors
/// A folder without a run, a table that is refused, sides without a common figure.
pub(super) fn verify(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let forms = form::known(args.forms.as_deref())?;
    let run = (!args.left.is_file()).then(|| opened::open(&args.left, &forms, &args.edited)).transpose()?;
    let base = run.as_ref().map(|run| Base::load(run, &forms, None)).transpose()?;
    let form = base.as_ref().and_then(Base::form).or(forms.first());
    let map = column_map(args.columns.as_deref(), form)?;
    let ids = forms.iter().flat_map(|f| {
        f.candidates.iter().map(|c| c.id.as_str()).chain(f.fields.iter().map(|f| f.id.as_str()))
    });
    let map = map.with_items(ids.collect::<Vec<_>>());
    let mut bytes = std::fs::read(&args.against).with_context(|| {
        format!("{}: check that the file exists and that you may read it", args.against.display())
    })?;
    let mut verification = match named(args, &mut bytes, base.as_ref())? {
        Some(verification) => verification,
        None if args.crosswalk.is_some() || args.draft_crosswalk.is_some() => bail!(
            "a crosswalk is for a run and a table with the columns precinct, office, candidate and votes; {} has others",
            args.against.display()
        ),
        None => {
            let table = ResultsTable::parse(&bytes, &args.against.display().to_string(), &map)?;
            let right = verify::table_side(&table, &name(&args.against));
            let (left, mut problems) = if let Some(base) = &base {
                let sha256 = &base.about().records_sha256;
                (verify::records_side(base, RECORDS_JSONL, sha256, &table.items)?, Vec::new())
            } else {
                let table = ResultsTable::load(&args.left, &map)?;
                (verify::table_side(&table, &name(&args.left)), table.problems)
            };
            problems.extend(table.problems);
            Verification { problems, ..verify::compare(&left, &right)? }
        }
    };
    if let Some(about) = base.as_ref().map(Base::about) {
        verification.log = about::log(about);
        verification.edited = about::edited(about).into_iter().map(str::to_owned).collect();
    }
    if let Some(form) = form {
        verification.level = form.levels.table().clone();
    }
    console::data(verification.summary().as_bytes())?;
    if let Some(out) = &args.out {
        let (crops, files) = match &run {
            Some(run) => evidence((args, run), &forms, &verification)?,
            None => Default::default(),
        };
        let html = page::page(&verification, &crops, &files)?;
        std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
        let mut json = serde_json::to_vec_pretty(&verification)?;
        json.push(b'\n');
        output::write_whole(&out.join("verify.json"), &json)?;
        output::write_whole(&out.join("verify.html"), html.as_bytes())?;
        tell!("  open {}", out.join("verify.html").display());
    } else {
        for d in verification.differ.iter().take(50) {
            let called = |item| verification.called.item(item);
            let figures = d.figures.iter().map(|f| format!("{} {} / {}", called(&f.item), f.left, f.right));
            let unit = verification.called.unit(&(d.centre.clone(), d.table), &verification.level);
            say!("  {unit}: {}", figures.collect::<Vec<_>>().join(", "))?;
        }
        if verification.differ.len() > 50 {
            say!("  and {} more; give a folder with -o for all of them", verification.differ.len() - 50)?;
        }
    }
    Ok(if verification.differ.is_empty() && verification.open.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Open
    })
}

/// The comparison with a table that tells by names; `None` for another table, or without a run.
fn named(
    args: &VerifyArgs,
    bytes: &mut Vec<u8>,
    base: Option<&Base>,
) -> anyhow::Result<Option<Verification>> {
    let Some(base) = base else { return Ok(None) };
    let ways: Vec<String> = export::modes(base)?.into_iter().map(|m| m.column).collect();
    let (path, file) = (args.against.display().to_string(), name(&args.against));
    let Some(table) = NamedTable::parse(bytes, &path, &ways)? else { return Ok(None) };
    // What it said is in the table.
    bytes.clear();
    bytes.shrink_to_fit();
    let walk = args.crosswalk.as_deref().map(Crosswalk::load).transpose()?.unwrap_or_default();
    let sheets = Sheets::of(base)?;
    let left = verify::records_side(base, RECORDS_JSONL, &base.about().records_sha256, &sheets.items())?;
    let matched = Matched::of((&table, &file), (&sheets, &left), &walk);
    if let Some(to) = &args.draft_crosswalk {
        if to.exists() {
            bail!(
                "{} is there already, and may have been corrected by hand; give another name",
                to.display()
            );
        }
        let draft = verify::draft((&table, &matched), (&sheets, &left), &walk);
        output::write_whole(to, draft.as_bytes())?;
        tell!("  {}: check every pair, then go on with --crosswalk", to.display());
    }
    let mut verification = verify::compare(&left, &matched.side)?;
    verification.unmatched = matched.unmatched;
    verification.called = sheets.called();
    verification.problems = table.problems;
    Ok(Some(verification))
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// The crops of all differences, and the picture files they are from.
fn evidence(
    (args, run): (&VerifyArgs, &Opened),
    forms: &[Form],
    verification: &Verification,
) -> anyhow::Result<(page::Crops, BTreeMap<u64, String>)> {
    let wanted: BTreeMap<u64, &verify::Difference> =
        verification.differ.iter().filter_map(|d| Some((d.left_at?, d))).collect();
    let originals = Originals::new(&args.left, args.photos.as_deref());
    let (mut crops, mut files) = (page::Crops::new(), BTreeMap::new());
    let mut at = 0;
    run.visit(|record: Record| {
        if let Some(difference) = wanted.get(&at) {
            files.insert(at, tally::file_name(&record.source().path).to_owned());
            let form = record.form_of(forms);
            // A page is opened once for all its figures.
            let mut pages: BTreeMap<(String, u32), Option<GrayImage>> = BTreeMap::new();
            let mut pixels = |page: &Source| {
                pages
                    .entry((page.sha256.clone(), page.page))
                    .or_insert_with(|| originals.pixels(page).ok())
                    .clone()
            };
            for figure in form.iter().flat_map(|_| &difference.figures) {
                let jpeg =
                    form.as_deref().and_then(|form| crops::crop(&mut pixels, &record, form, &figure.item));
                crops.extend(jpeg.map(|jpeg| ((at, figure.item.clone()), jpeg)));
            }
        }
        at += 1;
        Ok::<_, output::OutputError>(())
    })?;
    Ok((crops, files))
}

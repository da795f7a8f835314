//! The station's pages: the report's, with something to enter.
//!
//! In: the station and an address below the token. Out: a page as HTML, or where to go instead. Decides
//! nothing; a value that is entered blind is on no page. Refuses (makes nothing for) an address that
//! is none of its own: no part of an address ever becomes a path.

use super::ReviewError;
use super::exchange::said;
use super::fold::{Need, Verdict};
use super::settle::{CODE, SHEET, Settled, Task};
use super::station::{Station, shown};
use crate::desk::report::{
    Asked, Both, Desk, Entry, Gallery, GalleryCell, Link, Page, Sheet, Templates, Unmatched, finding_titles,
    register, sheet,
};
use crate::picture::{CellPictures, Rows, SheetPictures};
use crate::record::{Record, sheet_key};
use crate::run::output::About;
use crate::run::output::pictures as kept;
use std::collections::BTreeSet;

/// Sheets a page: about 1 MB of pictures.
const PER_PAGE: usize = 12;
/// Cells of one kind on one screen.
const CELLS: usize = 300;
/// Values that are kinds of their own; what is larger is one kind.
const KINDS: u32 = 10;

/// What an address gives.
pub enum Made {
    /// A page.
    Page(String),
    /// A file with its type.
    File(&'static str, Vec<u8>),
    /// Another address.
    Elsewhere(String),
    /// There is none.
    Nothing,
}

/// The pages of one station.
pub struct Pages {
    templates: Templates,
    base: String,
    title: String,
}

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Home,
    /// Sheets of the queue.
    Sheets,
    /// One sheet with all its numbers.
    Sheet,
    /// Second and third entries.
    Again,
    /// A sheet of the sample.
    Audit,
    /// Contradictions.
    Clash,
    /// Cells of one kind.
    Cells,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Sheets => "sheets",
            Self::Sheet => "sheet",
            Self::Again => "again",
            Self::Audit => "audit",
            Self::Clash => "clash",
            Self::Cells => "cells",
        }
    }
}

impl Pages {
    /// The pages below `base`.
    ///
    /// # Errors
    /// None in a released program: the templates are tested.
    pub fn new(base: &str, station: &Station) -> Result<Self, ReviewError> {
        let title = station.dir().canonicalize().ok();
        let title = title.and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()));
        Ok(Self { templates: Templates::new()?, base: base.to_owned(), title: title.unwrap_or_default() })
    }

    /// The Content-Security-Policy of the pages.
    pub fn policy(&self) -> &str {
        self.templates.desk_policy()
    }

    /// Where a sheet is entered.
    pub fn place(&self, station: &Station, key: &str) -> String {
        let Some(ix) = station.find(key) else { return self.base.clone() };
        if let Some(at) = station.sampled().iter().position(|&s| s == ix) {
            return format!("{}audit/{}", self.base, at + 1);
        }
        match station.queue().iter().position(|&q| q == ix) {
            Some(at) => format!("{}page/{}?at={}", self.base, at / PER_PAGE + 1, station.rank(ix)),
            None => format!("{}sheet/{}", self.base, station.rank(ix)),
        }
    }

    /// What an address below the token gives.
    ///
    /// # Errors
    /// A template that does not fit; a fault of the program.
    pub fn make(&self, station: &Station, path: &str, query: &str) -> Result<Made, ReviewError> {
        let (kind, rest) = path.split_once('/').unwrap_or((path, ""));
        let number = rest.parse::<usize>().ok();
        match (kind, number) {
            ("", None) if path.is_empty() => self.home(station),
            ("next", None) if rest.is_empty() => Ok(Made::Elsewhere(self.next(station, query))),
            ("page", Some(n)) if n > 0 => {
                let sheets = station.queue().chunks(PER_PAGE).nth(n - 1);
                sheets.map_or(Ok(Made::Nothing), |s| self.sheets(station, Kind::Sheets, s))
            }
            ("sheet", Some(rank)) => {
                let ix = station.order().get(rank);
                ix.map_or(Ok(Made::Nothing), |&ix| self.sheets(station, Kind::Sheet, &[ix]))
            }
            ("audit", Some(n)) if n > 0 => {
                let ix = station.sampled().iter().nth(n - 1);
                ix.map_or(Ok(Made::Nothing), |&ix| self.sheets(station, Kind::Audit, &[ix]))
            }
            ("again" | "clash", None) if rest.is_empty() => {
                let kind = if kind == "again" { Kind::Again } else { Kind::Clash };
                let waits = |w: &super::settle::Waits| if kind == Kind::Again { w.again } else { w.clash };
                let some: Vec<usize> =
                    station.waiting().iter().filter(|(_, w)| waits(w) > 0).map(|(&ix, _)| ix).collect();
                self.sheets(station, kind, &some[..some.len().min(PER_PAGE)])
            }
            ("cells", Some(v)) if v <= KINDS as usize => self.cells(station, v as u32, query),
            _ => Ok(Made::Nothing),
        }
    }

    /// Where the first thing is that waits after a place: sheets, then second entries, contradictions,
    /// the sample; then the overview.
    fn next(&self, station: &Station, query: &str) -> String {
        let base = &self.base;
        let after = parameter(query, "after").and_then(|a| a.parse::<usize>().ok());
        let kind = parameter(query, "kind").unwrap_or_default();
        let open = |ix: &usize| station.waiting().get(ix).is_some_and(|w| w.open > 0);
        let sample: Vec<usize> = station.sampled().iter().copied().collect();
        let audit = |from: usize| {
            let places = (from..sample.len()).chain(0..from.min(sample.len()));
            places.into_iter().find(|&at| open(&sample[at])).map(|at| format!("{base}audit/{}", at + 1))
        };
        let later = || {
            let any = |f: fn(&super::settle::Waits) -> usize| station.waiting().values().any(|w| f(w) > 0);
            if any(|w| w.again) {
                return format!("{base}again");
            }
            if any(|w| w.clash) {
                return format!("{base}clash");
            }
            base.clone()
        };
        if kind == "audit" {
            return audit(after.unwrap_or(0)).unwrap_or_else(later);
        }
        let queue = station.queue();
        let start = after.map_or(0, |rank| queue.iter().filter(|&&ix| station.rank(ix) <= rank).count());
        let found = queue[start..].iter().chain(&queue[..start]).find(|ix| open(ix));
        if let Some(&ix) = found {
            let at = queue.iter().position(|&q| q == ix).unwrap_or(0);
            return format!("{base}page/{}?at={}", at / PER_PAGE + 1, station.rank(ix));
        }
        audit(0).unwrap_or_else(later)
    }

    fn home(&self, station: &Station) -> Result<Made, ReviewError> {
        let seen = station.seen();
        let log = Some(station.log().state());
        let about = About { log, edited: station.edited().to_vec(), ..About::default() };
        let place = |rank: usize| format!("{}sheet/{rank}", self.base);
        let page = Page {
            title: self.title.clone(),
            overview: Some(seen.overview(&about)),
            register: Some(register(&seen.all, station.order(), place)),
            sheets: Vec::new(),
            pager: None,
            findings: finding_titles(&seen.all),
            desk: Some(self.desk(station, Kind::Home, format!("{}next", self.base), None)),
        };
        Ok(Made::Page(self.templates.render(&page)?))
    }

    fn sheets(&self, station: &Station, kind: Kind, indices: &[usize]) -> Result<Made, ReviewError> {
        let sheets =
            indices.iter().map(|&ix| self.sheet(station, kind, ix)).collect::<Result<Vec<Sheet>, _>>()?;
        let last = indices.iter().map(|&ix| station.rank(ix)).max();
        let next = match (kind, last, indices.first()) {
            (Kind::Audit, _, Some(ix)) => {
                let at = station.sampled().iter().position(|s| s == ix).unwrap_or(0);
                format!("{}next?kind=audit&after={}", self.base, at + 1)
            }
            (Kind::Sheets | Kind::Sheet, Some(rank), _) => format!("{}next?after={rank}", self.base),
            _ => format!("{}next", self.base),
        };
        let lead = match kind {
            Kind::Again => Some(Both::new(
                "Escriba lo que ve, sin conocer lo que otros vieron: dos lecturas iguales cierran la casilla.",
                "Type what you see, not knowing what others saw: two equal entries close a field.",
            )),
            Kind::Audit => Some(Both::new(
                "Hoja aceptada, elegida al azar: escriba todos sus números tal como están impresos.",
                "An accepted sheet, drawn at random: type all its numbers as they are printed.",
            )),
            Kind::Clash if !indices.is_empty() => Some(Both::new(
                "Se anotaron números distintos. Ninguno vale hasta que alguien decida con la foto.",
                "Different numbers were entered. None counts until someone decides with the photo.",
            )),
            Kind::Clash => Some(Both::new("No hay lecturas distintas.", "No entries differ.")),
            _ => None,
        };
        let page = Page {
            title: self.title.clone(),
            overview: None,
            register: None,
            sheets,
            pager: None,
            findings: Vec::new(),
            desk: Some(self.desk(station, kind, next, lead)),
        };
        Ok(Made::Page(self.templates.render(&page)?))
    }

    fn sheet(&self, station: &Station, kind: Kind, ix: usize) -> Result<Sheet, ReviewError> {
        let settled = station.settled(ix)?;
        let form = settled.record.form_of(station.forms());
        let form = form.as_deref();
        let mut entries: Vec<Entry> = Vec::new();
        for (task, verdict) in &settled.tasks {
            let wanted = match kind {
                Kind::Again => matches!(verdict, Verdict::Again { .. }),
                Kind::Clash => matches!(verdict, Verdict::Contradicted(_)),
                Kind::Audit => matches!(task.need, Need::Check(_)),
                _ => true,
            };
            if wanted {
                let mut entry = entry(&settled, task, verdict);
                if kind == Kind::Again {
                    entry.state = "open";
                }
                entries.push(entry);
            }
        }
        if matches!(kind, Kind::Sheets | Kind::Sheet) && !entries.iter().any(|e| e.field == SHEET) {
            // Shown when a sum stops holding.
            entries.push(Entry {
                field: SHEET.to_owned(),
                kind: "sheet",
                state: "later",
                ..Entry::default()
            });
        }
        // With a field hidden, the page shows no other values either.
        if kind == Kind::Sheet && !settled.tasks.iter().any(|(t, _)| t.hidden()) {
            for (id, _) in settled.record.numbers() {
                if !entries.iter().any(|e| e.field == id) {
                    let task = Task { field: id.into_owned(), need: Need::One };
                    let mut more = entry(&settled, &task, &Verdict::Open);
                    more.state = "done";
                    entries.push(more);
                }
            }
        }
        let rows = kept::load::<Rows>(station.dir(), &settled.record);
        let mut pictures: SheetPictures = kept::load(station.dir(), &settled.record);
        let known: BTreeSet<String> = pictures.cells.iter().map(|c| c.field.clone()).collect();
        let lacking = entries.iter().map(|e| e.field.as_str()).filter(|f| !known.contains(*f));
        let cut: Vec<CellPictures> = rows.cells(lacking);
        pictures.cells.extend(cut);
        let asked = Asked { key: sheet_key(&settled.record).unwrap_or_default(), entries, head: rows.head };
        Ok(sheet(&settled.record, form, &pictures, station.rank(ix), Some(asked)))
    }

    fn cells(&self, station: &Station, kind: u32, query: &str) -> Result<Made, ReviewError> {
        let from = parameter(query, "from").and_then(|f| f.parse::<usize>().ok()).unwrap_or(0);
        let is = |v: Option<u32>| v.is_some_and(|v| v.min(KINDS) == kind);
        let mut cells: Vec<GalleryCell> = Vec::new();
        let mut more = None;
        for (at, &ix) in station.order().iter().enumerate().skip(from) {
            if station.sampled().contains(&ix) || !station.is_pictured(ix) {
                continue;
            }
            if cells.len() >= CELLS {
                more = Some(format!("{}cells/{kind}?from={at}", self.base));
                break;
            }
            let settled = station.settled(ix)?;
            let blind: BTreeSet<&str> =
                settled.tasks.iter().filter(|(t, _)| t.hidden()).map(|(t, _)| t.field.as_str()).collect();
            let wanted: Vec<_> = settled
                .record
                .numbers()
                .filter(|(id, v)| is(v.value) && !blind.contains(id.as_ref()))
                .map(|(id, _)| id)
                .collect();
            let rows = kept::load::<Rows>(station.dir(), &settled.record);
            for cell in rows.cells(wanted.iter().map(|id| id.as_ref())) {
                let Some(picture) = cell.digits else { continue };
                cells.push(GalleryCell {
                    href: format!("{}sheet/{}?field={}", self.base, station.rank(ix), cell.field),
                    title: title(&settled.record, &cell.field),
                    picture,
                });
            }
        }
        let kinds = (0..=KINDS)
            .map(|k| Link {
                href: format!("{}cells/{k}", self.base),
                label: Both::same(if k == KINDS { format!("≥ {KINDS}") } else { k.to_string() }),
                count: None,
                current: k == kind,
            })
            .collect();
        let lead = Both::new(
            "Casillas leídas igual, juntas: la que no es como las demás salta a la vista. Un clic lleva a su hoja.",
            "Cells that were read alike, together: the odd one stands out. A click leads to its sheet.",
        );
        let mut desk = self.desk(station, Kind::Cells, format!("{}next", self.base), Some(lead));
        desk.gallery = Some(Gallery { kinds, cells, more });
        let page = Page {
            title: self.title.clone(),
            overview: None,
            register: None,
            sheets: Vec::new(),
            pager: None,
            findings: Vec::new(),
            desk: Some(desk),
        };
        Ok(Made::Page(self.templates.render(&page)?))
    }

    fn desk(&self, station: &Station, kind: Kind, next: String, lead: Option<Both>) -> Desk {
        let sampled = station.sampled();
        let (mut sheets, mut again, mut clash, mut audit) = (0, 0, 0, 0);
        for (ix, waits) in station.waiting() {
            let drawn = sampled.contains(ix);
            sheets += usize::from(waits.open > 0 && !drawn);
            audit += usize::from(waits.open > 0 && drawn);
            again += waits.again;
            clash += waits.clash;
        }
        let settings = &station.book().settings;
        let mut nav: Vec<(Kind, &str, Both, Option<usize>)> = vec![
            (Kind::Home, "", Both::new("Resumen", "Overview"), None),
            (Kind::Sheets, "next", Both::new("Hojas", "Sheets"), Some(sheets)),
        ];
        if settings.blind.is_some() || again > 0 {
            nav.push((Kind::Again, "again", Both::new("Segunda lectura", "Second entry"), Some(again)));
        }
        if !sampled.is_empty() {
            nav.push((Kind::Audit, "next?kind=audit", Both::new("Muestra", "Sample"), Some(audit)));
        }
        if clash > 0 || kind == Kind::Clash {
            nav.push((
                Kind::Clash,
                "clash",
                Both::new("Lecturas distintas", "Entries that differ"),
                Some(clash),
            ));
        }
        nav.push((Kind::Cells, "cells/7", Both::new("Casillas", "Cells"), None));
        let link = |(of, href, label, count): (Kind, &str, Both, Option<usize>)| Link {
            href: format!("{}{href}", self.base),
            label,
            count,
            current: of == kind || (of == Kind::Sheets && kind == Kind::Sheet),
        };
        let (done, all) = station.progress();
        Desk {
            kind: kind.name(),
            base: self.base.clone(),
            who: station.who().to_owned(),
            nav: nav.into_iter().map(link).collect(),
            done,
            all,
            next,
            lead,
            gallery: None,
            unmatched: if kind == Kind::Home { unmatched(station) } else { Vec::new() },
            entries: station.log().entries().len(),
            head: station.log().head().to_owned(),
        }
    }
}

/// What people decided of sheets that the run lacks.
fn unmatched(station: &Station) -> Vec<Unmatched> {
    let view = |entry: &super::log::Entry| Unmatched {
        sheet: entry.deed.sheet.chars().take(12).collect(),
        code: entry.deed.sheet_code.clone().unwrap_or_default(),
        field: entry.deed.field.clone(),
        value: said(entry),
        who: entry.deed.who.clone(),
        at: entry.deed.at.clone(),
    };
    station.book().unmatched().into_iter().map(view).collect()
}

/// What is asked of one field, as the page shows it.
fn entry(settled: &Settled<'_>, task: &Task, verdict: &Verdict<'_>) -> Entry {
    let (state, stands, who) = shown(task, verdict);
    let record = &settled.record;
    let kind = match task.field.as_str() {
        SHEET => "sheet",
        CODE => "code",
        _ => "number",
    };
    let clash = matches!(verdict, Verdict::Contradicted(_));
    let hidden = task.hidden() && !clash;
    let now = record.value(&task.field);
    let likely: BTreeSet<u32> = now
        .filter(|v| !hidden && v.value.is_some())
        .map(|v| {
            let channels = [&v.prints.digits, &v.prints.words, &v.prints.qr];
            let said = channels.into_iter().filter_map(|c| c.as_ref().and_then(|c| c.value));
            said.chain(v.alternatives.iter().map(|a| a.value)).chain(v.value).collect()
        })
        .unwrap_or_default();
    let others = match verdict {
        Verdict::Contradicted(heads) => heads.iter().map(|e| (e.deed.who.clone(), said(e))).collect(),
        _ => Vec::new(),
    };
    Entry {
        field: task.field.clone(),
        kind,
        state,
        hidden,
        value: match (kind, stands) {
            ("code", None) => record.sheet.code.clone(),
            ("number", None) if !hidden => now.and_then(|v| v.value).map(|v| v.to_string()),
            (_, stands) => stands,
        },
        who,
        likely: likely.iter().map(u32::to_string).collect::<Vec<_>>().join(" "),
        longest: if kind == "code" { 64 } else { 6 },
        others,
    }
}

/// A cell for who hovers or listens: field, then the sheet's code or file.
fn title(record: &Record, field: &str) -> String {
    let of = record.sheet.code.as_deref().unwrap_or(&record.source().path);
    format!("{} · {of}", field.replace('_', " "))
}

/// A parameter of a query, as it stands.
fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|p| p.split_once('=')).find(|p| p.0 == name).map(|p| p.1)
}

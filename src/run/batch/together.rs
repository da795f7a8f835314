//! Photos of one sheet put together, once all photos of a run are digitized.
//!
//! In: a small key of each sheet ([`Sheets`]); its record and evidence when they are asked for. Out: the records that
//! change: where several photos show one sheet, the first one's record is the sheet's, the others' are parts of it;
//! where they contradict each other, each says so. Which photos might be of one sheet is told by the keys alone: those
//! of one code, and a piece without a code with its neighbours; only those are looked at, one such cluster at a time.
//! Refuses nothing.

use super::guard::{self, caught};
use super::{BatchError, Page};
use crate::decide::codes::sheet_code;
use crate::decide::group::{self, Joined, PhotoEvidence};
use crate::decide::pages::{Leaf, Lying};
use crate::decide::{Policy, Status};
use crate::form::Form;
use crate::ground::finding::{Code, Severity};
use crate::picture::{self, SheetPictures};
use crate::read::evidence::Evidence;
use crate::read::photo::page_name;
use crate::record::{self, Record};
use crate::run::pipeline::Digitizer;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Photos of a long cluster that are settled together, and how many places around them are looked at besides.
const BLOCK: usize = 128;
const AROUND: usize = 4 * group::NEAR;
/// How often a photo of such a cluster is looked at, on the average, at most.
const MOST: usize = 3;

/// A part of a cluster.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// What is looked at, in the run's order.
    seen: Vec<usize>,
    /// Of these, whose groups are settled here: those that begin with one of them.
    own: BTreeSet<usize>,
    /// Of these, the ones near which nothing was left out.
    whole: BTreeSet<usize>,
}

/// What stays in memory of a sheet.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    /// Index of its file.
    pub(super) file: usize,
    /// Place of its page's line on the disk, and its own among the sheets of the page.
    pub(super) at: u64,
    pub(super) nth: usize,
    /// Which run of pages of one file it is of.
    group: usize,
    page: u32,
    /// Place of its page in the run; two sheets of one page lie at the same place.
    position: usize,
    /// Its code as its record has it.
    code: Option<Box<str>>,
    known: bool,
    /// Whether its page has blocks.
    pub(super) laid_out: bool,
    nameless: bool,
    /// What it prints of the sheet whose page it is, and in which folder its file is.
    pub(super) leaf: Option<(Box<Leaf>, Box<str>)>,
    /// What was measured tells this of it; `None` where nothing was kept.
    measured: Option<Key>,
}

impl Sheet {
    /// The sheets of a page whose line is at this place.
    pub(super) fn of_page(at: u64, pages: &[Page]) -> Vec<Self> {
        pages.iter().enumerate().map(|(nth, page)| Self::of(at, nth, page)).collect()
    }

    /// A sheet of a page; where it stands in the run is not known yet.
    pub(super) fn of(at: u64, nth: usize, page: &Page) -> Self {
        let record = &page.record;
        let key = |e: &Evidence| match sheet_code(e) {
            Some(code) => Key::Code(e.form.id.as_str().into(), code.into()),
            None if e.form.header_line("code").is_none() => Key::Alone,
            None => Key::Piece,
        };
        Self {
            file: 0,
            at,
            nth,
            group: 0,
            page: record.source().page,
            position: 0,
            code: record.sheet.code.as_deref().map(Into::into),
            known: record.form.is_some(),
            laid_out: record.form.as_ref().is_some_and(|f| f.layout.is_some()),
            nameless: record.findings.iter().any(|f| f.code == Code::CodeUnreadable),
            leaf: page.evidence.as_ref().filter(|_| record.status != Status::Rejected).and_then(|evidence| {
                let folder = group::folder(&record.source().path);
                Some((Box::new(Leaf::of(evidence)?), folder.into()))
            }),
            measured: page.evidence.as_ref().map(key),
        }
    }
}

/// By what photos of one sheet are found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// Form and code.
    Code(Box<str>, Box<str>),
    /// A form without a code line has no pieces.
    Alone,
    /// A piece, of the sheet that shows the same numbers.
    Piece,
}

/// The sheets of a run, in their order.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    pub(super) list: Vec<Sheet>,
    /// The last page of each run of pages of one file.
    last: Vec<u32>,
    first: usize,
    next: usize,
}

impl Sheets {
    /// Adds the next sheet, `fresh` if it is the first of its file; its index.
    pub(super) fn add(&mut self, fresh: bool, file: usize, sheet: Sheet) -> usize {
        if fresh || self.last.is_empty() {
            self.first = self.next;
            self.last.push(sheet.page);
        }
        let group = self.last.len() - 1;
        self.last[group] = sheet.page;
        let position = self.first + sheet.page as usize;
        self.next = position + 1;
        self.list.push(Sheet { file, group, position, ..sheet });
        self.list.len() - 1
    }

    /// The name of a sheet's page for messages.
    pub(super) fn name(&self, ix: usize, record: &Record) -> String {
        let sheet = &self.list[ix];
        page_name(&record.source().path, sheet.page, self.last[sheet.group].saturating_add(1))
    }

    /// The sheets that are pages of a sheet, and what tells which make one.
    pub(super) fn leaves(&self) -> (Vec<usize>, Vec<Lying<'_>>) {
        let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
        let of = |ix: usize| {
            let sheet = &self.list[ix];
            let (leaf, folder) = sheet.leaf.as_ref()?;
            let position = (self.last[sheet.group] > 0).then_some(sheet.position);
            // Files of one page are looked at folder by folder.
            let within = match position {
                Some(_) => sheet.group,
                None => *folders.entry(folder).or_insert(self.last.len() + ix),
            };
            Some((ix, Lying { leaf, within, position }))
        };
        (0..self.list.len()).filter_map(of).unzip()
    }

    /// Where a sheet's page lies in the run.
    pub(super) fn position(&self, ix: usize) -> usize {
        self.list[ix].position
    }

    /// Files with a page of an earlier run, without evidence, whose sheet another photo can show too: one of
    /// the same code, or a piece near it.
    pub(super) fn without_evidence(&self) -> Vec<usize> {
        let known = || self.list.iter().filter(|s| s.known);
        let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
        for code in known().filter_map(|s| s.code.as_deref()) {
            *codes.entry(code).or_insert(0) += 1;
        }
        let pieces: BTreeSet<usize> = known().filter(|s| s.nameless).map(|s| s.position).collect();
        let near_a_piece = |position: usize| {
            let (from, to) = (position.saturating_sub(group::NEAR), position + group::NEAR);
            pieces.range(from..=to).next().is_some()
        };
        let shared = |s: &Sheet| s.code.as_deref().is_some_and(|c| codes[c] > 1);
        let again = known().filter(|s| s.measured.is_none() && (shared(s) || near_a_piece(s.position)));
        let mut again: Vec<usize> = again.map(|s| s.file).collect();
        again.dedup();
        again
    }

    /// Sheets that might be of one, by their keys: each cluster in the run's order, with two members or more.
    fn clusters(&self) -> Vec<Vec<usize>> {
        let mut of: Vec<usize> = (0..self.list.len()).collect();
        fn root(of: &mut [usize], mut ix: usize) -> usize {
            while of[ix] != ix {
                of[ix] = of[of[ix]];
                ix = of[ix];
            }
            ix
        }
        fn join(of: &mut [usize], a: usize, b: usize) {
            let (a, b) = (root(of, a), root(of, b));
            of[a.max(b)] = a.min(b);
        }
        let measured: Vec<usize> =
            (0..self.list.len()).filter(|&ix| self.list[ix].measured.is_some()).collect();
        let mut codes: BTreeMap<&Key, usize> = BTreeMap::new();
        for (place, &ix) in measured.iter().enumerate() {
            match &self.list[ix].measured {
                Some(key @ Key::Code(..)) => join(&mut of, *codes.entry(key).or_insert(ix), ix),
                Some(Key::Piece) => {
                    let near = |other: &usize| {
                        self.list[*other].position.abs_diff(self.list[ix].position) <= group::NEAR
                    };
                    for &other in measured[..place].iter().rev().take_while(|o| near(o)) {
                        join(&mut of, other, ix);
                    }
                    for &other in measured[place + 1..].iter().take_while(|o| near(o)) {
                        join(&mut of, other, ix);
                    }
                }
                _ => {}
            }
        }
        let mut clusters: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for ix in measured {
            clusters.entry(root(&mut of, ix)).or_default().push(ix);
        }
        clusters.into_values().filter(|c| c.len() > 1).collect()
    }

    /// A cluster in blocks: each of its sheets is settled in one, which sees those around it, those of the same code
    /// wherever they lie, and what is near to those.
    fn blocks(&self, cluster: &[usize]) -> Vec<Block> {
        let position = |ix: usize| self.list[ix].position;
        let near = |ix: usize, far: usize| {
            let from = cluster.partition_point(|&other| position(other) + far < position(ix));
            let to = cluster.partition_point(|&other| position(other) <= position(ix) + far);
            cluster[from..to].iter().copied()
        };
        let mut codes: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
        for &ix in cluster {
            if let Some(key @ Key::Code(..)) = &self.list[ix].measured {
                codes.entry(key).or_default().push(ix);
            }
        }
        let size = if cluster.len() > BLOCK + 2 * AROUND { BLOCK } else { cluster.len().max(1) };
        let block = |own: &[usize]| {
            let around: BTreeSet<usize> = own.iter().flat_map(|&ix| near(ix, AROUND)).collect();
            let of_code = |ix: &usize| self.list[*ix].measured.as_ref().and_then(|key| codes.get(key));
            let far = around.iter().filter_map(of_code).flatten().filter(|ix| !around.contains(ix));
            let far: Vec<usize> = far.flat_map(|&ix| near(ix, 2 * group::NEAR)).collect();
            let seen: BTreeSet<usize> = around.into_iter().chain(far).collect();
            let is_whole = |ix: &usize| near(*ix, group::NEAR).all(|other| seen.contains(&other));
            let whole = seen.iter().copied().filter(is_whole).collect();
            Block { seen: seen.into_iter().collect(), own: own.iter().copied().collect(), whole }
        };
        let blocks: Vec<Block> = cluster.chunks(size).map(block).collect();
        // Where a code is in too many places, looking at all at once is less.
        let looked_at: usize = blocks.iter().map(|b| b.seen.len()).sum();
        if looked_at > MOST * cluster.len() { vec![block(cluster)] } else { blocks }
    }
}

/// What came of photos that show one sheet.
pub(super) struct Together<'p> {
    /// Records that take the places of those that were.
    pub(super) changed: Vec<(usize, Record)>,
    /// The photos of a sheet that was put together, the one that carries its record first.
    pub(super) members: Vec<Member<'p>>,
}

/// A photo of a sheet: its index, what it shows, and with which form.
pub(super) type Member<'p> = (usize, &'p Page, Arc<Form>);

/// Puts together what belongs together. `fetch` gives a sheet's page, `put` takes what came of each group.
///
/// # Errors
/// What the two fail with.
pub(super) fn join(
    digitizer: &Digitizer,
    sheets: &Sheets,
    mut fetch: impl FnMut(usize) -> Result<Page, BatchError>,
    mut put: impl FnMut(Together<'_>) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    for cluster in sheets.clusters() {
        let mut taken = BTreeSet::new();
        for Block { seen, own, whole } in sheets.blocks(&cluster) {
            let pages: Vec<Page> = seen.iter().map(|&ix| fetch(ix)).collect::<Result<_, _>>()?;
            // What cannot be read back takes no part.
            let there: Vec<(usize, Page)> =
                seen.into_iter().zip(pages).filter(|(_, page)| page.evidence.is_some()).collect();
            let names: Vec<String> = there.iter().map(|(ix, page)| sheets.name(*ix, &page.record)).collect();
            let mut photos: Vec<PhotoEvidence<'_>> = Vec::new();
            for ((ix, page), source) in there.iter().zip(&names) {
                if let Some(evidence) = &page.evidence {
                    photos.push(PhotoEvidence { source, position: sheets.list[*ix].position, evidence });
                }
            }
            for group in group::group(&photos, &Policy::at_most(digitizer.config().max_error)) {
                let members: Vec<(usize, &Page)> =
                    group.members.iter().map(|&place| (there[place].0, &there[place].1)).collect();
                let first = members.iter().map(|m| m.0).min();
                let settled = |(ix, _): &(usize, &Page)| whole.contains(ix) && !taken.contains(ix);
                if first.is_none_or(|first| !own.contains(&first)) || !members.iter().all(settled) {
                    continue;
                }
                if let Some(together) = of_group(digitizer, members, group.outcome) {
                    taken.extend(together.changed.iter().map(|c| c.0));
                    put(together)?;
                }
            }
        }
    }
    Ok(())
}

fn of_group<'p>(
    digitizer: &Digitizer,
    members: Vec<(usize, &'p Page)>,
    outcome: Joined,
) -> Option<Together<'p>> {
    let mut changed: Vec<(usize, Record)> = Vec::new();
    match outcome {
        Joined::Alone => return None,
        Joined::Conflict(findings) => {
            for ((ix, page), findings) in members.iter().zip(findings) {
                let mut record = page.record.clone();
                record.hold(findings);
                changed.push((*ix, record));
            }
        }
        Joined::Together { evidence, sources, part } => {
            let shown: Vec<&Evidence> = members.iter().filter_map(|(_, p)| p.evidence.as_ref()).collect();
            match caught(|| digitizer.joined(&shown, &evidence)) {
                Ok(mut whole) => {
                    whole.hold(vec![sources]);
                    for (ix, page) in &members[1..] {
                        let mut record = page.record.clone();
                        record.become_part(whole.source().page_ref(), part.clone());
                        changed.push((*ix, record));
                    }
                    changed.insert(0, (members[0].0, whole));
                    let form = &evidence.form;
                    let members = members.into_iter().map(|(ix, page)| (ix, page, form.clone())).collect();
                    return Some(Together { changed, members });
                }
                Err(problem) => {
                    for (ix, page) in &members {
                        let mut record = page.record.clone();
                        let name = &record.source().path;
                        record.hold(vec![guard::finding(name, Severity::Review, &problem)]);
                        changed.push((*ix, record));
                    }
                }
            }
        }
    }
    Some(Together { changed, members: Vec::new() })
}

/// The pictures of a sheet's doubtful cells, each from the photo that shows it; none of an accepted
/// sheet. The photos are decoded again: few sheets need it. Of a photo that has gone, `kept` gives those of its record.
pub(super) fn pictures(
    digitizer: &Digitizer,
    record: &Record,
    photos: &[(&PathBuf, &Page, &Form)],
    kept: impl Fn(&Record) -> SheetPictures,
) -> SheetPictures {
    let mut out = SheetPictures::default();
    if record.status == Status::Accepted {
        return out;
    }
    for (ix, (file, page, form)) in photos.iter().enumerate() {
        let seen = || {
            let evidence = page.evidence.as_ref()?;
            // The sheet's doubt, seen on this photo.
            let seen = Record { registration: record::registration(evidence), ..record.clone() };
            let photo = digitizer.decoded(&digitizer.open(file), evidence.origin.page).ok()?;
            Some(picture::pictures(&photo.pixels, &seen, form))
        };
        let mut pictures = caught(seen).ok().flatten().unwrap_or_else(|| kept(&page.record));
        pictures.cells.retain(|cell| record.value(&cell.field).is_some_and(|v| v.source.unwrap_or(0) == ix));
        if ix == 0 {
            out = pictures;
        } else {
            out.cells.extend(pictures.cells);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of pieces, of which every third has a code; `twice` of them show the code of the one before.
    fn folder(photos: usize, twice: &[(usize, usize)]) -> Sheets {
        let mut sheets = Sheets::default();
        for file in 0..photos {
            let of = twice.iter().find(|t| t.0 == file).map_or(file, |t| t.1);
            let code = (of % 3 == 0).then(|| Key::Code("form".into(), format!("{of}").into()));
            let sheet = Sheet {
                file,
                at: 0,
                nth: 0,
                group: 0,
                page: 0,
                position: 0,
                code: None,
                known: true,
                nameless: code.is_none(),
                measured: Some(code.unwrap_or(Key::Piece)),
                laid_out: false,
                leaf: None,
            };
            sheets.add(true, file, sheet);
        }
        sheets
    }

    #[test]
    fn a_folder_of_pieces_is_looked_at_in_blocks_and_each_photo_is_settled_in_one() {
        let sheets = folder(5000, &[(4002, 300)]);
        let clusters = sheets.clusters();
        assert_eq!(clusters.iter().map(Vec::len).collect::<Vec<_>>(), [5000], "one follows the other");
        let blocks = sheets.blocks(&clusters[0]);
        let own: Vec<usize> = blocks.iter().flat_map(|b| b.own.iter().copied()).collect();
        assert_eq!(own, clusters[0]);
        for block in &blocks {
            assert!(block.seen.len() <= BLOCK + 2 * AROUND + 4 * group::NEAR + 1, "{}", block.seen.len());
            for &ix in &block.own {
                let (from, to) = (ix.saturating_sub(AROUND), (ix + AROUND).min(4999));
                assert!((from..=to).all(|near| block.seen.contains(&near)));
                assert!(block.whole.contains(&ix));
            }
        }
        let with = |ix: usize| blocks.iter().find(|b| b.own.contains(&ix)).unwrap();
        assert!(with(300).whole.contains(&4002) && with(4002).whole.contains(&300), "one code, far apart");
        assert!(!with(300).seen.contains(&3000));
    }

    #[test]
    fn photos_that_all_show_one_code_are_looked_at_once() {
        let twice: Vec<(usize, usize)> =
            (0..600).map(|file| (file, if file % 3 == 0 { 0 } else { file })).collect();
        let sheets = folder(600, &twice);
        let all: Vec<usize> = (0..600).collect();
        assert_eq!(sheets.blocks(&all).len(), 1);
    }

    #[test]
    fn a_short_cluster_is_one_block() {
        let sheets = folder(30, &[]);
        let all: Vec<usize> = (0..30).collect();
        let blocks = sheets.blocks(&all);
        let set: BTreeSet<usize> = all.iter().copied().collect();
        assert_eq!(blocks, [Block { seen: all, own: set.clone(), whole: set }]);
    }
}

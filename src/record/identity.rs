//! Which sheet of a run is which, and where a decision about one belongs when a program finds them anew.
//!
//! In: records in their order. Out: a sheet's [`sheet_key`]: the hash of its file, the page, and its
//! ordinal among the page's sheets, from left to right, then down (a joined sheet has that of its first
//! photo); a [`SheetMark`], which is kept with what people decided: the key, the sheet's code, and the place of
//! its frame on the page; and [`Sheets`], which finds the sheet that a mark means among the records of
//! now: by code, then by overlap of more than half. Refuses to guess: a mark that fits no sheet, or whose
//! code and place point to two, means none. Marks of logs whose keys held a pixel are read on.

use super::Record;
use crate::ground::geometry::{Point, Quad};
use std::collections::BTreeMap;

/// A sheet's key; `None` when its file could not be read.
pub fn sheet_key(record: &Record) -> Option<String> {
    Some(format!("{}-{}", page_key(record)?, record.source().ordinal))
}

/// What the key was before ordinals: the pixel of the frame's first corner instead, where there is one.
pub(crate) fn pixel_key(record: &Record) -> Option<String> {
    let page = page_key(record)?;
    Some(match &record.registration {
        Some(r) => {
            let [x, y] = r.quad.0[0].map(|v| v.round() as i64);
            format!("{page}-{x}x{y}")
        }
        None => page,
    })
}

fn page_key(record: &Record) -> Option<String> {
    let source = record.source();
    // A record that was tampered with must not lead out of the folder.
    let hash = Some(&source.sha256).filter(|h| is_hash(h))?;
    Some(format!("{hash}-{}", source.page))
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Gives records their ordinals as they come: those of one page stand one after the other, in order.
#[derive(Debug, Default)]
pub struct Ordinals {
    /// Path and page of the last record, and the next ordinal there.
    last: Option<(String, u32)>,
    next: u32,
}

impl Ordinals {
    /// Numbers the next record.
    pub fn give(&mut self, record: &mut Record) {
        let source = record.source_mut();
        let same = self.last.as_ref().is_some_and(|l| l.0 == source.path && l.1 == source.page);
        if !same {
            self.last = Some((source.path.clone(), source.page));
            self.next = 0;
        }
        source.ordinal = self.next;
        self.next += 1;
    }
}

/// The corners of a sheet's frame on its page, hundredths of the page's width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outline([Point; 4]);

impl Outline {
    /// Of a quad in pixels of a page of this size; `None` for a page without one.
    fn of(quad: &Quad, (width, height): (u32, u32)) -> Option<Self> {
        let (w, h) = (f64::from(width) / 100.0, f64::from(height) / 100.0);
        (width > 0 && height > 0).then(|| Self(quad.points().map(|p| Point::new(p.x / w, p.y / h))))
    }

    fn written(&self) -> String {
        self.0.map(|p| format!("{:.0},{:.0}", p.x, p.y)).join(" ")
    }

    fn parse(text: &str) -> Option<Self> {
        let corner = |t: &str| {
            let (x, y) = t.split_once(',')?;
            Some(Point::new(f64::from(x.parse::<i32>().ok()?), f64::from(y.parse::<i32>().ok()?)))
        };
        let corners: Vec<Point> = text.split(' ').map(corner).collect::<Option<_>>()?;
        corners.try_into().ok().map(Self)
    }

    /// The same outline with its first corner at `to`.
    fn at(&self, to: Point) -> Self {
        let (dx, dy) = (to.x - self.0[0].x, to.y - self.0[0].y);
        Self(self.0.map(|p| Point::new(p.x + dx, p.y + dy)))
    }

    /// What both cover, as a share of the larger of them, 0 to 1.
    fn overlap(&self, other: &Self) -> f64 {
        let (a, b) = (area(&self.0), area(&other.0));
        let larger = a.abs().max(b.abs());
        let mut common = self.0.to_vec();
        for ix in 0..4 {
            common = kept(&common, other.0[ix], other.0[(ix + 1) % 4], b.signum());
        }
        // Below a hundredth of a hundredth of the page there is nothing to compare.
        if larger < 1e-4 { 0.0 } else { area(&common).abs() / larger }
    }
}

/// Area within a polygon; its sign says which way the corners run.
fn area(corners: &[Point]) -> f64 {
    let next = corners.iter().cycle().skip(1);
    0.5 * corners.iter().zip(next).map(|(p, q)| p.x * q.y - q.x * p.y).sum::<f64>()
}

/// The part of a polygon on the inner side of the line from `a` to `b` (Sutherland & Hodgman 1974).
fn kept(corners: &[Point], a: Point, b: Point, side: f64) -> Vec<Point> {
    let inner = |p: Point| side * ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x));
    let mut out = Vec::new();
    for (&p, &q) in corners.iter().zip(corners.iter().cycle().skip(1)) {
        let (d, e) = (inner(p), inner(q));
        if d >= 0.0 {
            out.push(p);
        }
        if (d > 0.0 && e < 0.0) || (d < 0.0 && e > 0.0) {
            out.push(p.lerp(q, d / (d - e)));
        }
    }
    out
}

/// What is kept of a sheet with a decision about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SheetMark {
    /// Its key, of today or with a pixel.
    pub key: String,
    /// Its code as the program had read it.
    pub code: Option<String>,
    /// The corners of its frame, hundredths of the page: `x,y x,y x,y x,y`.
    pub outline: Option<String>,
}

impl SheetMark {
    /// The mark of a record; `None` when its file could not be read.
    pub fn of(record: &Record) -> Option<Self> {
        let key = sheet_key(record)?;
        let outline = outline(record).map(|o| o.written());
        Some(Self { key, code: record.sheet.code.clone(), outline })
    }

    /// The page's key, and the pixel of an old one.
    fn page(&self) -> Option<(&str, Option<(f64, f64)>)> {
        let hash = self.key.get(..64).filter(|h| is_hash(h))?;
        let rest = self.key[hash.len()..].strip_prefix('-')?;
        let (page, place) = rest.split_once('-').map_or((rest, None), |(p, r)| (p, Some(r)));
        page.parse::<u32>().ok()?;
        let pixel = match place.and_then(|p| p.split_once('x')) {
            Some((x, y)) => Some((f64::from(x.parse::<i32>().ok()?), f64::from(y.parse::<i32>().ok()?))),
            None => None,
        };
        Some((&self.key[..hash.len() + 1 + page.len()], pixel))
    }
}

fn outline(record: &Record) -> Option<Outline> {
    let size = (record.source().width, record.source().height);
    record.registration.as_ref().and_then(|r| Outline::of(&r.quad, size))
}

/// A sheet as it can be found.
#[derive(Debug)]
struct Spot {
    mark: SheetMark,
    outline: Option<Outline>,
    size: (u32, u32),
}

/// The sheets of a run by page, to find what a mark means.
#[derive(Debug, Default)]
pub struct Sheets {
    /// Those that stand on a page, by its key.
    on: BTreeMap<String, Vec<Spot>>,
    /// Keys and codes of joined sheets, by the key of each page that shows them.
    joined: BTreeMap<String, Vec<(String, String)>>,
}

/// How much of two outlines has to be common.
const HALF: f64 = 0.5;

impl Sheets {
    /// The sheets of a run's records. A page whose sheet stands in another record is found through that.
    pub fn of(records: &[Record]) -> Self {
        let mut out = Self::default();
        records.iter().for_each(|record| out.add(record));
        out
    }

    /// Takes in the next record of the run.
    pub fn add(&mut self, record: &Record) {
        if record.is_part() {
            return;
        }
        let (Some(page), Some(mark)) = (page_key(record), SheetMark::of(record)) else { return };
        if let Some(code) = &mark.code {
            for photo in record.sources.iter().filter(|_| record.is_joined()) {
                let page = format!("{}-{}", photo.sha256, photo.page);
                self.joined.entry(page).or_default().push((mark.key.clone(), code.clone()));
            }
        }
        let size = (record.source().width, record.source().height);
        let spot = Spot { mark, outline: outline(record), size };
        let here = self.on.entry(page).or_default();
        // A file that is in a run twice is one.
        if !here.iter().any(|s| s.mark.key == spot.mark.key) {
            here.push(spot);
        }
    }

    /// The key of the sheet that a mark means; `None` where it means none.
    pub fn find(&self, mark: &SheetMark) -> Option<&str> {
        let (page, pixel) = mark.page()?;
        let here = self.on.get(page).map_or(&[][..], Vec::as_slice);
        if let Some(same) = here.iter().find(|s| s.mark == *mark) {
            return Some(&same.mark.key);
        }
        let by_code: Vec<&Spot> =
            here.iter().filter(|s| mark.code.is_some() && s.mark.code == mark.code).collect();
        let place = mark.outline.as_deref().and_then(Outline::parse);
        let placed = place.is_some() || pixel.is_some();
        let covers = |spot: &Spot| -> Option<f64> {
            let own = spot.outline?;
            let then = match (place, pixel) {
                (Some(place), _) => place,
                // Only a corner is known: the sheet's own outline stood there.
                (None, Some((x, y))) => {
                    let (w, h) = (f64::from(spot.size.0) / 100.0, f64::from(spot.size.1) / 100.0);
                    own.at(Point::new(x / w, y / h))
                }
                (None, None) => return None,
            };
            Some(own.overlap(&then))
        };
        let by_place = here
            .iter()
            .filter_map(|s| Some((covers(s)?, s)))
            .filter(|(share, _)| *share > HALF)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, s)| s);
        match (by_code.as_slice(), by_place) {
            // Its code stands in one place, and another sheet lies where it lay.
            ([one], Some(other)) if one.mark.key != other.mark.key => None,
            ([one], _) => Some(&one.mark.key),
            (_, Some(place)) => Some(&place.mark.key),
            (_, None) => self.without_place(mark, page, here, placed),
        }
    }

    /// What is left: a sheet that neither had a place nor has one, and joined sheets by their code.
    fn without_place<'s>(
        &'s self,
        mark: &SheetMark,
        page: &str,
        here: &'s [Spot],
        placed: bool,
    ) -> Option<&'s str> {
        if let Some(code) = &mark.code {
            let whole: Vec<_> = self.joined.get(page)?.iter().filter(|j| &j.1 == code).collect();
            return if let [one] = whole.as_slice() { Some(&one.0) } else { None };
        }
        let bare: Vec<&Spot> = here.iter().filter(|s| s.outline.is_none()).collect();
        match bare.as_slice() {
            [one] if !placed => Some(&one.mark.key),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{PageRef, Registration};
    use crate::run::output::sample;

    /// A sheet on one page of 1000 by 2000 pixels, from `x` on, 200 wide.
    fn sheet(ordinal: u32, x: f64, code: Option<&str>) -> Record {
        let mut record = sample::record("photo.jpg");
        record.source_mut().ordinal = ordinal;
        (record.source_mut().width, record.source_mut().height) = (1000, 2000);
        record.sheet.code = code.map(str::to_owned);
        record.registration = Some(Registration {
            quad: Quad([[x, 100.0], [x + 200.0, 100.0], [x + 200.0, 1900.0], [x, 1900.0]]),
            residual_mm: 0.0,
            anchors: 1.0,
            px_per_mm: 3.0,
            private: None,
            mesh: Vec::new(),
        });
        record
    }

    fn mark(record: &Record) -> SheetMark {
        SheetMark::of(record).unwrap()
    }

    fn found(records: &[Record], mark: &SheetMark) -> Option<u32> {
        let sheets = Sheets::of(records);
        let key = sheets.find(mark)?;
        records.iter().find(|r| sheet_key(r).as_deref() == Some(key)).map(|r| r.source().ordinal)
    }

    #[test]
    fn sheets_of_a_page_are_numbered_in_their_order() {
        let mut ordinals = Ordinals::default();
        let of = |path: &str, page| {
            let mut record = sample::record(path);
            record.source_mut().page = page;
            record
        };
        let mut records = [of("a", 0), of("a", 0), of("a", 1), of("b", 1), of("b", 1)];
        records.iter_mut().for_each(|r| ordinals.give(r));
        assert_eq!(records.map(|r| r.source().ordinal), [0, 1, 0, 0, 1]);
    }

    #[test]
    fn a_sheet_is_the_same_one_where_its_corner_is_measured_a_pixel_off() {
        let (then, now) = (sheet(0, 100.0, None), sheet(0, 101.6, None));
        assert_eq!(sheet_key(&then), sheet_key(&now));
        assert_eq!(found(&[now], &mark(&then)), Some(0));
    }

    #[test]
    fn other_ordinals_are_matched_by_code_then_by_overlap() {
        // A newer program finds a sheet left of what was the first.
        let now = [sheet(0, 100.0, Some("A")), sheet(1, 400.0, Some("B")), sheet(2, 700.0, None)];
        assert_eq!(found(&now, &mark(&sheet(0, 400.0, Some("B")))), Some(1));
        assert_eq!(found(&now, &mark(&sheet(1, 420.0, Some("misread")))), Some(1), "by overlap");
        assert_eq!(found(&now, &mark(&sheet(1, 700.0, None))), Some(2));
        assert_eq!(found(&now, &mark(&sheet(0, 550.0, Some("A")))), Some(0), "by code");
    }

    #[test]
    fn every_sheet_of_a_run_is_found_by_its_own_mark() {
        let bare = |ordinal, code| Record { registration: None, ..sheet(ordinal, 0.0, code) };
        let now = [
            bare(0, None),
            bare(1, None),
            bare(2, Some("A")),
            bare(3, Some("A")),
            sheet(4, 100.0, Some("A")),
            sheet(5, 120.0, Some("A")),
        ];
        for record in &now {
            assert_eq!(found(&now, &mark(record)), Some(record.source().ordinal));
        }
    }

    #[test]
    fn what_matches_nothing_or_two_things_means_no_sheet() {
        let now = [sheet(0, 100.0, Some("A")), sheet(1, 400.0, Some("B"))];
        assert_eq!(found(&now, &mark(&sheet(0, 700.0, Some("C")))), None);
        assert_eq!(found(&now, &mark(&sheet(0, 260.0, None))), None, "less than half of either");
        assert_eq!(found(&now, &mark(&sheet(0, 400.0, Some("A")))), None, "code and place differ");
        let mut other = sheet(0, 100.0, Some("A"));
        other.source_mut().sha256 = sample::record("other.jpg").source().sha256.clone();
        assert_eq!(found(&now, &mark(&other)), None, "another file, another photo");
        for key in ["", "../../etc/passwd", &"é".repeat(64), &format!("{}-x", "a".repeat(64))] {
            assert_eq!(
                found(&now, &SheetMark { key: key.to_owned(), ..SheetMark::default() }),
                None,
                "{key}"
            );
        }
    }

    #[test]
    fn a_key_with_a_pixel_means_the_sheet_that_lies_there_now() {
        let old = |x: f64| SheetMark { key: pixel_key(&sheet(0, x, None)).unwrap(), ..SheetMark::default() };
        let now = [sheet(0, 100.0, Some("A")), sheet(1, 400.0, None)];
        assert_eq!(found(&now, &old(100.0)), Some(0));
        assert_eq!(found(&now, &old(402.0)), Some(1));
        assert_eq!(found(&now, &old(260.0)), None);
        // A sheet of which only the code was found has no place.
        let mut bare = sheet(0, 0.0, Some("A"));
        bare.registration = None;
        let key = pixel_key(&bare).unwrap();
        assert_eq!(found(&[bare], &SheetMark { key: key.clone(), ..SheetMark::default() }), Some(0));
        assert_eq!(found(&now, &SheetMark { key, ..SheetMark::default() }), None);
    }

    #[test]
    fn a_photo_that_became_part_of_a_joined_sheet_leads_there_by_its_code() {
        let alone = sheet(0, 100.0, Some("A"));
        let mut whole = sheet(0, 300.0, Some("A"));
        whole.source_mut().path = "first.jpg".to_owned();
        whole.source_mut().sha256 = sample::record("first.jpg").source().sha256.clone();
        let page = |r: &Record| PageRef { path: String::new(), sha256: r.source().sha256.clone(), page: 0 };
        whole.sources.push(alone.source().clone());
        let mut part = alone.clone();
        part.part_of = Some(page(&whole));
        let records = [whole, part];
        let sheets = Sheets::of(&records);
        assert_eq!(sheets.find(&mark(&alone)), sheet_key(&records[0]).as_deref());
        assert_eq!(sheets.find(&mark(&sheet(0, 100.0, Some("B")))), None);
        assert_eq!(sheets.find(&mark(&sheet(0, 100.0, None))), None);
    }

    #[test]
    fn an_outline_is_kept_to_a_hundredth_of_the_page() {
        let mark = mark(&sheet(0, 104.0, None));
        assert_eq!(mark.outline.as_deref(), Some("10,5 30,5 30,95 10,95"));
        let outline = Outline::parse(mark.outline.as_deref().unwrap()).unwrap();
        assert!((outline.overlap(&outline) - 1.0).abs() < 1e-9);
        let half = outline.at(Point::new(20.0, 5.0));
        assert!((outline.overlap(&half) - 0.5).abs() < 1e-9);
        assert_eq!(outline.overlap(&outline.at(Point::new(60.0, 5.0))), 0.0);
    }
}

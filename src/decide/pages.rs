//! Which pages make one sheet.
//!
//! In: what each page of a run prints of the sheet that it is of ([`Leaf`]), and where it lies. Out: which belong together, in
//! the sheet's order. Told by what is printed: the lines that the form says all pages of a sheet print alike. One line alone
//! tells it of pages of one file that follow each other there as their numbers do. Refuses to guess: a page that fits two
//! sheets, or of which its print tells too little, stays alone.

use super::codes::HEADER_SURE;
use super::strings;
use crate::form::Form;
use crate::ground::words::plain;
use crate::read::evidence::Evidence;
use std::collections::BTreeMap;

/// From here on a line with a pattern was read at all.
const READ: f64 = 0.5;

/// Which page of how many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nth {
    /// Which, from 1.
    pub page: u32,
    /// Of how many.
    pub of: u32,
    /// Probability that it was read right.
    pub p: f64,
}

impl Nth {
    /// How many of a sheet's pages these are, as people say it, with the probability that it was read right; `None` of none.
    pub fn of_all(places: &[Self]) -> Option<(String, f64)> {
        let said = format!("{} of {}", places.len(), places.first()?.of);
        Some((said, places.iter().map(|place| place.p).product()))
    }
}

/// Gives each page of one sheet the surest reading of the lines that all of them print alike.
pub fn agree(pages: &mut [&mut Evidence]) {
    let same = pages.first().and_then(|page| page.form.sheet.as_ref()).map_or(Vec::new(), |s| s.same.clone());
    for line in same {
        let told = |page: &Evidence| strings::told(page, &line).map_or(0.0, |told| told.1);
        let best = pages.iter().max_by(|a, b| told(a).total_cmp(&told(b)));
        let Some(text) = best.and_then(|page| page.texts.get(&line).cloned()) else { continue };
        for page in pages.iter_mut().filter(|page| page.form.header_line(&line).is_some()) {
            page.texts.insert(line.clone(), text.clone());
        }
    }
}

/// What a page prints of the sheet that it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// The kind of sheet.
    sheet: Box<str>,
    /// Which page it is; `None` where it was not read.
    pub place: Option<Nth>,
    /// The lines that all pages of the sheet print alike, in the form's order.
    says: Vec<Says>,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
struct Says {
    line: Box<str>,
    text: Box<str>,
    p: f64,
    /// Whether it has a pattern: it is then read to the sign, or not.
    exact: bool,
}

/// A page of a run.
#[derive(Debug, Clone, Copy)]
pub struct Lying<'l> {
    /// What it prints.
    pub leaf: &'l Leaf,
    /// Pages of other places than this, a file or a folder of files of one page, are of other sheets.
    pub within: usize,
    /// Its position there, where that is a file, whose pages follow each other.
    pub position: Option<usize>,
}

/// What two pages tell of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// They are of two sheets.
    Apart,
    /// Nothing.
    Silent,
    /// One line is alike.
    Once,
    /// Two are, or all there are.
    Same,
}

impl Leaf {
    /// What a page prints; `None` of a form whose pages are sheets.
    pub fn of(evidence: &Evidence) -> Option<Self> {
        let form: &Form = &evidence.form;
        let sheet = form.sheet.as_ref()?;
        let place = strings::told(evidence, &sheet.line).and_then(|(text, p)| {
            let (page, of) = form.place_of(&text)?;
            Some(Nth { page, of, p })
        });
        let says = sheet.same.iter().filter_map(|line| {
            let (text, p) = strings::told(evidence, line)?;
            let exact = form.header_line(line).is_some_and(|l| l.pattern.is_some());
            let text = if exact { text } else { plain(&text).join(" ") };
            (!text.is_empty()).then(|| Says { line: line.as_str().into(), text: text.into(), p, exact })
        });
        let says = says.collect();
        Some(Self { sheet: sheet.id.as_str().into(), place, says })
    }

    /// What it says with confidence in a line that is read to the sign.
    fn key(&self) -> Option<&str> {
        self.says.iter().find(|s| s.exact && s.p >= HEADER_SURE).map(|s| &*s.text)
    }

    fn link(&self, other: &Self) -> Link {
        let many = |leaf: &Self| leaf.place.map(|p| p.of);
        if many(self).zip(many(other)).is_some_and(|(a, b)| a != b) {
            return Link::Apart;
        }
        let mut alike = 0;
        for own in &self.says {
            let Some(there) = other.says.iter().find(|s| s.line == own.line) else { continue };
            let least = own.p.min(there.p);
            match (own.text == there.text, own.exact) {
                (true, exact) => alike += usize::from(!exact || least >= READ),
                (false, true) if least >= HEADER_SURE => return Link::Apart,
                (false, true) => {}
                (false, false) => {
                    let long = own.text.chars().count().max(there.text.chars().count());
                    if 2 * strsim::levenshtein(&own.text, &there.text) > long {
                        return Link::Apart;
                    }
                }
            }
        }
        match alike {
            0 => Link::Silent,
            1 if self.says.len().max(other.says.len()) > 1 => Link::Once,
            _ => Link::Same,
        }
    }
}

impl Lying<'_> {
    /// Whether two pages of a file lie from each other as their numbers are.
    fn follows(&self, other: &Self) -> bool {
        let place = |l: &Self| Some((l.position? as i64, i64::from(l.leaf.place?.page)));
        place(self).zip(place(other)).is_some_and(|(a, b)| a.0 - b.0 == a.1 - b.1)
    }
}

/// Where pages are looked for that may be of one sheet: within what, of which kind, with which key.
type Shelf<'l> = (usize, &'l str, Option<&'l str>);

/// The pages of each sheet, by their indices: in the order of their numbers, those without one last.
pub fn groups(pages: &[Lying<'_>]) -> Vec<Vec<usize>> {
    let mut shelves: BTreeMap<Shelf<'_>, Vec<usize>> = BTreeMap::new();
    let shelf = |ix: usize, key| -> Shelf<'_> { (pages[ix].within, &pages[ix].leaf.sheet, key) };
    for (ix, page) in pages.iter().enumerate() {
        shelves.entry(shelf(ix, page.leaf.key())).or_default().push(ix);
    }
    let link = |a: usize, b: usize| pages[a].leaf.link(pages[b].leaf);
    // The pages that a page tells to be of its sheet; none where two of them are of two.
    let told = |ix: usize| -> Vec<usize> {
        let near: Vec<usize> = match pages[ix].leaf.key() {
            key @ Some(_) => {
                [key, None].iter().filter_map(|&k| shelves.get(&shelf(ix, k))).flatten().copied().collect()
            }
            None => {
                let all =
                    shelves.iter().filter(|(s, _)| (s.0, s.1) == (pages[ix].within, &pages[ix].leaf.sheet));
                all.flat_map(|(_, on)| on).copied().collect()
            }
        };
        let tells = |&other: &usize| match link(ix, other) {
            Link::Same => other != ix,
            Link::Once => other != ix && pages[ix].follows(&pages[other]),
            Link::Apart | Link::Silent => false,
        };
        let told: Vec<usize> = near.into_iter().filter(tells).collect();
        let torn =
            told.iter().enumerate().any(|(k, &a)| told[..k].iter().any(|&b| link(a, b) == Link::Apart));
        if torn { Vec::new() } else { told }
    };
    let told: Vec<Vec<usize>> = (0..pages.len()).map(told).collect();
    let mut grouped = vec![false; pages.len()];
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for ix in 0..pages.len() {
        let mut group = Vec::new();
        let mut open = vec![ix];
        while let Some(page) = open.pop() {
            if !std::mem::replace(&mut grouped[page], true) {
                group.push(page);
                // Both tell it: what fits two sheets tells nothing.
                open.extend(told[page].iter().filter(|&&other| told[other].contains(&page)));
            }
        }
        let apart = |(k, &a): (usize, &usize)| group[..k].iter().any(|&b| link(a, b) == Link::Apart);
        if group.iter().enumerate().any(apart) {
            groups.extend(group.into_iter().map(|page| vec![page]));
        } else if !group.is_empty() {
            groups.push(group);
        }
    }
    let order = |ix: &usize| (pages[*ix].leaf.place.map_or(u32::MAX, |p| p.page), *ix);
    groups.iter_mut().for_each(|group| group.sort_unstable_by_key(order));
    groups.sort_by_key(|group| group.iter().min().copied());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page that says its number (surely or not), its name and which page it is.
    fn leaf(number: (&str, f64), name: &str, place: Option<(u32, u32)>) -> Leaf {
        let says = |line: &str, text: &str, p, exact| Says { line: line.into(), text: text.into(), p, exact };
        let lines = [says("table", number.0, number.1, true), says("precinct", name, 0.6, false)];
        let says = lines.into_iter().filter(|s| !s.text.is_empty()).collect();
        Leaf { sheet: "report".into(), place: place.map(|(page, of)| Nth { page, of, p: 0.9 }), says }
    }

    fn sure(number: &str, name: &str, page: u32) -> Leaf {
        leaf((number, 0.998), name, Some((page, 3)))
    }

    /// The groups of pages of one folder, or of one file, in their order.
    fn grouped(leaves: &[Leaf], in_a_file: bool) -> Vec<Vec<usize>> {
        let lying = |(position, leaf)| Lying { leaf, within: 7, position: in_a_file.then_some(position) };
        groups(&leaves.iter().enumerate().map(lying).collect::<Vec<_>>())
    }

    #[test]
    fn pages_in_any_order_make_sheets_by_number_and_name_and_never_mix() {
        let pages = [
            sure("02", "barr 2", 3),
            sure("01", "barr 1", 1),
            sure("02", "barr 2", 1),
            sure("01", "barr 1", 3),
            sure("01", "barr 1", 2),
            sure("02", "barr 2", 2),
            // Of another county: the same number under another name, and the same name under another number.
            sure("01", "dunkirk", 1),
            sure("01", "dunkirk", 2),
            sure("03", "barr 1", 2),
        ];
        let expected = [vec![2, 5, 0], vec![1, 4, 3], vec![6, 7], vec![8]];
        assert_eq!(grouped(&pages, false), expected);
        assert_eq!(grouped(&pages, true), expected, "in a file as well");
    }

    #[test]
    fn files_and_folders_are_looked_at_by_themselves() {
        let (first, second) = (sure("01", "barr", 1), sure("01", "barr", 2));
        let lying = |leaf, within| Lying { leaf, within, position: None };
        assert_eq!(groups(&[lying(&first, 1), lying(&second, 2)]).len(), 2);
        assert_eq!(groups(&[lying(&first, 1), lying(&second, 1)]).len(), 1);
    }

    #[test]
    fn a_page_of_which_one_line_is_read_is_taken_where_it_follows_in_a_file_and_nowhere_else() {
        let nameless = |page| leaf(("01", 0.998), "", Some((page, 3)));
        let misread = |page| leaf(("01", 0.998), "barr il", Some((page, 3)));
        let numberless = |page| leaf(("07", 0.4), "barr 1", Some((page, 3)));
        for doubtful in [nameless, misread, numberless] {
            let pages =
                [sure("01", "barr 1", 1), doubtful(2), sure("01", "barr 1", 3), sure("02", "barr 2", 1)];
            assert_eq!(grouped(&pages, true), [vec![0, 1, 2], vec![3]]);
            assert_eq!(grouped(&pages, false).len(), 3, "photos of a folder");
            let shuffled = [&pages[..1], &pages[2..], &pages[1..2]].concat();
            assert_eq!(grouped(&shuffled, true).len(), 3, "it does not follow");
        }
        let silent = leaf(("01", 0.4), "", Some((2, 3)));
        let pages = [sure("01", "barr 1", 1), silent, sure("01", "barr 1", 3)];
        assert_eq!(grouped(&pages, true), [vec![0, 2], vec![1]], "file order alone tells nothing");
    }

    #[test]
    fn a_page_that_fits_two_sheets_stays_alone() {
        let other = leaf(("01", 0.998), "barr", Some((1, 4)));
        let pages = [sure("01", "barr", 1), other, leaf(("01", 0.998), "barr", None)];
        assert_eq!(grouped(&pages, false).len(), 3);
    }

    #[test]
    fn pages_of_other_counts_are_of_two_sheets_and_one_without_a_number_stands_last() {
        let pages = [sure("01", "barr", 1), leaf(("01", 0.998), "barr", Some((2, 4)))];
        assert_eq!(grouped(&pages, true).len(), 2);
        let pages = [leaf(("01", 0.998), "barr", None), sure("01", "barr", 3), sure("01", "barr", 1)];
        assert_eq!(grouped(&pages, false), [vec![2, 1, 0]]);
    }
}

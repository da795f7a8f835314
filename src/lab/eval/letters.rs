//! How well each sign is read that a form can print: made-up sheets whose names hold every sign alike.
//!
//! In: a digitizer, how many sheets, a seed. Out: [`Letters`], by sign how often it was printed and not read,
//! and what was read instead. The sheets are drawn, scanned as most published scans are, found and read like
//! any other; only their names are dice. Refuses nothing: a sheet that is not found has all its signs wrong.

use crate::form::Form;
use crate::lab::synth::{Part, SheetTruth, SynthRng, ValueMode, draw, rng, scan, values};
use crate::read::glyphs::net::SIGNS;
use crate::read::photo::Photo;
use crate::run::pipeline::Digitizer;
use rand::RngExt;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fmt;

/// How many signs the name of an area, of a centre and another has room for.
const ROOM: [usize; 3] = [12, 40, 90];

/// One sign over all sheets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letter {
    /// How often it was printed.
    pub printed: usize,
    /// How often it was not read.
    pub wrong: usize,
    /// What was read instead and how often; nothing where it was lost.
    pub instead: BTreeMap<Option<char>, usize>,
}

/// Every sign measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letters {
    /// By sign.
    pub signs: BTreeMap<char, Letter>,
    /// Signs that were read where none stands.
    pub invented: usize,
}

/// Reads `sheets` made-up sheets of the first form and counts.
pub fn letters(digitizer: &Digitizer, sheets: usize, seed: u64) -> Letters {
    let Some(form) = digitizer.config().forms.first() else { return Letters::default() };
    let each: Vec<(String, String)> =
        (0..sheets).into_par_iter().map(|i| sheet(digitizer, form, (seed, i as u64))).collect();
    let mut out = Letters::default();
    for (printed, read) in &each {
        out.count(printed, read);
    }
    out
}

/// One sheet's names, printed and read.
fn sheet(digitizer: &Digitizer, form: &Form, (seed, sheet): (u64, u64)) -> (String, String) {
    let mut rng = rng(seed ^ 0x6c65_7474, sheet);
    let mut truth = values::invent(form, &mut rng, ValueMode::Realistic);
    let names = form.levels.names().filter(|n| form.levels.find(n.id) != Some(0));
    let names: Vec<(&str, &str)> = names.map(|n| (n.id, n.line)).collect();
    let mut print = |&(level, id): &(&str, &str)| {
        let room = match form.levels.find(level) {
            Some(depth) => ROOM[usize::from(depth + 1 == form.levels.last())],
            None => ROOM[2],
        };
        let name = name(&mut rng, form, room);
        let head = form.header_line(id).and_then(|l| l.prefix.as_deref()).map(|p| format!("{p} "));
        set(&mut truth, id, head.unwrap_or_default() + &name);
        name
    };
    let printed: Vec<String> = names.iter().map(&mut print).collect();
    let drawn = draw::draw(form, &truth, Part::Whole, &mut rng);
    let mut settings = scan::ScanSettings::typical(&mut rng);
    (settings.strokes, settings.turns) = (0, 0);
    let picture = scan::apply(&drawn, &settings, &mut rng);
    let photo = Photo {
        path: format!("made-up/{sheet}"),
        sha256: String::new(),
        page: 0,
        pages: 1,
        format: "jpeg".to_owned(),
        pixels: picture.pixels,
    };
    let place = digitizer.photo(photo).into_iter().next().map(|d| d.record.place).unwrap_or_default();
    let read: Vec<&str> = names.iter().filter_map(|(id, _)| place.get(*id)?.as_deref()).collect();
    (printed.join(" "), read.join(" "))
}

fn set(truth: &mut SheetTruth, id: &str, text: String) {
    if let Some(line) = truth.header.iter_mut().find(|l| l.0 == id) {
        line.1 = text;
    }
}

/// Words of two to eight signs, each sign as likely as any other but the space, about `long` signs together. A
/// word begins with a capital: without any, a line has no height.
fn name(rng: &mut SynthRng, form: &Form, long: usize) -> String {
    let printed = |c: &char| *c != ' ' && !(form.header.capitals && c.is_lowercase());
    let signs: Vec<char> = SIGNS.chars().filter(printed).collect();
    let capitals: Vec<char> = signs.iter().copied().filter(|c| c.is_uppercase()).collect();
    let mut text = String::new();
    while text.chars().count() < long {
        text.push(capitals[rng.random_range(0..capitals.len())]);
        for _ in 0..rng.random_range(1..8) {
            text.push(signs[rng.random_range(0..signs.len())]);
        }
        text.push(' ');
    }
    text.trim().to_owned()
}

impl Letters {
    /// Lays `read` along `printed` with the fewest changes (Levenshtein 1966) and counts sign by sign.
    pub fn count(&mut self, printed: &str, read: &str) {
        let (a, b): (Vec<char>, Vec<char>) = (printed.chars().collect(), read.chars().collect());
        let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
        for (i, &x) in a.iter().enumerate() {
            let mut row = vec![i + 1];
            for (j, &y) in b.iter().enumerate() {
                let changed = rows[i][j] + usize::from(x != y);
                row.push(changed.min(rows[i][j + 1] + 1).min(row[j] + 1));
            }
            rows.push(row);
        }
        let (mut i, mut j) = (a.len(), b.len());
        while i > 0 || j > 0 {
            if i > 0 && j > 0 && rows[i][j] == rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]) {
                (i, j) = (i - 1, j - 1);
                self.one(a[i], Some(b[j]));
            } else if i > 0 && rows[i][j] == rows[i - 1][j] + 1 {
                i -= 1;
                self.one(a[i], None);
            } else {
                j -= 1;
                self.invented += 1;
            }
        }
    }

    fn one(&mut self, printed: char, read: Option<char>) {
        let letter = self.signs.entry(printed).or_default();
        letter.printed += 1;
        if read != Some(printed) {
            letter.wrong += 1;
            *letter.instead.entry(read).or_default() += 1;
        }
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, of) in [("letters and digits", true), ("other signs", false)] {
            let signs = || self.signs.iter().filter(|l| l.0.is_alphanumeric() == of).map(|l| l.1);
            let (printed, wrong) = signs().fold((0, 0), |n, l| (n.0 + l.printed, n.1 + l.wrong));
            let rate = 100.0 * wrong as f64 / printed.max(1) as f64;
            writeln!(f, "{} {kind}, {printed} printed: {wrong} not read: {rate:.2} %", signs().count())?;
        }
        writeln!(f, "{} read where none stands", self.invented)?;
        let mut order: Vec<_> = self.signs.iter().filter(|l| l.1.wrong > 0).collect();
        order.sort_by(|a, b| (b.1.wrong * a.1.printed).cmp(&(a.1.wrong * b.1.printed)).then(a.0.cmp(b.0)));
        for (sign, letter) in order {
            let mut instead: Vec<_> = letter.instead.iter().collect();
            instead.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
            let list: Vec<String> = instead
                .iter()
                .take(4)
                .map(|(read, n)| format!("{} {n}", read.map_or("lost".to_owned(), |c| format!("{c:?}"))))
                .collect();
            writeln!(f, "  {sign:?}: {} of {} wrong: {}", letter.wrong, letter.printed, list.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_counted_where_it_stands() {
        let mut letters = Letters::default();
        letters.count("PQ. GUI", "PO. GU");
        letters.count("ÑQ", "ÑXQ");
        let q = &letters.signs[&'Q'];
        assert_eq!((q.printed, q.wrong, q.instead[&Some('O')]), (2, 1, 1));
        assert_eq!(letters.signs[&'I'].instead[&None], 1);
        assert_eq!((letters.signs[&'Ñ'].wrong, letters.signs[&'U'].wrong, letters.invented), (0, 0, 1));
        let text = letters.to_string();
        assert!(
            text.starts_with("6 letters and digits, 7 printed: 2 not read: 28.57 %\n2 other signs, 2 "),
            "{text}"
        );
        assert!(text.contains("\n1 read where none stands\n"), "{text}");
        assert!(text.contains("'Q': 1 of 2 wrong: 'O' 1"), "{text}");
    }

    #[test]
    fn every_sign_of_the_form_is_printed() {
        let (mut rng, mut form) = (rng(1, 0), crate::form::builtin().expect("forms").remove(0));
        for capitals in [true, false] {
            form.header.capitals = capitals;
            let text: String = (0..300).map(|_| name(&mut rng, &form, 40)).collect();
            assert!(SIGNS.chars().all(|c| text.contains(c) != (capitals && c.is_lowercase())), "{capitals}");
        }
    }
}

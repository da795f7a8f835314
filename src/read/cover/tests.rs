//! What covers print, on made-up sheets whose place is exactly known: what runs across, and what does not.

use super::*;
use crate::lab::synth::scan::ScanSettings;
use crate::lab::synth::{Part, ValueMode, draw, rng, scan, values};
use crate::read::photo::mask::Mask;

/// A made-up scan, its sheet, and what `deface` did to it, in form mm through a stroke's drawing.
fn sheet(deface: impl Fn(&mut GrayImage, &dyn Fn(f64, f64) -> Point)) -> (GrayImage, Sheet, Form) {
    let form = crate::form::builtin().unwrap().remove(0);
    let mut dice = rng(5, 0);
    let truth = values::invent(&form, &mut dice, ValueMode::Realistic);
    let drawn = draw::draw(&form, &truth, Part::Whole, &mut dice);
    let settings =
        ScanSettings { blur: 0.6, noise: 3.0, paper: 200.0, quality: Some(75), ..ScanSettings::clean(200.0) };
    let mut picture = scan::apply(&drawn, &settings, &mut dice);
    let mesh = picture.mesh.clone();
    deface(&mut picture.pixels, &|x, y| mesh.map(Point::new(x, y)));
    let sheet = Sheet::known(picture.mesh, (0.0, form.frame.1));
    (picture.pixels, sheet, form)
}

/// A line of a pen of `width` mm between form points.
fn pen(pixels: &mut GrayImage, at: &dyn Fn(f64, f64) -> Point, line: [(f64, f64); 2], width: f64) {
    let [a, b] = line.map(|(x, y)| at(x, y));
    let radius = width / 2.0 * at(0.0, 0.0).distance(at(1.0, 0.0));
    for (x, y, v) in pixels.enumerate_pixels_mut() {
        let p = Point::new(f64::from(x), f64::from(y));
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let t = (((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        if p.distance(a.lerp(b, t)) <= radius {
            v[0] = v[0].min(50);
        }
    }
}

/// The fields of which a mask covers digits, and words.
fn covered((pixels, sheet, form): &(GrayImage, Sheet, Form)) -> [Vec<usize>; 2] {
    let marks = find(pixels, sheet, form, &Print::new(form));
    let mask = Mask::of(Vec::new(), pixels.dimensions()).with(marks);
    let of = |slot: &dyn Fn(usize) -> Option<Slot>, width: f64| {
        let hides = |ix: &usize| {
            slot(*ix).is_some_and(|s| {
                !mask
                    .hides(|p| sheet.mesh.map(p), cut::print_rect(&s, form.fields[*ix].y, width, 0.0))
                    .is_empty()
            })
        };
        (0..form.fields.len()).filter(hides).collect()
    };
    [of(&|ix| form.fields[ix].digits, 4.5), of(&|ix| form.fields[ix].words, 25.0)]
}

#[test]
fn a_sheet_that_shows_its_own_print_alone_is_not_covered() {
    assert_eq!(covered(&sheet(|_, _| ())), [Vec::<usize>::new(), Vec::new()]);
}

#[test]
fn a_stroke_over_several_rows_covers_what_it_runs_across() {
    let form = crate::form::builtin().unwrap().remove(0);
    let (y, x) = (|ix: usize| form.fields[ix].y, form.fields[0].digits.unwrap().x);
    let stroke = [(x - 0.5, y(3) - 2.8), (x + 0.5, y(6) + 1.2)];
    let found = covered(&sheet(|pixels, at| pen(pixels, at, stroke, 0.4)));
    assert_eq!(found, [vec![3, 4, 5, 6], vec![]]);
    let x = form.fields[0].words.unwrap().x;
    let stroke = [(x - 6.0, y(20) - 3.0), (x + 1.0, y(22) + 1.5)];
    let found = covered(&sheet(|pixels, at| pen(pixels, at, stroke, 0.4)));
    assert_eq!(found, [vec![], vec![20, 21, 22]]);
}

/// Between the rules of the totals little is white.
#[test]
fn a_stroke_that_rules_part_is_one() {
    let form = crate::form::builtin().unwrap().remove(0);
    let ix = form.field("votos_nulos").unwrap();
    let (y, x) = (form.fields[ix].y, form.fields[ix].digits.unwrap().x);
    let stroke = [(x - 1.5, y - 9.5), (x + 0.5, y + 5.5)];
    let [digits, words] = covered(&sheet(|pixels, at| pen(pixels, at, stroke, 0.4)));
    assert!(digits.contains(&ix) && words.is_empty(), "{digits:?}");
}

/// Who writes over a digit, or strikes a number out, alters that row: its print is what is seen there.
#[test]
fn what_stays_within_a_row_covers_nothing() {
    let form = crate::form::builtin().unwrap().remove(0);
    let (y, x) = (form.fields[4].y, form.fields[4].digits.unwrap().x);
    let strokes = [
        [(x - 1.5, y - 0.7), (x + 1.5, y - 0.7)],
        [(x - 12.0, y - 0.7), (x + 30.0, y - 0.9)],
        [(x, y - 2.4), (x + 0.4, y + 1.0)],
        [(x - 2.0, y + 0.4), (x + 2.0, y - 2.0)],
    ];
    for stroke in strokes {
        let found = covered(&sheet(|pixels, at| pen(pixels, at, stroke, 0.4)));
        assert_eq!(found, [Vec::<usize>::new(), Vec::new()], "{stroke:?}");
    }
}

#[test]
fn light_covers_where_nothing_is_left_and_not_about_print_that_is_seen() {
    let form = crate::form::builtin().unwrap().remove(0);
    let (y, x) = (form.fields[4].y, form.fields[4].digits.unwrap().x);
    let glare = |keep: u8| {
        move |pixels: &mut GrayImage, at: &dyn Fn(f64, f64) -> Point| {
            let (a, b) = (at(x - 4.0, y - 3.0), at(x + 4.0, y + 1.5));
            for (px, py, v) in pixels.enumerate_pixels_mut() {
                let inside = (a.x..b.x).contains(&f64::from(px)) && (a.y..b.y).contains(&f64::from(py));
                if inside && v[0] >= keep {
                    v[0] = 255;
                }
            }
        }
    };
    assert_eq!(covered(&sheet(glare(0)))[0], [4], "all of it is gone");
    let seen = covered(&sheet(glare(140)));
    let whole = sheet(glare(140));
    let marks = find(&whole.0, &whole.1, &whole.2, &Print::new(&form)).unwrap();
    let mask = Mask::of(Vec::new(), whole.0.dimensions()).with(Some(marks));
    let digit = cut::print_rect(&form.fields[4].digits.unwrap(), y, 1.1, 0.0);
    assert!(
        mask.hides(|p| whole.1.mesh.map(p), digit).is_empty(),
        "print in sight on bleached paper, {seen:?}"
    );
}

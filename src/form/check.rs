//! Whether a form's geometry can be cut out of a picture.
//!
//! In: a definition's text as a table, then the resolved form. Out: nothing, or the entry, its number
//! and what it may be. Refuses numbers that are none (`nan`, `inf`) or no length of any paper, sizes of
//! zero and below, cells and print that are not on the frame, and a private block that begins above a
//! cell. What passes can be drawn and cut without a panic.

use super::{Align, Form, HeaderLine, QrSpec, Slot, Style};

/// The longest and widest paper, mm: three times the longest strip known; a roll of large plotters.
const LONGEST: f64 = 3000.0;
const WIDEST: f64 = 914.0;
/// The largest paper, mm²: A0. Drawn at 8 dots a millimetre it is 64 megapixels.
const AREA: f64 = 1e6;
/// The smallest paper and frame, mm: a postage stamp is larger.
const SMALLEST: f64 = 10.0;
/// Em height of print, mm: below, no photo shows it; above, it is a poster.
const EM: (f64, f64) = (0.5, 100.0);
/// The smallest cell, distance of lines and code, mm: about one stroke of print.
const STROKE: f64 = 0.5;
/// Most lines of one cell.
const LINES: u32 = 20;

/// The entry, and what is wrong with it.
pub(super) type Problem = (String, String);

/// Refuses a number anywhere in a definition that is no length of any paper.
pub(super) fn finite(path: &str, value: &toml::Value) -> Result<(), Problem> {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        toml::Value::Float(v) if v.is_nan() || v.abs() > LONGEST => {
            Err((path.to_owned(), format!("is {v:?}; give millimetres between {} and {LONGEST}", -LONGEST)))
        }
        toml::Value::Integer(v) if path != "version" && v.unsigned_abs() > LONGEST as u64 => {
            Err((path.to_owned(), format!("is {v}; give a number between {} and {LONGEST}", -LONGEST)))
        }
        toml::Value::Table(table) => table.iter().try_for_each(|(key, v)| finite(&below(key), v)),
        toml::Value::Array(list) => {
            list.iter().enumerate().try_for_each(|(i, v)| finite(&below(&i.to_string()), v))
        }
        _ => Ok(()),
    }
}

/// Refuses a number outside of `range`, both ends allowed.
fn within(entry: &str, what: &str, value: f64, range: (f64, f64)) -> Result<(), Problem> {
    if value >= range.0 && value <= range.1 {
        return Ok(());
    }
    let (low, high) = range;
    Err((entry.to_owned(), format!("{what} is {value:?}; it has to be between {low:.2} and {high:.2}")))
}

/// Refuses a form that cannot be cut.
pub(super) fn geometry(form: &Form) -> Result<(), Problem> {
    within("paper", "width", form.paper_width, (SMALLEST, WIDEST))?;
    within("paper", "margin_left", form.margin_left, (0.0, form.paper_width))?;
    within("paper", "length", form.paper_length.0, (SMALLEST, LONGEST))?;
    within("paper", "length", form.paper_length.1, (form.paper_length.0, LONGEST))?;
    within("paper", "length", form.paper_length.1, (0.0, AREA / form.paper_width))?;
    within("frame", "width", form.frame.0, (SMALLEST, form.paper_width - form.margin_left))?;
    within("frame", "height", form.frame.1, (SMALLEST, form.paper_length.1))?;
    let paper = Paper {
        x: (-form.margin_left, form.paper_width - form.margin_left),
        y: (0.0, form.frame.1),
        length: form.paper_length.1,
    };
    within("private", "top", form.private_top, (0.0, paper.length))?;
    for (ix, rule) in form.rules.iter().enumerate() {
        let entry = format!("rules.lines.{ix}");
        for (what, v, range) in [
            ("x of a line's start", rule.x0, paper.x),
            ("x of a line's end", rule.x1, (rule.x0, paper.x.1)),
            ("y of a line's start", rule.y0, paper.y),
            ("y of a line's end", rule.y1, (rule.y0, paper.y.1)),
        ] {
            within(&entry, what, v, range)?;
        }
        if rule.x0 != rule.x1 && rule.y0 != rule.y1 {
            let problem =
                format!("the line from {}, {} runs askew; lines are level or upright", rule.x0, rule.y0);
            return Err((entry, problem));
        }
    }
    for field in &form.fields {
        let own =
            [("digits", field.digits), ("words", field.words)].map(|(what, slot)| (what, slot, field.y));
        let share = field.share.map(|share| ("percent", Some(share.slot), share.y));
        for (what, slot, y) in own.into_iter().chain(share) {
            if let Some(slot) = slot {
                cell(&format!("{}: {what}", field.id), &slot, y, form, &paper)?;
            }
        }
    }
    for label in &form.labels {
        within(&label.text, "x", label.x, paper.x)?;
        within(&label.text, "y", label.y, paper.y)?;
    }
    if let Some(line) = form.header.lines.iter().find(|l| l.within() && l.prefix.is_some()) {
        let problem =
            "prefix tells lines above the frame; within it the constant text of `print` is passed over"
                .to_owned();
        return Err((line.id.clone(), problem));
    }
    within("header", "left", form.header.left, paper.x)?;
    within("header", "right", form.header.right, (form.header.left + STROKE, paper.x.1))?;
    within("header", "top", form.header.top, (0.0, paper.length))?;
    if let Some(rule) = form.header.rule {
        within("header", "rule", rule, paper.x)?;
    }
    form.header.lines.iter().try_for_each(|l| line(l, &paper))?;
    form.qr.as_ref().map_or(Ok(()), |q| qr(q, &paper))
}

/// Where print may stand, mm of the form.
struct Paper {
    /// Across the paper.
    x: (f64, f64),
    /// Down the frame.
    y: (f64, f64),
    /// The longest sheet.
    length: f64,
}

impl Paper {
    fn width(&self) -> f64 {
        self.x.1 - self.x.0
    }
}

/// Refuses a style in which nothing can be printed.
pub(super) fn style(id: &str, style: &Style) -> Result<(), Problem> {
    let entry = format!("styles.{id}");
    within(&entry, "size", style.size, EM)?;
    within(&entry, "space", style.space.unwrap_or(0.0), (0.0, 5.0))?;
    within(&entry, "tracking", style.tracking, (-0.5, 5.0))
}

fn cell(entry: &str, slot: &Slot, y: f64, form: &Form, paper: &Paper) -> Result<(), Problem> {
    if !(1..=LINES).contains(&slot.lines) {
        return Err((entry.to_owned(), format!("lines is {}; it has to be 1 to {LINES}", slot.lines)));
    }
    within(entry, "width", slot.width, (STROKE, paper.width()))?;
    within(entry, "wrap", slot.wrap, (STROKE, paper.width()))?;
    within(entry, "pitch", slot.pitch, (STROKE, form.frame.1))?;
    let (first, last) = (slot.line_rect(y, 0), slot.line_rect(y, slot.lines - 1));
    let left = slot.align.left(slot.width);
    let what = match slot.align {
        Align::Left => "left",
        Align::Centre => "centre",
        Align::Right => "right",
    };
    within(entry, what, slot.x, (paper.x.0 - left, paper.x.1 - left - slot.width))?;
    // The ends of what is cut: the print's, the frame's, and never a line of the private block.
    let above = y - first.y;
    let below = last.bottom() - y;
    within(entry, "y", y, (paper.y.0 + above, paper.y.1.min(form.private_top) - below))
}

fn line(line: &HeaderLine, paper: &Paper) -> Result<(), Problem> {
    let entry = line.id.as_str();
    if let Some(y) = line.y {
        within(entry, "y", y, (-paper.length, paper.y.1))?;
    }
    let Some(print) = &line.print else { return Ok(()) };
    within(entry, "x", print.x, paper.x)?;
    within(entry, "above", print.above, (0.0, paper.length))?;
    within(entry, "pitch", print.pitch, (STROKE, EM.1))?;
    within(entry, "width", print.width, (STROKE, paper.width()))
}

fn qr(qr: &QrSpec, paper: &Paper) -> Result<(), Problem> {
    within("qr", "size", qr.size, (SMALLEST, paper.width()))?;
    within("qr", "left", qr.left, (paper.x.0, paper.x.1 - qr.size))?;
    within("qr", "top", qr.top.0, (-paper.length, paper.length))?;
    within("qr", "top", qr.top.1, (qr.top.0, paper.length))?;
    match qr.versions.iter().find(|v| !(1..=40).contains(*v)) {
        Some(version) => Err(("qr".to_owned(), format!("versions has {version}; QR codes have 1 to 40"))),
        None if qr.versions.is_empty() => Err(("qr".to_owned(), "versions is empty; name one".to_owned())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{load, parse};
    use crate::ground::geometry::Point;
    use crate::read::cut::{cut, digits_frame, words_frame};
    use crate::read::sheet::{Mesh, Rung, Template};
    use image::GrayImage;
    use toml::Value;

    /// Every number of a definition by its path, with what stands there.
    fn numbers(path: &str, value: &Value, out: &mut Vec<(String, f64)>) {
        match value {
            Value::Float(v) => out.push((path.to_owned(), *v)),
            Value::Integer(v) => out.push((path.to_owned(), *v as f64)),
            Value::Table(t) => t.iter().for_each(|(k, v)| numbers(&format!("{path}.{k}"), v, out)),
            Value::Array(a) => {
                a.iter().enumerate().for_each(|(i, v)| numbers(&format!("{path}.{i}"), v, out))
            }
            _ => {}
        }
    }

    fn set(value: &mut Value, path: &str, to: &Value) {
        let (key, rest) = path.split_once('.').map_or((path, None), |(k, r)| (k, Some(r)));
        let slot = match value {
            Value::Table(t) => &mut t[key],
            Value::Array(a) => &mut a[key.parse::<usize>().unwrap()],
            _ => panic!("{path}: no such place"),
        };
        match rest {
            Some(rest) => set(slot, rest, to),
            None => *slot = to.clone(),
        }
    }

    /// The numbers of the built-in form but for its version, and a mutant of it.
    fn all() -> (Value, Vec<(String, f64)>) {
        let form = Value::Table(toml::from_str(load::BUILTIN[0].1).unwrap());
        let mut out = Vec::new();
        numbers("", &form, &mut out);
        out.iter_mut().for_each(|n| n.0 = n.0.trim_start_matches('.').to_owned());
        out.retain(|n| n.0 != "version");
        (form, out)
    }

    fn mutant(form: &Value, path: &str, to: Value) -> Result<Form, String> {
        let mut form = form.clone();
        set(&mut form, path, &to);
        parse("mutant", &toml::to_string(&form).unwrap()).map_err(|e| e.to_string())
    }

    /// A whole number where the definition has one.
    fn number(path: &str, to: f64) -> Value {
        let whole = ["lines", "places", "versions"].contains(&key(path)) && !path.starts_with("rules");
        if whole { Value::Integer(to as i64) } else { Value::Float(to) }
    }

    /// The last part of a path that is no index.
    fn key(path: &str) -> &str {
        path.split('.').rfind(|p| p.parse::<usize>().is_err()).unwrap()
    }

    #[test]
    fn no_number_of_a_form_may_be_none_or_without_bounds_and_the_error_names_it() {
        let (form, numbers) = all();
        assert!(numbers.len() > 300, "{}", numbers.len());
        for (path, _) in &numbers {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e12, -1e12] {
                let error = mutant(&form, path, Value::Float(bad)).map(|f| f.id).expect_err(path);
                assert!(error.contains(key(path)), "{path} = {bad}: {error}");
            }
        }
    }

    #[test]
    fn sizes_of_nothing_and_below_are_refused_by_name() {
        let (form, numbers) = all();
        let sizes = ["width", "height", "size", "pitch", "wrap", "lines", "places", "length", "versions"];
        let mut tried = std::collections::BTreeSet::new();
        for (path, is) in numbers.iter().filter(|n| sizes.contains(&key(&n.0))) {
            for bad in [0.0, -is] {
                // A line of the frame may begin at nought.
                if path.starts_with("rules") {
                    continue;
                }
                let error = mutant(&form, path, number(path, bad)).map(|f| f.id).expect_err(path);
                assert!(error.contains(key(path)), "{path} = {bad}: {error}");
                tried.insert(key(path));
            }
        }
        assert_eq!(tried.len(), sizes.len(), "{tried:?}");
    }

    #[test]
    fn what_is_not_on_the_paper_runs_askew_or_reaches_into_the_private_block_is_refused_by_name() {
        for (from, to, named) in [
            (
                "digits = { centre = 33.95",
                "digits = { centre = 72.0",
                "votantes_maquina: digits: centre is 72",
            ),
            ("digits = { centre = 33.95", "digits = { centre = -3.0", "digits: centre is -3"),
            (
                "lines = 2, pitch = 2.45 }\n[columns.votes]",
                "lines = 4000000000, pitch = 2.45 }\n[columns.votes]",
                "lines: is 4000000000",
            ),
            ("width = 68.6", "width = 76.0", "frame: width is 76"),
            ("margin_left = 6.0", "margin_left = -6.0", "margin_left is -6"),
            ("length = [780.0, 960.0]", "length = [960.0, 780.0]", "length is 780"),
            ("[0, 4.32, 68.6, 4.32]", "[0, 4.32, 68.6, 5.32]", "runs askew"),
            ("[0, 4.32, 68.6, 4.32]", "[68.6, 4.32, 0, 4.32]", "x of a line's end is 0"),
            ("top = 338.0", "top = 300.0", "y is"),
            ("right = 67.6\nleft", "right = 20.0\nleft", "header: right is 20"),
            ("left = 4.9", "left = 24.9", "qr: left is 24.9"),
            ("versions = [8, 9]", "versions = [8, 41]", "versions has 41"),
            ("versions = [8, 9]", "versions = []", "versions is empty"),
            ("prefix = \"", "y = 20.0\nprefix = \"", "prefix tells lines above the frame"),
        ] {
            let text = load::BUILTIN[0].1;
            assert!(text.contains(from), "{from}");
            let error =
                parse("mutant", &text.replacen(from, to, 1)).map(|f| f.id).expect_err(named).to_string();
            assert!(error.contains(named), "{to}: {error}");
        }
    }

    #[test]
    fn a_form_that_is_not_refused_is_drawn_and_cut_whatever_its_numbers_are() {
        let (form, numbers) = all();
        let pixels = GrayImage::new(64, 64);
        let (mut passed, mut drawn) = (0, std::collections::BTreeSet::new());
        for (path, is) in &numbers {
            for to in [0.0, -is, is / 2.0, is * 2.0, is * 10.0] {
                let Ok(form) = mutant(&form, path, number(path, to)) else { continue };
                passed += 1;
                let rung =
                    |y: f64| Rung { y, points: [0.0, 0.5, 1.0].map(|t| Point::new(t * form.frame.0, y)) };
                let mesh = Mesh { width: form.frame.0, rungs: vec![rung(0.0), rung(form.frame.1)] };
                for field in &form.fields {
                    for (slot, words) in [(&field.digits, false), (&field.words, true)] {
                        let Some(slot) = slot else { continue };
                        let frame = if words {
                            words_frame(slot, field.y, 0)
                        } else {
                            digits_frame(slot, field.y, form.places)
                        };
                        // One pixel a millimetre: the place matters, not the reading.
                        cut(&pixels, &mesh, frame.rect, 1.0);
                        cut(&pixels, &mesh, slot.line_rect(field.y, slot.lines - 1), 1.0);
                    }
                }
                if drawn.insert((key(path).to_owned(), to.total_cmp(is))) {
                    Template::new(&form);
                }
            }
        }
        assert!(passed > 300, "{passed}");
    }
}

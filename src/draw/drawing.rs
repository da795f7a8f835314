//! What is drawn: a definition, as a person changes it.
//!
//! In: nothing, or a definition that is there. Out: [`Drawing`]: the definition's values, its text, the [`Form`] that the sample
//! is read with meanwhile, where its prints stand, what keeps it from being saved. What a drawing cannot show of a definition
//! (levels, exports, a machine code) stays in it as it is. Refuses definitions whose pages are of blocks.

use super::words::Word;
use crate::form::print::label_rect;
use crate::form::{self, Form, FormError, Slot};
use crate::ground::geometry::Rect;
use crate::ground::words::plain;
use crate::learn::few::Text;
use crate::learn::write::layout::{Definition, entry, mm, put, text};
use serde::Serialize;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// A print of the drawing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Print {
    /// The field's id, the line's, or the text.
    pub id: String,
    /// `digits`, `words`, `percent`, `line`, `label`.
    pub kind: &'static str,
    /// Where it stands in the definition, such as `rows/3/values/1`.
    pub path: String,
    /// Its place, form mm: x, y, width, height.
    pub rect: [f64; 4],
}

/// See the head of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawing {
    pub own: Definition,
}

/// A number that may be written without a point.
pub(super) fn float(v: &Value) -> Option<f64> {
    v.as_float().or_else(|| v.as_integer().map(|v| v as f64))
}

/// A text of an entry.
pub(super) fn said<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Words of a sheet that is in Spanish.
const SPANISH: [&str; 4] = ["votos", "mesa", "acta", "electores"];
/// How much larger than nothing two prints lie over each other to be one too many: of the narrower, and of the lower.
const OVER: (f64, f64) = (0.25, 0.4);

impl Drawing {
    /// Of nothing but the sheet's size and its constant print.
    pub fn fresh(id: &str, (width, height): (f64, f64), texts: &[Text], rules: &[form::Rule]) -> Self {
        let anchors: Vec<&Text> = texts.iter().filter(|t| t.anchor).collect();
        let spanish = |t: &Text| plain(&t.text).iter().any(|w| SPANISH.contains(&w.as_str()));
        let language = if texts.iter().any(spanish) { "es" } else { "en" };
        let title = anchors.iter().max_by(|a, b| a.size.total_cmp(&b.size)).map_or(id, |t| &t.text);
        let none = || Value::Array(Vec::new());
        let Value::Table(table) = entry([
            ("id", text(id)),
            ("version", Value::Integer(1)),
            ("title", text(title)),
            ("election", text(id)),
            ("language", text(language)),
            ("places", Value::Integer(4)),
            ("contests", none()),
            ("candidates", none()),
            ("totals", none()),
            ("rows", none()),
            ("labels", none()),
            ("rules", none()),
            ("relations", none()),
            (
                "paper",
                entry([
                    ("width", mm(width)),
                    ("margin_left", mm(0.0)),
                    ("length", Value::Array(vec![mm(height - 2.0), mm(height + 2.0)])),
                ]),
            ),
            // The frame ends a hair before the paper does, whose width is rounded.
            ("frame", entry([("width", mm(width - 0.02)), ("height", mm(height - 0.02))])),
            ("styles", entry([])),
            ("columns", entry([])),
            (
                "header",
                entry([("right", mm(width - 0.02)), ("left", mm(0.0)), ("top", mm(0.0)), ("lines", none())]),
            ),
        ]) else {
            return Self { own: Definition::default() };
        };
        let head = vec!["Drawn on a sample by `cotejo form draw`.".to_owned()];
        let mut out = Self { own: Definition { head, table, ..Definition::default() } };
        anchors.into_iter().for_each(|t| out.label(t));
        out.lines(rules);
        let row = entry([("size", mm(3.0))]);
        let styles = out.section("styles");
        styles.insert("row".to_owned(), row.clone());
        styles.insert("words".to_owned(), row);
        out
    }

    /// Of a definition's text; and how many of its comments are not kept.
    ///
    /// # Errors
    /// It is no definition, or one of blocks.
    pub fn open(name: &str, text: &str) -> Result<(Self, usize), FormError> {
        form::parse(name, text)?;
        let syntax = |source| FormError::Syntax { name: name.to_owned(), source: Box::new(source) };
        let (own, lost) = Definition::of(text).map_err(syntax)?;
        if own.table.contains_key("blocks") {
            let problem = "pages of blocks that repeat are not drawn; change the file itself (docs/forms.md)";
            let (name, entry) = (name.to_owned(), "blocks".to_owned());
            return Err(FormError::Meaning { name, entry, problem: problem.to_owned() });
        }
        Ok((Self { own }, lost))
    }

    /// A table of the definition, made where it is not there.
    pub fn section(&mut self, name: &str) -> &mut Table {
        let at = self.own.table.entry(name).or_insert_with(|| Value::Table(Table::new()));
        if !at.is_table() {
            *at = Value::Table(Table::new());
        }
        at.as_table_mut().expect("it was made one")
    }

    /// A list of the definition; `lines` is the header's.
    pub fn list(&self, name: &str) -> &[Value] {
        let at = match name {
            "lines" => self.own.table.get("header").and_then(|h| h.get("lines")),
            _ => self.own.table.get(name),
        };
        at.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The same to be changed.
    pub fn list_mut(&mut self, name: &str) -> &mut Vec<Value> {
        let table = if name == "lines" { self.section("header") } else { &mut self.own.table };
        let at = table.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if !at.is_array() {
            *at = Value::Array(Vec::new());
        }
        at.as_array_mut().expect("it was made one")
    }

    /// Width and height of the frame.
    pub fn frame(&self) -> (f64, f64) {
        let of = |k: &str| self.own.table.get("frame").and_then(|f| f.get(k)).and_then(float).unwrap_or(0.0);
        (of("width"), of("height"))
    }

    /// The name of the style of a size: one that is near, or a new one.
    pub fn style(&mut self, size: f64, bold: bool) -> String {
        let near = |s: &Value| {
            let own = s.get("size").and_then(float).unwrap_or(0.0);
            s.get("bold").and_then(Value::as_bool).unwrap_or(false) == bold
                && s.get("space").is_none()
                && s.get("tracking").is_none()
                && (own / size).ln().abs() < 0.035
        };
        let styles = self.section("styles");
        if let Some((name, _)) = styles.iter().find(|s| near(s.1)) {
            return name.clone();
        }
        let kind = if bold { "bold" } else { "text" };
        let name = (1..).map(|n| format!("{kind}{n}")).find(|n| !styles.contains_key(n)).unwrap_or_default();
        let mut style = entry([("size", mm(size))]);
        if bold {
            put(&mut style, "bold", Value::Boolean(true));
        }
        styles.insert(name.clone(), style);
        name
    }

    /// Adds a constant text.
    pub fn label(&mut self, t: &Text) {
        let style = self.style(t.size, t.bold);
        let label = entry([
            ("text", text(&t.text)),
            ("x", mm(t.x)),
            ("y", mm(t.y)),
            ("align", text("left")),
            ("style", text(&style)),
        ]);
        if !self.list("labels").contains(&label) {
            self.list_mut("labels").push(label);
        }
    }

    /// Adds printed lines.
    pub fn lines(&mut self, rules: &[form::Rule]) {
        let (width, height) = self.frame();
        let ends = |r: &form::Rule| {
            let (x, y) = (|v: f64| mm(v.clamp(0.0, width)), |v: f64| mm(v.clamp(0.0, height)));
            Value::Array(vec![x(r.x0), y(r.y0), x(r.x1), y(r.y1)])
        };
        let new: Vec<Value> = rules.iter().map(ends).collect();
        let known: Vec<Value> = self.rules().map(|r| r.1.clone()).collect();
        let mut lines: Vec<Value> = new.into_iter().filter(|l| !known.contains(l)).collect();
        let all = self.list_mut("rules");
        match all.first_mut().and_then(|r| r.get_mut("lines")).and_then(Value::as_array_mut) {
            Some(own) => own.append(&mut lines),
            None if !lines.is_empty() => all.push(entry([("lines", Value::Array(lines))])),
            None => {}
        }
    }

    /// Printed lines, each with its path.
    pub fn rules(&self) -> impl Iterator<Item = (String, &Value)> {
        self.list("rules").iter().enumerate().flat_map(|(i, r)| {
            let lines = r.get("lines").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            lines.iter().enumerate().map(move |(j, l)| (format!("rules/{i}/{j}"), l))
        })
    }

    /// Ids of the numbers, in their order: rows, each with its other numbers, totals, lines with a label.
    pub fn ids(&self) -> Vec<String> {
        let mut out = Vec::new();
        for row in self.list("rows") {
            let own = format!("{}_{}", said(row, "candidate"), said(row, "sigla").replace(' ', "_"));
            let values = self.columns(said(row, "columns")).and_then(|c| c.get("values"));
            let values = values.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let values: Vec<String> = values.iter().map(|v| form::value_id(&own, said(v, "id"))).collect();
            out.push(own);
            out.extend(values);
        }
        out.extend(self.list("totals").iter().map(|t| said(t, "id").to_owned()));
        let fields = self.list("lines").iter().filter(|l| l.get("label").is_some());
        out.extend(fields.map(|l| said(l, "id").to_owned()));
        out
    }

    /// Columns by their name.
    pub fn columns(&self, name: &str) -> Option<&Value> {
        self.own.table.get("columns")?.get(name)
    }

    /// The contest of a row's candidate; empty where it has none.
    pub fn contest_of(&self, row: &Value) -> &str {
        let own = said(row, "candidate");
        self.list("candidates").iter().find(|c| said(c, "id") == own).map_or("", |c| said(c, "contest"))
    }

    /// The text of the definition.
    pub fn text(&self) -> String {
        self.own.text()
    }

    /// The form that the sample is read with while there is not all of it: without votes it has a row that nobody sees, and
    /// shares of nothing are left out.
    ///
    /// # Errors
    /// What the definition is refused for.
    pub fn form(&self) -> Result<Form, FormError> {
        self.shown(None)
    }

    /// The same with shares of nothing taken for shares of any total, to be shown and read, never decided on.
    ///
    /// # Errors
    /// What the definition is refused for.
    pub fn whole_form(&self) -> Result<Form, FormError> {
        self.shown(self.list("totals").first().map(|t| said(t, "id").to_owned()))
    }

    fn shown(&self, any: Option<String>) -> Result<Form, FormError> {
        let mut shown = self.clone();
        let (width, height) = self.frame();
        if !shown.own.table.contains_key("private") {
            shown.section("private").insert("top".to_owned(), mm(height));
        }
        if let Some(total) = &any {
            for contest in shown.list_mut("contests").iter_mut().filter(|c| c.get("whole").is_none()) {
                if let Some(contest) = contest.as_table_mut() {
                    contest.insert("whole".to_owned(), Value::String(total.clone()));
                }
            }
        }
        for name in shown.shares_of_nothing() {
            if let Some(columns) = shown.section("columns").get_mut(&name).and_then(Value::as_table_mut) {
                columns.remove("percent");
            }
        }
        if self.list("rows").is_empty() {
            if shown.list("contests").is_empty() {
                shown.list_mut("contests").push(entry([("id", text(NOBODY)), ("name", text(NOBODY))]));
            }
            let contest = said(&shown.list("contests")[0], "id").to_owned();
            let candidate = [("id", text(NOBODY)), ("name", text(NOBODY)), ("contest", text(&contest))];
            shown.list_mut("candidates").push(entry(candidate));
            let digits = entry([("right", mm(width)), ("width", mm(1.0))]);
            shown.section("columns").insert(NOBODY.to_owned(), entry([("digits", digits)]));
            let row = [
                ("candidate", text(NOBODY)),
                ("sigla", text(NOBODY)),
                ("code", text("")),
                ("y", mm(5.0)),
                ("columns", text(NOBODY)),
            ];
            shown.list_mut("rows").push(entry(row));
        }
        form::parse("drawing", &shown.text())
    }

    /// Names of columns whose shares have no whole.
    fn shares_of_nothing(&self) -> BTreeSet<String> {
        let whole =
            |id: &str| self.list("contests").iter().any(|c| said(c, "id") == id && c.get("whole").is_some());
        let alone = |row: &&Value| !whole(self.contest_of(row));
        let names = self.list("rows").iter().filter(alone).map(|r| said(r, "columns").to_owned());
        names.filter(|n| self.columns(n).is_some_and(|c| c.get("percent").is_some())).collect()
    }

    /// Where the prints of a form made of it stand.
    pub fn prints(&self, form: &Form) -> Vec<Print> {
        let mut out = Vec::new();
        let mut add = |id: &str, kind, path: String, slot: Option<&Slot>, y: f64| {
            if let Some(slot) = slot {
                let r = (1..slot.lines)
                    .map(|l| slot.line_rect(y, l))
                    .fold(slot.line_rect(y, 0), |a, b| Rect::new(a.x, a.y, a.width, b.bottom() - a.y));
                out.push(Print { id: id.to_owned(), kind, path, rect: [r.x, r.y, r.width, r.height] });
            }
        };
        let mut fields = form.fields.iter();
        let rows = self.list("rows");
        let hidden = usize::from(rows.is_empty());
        fields.by_ref().take(hidden).for_each(drop);
        let lists = rows.iter().map(|r| ("rows", r)).chain(self.list("totals").iter().map(|t| ("totals", t)));
        for (k, (list, raw)) in lists.enumerate() {
            let at = if list == "rows" { k } else { k - rows.len() };
            let Some(field) = fields.next() else { break };
            let path = |part: &str| format!("{list}/{at}/{part}");
            add(&field.id, "digits", path("digits"), field.digits.as_ref(), field.y);
            add(&field.id, "words", path("words"), field.words.as_ref(), field.y);
            let share = field.share.as_ref();
            add(&field.id, "percent", path("percent"), share.map(|s| &s.slot), share.map_or(0.0, |s| s.y));
            let values =
                self.columns(said(raw, "columns")).and_then(|c| c.get("values")).and_then(Value::as_array);
            for j in 0..values.filter(|_| list == "rows").map_or(0, Vec::len) {
                let Some(field) = fields.next() else { break };
                add(&field.id, "digits", path(&format!("values/{j}")), field.digits.as_ref(), field.y);
                add(&field.id, "words", path(&format!("values/{j}")), field.words.as_ref(), field.y);
            }
        }
        for (k, line) in form.header.lines.iter().enumerate().filter(|l| l.1.within()) {
            if let (Some(print), Some(y)) = (&line.print, line.y) {
                let (x, h) = (print.x + print.align.left(print.width), print.style.size);
                let rect = [x, y - 0.8 * h, print.width, 1.05 * h];
                out.push(Print { id: line.id.clone(), kind: "line", path: format!("lines/{k}"), rect });
            }
        }
        for (k, label) in form.labels.iter().enumerate().take(self.list("labels").len()) {
            let r = label_rect(label);
            let rect = [r.x, r.y, r.width, r.height];
            out.push(Print { id: label.text.clone(), kind: "label", path: format!("labels/{k}"), rect });
        }
        out
    }

    /// What keeps it from being saved.
    pub fn problems(&self, form: Result<&Form, &FormError>) -> Vec<Word> {
        let mut out = Vec::new();
        if self.list("rows").is_empty() {
            out.push(Word::DrawEmpty {});
        }
        if !self.own.table.contains_key("private") {
            out.push(Word::DrawPrivateOpen {});
        }
        out.extend(self.twice().map(|name| Word::DrawNameTwice { name }));
        let shares = self.shares_of_nothing();
        let theirs = self.list("rows").iter().filter(|r| shares.contains(said(r, "columns")));
        let contests: BTreeSet<&str> = theirs.map(|r| self.contest_of(r)).collect();
        let whole =
            |id: &str| self.list("contests").iter().any(|c| said(c, "id") == id && c.get("whole").is_some());
        let names: Vec<&str> = contests.into_iter().filter(|c| !whole(c)).collect();
        if !names.is_empty() {
            out.push(Word::DrawShareOfNothing { name: names.join(", ") });
        }
        match form {
            Ok(form) => {
                let over = overlaps(&self.prints(form), |_| true);
                out.extend(over.into_iter().map(|(one, other)| Word::DrawOverlap { one, other }));
            }
            Err(FormError::Meaning { entry, problem, .. }) if out.is_empty() => {
                out.push(Word::DrawRefused { problem: format!("{entry}: {problem}") });
            }
            Err(error) if out.is_empty() => out.push(Word::DrawRefused { problem: error.to_string() }),
            Err(_) => {}
        }
        out
    }

    /// A name that two have.
    pub fn twice(&self) -> Option<String> {
        let candidates = self.list("candidates").iter().map(|c| said(c, "id").to_owned());
        let all: Vec<String> = self.ids().into_iter().chain(candidates).collect();
        let contests: Vec<String> = self.list("contests").iter().map(|c| said(c, "id").to_owned()).collect();
        let relations: Vec<String> =
            self.list("relations").iter().map(|c| said(c, "id").to_owned()).collect();
        let lines: Vec<String> = self.list("lines").iter().map(|c| said(c, "id").to_owned()).collect();
        let first = |all: &[String]| {
            all.iter().enumerate().find(|(k, id)| all[..*k].contains(id)).map(|(_, id)| id.clone())
        };
        [all, contests, relations, lines].iter().find_map(|all| first(all))
    }
}

/// The row that nobody sees.
const NOBODY: &str = "nobody";

/// Numbers and lines whose places lie over each other, of which one is as asked.
pub(super) fn overlaps(prints: &[Print], asked: impl Fn(&Print) -> bool) -> Vec<(String, String)> {
    let all: Vec<&Print> = prints.iter().filter(|p| p.kind != "label").collect();
    let mut out = Vec::new();
    for (k, a) in all.iter().enumerate() {
        for b in &all[k + 1..] {
            let both = |i: usize| {
                let (p, q) =
                    (a.rect[i].max(b.rect[i]), (a.rect[i] + a.rect[i + 2]).min(b.rect[i] + b.rect[i + 2]));
                (q - p) / a.rect[i + 2].min(b.rect[i + 2])
            };
            // Texts may stand close: what reads one passes over the other.
            let texts = a.kind == "line" && b.kind == "line";
            if !texts && both(0) > OVER.0 && both(1) > OVER.1 && (asked(a) || asked(b)) {
                out.push((a.id.clone(), b.id.clone()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn northmark() -> Drawing {
        let text = std::fs::read_to_string("tests/data/northmark.toml").unwrap();
        Drawing::open("northmark", &text).unwrap().0
    }

    #[test]
    fn a_definition_that_is_opened_shows_all_its_numbers_and_is_written_as_it_was() {
        let own = northmark();
        let form = own.form().unwrap();
        let digits: Vec<Print> = own.prints(&form).into_iter().filter(|p| p.kind == "digits").collect();
        assert_eq!(digits.len(), form.fields.iter().filter(|f| f.digits.is_some()).count());
        for (print, field) in digits.iter().zip(&form.fields) {
            assert_eq!(print.id, field.id);
        }
        assert_eq!((digits[0].path.as_str(), digits[15].path.as_str()), ("rows/0/digits", "totals/0/digits"));
        assert_eq!(own.ids(), form.fields.iter().map(|f| f.id.clone()).collect::<Vec<_>>());
        assert_eq!(own.problems(Ok(&form)), []);
        // What is not drawn stays.
        for kept in ["levels", "names", "export", "invent", "issued"] {
            assert!(own.own.table.contains_key(kept), "{kept}");
        }
        let again = Drawing::open("again", &own.text()).unwrap();
        assert_eq!(again, (own, 0));
        let blocks = std::fs::read_to_string("forms/us-in-2024-precinct-a-pages.toml").unwrap();
        assert!(Drawing::open("blocks", &blocks).unwrap_err().to_string().contains("not drawn"));
    }

    #[test]
    fn an_empty_drawing_can_be_read_and_not_be_saved() {
        let own = Drawing::fresh("new", (210.0, 297.0), &[], &[]);
        let form = own.form().unwrap();
        assert!(own.prints(&form).is_empty() && own.ids().is_empty());
        let problems = own.problems(Ok(&form));
        assert_eq!(problems, [Word::DrawEmpty {}, Word::DrawPrivateOpen {}]);
        assert_eq!(problems[0].both().es.chars().next(), Some('F'));
    }

    #[test]
    fn two_numbers_in_one_place_and_a_name_that_two_have_are_told() {
        let mut own = northmark();
        let row = own.list("rows")[0].clone();
        let mut other = row.clone();
        put(&mut other, "sigla", text("OTHER"));
        own.list_mut("rows").push(other);
        let form = own.form().unwrap();
        let over = Word::DrawOverlap { one: "HAL_HARBOUR_UNION".to_owned(), other: "HAL_OTHER".to_owned() };
        assert_eq!(own.problems(Ok(&form)), [over]);
        own.list_mut("rows").push(row);
        let form = own.form();
        let twice = Word::DrawNameTwice { name: "HAL_HARBOUR_UNION".to_owned() };
        assert_eq!(own.problems(form.as_ref()), [twice]);
    }
}

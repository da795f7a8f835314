//! `cotejo form draw`: a form that is drawn from nothing by what its page sends reads another sheet right; what does not fit is
//! refused in both languages; and the page itself, in a browser.

use super::station::{Browser, Http, Station, cotejo};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Two made-up scans of the form of a country that does not exist.
fn sheets(dir: &Path) -> [PathBuf; 2] {
    let forms = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut synth = cotejo();
    synth.args([
        "synth",
        "-n",
        "2",
        "--seed",
        "5",
        "--ink",
        "plain",
        "--form",
        "northmark-2031-assembly",
        "--forms",
    ]);
    assert!(synth.arg(forms).arg("-o").arg(dir).stderr(Stdio::null()).status().unwrap().success());
    let mut all: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    all.retain(|p| p.extension().is_some_and(|e| e == "jpg" || e == "png"));
    all.sort();
    [all[0].clone(), all[1].clone()]
}

/// A drawing that is being made.
struct Drawing {
    station: Station,
    http: Http,
    state: Value,
}

impl Drawing {
    fn begin(sample: &Path, out: &Path, more: &[&str]) -> Self {
        let mut command = cotejo();
        command.args(["form", "draw", "--width", "81"]).arg(sample).arg("-o").arg(out).args(more);
        let station = Station::of(command);
        let http = Http::connect(station.host()).unwrap();
        let mut own = Self { station, http, state: Value::Null };
        own.state = own.get("api/state");
        own
    }

    fn get(&mut self, path: &str) -> Value {
        let (host, path) = (self.station.host().to_owned(), self.station.path(path));
        let (status, body) = self.http.ask("GET", &path, &[("host", &host)], "").unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// What a change comes to: its status, and the state or the refusal.
    fn send(&mut self, path: &str, body: &Value) -> (u16, Value) {
        let (host, path) = (self.station.host().to_owned(), self.station.path(path));
        let origin = format!("http://{host}");
        let headers =
            [("host", host.as_str()), ("origin", origin.as_str()), ("content-type", "application/json")];
        let (status, body) = self.http.ask("POST", &path, &headers, &body.to_string()).unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    fn sent(&mut self, path: &str, deed: Value) -> (u16, Value) {
        let revision = self.state["revision"].clone();
        self.send(path, &json!({ "revision": revision, "deed": deed }))
    }

    fn does(&mut self, deed: Value) {
        let (status, body) = self.sent("api/do", deed.clone());
        assert_eq!(status, 200, "{deed}: {body}");
        self.state = body;
    }

    /// What is refused, in English; it is another text in Spanish.
    fn refused(&mut self, path: &str, deed: Value) -> String {
        let (status, body) = self.sent(path, deed.clone());
        assert_eq!(status, 422, "{deed}: {body}");
        let (es, en) = (body["es"].as_str().unwrap(), body["en"].as_str().unwrap());
        assert!(!es.is_empty() && es != en, "{body}");
        en.to_owned()
    }

    /// A box in the millimetres of the form that the sheet was made by.
    fn boxed(&self, tool: &str, (x0, y0, x1, y1): (f64, f64, f64, f64)) -> Value {
        let text = include_str!("../data/northmark.toml");
        let form: toml::Table = text.parse().unwrap();
        let known = form["labels"].as_array().unwrap().iter().filter(|l| {
            l["align"].as_str() == Some("left") && l["text"].as_str().is_some_and(|t| t.contains(' '))
        });
        let found = self.state["drawing"]["labels"].as_array().unwrap();
        let shift = |l: &toml::Value| {
            let own = found.iter().find(|o| o["text"].as_str() == l["text"].as_str())?;
            let by = |k: &str| Some(own[k].as_f64()? - l[k].as_float()?);
            Some((by("x")?, by("y")?))
        };
        let (dx, dy) = known.filter_map(shift).next().expect("a text of the form is an anchor");
        json!({ "do": "box", "tool": tool, "x": x0 + dx, "y": y0 + dy, "width": x1 - x0, "height": y1 - y0 })
    }
}

/// The numbers of a sheet by a form, in the order in which they stand there.
fn read(sheet: &Path, forms: &Path, id: &str, out: &Path) -> Vec<Option<u64>> {
    let mut run = cotejo();
    run.arg("run").arg(sheet).args(["--form", id, "--forms"]).arg(forms).arg("-o").arg(out);
    run.stderr(Stdio::null()).status().unwrap();
    let record: Value = serde_json::from_str(
        std::fs::read_to_string(out.join("records.jsonl")).unwrap().lines().next().unwrap(),
    )
    .unwrap();
    let mut all = Vec::new();
    for contest in record["contests"].as_array().unwrap() {
        all.extend(contest["choices"].as_array().unwrap().iter().map(|c| c["votes"]["value"].as_u64()));
    }
    all
}

const VOTES: [(f64, f64, f64, f64); 2] = [(50.0, 24.0, 62.0, 64.8), (50.0, 72.0, 62.0, 117.9)];
const NUMBERS: [(f64, f64, f64, f64); 2] = [(50.0, 5.0, 62.0, 14.0), (50.0, 126.2, 62.0, 136.2)];

#[test]
fn a_form_that_is_drawn_on_one_sheet_reads_another_right() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second] = sheets(&dir.path().join("sheets"));
    let forms = dir.path().join("forms");
    std::fs::create_dir(&forms).unwrap();
    let out = forms.join("drawn.toml");
    let mut drawing = Drawing::begin(&first, &out, &[]);
    for place in VOTES {
        let deed = drawing.boxed("votes", place);
        drawing.does(deed);
    }
    for place in NUMBERS {
        let deed = drawing.boxed("numbers", place);
        drawing.does(deed);
    }
    let private = drawing.boxed("private", (0.0, 164.6, 60.0, 170.0));
    drawing.does(private);
    let d = &drawing.state["drawing"];
    let counts = ["contests", "rows", "totals"].map(|k| d[k].as_array().unwrap().len());
    assert_eq!(counts, [2, 15, 5], "{d}");
    // Names stand beside the numbers.
    assert!(
        d["candidates"].as_array().unwrap().iter().any(|c| c["name"].as_str().unwrap().contains("FISHERS")),
        "{d}"
    );
    let reading = drawing.get("api/reading");
    let numbers = reading["reading"]["numbers"].as_object().unwrap();
    assert!(numbers.len() == 20 && numbers.values().all(|n| n["value"].is_u64()), "{reading}");
    // Sums that hold are proposed; each is taken.
    for _ in 0..8 {
        let proposed = drawing.get("api/related")["proposed"].as_array().unwrap().clone();
        let Some(next) = proposed.first() else { break };
        drawing.does(json!({ "do": "relate", "text": next["text"] }));
    }
    let relations = drawing.state["drawing"]["relations"].as_array().unwrap().clone();
    let rows = relations.iter().filter(|r| r["left"][0] == "rows").count();
    assert!(rows == 2 && relations.len() >= 3, "{relations:?}");
    let totals = drawing.state["drawing"]["totals"].as_array().unwrap();
    assert_eq!(totals.iter().filter(|t| t["contest"].is_string()).count(), 2, "{totals:?}");
    assert_eq!(drawing.state["problems"], json!([]));
    let checked = drawing.get("api/check");
    assert_eq!(checked["checked"]["sheets"], 1, "found by its own print: {checked}");
    let (status, saved) = drawing.sent("api/save", Value::Null);
    assert!(status == 200 && saved["saved"] == true, "{saved}");
    drop(drawing);

    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.contains("\nrows = [\n  { candidate = "), "an entry a line: {text}");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let truth = read(&second, &own, "northmark-2031-assembly", &dir.path().join("truth"));
    let drawn = read(&second, &forms, "drawn", &dir.path().join("drawn"));
    assert!(truth.len() == 15 && truth.iter().all(Option::is_some), "{truth:?}");
    assert_eq!(drawn, truth);

    // It is there now: another drawing does not write over it, and one goes on from it.
    let there =
        cotejo().args(["form", "draw", "--width", "81"]).arg(&first).arg("-o").arg(&out).output().unwrap();
    assert!(String::from_utf8_lossy(&there.stderr).contains("--overwrite"));
    let from = out.display().to_string();
    let mut again = Drawing::begin(&first, &out, &["--from", &from, "--overwrite"]);
    assert_eq!(again.state["drawing"]["rows"].as_array().unwrap().len(), 15);
    let (status, _) = again.sent("api/save", Value::Null);
    assert_eq!((status, std::fs::read_to_string(&out).unwrap()), (200, text));
}

#[test]
fn what_does_not_fit_is_refused_in_both_languages_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let [first, _] = sheets(&dir.path().join("sheets"));
    let out = dir.path().join("refused.toml");
    let mut drawing = Drawing::begin(&first, &out, &[]);
    assert!(drawing.refused("api/save", Value::Null).contains("table of votes is missing"));
    let beside = json!({ "do": "box", "tool": "votes", "x": 70.0, "y": 20.0, "width": 60.0, "height": 20.0 });
    assert!(drawing.refused("api/do", beside).contains("not on the sheet"));
    let empty = drawing.boxed("numbers", (46.0, 143.0, 62.0, 155.0));
    assert!(drawing.refused("api/do", empty).contains("of the kind is printed"));
    let votes = drawing.boxed("votes", VOTES[0]);
    drawing.does(votes.clone());
    assert!(drawing.refused("api/do", votes).contains("same place"));
    let (one, other) = (json!("rows/0/digits"), drawing.state["drawing"]["rows"][1]["candidate"].clone());
    let total = drawing.boxed("numbers", NUMBERS[0]);
    drawing.does(total);
    let name = drawing.state["drawing"]["totals"][0]["id"].clone();
    let twice = json!({ "do": "set", "path": "totals/1", "key": "id", "value": name });
    assert!(drawing.refused("api/do", twice).contains("is taken"));
    let taken = json!({ "do": "set", "path": "totals/1", "key": "id", "value": other });
    assert!(drawing.refused("api/do", taken).contains("is taken"));
    let none = json!({ "do": "set", "path": one, "key": "id", "value": "a b" });
    assert!(drawing.refused("api/do", none).contains("is no name"));
    let strange = json!({ "do": "relate", "text": "nothing + such = there" });
    assert!(drawing.refused("api/do", strange).contains("no number called \"nothing\""));
    let private = drawing.boxed("private", (0.0, 30.0, 60.0, 40.0));
    assert!(drawing.refused("api/do", private).contains("private part"));
    assert!(drawing.refused("api/save", Value::Null).contains("names and signatures"));
    assert!(!out.exists());

    // A rename is followed, undone and done again; a page that is behind is told so.
    let before = drawing.state["drawing"].clone();
    drawing.does(json!({ "do": "set", "path": "totals/0", "key": "id", "value": "issued" }));
    let old = drawing.state["revision"].as_u64().unwrap() - 1;
    let (status, body) = drawing.send("api/undo", &json!({ "revision": old }));
    assert!(status == 422 && body["en"].as_str().unwrap().contains("page has changed"), "{body}");
    drawing.state = drawing.sent("api/undo", Value::Null).1;
    assert_eq!(drawing.state["drawing"], before);
    drawing.state = drawing.sent("api/redo", Value::Null).1;
    assert_eq!(drawing.state["drawing"]["totals"][0]["id"], "issued");
    // Arrows move a column across and its row down.
    drawing.does(json!({ "do": "move", "path": "rows/0/digits", "dx": 0.1, "dy": 0.2 }));
    let (was, is) = (&before["rows"][0]["y"], &drawing.state["drawing"]["rows"][0]["y"]);
    assert!((is.as_f64().unwrap() - was.as_f64().unwrap() - 0.2).abs() < 1e-6);
    drawing.does(json!({ "do": "delete", "path": "rows/0/digits" }));
    let left = drawing.state["drawing"]["candidates"].as_array().unwrap().len();
    assert_eq!(left + 1, before["candidates"].as_array().unwrap().len(), "its candidate goes with it");
}

#[test]
fn a_hand_draws_names_undoes_and_saves_on_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let [first, _] = sheets(&dir.path().join("sheets"));
    let out = dir.path().join("hand.toml");
    let drawing = Drawing::begin(&first, &out, &[]);
    let browser = Browser::open(1280, 900);
    browser.go(&drawing.station.address.clone());
    browser.wait("the sheet", "return document.querySelectorAll('#marks rect').length > 5");
    let place = drawing.boxed("votes", VOTES[0]);
    // A drag from corner to corner, as a mouse makes it.
    let drag = |tool: &str, place: &Value| {
        browser.run(&format!(
            "document.querySelector('[data-tool={tool}]').click();\
             const m = document.querySelector('#marks'), r = m.getBoundingClientRect(), [x, y, w, h] = m.getAttribute('viewBox').split(' ').map(Number);\
             const at = (a, b) => ({{ clientX: r.left + (a - x) / w * r.width, clientY: r.top + (b - y) / h * r.height, pointerId: 1, bubbles: true }});\
             m.setPointerCapture = () => {{}};\
             m.dispatchEvent(new PointerEvent('pointerdown', at({0}, {1})));\
             m.dispatchEvent(new PointerEvent('pointermove', at({0} + {2}, {1} + {3})));\
             m.dispatchEvent(new PointerEvent('pointerup', at({0} + {2}, {1} + {3})));",
            place["x"], place["y"], place["width"], place["height"]
        ));
    };
    drag("votes", &place);
    let rows = "return document.querySelectorAll('#marks rect[data-path^=\"rows/\"]').length === 7 && document.querySelectorAll('#marks text').length >= 7";
    browser.wait("its rows, read", rows);
    // The first of what is new asks for its name; Enter takes it and goes to the next.
    browser.wait("a name to be typed", "return document.activeElement.tagName === 'INPUT'");
    browser.run("document.activeElement.value = 'Harbour'");
    browser.key("Enter");
    browser.wait(
        "the name",
        "return fetch('api/state').then(r => r.json()).then(s => s.drawing.candidates[0].name === 'Harbour')",
    );
    browser.run("document.activeElement.blur()");
    let private = drawing.boxed("private", (0.0, 164.6, 60.0, 170.0));
    drag("private", &private);
    browser.wait("the private part", "return document.querySelectorAll('#marks .private').length === 1");
    browser.run("document.querySelector('#undo').click()");
    browser.wait("that it is gone", "return document.querySelectorAll('#marks .private').length === 0");
    browser.run("document.querySelector('#redo').click()");
    browser.wait("that it is back", "return document.querySelectorAll('#marks .private').length === 1");
    browser.run("document.querySelector('#save').click()");
    let told = "return document.querySelector('#state').textContent.includes(document.documentElement.lang === 'es' ? '· guardado' : '· saved')";
    browser.wait("that it is saved", told);
    assert!(std::fs::read_to_string(&out).unwrap().contains("name = \"Harbour\""));
    // Both languages, and nothing from elsewhere.
    let heading = "return document.querySelector('#panel h2').textContent";
    let one = browser.run(heading);
    browser.run("document.querySelector('#language').click()");
    assert_ne!(browser.run(heading), one);
    let strange = "return performance.getEntriesByType('resource').filter(e => !e.name.startsWith(location.origin)).length";
    assert_eq!(browser.run(strange), 0);
}

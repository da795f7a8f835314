//! The review from end to end: a station that is killed, a browser that is driven by keys alone.

use crate::station::{Browser, EVIL, Http, Station, export, records, run_folder};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Posts as the station's own page does.
fn post(http: &mut Http, station: &Station, what: &str, body: &Value) -> std::io::Result<(u16, String)> {
    let origin = format!("http://{}", station.host());
    let headers = [("host", station.host()), ("origin", &origin), ("content-type", "application/json")];
    http.ask("POST", &station.path(what), &headers, &body.to_string())
}

/// Sheet keys as the pages name them, each with its vote rows' ids.
fn sheets(http: &mut Http, station: &Station) -> Vec<String> {
    let (status, page) = http.ask("GET", &station.path("page/1"), &[("host", station.host())], "").unwrap();
    assert_eq!(status, 200);
    page.split("data-key=\"").skip(1).map(|p| p.split('"').next().unwrap().to_owned()).collect()
}

/// 50 corrections a second, then kill -9 while one is on its way: what was answered is in the log, whose
/// chain holds. Ten seconds; `COTEJO_LOAD_SECONDS=60` makes it the full minute.
#[test]
fn fifty_corrections_a_second_lose_nothing_to_a_kill() {
    let seconds: usize = std::env::var("COTEJO_LOAD_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(10);
    let dir = run_folder();
    let votes: Vec<String> = records(dir.path())
        .iter()
        .find_map(|r| {
            let votes = r["contests"][0]["choices"].as_array().filter(|v| !v.is_empty())?;
            Some(votes.iter().map(|v| v["id"].as_str().unwrap().to_owned()).collect())
        })
        .unwrap();
    let mut station = Station::start(dir.path(), &[]);
    let mut http = Http::connect(station.host()).unwrap();
    let keys = sheets(&mut http, &station);
    let (start, total) = (Instant::now(), 50 * seconds);
    let mut answered: Vec<String> = Vec::new();
    let mut latest = Duration::ZERO;
    for n in 0..total {
        let due = start + Duration::from_millis(20 * n as u64);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let sent = Instant::now();
        let body = json!({ "sheet": keys[n % keys.len()], "field": votes[n / keys.len() % votes.len()],
            "action": "typed", "value": (n % 10).to_string() });
        let (status, text) = post(&mut http, &station, "api/entry", &body).unwrap();
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answered.push(answer["entry"].as_str().unwrap().to_owned());
        latest = latest.max(sent.elapsed());
    }
    let took = start.elapsed();
    // One more is on its way when the station dies.
    let (host, path) = (station.host().to_owned(), station.path("api/entry"));
    let body = json!({ "sheet": keys[0], "field": votes[0], "action": "typed", "value": "9" }).to_string();
    let last = std::thread::spawn(move || {
        let origin = format!("http://{host}");
        let headers = [("host", host.as_str()), ("origin", &origin), ("content-type", "application/json")];
        Http::connect(&host).and_then(|mut http| http.ask("POST", &path, &headers, &body))
    });
    station.kill();
    if let Ok(Ok((200, text))) = last.join() {
        let answer: Value = serde_json::from_str(&text).unwrap();
        answered.push(answer["entry"].as_str().unwrap().to_owned());
    }
    println!("{total} corrections in {took:.1?}, the slowest answered after {latest:.0?}");
    assert!(took < Duration::from_millis(20 * total as u64 + 1000), "the rate was not held: {took:?}");
    // Opening verifies the chain.
    let log = export(dir.path());
    let kept: BTreeSet<&str> =
        log["entries"].as_array().unwrap().iter().map(|e| e["hash"].as_str().unwrap()).collect();
    let lost = answered.iter().filter(|hash| !kept.contains(hash.as_str())).count();
    assert_eq!((lost, answered.len() >= total), (0, true));
    let set = records(dir.path())[0]["contests"][0]["choices"][0]["votes"]["set_by"].clone();
    assert_eq!(set["who"], "ana", "the records follow from the log");
}

/// Killed again and again while entries pour in: each time the log opens, and holds what was answered.
#[test]
fn a_station_that_is_killed_at_any_moment_leaves_a_log_that_holds() {
    let dir = run_folder();
    let mut answered: Vec<String> = Vec::new();
    for round in 0..6u64 {
        let mut station = Station::start(dir.path(), &[]);
        let mut http = Http::connect(station.host()).unwrap();
        let key = sheets(&mut http, &station)[0].clone();
        let path = station.path("api/entry");
        let host = station.host().to_owned();
        let sender = std::thread::spawn(move || {
            let origin = format!("http://{host}");
            let headers =
                [("host", host.as_str()), ("origin", &origin), ("content-type", "application/json")];
            let mut hashes = Vec::new();
            for n in 0.. {
                let body = json!({ "sheet": key, "field": "@sheet", "reason": format!("{round}.{n}"),
                    "action": if n % 2 == 0 { "rejected" } else { "as_printed" } });
                let Ok((200, text)) = http.ask("POST", &path, &headers, &body.to_string()) else { break };
                let answer: Value = serde_json::from_str(&text).unwrap();
                hashes.push(answer["entry"].as_str().unwrap().to_owned());
            }
            hashes
        });
        std::thread::sleep(Duration::from_millis(120 + 37 * round));
        station.kill();
        answered.extend(sender.join().unwrap());
    }
    let log = export(dir.path());
    let kept: BTreeSet<&str> =
        log["entries"].as_array().unwrap().iter().map(|e| e["hash"].as_str().unwrap()).collect();
    assert!(answered.len() > 20, "{} entries", answered.len());
    assert_eq!(answered.iter().filter(|hash| !kept.contains(hash.as_str())).count(), 0);
}

#[test]
fn a_stranger_gets_nothing() {
    let dir = run_folder();
    let station = Station::start(dir.path(), &[]);
    let mut http = Http::connect(station.host()).unwrap();
    let own = ("host", station.host());
    let mut get = |path: &str, headers: &[(&str, &str)]| http.ask("GET", path, headers, "").unwrap();
    assert_eq!(get(&station.path(""), &[own]).0, 200);
    assert_eq!(get("/", &[own]).0, 404, "no token");
    assert_eq!(get(&station.path(""), &[("host", "evil.example")]).0, 403, "a name bent to 127.0.0.1");
    for path in ["../records.jsonl", "..%2frecords.jsonl", "review.sqlite", "pictures/", "//etc/passwd"] {
        assert_eq!(get(&station.path(path), &[own]).0, 404, "{path}");
    }
    let key = sheets(&mut http, &station)[0].clone();
    let body = json!({ "sheet": key, "field": "@sheet", "action": "rejected" }).to_string();
    let origin = format!("http://{}", station.host());
    for headers in [
        vec![own, ("content-type", "application/json")],
        vec![own, ("content-type", "application/json"), ("origin", "http://evil.example")],
        vec![own, ("content-type", "text/plain"), ("origin", &origin)],
    ] {
        let (status, _) = http.ask("POST", &station.path("api/entry"), &headers, &body).unwrap();
        assert_eq!(status, 403, "{headers:?}");
    }
    let large = format!("{{\"sheet\":\"{}\"}}", "x".repeat(20_000));
    let (status, _) = post(&mut http, &station, "api/entry", &json!(large)).unwrap();
    assert_eq!(status, 413);
    drop(station);
    assert!(export(dir.path())["entries"].as_array().unwrap().is_empty());
}

/// What has the focus: the sheet's key, the field, its kind, the value shown beside it.
const FOCUS: &str = "const e = document.activeElement.closest('.entry'); if (!e) return null;
    const shown = e.closest('.cell')?.querySelector('.number')?.textContent ?? null;
    return { sheet: e.closest('.sheet').dataset.key, field: e.dataset.field, kind: e.dataset.kind,
      state: e.dataset.state, shown };";

/// Settles what has the focus with as few keys as a person would, and waits until the page has gone
/// on. Returns the sheet and the keys pressed.
fn settle(browser: &Browser, type_it: bool) -> (String, usize) {
    browser.wait("a field to enter", "return Boolean(document.activeElement.closest('.entry'))");
    let focus = browser.run(FOCUS);
    let sheet = focus["sheet"].as_str().unwrap().to_owned();
    let shown = focus["shown"].as_str().unwrap_or("?");
    let mut keys: Vec<String> = Vec::new();
    match focus["kind"].as_str().unwrap() {
        "number" if shown == "?" => keys.extend(["1", "Enter"].map(str::to_owned)),
        "number" if type_it => {
            keys.extend(shown.chars().map(String::from));
            keys.push("Enter".to_owned());
        }
        _ => keys.push("p".to_owned()),
    }
    for key in &keys {
        browser.key(key);
    }
    let script = format!(
        "const s = document.querySelector('[data-key=\"{sheet}\"]');
         const e = s && [...s.querySelectorAll('.entry')].find(e => e.dataset.field === {field});
         const f = document.activeElement.closest('.entry');
         return document.readyState === 'complete' && f !== e && (!e || e.querySelector('.said').textContent !== '…');",
        field = focus["field"]
    );
    browser.wait("the next field", &script);
    (sheet, keys.len())
}

fn done(browser: &Browser) -> u64 {
    browser.run("return document.querySelector('#progress').value").as_u64().unwrap()
}

#[test]
fn a_reviewer_with_a_keyboard_corrects_undoes_is_killed_goes_on_and_exports() {
    let dir = run_folder();
    let mut station = Station::start(dir.path(), &[]);
    let browser = Browser::open(1440, 1000);
    browser.go(&station.address);
    browser.wait("the overview", "return document.activeElement.id === 'go'");
    browser.shot("review-home");
    let all = browser.run("return document.querySelector('#progress').max").as_u64().unwrap();
    assert!(all >= 7, "{all} sheets to review");
    browser.key("Enter");
    browser.wait("a sheet", "return Boolean(document.activeElement.closest('.entry'))");
    browser.shot("review-sheets");
    assert_eq!(browser.run("return document.documentElement.lang"), "es", "it speaks the browser's language");

    // Five sheets; the first number is typed, the others are as printed.
    let mut pressed: Vec<(String, usize)> = Vec::new();
    while done(&browser) < 3 {
        let (sheet, keys) = settle(&browser, pressed.is_empty());
        match pressed.last_mut() {
            Some(last) if last.0 == sheet => last.1 += keys,
            _ => pressed.push((sheet, keys)),
        }
    }
    // The last one is taken back and made again.
    let before = done(&browser);
    browser.key("z");
    browser.wait(
        "the undone sheet",
        &format!("return document.querySelector('#progress').value === {}", before - 1),
    );
    browser.wait(
        "the undone field",
        "return document.activeElement.closest('.entry')?.dataset.state === 'open'",
    );
    settle(&browser, false);
    assert_eq!(done(&browser), before);

    // The station dies; a new one goes on where it stopped.
    station.kill();
    let station = Station::start(dir.path(), &[]);
    browser.go(&station.address);
    browser.wait("the overview again", "return document.activeElement.id === 'go'");
    assert_eq!(done(&browser), before, "nothing was lost");
    browser.key("Enter");
    let mut guard = 0;
    while done(&browser) < 5 {
        let (sheet, keys) = settle(&browser, false);
        match pressed.iter_mut().find(|p| p.0 == sheet) {
            Some(known) => known.1 += keys,
            None => pressed.push((sheet, keys)),
        }
        guard += 1;
        assert!(guard < 60, "the review goes on");
    }
    let mut keys: Vec<usize> = pressed.iter().map(|p| p.1).collect();
    keys.sort_unstable();
    println!("keys a sheet: {keys:?}");
    assert!(keys[keys.len() / 2] <= 3, "{keys:?}");

    // Nothing was asked of anyone else, and no markup came to life.
    let foreign = "return performance.getEntriesByType('resource')
        .filter(r => !r.name.startsWith(location.origin) && !r.name.startsWith('data:')).length";
    assert_eq!(browser.run(foreign), 0);
    assert_ne!(browser.run("return document.title"), "owned");
    drop(station);
    let log = export(dir.path());
    assert!(log["entries"].as_array().unwrap().iter().any(|e| e["action"] == "undo"));
    let reviewed = records(dir.path()).iter().filter(|r| r["review"]["state"] == "complete").count();
    assert!(reviewed >= 4, "{reviewed} sheets are complete");
}

#[test]
fn a_sheet_whose_name_and_qr_text_are_markup_is_shown_as_text() {
    let dir = run_folder();
    let station = Station::start(dir.path(), &[]);
    let browser = Browser::open(390, 844);
    let rank = "const a = [...document.querySelectorAll('#register a')].find(a => a.textContent.includes('onerror'));
        return a ? a.href : null;";
    browser.go(&station.address);
    browser.shot("review-phone-home");
    let sheet = browser.run(rank).as_str().expect("the register names the sheet").to_owned();
    browser.go(&sheet);
    browser.shot("review-phone-sheet");
    let text = browser.run("return document.querySelector('.path').textContent");
    assert!(text.as_str().unwrap().contains(EVIL), "{text}");
    let qr = browser.run("return document.querySelector('.payload code').textContent");
    assert!(qr.as_str().unwrap().starts_with("</script><script>"), "{qr}");
    assert_ne!(browser.run("return document.title"), "owned");
    assert_eq!(browser.run("return document.querySelectorAll('img[src=x]').length"), 0);
    // The page is no wider than the phone.
    assert_eq!(browser.run("return document.documentElement.scrollWidth <= innerWidth"), true);
}

//! The static report in a browser: quick with many sheets, legible, silent.

use crate::station::{Browser, run_folder};
use cotejo::decide::Status;
use cotejo::form::builtin;
use cotejo::record::Record;
use cotejo::run::output::{Folder, Measured, Opened, Overwrite, Run};
use std::collections::BTreeMap;

/// A colour's relative luminance (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let digits = colour.trim().trim_start_matches('#');
    let wide: String =
        if digits.len() == 3 { digits.chars().flat_map(|c| [c, c]).collect() } else { digits.to_owned() };
    let part = |at: usize| {
        let c = f64::from(u8::from_str_radix(&wide[at..at + 2], 16).unwrap()) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_text_stands_out_as_wcag_aa_asks_in_light_and_in_dark() {
    let style = include_str!("../../src/desk/report/assets/style.css");
    for theme in [":root {", ":root[data-theme=\"dark\"] {"] {
        let block = style.split(theme).nth(1).unwrap().split('}').next().unwrap();
        let colour = |name: &str| {
            let found = block.split([';', '\n']).find_map(|l| l.trim().strip_prefix(&format!("--{name}: ")));
            found.unwrap_or_else(|| panic!("{theme} has {name}")).to_owned()
        };
        let text = |ink: &str, ground: &str| {
            let ratio = contrast(&colour(ink), &colour(ground));
            assert!(ratio >= 4.5, "{theme} {ink} on {ground}: {ratio:.2}");
        };
        for ground in ["paper", "card", "hover"] {
            for ink in ["ink", "soft", "accent", "rejected-text", "accepted-text", "review-text"] {
                text(ink, ground);
            }
        }
        for kind in ["accepted", "review", "rejected"] {
            text(&format!("{kind}-text"), &format!("{kind}-wash"));
            text("ink", &format!("{kind}-wash"));
            // Graphics need 3 to 1 against what they lie on.
            let ratio = contrast(&colour(kind), &colour("card"));
            assert!(ratio >= 3.0, "{theme} {kind} on card: {ratio:.2}");
        }
        text("accent-ink", "accent");
    }
}

#[test]
fn a_report_of_twenty_five_thousand_sheets_opens_in_less_than_two_seconds() {
    let dir = run_folder();
    let text = std::fs::read_to_string(dir.path().join("records.jsonl")).unwrap();
    let some: Vec<Record> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let open = some.iter().find(|r| r.status == Status::Review).unwrap();
    let many = tempfile::tempdir().unwrap();
    let records: Vec<Record> = (0..25_000)
        .map(|n: usize| {
            let mut record = open.clone();
            record.source_mut().path = format!("state-{:02}/scan_{n:05}.jpg", n / 1000);
            record.registration = None;
            if !n.is_multiple_of(40) {
                record.status = Status::Accepted;
                record.confidence = 0.99999;
                record.findings.clear();
                record.contests[0].choices.truncate(1);
                record.contests[0].totals.clear();
                record.context.clear();
            }
            record
        })
        .collect();
    let (forms, run) = (builtin().unwrap(), Run::new(&records, BTreeMap::new(), Measured::default()));
    Folder::create(many.path(), Overwrite::Replace).unwrap().write(&records, &forms, run).unwrap();
    let opened = Opened::of(many.path(), &forms).unwrap();
    let pages = cotejo::desk::report::again(&opened, &forms).unwrap();
    assert!(pages > 10, "{pages} pages");
    drop(records);
    let browser = Browser::open(1440, 1000);
    let address = format!("file://{}", many.path().join("report.html").display());
    // The best of three: other work on the machine is not the report's.
    let best = (0..3)
        .map(|_| {
            browser.go(&address);
            let took = "const t = performance.getEntriesByType('navigation')[0]; return t.loadEventEnd - t.startTime";
            browser.run(took).as_f64().unwrap()
        })
        .fold(f64::INFINITY, f64::min);
    println!("opened in {best:.0} ms");
    assert!(best > 0.0 && best < 2000.0, "{best} ms");
    assert!(browser.run("return document.querySelectorAll('#register tbody tr').length").as_u64() > Some(50));
    browser.shot("report-many");
}

#[test]
fn the_report_fits_a_phone_and_asks_nothing_of_any_network() {
    let dir = run_folder();
    let status =
        crate::station::cotejo().arg("report").arg(dir.path()).stderr(std::process::Stdio::null()).status();
    assert!(status.unwrap().success());
    let address = format!("file://{}", dir.path().join("report.html").display());
    for (width, name) in [(390, "report-390"), (1024, "report-1024"), (1440, "report-1440")] {
        let browser = Browser::open(width, 900);
        browser.go(&address);
        browser.shot(name);
        assert_eq!(browser.run("return performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:')).length"), 0);
        assert_ne!(browser.run("return document.title"), "owned");
        let fits = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert_eq!(browser.run(fits), true, "at {width} px");
        browser.run("document.querySelector('.sheet').scrollIntoView()");
        browser.shot(&format!("{name}-sheet"));
    }
}

//! A page of the report as HTML.
//!
//! In: what it shows. Out: one self-contained document. Everything is escaped by the template
//! engine; only the page's own style and script, and the register (escaped by its maker), go in as
//! they are. Refuses nothing.

use super::desk::Desk;
use super::overview::Overview;
use super::page_name;
use super::view::Sheet;
use super::wording::Both;
use crate::ground::finding::Code;
use crate::run::output::{REPORT_HTML, REPORT_PAGES};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::ops::Range;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");
const DESK_STYLE: &str = include_str!("assets/review.css");
const DESK_SCRIPT: &str = include_str!("assets/review.js");

/// A page.
pub struct Page {
    /// The run's name.
    pub title: String,
    /// On the first page.
    pub overview: Option<Overview>,
    /// On the first page: all sheets as JSON.
    pub register: Option<String>,
    /// The sheets to look at.
    pub sheets: Vec<Sheet>,
    /// The way to the other pages.
    pub pager: Option<Pager>,
    /// Codes and titles of the findings that can be filtered by.
    pub findings: Vec<(Code, Both)>,
    /// What the review adds; `None` in the static report.
    pub desk: Option<Desk>,
}

/// The way to the other pages.
#[derive(Debug, Serialize)]
pub struct Pager {
    index: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    /// Number of this page from 1; 0 for the index.
    number: usize,
    /// Addresses of all pages, each with the ranks of its first and last sheet, from 1.
    pages: Vec<(String, usize, usize)>,
}

impl Pager {
    /// The index; `None` when it is the only page.
    pub fn index(pages: &[Range<usize>]) -> Option<Self> {
        (pages.len() > 1).then(|| Self {
            index: None,
            previous: None,
            next: Some(format!("{REPORT_PAGES}/{}", page_name(0))),
            number: 0,
            pages: list(pages, &format!("{REPORT_PAGES}/")),
        })
    }

    /// Page `n`, from 0.
    pub fn page(n: usize, pages: &[Range<usize>]) -> Option<Self> {
        Some(Self {
            index: Some(format!("../{REPORT_HTML}")),
            previous: n.checked_sub(1).map(page_name),
            next: (n + 1 < pages.len()).then(|| page_name(n + 1)),
            number: n + 1,
            pages: list(pages, ""),
        })
    }
}

fn list(pages: &[Range<usize>], prefix: &str) -> Vec<(String, usize, usize)> {
    pages.iter().enumerate().map(|(n, p)| (format!("{prefix}{}", page_name(n)), p.start + 1, p.end)).collect()
}

/// The page's template, ready to render.
pub struct Templates {
    environment: Environment<'static>,
    policy: String,
    desk_policy: String,
}

impl Templates {
    /// Parses the template.
    ///
    /// # Errors
    /// None in a released program: the template is tested.
    pub fn new() -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.add_filter("thousands", crate::ground::words::thousands);
        // The name's ending switches escaping on.
        environment.add_template("page.html", include_str!("assets/page.html"))?;
        environment.add_template("words.html", include_str!("assets/words.html"))?;
        environment.add_template("entry.html", include_str!("assets/entry.html"))?;
        environment.add_template("desk.html", include_str!("assets/desk.html"))?;
        let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
        let policy = format!(
            "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
            hash(STYLE),
            hash(SCRIPT)
        );
        let desk_policy = format!(
            "default-src 'none'; img-src data:; connect-src 'self'; style-src {} {}; script-src {} {}; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(DESK_STYLE),
            hash(SCRIPT),
            hash(DESK_SCRIPT)
        );
        Ok(Self { environment, policy, desk_policy })
    }

    /// The Content-Security-Policy of the review's pages, for the answer's head.
    pub fn desk_policy(&self) -> &str {
        &self.desk_policy
    }

    /// The page as HTML.
    ///
    /// # Errors
    /// The template does not fit the page.
    pub fn render(&self, page: &Page) -> Result<String, minijinja::Error> {
        let safe = minijinja::Value::from_safe_string;
        self.environment.get_template("page.html")?.render(context! {
            policy => safe(self.policy.clone()),
            desk => Serde(&page.desk),
            desk_style => safe(DESK_STYLE.to_owned()),
            desk_script => safe(DESK_SCRIPT.to_owned()),
            style => safe(STYLE.to_owned()),
            script => safe(SCRIPT.to_owned()),
            version => env!("CARGO_PKG_VERSION"),
            title => page.title.as_str(),
            overview => Serde(&page.overview),
            register => page.register.clone().map(safe),
            sheets => Serde(&page.sheets),
            pager => Serde(&page.pager),
            findings => Serde(&page.findings),
        })
    }
}

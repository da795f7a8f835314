//! The pages of a site as HTML.
//!
//! In: views. Out: documents that link a style and a script of the site and nothing else; a
//! Content-Security-Policy says so. Every page works without the script: it adds the search and
//! remembers the language. All text is escaped by the template engine. Refuses nothing.

use super::PublishError;
use super::manifest::{Published, Writer};
use super::pictures::Pictures;
use super::search;
use super::view::{Place, UnitView};
use crate::count::tally::{Base, TallyError, about, aside};
use crate::form::{Level, Levels};
use crate::ground::words::{Language, noun, thousands};
use crate::run::output::{About, Run};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;
use std::collections::BTreeMap;

/// Why a sheet has no picture, in Spanish and English, by the refusal's tag.
const REFUSALS: [(&str, &str, &str); 8] = [
    ("form_unknown", "no se reconoce el formato de la hoja", "the sheet's form is not known"),
    ("not_registered", "la hoja no se localizó en la foto", "the sheet was not located in the photo"),
    (
        "block_not_located",
        "la foto muestra solo una parte y no se localizó el bloque con datos personales",
        "the photo shows only a part and the block with personal data was not located",
    ),
    (
        "block_uncertain",
        "el bloque con datos personales no se localizó con certeza",
        "the block with personal data was not located with certainty",
    ),
    ("original_not_found", "no se tuvo a mano la foto original", "the original photo was not at hand"),
    (
        "original_differs",
        "la foto a mano no es la que se digitalizó: su SHA-256 es otro",
        "the photo at hand is not the one that was digitized: its SHA-256 is another",
    ),
    (
        "original_unreadable",
        "la foto original no se pudo leer otra vez",
        "the original photo could not be read again",
    ),
    ("not_encoded", "la imagen no se pudo escribir", "the picture could not be written"),
];

/// A refusal's text.
pub fn refusal(code: &str) -> (String, String) {
    let known = REFUSALS.iter().find(|r| r.0 == code);
    known.map_or_else(|| (code.to_owned(), code.to_owned()), |r| (r.1.to_owned(), r.2.to_owned()))
}

/// What the page about the site says in numbers.
#[derive(Debug, Serialize)]
pub struct Facts {
    records: usize,
    accepted: usize,
    review: usize,
    rejected: usize,
    /// Pages whose sheet stands in another record.
    parts: usize,
    /// Sheets that count and were settled by a person.
    reviewed: usize,
    /// Numbers that a person set.
    numbers_set: usize,
    max_error: Option<String>,
    /// Accepted sheets expected to hold a wrong number, by the program's own probabilities.
    expected_wrong: String,
    counted: u64,
    expected: Option<u64>,
    waiting: u64,
    conflicts: u64,
    missing: Option<u64>,
    joined: usize,
    unplaced: usize,
    pictures: usize,
    refused: Vec<(usize, String, String)>,
    forms: Vec<(String, String)>,
    models: Vec<(String, String)>,
    cotejo: String,
    made: String,
    /// The review log, as length and last hash.
    log: Option<String>,
}

impl Facts {
    /// Gathers them.
    ///
    /// # Errors
    /// The database refuses a question; none is known.
    pub fn gather(
        base: &Base,
        run: Option<&Run>,
        pictures: &Pictures,
        whole: Option<&Place>,
    ) -> Result<Self, PublishError> {
        let count =
            |sql: &str| -> Result<usize, TallyError> { Ok(base.db().query_row(sql, [], |r| r.get(0))?) };
        let wrong: f64 = base
            .db()
            .query_row(
                "SELECT coalesce(sum(1.0 - confidence), 0.0) FROM sheet WHERE counts AND status = 'accepted'",
                [],
                |r| r.get(0),
            )
            .map_err(TallyError::from)?;
        let aside = aside(base)?;
        let c = whole.map(|p| p.coverage).unwrap_or_default();
        let refused: BTreeMap<String, usize> = pictures.refused();
        let list = |map: Option<&BTreeMap<String, std::collections::BTreeSet<String>>>| {
            let each = |(name, hashes): (&String, &std::collections::BTreeSet<String>)| {
                (name.clone(), hashes.iter().cloned().collect::<Vec<_>>().join(", "))
            };
            map.map_or_else(Vec::new, |m| m.iter().map(each).collect())
        };
        Ok(Self {
            records: count("SELECT count(*) FROM sheet")?,
            accepted: count("SELECT count(*) FROM sheet WHERE status = 'accepted'")?,
            review: count("SELECT count(*) FROM sheet WHERE status = 'review'")?,
            rejected: count("SELECT count(*) FROM sheet WHERE status = 'rejected'")?,
            parts: count("SELECT count(*) FROM sheet WHERE status = 'part'")?,
            reviewed: count("SELECT count(*) FROM sheet WHERE counts AND status <> 'accepted'")?,
            numbers_set: count("SELECT count(*) FROM number WHERE basis = 'person'")?,
            max_error: run.and_then(|r| r.settings.get("max_error").cloned()),
            expected_wrong: if wrong < 0.001 { "< 0.001".to_owned() } else { format!("{wrong:.3}") },
            counted: c.counted,
            expected: c.expected,
            waiting: c.review,
            conflicts: c.conflict,
            missing: c.missing,
            joined: aside.joined.len(),
            unplaced: aside.unplaced.len(),
            pictures: pictures.by_sheet.values().filter(|p| p.is_ok()).count(),
            refused: refused
                .iter()
                .map(|(code, n)| {
                    let (es, en) = refusal(code);
                    (*n, es, en)
                })
                .collect(),
            forms: list(run.map(|r| &r.forms)),
            models: list(run.map(|r| &r.models)),
            cotejo: run.map_or_else(|| env!("CARGO_PKG_VERSION").to_owned(), |r| r.cotejo.clone()),
            made: run.map_or_else(String::new, |r| r.measured.started_at.clone()),
            log: about::log(base.about()),
        })
    }
}

/// The pages' templates, ready to render.
pub struct Templates {
    environment: Environment<'static>,
    title: String,
    levels: Levels,
}

impl Templates {
    /// Parses the templates.
    ///
    /// # Errors
    /// None in a released program: the templates are tested.
    pub fn new(title: &str, levels: &Levels, about: &About) -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.add_filter("thousands", thousands);
        environment.add_filter("share", share);
        environment.add_filter("size", size);
        environment.add_filter("link", link);
        for (name, text) in [
            ("macros.html", include_str!("assets/macros.html")),
            ("base.html", include_str!("assets/base.html")),
            ("place.html", include_str!("assets/place.html")),
            ("centre.html", include_str!("assets/centre.html")),
            ("about.html", include_str!("assets/about.html")),
            ("data.html", include_str!("assets/data.html")),
        ] {
            environment.add_template(name, text)?;
        }
        environment.add_global("levels", Serde(Names::all(levels)));
        let edited = [Language::Es, Language::En].map(|l| about::edited_titles(about, l).join(". "));
        environment.add_global("edited", Serde(edited));
        Ok(Self { environment, title: title.to_owned(), levels: levels.clone() })
    }

    /// Writes the style and the script.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn assets(&self, site: &Writer) -> Result<(), PublishError> {
        site.file("site.css", include_bytes!("assets/site.css"))?;
        site.file("site.js", include_bytes!("assets/site.js"))
    }

    fn render(&self, name: &str, context: minijinja::Value) -> Result<String, minijinja::Error> {
        self.environment.get_template(name)?.render(context)
    }

    /// The page of a place above the centres, with its parts. `path` leads from the
    /// whole to the place itself.
    ///
    /// # Errors
    /// As [`Templates::new`].
    pub fn place(&self, path: &[Place], parts: &[&Place]) -> Result<String, minijinja::Error> {
        let Some((place, above)) = path.split_last() else { return Ok(String::new()) };
        self.render(
            "place.html",
            context! {
                site => self.title.as_str(), root => root(&place.href), place => Serde(place), above => Serde(above),
                parts => Serde(parts), front => above.is_empty(),
                below => (above.len() + 1).min(self.levels.last()), key => search::key(&self.levels),
                widths => [self.levels.centre_width(), self.levels.table().digits],
            },
        )
    }

    /// The page of a centre with its units.
    ///
    /// # Errors
    /// As [`Templates::new`].
    pub fn centre(&self, path: &[Place], units: &[UnitView]) -> Result<String, minijinja::Error> {
        let Some((place, above)) = path.split_last() else { return Ok(String::new()) };
        self.render(
            "centre.html",
            context! {
                site => self.title.as_str(), root => root(&place.href), place => Serde(place), above => Serde(above),
                units => Serde(units), front => false,
            },
        )
    }

    /// The page that says how the site was made and how sure it is.
    ///
    /// # Errors
    /// As [`Templates::new`].
    pub fn about(&self, facts: &Facts) -> Result<String, minijinja::Error> {
        self.render(
            "about.html",
            context! { site => self.title.as_str(), root => "", f => Serde(facts), front => false },
        )
    }

    /// The page of the downloads.
    ///
    /// # Errors
    /// As [`Templates::new`].
    pub fn data(&self, files: &[Published], signed: bool) -> Result<String, minijinja::Error> {
        let (largest, table) = (&self.levels.all()[1], self.levels.table());
        let sums =
            (format!("Sumas por {} y partido", largest.es), format!("Sums by {} and party", largest.en));
        let about = |file: &Published| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let layout = crate::count::export::Layout::ALL.into_iter().find(|l| l.file() == name);
            let (es, en) = match layout {
                Some(layout) => layout.about(table),
                None if name == "columns.md" => {
                    ("Qué significa cada columna".to_owned(), "What every column means".to_owned())
                }
                None => sums.clone(),
            };
            (name.to_owned(), es, en)
        };
        let rows: Vec<_> = files.iter().map(|f| (f, about(f))).collect();
        self.render(
            "data.html",
            context! { site => self.title.as_str(), root => "", rows => Serde(&rows), signed, front => false },
        )
    }
}

/// What people call a level, one, several and at a sentence's beginning, in Spanish and English.
#[derive(Serialize)]
struct Names {
    es: [String; 4],
    en: [String; 4],
}

impl Names {
    fn all(levels: &Levels) -> Vec<Self> {
        let of = |level: &Level| Self {
            es: noun(&level.es, &level.plural.es),
            en: noun(&level.en, &level.plural.en),
        };
        levels.all().iter().map(of).collect()
    }
}

/// The way from a page to the site's root.
fn root(href: &str) -> String {
    "../".repeat(href.matches('/').count())
}

/// A path of the site, which needs no escaping: anything but letters, digits and `./_-` is left out.
fn link(path: &str) -> minijinja::Value {
    let plain = |c: &char| c.is_ascii_alphanumeric() || "./_-".contains(*c);
    minijinja::Value::from_safe_string(path.chars().filter(plain).collect())
}

/// `67.2`, with the decimal sign of the language.
fn share(value: f64, sign: &str) -> String {
    format!("{value:.1}").replace('.', sign)
}

/// `1.2 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

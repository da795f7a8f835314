//! The report of a verification: one page that opens offline, in Spanish and English.
//!
//! In: a [`Verification`] and the crops of its differences. Out: HTML. Pictures are inside; a
//! Content-Security-Policy keeps it from asking any network, and there is no script. All text is
//! escaped by the template engine. Refuses nothing.

use super::{Origin, Standing, UnitKey, Verification, VerifyError};
use crate::ground::words::noun;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The style of every page that is made here: the site's.
pub const STYLE: &str = include_str!("../publish/assets/site.css");
/// Units listed one by one at most; the JSON has all.
const LISTED: usize = 2000;

/// A crop by place of the sheet in the run and figure.
pub type Crops = BTreeMap<(u64, String), Vec<u8>>;

#[derive(Serialize)]
struct Row<'a> {
    item: &'a str,
    name: &'a str,
    left: u32,
    right: u32,
    difference: String,
    crop: Option<String>,
}

#[derive(Serialize)]
struct Unit<'a> {
    name: Option<&'a str>,
    centre: &'a str,
    table: u32,
    review: bool,
    left_at: Option<u64>,
    right_at: Option<u64>,
    file: Option<&'a str>,
    rows: Vec<Row<'a>>,
}

/// The page. `files` names the picture file of each sheet that differs, by its place in the run.
///
/// # Errors
/// None in a released program: the template is tested.
pub fn page(
    verification: &Verification,
    crops: &Crops,
    files: &BTreeMap<u64, String>,
) -> Result<String, VerifyError> {
    let v = verification;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_template("verify.html", include_str!("assets/verify.html"))?;
    let units: Vec<Unit<'_>> = v
        .differ
        .iter()
        .take(LISTED)
        .map(|d| Unit {
            name: v.called.units.get(&(d.centre.clone(), d.table)).map(String::as_str),
            centre: &d.centre,
            table: d.table,
            review: d.standing == Standing::Review,
            left_at: d.left_at,
            right_at: d.right_at,
            file: d.left_at.and_then(|at| files.get(&at)).map(String::as_str),
            rows: d
                .figures
                .iter()
                .map(|f| Row {
                    item: &f.item,
                    name: v.called.item(&f.item),
                    left: f.left,
                    right: f.right,
                    difference: format!("{:+}", i64::from(f.right) - i64::from(f.left)),
                    crop: d
                        .left_at
                        .and_then(|at| crops.get(&(at, f.item.clone())))
                        .map(|jpeg| STANDARD.encode(jpeg)),
                })
                .collect(),
        })
        .collect();
    let named = |key: &UnitKey| v.called.units.get(key).cloned().unwrap_or(format!("{} · {}", key.0, key.1));
    let units_of = |keys: &[UnitKey]| keys.iter().take(LISTED).map(named).collect::<Vec<String>>();
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!("default-src 'none'; img-src data:; style-src 'sha256-{hash}'; base-uri 'none'");
    let safe = minijinja::Value::from_safe_string;
    Ok(environment.get_template("verify.html")?.render(context! {
        policy => safe(policy),
        style => safe(STYLE.to_owned()),
        version => env!("CARGO_PKG_VERSION"),
        v => Serde(v),
        es => Serde(noun(&v.level.es, &v.level.plural.es)),
        en => Serde(noun(&v.level.en, &v.level.plural.en)),
        sheets => v.left_origin == Origin::Sheets,
        figures => v.differ.iter().map(|d| d.figures.len()).sum::<usize>(),
        more => v.differ.len().saturating_sub(LISTED),
        units => Serde(&units),
        left_only => Serde(units_of(&v.left_only)),
        right_only => Serde(units_of(&v.right_only)),
        unmatched => Serde(&v.unmatched),
        listed => LISTED,
    })?)
}

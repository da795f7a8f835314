//! The page of a drawing.
//!
//! In: the name of the file that becomes. Out: one self-contained document, and the policy that lets it load nothing else but
//! the sheet's picture. Refuses nothing.

use super::words;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("assets/draw.html");
/// The look of all pages.
const STYLE: &str = include_str!("../desk/report/assets/style.css");
const OWN_STYLE: &str = include_str!("assets/draw.css");
const SCRIPT: &str = include_str!("assets/draw.js");

/// The document for a file of this name.
pub(super) fn html(file: &str) -> String {
    let plain = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    // Nothing in it ends the element that it stands in.
    let words = serde_json::to_string(&words::page()).unwrap_or_default().replace('<', "\\u003c");
    PAGE.replace("%style%", STYLE)
        .replace("%own%", OWN_STYLE)
        .replace("%script%", SCRIPT)
        .replace("%words%", &words)
        .replace("%file%", &plain(file))
}

/// Its Content-Security-Policy.
pub(super) fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; img-src 'self'; connect-src 'self'; style-src {} {}; script-src {}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(OWN_STYLE),
        hash(SCRIPT)
    )
}

//! The settings of a run, resolved once and immutable.
//!
//! In: what the command line or a caller of the library asks for. Out: a [`Config`] and the hash of
//! what in it can change a value. Refuses nothing: the commands check what was typed.

use crate::form::Form;
use crate::read::glyphs::ReaderChoice;
use crate::read::photo::Limits;
use crate::run::registry::Registry;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Whether the QR code takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QrUse {
    /// It is looked for and compared.
    Compare,
    /// It is not looked at (`--no-qr`): the printed table has to be enough.
    Ignore,
}

/// Everything that a run is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Known forms.
    pub forms: Vec<Arc<Form>>,
    /// Whether the QR code takes part.
    pub qr: QrUse,
    /// Which readers.
    pub reader: ReaderChoice,
    /// The largest probability that any number of an accepted sheet is wrong.
    pub max_error: f64,
    /// Limits on files.
    pub limits: Limits,
    /// The registry of tables, if there is one.
    pub registry: Option<Arc<Registry>>,
    /// Where debug pictures go, if anywhere.
    pub debug_images: Option<PathBuf>,
}

impl Config {
    /// The defaults of the command line, with these forms.
    pub fn new(forms: Vec<Form>) -> Self {
        Self {
            forms: forms.into_iter().map(Arc::new).collect(),
            qr: QrUse::Compare,
            reader: ReaderChoice::Auto,
            max_error: 1e-4,
            limits: Limits::default(),
            registry: None,
            debug_images: None,
        }
    }

    /// The settings that can change a value, by name.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        out.insert("qr".to_owned(), if self.qr == QrUse::Compare { "compare" } else { "ignore" }.to_owned());
        out.insert("reader".to_owned(), self.reader.name().to_owned());
        out.insert("max_error".to_owned(), format!("{:e}", self.max_error));
        out.insert("max_pixels".to_owned(), self.limits.pixels.to_string());
        if let Some(registry) = &self.registry {
            out.insert("registry".to_owned(), registry.sha256().to_owned());
        }
        let forms: Vec<String> =
            self.forms.iter().map(|f| format!("{}/{} {}", f.id, f.version, f.sha256)).collect();
        out.insert("forms".to_owned(), forms.join(", "));
        out
    }

    /// A config of these settings, of which those among `forms` and the registry are taken; `None` where they are of
    /// another program. Whether it is of all these settings its own say.
    pub fn of(
        settings: &BTreeMap<String, String>,
        mut forms: Vec<Form>,
        registry: Option<Arc<Registry>>,
    ) -> Option<Self> {
        let get = |name| settings.get(name).map(String::as_str);
        let named = get("forms")?;
        forms.retain(|f| named.split(", ").any(|n| n == format!("{}/{} {}", f.id, f.version, f.sha256)));
        let readers = [ReaderChoice::Auto, ReaderChoice::Net, ReaderChoice::Tesseract, ReaderChoice::Both];
        Some(Self {
            qr: if get("qr")? == "ignore" { QrUse::Ignore } else { QrUse::Compare },
            reader: readers.into_iter().find(|r| get("reader") == Some(r.name()))?,
            max_error: get("max_error")?.parse().ok()?,
            limits: Limits { pixels: get("max_pixels")?.parse().ok()?, ..Limits::default() },
            registry,
            ..Self::new(forms)
        })
    }

    /// SHA-256 over [`Config::settings`] and the program's version, hexadecimal.
    pub fn hash(&self) -> String {
        let mut text = format!("cotejo {}\n", env!("CARGO_PKG_VERSION"));
        for (name, value) in self.settings() {
            text.push_str(&format!("{name}={value}\n"));
        }
        crate::ground::hash::sha256(text.as_bytes())
    }
}

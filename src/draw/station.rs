//! The station on which a form is drawn.
//!
//! In: what the page asks for. Out: the page, the sheet's picture, the drawing as it stands, what is read of the sample, what
//! would hold, what all samples say; and the file, once it is saved. Each change follows the one before it: a page that is
//! behind is told so. Refuses what [`super::words`] lists.

use super::boxed::{Boxed, Values};
use super::deeds::{self, Deed};
use super::drawing::{Drawing, Print};
use super::words::Word;
use super::{DrawError, live, page};
use crate::desk::report::Both;
use crate::desk::serve::{self, Answer, JSON, Port, Served};
use crate::form::Form;
use crate::lab::check::Checked;
use crate::learn::few::Seen;
use crate::run::config::Config;
use crate::run::output;
use crate::run::pipeline::Digitizer;
use axum::http::StatusCode;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pixels a millimetre of the sheet's picture.
const PX: f64 = 8.0;
/// Changes that can be undone.
const KEPT: usize = 500;

/// A drawing with those before it.
struct Session {
    history: Vec<Drawing>,
    at: usize,
    /// Counts every change.
    revision: u64,
    /// What the file holds.
    saved: Option<Drawing>,
    /// The numbers on all sheets, of a revision.
    values: Option<(u64, Arc<(Values, Values)>)>,
}

/// See the head of the file.
pub struct Station {
    seen: Seen,
    origin: (f64, f64),
    digitizer: Digitizer,
    files: Vec<(PathBuf, u32)>,
    out: PathBuf,
    overwrite: bool,
    policy: String,
    session: Mutex<Session>,
}

/// What the page sends.
#[derive(Deserialize)]
struct Sent {
    /// Of which revision.
    revision: u64,
    /// What is to be done; of saving and undoing nothing.
    deed: Option<Deed>,
}

/// The drawing as the page sees it.
#[derive(Serialize)]
struct State<'a> {
    revision: u64,
    undo: bool,
    redo: bool,
    saved: bool,
    file: String,
    /// The paper, form mm: x, y, width, height.
    paper: [f64; 4],
    drawing: &'a toml::Table,
    prints: Vec<Print>,
    ids: Vec<String>,
    problems: Vec<Both>,
    samples: usize,
}

impl Session {
    fn drawing(&self) -> &Drawing {
        &self.history[self.at]
    }
}

impl Station {
    /// On what is seen; `origin` is where on the paper the form's millimetres begin.
    pub(super) fn new(
        seen: Seen,
        origin: (f64, f64),
        drawing: Drawing,
        digitizer: Digitizer,
        files: Vec<(PathBuf, u32)>,
        out: PathBuf,
        overwrite: bool,
    ) -> Self {
        let session = Session { history: vec![drawing], at: 0, revision: 0, saved: None, values: None };
        let (policy, session) = (page::policy(), Mutex::new(session));
        Self { seen, origin, digitizer, files, out, overwrite, policy, session }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        // A change is whole or not at all.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> Vec<u8> {
        let session = self.session();
        let drawing = session.drawing();
        let form = drawing.whole_form();
        let (width, height) = self.seen.size();
        let state = State {
            revision: session.revision,
            undo: session.at > 0,
            redo: session.at + 1 < session.history.len(),
            saved: session.saved.as_ref() == Some(drawing),
            file: self.out.display().to_string(),
            paper: [-self.origin.0, -self.origin.1, width, height],
            drawing: &drawing.own.table,
            prints: form.as_ref().map(|f| drawing.prints(f)).unwrap_or_default(),
            ids: drawing.ids(),
            problems: drawing.problems(form.as_ref()).iter().map(Word::both).collect(),
            samples: self.files.len(),
        };
        serde_json::to_vec(&state).unwrap_or_default()
    }

    /// The drawing and its revision.
    fn now(&self) -> (u64, Drawing) {
        let session = self.session();
        (session.revision, session.drawing().clone())
    }

    /// The numbers on all sheets, and the shares.
    fn values(&self, revision: u64, drawing: &Drawing) -> Arc<(Values, Values)> {
        let known = self.session().values.clone().filter(|v| v.0 == revision);
        if let Some((_, values)) = known {
            return values;
        }
        let form = drawing.whole_form().map(Arc::new);
        let values = form.map(|f| live::values(&self.seen, &f, self.origin)).unwrap_or_default();
        let values = Arc::new(values);
        self.session().values = Some((revision, values.clone()));
        values
    }

    fn reading(&self) -> Vec<u8> {
        let (revision, drawing) = self.now();
        let reading = drawing
            .form()
            .ok()
            .map(|form| live::read(&self.seen, &self.digitizer, &Arc::new(form), self.origin));
        json(&serde_json::json!({ "revision": revision, "reading": reading }))
    }

    fn related(&self) -> Vec<u8> {
        let (revision, drawing) = self.now();
        let values = self.values(revision, &drawing);
        let form = drawing.whole_form();
        let proposed = form.map(|f| live::proposed(&drawing, &f, &values.0, &values.1)).unwrap_or_default();
        json(&serde_json::json!({ "revision": revision, "proposed": proposed }))
    }

    /// What all samples say, found by their print alone.
    fn check(&self) -> Result<Vec<u8>, Word> {
        let (revision, drawing) = self.now();
        let form = drawing.form().map_err(|e| Word::DrawRefused { problem: e.to_string() })?;
        let refused = |e: crate::read::glyphs::net::NetError| Word::DrawRefused { problem: e.to_string() };
        let digitizer = Digitizer::new(Config::new(vec![form.clone()])).map_err(refused)?;
        let look = |(path, page): &(PathBuf, u32)| {
            let mut own = Checked::default();
            own.hear(&form, &digitizer.page(&digitizer.open(path), *page));
            own
        };
        let all: Vec<Checked> = self.files.par_iter().map(look).collect();
        let mut checked = Checked::default();
        all.into_iter().for_each(|own| checked.join(own));
        Ok(json(&serde_json::json!({ "revision": revision, "checked": checked.settle() })))
    }

    /// Does what the page asks for.
    fn change(&self, what: &str, sent: Sent) -> Result<(), Word> {
        let (revision, before) = self.now();
        if sent.revision != revision {
            return Err(Word::DrawStale {});
        }
        let after = match (what, &sent.deed) {
            ("api/do", Some(deed)) => {
                let needs = matches!(deed, Deed::Box { tool, .. } if tool.reads());
                let values = if needs { self.values(revision, &before) } else { Arc::default() };
                let boxed = Boxed { seen: &self.seen, origin: self.origin, values: &values.0 };
                Some(deeds::done(&before, deed, &boxed)?)
            }
            _ => None,
        };
        let mut session = self.session();
        if session.revision != revision {
            return Err(Word::DrawStale {});
        }
        match (what, after) {
            (_, Some(after)) => {
                let at = session.at;
                session.history.truncate(at + 1);
                session.history.push(after);
                if session.history.len() > KEPT {
                    session.history.remove(0);
                }
                session.at = session.history.len() - 1;
            }
            ("api/undo", _) => session.at = session.at.checked_sub(1).ok_or(Word::DrawNothingToUndo {})?,
            ("api/redo", _) if session.at + 1 < session.history.len() => session.at += 1,
            ("api/redo", _) => return Err(Word::DrawNothingToRedo {}),
            _ => {
                self.save(&before, session.saved.is_some())?;
                session.saved = Some(before);
                return Ok(());
            }
        }
        session.revision += 1;
        Ok(())
    }

    /// Writes the file.
    fn save(&self, drawing: &Drawing, own: bool) -> Result<(), Word> {
        if let Some(problem) = drawing.problems(drawing.form().as_ref()).into_iter().next() {
            return Err(problem);
        }
        let file = self.out.display().to_string();
        if self.out.exists() && !self.overwrite && !own {
            return Err(Word::DrawFileThere { file });
        }
        let text = drawing.text();
        // What is written is what would be read.
        crate::form::parse(&file, &text).map_err(|e| Word::DrawRefused { problem: e.to_string() })?;
        output::write_whole(&self.out, text.as_bytes())
            .map_err(|e| Word::DrawNotWritten { file, problem: e.to_string() })
    }

    /// Whether what is drawn is in the file.
    pub fn saved(&self) -> bool {
        let session = self.session();
        session.saved.as_ref() == Some(session.drawing())
    }

    /// The form that was saved; `None` where nothing was.
    pub fn form(&self) -> Option<Form> {
        self.session().saved.as_ref().and_then(|d| d.form().ok())
    }
}

/// Serves a drawing until Ctrl-C; `ready` is told the address.
///
/// # Errors
/// A port that cannot be had.
pub fn serve(station: Station, port: Port, ready: impl FnOnce(&str)) -> Result<Arc<Station>, DrawError> {
    serve::serve(port, |_| Ok::<_, DrawError>(station), ready)
}

fn json(value: &serde_json::Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// A refusal in both languages.
fn unfit(why: &Word) -> Answer {
    Answer::Unfit(serde_json::to_vec(&why.both()).unwrap_or_default())
}

impl Served for Station {
    fn policy(&self) -> &str {
        &self.policy
    }

    fn get(&self, path: &str, _: &str) -> Answer {
        match path {
            "" => {
                let name = self.out.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                Answer::Content("text/html; charset=utf-8", page::html(&name).into())
            }
            "sheet.png" => {
                let mut bytes = Cursor::new(Vec::new());
                match self.seen.picture(PX).write_to(&mut bytes, image::ImageFormat::Png) {
                    Ok(()) => Answer::Content("image/png", bytes.into_inner()),
                    Err(_) => Answer::Plain(StatusCode::INTERNAL_SERVER_ERROR),
                }
            }
            "api/state" => Answer::Content(JSON, self.state()),
            "api/reading" => Answer::Content(JSON, self.reading()),
            "api/related" => Answer::Content(JSON, self.related()),
            "api/check" => self.check().map_or_else(|why| unfit(&why), |bytes| Answer::Content(JSON, bytes)),
            "form.toml" => Answer::Content("text/plain; charset=utf-8", self.now().1.text().into()),
            _ => Answer::Plain(StatusCode::NOT_FOUND),
        }
    }

    fn post(&self, path: &str, body: &[u8]) -> Answer {
        if !matches!(path, "api/do" | "api/undo" | "api/redo" | "api/save") {
            return Answer::Plain(StatusCode::NOT_FOUND);
        }
        match serde_json::from_slice::<Sent>(body) {
            Ok(sent) if path != "api/do" || sent.deed.is_some() => match self.change(path, sent) {
                Ok(()) => Answer::Content(JSON, self.state()),
                Err(why) => unfit(&why),
            },
            _ => Answer::Plain(StatusCode::BAD_REQUEST),
        }
    }
}

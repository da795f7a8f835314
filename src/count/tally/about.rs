//! What all that is made of a run says of it: the review log that it rests on, and that it was edited.
//!
//! In: [`About`]. Out: columns of a table, lines, rows of the database. Paths stay out of it: what is handed over says
//! nothing of the machine. Refuses nothing.

use super::frame::{Asked, Cell, Column, Frame};
use crate::ground::words::Language;
use crate::run::output::About;
use rusqlite::{Connection, params};

/// Names of what shows that the run was edited, each once; empty where nothing does.
pub fn edited(about: &About) -> Vec<&'static str> {
    let mut names: Vec<&str> = about.edited.iter().map(|f| f.code.name()).collect();
    names.dedup();
    names
}

/// The same as titles.
pub fn edited_titles(about: &About, language: Language) -> Vec<String> {
    let mut titles: Vec<String> = about.edited.iter().map(|f| f.code.title(language)).collect();
    titles.dedup();
    titles
}

/// The log's length and its last hash, as `12 0a1b…`.
pub fn log(about: &About) -> Option<String> {
    about.log.as_ref().map(|l| format!("{} {}", l.entries, l.head))
}

/// The columns that say it, each with its text; none where there is nothing to say.
fn says(about: &About) -> impl Iterator<Item = (Column, String)> {
    let edited = Some(edited(about).join(" ")).filter(|e| !e.is_empty());
    let says = [
        ("LOG", "length and last hash of the review log that the figures rest on", log(about)),
        ("EDITED", "what shows that the run was changed outside the program", edited),
    ];
    says.into_iter().filter_map(|(name, about, text)| Some((Column::text(name, about), text?)))
}

/// Says it in every row of a table, in columns that stand last.
pub fn on(about: &About, mut frame: Frame) -> Frame {
    for (column, text) in says(about) {
        frame.columns.push(column);
        frame.rows.iter_mut().for_each(|row| row.push(Cell::Text(text.clone())));
    }
    frame
}

/// The same for a table that the database answers.
pub fn asked<'b>(about: &About, table: Asked<'b>) -> Asked<'b> {
    says(about).fold(table, |table, (column, text)| table.with(column, &text))
}

/// Lines of text for people, each with its break; none where there is nothing to say.
pub fn lines(about: &About) -> String {
    let log =
        about.log.iter().map(|l| format!("review log: {} decisions, last hash {}\n", l.entries, l.head));
    let edited = about.edited.iter().map(|f| format!("EDITED: {}\n", f.code.title(Language::En)));
    log.chain(edited).collect()
}

/// Writes it into the database.
///
/// # Errors
/// The database refuses it; none is known.
pub fn store(about: &About, db: &Connection) -> rusqlite::Result<()> {
    let mut insert = db.prepare("INSERT INTO about VALUES (?1, ?2)")?;
    insert.execute(params!["records_sha256", about.records_sha256])?;
    if let Some(log) = log(about) {
        insert.execute(params!["log", log])?;
    }
    for name in edited(about) {
        insert.execute(params!["edited", name])?;
    }
    Ok(())
}

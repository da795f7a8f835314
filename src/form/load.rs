//! Forms from files: those that the program carries and those of a folder, with their landmarks.
//!
//! In: TOML text, a folder. Out: [`Form`]s. Refuses what is not TOML of this shape, what refers to nothing, and geometry
//! that cannot be cut ([`resolve`], [`super::check`]), naming the entry and its line.

use super::error::FormError;
use super::resolve;
use super::*;
use std::path::Path;

/// The definitions that the program carries.
pub(super) const BUILTIN: [(&str, &str, &[u8]); 1] = [(
    "ve-2024-presidential",
    include_str!("../../models/forms/ve-2024-presidential.toml"),
    include_bytes!("../../models/forms/ve-2024-presidential.landmarks"),
)];

/// The forms that the program carries.
///
/// # Errors
/// None in a released program: the definitions are tested.
pub fn builtin() -> Result<Vec<Form>, FormError> {
    BUILTIN.iter().map(|(name, text, marks)| found_by(name, parse(name, text)?, marks)).collect()
}

/// The forms that the program carries and those of a folder; one of the folder replaces a built-in one of the same id.
///
/// # Errors
/// As [`load_dir`].
pub fn known(dir: Option<&Path>) -> Result<Vec<Form>, FormError> {
    let mut forms = builtin()?;
    for form in dir.map(load_dir).transpose()?.unwrap_or_default() {
        forms.retain(|f| f.id != form.id);
        forms.push(form);
    }
    Ok(forms)
}

/// The forms of a folder: every `*.toml` in it, by name.
///
/// # Errors
/// The first file that cannot be read or is refused.
fn load_dir(dir: &Path) -> Result<Vec<Form>, FormError> {
    let io = |source| FormError::Io { path: dir.display().to_string(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| from_file(path)).collect()
}

/// A form from its definition, with the landmarks that stand beside it.
///
/// # Errors
/// A file that cannot be read or is refused.
pub fn from_file(path: &Path) -> Result<Form, FormError> {
    let io = |path: &Path| {
        let path = path.display().to_string();
        move |source| FormError::Io { path, source }
    };
    let text = std::fs::read_to_string(path).map_err(io(path))?;
    let form = parse(&path.display().to_string(), &text)?;
    let marks = path.with_extension("landmarks");
    if !marks.exists() {
        return Ok(form);
    }
    let bytes = std::fs::read(&marks).map_err(io(&marks))?;
    found_by(&marks.display().to_string(), form, &bytes)
}

/// A form with its landmarks from a file; `name` is for messages.
fn found_by(name: &str, form: Form, bytes: &[u8]) -> Result<Form, FormError> {
    let problem = "is no file of landmarks; write it again with `cotejo form landmarks`";
    let refused = || FormError::Meaning {
        name: name.to_owned(),
        entry: "file".to_owned(),
        problem: problem.to_owned(),
    };
    Ok(Form { landmarks: Some(Landmarks::from_bytes(bytes).ok_or_else(refused)?), ..form })
}

/// A form from the text of its definition; `name` is for messages.
///
/// # Errors
/// Text that is not TOML of this shape, entries that refer to what is not there, and geometry that cannot
/// be cut.
pub fn parse(name: &str, text: &str) -> Result<Form, FormError> {
    resolve::read(name, text).map_err(|error| match error {
        FormError::Meaning { name, entry, problem } => {
            let line = super::place::line(text, &entry, &problem);
            FormError::Meaning {
                name: line.map_or(name.clone(), |line| format!("{name}:{line}")),
                entry,
                problem,
            }
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_form_has_the_rows_and_totals_of_the_sheet() {
        let form = &builtin().unwrap()[0];
        assert_eq!(form.votes().count(), 38);
        assert_eq!(form.fields.len(), 38 + 10 + 1);
        assert_eq!(
            form.fields[form.field("AE_ALIANZA_DEL_LAPIZ").unwrap()].label,
            "ANTONIO ECARRI / ALIANZA DEL LAPIZ"
        );
        assert_eq!(form.spell(149), "Cero, Uno, Cuatro, Nueve");
        let sum = form.relations.iter().find(|r| r.id == "sum_is_votos_validos").unwrap();
        assert_eq!(sum.left.len(), 38);
    }
}

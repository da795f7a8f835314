//! Why a form's definition is refused: what is wrong, where, and how to go on.

/// Why a definition is refused.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// Not TOML, or not of this shape.
    #[error("form {name}: {source}; compare it with models/forms/ve-2024-presidential.toml")]
    Syntax {
        /// The file or built-in name.
        name: String,
        /// What the parser said.
        source: Box<toml::de::Error>,
    },
    /// An entry refers to something that the definition does not have.
    #[error("form {name}: {entry}: {problem}")]
    Meaning {
        /// The file or built-in name, with the line where one is known.
        name: String,
        /// The entry.
        entry: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file cannot be read.
    #[error("form {path}: {source}; check that the path is a folder of .toml files that you may read")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

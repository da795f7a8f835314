//! How figures and paths are written for people.

use std::path::Path;

/// A count with a narrow no-break space between thousands, as both languages allow: `25 201`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A path as records show it: `/` between folders.
pub fn display(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// A noun as pages use it: one, several, and both with a capital.
pub fn noun(noun: &str) -> [String; 4] {
    let several = format!("{noun}s");
    let capital = |text: &str| {
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
    };
    let (one, many) = (capital(noun), capital(&several));
    [noun.to_owned(), several, one, many]
}

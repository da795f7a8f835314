//! A registry's bytes to its tables.
//!
//! In: bytes of a CSV table as spreadsheets and published tables have it. Out: tables by centre and
//! number. Refuses as the module above says, naming line and column.

use super::{Key, RegistryError, Table, key};
use std::collections::BTreeMap;

/// A column's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Centre,
    Mesa,
    Electores,
    Country,
    State,
    Municipality,
    Parish,
    Name,
    Address,
}

/// Spellings of each column, as [`plain`] writes them.
const SPELLINGS: [(Column, &[&str]); 9] = [
    (
        Column::Centre,
        &[
            "centre",
            "center",
            "centro",
            "cod_centro",
            "codigo_centro",
            "centro_codigo",
            "centro_votacion",
            "cv",
        ],
    ),
    (
        Column::Mesa,
        &["mesa", "table", "nro_mesa", "num_mesa", "numero_mesa", "mesa_nro", "mesa_numero", "mesas"],
    ),
    (
        Column::Electores,
        &["electores", "re", "electors", "registrados", "inscritos", "voters", "registered", "votantes"],
    ),
    (Column::Country, &["country", "pais"]),
    (Column::State, &["state", "estado", "edo", "nombre_estado"]),
    (Column::Municipality, &["municipality", "municipio", "mun", "nombre_municipio"]),
    (Column::Parish, &["parish", "parroquia", "par", "nombre_parroquia"]),
    (
        Column::Name,
        &["name", "nombre", "centre_name", "nombre_centro", "centro_nombre", "nom_centro", "center_name"],
    ),
    (Column::Address, &["address", "direccion"]),
];

/// Lower case without accents; what is neither letter nor digit becomes one `_`, none at the ends.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = match c {
            'á' | 'à' | 'ä' | 'â' => 'a',
            'é' | 'è' | 'ë' | 'ê' => 'e',
            'í' | 'ì' | 'ï' | 'î' => 'i',
            'ó' | 'ò' | 'ö' | 'ô' => 'o',
            'ú' | 'ù' | 'ü' | 'û' => 'u',
            'ñ' => 'n',
            c => c,
        };
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// The text of the bytes: UTF-8, or else Latin-1, whose bytes are the first 256 characters.
fn decode(bytes: &[u8], name: &str) -> Result<String, RegistryError> {
    let refused =
        |problem: &str| Err(RegistryError::NotATable { path: name.to_owned(), problem: problem.to_owned() });
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return refused("is UTF-16; UTF-8 or Latin-1 is read");
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return refused("is a spreadsheet or archive, not CSV");
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    })
}

/// The tables by key.
pub(super) fn tables(bytes: &[u8], name: &str) -> Result<BTreeMap<Key, Table>, RegistryError> {
    let text = decode(bytes, name)?;
    let head = text.lines().next().unwrap_or_default();
    let count = |c: u8| head.bytes().filter(|&b| b == c).count();
    // On a tie the first: `max_by_key` takes the last.
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(|&c| count(c)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let broken = |e: csv::Error| RegistryError::NotATable { path: name.to_owned(), problem: e.to_string() };
    let head: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    let columns: Vec<(usize, Column)> = SPELLINGS
        .iter()
        .filter_map(|(column, spellings)| {
            // The first spelling that the head line has: `estado` is surer than `edo`.
            let at = spellings.iter().find_map(|s| head.iter().position(|h| plain(h) == *s))?;
            Some((at, *column))
        })
        .collect();
    for (column, what) in [(Column::Centre, "centre"), (Column::Mesa, "mesa")] {
        if !columns.iter().any(|c| c.1 == column) {
            let problem = format!("has no column {what}; its columns are: {}", head.join(", "));
            return Err(RegistryError::NotATable { path: name.to_owned(), problem });
        }
    }
    let mut tables: BTreeMap<Key, (u64, Table)> = BTreeMap::new();
    for row in reader.records() {
        let row = row.map_err(broken)?;
        if row.iter().all(|c| c.trim().is_empty()) {
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        let table = table(&row, &columns).map_err(|(at, problem)| RegistryError::Cell {
            path: name.to_owned(),
            line,
            column: head.get(at).cloned().unwrap_or_default(),
            problem,
        })?;
        let key = key(&table.centre, table.table);
        match tables.get(&key) {
            Some((first, known)) if known.electores != table.electores => {
                let electores = columns.iter().find(|c| c.1 == Column::Electores).map_or(0, |c| c.0);
                return Err(RegistryError::Cell {
                    path: name.to_owned(),
                    line,
                    column: head.get(electores).cloned().unwrap_or_default(),
                    problem: format!(
                        "table {} of centre {} stands in line {first} with another number; keep one of the two",
                        table.table, table.centre
                    ),
                });
            }
            Some(_) => {}
            None => {
                tables.insert(key, (line, table));
            }
        }
    }
    // Leading zeros that a spreadsheet took away: codes are as long as the longest.
    let width = tables.values().map(|(_, t)| t.centre.len()).max().unwrap_or(0);
    Ok(tables
        .into_iter()
        .map(|(key, (_, mut table))| {
            table.centre = format!("{:0>width$}", table.centre);
            (key, table)
        })
        .collect())
}

/// One row; an error names the column by its place.
fn table(row: &csv::StringRecord, columns: &[(usize, Column)]) -> Result<Table, (usize, String)> {
    let mut table = Table::default();
    for &(at, column) in columns {
        // An apostrophe keeps a spreadsheet from taking a code for a number; `.0` is what some make of it.
        let cell = row.get(at).unwrap_or_default().trim().trim_start_matches('\'');
        let digits = cell.strip_suffix(".0").unwrap_or(cell);
        let number = || digits.parse::<u32>().map_err(|_| (at, format!("{cell:?} is no number")));
        let text = || (!cell.is_empty()).then(|| cell.to_owned());
        match column {
            Column::Centre => {
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err((at, format!("{cell:?} is no centre code; digits are expected")));
                }
                table.centre = digits.to_owned();
            }
            Column::Mesa => table.table = number()?,
            Column::Electores if cell.is_empty() => {}
            Column::Electores => table.electores = Some(number()?),
            Column::Country => table.place.country = text(),
            Column::State => table.place.state = text(),
            Column::Municipality => table.place.municipality = text(),
            Column::Parish => table.place.parish = text(),
            Column::Name => table.place.centre = text(),
            Column::Address => table.place.address = text(),
        }
    }
    Ok(table)
}

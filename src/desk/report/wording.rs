//! What the report says, in Spanish and in English.
//!
//! In: findings and the record that they ride on. Out: [`Both`] languages of a title, what is seen
//! (taken from the record's numbers) and what a person can do. The words are neutral: they say what
//! is seen, not who did it. A finding that this list does not know is shown in its own words.

use crate::decide::ELECTORES;
use crate::form::{FieldKind, Form};
use crate::ground::finding::{Code, Finding};
use crate::record::{Print, Record, Value};
use crate::run::output::alarm::{Alarm, AlarmKind, GroupKind};
use serde::Serialize;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Both {
    /// Spanish.
    pub es: String,
    /// English.
    pub en: String,
}

impl Both {
    /// From both texts.
    pub fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self { es: es.into(), en: en.into() }
    }

    /// The same in both languages.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { es: text.clone(), en: text }
    }
}

/// Titles of the findings and what to do, by code: Spanish title, English title, Spanish advice. The
/// English advice is the finding's own hint.
const KNOWN: [(Code, &str, &str, &str); 38] = [
    (
        Code::ChannelsDisagree,
        "Los canales dicen números distintos",
        "Channels say different numbers",
        "Compare dígitos, letras y QR en la foto: lo que dos canales repiten no es por eso lo correcto.",
    ),
    (
        Code::RelationBroken,
        "Una suma no cuadra",
        "A sum does not hold",
        "Compare los dos lados con la foto: una hoja puede traer una suma que no cuadra.",
    ),
    (
        Code::ElectoresExceeded,
        "Más votos que electores",
        "More votes than electors",
        "Compare los dos números con la foto.",
    ),
    (
        Code::OutOfLine,
        "Un número no encaja con los demás",
        "A number does not fit the others",
        "Compare el número y las sumas con la foto.",
    ),
    (
        Code::ValueCorrected,
        "Valor corregido por las sumas",
        "Value corrected by the sums",
        "Compare el número con la foto.",
    ),
    (
        Code::ValueFilled,
        "Valor deducido de las sumas",
        "Value filled from the sums",
        "Compare el número con la foto.",
    ),
    (
        Code::CellUnreadable,
        "Un número no se pudo leer",
        "A number could not be read",
        "Lea el número en la foto.",
    ),
    (
        Code::Misreading,
        "Una lectura dudosa de un número",
        "A doubtful reading of a number",
        "Compare el número con la foto.",
    ),
    (
        Code::FieldsAbsent,
        "Hay números que no están en la foto",
        "Numbers are not on the photo",
        "Añada fotos del resto de la hoja.",
    ),
    (
        Code::LowConfidence,
        "Certeza insuficiente",
        "Not certain enough",
        "Compruebe con la foto los números indicados.",
    ),
    (
        Code::ElectoresDiffer,
        "Electores distintos de los del registro",
        "Electors differ from the registry",
        "Compare el código de las primeras líneas de la hoja y la fecha del registro.",
    ),
    (
        Code::TableNotRegistered,
        "La mesa no está en el registro",
        "The table is not in the registry",
        "Compare el código de las primeras líneas de la hoja y la fecha del registro.",
    ),
    (
        Code::PlaceDiffers,
        "Un nombre de lugar difiere del registro",
        "A place name differs from the registry",
        "",
    ),
    (Code::QrMissing, "Sin código QR legible", "No readable QR code", ""),
    (
        Code::QrForeign,
        "El código QR no es de esta clase de hoja",
        "The QR code is not of this form",
        "Mire si el código que está al pie pertenece a la hoja.",
    ),
    (
        Code::QrOfAnotherSheet,
        "El código QR parece de otra hoja",
        "The QR code seems to be another sheet's",
        "Compruebe si lo impreso y el código QR son de la misma hoja.",
    ),
    (Code::CodeDoubtful, "Código de acta dudoso", "Doubtful acta code", ""),
    (
        Code::NothingRead,
        "No se leyó ningún número",
        "No number could be read",
        "Tome la foto más cerca, más derecha o por partes.",
    ),
    (
        Code::ZeroReport,
        "Todas las filas en cero",
        "Every row is zero",
        "Sus ceros cuentan como votos solo si en esa mesa se votó.",
    ),
    (
        Code::AnotherElection,
        "Fecha de otra elección",
        "Dated of another election",
        "Compruebe de qué elección es la hoja.",
    ),
    (
        Code::NoSheet,
        "No se encontró ninguna hoja conocida",
        "No known sheet was found",
        "Compruebe que la foto muestra un acta entera, nítida y derecha.",
    ),
    (
        Code::DuplicateFile,
        "El mismo archivo ya está en la corrida",
        "The same file is already in the run",
        "No hace falta nada: se procesó una sola vez.",
    ),
    (
        Code::UnreadableFile,
        "El archivo no se puede leer",
        "The file cannot be read",
        "Compruebe que existe y que tiene permiso para leerlo.",
    ),
    (Code::EmptyFile, "El archivo está vacío", "The file is empty", "Cópielo otra vez desde su origen."),
    (
        Code::TooLarge,
        "La imagen es demasiado grande",
        "The picture is too large",
        "Guárdela más pequeña o suba el límite.",
    ),
    (
        Code::NotAPicture,
        "El archivo no es una imagen",
        "The file is no picture",
        "Expórtela como JPEG o PNG; si es una imagen, sus datos están dañados.",
    ),
    (
        Code::DamagedPicture,
        "La imagen está dañada",
        "The picture is damaged",
        "Copie o descargue el archivo otra vez: este no contiene la imagen completa.",
    ),
    (
        Code::CodeUnreadable,
        "Código de acta ilegible",
        "The acta code could not be read",
        "Lea centro y mesa en las primeras líneas de la hoja.",
    ),
    (
        Code::ManyDoubtful,
        "Muchos números se leen con duda",
        "Many numbers are read with doubt",
        "Tome la foto más cerca, más derecha o con mejor luz; o compruebe los números con la foto.",
    ),
    (
        Code::RowsDoubtful,
        "Los números pueden estar una fila corridos",
        "Numbers may be a row off",
        "Compare los nombres de las filas con la foto, o tome la foto más derecha.",
    ),
    (
        Code::CodeAlone,
        "Solo se encontró el código QR de la hoja",
        "Only the sheet's QR code was found",
        "Añada fotos del resto de la hoja, o fotografíela más cerca, derecha y con luz pareja.",
    ),
    (
        Code::Illegible,
        "La impresión es demasiado pequeña para leerla",
        "The print is too small to be read",
        "Fotografíela más cerca o por partes que se solapen, y envíe la foto como archivo.",
    ),
    (
        Code::Glare,
        "Un reflejo tapa parte de un número",
        "Light hides part of a number",
        "Tome la foto sin flash, o desde otro lado de la lámpara.",
    ),
    (
        Code::Streaks,
        "Rayas de escáner a lo largo de la imagen",
        "Scanner streaks along the picture",
        "Limpie el vidrio del escáner; escanee otra vez si hay duda sobre un número bajo una raya.",
    ),
    (
        Code::InternalError,
        "El programa falló en esta página",
        "The program failed on this page",
        "Es una falla del programa: comuníquela con lo que dijo la consola. Guardada otra vez como PNG, la imagen \
         quizá se pueda leer.",
    ),
    (Code::PartOfSheet, "Parte de una hoja", "Part of a sheet", ""),
    (Code::JoinedPhotos, "Hoja leída de varias fotos", "Sheet read from several photos", ""),
    (
        Code::PhotosDisagree,
        "Las fotos de una misma hoja dicen números distintos",
        "Photos of one sheet say different numbers",
        "Compare las fotos entre sí.",
    ),
];

/// A folder or scanner that stands out, with its test.
pub fn alarm(alarm: &Alarm) -> Both {
    let (what_es, what_en) = match alarm.kind {
        AlarmKind::Review => ("hojas sin aceptar", "sheets not accepted"),
        AlarmKind::Qr => ("códigos QR sin leer", "QR codes not read"),
    };
    let (group_es, group_en) = match alarm.group {
        GroupKind::Folder => ("La carpeta", "The folder"),
        GroupKind::Scanner => ("El escáner (comienzo del nombre)", "The scanner (start of the name)"),
    };
    let Alarm { name, failed, of, others_failed, others, p_value, .. } = alarm;
    Both::new(
        format!(
            "{group_es} {name} se aparta: {failed} de {of} {what_es}, en el resto {others_failed} de {others} \
             (prueba exacta de Fisher, p = {p_value:.1e})."
        ),
        format!(
            "{group_en} {name} stands out: {failed} of {of} {what_en}, elsewhere {others_failed} of {others} \
             (Fisher's exact test, p = {p_value:.1e})."
        ),
    )
}

/// The title of a finding's code.
pub fn title(code: Code) -> Both {
    KNOWN
        .iter()
        .find(|k| k.0 == code)
        .map_or_else(|| Both::same(code.name().replace('_', " ")), |&(_, es, en, _)| Both::new(es, en))
}

/// What a person can do about a finding; empty when nothing needs doing.
pub fn advice(finding: &Finding) -> Both {
    let es = KNOWN.iter().find(|k| k.0 == finding.code).map_or(finding.hint.as_str(), |k| k.3);
    Both::new(es, sentence(&finding.hint))
}

/// What is seen, with its numbers.
pub fn detail(finding: &Finding, record: &Record, form: Option<&Form>) -> Both {
    let value = finding.field.as_deref().and_then(|id| record.numbers().find(|f| f.0 == id));
    match (finding.code, value) {
        (Code::RelationBroken | Code::ElectoresExceeded, _) => Both::same(""),
        (Code::LowConfidence, _) => {
            let wrong = percent(1.0 - record.confidence);
            Both::new(
                format!("La probabilidad de que algún número esté mal es del {}.", wrong.es),
                format!("The probability that some number is wrong is {}.", wrong.en),
            )
        }
        (Code::ChannelsDisagree | Code::CellUnreadable, Some((id, value))) => {
            let said = said(value);
            let label = label(id, record, form);
            Both::new(format!("{label}: {}.", said.es), format!("{label}: {}.", said.en))
        }
        (Code::ValueCorrected | Code::ValueFilled, Some((id, value))) => {
            let said = said(value);
            let label = label(id, record, form);
            let fits = value.value.map_or_else(String::new, |v| v.to_string());
            Both::new(
                format!("{label}: {}; {fits} es lo que cuadra con los demás números.", said.es),
                format!("{label}: {}; {fits} is what fits the other numbers.", said.en),
            )
        }
        (Code::OutOfLine, Some((id, value))) => {
            let said = said(value);
            let label = label(id, record, form);
            match value.alternatives.first() {
                Some(other) => Both::new(
                    format!("{label}: {}; los demás números de la hoja dan {}.", said.es, other.value),
                    format!("{label}: {}; the other numbers of the sheet give {}.", said.en, other.value),
                ),
                None => Both::new(format!("{label}: {}.", said.es), format!("{label}: {}.", said.en)),
            }
        }
        (Code::FieldsAbsent, _) => {
            let printed = |v: &Value| v.prints.digits.is_some() || v.prints.words.is_some();
            let absent = record.numbers().filter(|(id, v)| *id != ELECTORES && !printed(v)).count();
            Both::new(
                format!("{absent} números no están en la foto."),
                format!("{absent} numbers are not on the photo."),
            )
        }
        (Code::QrMissing | Code::ZeroReport, _) => Both::same(""),
        _ => Both::same(sentence(&finding.message)),
    }
}

/// `dígitos 183, letras 283, QR 283`.
fn said(value: &Value) -> Both {
    let channels = [
        ("dígitos", "digits", &value.prints.digits),
        ("letras", "words", &value.prints.words),
        ("QR", "QR", &value.prints.qr),
    ];
    let text = |c: &Print| c.value.map_or_else(|| "—".to_owned(), |v| v.to_string());
    let list: Vec<(String, String)> = channels
        .into_iter()
        .filter_map(|(es, en, c)| {
            c.as_ref().map(|c| (format!("{es} {}", text(c)), format!("{en} {}", text(c))))
        })
        .collect();
    if list.is_empty() {
        return Both::new("ningún canal legible", "no channel readable");
    }
    let join = |pick: fn(&(String, String)) -> &str| list.iter().map(pick).collect::<Vec<_>>().join(", ");
    Both::new(join(|p| &p.0), join(|p| &p.1))
}

/// A field as a person would call it: its party for a vote row, its label for a total.
pub fn label(id: &str, record: &Record, form: Option<&Form>) -> String {
    if let Some(vote) = record.choice(id) {
        return vote.party.clone();
    }
    let field = form.and_then(|f| f.field(id).map(|ix| &f.fields[ix]));
    field.map_or_else(
        || id.replace('_', " "),
        |f| match &f.kind {
            FieldKind::Vote { party, .. } => party.clone(),
            FieldKind::Total | FieldKind::Header => f.label.clone(),
        },
    )
}

/// A probability in per cent, as exact as its distance from certainty asks: `87 %`, `99.4 %`,
/// `99.997 %`; never rounded up to 100.
pub fn percent(p: f64) -> Both {
    let p = p.clamp(0.0, 1.0);
    let edge = p.min(1.0 - p);
    let text = if p == 0.0 || p >= 1.0 {
        format!("{:.0}", p * 100.0)
    } else if edge < 1e-7 {
        (if p < 0.5 { "< 0.00001" } else { "> 99.9999" }).to_owned()
    } else {
        // Two digits of the distance from the nearer end, one of them behind a row of nines.
        let zeros = (-edge.log10()).floor();
        let digits = if p < 0.5 && zeros > 0.0 { zeros } else { zeros - 1.0 }.clamp(0.0, 7.0) as usize;
        // Cut, not rounded, above a half: 99.97 is never shown as 100.
        let scale = 10f64.powi(digits as i32);
        let cut = if p > 0.5 { (p * 100.0 * scale + 1e-6).floor() / scale } else { p * 100.0 };
        format!("{cut:.digits$}")
    };
    Both::new(format!("{} %", text.replace('.', ",")), format!("{text}%"))
}

/// A text that begins with a capital and ends with a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::finding::Severity;
    use crate::run::output::sample;

    #[test]
    fn a_probability_is_never_rounded_up_to_certainty() {
        assert_eq!(percent(0.87).en, "87%");
        assert_eq!(percent(0.994).es, "99,4 %");
        assert_eq!(percent(0.99997).en, "99.997%");
        assert_eq!(percent(0.999_999_999_9).en, "> 99.9999%");
        assert_eq!(percent(0.00032).en, "0.032%");
        assert_eq!(percent(0.0).en, "0%");
    }

    #[test]
    fn a_disagreement_is_told_with_each_channels_number() {
        let mut record = sample::record("a.jpg");
        record.contests[0].choices[0].votes.prints.words.as_mut().unwrap().value = Some(21);
        let finding = Finding::new(Code::ChannelsDisagree, Severity::Review, "", "").on("NM_PSUV");
        let both = detail(&finding, &record, None);
        assert_eq!(both.es, "PSUV: dígitos 20, letras 21.");
        assert_eq!(both.en, "PSUV: digits 20, words 21.");
    }
}

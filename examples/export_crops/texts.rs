//! Texts of lines as sheets print them above the frame, invented: codes, identifiers, dates, names, random signs.

use cotejo::form::{Style, Weight};
use cotejo::lab::synth::SynthRng;
use cotejo::read::glyphs::net::SIGNS;
use rand::RngExt;

/// Words of places and addresses in general use.
const COMMON: &str = "Estado EDO. Municipio MP. Parroquia PQ. País Electores Elector Acta de escrutinio cero \
    UNIDAD EDUCATIVA ESCUELA BASICA BÁSICA LICEO COLEGIO NACIONAL BOLIVARIANA BOLIVARIANO INICIAL CENTRO \
    CENTRO DE EDUCACIÓN EDUCACION PREESCOLAR JARDIN CASA COMUNAL CANCHA AMBULATORIO INSTITUTO UNIVERSIDAD \
    TÉCNICA GRUPO ESCOLAR SECTOR BARRIO URBANIZACIÓN URBANIZACION CALLE AVENIDA AV. CARRERA VEREDA \
    CARRETERA FRENTE DERECHA IZQUIERDA ENTRE ESQUINA PRINCIPAL VIA VÍA EDIFICIO PISO LOTE MANZANA KM CASERIO \
    SAN SANTA JOSE JOSÉ ANTONIO MARIA DON DOCTOR DR. GENERAL PADRE NUEVA VIEJA EL LA LOS LAS DEL DE Y N° NRO. S/N \
    U.E. U.E.N. E.B. C.E.I. L.B. CAPITAL DISTRITO";

/// Syllables of which words are made.
const SYLLABLES: &str = "A BA CA DA FA GA JA LA MA NA PA RA SA TA VA ZA BE CE DE FE GE LE ME NE PE RE SE TE VE \
    QUE BI CI DI FI GUI LI MI NI PI RI SI TI VI BO CO DO GO JO LO MO NO PO RO SO TO VO ZO BU CU DU FU GU JU LU MU NU \
    PU RU SU TU QUI QUE QUÍ ÑA ÑO ÑI LLA LLO CHA CHO CHE RRA RRO AN EN IN ON UN AR ER IR OR UR AL EL IL OL US ES AS OS IS ÁN ÉN ÍN \
    ÓN ÚN Í É Á Ó Ú ÜE GRA TRI PRO BLA CLO FRE CRU XI KI WI YA YO HU HI ZU IE IA IO UE UA";

fn pick<'a>(list: &'a str, rng: &mut SynthRng) -> &'a str {
    let all: Vec<&str> = list.split_whitespace().collect();
    all[rng.random_range(0..all.len())]
}

/// Letters of names: in words of these each is as frequent as the others, first, last and beside any.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZÁÉÍÓÚÑÜ";

fn word(rng: &mut SynthRng) -> String {
    let word: String = if rng.random_bool(0.3) {
        let letters: Vec<char> = LETTERS.chars().collect();
        (0..rng.random_range(1..=8)).map(|_| letters[rng.random_range(0..letters.len())]).collect()
    } else {
        (0..rng.random_range(1..=4)).map(|_| pick(SYLLABLES, rng)).collect()
    };
    match rng.random_range(0..10) {
        0 => word.to_lowercase(),
        1 => {
            let mut signs = word.chars();
            let first: String = signs.by_ref().take(1).collect();
            first + &signs.as_str().to_lowercase()
        }
        _ => word,
    }
}

fn digits(n: usize, rng: &mut SynthRng) -> String {
    (0..n).map(|_| char::from(b'0' + rng.random_range(0..10u8))).collect()
}

fn hex(n: usize, rng: &mut SynthRng) -> String {
    (0..n).map(|_| char::from_digit(rng.random_range(0..16), 16).unwrap_or('0')).collect()
}

/// Signs that are like another one, small, or rare in words.
const ALIKE: &str = "Il1iÍíjtfr'\"°º*.,;:_-QO0ÜÚUCGZ2S5B8";

/// Random signs: words of one to eight, six in ten with a capital first; two signs in five are among those
/// that are like another one.
fn signs(rng: &mut SynthRng) -> String {
    let of = |list: &str| -> Vec<char> { list.chars().filter(|&c| c != ' ' && SIGNS.contains(c)).collect() };
    let (all, alike, capitals) = (of(SIGNS), of(ALIKE), of(LETTERS));
    let one = |list: &[char], rng: &mut SynthRng| list[rng.random_range(0..list.len())];
    let mut text = String::new();
    let most = rng.random_range(3..40);
    while text.chars().count() < most {
        if rng.random_bool(0.6) {
            text.push(one(&capitals, rng));
        }
        for _ in 0..rng.random_range(1..8) {
            let list = if rng.random_bool(0.4) { &alike } else { &all };
            text.push(one(list, rng));
        }
        text.push(' ');
    }
    let head = ["Estado ", "Municipio ", "Parroquia "][rng.random_range(0..3)];
    let head = if rng.random_bool(0.15) { head } else { "" };
    format!("{head}{}", text.trim())
}

/// Which lines a page has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// All kinds that a sheet prints.
    All,
    /// Acta codes, centre codes and numbers of voters.
    Codes,
}

/// Before the names of places.
const HEADS: [&str; 6] =
    ["Estado EDO.", "Estado DISTRITO", "Municipio MP.", "Parroquia PQ.", "Parroquia PQ.", "PQ."];

/// A line's text and style; `names` are names that sheets print.
pub fn line(texts: Texts, names: &[String], rng: &mut SynthRng) -> (String, Style) {
    let plain = Style { size: 2.44, weight: Weight::Regular, space: None, tracking: 0.0 };
    let bold = Style { weight: Weight::Bold, ..plain };
    let kind = match texts {
        Texts::All => rng.random_range(0..30),
        Texts::Codes => rng.random_range(0..4),
    };
    let text = match kind {
        0 | 1 => {
            let text = format!("{}.{}.{}.{}", digits(9, rng), digits(2, rng), digits(1, rng), digits(4, rng));
            return (text, plain);
        }
        2 => digits(9, rng),
        3 => {
            let places = rng.random_range(1..=4);
            return (format!("{} Electores", digits(places, rng)), bold);
        }
        4 => {
            let half = if rng.random_bool(0.5) { "AM" } else { "PM" };
            let d = |rng: &mut SynthRng| digits(2, rng);
            format!("{}/{}/{} {}:{}:{} {half}", d(rng), d(rng), digits(4, rng), d(rng), d(rng), d(rng))
        }
        5 | 6 => {
            let whole = [8, 4, 4, 4, 12].map(|n| hex(n, rng)).join("-");
            if rng.random_bool(0.8) { whole[..24].to_owned() } else { whole[24..].to_owned() }
        }
        7 | 8 => {
            let style = Style { size: 2.45, ..plain };
            return (hex(rng.random_range(28..=34), rng).to_uppercase(), style);
        }
        9 | 20.. => {
            let style = if rng.random_bool(0.15) { bold } else { plain };
            return (signs(rng), style);
        }
        10 => {
            let head = HEADS[rng.random_range(0..HEADS.len())];
            let name = match names.len() {
                n if n > 0 && rng.random_bool(0.6) => names[rng.random_range(0..n)].clone(),
                _ => (0..rng.random_range(1..=2)).map(|_| word(rng)).collect::<Vec<_>>().join(" "),
            };
            if rng.random_bool(0.8) { format!("{head} {name}") } else { name }
        }
        kind => {
            let mut text = String::new();
            let most = rng.random_range(6..34);
            while text.chars().count() < most {
                let next = match rng.random_range(0..12) {
                    0..=4 => pick(COMMON, rng).to_owned(),
                    5 => digits(rng.random_range(1..=4), rng),
                    _ => word(rng),
                };
                text.push_str(&next);
                text.push_str(match rng.random_range(0..30) {
                    0 => ", ",
                    1 | 9 | 10 => ". ",
                    2 => "-",
                    3 => " - ",
                    4 => "/",
                    5 => " (",
                    6 => ") ",
                    7 => "\" ",
                    8 => ": ",
                    11 => "  ",
                    _ => " ",
                });
            }
            if kind == 11 {
                return (text.trim().to_owned(), Style { size: 2.90, ..bold });
            }
            if kind == 12 {
                return (text.trim().to_owned(), bold);
            }
            text.trim().to_owned()
        }
    };
    (text, plain)
}

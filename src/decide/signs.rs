//! Signs of a code: what readings say of each place, put together.
//!
//! In: what readers say, as signs or as listed texts. Out: signs. Refuses (says nothing of) readings that list nothing.

use crate::read::belief::{Signs, Texts};

const DIGITS: [char; 10] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// What is believed sign by sign of texts that are listed: those as long as the most probable one. What is not listed is
/// near to it: it has another digit in one place. `None` where nothing is listed.
pub fn of(texts: &Texts) -> Option<Signs> {
    let (best, _) = texts.values.first()?;
    let long = |text: &String| text.chars().count() == best.chars().count();
    let listed: f64 = texts.values.iter().filter(|v| long(&v.0)).map(|v| v.1).sum();
    let place = |(k, sign): (usize, char)| {
        let mut at =
            if sign.is_ascii_digit() { DIGITS.map(|d| (d, 0.0)).to_vec() } else { vec![(sign, 0.0)] };
        for (text, p) in texts.values.iter().filter(|v| long(&v.0)) {
            match text.chars().nth(k).and_then(|c| at.iter_mut().find(|a| a.0 == c)) {
                Some(a) => a.1 += p,
                None => at.iter_mut().for_each(|a| a.1 += p / 10.0),
            }
        }
        at.iter_mut().filter(|a| a.0 == sign).for_each(|a| a.1 += 1.0 - listed);
        at
    };
    Some(Signs(best.chars().enumerate().map(place).collect()).doubted(1.0 - listed).settled())
}

/// Signs in the light of what else is said of the same places, or of the first of them: so much of it counts.
#[must_use]
pub fn and(mut signs: Signs, other: &Signs, power: f64) -> Signs {
    for (place, said) in signs.0.iter_mut().zip(&other.0) {
        place.iter_mut().for_each(|sign| sign.1 *= probability(said, sign.0).powf(power));
    }
    signs.settled()
}

/// What is believed of one sign at a place.
pub fn probability(place: &[(char, f64)], sign: char) -> f64 {
    place.iter().find(|s| s.0 == sign).map_or(0.0, |s| s.1)
}

//! A share in per cent, as sheets print it.
//!
//! In: text such as `71.86`. Out: [`Percent`], hundredths of a per cent, and the same text again. Refuses what is no share
//! to two decimals: a number is held against the very digits that are printed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Hundredths of a per cent, 0 to 10,000; in records as text with two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^(100\.00|\d{1,2}\.\d{2})$"))]
pub struct Percent(u32);

/// The whole, in hundredths of a per cent.
pub const WHOLE: u32 = 10_000;

impl Percent {
    /// The share of `part` in `whole`, rounded as sheets do: halves up. `None` of nothing, and of more than the whole.
    pub fn of(part: u32, whole: u32) -> Option<Self> {
        let (part, whole) = (u64::from(part), u64::from(whole));
        let share = (2 * u64::from(WHOLE) * part + whole).checked_div(2 * whole)?;
        u32::try_from(share).ok().filter(|_| part <= whole).map(Self)
    }
}

impl Percent {
    /// So many hundredths of a per cent; `None` of more than the whole.
    pub fn hundredths(of: u32) -> Option<Self> {
        (of <= WHOLE).then_some(Self(of))
    }

    /// Its hundredths of a per cent.
    pub fn in_hundredths(self) -> u32 {
        self.0
    }

    /// The part of `whole` that is printed as this share; `None` where there is none, or several.
    pub fn part(self, whole: u32) -> Option<u32> {
        let near = (f64::from(self.0) * f64::from(whole) / f64::from(WHOLE)).floor() as u32;
        let mut parts =
            (near.saturating_sub(1)..=near + 1).filter(|&part| Self::of(part, whole) == Some(self));
        parts.next().filter(|_| parts.next().is_none())
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        let parsed = text.split_once('.').and_then(|(whole, rest)| {
            let shaped = (1..=3).contains(&whole.len()) && rest.len() == 2 && digits(whole) && digits(rest);
            let hundredths = whole.parse::<u32>().ok()? * 100 + rest.parse::<u32>().ok()?;
            (shaped && hundredths <= WHOLE).then_some(Self(hundredths))
        });
        parsed.ok_or_else(|| format!("{text:?} is no share in per cent with two decimals, such as 71.86"))
    }
}

impl TryFrom<String> for Percent {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Percent> for String {
    fn from(percent: Percent) -> Self {
        percent.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_what_a_sheet_prints_of_it_and_nothing_else_is_one() {
        for (part, whole, printed) in
            [(287, 413, "69.49"), (1, 413, "0.24"), (0, 399, "0.00"), (7, 7, "100.00")]
        {
            let share = Percent::of(part, whole).unwrap();
            assert_eq!((share.to_string().as_str(), printed.parse()), (printed, Ok(share)));
        }
        assert_eq!((Percent::of(0, 0), Percent::of(8, 7)), (None, None));
        let share = |text: &str| text.parse::<Percent>().unwrap();
        assert_eq!(
            (share("69.49").part(413), share("69.50").part(413), share("100.00").part(7)),
            (Some(287), None, Some(7))
        );
        assert_eq!(share("0.00").part(30_000), None, "nought and one of thirty thousand");
        for text in ["", "71", "71.8", "71.860", "100.01", "7,50", "+1.00", "1.+2", "999.99"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }
}

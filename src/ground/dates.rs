//! Dates and times: as sheets print them, and as records write them (ISO 8601).
//!
//! In: what a form's pattern found, the system's clock. Out: a moment, and its writing. Refuses what no calendar has.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use regex::Captures;
use std::time::SystemTime;

/// The moment of day, month, year, hour, minute, second and AM or PM; `None` for what is no date.
pub fn printed(groups: &Captures<'_>) -> Option<NaiveDateTime> {
    let number = |ix: usize| groups.get(ix)?.as_str().parse::<u32>().ok();
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(3)?).ok()?, number(2)?, number(1)?)?;
    let hour = number(4).filter(|h| (1..=12).contains(h))?;
    let noon = if groups.get(7)?.as_str() == "PM" { 12 } else { 0 };
    date.and_hms_opt(hour % 12 + noon, number(5)?, number(6)?)
}

/// A moment without a zone, such as `2024-07-28T20:24:06`.
pub fn iso(moment: NaiveDateTime) -> String {
    moment.format("%FT%T").to_string()
}

/// The day of a moment as sheets print it, `DD/MM/YYYY`.
pub fn day(moment: NaiveDateTime) -> String {
    moment.format("%d/%m/%Y").to_string()
}

/// A moment in UTC to the second, such as `2024-07-29T00:24:06Z`.
pub fn utc(moment: SystemTime) -> String {
    DateTime::<Utc>::from(moment).format("%FT%TZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn afternoon_and_midnight_become_iso() {
        let form = crate::form::builtin().unwrap().remove(0);
        let pattern = form.header_line("issued_at").unwrap().pattern.clone().unwrap();
        let printed = |t: &str| pattern.captures(t).and_then(|c| printed(&c));
        let iso = |t: &str| printed(t).map(iso);
        assert_eq!(iso("28/07/2024 08:24:06 PM").as_deref(), Some("2024-07-28T20:24:06"));
        assert_eq!(iso("29/07/2024 12:05:00 AM").as_deref(), Some("2024-07-29T00:05:00"));
        for none in ["29/17/2024 12:05:00 AM", "31/06/2024 12:05:00 AM", "29/07/2024 13:05:00 PM"] {
            assert_eq!(printed(none), None, "{none}");
        }
        assert_eq!(printed("28/07/2024 08:24:06 PM").map(day).as_deref(), Some("28/07/2024"));
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        let at = |s| utc(UNIX_EPOCH + Duration::from_secs(s));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_722_212_646), "2024-07-29T00:24:06Z");
    }
}

//! Dates and times as sheets print them, and as records write them (ISO 8601).

use regex::Captures;

/// ISO 8601 from day, month, year, hour, minute, second and AM or PM; `None` for what is no date.
pub fn iso(groups: &Captures<'_>) -> Option<String> {
    let number = |ix: usize| groups.get(ix)?.as_str().parse::<u32>().ok();
    let (day, month, year) = (number(1)?, number(2)?, number(3)?);
    let (hour, minute, second) = (number(4)?, number(5)?, number(6)?);
    let half = groups.get(7)?.as_str();
    if !(1..=31).contains(&day) || !(1..=12).contains(&month) || !(1..=12).contains(&hour) {
        return None;
    }
    if minute > 59 || second > 59 {
        return None;
    }
    let hour = hour % 12 + if half == "PM" { 12 } else { 0 };
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

/// The day of an ISO date and time as sheets print it, `DD/MM/YYYY`.
pub fn printed_day(iso: &str) -> Option<String> {
    let (year, rest) = iso.split_once('-')?;
    let (month, rest) = rest.split_once('-')?;
    Some(format!("{}/{month}/{year}", rest.get(..2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn afternoon_and_midnight_become_iso() {
        let form = crate::form::builtin().unwrap().remove(0);
        let pattern = form.header_line("issued_at").unwrap().pattern.clone().unwrap();
        let iso = |t: &str| pattern.captures(t).and_then(|c| iso(&c));
        assert_eq!(iso("28/07/2024 08:24:06 PM").as_deref(), Some("2024-07-28T20:24:06"));
        assert_eq!(iso("29/07/2024 12:05:00 AM").as_deref(), Some("2024-07-29T00:05:00"));
        assert_eq!(iso("29/17/2024 12:05:00 AM"), None);
        assert_eq!(printed_day("2024-07-28T20:24:06").as_deref(), Some("28/07/2024"));
    }
}

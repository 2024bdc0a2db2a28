//! ISO 8601, as much of it as webhooks write.

use crate::Timestamp;

/// Reads `2026-09-21T14:13:20`, with or without a fraction of the second and an offset.
///
/// `T` may be a space and `t`, as in RFC 3339. An offset is `Z`, `UTC`, `+01:00`, `+0100` or `+01`.
pub(in crate::payload) fn parse_iso(text: &str) -> Option<Timestamp> {
    let mut rest = text.as_bytes();
    let year = number(&mut rest, 4)?;
    expect(&mut rest, b"-")?;
    let month = number(&mut rest, 2).filter(|month| (1..=12).contains(month))?;
    expect(&mut rest, b"-")?;
    let day = number(&mut rest, 2).filter(|day| (1..=days_in(year, month)).contains(day))?;
    expect(&mut rest, b"Tt ")?;
    let hour = number(&mut rest, 2).filter(|hour| *hour < 24)?;
    expect(&mut rest, b":")?;
    let minute = number(&mut rest, 2).filter(|minute| *minute < 60)?;
    expect(&mut rest, b":")?;
    // 60 is a leap second, and the moment after 59.
    let second = number(&mut rest, 2).filter(|second| *second <= 60)?;
    let millis = fraction(&mut rest)?;
    let offset = offset(rest)?;

    let days = days_since_1970(year, month, day);
    let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
    Some(Timestamp::from_millis(seconds * 1000 + millis))
}

fn number(rest: &mut &[u8], digits: usize) -> Option<i64> {
    let (number, after) = rest.split_at_checked(digits)?;
    *rest = after;
    number.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

fn expect(rest: &mut &[u8], one_of: &[u8]) -> Option<()> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    one_of.contains(first).then_some(())
}

/// The milliseconds of a fraction, rounded down.
fn fraction(rest: &mut &[u8]) -> Option<i64> {
    let Some(digits) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) else { return Some(0) };
    let length = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
    let (digits, after) = digits.split_at(length);
    *rest = after;
    let of_digit = |place: usize| digits.get(place).map_or(0, |digit| i64::from(digit - b'0'));
    (length > 0).then(|| of_digit(0) * 100 + of_digit(1) * 10 + of_digit(2))
}

/// The minutes by which local time is ahead.
fn offset(rest: &[u8]) -> Option<i64> {
    let (sign, mut rest) = match rest {
        b"" | b"Z" | b"z" | b" UTC" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let hours = number(&mut rest, 2).filter(|hours| *hours < 24)?;
    rest = rest.strip_prefix(b":").unwrap_or(rest);
    let minutes = if rest.is_empty() { 0 } else { number(&mut rest, 2).filter(|minutes| *minutes < 60)? };
    rest.is_empty().then_some(sign * (hours * 60 + minutes))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Counts days with the year beginning in March, so that the odd month is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_webhooks_write_and_its_neighbours() {
        for (text, millis) in [
            ("2026-09-21T14:13:20Z", 1_790_000_000_000),
            ("2026-09-21T14:13:20.520Z", 1_790_000_000_520),
            ("2026-09-21T14:13:20.5", 1_790_000_000_500),
            ("2026-09-21T14:13:20,123999z", 1_790_000_000_123),
            ("2026-09-21 14:13:20 UTC", 1_790_000_000_000),
            ("2026-09-21T16:13:20+02:00", 1_790_000_000_000),
            ("2026-09-21t08:43:20-0530", 1_790_000_000_000),
            ("2026-09-21T16:13:20+02", 1_790_000_000_000),
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ] {
            assert_eq!(parse_iso(text).map(Timestamp::unix_millis), Some(millis), "{text}");
        }
        for text in [
            "",
            "2026",
            "2026-09-21",
            "2026-09-21T14:13",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-09-21T24:00:00Z",
            "2026-09-21T14:13:20.Z",
            "2026-09-21T14:13:20X",
            "2026-09-21T14:13:20+2",
            "2026-09-21T14:13:20+02:00Z",
            "٢٠٢٦-09-21T14:13:20Z",
            "+026-09-21T14:13:20Z",
        ] {
            assert_eq!(parse_iso(text), None, "{text}");
        }
    }
}

//! Values of arguments that more than one command takes.

use std::time::Duration;

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person
    Human,
    /// For a program
    Json,
}

pub(super) fn rate(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "expected a whole number of requests a second, or 0 for no limit".to_owned())
}

pub(super) fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "expected a whole number above 0".to_owned())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text[..text.len() - unit.len()].parse().map_err(|_| UNREADABLE)?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err(UNREADABLE.to_owned()),
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(UNREADABLE.to_owned()),
    }
}

const UNREADABLE: &str = "expected a number above 0 and a unit, like 500ms, 5s or 1m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(
            ["500ms", "5s", "1.5s", "2m", "12h"].map(|text| duration(text).unwrap().as_millis()),
            [500, 5000, 1500, 120_000, 43_200_000]
        );
        for text in ["", "5", "s", "0s", "-1s", "5 s", "5d", "1.2.3s", "1e400s"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }
}

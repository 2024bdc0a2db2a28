use std::time::Duration;

use anstyle::{AnsiColor, Effects, Style};

use crate::verdict::Verdict;

/// Terminals are at least this wide, and lines longer than this are tiring to read.
const WIDTH: usize = 80;

pub(super) const BOLD: Style = Style::new().effects(Effects::BOLD);
pub(super) const DIM: Style = Style::new().effects(Effects::DIMMED);

pub(super) const fn style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Fail => AnsiColor::Red,
        Verdict::Lenient => AnsiColor::Yellow,
        Verdict::Inconclusive => AnsiColor::Cyan,
        Verdict::Skipped => return DIM,
        Verdict::Pass => AnsiColor::Green,
    };
    Style::new().fg_color(Some(anstyle::Color::Ansi(color)))
}

/// Breaks a text between words; the first line is taken to begin at column `used`, the others are indented by `indent`.
/// A word longer than a line is left whole, so that it can be copied.
pub(crate) fn wrapped(text: &str, used: usize, indent: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let (mut column, mut is_first) = (used, true);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !is_first && column + 1 + length > WIDTH {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if !is_first {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        is_first = false;
    }
    out
}

/// A duration as a person says it.
pub(super) fn time(time: Duration) -> String {
    match time.as_micros() {
        0..1000 => "under 1 ms".to_owned(),
        1000..1_000_000 => format!("{} ms", time.as_millis()),
        micros if micros % 1_000_000 == 0 => format!("{} s", time.as_secs()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// A number of bytes as a person reads it.
pub(super) fn bytes(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out} {}", if count == 1 { "byte" } else { "bytes" })
}

/// The beginning of a body in one line, without the tags of a page, and without anything that a terminal would take for
/// a command.
pub(super) fn excerpt(body: &str) -> String {
    const SHOWN: usize = 120;
    let body = if body.trim_start().starts_with('<') { without_tags(body) } else { body.to_owned() };
    let clean: String = body.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN { line } else { format!("{}…", line.chars().take(SHOWN).collect::<String>()) }
}

/// An error page says in its text what went wrong; this is no parser of HTML, and need not be one.
fn without_tags(page: &str) -> String {
    let pieces = page.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    pieces.collect::<Vec<_>>().join(" ").replace("&nbsp;", " ").replace("&quot;", "\"").replace("&#39;", "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_column_80_and_long_words_stay_whole() {
        let text = "word ".repeat(40);
        let lines: Vec<_> = wrapped(&text, 10, 4).lines().map(str::to_owned).collect();
        assert!(lines[0].len() <= 70 && lines[1..].iter().all(|line| line.len() <= 80 && line.starts_with("    ")));
        let long = "x".repeat(100);
        assert_eq!(wrapped(&long, 0, 2), long);
    }

    #[test]
    fn times_and_sizes_are_readable() {
        let times = [400, 1500, 999_999, 5_000_000, 2_345_678].map(|micros| time(Duration::from_micros(micros)));
        assert_eq!(times, ["under 1 ms", "1 ms", "999 ms", "5 s", "2.3 s"]);
        assert_eq!(
            [0, 1, 999, 1580, 2_097_152].map(bytes),
            ["0 bytes", "1 byte", "999 bytes", "1,580 bytes", "2,097,152 bytes"]
        );
    }

    #[test]
    fn an_excerpt_is_one_line_without_escapes() {
        assert_eq!(excerpt("a\n\t b\u{1b}[31m"), "a b [31m");
        assert_eq!(
            excerpt("<!DOCTYPE html>\n<body><pre>too &quot;large&quot;<br>&nbsp; at x</pre>"),
            "too \"large\" at x"
        );
        assert_eq!(excerpt(&"x".repeat(200)).chars().count(), 121);
    }
}

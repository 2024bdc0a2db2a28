//! Times, sizes and bodies as a person reads them, the same in every format.

use std::time::Duration;

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
    let line = harmless(&body).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN { line } else { format!("{}…", line.chars().take(SHOWN).collect::<String>()) }
}

/// A text without anything that a terminal would take for a command.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
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
        assert_eq!(harmless("302 Found to /\u{9b}2J"), "302 Found to / 2J");
        assert_eq!(
            excerpt("<!DOCTYPE html>\n<body><pre>too &quot;large&quot;<br>&nbsp; at x</pre>"),
            "too \"large\" at x"
        );
        assert_eq!(excerpt(&"x".repeat(200)).chars().count(), 121);
    }
}

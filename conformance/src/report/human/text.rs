use anstyle::{AnsiColor, Effects, Style};

use crate::verdict::Verdict;

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

/// Breaks a text between words, into lines of `width`; the first is taken to begin at column `used`, the others are
/// indented by `indent`. A word longer than a line is left whole, so that it can be copied.
pub(crate) fn wrapped(text: &str, width: usize, used: usize, indent: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let (mut column, mut is_first) = (used, true);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !is_first && column + 1 + length > width {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_the_width_and_long_words_stay_whole() {
        let text = "word ".repeat(40);
        let lines: Vec<_> = wrapped(&text, 80, 10, 4).lines().map(str::to_owned).collect();
        assert!(lines[0].len() <= 70 && lines[1..].iter().all(|line| line.len() <= 80 && line.starts_with("    ")));
        let long = "x".repeat(100);
        assert_eq!(wrapped(&long, 80, 0, 2), long);
    }
}

use crate::verdict::Verdict;

/// A text as it is, whatever characters stand in it: in an element or in a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What would reverse the direction of the text around it could make it say something else.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// One of our own texts, in which code stands between backticks.
pub(super) fn prose(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    pieces
        .map(|(at, piece)| if at % 2 == 1 { format!("<code>{}</code>", escaped(piece)) } else { escaped(piece) })
        .collect()
}

/// The sign that stands for a verdict where there is no room for the word; colour alone would not tell.
pub(super) const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "×",
        Verdict::Lenient => "~",
        Verdict::Inconclusive => "?",
        Verdict::Skipped => "–",
        Verdict::Pass => "✓",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_no_markup() {
        assert_eq!(escaped("<b a='1'>\"&\u{1b}[31m\u{202e}x"), "&lt;b a=&#39;1&#39;&gt;&quot;&amp; [31mx");
        assert_eq!(prose("answer `405` <now>"), "answer <code>405</code> &lt;now&gt;");
    }
}

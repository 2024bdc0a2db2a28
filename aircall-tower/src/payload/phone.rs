//! Telephone numbers as people write them.

/// Reads a telephone number that was written for people, and returns its E.164 form.
///
/// It has to begin with a plus, as Aircall's display form does; spaces and the punctuation of any country are taken
/// out. Everything else is `None`: `anonymous`, short and national numbers, extensions. No list of countries is asked.
///
/// ```
/// use aircall_tower::payload::e164;
///
/// assert_eq!(e164("+44 20 7946 0123").as_deref(), Some("+442079460123"));
/// assert_eq!(e164("+1 212-555-0142").as_deref(), Some("+12125550142"));
/// assert_eq!(e164("anonymous"), None);
/// assert_eq!(e164("020 7946 0123"), None);
/// ```
#[must_use]
pub fn e164(written: &str) -> Option<String> {
    digits(written.trim().strip_prefix('+')?)
}

/// The digits of an international number whose plus is not written.
pub(super) fn digits(written: &str) -> Option<String> {
    let mut number = String::from("+");
    for character in written.chars() {
        match character {
            '0'..='9' => number.push(character),
            // Spaces, hyphens, dots, brackets and slashes, and the forms of them that do not break a line.
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{202f}' | '\u{2010}' | '\u{2011}' => {}
            _ => return None,
        }
    }
    // At most 15 digits, and no country code begins with 0. Seven is the shortest that any numbering plan gives out.
    ((8..=16).contains(&number.len()) && !number.starts_with("+0")).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_international_numbers() {
        assert_eq!(e164(" +49 (30) 5550.142/1 ").as_deref(), Some("+493055501421"));
        assert_eq!(digits("12125550142").as_deref(), Some("+12125550142"));
        for written in
            ["", "+", "+44", "+0123456789", "+1234567890123456", "+44 20 7946 0123 x5", "+٤٤٢٠٧٩٤٦٠١٢٣", "442079460123"]
        {
            assert_eq!(e164(written), None, "{written}");
        }
    }
}

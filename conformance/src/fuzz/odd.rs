//! Values: those of every day, and those that are right and that nobody thinks of.

use super::{
    dice::Dice,
    json::{Json, NULL},
};

/// An id in one of the forms that are known: a number, also beyond 32 bits, digits in a string, a UUID.
pub(super) fn id(dice: &mut Dice<'_>) -> Json {
    match dice.below(6) {
        0 => Json::text("4223501188"),
        1 => Json::text(&uuid(dice)),
        2 => Json::number(4_294_967_400),
        _ => Json::number(4_223_500_000 + dice.number() % 10_000),
    }
}

/// A time in one of the three forms: seconds, milliseconds, ISO 8601 with or without a fraction.
pub(super) fn time(dice: &mut Dice<'_>) -> Json {
    match dice.below(4) {
        0 | 1 => Json::number(1_790_000_000 + dice.number() % 10_000),
        2 => Json::number(1_790_000_000_000 + dice.number() % 10_000_000),
        _ => Json::text(dice.pick(&["2026-09-21T14:13:20Z", "2026-09-21T14:13:20.000Z"])),
    }
}

pub(super) fn uuid(dice: &mut Dice<'_>) -> String {
    let (a, b) = (dice.number(), dice.number());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

pub(super) fn everyday(dice: &mut Dice<'_>) -> &'static str {
    dice.pick(&["Kim Sample", "Called back.\nAll good.", "", "Zoë Müller", "See you at 10.", "Sales"])
}

pub(super) fn anything(dice: &mut Dice<'_>) -> Json {
    match dice.below(6) {
        0 => NULL,
        1 => Json::text(everyday(dice)),
        2 => Json::Array(vec![Json::text("billing"), Json::text("refund")]),
        3 => Json::Object(vec![("Qu’est-ce ?".to_owned(), Json::text("né"))]),
        4 => Json::number(7),
        _ => Json::Bare("true".into()),
    }
}

/// The inside of a JSON string that is right, and odd.
pub(super) fn text(dice: &mut Dice<'_>) -> String {
    match dice.below(ODD_TEXTS.len() + 2) {
        0 => "x".repeat(dice.pick(&[256, 1024, 20_000])),
        1 => "\u{1f680}".repeat(dice.pick(&[64, 1000])),
        at => ODD_TEXTS[at - 2].to_owned(),
    }
}

/// A number that is right and odd, and that a double can hold: what JavaScript cannot make, Aircall does not send.
pub(super) fn number(dice: &mut Dice<'_>) -> Json {
    Json::Bare(dice.pick(ODD_NUMBERS).into())
}

/// A key that nobody expects.
pub(super) fn key(dice: &mut Dice<'_>) -> &'static str {
    dice.pick(ODD_KEYS)
}

/// The insides of JSON strings, as they stand there.
const ODD_TEXTS: &[&str] = &[
    "",
    " ",
    r"\u0000",
    r"a\u0000b",
    r"\ud83d",
    r"\udc00\ud83d",
    r"\ud83d\ude00",
    r"\u007f\u0080\u2028\u2029\ufeff\ufffe\uffff",
    "\u{202e}txet\u{202c} \u{200f}\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "Z\u{351}\u{36b}\u{343}a\u{30a}",
    "\u{10ffff}",
    r"\/\b\f\n\r\t\\\u0022",
    "'; DROP TABLE calls; --",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}%s%n",
    "../../etc/passwd",
    "null",
    "NaN",
    "-1",
    "1e309",
    "0000-00-00T00:00:00Z",
];

const ODD_NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1.0",
    "0.1",
    "1E5",
    "1e+2",
    "1e-7",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1e21",
    "-1e308",
    "5e-324",
    "3.141592653589793238462643383279",
];

/// The insides of JSON strings, as they stand there. Not among them is what a parser may refuse by design: `__proto__`,
/// `$ref`, and a key that begins with NUL, which PHP takes for a private property.
const ODD_KEYS: &[&str] = &[
    "",
    " ",
    "new_field",
    r#"a\"b"#,
    "a.b[0]",
    "\u{e9}\u{1f680}",
    "token",
    "data",
    "event",
    "constructor",
    "toString",
    "__typename",
];

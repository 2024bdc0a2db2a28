mod effect;

use super::{
    dice::Dice,
    form::Form,
    input::Class,
    json::{Json, NULL, Piece, Spacing},
    template::Template,
};

/// What is done to an event that no honest sender does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Damage {
    /// Something else stands where the token should.
    Token(Option<Json>),
    /// Another token beside it, under the same key.
    TokenTwice {
        first: Json,
        last: Json,
    },
    /// The key is not quite `token`.
    TokenKey(&'static str),
    /// The token stands in the data alone.
    TokenInData,
    /// A key of the envelope has a value that it never has, or is missing.
    Envelope(&'static str, Option<Json>),
    /// A key of the envelope is there twice.
    Twice(&'static str),
    /// The data is nested, in arrays or in objects.
    Deep {
        depth: usize,
        in_objects: bool,
    },
    /// It ends too early, at so many 65536ths.
    Cut(u16),
    /// Bytes stand in it at so many 65536ths.
    Insert {
        at: u16,
        bytes: Vec<u8>,
    },
    /// A bit of what is neither token nor time is flipped.
    Flip {
        at: u16,
        bit: u8,
    },
    Before(&'static [u8]),
    After(&'static str),
    /// Something else altogether.
    Instead(Vec<u8>),
    InAnArray,
}

impl Damage {
    pub(super) fn any(has_uppercase: bool, dice: &mut Dice<'_>) -> Self {
        let exact = || Json::Token(vec![Piece::Token(Form::Exact)]);
        let at = dice.number() as u16;
        match dice.below(24) {
            0..=6 => Self::Token(wrong(has_uppercase, dice)),
            7 => {
                let stranger = Json::Token(vec![Piece::Token(Form::Stranger)]);
                let (first, last) = match dice.below(4) {
                    0 => (exact(), stranger),
                    1 => (stranger, exact()),
                    2 => (stranger, Json::Token(vec![Piece::Token(Form::Changed(0))])),
                    _ => (exact(), exact()),
                };
                Self::TokenTwice { first, last }
            }
            8 => Self::TokenKey(dice.pick(&[
                "Token",
                "TOKEN",
                "token ",
                r"\u0074oken",
                "api_token",
                r"token\u0000",
                "tokens",
            ])),
            9 => Self::TokenInData,
            10 | 11 => Self::Envelope(dice.pick(&["event", "data", "resource", "timestamp"]), odd_envelope(dice)),
            12 => Self::Twice(dice.pick(&["event", "data", "timestamp"])),
            13 | 14 => Self::Deep { depth: dice.pick(&[200, 600, 2000, 10_000]), in_objects: dice.one_in(2) },
            15..=17 => Self::Cut(at),
            18 => Self::Insert { at, bytes: dice.pick(ODD_BYTES).to_vec() },
            19 => Self::Flip { at, bit: dice.below(8) as u8 },
            20 => Self::Before(dice.pick(&[b"\xef\xbb\xbf".as_slice(), b"\0", b")]}',\n", b"\xff\xfe", b"{}"])),
            21 => Self::After(dice.pick(&["x", "}", "\0", "{}", ",", "\n{\"event\":\"x\"}"])),
            22 => {
                let length = dice.pick(&[0, 1, 7, 300]);
                Self::Instead(match dice.below(4) {
                    0 => {
                        dice.pick(&["null", "[]", "{}", "\"token\"", "0", "true", "event=call.created&token=x"]).into()
                    }
                    _ => (0..length).map(|_| dice.number() as u8).collect(),
                })
            }
            _ => Self::InAnArray,
        }
    }

    /// A plainly wrong token.
    pub(super) fn stranger() -> Self {
        Self::Token(Some(Json::Token(vec![Piece::Token(Form::Stranger)])))
    }

    /// Tells what the receiver owes to it.
    ///
    /// Refused must be what is a whole event but for its token, and has no way to be read as one that carries it. What is
    /// ambiguous, or no JSON, or authentic and strange, has to be survived: both answers have their reasons.
    pub(super) fn class(&self) -> Class {
        let is_exact = |json: &Json| match json {
            Json::Token(pieces) => {
                pieces.iter().all(|piece| matches!(piece, Piece::Token(Form::Exact | Form::Escaped)))
            }
            _ => false,
        };
        // Stored tokens pick up white space, so some receivers trim on both sides.
        let is_padded = |json: &Json| match json {
            Json::Token(pieces) => pieces.iter().any(|piece| matches!(piece, Piece::Text(" " | r"\n"))),
            _ => false,
        };
        match self {
            Self::Token(Some(json)) if is_exact(json) || is_padded(json) => Class::Survive,
            Self::Token(_) | Self::TokenInData | Self::TokenKey("api_token" | "tokens") => Class::Refuse,
            Self::TokenTwice { first, last } if !is_exact(first) && !is_exact(last) => Class::Refuse,
            _ => Class::Survive,
        }
    }

    pub(super) fn what(&self) -> String {
        match self {
            Self::Token(None) => "no token".to_owned(),
            Self::Token(Some(json)) => {
                let mut shown = Template::default();
                json.write(Spacing::Compact, &mut shown);
                format!("the token {}", shown.shown())
            }
            Self::TokenTwice { .. } => "the key token twice".to_owned(),
            Self::TokenKey(key) => format!("the token under the key \"{key}\""),
            Self::TokenInData => "the token in the data alone".to_owned(),
            Self::Envelope(key, None) => format!("no {key}"),
            Self::Envelope(key, Some(_)) => format!("{key} of another type"),
            Self::Twice(key) => format!("the key {key} twice"),
            Self::Deep { depth, in_objects } => {
                format!("data nested {depth} deep in {}", if *in_objects { "objects" } else { "arrays" })
            }
            Self::Cut(_) => "cut off".to_owned(),
            Self::Insert { bytes, .. } => format!("{} in the middle", bytes.escape_ascii()),
            Self::Flip { .. } => "a bit flipped".to_owned(),
            Self::Before(bytes) => format!("{} in front", bytes.escape_ascii()),
            Self::After(text) => format!("{} behind", text.escape_debug()),
            Self::Instead(bytes) => format!("{} bytes of something else", bytes.len()),
            Self::InAnArray => "inside an array".to_owned(),
        }
    }

    /// The same, less of it.
    pub(super) fn smaller(&self) -> Vec<Self> {
        match self {
            Self::Deep { depth, in_objects } => [depth / 2, depth * 3 / 4, depth * 15 / 16]
                .into_iter()
                .filter(|&less| less > super::edit::DEEPEST)
                .map(|depth| Self::Deep { depth, in_objects: *in_objects })
                .collect(),
            Self::Instead(bytes) if !bytes.is_empty() => {
                [0, bytes.len() / 2, bytes.len() - 1].map(|length| Self::Instead(bytes[..length].to_vec())).into()
            }
            Self::Insert { at, bytes } if bytes.len() > 1 => {
                vec![Self::Insert { at: *at, bytes: bytes[..bytes.len() / 2].to_vec() }]
            }
            Self::Cut(at) if *at > 0 => [0, at / 2, at / 4 * 3].map(Self::Cut).into(),
            _ => vec![],
        }
    }
}

/// What may stand in the place of the token.
fn wrong(has_uppercase: bool, dice: &mut Dice<'_>) -> Option<Json> {
    let token = |form| Piece::Token(form);
    let exact = token(Form::Exact);
    let pieces = match dice.below(20) {
        0 | 1 => return None,
        2 => return Some(NULL),
        3 => return Some(Json::Bare(dice.pick(&["true", "false"]).into())),
        4 => return Some(Json::Bare(dice.pick(&["0", "1", "-1", "5e10", "1e308"]).into())),
        5 => return Some(Json::Array(vec![])),
        6 => return Some(Json::Object(vec![])),
        7 => return Some(Json::Array(vec![Json::Token(vec![exact])])),
        8 => return Some(Json::Object(vec![("token".to_owned(), Json::Token(vec![exact]))])),
        9 => vec![],
        10 | 11 => vec![token(Form::AllButLast)],
        12 => vec![token(Form::First(1 + dice.below(31)))],
        13 => vec![exact, Piece::Text(dice.pick(&["0", r"\u0000", "x"]))],
        14 => vec![Piece::Text("0"), exact],
        15 => vec![exact, exact],
        16 => vec![token(Form::Changed(dice.below(32)))],
        17 if has_uppercase => vec![token(Form::Uppercase)],
        18 => vec![token(Form::Escaped)],
        19 if dice.one_in(2) => vec![exact, Piece::Text(dice.pick(&[" ", r"\n"]))],
        _ => vec![token(Form::Stranger)],
    };
    Some(Json::Token(pieces))
}

fn odd_envelope(dice: &mut Dice<'_>) -> Option<Json> {
    match dice.below(6) {
        0 => None,
        1 => Some(NULL),
        2 => Some(Json::Array(vec![])),
        3 => Some(Json::Bare(dice.pick(&["-1", "0", "1e300", "99999999999999999999", "0.5"]).into())),
        4 => Some(Json::text("")),
        _ => Some(Json::Object(vec![])),
    }
}

/// What is no UTF-8, or no JSON where it comes to stand.
const ODD_BYTES: &[&[u8]] = &[
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc0\xaf",
    b"\0",
    b"\x1b[31m",
    b"\"",
    b"/*x*/",
];

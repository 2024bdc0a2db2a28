use super::Damage;
use crate::fuzz::{
    json::{Json, NULL},
    template::Template,
};

impl Damage {
    /// Does what can be done before the event is written.
    pub(in crate::fuzz) fn on_event(&self, event: &mut Json) {
        let Json::Object(fields) = event else { return };
        let position = |fields: &[(String, Json)], wanted: &str| fields.iter().position(|(key, _)| key == wanted);
        let Some(at) = position(fields, "token") else { return };
        match self {
            Self::Token(None) => drop(fields.remove(at)),
            Self::Token(Some(json)) => fields[at].1 = json.clone(),
            Self::TokenTwice { first, last } => {
                fields[at].1 = first.clone();
                fields.push(("token".to_owned(), last.clone()));
            }
            Self::TokenKey(key) => (*key).clone_into(&mut fields[at].0),
            Self::TokenInData => {
                let token = fields.remove(at);
                if let Some((_, Json::Object(data))) = fields.iter_mut().find(|(key, _)| key == "data") {
                    data.retain(|(key, _)| key != "token");
                    data.insert(0, token);
                }
            }
            Self::Envelope(key, value) => {
                if let Some(at) = position(fields, key) {
                    match value {
                        Some(value) => fields[at].1 = value.clone(),
                        None => drop(fields.remove(at)),
                    }
                }
            }
            Self::Twice(key) => {
                if let Some(at) = position(fields, key) {
                    fields.push(fields[at].clone());
                }
            }
            Self::Deep { .. } => {
                if let Some(at) = position(fields, "data") {
                    fields[at].1 = Json::Bare(DEPTHS.into());
                }
            }
            Self::InAnArray => *event = Json::Array(vec![std::mem::replace(event, NULL)]),
            _ => {}
        }
    }

    /// Does what can be done to bytes alone.
    pub(in crate::fuzz) fn on_bytes(&self, body: Template) -> Template {
        let place = |at: u16| (body.length() * usize::from(at)) >> 16;
        match self {
            Self::Deep { depth, in_objects } => {
                let (open, close) = if *in_objects { ("{\"a\":", "}") } else { ("[", "]") };
                body.replaced(DEPTHS, &["{\"nested\":", &open.repeat(*depth), "0", &close.repeat(*depth), "}"].concat())
            }
            Self::Cut(at) => body.split(place(*at)).0,
            Self::Insert { at, bytes } => {
                let (mut left, right) = body.split_outside_token(place(*at));
                left.push_bytes(bytes);
                left.append(right);
                left
            }
            Self::Flip { at, bit } => body.flipped(place(*at), *bit),
            Self::Before(bytes) => {
                let mut front = Template::default();
                front.push_bytes(bytes);
                front.append(body);
                front
            }
            Self::After(text) => {
                let mut body = body;
                body.push(text);
                body
            }
            Self::Instead(bytes) => {
                let mut other = Template::default();
                other.push_bytes(bytes);
                other
            }
            _ => body,
        }
    }
}

/// Stands for what is too deep for a tree.
const DEPTHS: &str = "\u{1}depths\u{1}";

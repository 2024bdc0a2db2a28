use http::{Method, header::CONTENT_TYPE};

use super::Delivery;
use crate::{Target, case::Framing};

/// Writes the delivery as a line for bash that does it again, in which the token is the variable `AIRCALL_TOKEN` and the
/// values of the URL's query are left out. `None` if the body is too long for a line, or no text.
pub(super) fn write(delivery: &Delivery, target: &Target) -> Option<String> {
    if !is_short(delivery) {
        return None;
    }
    let mut words = vec!["curl -isS".to_owned(), format!("-m {}", delivery.timeout.as_secs_f64())];
    if delivery.method != Method::POST || delivery.body.is_empty() {
        words.push(format!("-X {}", delivery.method));
    }
    for (name, value) in &*delivery.headers {
        if name == CONTENT_TYPE || name == "aircall-origin" || value.is_sensitive() {
            let value = std::str::from_utf8(value.as_bytes()).ok()?;
            words.push(format!("-H {}", quoted(&format!("{name}: {value}"), delivery)?));
        }
    }
    if delivery.framing == Framing::Chunked {
        words.push("-H 'transfer-encoding: chunked'".to_owned());
    }
    if !delivery.body.is_empty() {
        let body = std::str::from_utf8(&delivery.body).ok()?;
        if body.contains('\0') {
            return None;
        }
        words.push(format!("--data-binary {}", quoted(body, delivery)?));
    }
    let mut url = target.to_string();
    if let Some(query) = &delivery.query {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(query);
    }
    words.push(quoted(&url, delivery)?);
    Some(words.join(" "))
}

/// Tells whether it could be a line, by what shows at once.
pub(super) fn is_short(delivery: &Delivery) -> bool {
    delivery.wire.is_empty() && delivery.body.len() <= LONGEST
}

/// Quotes a text for bash, with the variable wherever the token or its beginning stands. `None` where the token stands in
/// a form that bash cannot make from it.
fn quoted(text: &str, delivery: &Delivery) -> Option<String> {
    let token = delivery.token.expose();
    let mut out = String::from("'");
    for (part, is_secret) in delivery.token.parts(text) {
        if !is_secret {
            out.push_str(&part.replace('\'', r"'\''"));
        } else if part == token {
            out.push_str("'\"$AIRCALL_TOKEN\"'");
        } else if part == token.to_ascii_uppercase() {
            out.push_str("'\"${AIRCALL_TOKEN^^}\"'");
        } else if token.starts_with(&*part) {
            out.push_str(&format!("'\"${{AIRCALL_TOKEN:0:{}}}\"'", part.chars().count()));
        } else {
            return None;
        }
    }
    out.push('\'');
    Some(out)
}

/// A body that is longer fills the screen instead of telling something.
const LONGEST: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Token,
        case::{Beside, Body, PLAIN_EVENT, Request},
        delivery::Sender,
    };

    fn line(request: &Request) -> Option<String> {
        let sender = Sender::new(Token::new(SECRET).unwrap());
        let target: Target = "http://127.0.0.1:3000/aircall?key=hunter2".parse().unwrap();
        sender.prepare(request).unwrap().curl(&target)
    }

    const SECRET: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

    #[test]
    fn says_neither_the_token_nor_what_is_secret_in_the_url() {
        for body in [Body::Event(PLAIN_EVENT), Body::Hostile("token/prefix"), Body::Hostile("token/uppercase")] {
            let line = line(&Request::post(body).with_token_beside(Beside::Query)).unwrap();
            assert!(!line.to_lowercase().contains(&SECRET[..8]) && !line.contains("hunter2"), "{line}");
        }
        let line = line(&Request::post(Body::Event(PLAIN_EVENT))).unwrap();
        assert!(line.starts_with("curl -isS -m 5 -H 'content-type: application/json' "), "{line}");
        assert!(line.contains(r#""token":"'"$AIRCALL_TOKEN"'""#), "{line}");
    }

    #[test]
    fn bash_makes_the_same_body_of_it() {
        for name in ["token/prefix", "token/uppercase", "token/suffix", "envelope/single-quotes"] {
            let request = Request::post(Body::Hostile(name));
            let sender = Sender::new(Token::new(SECRET).unwrap());
            let delivery = sender.prepare(&request).unwrap();
            let line = delivery.curl(&"http://127.0.0.1:3000/".parse().unwrap()).unwrap();
            let script = format!("curl() {{ printf %s \"${{@: -2:1}}\"; }}; {line}");
            let output = std::process::Command::new("bash").args(["-c", &script]).env("AIRCALL_TOKEN", SECRET).output();
            assert_eq!(output.unwrap().stdout, delivery.body().to_vec(), "{name}");
        }
    }

    #[test]
    fn a_long_body_is_none() {
        assert_eq!(line(&Request::post(Body::ManyNumbers(100_000))), None);
    }
}

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    io::Write,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use aircall_fixtures::{find, find_hostile, generate};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::{
    Token,
    case::{Body, Framing, PLAIN_EVENT},
};

/// Writes a body for this token; `None` if it does not exist for it.
pub(super) fn write(body: Body, token: &Token) -> Option<Bytes> {
    let secret = token.expose();
    let plain = || find(PLAIN_EVENT).map(|plain| plain.body_with_token(secret));
    Some(match body {
        Body::None => Bytes::new(),
        Body::Event(name) => find(name)?.body_with_token(secret).into(),
        Body::OtherWebhook | Body::Aged(_) => plain()?.into(),
        Body::Altered { from, to, .. } => replaced(plain()?.as_bytes(), from.as_bytes(), to.as_bytes()).into(),
        Body::Token { json, .. } => hostile("token/missing", secret)
            .map(|body| replaced(&body, br#""data":"#, format!(r#""token":{json},"data":"#).as_bytes()).into())?,
        Body::Hostile("token/wrong") => hostile("token/wrong", &token.stranger())?,
        Body::Hostile(name) => hostile(name, secret)?,
        Body::CutOff => {
            let mut whole = plain()?.into_bytes();
            whole.truncate(whole.len() / 2);
            whole.into()
        }
        Body::Nested(depth) => {
            let nested = format!(r#","nested":{}{}}}}}"#, "[".repeat(depth), "]".repeat(depth));
            [plain()?.strip_suffix("}}")?, &nested].concat().into()
        }
        Body::ManyNumbers(length) => generate::user_event(secret, length).into(),
        Body::Oversized(length) => {
            // With an id, of ten digits in the end, so that a collector can tell whether it was handled.
            let padded = generate::padded(&token.stranger(), length - br#""id":1000000000,"#.len());
            replaced(&padded, br#""data":{"#, br#""data":{"id":1,"#).into()
        }
    })
}

/// Compresses a body with gzip.
pub(super) fn compressed(body: &[u8]) -> Option<Bytes> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Writes the time into an envelope that has one, in its unit: seconds have ten digits, milliseconds thirteen.
pub(crate) fn dated(body: Bytes, now: SystemTime) -> Bytes {
    const KEY: &[u8] = br#""timestamp":"#;
    // In the fixtures it stands before the data, in which other things may bear the name.
    let Some(start) = body.windows(KEY.len()).position(|window| window == KEY).map(|at| at + KEY.len()) else {
        return body;
    };
    let digits = body[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let time = match digits {
        10 => since.as_secs().to_string(),
        13 => since.as_millis().to_string(),
        _ => return body,
    };
    [&body[..start], time.as_bytes(), &body[start + digits..]].concat().into()
}

/// Hostile fixtures are short: their data is a stub. The plain event's data and time take its place, so that what is sent
/// differs from the event that was acknowledged in one thing only.
fn hostile(name: &str, token: &str) -> Option<Bytes> {
    let fixture = find_hostile(name)?;
    let body = match name {
        // The fixture's stranger has the length of the real tokens, and this receiver's may have another.
        "token/wrong" => replaced(fixture.body, FIXTURE_STRANGER.as_bytes(), token.as_bytes()),
        _ => fixture.body_with_token(token)?,
    };
    let (head, data) = find(PLAIN_EVENT)?.body.split_once(r#""data":"#)?;
    let (_, time) = head.split_once(r#""timestamp":"#)?;
    let (time, _) = time.split_once(',')?;
    let body = replaced(&body, STUB_TIME.as_bytes(), format!(r#""timestamp":{time}"#).as_bytes());
    let data = data.strip_suffix("}}")?;
    Some(match name {
        // A form has no data, and yet a collector should know it again.
        "envelope/form-encoded" => [&body[..], b"&id=1"].concat().into(),
        // Their stub is what is odd about them.
        "envelope/not-a-number" | "limit/long-number" => {
            [body.strip_suffix(b"}}")?, data.strip_prefix(STUB)?.as_bytes(), b"}}"].concat().into()
        }
        "envelope/utf16" => {
            let plain = find(PLAIN_EVENT)?.body_with_token(token);
            plain.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().into()
        }
        _ => replaced(&body, STUB.as_bytes(), data.as_bytes()).into(),
    })
}

fn replaced(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let Some(at) = body.windows(from.len()).position(|window| window == from) else { return body.to_vec() };
    [&body[..at], to, &body[at + from.len()..]].concat()
}

/// The data of hostile fixtures, without its last brace.
const STUB: &str = r#"{"id":4223501188"#;

/// The time of hostile fixtures.
const STUB_TIME: &str = r#""timestamp":1790000000"#;

/// The token of the fixture `token/wrong`.
const FIXTURE_STRANGER: &str = "00000000000000000000000000000000";

/// The body of a request as a service in this process gets it. It holds the token, and its `Debug` does not show it.
pub struct RequestBody {
    rest: Bytes,
    framing: Framing,
    /// The lengths of what is to come one by one; the last is what remains.
    packets: Vec<usize>,
    /// Before the next of them.
    pause: Option<Pin<Box<Sleep>>>,
    has_pauses: bool,
}

impl RequestBody {
    pub(crate) fn new(bytes: Bytes, framing: Framing) -> Self {
        Self { rest: bytes, framing, packets: vec![], pause: None, has_pauses: false }
    }

    /// The same in several packets, cut at these places.
    pub(crate) fn in_packets(self, cuts: &[usize]) -> Self {
        let mut last = 0;
        let lengths = cuts.iter().map(|&cut| cut.saturating_sub(std::mem::replace(&mut last, cut)));
        let mut packets: Vec<_> = lengths.filter(|&length| length > 0).collect();
        packets.reverse();
        Self { packets, ..self }
    }

    /// The same with a moment between the packets, without which a connection would carry them as one.
    pub(crate) fn with_pauses(self) -> Self {
        Self { has_pauses: true, ..self }
    }
}

impl Clone for RequestBody {
    fn clone(&self) -> Self {
        Self {
            rest: self.rest.clone(),
            framing: self.framing,
            packets: self.packets.clone(),
            pause: None,
            has_pauses: self.has_pauses,
        }
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("bytes", &self.rest.len()).field("framing", &self.framing).finish()
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        if let Some(length) = self.packets.pop().filter(|&length| length < self.rest.len()) {
            // What has been handed out is written while nothing more is ready, and what follows at once would be read
            // together with it.
            self.pause = self.has_pauses.then(|| Box::pin(sleep(BETWEEN_PACKETS)));
            return Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))));
        }
        let length = match self.framing {
            Framing::ContentLength => self.rest.len(),
            Framing::Chunked => self.rest.len().min(CHUNK),
        };
        let next = self.rest.split_to(length);
        Poll::Ready((!next.is_empty()).then(|| Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.framing {
            Framing::ContentLength => SizeHint::with_exact(self.rest.len() as u64),
            Framing::Chunked => SizeHint::default(),
        }
    }
}

/// Small enough that the smallest event comes in several.
const CHUNK: usize = 500;

/// Long enough that a receiver on this machine has read the one before the next comes.
const BETWEEN_PACKETS: Duration = Duration::from_millis(3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::catalogue;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn text(body: Body) -> String {
        String::from_utf8(write(body, &Token::new(SECRET).unwrap()).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn the_wrong_token_is_the_only_thing_wrong() {
        let (plain, wrong) = (text(Body::Event(PLAIN_EVENT)), text(Body::Hostile("token/wrong")));
        assert_eq!(wrong.len(), plain.len());
        assert!(!wrong.contains(SECRET));
        assert_eq!(wrong.replace(&Token::new(SECRET).unwrap().stranger(), SECRET), plain);
    }

    #[test]
    fn a_missing_token_is_the_only_thing_missing() {
        let plain = text(Body::Event(PLAIN_EVENT));
        assert_eq!(text(Body::Hostile("token/missing")), plain.replace(&format!(r#""token":"{SECRET}","#), ""));
    }

    /// Otherwise a receiver that needs the rest of the data would be taken for one that cannot bear what is odd.
    #[test]
    fn what_is_odd_about_the_data_is_the_only_thing_odd() {
        let plain = text(Body::Event(PLAIN_EVENT));
        let (_, rest) = plain.split_once(STUB).unwrap();
        assert!(text(Body::Hostile("envelope/not-a-number")).ends_with(&format!(r#""data":{{"id":NaN{rest}"#)));
        assert!(text(Body::Hostile("limit/long-number")).ends_with(&format!("9{rest}")));
        let nested = format!(r#"{},"nested":[[]]}}}}"#, plain.strip_suffix("}}").unwrap());
        assert_eq!(text(Body::Nested(2)), nested);
        let wide = write(Body::Hostile("envelope/utf16"), &Token::new(SECRET).unwrap()).unwrap();
        let units: Vec<_> = wide.chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
        assert_eq!(String::from_utf16(&units).unwrap(), plain);
    }

    #[test]
    fn no_body_of_a_case_keeps_a_stub() {
        let token = Token::new(SECRET).unwrap();
        for request in catalogue().iter().flat_map(|case| case.requests().to_vec()) {
            let body = write(request.body, &token).unwrap_or_else(|| panic!("{request}"));
            let body = String::from_utf8_lossy(&body);
            // What is wrong with the token has to be the only thing wrong.
            let is_about_token = matches!(request.body, Body::Hostile(name) if name.starts_with("token/") && name != "token/inside-data");
            assert!(!is_about_token || body.contains("direct_link"), "{request}");
            assert!(!body.contains(aircall_fixtures::TOKEN), "{request}");
        }
    }

    #[test]
    fn what_is_altered_stands_in_the_plain_event() {
        for request in catalogue().iter().flat_map(|case| case.requests().to_vec()) {
            if let Body::Altered { from, to, .. } = request.body {
                assert_eq!(text(Body::Event(PLAIN_EVENT)).matches(from).count(), 1, "{request}");
                assert_ne!(from, to);
                assert!(serde_json::from_str::<serde_json::Value>(&text(request.body)).is_ok(), "{request}");
            }
        }
    }

    #[test]
    fn a_token_of_another_kind_is_the_only_thing_that_differs() {
        let odd = text(Body::Token { what: "odd", json: "\"tök\"" });
        assert_eq!(odd.replace("tök", SECRET), text(Body::Event(PLAIN_EVENT)));
    }

    #[test]
    fn a_token_without_letters_has_no_upper_case() {
        assert_eq!(write(Body::Hostile("token/uppercase"), &Token::new("123").unwrap()), None);
    }

    #[test]
    fn sizes_are_what_the_cases_say() {
        assert!(text(Body::ManyNumbers(512 * 1024)).len() >= 512 * 1024);
        // The id is one digit still, and ten in the end.
        assert_eq!(text(Body::Oversized(2 << 20)).len() + 9, 2 << 20);
        assert!(serde_json::from_str::<serde_json::Value>(&text(Body::CutOff)).is_err());
    }
}

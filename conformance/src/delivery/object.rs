use bytes::Bytes;

/// What an event is about: a call, a contact. Each delivery is about one of its own unless a case says otherwise, so that
/// a receiver that drops what it has seen before takes it for new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Object(pub(super) u64);

/// How to know an event again in what a receiver reports: the id that was written into it, and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Mark {
    /// The id, as it stands in the body.
    pub id: String,
    /// The name of the event, if it has one.
    pub event: Option<String>,
}

impl Mark {
    /// Tells whether a text is about this event.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        text.contains(&self.id) && self.event.as_ref().is_none_or(|event| text.contains(event.as_str()))
    }
}

impl Object {
    /// Chooses the first of a run. Ids of calls have ten digits, and still fit into 32 bits, as today's do: a receiver that
    /// cannot hold more is found by a case of its own.
    pub(super) fn first(seed: u64) -> u64 {
        FIRST_ID + seed % (LAST_ID - FIRST_ID - ROOM)
    }

    /// Writes its id into an event, in the form of the id that stands there. An event without one, or whose id is the very
    /// thing that is odd about it, stays as it is.
    pub(super) fn put_into(self, body: Bytes) -> (Bytes, Option<Mark>) {
        let Some((start, end)) = id(&body) else { return (body, None) };
        let Ok(old) = std::str::from_utf8(&body[start..end]) else { return (body, None) };
        let Some(new) = self.like(old) else { return (body, None) };
        let mark = Mark { id: self.mark(old), event: event(&body) };
        // A link to the object holds its id as well. What is short may stand anywhere and mean something else.
        let written = if old.len() >= TELLING {
            replaced_all(&body[start..], old.as_bytes(), new.as_bytes())
        } else {
            [new.as_bytes(), &body[end..]].concat()
        };
        ([&body[..start], &written].concat().into(), Some(mark))
    }

    fn like(self, old: &str) -> Option<String> {
        let is_number = old.bytes().all(|byte| byte.is_ascii_digit());
        match old.len() {
            _ if is_number && is_beyond_32_bits(old) => Some(self.mark(old)),
            1..=10 if is_number => Some(self.0.to_string()),
            // So many digits are what the case is about.
            _ if is_number => None,
            36 => Some(format!("{}{:012}", &old[..24], self.0)),
            _ => Some(format!("{old}-{}", self.0)),
        }
    }

    fn mark(self, old: &str) -> String {
        if is_beyond_32_bits(old) { (self.0 + (1 << 32)).to_string() } else { self.0.to_string() }
    }
}

fn is_beyond_32_bits(id: &str) -> bool {
    id.len() == 10 && id.parse::<u64>().is_ok_and(|id| id >= 1 << 32)
}

/// Finds the value of the first key in `data` that ends in "id", without the quotes around it; in a form, that of `id`.
fn id(body: &[u8]) -> Option<(usize, usize)> {
    let Some(data) = position(body, br#""data":"#) else {
        let start = position(body, b"&id=")? + 4;
        let length = body[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        return Some((start, start + length));
    };
    let mut at = data;
    loop {
        let key_end = at
            + body[at..]
                .windows(4)
                .position(|window| window[..2].eq_ignore_ascii_case(b"id") && &window[2..] == b"\":")?;
        let value = key_end + 4;
        let quoted = body.get(value) == Some(&b'"');
        let start = value + usize::from(quoted);
        let length = body[start..].iter().position(|&byte| match quoted {
            true => byte == b'"',
            false => !byte.is_ascii_digit(),
        })?;
        if length > 0 {
            return Some((start, start + length));
        }
        at = value;
    }
}

fn event(body: &[u8]) -> Option<String> {
    let start = [&br#""event":""#[..], br#""event_name":""#, b"&event="]
        .into_iter()
        .find_map(|key| position(body, key).map(|at| at + key.len()))?;
    let length = body[start..].iter().position(|&byte| byte == b'"' || byte == b'&')?;
    std::str::from_utf8(&body[start..start + length]).ok().map(str::to_owned)
}

fn position(body: &[u8], text: &[u8]) -> Option<usize> {
    body.windows(text.len()).position(|window| window == text)
}

fn replaced_all(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = position(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

const FIRST_ID: u64 = 4_223_600_000;
const LAST_ID: u64 = u32::MAX as u64;

/// More than a run has deliveries.
const ROOM: u64 = 1_000_000;

/// An id so long does not stand elsewhere by chance.
const TELLING: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn put(body: &str) -> (String, Option<String>) {
        let (body, mark) = Object(4_223_600_007).put_into(Bytes::copy_from_slice(body.as_bytes()));
        (String::from_utf8(body.to_vec()).unwrap(), mark.map(|mark| mark.id))
    }

    #[test]
    fn an_id_keeps_its_form() {
        for (old, new, mark) in [
            ("4223501188", "4223600007", "4223600007"),
            ("\"4223501188\"", "\"4223600007\"", "4223600007"),
            ("42", "4223600007", "4223600007"),
            ("4294967400", "8518567303", "8518567303"),
            ("\"b1a8f2c4-7d3e-4f50-9a61-0c2d4e6f8a1b\"", "\"b1a8f2c4-7d3e-4f50-9a61-004223600007\"", "4223600007"),
            ("\"rt-0001\"", "\"rt-0001-4223600007\"", "4223600007"),
        ] {
            let body = |id| format!(r#"{{"event":"x.y","data":{{"id":{id},"n":42}}}}"#);
            assert_eq!(put(&body(old)), (body(new), Some(mark.to_owned())));
        }
    }

    #[test]
    fn links_to_the_object_change_with_it() {
        let (body, _) = put(r#"{"id":4223501188,"data":{"id":4223501188,"link":"/calls/4223501188"}}"#);
        assert_eq!(body, r#"{"id":4223501188,"data":{"id":4223600007,"link":"/calls/4223600007"}}"#);
    }

    #[test]
    fn what_is_odd_about_an_id_stays() {
        let long = format!(r#"{{"data":{{"id":{}}}}}"#, "9".repeat(100));
        for body in [&long, r#"{"data":{"id":NaN}}"#, r#"{"id":4223501188}"#, "", "{"] {
            assert_eq!(put(body), (body.to_owned(), None));
        }
    }

    #[test]
    fn every_fixture_can_be_known_again() {
        for fixture in aircall_fixtures::events() {
            let (body, mark) = Object(4_223_600_007).put_into(Bytes::from_static(fixture.body.as_bytes()));
            let body = String::from_utf8(body.to_vec()).unwrap();
            let mark = mark.unwrap_or_else(|| panic!("{}", fixture.name));
            assert!(mark.is_in(&body) && mark.event.as_deref() == Some(fixture.event), "{}", fixture.name);
            assert!(!mark.is_in(fixture.body), "{}", fixture.name);
        }
    }

    #[test]
    fn ids_of_any_seed_fit_into_32_bits() {
        for seed in [0, 1, u64::MAX, 70_000_000] {
            assert!((FIRST_ID..=LAST_ID - ROOM).contains(&Object::first(seed)), "{seed}");
        }
    }
}

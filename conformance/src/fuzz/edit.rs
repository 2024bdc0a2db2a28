use super::{
    dice::Dice,
    json::{Json, NULL, letters},
    odd,
};

/// A change to an honest event that leaves it one: the token is untouched, and `data` is an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edit {
    change: Change,
    /// Which of the places that there are; counted round and round, so that it means something in every event.
    place: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Change {
    Put(Json),
    Remove,
    /// The same value as another type: a number as text, a text of digits as a number.
    OtherType,
    Wrap,
    AddKey(&'static str, Json),
    Reverse,
    Deep(usize),
    Escape,
    EnvelopeKey(&'static str, Json),
    EnvelopeOrder(usize),
    Event(&'static str),
    Resource(&'static str),
}

impl Edit {
    pub(super) fn any(dice: &mut Dice<'_>) -> Self {
        let change = match dice.below(20) {
            0..=2 => Change::Put(NULL),
            3 => Change::Put(Json::Object(vec![])),
            4 => Change::Put(Json::Array(vec![])),
            5 | 6 => Change::Remove,
            7 | 8 => Change::OtherType,
            9 => Change::Wrap,
            10 | 11 => Change::Put(Json::Text(odd::text(dice))),
            12 => Change::Put(odd::number(dice)),
            13 => Change::AddKey(odd::key(dice), value(dice)),
            14 => Change::Reverse,
            15 => Change::Deep(dice.pick(&[2, 16, DEEPEST])),
            16 => Change::Escape,
            17 => Change::EnvelopeKey(dice.pick(&["version", "", "delivery_attempt", "meta"]), value(dice)),
            18 => Change::EnvelopeOrder(1 + dice.below(4)),
            _ if dice.one_in(2) => Change::Event(dice.pick(&["call.on_hold", "sms.sent", "note.created", "x"])),
            _ => Change::Resource(dice.pick(&["conversation", "group_message", "x"])),
        };
        Self { change, place: dice.below(1 << 20) }
    }

    /// Makes the change, and says what it was; `None` if there is no place for it.
    pub(super) fn apply(&self, event: &mut Json) -> Option<String> {
        match &self.change {
            Change::EnvelopeKey(key, value) => {
                envelope(event)?.insert(self.place % 5, ((*key).to_owned(), value.clone()));
                Some(format!("a key that nobody knows in the envelope: {key:?}"))
            }
            Change::EnvelopeOrder(by) => {
                let fields = envelope(event)?;
                let by = by % fields.len().max(1);
                fields.rotate_left(by);
                Some("the envelope in another order".to_owned())
            }
            Change::Event(name) => set(event, "event", name, "an event that is in no list"),
            Change::Resource(name) => set(event, "resource", name, "a resource that is in no list"),
            change => {
                let data = envelope(event)?.iter_mut().find(|(key, _)| key == "data").map(|(_, data)| data)?;
                in_data(change, self.place, data)
            }
        }
    }
}

fn in_data(change: &Change, place: usize, data: &mut Json) -> Option<String> {
    let paths = data.paths();
    if let Change::AddKey(key, value) = change {
        let is_object = |path: &[usize]| matches!(data.get(path), Some(Json::Object(_)));
        let objects: Vec<_> =
            [(vec![], String::new())].into_iter().chain(paths).filter(|(path, _)| is_object(path)).collect();
        let (path, name) = objects.get(place % objects.len())?;
        let Some(Json::Object(fields)) = data.at(path) else { return None };
        // Twice the same key is another matter.
        if fields.iter().any(|(other, _)| other == key) {
            return None;
        }
        fields.push(((*key).to_owned(), value.clone()));
        return Some(format!(
            "a key that nobody knows in data{}{name}: {key:?}",
            if name.is_empty() { "" } else { "." }
        ));
    }
    let (path, name) = paths.get(place % paths.len().max(1))?;
    if *change == Change::Remove {
        let (&last, above) = path.split_last()?;
        match data.at(above)? {
            Json::Object(fields) => drop(fields.remove(last)),
            Json::Array(items) => drop(items.remove(last)),
            _ => return None,
        }
        return Some(format!("data.{name} missing"));
    }
    let node = data.at(path)?;
    let what = match change {
        Change::Put(value) => {
            *node = value.clone();
            described(value)
        }
        Change::OtherType => other_type(node)?,
        Change::Wrap => {
            *node = Json::Array(vec![std::mem::replace(node, NULL)]);
            "inside an array".to_owned()
        }
        Change::Reverse => match node {
            Json::Object(fields) if fields.len() > 1 => {
                fields.reverse();
                "in the reverse order".to_owned()
            }
            _ => return None,
        },
        Change::Deep(depth) => {
            *node = (0..depth.saturating_sub(path.len())).fold(NULL, |inner, level| match level % 2 {
                0 => Json::Array(vec![inner]),
                _ => Json::Object(vec![("a".to_owned(), inner)]),
            });
            format!("nested {depth} deep")
        }
        Change::Escape => match node {
            Json::Text(text) if !text.is_empty() && text.len() < 2000 => {
                *text = escaped(text);
                "with every letter as an escape".to_owned()
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(format!("data.{name} {what}"))
}

fn other_type(node: &mut Json) -> Option<String> {
    let (other, what) = match node {
        Json::Text(text) if is_number(text) => (Json::Bare(text.clone().into()), "as a number"),
        Json::Text(_) => (Json::number(1), "a number"),
        Json::Bare(text) if *text == "null" => (Json::text(""), "empty text"),
        Json::Bare(text) if is_number(text) => (Json::text(text), "as text"),
        Json::Bare(text) => (Json::text(text), "as text"),
        Json::Object(fields) => (Json::Array(fields.drain(..).map(|(_, value)| value).collect()), "an array"),
        Json::Array(items) => {
            let keyed = items.drain(..).enumerate().map(|(index, item)| (index.to_string(), item)).collect();
            (Json::Object(keyed), "an object")
        }
        Json::Token(_) | Json::Now => return None,
    };
    *node = other;
    Some(what.to_owned())
}

/// Digits that JSON takes for a number as they are.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() < 16 && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0')
}

fn described(value: &Json) -> String {
    match value {
        Json::Bare(text) => text.to_string(),
        Json::Text(text) if text.chars().count() > 40 => format!("a text of {} letters", letters(text).len()),
        Json::Text(text) => format!("\"{text}\""),
        Json::Array(_) => "[]".to_owned(),
        _ => "{}".to_owned(),
    }
}

fn escaped(text: &str) -> String {
    let letter = |letter: &str| match letter.as_bytes() {
        [b'\\', ..] => letter.to_owned(),
        _ => letter.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect(),
    };
    letters(text).into_iter().map(letter).collect()
}

fn value(dice: &mut Dice<'_>) -> Json {
    match dice.below(5) {
        0 => NULL,
        1 => Json::Text(odd::text(dice)),
        2 => odd::number(dice),
        3 => odd::anything(dice),
        _ => Json::text("new"),
    }
}

fn set(event: &mut Json, key: &str, to: &str, what: &str) -> Option<String> {
    let (_, value) = envelope(event)?.iter_mut().find(|(other, _)| other == key)?;
    *value = Json::text(to);
    Some(format!("{what}: {to}"))
}

fn envelope(event: &mut Json) -> Option<&mut Vec<(String, Json)>> {
    match event {
        Json::Object(fields) => Some(fields),
        _ => None,
    }
}

/// So deep that `data` may be nested in an honest event: parsers that stop at 64, as that of .NET does, are no worse for
/// it, since Aircall's own events are not nested ten deep.
pub(super) const DEEPEST: usize = 48;

#[cfg(test)]
mod tests {
    use proptest::test_runner::TestRunner;

    use super::*;

    #[test]
    fn no_edit_adds_a_second_token_or_goes_too_deep() {
        let mut runner = TestRunner::deterministic();
        let mut dice = Dice::new(&mut runner);
        for _ in 0..3000 {
            let mut event = Json::parse(aircall_fixtures::find("call.tagged").unwrap().body).unwrap();
            for _ in 0..8 {
                Edit::any(&mut dice).apply(&mut event);
            }
            let keys = |wanted| event.children().into_iter().filter(move |(key, _)| *key == Some(wanted)).count();
            assert_eq!((keys("token"), keys("data"), keys("event")), (1, 1, 1));
            assert!(event.depth() <= 60, "{}", event.depth());
        }
    }
}

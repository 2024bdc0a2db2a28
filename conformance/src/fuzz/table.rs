use std::{collections::HashMap, sync::LazyLock};

use super::{
    dice::Dice,
    json::{Json, NULL},
    odd,
};

/// The objects that stand in `data`, by their names.
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("fields.txt")));

struct Table {
    objects: HashMap<&'static str, Vec<Field>>,
    /// The beginning of an event's name, and its object.
    events: Vec<(&'static str, &'static str)>,
}

struct Field {
    name: &'static str,
    may_be_missing: bool,
    may_be_null: bool,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Object(&'static str),
    List(&'static str),
    OneOf(&'static str),
    Plain(&'static str),
}

/// Makes the data of an event from the table: each field as it may come. `None` for an event that is in no table.
pub(super) fn data(event: &str, dice: &mut Dice<'_>) -> Option<Json> {
    let (_, object) = TABLE.events.iter().find(|(start, _)| event.starts_with(start))?;
    Some(make(object, dice))
}

fn make(object: &str, dice: &mut Dice<'_>) -> Json {
    let mut fields = vec![];
    for field in TABLE.objects.get(object).into_iter().flatten() {
        if field.may_be_missing && dice.one_in(3) {
            continue;
        }
        let value = if field.may_be_null && dice.one_in(3) { NULL } else { value(field.kind, dice) };
        fields.push((field.name.to_owned(), value));
    }
    Json::Object(fields)
}

fn value(kind: Kind, dice: &mut Dice<'_>) -> Json {
    match kind {
        // A person is `{}` where the system has acted.
        Kind::Object(_) if dice.one_in(10) => Json::Object(vec![]),
        Kind::Object(name) => make(name, dice),
        Kind::List(name) => {
            let kind = if TABLE.objects.contains_key(name) { Kind::Object(name) } else { Kind::Plain(name) };
            Json::Array((0..dice.pick(&[0, 0, 1, 1, 2, 5])).map(|_| value(kind, dice)).collect())
        }
        Kind::OneOf(words) => {
            let words: Vec<_> = words.split('|').collect();
            Json::text(dice.pick(&words))
        }
        Kind::Plain(kind) => plain(kind, dice),
    }
}

fn plain(kind: &str, dice: &mut Dice<'_>) -> Json {
    match kind {
        "id" => odd::id(dice),
        "time" => odd::time(dice),
        "uuid" => Json::text(&odd::uuid(dice)),
        "bool" => Json::Bare(dice.pick(&["true", "false"]).into()),
        "int" => Json::number(dice.pick(&[0, 1, 3, 20, 90, 3600])),
        "number" => Json::Bare(dice.pick(&["0", "0.83", "2.4", "1", "1e-3"]).into()),
        "money" => match dice.below(3) {
            0 => Json::text("0.0"),
            1 => Json::text("2.34"),
            _ => Json::Bare("0".into()),
        },
        "phone" => {
            Json::text(dice.pick(&["+44 20 7946 0123", "+1 212-555-0142", "+442079460123", "12125550142", "anonymous"]))
        }
        "email" => Json::text(dice.pick(&["kim.sample@example.com", "alex+aircall@example.com"])),
        "url" => Json::text(dice.pick(&[
            "https://api.aircall.io/v1/calls/4223501188",
            "https://example-bucket.s3.us-west-2.amazonaws.com/a%2Fb.mp3?X-Amz-Expires=600&X-Amz-Signature=00ff",
        ])),
        "zone" => Json::text(dice.pick(&["Europe/London", "Etc/UTC", "America/New_York"])),
        "any" => odd::anything(dice),
        _ => Json::text(odd::everyday(dice)),
    }
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut table = Self { objects: HashMap::new(), events: vec![] };
        let mut object = "";
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(head) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                let (name, events) = head.split_once(':').unwrap_or((head, ""));
                table.events.extend(events.split_whitespace().map(|event| (event, name)));
                object = name;
            } else if let Some((name, kind)) = line.split_once(' ') {
                table.objects.entry(object).or_default().push(Field {
                    name: name.trim_end_matches(['?', '~']),
                    may_be_missing: name.contains('?'),
                    may_be_null: name.contains('~'),
                    kind: Kind::read(kind),
                });
            }
        }
        table
    }
}

impl Kind {
    fn read(text: &'static str) -> Self {
        let inside = |open, close| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        match (inside('{', '}'), inside('[', ']')) {
            (Some(object), _) => Self::Object(object),
            (_, Some(item)) => Self::List(item),
            _ if text.contains('|') => Self::OneOf(text),
            _ => Self::Plain(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_is_named_is_known() {
        const PLAIN: &[&str] =
            &["id", "time", "uuid", "bool", "int", "number", "money", "phone", "email", "url", "zone", "any", "text"];
        for (object, fields) in &TABLE.objects {
            for field in fields {
                let known = match field.kind {
                    Kind::Object(name) => TABLE.objects.contains_key(name),
                    Kind::List(name) => TABLE.objects.contains_key(name) || PLAIN.contains(&name),
                    Kind::OneOf(_) => true,
                    Kind::Plain("whatsapp" | "CSV") => true,
                    Kind::Plain(name) => PLAIN.contains(&name),
                };
                assert!(known, "{object}.{}", field.name);
            }
        }
    }

    #[test]
    fn every_field_of_the_fixtures_is_in_it() {
        for event in aircall_fixtures::events().iter().filter(|event| event.body.contains(r#""event":"#)) {
            let (_, object) = TABLE.events.iter().find(|(start, _)| event.event.starts_with(start)).unwrap();
            let Some(Json::Object(envelope)) = Json::parse(event.body) else { panic!("{}", event.name) };
            let (_, data) = envelope.iter().find(|(key, _)| key == "data").unwrap();
            for (key, _) in data.children() {
                let key = key.unwrap();
                assert!(TABLE.objects[object].iter().any(|field| field.name == key), "{}: {key}", event.name);
            }
        }
    }
}

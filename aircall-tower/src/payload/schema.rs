//! JSON Schema of the payloads: what is documented or seen, and less than what is read.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Content, Decimal, Field, Id, List, Members, RawJson, Text, Time, Transcript};

/// The schema of an object: no key is required, and others are allowed.
pub(crate) fn object<const N: usize>(doc: &str, properties: [(&str, &str, Schema); N]) -> Schema {
    let properties: serde_json::Map<String, serde_json::Value> = properties
        .into_iter()
        .map(|(key, doc, mut schema)| {
            schema.insert("description".into(), prose(doc).into());
            (key.to_owned(), schema.into())
        })
        .collect();
    json_schema!({ "type": "object", "description": prose(doc), "properties": properties })
}

/// The schema of an enumeration, which stays open: its words are examples.
pub(crate) fn words(doc: &str, words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "description": prose(doc), "examples": words })
}

/// Takes the links out of documentation, which lead nowhere outside of it, and its line breaks inside of paragraphs.
fn prose(doc: &str) -> String {
    let mut text = String::new();
    let mut rest = doc.trim();
    while let Some((before, link)) = rest.split_once('[') {
        let Some((shown, after)) = link.split_once(']') else { break };
        text.extend([before, shown]);
        let target = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
    }
    text.push_str(rest);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ").replace("  ", "\n\n")
}

macro_rules! leaf {
    ($($name:ident => $schema:tt;)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }

            fn inline_schema() -> bool {
                true
            }
        }
    )*};
}

leaf! {
    Text => { "type": "string" };
    Id => { "type": ["integer", "string"] };
    Decimal => { "type": ["string", "number"] };
    Time => { "type": ["integer", "string"] };
    Members => { "type": "object" };
    RawJson => {};
}

/// What stands for a value that does not apply.
struct Nothing;

impl JsonSchema for Nothing {
    fn schema_name() -> Cow<'static, str> {
        "Nothing".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Stands for a value that does not apply.", "enum": [null, {}, []] })
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<T>(), generator.subschema_for::<Nothing>()] })
    }

    fn inline_schema() -> bool {
        true
    }
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("List of {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<Field<T>>() })
    }

    fn inline_schema() -> bool {
        true
    }
}

impl JsonSchema for Content {
    fn schema_name() -> Cow<'static, str> {
        "Content".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Holds the result, told apart by its JSON type and not by the event.",
            "anyOf": [
                generator.subschema_for::<Text>(),
                generator.subschema_for::<List<Text>>(),
                generator.subschema_for::<Transcript>(),
            ],
        })
    }
}

//! The JSON Schema of each payload.

use std::collections::BTreeMap;
use std::fmt::Write;

use aircall_fixtures::events;
use aircall_tower::payload::{
    AiVoiceAgent, Analytics, Call, Contact, GroupMessage, Integration, Intelligence, Message, Number, OutboundCampaign,
    Payload, RealtimeTranscription, Team, User, UserV1,
};
use schemars::{Schema, schema_for};
use serde_json::Value;

use crate::payload::parts;

fn schemas() -> [(&'static str, Schema); 14] {
    [
        ("AiVoiceAgent", schema_for!(AiVoiceAgent)),
        ("Analytics", schema_for!(Analytics)),
        ("Call", schema_for!(Call)),
        ("Contact", schema_for!(Contact)),
        ("GroupMessage", schema_for!(GroupMessage)),
        ("Integration", schema_for!(Integration)),
        ("Intelligence", schema_for!(Intelligence)),
        ("Message", schema_for!(Message)),
        ("Number", schema_for!(Number)),
        ("OutboundCampaign", schema_for!(OutboundCampaign)),
        ("RealtimeTranscription", schema_for!(RealtimeTranscription)),
        ("Team", schema_for!(Team)),
        ("UserV1", schema_for!(UserV1)),
        ("UserV2", schema_for!(User)),
    ]
}

/// All of them in one snapshot, a property a line: the schemas share most of their definitions.
#[test]
fn schema_of_each_payload() {
    let mut text = String::new();
    let mut definitions = BTreeMap::new();
    for (name, schema) in schemas() {
        let mut schema = schema.to_value();
        if let Some(Value::Object(shared)) = schema.as_object_mut().unwrap().remove("$defs") {
            definitions.extend(shared);
        }
        write_schema(&mut text, name, &schema);
    }
    for (name, schema) in definitions {
        write_schema(&mut text, &format!("$defs/{name}"), &schema);
    }
    insta::assert_snapshot!("payload_schemas", text);
}

fn write_schema(text: &mut String, name: &str, schema: &Value) {
    writeln!(text, "== {name}").unwrap();
    for (keyword, value) in schema.as_object().unwrap() {
        match value {
            Value::Object(properties) if keyword == "properties" => {
                for (property, schema) in properties {
                    writeln!(text, "  {property}: {schema}").unwrap();
                }
            }
            value => writeln!(text, "{keyword}: {value}").unwrap(),
        }
    }
}

/// Whoever reads a field learns how far to trust it: by one of the four words, or by the document that alone has it.
#[test]
fn every_field_says_how_well_it_is_known() {
    let words = ["bserved", "ocument", "hird-party", "nferred"];
    for (name, schema) in schemas() {
        let schema = schema.to_value();
        let shared = schema.get("$defs").and_then(Value::as_object).into_iter().flatten();
        for (name, schema) in shared.chain([(&name.to_owned(), &schema)]) {
            for (property, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let description = schema["description"].as_str().unwrap();
                assert!(words.iter().any(|word| description.contains(word)), "{name}.{property}: {description}");
            }
        }
    }
}

#[test]
fn every_fixture_meets_the_schema_of_its_payload() {
    let validators = schemas().map(|(name, schema)| (name, jsonschema::validator_for(schema.as_value()).unwrap()));
    for event in events() {
        let (name, data) = parts(event.body);
        let payload = Payload::new(&name, data.parse().unwrap());
        let shown = format!("{payload:?}");
        let kind = match payload.intelligence() {
            Some(_) => "Intelligence",
            None => shown.split('(').next().unwrap(),
        };
        let (_, validator) = validators.iter().find(|(name, _)| *name == kind).unwrap();
        // `Value` cannot hold a lone surrogate.
        let Ok(value) = serde_json::from_str(data) else { continue };
        if let Err(error) = validator.validate(&value) {
            panic!("{}: {error} at {}", event.name, error.instance_path());
        }
    }
}

#[test]
fn a_schema_refuses_what_no_source_describes() {
    let validator = jsonschema::validator_for(schema_for!(Call).as_value()).unwrap();
    for (data, valid) in [
        (r#"{"id":"7","user":{},"teams":[],"mood":1}"#, true),
        (r#"{"status":"parked"}"#, true),
        (r#"{"id":true}"#, false),
        (r#"{"user":{"available":"yes"}}"#, false),
        ("[]", false),
    ] {
        assert_eq!(validator.is_valid(&serde_json::from_str(data).unwrap()), valid, "{data}");
    }
}

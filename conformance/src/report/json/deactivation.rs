use serde::Serialize;

use super::millis;
use crate::report::{Deactivation, Reading, SwitchedOff};

#[derive(Serialize)]
pub(super) struct DeactivationJson<'a> {
    profile: &'a str,
    basis: &'a str,
    limit: u32,
    switched_off: Option<SwitchedOffJson<'a>>,
    meter: Vec<ReadingJson<'a>>,
}

#[derive(Serialize)]
struct SwitchedOffJson<'a> {
    at_ms: f64,
    attempts: usize,
    case: &'a str,
    back_at_ms: Option<f64>,
}

#[derive(Serialize)]
struct ReadingJson<'a> {
    at_ms: f64,
    case: &'a str,
    acknowledged: bool,
    failures: u32,
    active: bool,
}

impl<'a> DeactivationJson<'a> {
    pub(super) fn of(deactivation: &'a Deactivation) -> Self {
        Self {
            profile: &deactivation.profile,
            basis: &deactivation.basis,
            limit: deactivation.limit,
            switched_off: deactivation.switched_off.as_ref().map(SwitchedOffJson::of),
            meter: deactivation.meter.iter().map(ReadingJson::of).collect(),
        }
    }
}

impl<'a> SwitchedOffJson<'a> {
    fn of(off: &'a SwitchedOff) -> Self {
        Self { at_ms: millis(off.at), attempts: off.attempts, case: &off.case, back_at_ms: off.back_at.map(millis) }
    }
}

impl<'a> ReadingJson<'a> {
    fn of(reading: &'a Reading) -> Self {
        Self {
            at_ms: millis(reading.at),
            case: &reading.case,
            acknowledged: reading.acknowledged,
            failures: reading.failures,
            active: reading.active,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::JSON_SCHEMA;

    #[test]
    fn it_is_as_the_schema_says() {
        let (at, case) = (Duration::from_secs(60), "token/null".to_owned());
        let reading = Reading { at, case: case.clone(), acknowledged: false, failures: 1, active: false };
        let off = SwitchedOff { at, attempts: 1, case, back_at: None };
        let deactivation = Deactivation {
            profile: "reference-50".to_owned(),
            basis: "assumed".to_owned(),
            limit: 1,
            meter: vec![reading],
            switched_off: Some(off),
        };
        let json = serde_json::to_value(DeactivationJson::of(&deactivation)).unwrap();
        let mut schema: serde_json::Value = serde_json::from_str(JSON_SCHEMA).unwrap();
        let definition = schema["$defs"]["deactivation"].take();
        assert!(jsonschema::is_valid(&definition, &json), "{json}");
        let fields = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        for (value, schema) in [
            (&json, &definition),
            (&json["switched_off"], &definition["properties"]["switched_off"]),
            (&json["meter"][0], &definition["properties"]["meter"]["items"]),
        ] {
            assert_eq!(fields(value), fields(&schema["properties"]));
        }
    }
}

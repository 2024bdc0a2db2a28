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

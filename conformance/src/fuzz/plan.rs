use std::{sync::LazyLock, time::SystemTime};

use super::{
    damage::Damage,
    dice::Dice,
    edit::Edit,
    form::Form,
    input::{Class, Input},
    json::{Json, Piece, Spacing},
    table,
    template::Template,
};
use crate::{Token, case::PLAIN_EVENT};

/// How an input is made. Shrinking changes this, not the bytes, so that a valid input stays valid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// What it was before anything was done to it.
    pub(super) origin: String,
    /// The envelope, with a place for the token.
    pub(super) event: Json,
    /// What is to be done to the event.
    pub(super) edits: Vec<Edit>,
    /// What has been done to it.
    pub(super) done: Vec<String>,
    pub(super) spacing: Spacing,
    pub(super) damage: Option<Damage>,
    /// Where it is cut into packets, in 65536ths.
    pub(super) packets: Vec<u16>,
}

/// An event that others are made from.
struct Base {
    name: &'static str,
    event: &'static str,
    json: Json,
}

/// The fixtures, but for message callbacks, which are another dialect, and for what is too long to be sent often.
static BASES: LazyLock<Vec<Base>> = LazyLock::new(|| {
    let events = aircall_fixtures::events().iter();
    let webhooks = events.filter(|event| event.body.contains(r#""event":"#) && event.body.len() <= LONGEST_BASE);
    webhooks
        .filter_map(|event| {
            Some(Base { name: event.name, event: event.event, json: with_places(Json::parse(event.body)?) })
        })
        .collect()
});

impl Plan {
    /// An honest event.
    pub(super) fn valid(dice: &mut Dice<'_>) -> Self {
        let base = base(dice);
        let made = dice.one_in(3).then(|| table::data(base.event, dice)).flatten();
        let mut plan = Self::of(base);
        match made {
            Some(data) => {
                plan.origin = format!("{}, its data made up", base.event);
                if let Json::Object(envelope) = &mut plan.event
                    && let Some((_, old)) = envelope.iter_mut().find(|(key, _)| key == "data")
                {
                    *old = data;
                }
            }
            None => plan.edits = (0..dice.pick(&[0, 1, 1, 1, 2, 2, 4, 8])).map(|_| Edit::any(dice)).collect(),
        }
        plan.spacing =
            dice.pick(&[Spacing::Compact, Spacing::Compact, Spacing::Compact, Spacing::Spaced, Spacing::Wild]);
        plan.packets = packets(dice);
        while plan.settled().body().length() > LONGEST {
            plan.spacing = Spacing::Compact;
            if plan.edits.pop().is_none() {
                return Self::of(base);
            }
        }
        plan
    }

    /// What no honest sender sends.
    pub(super) fn hostile(has_uppercase: bool, dice: &mut Dice<'_>) -> Self {
        let damage = Damage::any(has_uppercase, dice);
        // A receiver may answer 2xx to events that it has no use for, and look at the token of the others alone. What it
        // did with the plain event and a wrong token is known.
        let plain = BASES.iter().find(|base| damage.class() == Class::Refuse && base.name == PLAIN_EVENT);
        let mut plan = Self::of(plain.unwrap_or_else(|| base(dice)));
        plan.damage = Some(damage);
        plan.packets = packets(dice);
        plan
    }

    fn of(base: &Base) -> Self {
        Self {
            origin: base.name.to_owned(),
            event: base.json.clone(),
            edits: vec![],
            done: vec![],
            spacing: Spacing::Compact,
            damage: None,
            packets: vec![],
        }
    }

    /// The same with the edits made, after which the event itself can be made smaller.
    pub(super) fn settled(&self) -> Self {
        let mut plan = self.clone();
        for edit in std::mem::take(&mut plan.edits) {
            plan.done.extend(edit.apply(&mut plan.event));
        }
        plan
    }

    /// Writes a plan that is settled.
    fn body(&self) -> Template {
        let mut body = Template::default();
        let Some(damage) = &self.damage else {
            self.event.write(self.spacing, &mut body);
            return body;
        };
        let mut event = self.event.clone();
        damage.on_event(&mut event);
        event.write(self.spacing, &mut body);
        damage.on_bytes(body)
    }

    /// Makes the input; `None` if it does not exist for this token.
    pub(super) fn input(&self, token: &Token, now: SystemTime) -> Option<Input> {
        let settled = self.settled();
        let body = settled.body();
        let Self { origin, done, spacing, damage, packets, .. } = settled;
        let mut what = [vec![origin], done].concat();
        what.extend(damage.as_ref().map(Damage::what));
        what.extend((spacing != Spacing::Compact).then(|| "white space between".to_owned()));
        what.extend((!packets.is_empty()).then(|| format!("in {} packets", packets.len() + 1)));
        let class = damage.map_or(Class::Valid, |damage| damage.class());
        Input::new((class, what.join(", ")), body, &packets, token, now)
    }
}

fn base(dice: &mut Dice<'_>) -> &'static Base {
    &BASES[dice.below(BASES.len())]
}

/// Most bodies come in one packet, as Aircall's do; those that do not are cut at any byte.
fn packets(dice: &mut Dice<'_>) -> Vec<u16> {
    let count = if dice.one_in(5) { dice.pick(&[1, 1, 2, 8]) } else { 0 };
    (0..count).map(|_| dice.number() as u16).collect()
}

/// Opens the places of the token and of the time in an envelope.
fn with_places(event: Json) -> Json {
    let Json::Object(fields) = event else { return event };
    let place = |(key, value): (String, Json)| match &*key {
        "token" => (key, Json::Token(vec![Piece::Token(Form::Exact)])),
        "timestamp" => (key, Json::Now),
        _ => (key, value),
    };
    Json::Object(fields.into_iter().map(place).collect())
}

/// Limits of 64 KiB are in use, and a receiver may have one.
const LONGEST: usize = 60 * 1024;

const LONGEST_BASE: usize = 16 * 1024;

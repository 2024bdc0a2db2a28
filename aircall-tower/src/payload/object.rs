//! What every object has in common: how it is read, written and shown.

use serde::ser::{Error, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Field, FromChecked, Members, RawJson};

/// Declares an object: a struct of public [`Field`]s, each under its own name or the one after `=`, and `others`.
///
/// The struct and its documentation stay what one would write by hand. A declarative macro, and no derive, because
/// `serde`'s cannot fall back field by field, keep repeated keys or read a key that is no `str`.
macro_rules! object {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $(
                $(#[doc = $field_doc:literal])*
                pub $field:ident: $ty:ty $(= $wire:literal)?,
            )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[doc = $field_doc])*
                pub $field: $ty,
            )*
            /// What stands under any other key, and earlier values of a repeated one.
            pub others: $crate::payload::Members,
        }

        impl $name {
            /// The keys that have a field, as they stand on the wire.
            pub const KEYS: &'static [&'static str] =
                &[$($crate::payload::object::key!($field $($wire)?)),*];

        }

        impl $crate::payload::FromChecked for $name {
            fn from_checked(json: &mut $crate::payload::Checked<'_>) -> Option<Self> {
                let beginning = json.clone();
                let mut object = Self::default();
                let mut repeats = false;
                json.object(|key, json| {
                    match key.whole().as_deref() {
                        $(
                            Some($crate::payload::object::key!($field $($wire)?)) => {
                                repeats |= !object.$field.is_absent();
                                object.$field = $crate::payload::FromChecked::from_checked(json)?;
                            }
                        )*
                        _ => object.others.push(key.text(), $crate::payload::FromChecked::from_checked(json)?),
                    }
                    Some(())
                })?;
                if repeats {
                    object.others.put_in_front($crate::payload::Members::repeated(beginning, Self::KEYS)?);
                }
                Some(object)
            }
        }

        impl std::fmt::Debug for $name {
            /// Leaves out the keys that are missing.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                $(
                    if !self.$field.is_absent() {
                        shown.field(stringify!($field), &self.$field);
                    }
                )*
                if !self.others.is_empty() {
                    shown.field("others", &self.others);
                }
                shown.finish()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut object = $crate::payload::object::ObjectWriter::new(serializer, &self.others, Self::KEYS)?;
                $(object.field($crate::payload::object::key!($field $($wire)?), &self.$field)?;)*
                object.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::payload::object::deserialize(deserializer)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let properties = [
                    $((
                        $crate::payload::object::key!($field $($wire)?),
                        concat!($($field_doc),*),
                        generator.subschema_for::<$ty>(),
                    ),)*
                ];
                $crate::payload::schema::object(concat!($($doc, "\n"),*), properties)
            }
        }
    };
}

/// The name of a field on the wire.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}

pub(super) use {key, object};

/// Reads an object wherever `serde` reads.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: FromChecked>(deserializer: D) -> Result<T, D::Error> {
    RawJson::deserialize(deserializer)?.read_checked().ok_or_else(|| serde::de::Error::custom("expected an object"))
}

/// Writes an object: earlier values of repeated keys, the fields, then the other members.
///
/// A reader that takes the last of a repeated key, as most do, therefore takes the one that the field holds.
pub(crate) struct ObjectWriter<'a, S: Serializer> {
    target: Target<S>,
    others: &'a Members,
    keys: &'static [&'static str],
}

enum Target<S: Serializer> {
    Map(S::SerializeMap),
    /// The text so far, because no `Serializer` takes a key with a lone surrogate.
    Text(S, String),
}

impl<'a, S: Serializer> ObjectWriter<'a, S> {
    pub(crate) fn new(serializer: S, others: &'a Members, keys: &'static [&'static str]) -> Result<Self, S::Error> {
        let target = if others.iter().any(|(key, _)| key.is_broken()) {
            Target::Text(serializer, String::new())
        } else {
            Target::Map(serializer.serialize_map(None)?)
        };
        let mut writer = Self { target, others, keys };
        writer.others(true)?;
        Ok(writer)
    }

    pub(crate) fn field<T: Serialize>(&mut self, key: &'static str, field: &Field<T>) -> Result<(), S::Error> {
        if field.is_absent() { Ok(()) } else { self.target.member(key, field) }
    }

    pub(crate) fn end(mut self) -> Result<S::Ok, S::Error> {
        self.others(false)?;
        match self.target {
            Target::Map(map) => map.end(),
            Target::Text(serializer, text) => {
                format!("{{{text}}}").parse::<RawJson>().map_err(Error::custom)?.serialize(serializer)
            }
        }
    }

    fn others(&mut self, repeated: bool) -> Result<(), S::Error> {
        let has_field = |key: &str| self.keys.contains(&key);
        for (key, value) in self.others.iter().filter(|(key, _)| has_field(key) == repeated) {
            self.target.member(key, value)?;
        }
        Ok(())
    }
}

impl<S: Serializer> Target<S> {
    fn member(&mut self, key: &(impl Serialize + ?Sized), value: &impl Serialize) -> Result<(), S::Error> {
        match self {
            Self::Map(map) => map.serialize_entry(key, value),
            Self::Text(_, text) => {
                let comma = if text.is_empty() { "" } else { "," };
                let key = serde_json::to_string(key).map_err(Error::custom)?;
                let value = serde_json::to_string(value).map_err(Error::custom)?;
                text.extend([comma, &key, ":", &value]);
                Ok(())
            }
        }
    }
}

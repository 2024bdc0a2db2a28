//! Enumerations that stay open.

/// Declares an enumeration of the words a field is known to hold, with `Unknown` for every other.
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $(
                $(#[doc = $word_doc:literal])*
                $variant:ident = $word:literal,
            )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $(
                $(#[doc = $word_doc])*
                $variant,
            )*
            /// A word that this version does not know, as it stood in the body. A later version may have a variant.
            Unknown($crate::payload::Text),
        }

        impl $name {
            /// Returns the word as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unknown(word) => word,
                }
            }

            fn known(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl From<$crate::payload::Text> for $name {
            fn from(word: $crate::payload::Text) -> Self {
                word.whole().and_then(Self::known).unwrap_or(Self::Unknown(word))
            }
        }

        impl $crate::payload::FromChecked for $name {
            fn from_checked(json: &mut $crate::payload::Checked<'_>) -> Option<Self> {
                let word = json.string()?;
                Some(word.plain().and_then(Self::known).unwrap_or_else(|| word.text().into()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::Unknown(word) => word.serialize(serializer),
                    known => serializer.serialize_str(known.as_str()),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$crate::payload::Text as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::payload::schema::words(concat!($($doc, "\n"),*), &[$($word),*])
            }
        }
    };
}

pub(super) use words;

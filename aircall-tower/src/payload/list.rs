//! Arrays whose elements are read one by one.

use std::fmt;
use std::iter::FilterMap;
use std::marker::PhantomData;
use std::slice;

use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Checked, Field, FromChecked};

/// Holds an array, in which an element of an unexpected type does not spoil the others.
///
/// Iteration gives the elements of the expected type; [`fields`](Self::fields) gives every one in its place.
///
/// ```
/// use aircall_tower::payload::{List, Text};
///
/// let list: List<Text> = serde_json::from_str(r#"["billing", null, 7, "refund"]"#)?;
/// assert!(list.iter().eq(["billing", "refund"]));
/// assert_eq!(list.fields().len(), 4);
/// assert_eq!(serde_json::to_string(&list)?, r#"["billing",null,7,"refund"]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct List<T>(Vec<Field<T>>);

impl<T> List<T> {
    /// Returns the elements of the expected type, in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.into_iter()
    }

    /// Returns every element, of whatever type.
    #[must_use]
    pub fn fields(&self) -> &[Field<T>] {
        &self.0
    }

    /// Tells whether the array has no elements at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Field<List<T>> {
    /// Returns the elements of the expected type, none if no list stands there.
    ///
    /// ```
    /// # use aircall_tower::payload::Call;
    /// # let call = Call::default();
    /// for comment in call.comments.items() {
    ///     println!("{:?}", comment.content.get());
    /// }
    /// ```
    pub fn items(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.get().map(List::fields).unwrap_or_default().iter().filter_map(Field::get)
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = FilterMap<slice::Iter<'a, Field<T>>, fn(&'a Field<T>) -> Option<&'a T>>;

    /// Goes through the elements of the expected type.
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().filter_map(Field::get)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().map(Field::Value).collect())
    }
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

impl<T: FromChecked> FromChecked for List<T> {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        let mut elements = Vec::new();
        json.array(|json| {
            elements.push(Field::from_checked(json)?);
            Some(())
        })?;
        Some(Self(elements))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<List<T>, A::Error> {
        // Nothing is reserved by what the sender says about its length.
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            elements.push(element);
        }
        Ok(List(elements))
    }
}

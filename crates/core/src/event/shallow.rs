//! A member of a body, as much of it as an event is read from: its upper levels, and so many values.
//! What lies deeper or beyond is skipped without being stored, so that no body takes many times its
//! size of memory, and none is refused for the depth of what nobody reads.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Levels of objects and lists that are kept of a member: one more than are read.
const LEVELS: usize = 6;
/// Values that are kept of a member. A real one has some hundred.
const VALUES: usize = 4_000;

/// Reads the value of the member whose name was read last.
pub(super) fn next_value<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Value, A::Error> {
    map.next_value_seed(Shallow { levels: LEVELS, room: &mut { VALUES } })
}

/// A value and what is below it, as long as there is room.
struct Shallow<'r> {
    levels: usize,
    room: &'r mut usize,
}

impl Shallow<'_> {
    /// For the next of its members; none if there is no room for one.
    fn descend_one(&mut self) -> Option<Shallow<'_>> {
        *self.room = self.room.checked_sub(1)?;
        Some(Shallow { levels: self.levels - 1, room: self.room })
    }
}

impl<'de> DeserializeSeed<'de> for Shallow<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.levels == 0 {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Value::Null);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shallow<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(below) = self.descend_one() {
            match seq.next_element_seed(below)? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(below) = self.descend_one() {
            let Some(name) = map.next_key()? else { return Ok(Value::Object(fields)) };
            fields.insert(name, map.next_value_seed(below)?);
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object(fields))
    }
}

//! JSON (RFC 8259) without what it leaves open: no name twice in an object, no U+0000 in a text. It
//! refuses more than 128 levels of nesting.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why a text is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Not JSON. The sentence names the place and what was expected there, never what stood there.
    #[error("not JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    /// This name stands in an object twice; cut off at 64 characters.
    #[error("{0:?} is given more than once")]
    Duplicate(String),
    /// PostgreSQL's jsonb holds no such character; no store is given one.
    #[error("it holds the character U+0000, which is not allowed")]
    Nul,
}

/// Reads a JSON value.
pub fn parse(bytes: &[u8]) -> Result<Value, Fault> {
    let faults = Faults::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict(&faults).deserialize(&mut reader)?;
    reader.end()?;
    match faults.duplicate.take() {
        Some(name) => Err(Fault::Duplicate(name)),
        None if faults.nul.get() => Err(Fault::Nul),
        None => Ok(value),
    }
}

/// What JSON itself allows and we do not.
#[derive(Default)]
struct Faults {
    duplicate: RefCell<Option<String>>,
    nul: Cell<bool>,
}

/// Reads a JSON value and notes what is wrong with it.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a Faults);

impl Strict<'_> {
    fn text(self, text: String) -> String {
        self.0.nul.set(self.0.nul.get() || text.contains('\0'));
        text
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(self.text(text.to_owned()).into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(self.text(text).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            let key = self.text(key);
            if object.contains_key(&key) {
                self.0
                    .duplicate
                    .borrow_mut()
                    .get_or_insert(key.chars().filter(|c| !c.is_control()).take(64).collect());
            }
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

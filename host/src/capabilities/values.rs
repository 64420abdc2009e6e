//! Small interfaces without a file of their own (`settings`, `clock`, `random`), and the forms of
//! values.

use serde_json::Value;

use super::CallState;
use super::types::Stop;
use crate::keys;
use crate::policy::bindings::{clock, random, settings};

impl settings::Host for CallState {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.identity.settings.get(&name).map(Value::to_string))
    }
}

impl clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.now.unsigned_abs())
    }
}

impl random::Host for CallState {
    fn bytes(&mut self, count: u32) -> Result<Vec<u8>, Stop> {
        self.counted()?;
        if !(1..=1024).contains(&count) {
            return Err(Stop::limit("1 to 1,024 random bytes"));
        }
        let mut bytes = vec![0; count as usize];
        keys::fill_random(&mut bytes);
        Ok(bytes)
    }
}

/// The first characters of a text.
pub(super) fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// A JSON value out of the text of a policy.
pub(super) fn json(text: &str, most_bytes: usize) -> Result<Value, Stop> {
    if text.len() > most_bytes {
        return Err(Stop::limit(format!("at most {most_bytes} bytes of JSON")));
    }
    let value: Value =
        serde_json::from_str(text).map_err(|fault| Stop::other(format!("not JSON: {fault}")))?;
    // PostgreSQL's jsonb holds no U+0000; no store is given one.
    if text.contains("\\u0000") { Err(Stop::other("U+0000 is not allowed")) } else { Ok(value) }
}

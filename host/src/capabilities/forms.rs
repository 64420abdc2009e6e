//! The forms of values that several capabilities take, and of numbers in their failures.

use serde_json::Value;

use crate::contract::TrappableFailure;
use crate::numbers::grouped;

/// The first characters of a text.
pub(super) fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// A JSON value out of the text of a policy; `argument` says which host call took it for what.
pub(super) fn json(
    argument: &str,
    text: &str,
    most_bytes: usize,
) -> Result<Value, TrappableFailure> {
    if text.len() > most_bytes {
        let bound = format!("{argument}: at most {most_bytes} bytes of JSON");
        return Err(TrappableFailure::limit(bound));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| {
        TrappableFailure::other(format!(
            "{argument} is not JSON ({error}); a text needs its quotation marks"
        ))
    })?;
    // PostgreSQL's jsonb holds no U+0000; no store is given one.
    if text.contains("\\u0000") {
        Err(TrappableFailure::other(format!("{argument}: U+0000 is not allowed")))
    } else {
        Ok(value)
    }
}

/// How often, in a sentence.
pub(super) fn times(count: u32) -> String {
    match count {
        1 => "once".into(),
        2 => "twice".into(),
        count => format!("{} times", grouped(count.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn how_often_reads_as_in_the_documentation() {
        assert_eq!([1, 2, 1_000].map(times), ["once", "twice", "1,000 times"]);
    }
}

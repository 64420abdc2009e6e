//! Each test takes its struct apart without `..`: a bound that is added and not promised does not
//! compile.

use super::promise::Page::{Architecture, Authors, Wit};
use super::promise::{bytes, name, number, promises};
use super::{
    AccountLimits, ClaimLimits, HttpLimits, Limits, LogLimits, MetricLimits, OutboxLimits,
    PasswordLimits, RefusalLimits, SessionLimits, StorageLimits, ThrottleLimits,
};
use crate::contract::Slot;
use crate::outgoing::bounds;

#[test]
fn accounts_and_sessions_are_bounded_as_promised() {
    let AccountLimits { attributes, attribute_name_bytes, attribute_bytes, reason_characters } =
        AccountLimits::default();
    let (form, size) = (name(attribute_name_bytes), bytes(attribute_bytes));
    promises(Wit, "Names are `{}`, values at most {} of JSON", &[&form, &size]);
    promises(
        Authors,
        "| attribute: name; value; number written in a call; all of an account | `{}`; {}; {};",
        &[&form, &size, &number(attributes)],
    );
    let SessionLimits { listed, revocations, reason_characters: of_revocation } =
        SessionLimits::default();
    assert_eq!(reason_characters, of_revocation, "the authors' page names both in one row");
    promises(
        Authors,
        "| reason of a revocation or of disabling | {} characters (cut off) |",
        &[&number(reason_characters)],
    );
    promises(Wit, "with `limit` beyond {} revocations in a call", &[&number(revocations)]);
    promises(Wit, "newest first, at most {} of them", &[&number(listed)]);
    promises(Authors, "list the account's open sessions ({} at most)", &[&number(listed)]);
    promises(
        Authors,
        "| sessions listed; revoked in a call | {}; {} |",
        &[&number(listed), &number(revocations)],
    );
}

#[test]
fn passwords_and_claims_are_bounded_as_promised() {
    let PasswordLimits { estimates, estimated_characters: _, hints, hint_characters, breach_bytes } =
        PasswordLimits::default();
    promises(Wit, "`answer` has at most {}.", &[&bytes(breach_bytes)]);
    promises(Authors, "| answer of a service to `breach-prefix` | {} |", &[&bytes(breach_bytes)]);
    assert_eq!(estimates, 2, "both pages say it in a word");
    let times = "twice".to_owned();
    promises(
        Wit,
        "at most {}, each cut off at {} characters. (counted)",
        &[&number(hints), &number(hint_characters)],
    );
    promises(
        Wit,
        "beyond {} hints, or if `strength` and `is-breached` together were asked {} already",
        &[&number(hints), &times],
    );
    promises(Authors, "| `strength` and `is-breached` together | {} a call |", &[&times]);
    promises(
        Authors,
        "| hints of `strength` | {}, each cut off at {} characters |",
        &[&number(hints), &number(hint_characters)],
    );
    let ClaimLimits { name_bytes, bytes: together } = ClaimLimits::default();
    promises(Wit, "A claim of the access token: a name `{}` that", &[&name(name_bytes)]);
    promises(Wit, "once; {} of JSON in all", &[&bytes(together)]);
    promises(Authors, "| claims of an acceptance | {} together;", &[&bytes(together)]);
    promises(Authors, "| `claims` | at most 16 names `{}` |", &[&name(name_bytes)]);
}

#[test]
fn storage_and_throttles_are_bounded_as_promised() {
    let StorageLimits { writes, key_bytes, value_bytes, seconds, rows, bytes: kept } =
        StorageLimits::default();
    let (key, value, days) = (number(key_bytes), bytes(value_bytes), number(seconds / 86_400));
    promises(Wit, "Keys are 1 to {} bytes, values at most {}.", &[&key, &value]);
    promises(Wit, "without, and at the most, after {} days", &[&days]);
    promises(
        Authors,
        "| storage key; value; writes in a call; time to live | 1 to {} bytes; {}; {}; {} days",
        &[&key, &value, &number(writes), &days],
    );
    promises(Authors, "| storage of a slot | {} rows, {};", &[&number(rows), &bytes(kept)]);
    let ThrottleLimits { limits, clears, key_bytes, most, window_seconds } =
        ThrottleLimits::default();
    let (key, most, window) = (number(key_bytes), number(most), number(window_seconds));
    promises(
        Wit,
        "At most `most` hits (1 to {}) in a window of `window-seconds` (1 to {})",
        &[&most, &window],
    );
    promises(Wit, "`key` is 1 to {} bytes of the policy's choice", &[&key]);
    promises(Wit, "against every limit (at most {}, each", &[&number(limits)]);
    promises(Wit, "within limits on guessing (at most {}, as", &[&number(limits)]);
    promises(Wit, "counted for these keys (at most {}),", &[&number(clears)]);
    promises(
        Authors,
        "| throttle limits in a `hit`, in a `verify`; keys cleared in a call | {}; {}; {} |",
        &[&number(limits), &number(limits), &number(clears)],
    );
    promises(
        Authors,
        "| throttle key; `most`; `window-seconds` | 1 to {} bytes; 1 to {}; 1 to {} |",
        &[&key, &most, &window],
    );
}

#[test]
fn events_metrics_and_log_lines_are_bounded_as_promised() {
    let OutboxLimits { events, data_bytes, key_bytes } = OutboxLimits::default();
    let (data, key) = (bytes(data_bytes), number(key_bytes));
    promises(Wit, "`data` is a JSON object of at most {};", &[&data]);
    promises(Wit, "(default: the account; at most {} bytes)", &[&key]);
    promises(
        Authors,
        "| events in a call; data; ordering key | {}; {}; 1 to {} bytes.",
        &[&number(events), &data, &key],
    );
    let MetricLimits { name_bytes, labels, value_characters, series, most } =
        MetricLimits::default();
    assert_eq!(most, 1 << 53, "both pages say it as a power");
    let most = "2^53".to_owned();
    promises(Wit, "a counter beyond {}", &[&most]);
    promises(Wit, "Observes a value from 0 to {} in", &[&most]);
    promises(Authors, "counters and observed values up to {}, from 0.", &[&most]);
    let (labels, value) = (number(labels), number(value_characters));
    promises(
        Wit,
        "Names and label names are `{}`; at most {} labels, values of at most {} characters, {} \
         series for each slot.",
        &[&name(name_bytes), &labels, &value, &number(series)],
    );
    promises(
        Authors,
        "| metrics: names; labels; label value; series of a slot | `{}`; {}; {} characters (cut \
         off); {} |",
        &[&name(name_bytes), &labels, &value, &number(series)],
    );
    let LogLimits { lines, message_characters, fields, name_characters, value_characters } =
        LogLimits::default();
    let line = [message_characters, fields, name_characters, value_characters].map(number);
    promises(
        Wit,
        "a line of at most {} characters and {} fields of {} and {} characters;",
        &line.each_ref(),
    );
    promises(Wit, "After {} lines in a call, further ones are dropped", &[&number(lines)]);
    let [message, fields, name, value] = line;
    promises(
        Authors,
        "| log: lines in a call; message; fields | {}; {} characters; {} of {} and {} characters |",
        &[&number(lines), &message, &fields, &name, &value],
    );
}

#[test]
fn refusals_are_bounded_as_promised() {
    let RefusalLimits {
        code_characters,
        message_characters,
        fields,
        field_characters,
        field_code_characters,
        field_message_characters,
        retry_after_seconds,
    } = RefusalLimits::default();
    let field = [fields, field_characters, field_code_characters, field_message_characters];
    let ([fields, name_, code, text], seconds) = (field.map(number), number(retry_after_seconds));
    promises(Authors, "at most 32 codes `{}`;", &[&name(code_characters)]);
    promises(
        Wit,
        "`message`: for people, at most {} characters (the rest is cut off)",
        &[&number(message_characters)],
    );
    promises(
        Wit,
        "At most {} fields of {}, {} and {} characters;",
        &[&fields, &name_, &code, &text],
    );
    promises(Wit, "At most {} seconds; more is cut off.", &[&seconds]);
    promises(
        Authors,
        "| refusal: message; fields; `Retry-After` | {} characters; {} of {}, {} and {} \
         characters; {} s (all cut off) |",
        &[&number(message_characters), &fields, &name_, &code, &text, &seconds],
    );
}

#[test]
fn requests_to_other_services_are_bounded_as_promised() {
    let HttpLimits { sends, spared_milliseconds } = HttpLimits::default();
    let (sends, spared) = (number(sends), number(spared_milliseconds));
    let [usual, most] =
        [bounds::USUAL_TIME, bounds::MOST_TIME].map(|time| number(time.as_millis()));
    promises(Wit, "(counted) At most {} in a call.", &[&sends]);
    promises(Wit, "whole answer: 1 to {} ms; without, {} ms.", &[&most, &usual]);
    promises(Wit, "ends {} ms before the call", &[&spared]);
    promises(
        Authors,
        "| requests to other services in a call; time of each | {}; 1 to {} ms ({} ms if the \
         policy does not say), and {} ms less than the call has left |",
        &[&sends, &most, &usual, &spared],
    );
}

#[test]
fn a_request_and_its_answer_are_bounded_as_promised() {
    let (url, body) = (bytes(bounds::URL_BYTES), bytes(bounds::REQUEST_BODY_BYTES));
    let headers = number(bounds::REQUEST_HEADERS);
    let (name, value) = (number(bounds::HEADER_NAME_BYTES), bytes(bounds::HEADER_VALUE_BYTES));
    promises(Wit, "score?id=7`: at most {}.", &[&url]);
    promises(
        Wit,
        "At most {} headers, names of {} bytes, values of {} of visible ASCII.",
        &[&headers, &name, &value],
    );
    promises(Wit, "Sets the body: at most {}.", &[&body]);
    let (of_answer, together) =
        (number(bounds::RESPONSE_HEADERS), bytes(bounds::RESPONSE_HEADER_BYTES));
    let answer = bytes(bounds::RESPONSE_BODY_BYTES);
    promises(Wit, "An answer has at most {} headers, {} together.", &[&of_answer, &together]);
    promises(Wit, "The body, decompressed: at most {}.", &[&answer]);
    promises(
        Authors,
        "| request: URL; headers, name, value; body | {}; {}, {} bytes, {}; {} |",
        &[&url, &headers, &name, &value, &body],
    );
    promises(
        Authors,
        "| its answer: headers, all together; body, decompressed | {}, {}; {} |",
        &[&of_answer, &together, &answer],
    );
}

#[test]
fn entries_into_the_host_are_bounded_as_promised() {
    let Limits { entries, arriving_bytes, .. } = Limits::default();
    let (entries, arriving) = (number(entries), bytes(arriving_bytes));
    promises(
        Wit,
        "getters too, are called at most {} times and handed at most {}.",
        &[&entries, &arriving],
    );
    promises(
        Authors,
        "| calls of any function; bytes handed over in all | {}; {} |",
        &[&entries, &arriving],
    );
    promises(Authors, "more than {} times, or handed over more than {}", &[&entries, &arriving]);
    promises(Architecture, "| entries into the host, getters included | {} |", &[&entries]);
    let together = "| bytes handed over, all host calls together | {} |";
    promises(Architecture, together, &[&arriving]);
}

/// What the pool holds is computed from the instances: so all turns find a place in it, with
/// some left for trials.
#[test]
fn turns_are_fewer_than_instances() {
    let Limits { turns, instances, .. } = Limits::default();
    let together: usize = Slot::ALL.iter().map(|slot| turns.get(*slot)).sum();
    assert!(together < instances as usize);
}

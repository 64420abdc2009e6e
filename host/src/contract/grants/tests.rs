//! What is granted, what is missing, and which bounds hold then.

use std::sync::Arc;

use super::{Grants, Item};
use crate::contract::{Limits, Slot};

fn item(text: &str) -> Item {
    text.parse().unwrap_or_else(|fault| panic!("{fault}"))
}

fn granted(texts: &[&str]) -> Grants {
    Grants::granted(Slot::Login, texts.iter().copied())
}

fn missing(granted: &Grants, asked: &Grants) -> Vec<String> {
    granted.missing(asked).iter().map(ToString::to_string).collect()
}

#[test]
fn without_a_grant_a_policy_may_log_count_and_know_its_attempt() {
    let base: Vec<String> = Grants::base(Slot::Login).items().map(ToString::to_string).collect();
    assert_eq!(
        base,
        [
            "interface:clock",
            "interface:log",
            "interface:logging-in",
            "interface:metrics",
            "interface:random",
            "interface:settings",
            "interface:types",
            "storage:256MiB",
            "memory:16MiB",
            "time:200ms",
            "host-calls:64",
        ]
    );
    assert_eq!(Grants::base(Slot::Login).texts(), [""; 0]);
    assert_eq!(granted(&[]), Grants::base(Slot::Login));
}

#[test]
fn what_is_granted_is_kept_as_texts_and_read_again() {
    let texts = [
        "interface:storage",
        "event:stepped_up",
        "claim:tier",
        "secret:risk_key",
        "http:GET https://api.example.com",
        "memory:8MiB",
    ];
    let kept = granted(&texts);
    assert_eq!(kept.texts(), texts);
    // What every policy has is not kept; what a later version wrote grants nothing.
    let with_others =
        [&texts[..], &["interface:log", "time:200ms", "files:/etc", "interface:dreams"]].concat();
    assert_eq!(granted(&with_others), kept);
    assert_eq!(granted(&["memory:1GiB"]), Grants::base(Slot::Login), "beyond the host's");
}

#[test]
fn what_is_asked_for_and_not_granted_is_missing_item_by_item() {
    let asked = granted(&["interface:storage", "interface:http", "event:a", "claim:b", "secret:c"]);
    assert_eq!(
        missing(&granted(&["interface:storage", "event:b", "claim:b"]), &asked),
        ["interface:http", "event:a", "secret:c"]
    );
    assert_eq!(missing(&asked, &asked), [""; 0]);
    assert_eq!(missing(&asked, &granted(&[])), [""; 0], "less is asked for");
}

#[test]
fn of_an_origin_methods_redirects_and_private_addresses_are_granted_each() {
    let has = granted(&["http:GET,POST https://a.example redirects"]);
    for (asked, is_covered) in [
        ("http:GET https://a.example", true),
        ("http:GET,POST https://a.example redirects", true),
        ("http:PUT https://a.example", false),
        ("http:GET,PUT https://a.example", false),
        ("http:GET https://a.example private", false),
        ("http:GET http://a.example", false),
        ("http:GET https://a.example:8443", false),
        ("http:GET https://b.a.example", false),
    ] {
        let expected: &[&str] = if is_covered { &[] } else { &[asked] };
        assert_eq!(missing(&has, &granted(&[asked])), expected);
    }
    // They come together, wherever they were granted.
    let mut both = granted(&["http:GET https://a.example", "http:GET https://b.example"]);
    both.add(item("http:POST https://a.example private")).unwrap();
    assert_eq!(
        both.texts(),
        ["http:GET https://b.example", "http:GET,POST https://a.example private"]
    );
    assert!(!both.remove(&item("http:PUT https://a.example")));
    assert!(!both.remove(&item("http:GET,PUT https://a.example")));
    assert!(both.remove(&item("http:GET https://a.example")));
    assert!(both.remove(&item("http:GET https://b.example")));
    assert_eq!(both.texts(), ["http:POST https://a.example private"]);
}

#[test]
fn a_bound_that_an_operator_lowers_is_missing_for_who_asks_for_more() {
    let lower = granted(&["memory:8MiB", "time:100ms"]);
    assert_eq!(missing(&lower, &granted(&["memory:8MiB", "time:50ms"])), [""; 0]);
    // Who says nothing asks for the host's.
    assert_eq!(missing(&lower, &granted(&[])), ["memory:16MiB", "time:200ms"]);
    let mut raised = lower.clone();
    raised.add(item("memory:16MiB")).unwrap();
    assert_eq!(raised.texts(), ["time:100ms"]);
    assert!(!raised.remove(&item("time:50ms")), "not what was granted");
    assert!(raised.remove(&item("time:100ms")), "the host's again");
    assert_eq!(raised, Grants::base(Slot::Login));
    assert!(!raised.remove(&item("time:200ms")), "everybody has it");
}

#[test]
fn nothing_is_granted_beyond_the_host_or_that_there_is_not() {
    let mut grants = Grants::base(Slot::Login);
    for (text, words) in [
        ("memory:17MiB", "this host allows memory:16MiB at most"),
        ("storage:1GiB", "this host allows storage:256MiB at most"),
        ("time:201ms", "this host allows time:200ms at most"),
        ("host-calls:65", "this host allows host-calls:64 at most"),
        ("memory:32KiB", "memory:64KiB at least"),
        ("time:15ms", "steps of 10 ms"),
        ("interface:registering", "a login policy has no such interface"),
    ] {
        let fault = grants.add(item(text)).unwrap_err().to_string();
        assert!(fault.contains(words) && fault.contains(text), "{fault}");
    }
    assert!(!grants.remove(&item("interface:log")) && !grants.remove(&item("event:a")));
    assert_eq!(grants, Grants::base(Slot::Login));
    for number in 0.. {
        if grants.add(Item::Event(format!("e{number}"))).is_err() {
            assert_eq!(grants.items().count(), 256);
            break;
        }
    }
}

#[test]
fn two_sets_together_have_all_of_both_and_the_larger_bounds() {
    let mut all = granted(&["event:a", "http:GET https://a.example", "memory:4MiB"]);
    all.and(&granted(&["event:b", "http:POST https://a.example", "memory:8MiB", "time:10ms"]));
    assert_eq!(
        all.texts(),
        ["event:a", "event:b", "http:GET,POST https://a.example", "memory:8MiB"]
    );
    let mut base = Grants::base(Slot::Login);
    base.and(&granted(&["event:a", "memory:4MiB"]));
    assert_eq!(base.texts(), ["event:a"], "the host's bound is the larger one");
}

#[test]
fn bounds_are_lowered_by_what_is_asked_and_the_hosts_own_otherwise() {
    let host = Arc::new(Limits::default());
    let same = granted(&["interface:storage", "memory:16MiB"]).limits(&host);
    assert!(Arc::ptr_eq(&same, &host), "nothing is copied for who asks for nothing less");
    let asked = granted(&["storage:1MiB", "memory:8MiB", "time:50ms", "host-calls:8"]);
    let lowered = asked.limits(&host);
    assert_eq!(
        (lowered.storage.bytes, lowered.memory_bytes, lowered.ticks, lowered.host_calls),
        (1 << 20, 8 << 20, 5, 8)
    );
    assert_eq!((lowered.reads, lowered.storage.rows), (host.reads, host.storage.rows));
    // A profile that has less itself is not widened.
    let narrow = Arc::new(Limits { memory_bytes: 2 << 20, ticks: 2, ..Limits::default() });
    let lowered = asked.limits(&narrow);
    assert_eq!((lowered.memory_bytes, lowered.ticks, lowered.host_calls), (2 << 20, 2, 8));
}

#[test]
fn the_command_that_grants_can_be_copied_into_a_shell() {
    let items = ["interface:storage", "http:GET,POST https://a.example:8443 private"].map(item);
    assert_eq!(
        Grants::command("login", &items),
        "auth-host policy grant login interface:storage \
         'http:GET,POST https://a.example:8443 private'"
    );
}

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntGauge;
use serde_json::json;

use super::room::Room;
use super::*;
use crate::capabilities::state::machine::Machine;
use crate::capabilities::state::processor::ProcessorTime;
use crate::contract::bindings::passwords::Verification;
use crate::contract::{Attempt, Limits, Request, Slot, TrappableFailure};
use crate::outgoing::{OutgoingRequest, OutgoingResponse};
use crate::passwords::Password;
use crate::store::{Account, StorageWrite, ThrottleHit, Writes};

const NOW: i64 = 1_900_000_000_000;

fn request() -> Request {
    Request {
        id: "id".into(),
        traceparent: String::new(),
        address: None,
        user_agent: None,
        received_at: NOW - 5,
    }
}

fn recorder(attempt: &Attempt) -> Recorder {
    let gauge = IntGauge::new("charged", "charged").unwrap();
    let limits = Limits::default();
    let machine = Arc::new(Machine::new(96 << 20, &limits, gauge));
    let recorder = Recorder::new(&request(), attempt);
    recorder.begin(NOW, Arc::new(ProcessorTime::new(machine, &limits)));
    recorder
}

fn shadow(recording: Recording) -> Journal {
    Journal::of_shadow(recording, LiveReads::of_this_runtime()).0
}

fn get(key: &str) -> StorageGet {
    StorageGet { slot: Slot::Login, key: key.into() }
}

fn hit(key: &str) -> ThrottleHit {
    ThrottleHit { key: key.as_bytes().to_vec(), most: 5, window_seconds: 60 }
}

fn account() -> Account {
    Account {
        user_id: 7,
        email: "leo@example.com".into(),
        password_hash: "$argon2id$".into(),
        password_version: 1,
        attributes: serde_json::Map::from_iter([("name".to_owned(), json!("Leo"))]),
        created_at: 0,
        disabled: false,
    }
}

fn writes(keys: &[&str]) -> Writes {
    let write = |key: &&str| StorageWrite { key: (*key).into(), expected: None, value: None };
    Writes { storage: keys.iter().map(write).collect(), ..Writes::default() }
}

/// A journal of a shadow of a call that asked this.
fn replay(ask: impl FnOnce(&mut Journal), accepted: bool, writes: &Writes) -> Journal {
    let recorder = recorder(&Attempt::default());
    ask(&mut Journal::Records(recorder.clone()));
    shadow(recorder.recorded(accepted, writes).expect("it fits"))
}

fn told<Q: Question>(journal: &mut Journal, question: impl FnOnce() -> Q) -> Q::Answer {
    journal.answer(question).expect("it is told").expect("it is an answer")
}

#[test]
fn the_nth_equal_question_gets_the_nth_answer_and_then_the_last_one_again() {
    let ask = |journal: &mut Journal| {
        journal.note(|| get("a"), &Ok(Some(b"1".to_vec())));
        journal.note(|| get("b"), &Ok(None));
        journal.note(|| get("a"), &Ok(Some(b"2".to_vec())));
    };
    let mut journal = replay(ask, false, &Writes::default());
    assert_eq!(told(&mut journal, || get("a")), Some(b"1".to_vec()));
    assert_eq!(told(&mut journal, || get("a")), Some(b"2".to_vec()));
    assert_eq!(told(&mut journal, || get("a")), Some(b"2".to_vec()));
    assert_eq!(told(&mut journal, || get("b")), None);
    assert!(journal.answer(|| get("c")).is_none(), "nobody asked that: the database is asked");
    assert_eq!(journal.ended(), None);
}

#[test]
fn arguments_are_compared_and_limits_in_any_order() {
    let ask = |journal: &mut Journal| {
        journal.note(|| Hit::new(&[hit("a"), hit("b")]), &Ok(Some(30)));
        journal.note(|| Strength(vec!["leo".into()]), &Ok(3));
        journal.note(|| Verify::new(true, &[hit("a")]), &Ok(Verification::Wrong));
        journal.note(|| IsBreached, &Ok(true));
        journal.note(|| BreachPrefix, &Ok("5BAA6".into()));
        journal.note(|| IsInBreach::new(b"lines"), &Ok(2));
    };
    let mut journal = replay(ask, false, &Writes::default());
    assert_eq!(told(&mut journal, || Hit::new(&[hit("b"), hit("a")])), Some(30));
    assert_eq!(told(&mut journal, || Strength(vec!["leo".into()])), 3);
    assert!(matches!(told(&mut journal, || Verify::new(true, &[hit("a")])), Verification::Wrong));
    assert!(told(&mut journal, || IsBreached));
    assert_eq!(told(&mut journal, || BreachPrefix), "5BAA6");
    assert_eq!(told(&mut journal, || IsInBreach::new(b"lines")), 2);
    ends(journal, || IsInBreach::new(b"others"), "asks_is_in_breach");
}

/// That a shadow ends that asks this, and how.
fn ends<Q: Question>(mut journal: Journal, question: impl FnOnce() -> Q, why: &'static str) {
    let Some(Err(TrappableFailure::Trap(_))) = journal.answer(question) else {
        panic!("{why}: the shadow goes on");
    };
    assert_eq!(journal.ended(), Some(Ended::NotComparable(why)));
}

#[test]
fn what_counts_or_costs_is_not_asked_anew() {
    let nothing = || replay(|_| (), false, &Writes::default());
    ends(nothing(), || Hit::new(&[hit("a")]), "asks_throttle");
    ends(nothing(), || Verify::new(true, &[]), "asks_verify");
    ends(nothing(), || Strength(Vec::new()), "asks_strength");
    ends(nothing(), || IsBreached, "asks_is_breached");
    ends(nothing(), || BreachPrefix, "asks_breach_prefix");
    let hits = |journal: &mut Journal| journal.note(|| Hit::new(&[hit("a")]), &Ok(None));
    let other = ThrottleHit { most: 6, ..hit("a") };
    ends(replay(hits, false, &Writes::default()), || Hit::new(&[other]), "asks_throttle");
}

#[test]
fn a_request_is_answered_as_it_was_and_another_one_is_not_sent() {
    let request = |url: &str, (name, value): (&str, &str), body: &[u8]| OutgoingRequest {
        method: "GET".into(),
        url: url.into(),
        headers: vec![(name.into(), value.into())],
        body: body.to_vec(),
        timeout: None,
    };
    let response = OutgoingResponse { status: 200, headers: Vec::new(), body: b"7".to_vec() };
    let asked = || request("https://a.example", ("key", "value"), b"body");
    let ask = |journal: &mut Journal| {
        journal.note(|| HttpSend::new(&asked()), &Ok(response.clone()));
        journal.note(|| HttpSend::new(&asked()), &Err(TrappableFailure::Unavailable(None)));
    };
    let mut journal = replay(ask, false, &Writes::default());
    let patient = OutgoingRequest { timeout: Some(Duration::from_secs(2)), ..asked() };
    assert_eq!(told(&mut journal, || HttpSend::new(&patient)), response);
    assert!(!journal.was_told_unavailable());
    let away = journal.answer(|| HttpSend::new(&asked())).unwrap();
    assert!(matches!(away, Err(TrappableFailure::Unavailable(None))));
    assert!(journal.was_told_unavailable());
    for other in [
        request("https://a.example/", ("key", "value"), b"body"),
        request("https://a.example", ("ke", "yvalue"), b"body"),
        request("https://a.example", ("key", "valuebody"), b""),
        OutgoingRequest { method: "PUT".into(), ..asked() },
        OutgoingRequest { headers: Vec::new(), ..asked() },
    ] {
        let journal = replay(ask, false, &Writes::default());
        ends(journal, || HttpSend::new(&other), "asks_outside");
    }
}

#[test]
fn what_the_call_wrote_cannot_be_read_but_what_it_read_before_is_told() {
    let read = |journal: &mut Journal| journal.note(|| get("read"), &Ok(Some(b"old".to_vec())));
    let mut journal = replay(read, true, &writes(&["read", "written"]));
    assert_eq!(told(&mut journal, || get("read")), Some(b"old".to_vec()));
    ends(journal, || get("written"), "reads_a_write");
    let sessions = || OpenSessions { user_id: 7, most: 32 };
    ends(replay(|_| (), true, &Writes::default()), sessions, "reads_a_write");
    let mut refused = replay(|_| (), false, &Writes::default());
    assert!(refused.answer(sessions).is_none(), "a refusal opened no session");
    let find = || FindByEmail { email: "leo@example.com".into(), spelling: String::new() };
    let renames = Writes { removed_attributes: vec!["name".into()], ..Writes::default() };
    ends(replay(|_| (), false, &renames), find, "reads_a_write");
    let disables = || Writes { disable: Some("why".into()), ..Writes::default() };
    ends(replay(|_| (), false, &disables()), find, "reads_a_write");
    ends(replay(|_| (), false, &disables()), sessions, "reads_a_write");
    let revokes = Writes { revocations: vec![("id".into(), "why".into())], ..Writes::default() };
    ends(replay(|_| (), false, &revokes), sessions, "reads_a_write");
}

#[test]
fn randomness_is_told_once_and_then_fresh() {
    let ask = |journal: &mut Journal| journal.note(|| RandomBytes(2), &Ok(vec![4, 2]));
    let mut journal = replay(ask, false, &Writes::default());
    assert!(journal.answer(|| RandomBytes(3)).is_none(), "another number of bytes");
    assert_eq!(told(&mut journal, || RandomBytes(2)), [4, 2]);
    assert!(journal.answer(|| RandomBytes(2)).is_none(), "the same bytes for another question");
}

#[test]
fn a_failure_is_told_again_and_that_it_was_the_hosts() {
    let ask = |journal: &mut Journal| {
        journal.note(|| get("a"), &Err(TrappableFailure::Unavailable(Some(1))));
        journal.note(|| Hit::new(&[hit("a")]), &Err(TrappableFailure::other("why")));
    };
    let mut journal = replay(ask, false, &Writes::default());
    let hits = journal.answer(|| Hit::new(&[hit("a")])).unwrap();
    assert!(matches!(hits, Err(TrappableFailure::Other(text)) if text == "why"));
    assert!(!journal.was_told_unavailable());
    let read = journal.answer(|| get("a")).unwrap();
    assert!(matches!(read, Err(TrappableFailure::Unavailable(Some(1)))));
    assert!(journal.was_told_unavailable());
}

#[test]
fn what_is_read_now_is_read_once() {
    let mut journal = replay(|_| (), false, &Writes::default());
    assert!(journal.answer(|| get("a")).is_none());
    journal.note(|| get("a"), &Ok(Some(b"now".to_vec())));
    assert_eq!(told(&mut journal, || get("a")), Some(b"now".to_vec()));
    assert_eq!(told(&mut journal, || get("a")), Some(b"now".to_vec()));
}

#[test]
fn the_database_is_asked_for_a_shadow_only_soon_after_the_call() {
    let live = |age: u64| {
        let mut recording =
            recorder(&Attempt::default()).recorded(false, &Writes::default()).unwrap();
        recording.decided_at = recording.decided_at.checked_sub(Duration::from_secs(age)).unwrap();
        let mut journal = shadow(recording);
        assert!(journal.answer(|| get("a")).is_none(), "nobody asked that then");
        (journal.live().expect("it is a shadow").is_ok(), journal.ended())
    };
    assert_eq!(live(0), (true, None));
    assert_eq!(live(3), (false, Some(Ended::NotComparable("reads_too_late"))));
}

#[test]
fn a_recording_is_counted_until_something_else_counts_it() {
    let recorder = recorder(&Attempt { email: "leo@example.com".into(), ..Attempt::default() });
    let mut recording = recorder.recorded(false, &writes(&["a key"])).unwrap();
    let counted = recording.room.as_ref().map(Room::bytes).unwrap();
    assert!(counted > "leo@example.com".len() + "a key".len(), "{counted} bytes");
    recording.is_counted_elsewhere();
    assert!(recording.room.is_none());
}

#[test]
fn a_recording_is_bounded_and_knows_its_size() {
    let large = vec![0; 100 << 10];
    let ask = |count: usize| {
        let recorder = recorder(&Attempt::default());
        let mut journal = Journal::Records(recorder.clone());
        for _ in 0..count {
            journal.note(|| get("a"), &Ok(Some(large.clone())));
        }
        recorder.recorded(false, &Writes::default())
    };
    let two = ask(2).expect("200 KiB fit");
    assert!((200 << 10..256 << 10).contains(&two.bytes()), "{} bytes", two.bytes());
    assert!(ask(3).is_none(), "more than 256 KiB were kept");
    let name = json!("x".repeat(300 << 10));
    let members = [("name".to_owned(), name)].into();
    let attempt = Attempt { members, ..Attempt::default() };
    assert!(recorder(&attempt).recorded(false, &Writes::default()).is_none());
}

#[test]
fn the_attempt_and_the_time_are_those_of_the_call_and_no_hash_or_password_is_kept() {
    let attempt = Attempt {
        email: "leo@example.com".into(),
        password: Some(Password::new("pass phrase\u{e9}")),
        account: Some(account()),
        ..Attempt::default()
    };
    let recorder = recorder(&attempt);
    let find = || FindByEmail { email: "leo@example.com".into(), spelling: String::new() };
    Journal::Records(recorder.clone()).note(find, &Ok(Some(account())));
    let recording = recorder.recorded(true, &Writes::default()).unwrap();
    assert_eq!((recording.request_id(), recording.asked_at()), ("id", NOW));
    let (mut journal, request, kept, now) =
        Journal::of_shadow(recording, LiveReads::of_this_runtime());
    assert_eq!((request.received_at, now), (NOW - 5, NOW));
    assert_eq!(kept.email, attempt.email);
    assert_eq!(kept.password.unwrap().expose(), "x".repeat(12), "the length, and no text");
    let kept = kept.account.unwrap();
    let found = told(&mut journal, find).unwrap();
    for account in [kept, found] {
        assert_eq!((account.user_id, &account.attributes["name"]), (7, &json!("Leo")));
        assert_eq!(account.password_hash, "");
    }
}

#[test]
fn whoever_is_not_followed_writes_nothing_down() {
    let mut journal = Journal::default();
    journal.note(|| -> StorageGet { panic!("it is asked for a key") }, &Ok(None));
    assert!(journal.answer(|| -> StorageGet { panic!("it is asked for a key") }).is_none());
    assert!(!journal.is_shadow());
}

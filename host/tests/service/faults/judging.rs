//! The judge is judged: each thing that may go wrong is found.

use std::collections::BTreeMap;

use serde_json::json;

use super::load::{Attempt, Outcome};
use super::verdict::Evidence;
use crate::support::{Message, Person};

/// What goes wrong, and how.
type Wrong = (&'static str, fn(&mut Evidence));

/// The account 7 with two events, both delivered; somebody who got no answer and has no account.
fn as_it_should_be() -> Evidence {
    let (person, unlucky) = (Person::new("person"), Person::new("unlucky"));
    let message = |id: &str, kind: &str| Message {
        id: id.into(),
        kind: kind.into(),
        timestamp: 1,
        content_type: "application/json".into(),
        delivery_mode: 2,
        redelivered: false,
        headers: BTreeMap::from([("cloudEvents_id".into(), id.into())]),
        body: json!({ "user_id": 7, "email": person.email }),
    };
    let row =
        |sequence, id: &str, kind: &str| (sequence, id.into(), kind.into(), "7".into(), false);
    Evidence {
        accounts: vec![(7, person.email.clone())],
        outbox: vec![row(1, "one", "user.created"), row(2, "two", "session.reuse_detected")],
        created: vec![message("one", "user.created")],
        everything: vec![message("one", "user.created"), message("two", "session.reuse_detected")],
        attempts: vec![
            Attempt { person, outcome: Outcome::Accepted(7) },
            Attempt { person: unlucky, outcome: Outcome::NoAnswer },
        ],
        logins: vec![200, 401],
    }
}

#[test]
fn the_judge_finds_what_is_wrong_and_nothing_else() {
    let found = as_it_should_be().judge();
    assert!(found.is_empty(), "{found:?}");
    let wrongs: [Wrong; 14] = [
        ("an account is lost", |evidence| evidence.accounts.clear()),
        ("an account has another id", |evidence| {
            evidence.attempts[0].outcome = Outcome::Accepted(8);
        }),
        ("an account cannot log in", |evidence| evidence.logins[0] = 401),
        ("an account of nobody", |evidence| evidence.accounts.push((8, "x@example.com".into()))),
        ("a registration was carried out twice", |evidence| {
            evidence.attempts[0].outcome = Outcome::Refused(409);
        }),
        ("half an account", |evidence| {
            evidence.accounts.push((8, evidence.attempts[1].person.email.clone()));
        }),
        ("an account without an event", |evidence| drop(evidence.outbox.remove(0))),
        ("two events for one account", |evidence| evidence.outbox[1].2 = "user.created".into()),
        ("an event was given up", |evidence| evidence.outbox[1].4 = true),
        ("a message is lost", |evidence| evidence.created.clear()),
        ("a message of all is lost", |evidence| drop(evidence.everything.pop())),
        ("a message under another id", |evidence| evidence.created[0].id = "three".into()),
        ("a message that was never committed", |evidence| {
            evidence.everything[1].body["user_id"] = 8.into();
        }),
        ("another order", |evidence| evidence.everything.reverse()),
    ];
    for (wrong, make) in wrongs {
        let mut evidence = as_it_should_be();
        make(&mut evidence);
        assert!(!evidence.judge().is_empty(), "not found: {wrong}");
    }
    // Twice, in any order after the first time, is what "at least once" allows.
    let mut evidence = as_it_should_be();
    evidence.everything.extend(as_it_should_be().everything);
    assert!(evidence.judge().is_empty());
}

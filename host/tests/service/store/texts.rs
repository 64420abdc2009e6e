//! U+0000, which PostgreSQL's texts cannot hold: callers may not send it, and what policies write
//! of it does no harm.

use auth_host::events::NewEvent;
use auth_host::store::{StorageWrite, Writes};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Opened;
use crate::support::{ENDPOINTS, Person, TestService};

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn at_the_door_it_is_a_fault_of_the_caller() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    for email in ["leo\0@example.com", "leo@example.com\0", "\0", "leo@exa\0mple.com"] {
        let form = person.form_with("email", Some(json!(email)));
        service.register(&form).await.refused(400, "malformed_json");
        service
            .login(&Person { email: email.to_owned(), ..person.clone() })
            .await
            .refused(400, "malformed_json");
    }
    service
        .login(&Person { password: "with\0in".to_owned(), ..person.clone() })
        .await
        .refused(400, "malformed_json");
    service.refresh("rt1_\0").await.refused(400, "malformed_json");
    for name in ["name", "surname", "fathers_name", "phone", "birth_date", "unknown"] {
        let form = Person::new(name).form_with(name, Some(json!("a\0b")));
        let answer = service.register(&form).await;
        answer.refused(400, "malformed_json");
    }
    for path in ENDPOINTS {
        let answer = service
            .send(
                service
                    .request("POST", path)
                    .header("user-agent", "a\tb")
                    .json(&json!({ "email\0": "a" })),
            )
            .await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    service.stop().await;
}

#[tokio::test]
async fn attributes_keep_it() {
    let opened = Opened::new().await;
    let first = object(&json!({ "na\0me": "Le\0o", "list": ["\0", { "\0": "\\u0000" }] }));
    let email = "leo@example.com";
    let user_id =
        opened.account(email, Writes { attributes: first.clone(), ..Writes::default() }).await;
    let attributes =
        async || opened.store.account_by_email(email, email).await.unwrap().unwrap().attributes;
    assert_eq!(attributes().await, first);
    let change = Writes {
        slot: "login",
        attributes: object(&json!({ "more": "\0\0" })),
        removed_attributes: vec!["na\0me".to_owned(), "not\0there".to_owned()],
        ..Writes::default()
    };
    opened.store.refuse(Some(user_id), &change).await.unwrap();
    assert_eq!(
        attributes().await,
        object(&json!({ "list": ["\0", { "\0": "\\u0000" }], "more": "\0\0" }))
    );
}

#[tokio::test]
async fn keys_of_stored_rows_keep_it() {
    let opened = Opened::new().await;
    let row = |key: &str, value: &[u8]| StorageWrite {
        key: key.to_owned(),
        expected: None,
        value: Some((value.to_vec(), i64::MAX)),
    };
    let storage = vec![row("a\0b", b"1\0"), row("a", b"2"), row("a\0", b"3")];
    opened
        .store
        .refuse(None, &Writes { slot: "login", storage, ..Writes::default() })
        .await
        .unwrap();
    for (key, value) in [("a\0b", b"1\0".as_slice()), ("a", b"2"), ("a\0", b"3")] {
        assert_eq!(
            opened.store.storage_get("login", key).await.unwrap().unwrap(),
            value,
            "{key:?}"
        );
    }
    assert_eq!(opened.store.storage_get("login", "\0").await.unwrap(), None);
}

#[tokio::test]
async fn reasons_keys_and_bodies_of_events_may_hold_it() {
    let opened = Opened::new().await;
    let event = NewEvent {
        event_type: "custom.test.event".to_owned(),
        data: object(&json!({ "number": 1, "te\0xt": "a\0b" })),
        ordering_key: Some("a\0b".to_owned()),
        traceparent: None,
    };
    let email = "leo@example.com";
    let user_id =
        opened.account(email, Writes { events: vec![event.clone()], ..Writes::default() }).await;
    let sessions = opened.store.open_sessions(user_id, 10).await.unwrap();
    let more = Writes {
        slot: "login",
        events: vec![event],
        revocations: vec![(sessions[0].session_id.clone(), "re\0ason".to_owned())],
        disable: Some("re\0ason".to_owned()),
        ..Writes::default()
    };
    opened.store.refuse(Some(user_id), &more).await.unwrap();
    assert!(opened.store.account_by_email(email, email).await.unwrap().unwrap().disabled);
    assert_eq!(opened.store.open_sessions(user_id, 10).await.unwrap().len(), 0);
    let leased = opened.leased(Uuid::new_v4(), 10).await;
    assert_eq!(leased.len(), 1, "both have one key");
    let body: Value = serde_json::from_str(&leased[0].payload).unwrap();
    assert_eq!((&body["te\0xt"], &body["user_id"]), (&json!("a\0b"), &json!(user_id)));
}

#[tokio::test]
async fn no_account_is_found_by_it() {
    let opened = Opened::new().await;
    opened.account("leo@example.com", Writes::default()).await;
    for (email, spelling) in [("leo@example.com\0", "x"), ("x", "leo@example.com\0"), ("\0", "\0")]
    {
        assert!(opened.store.account_by_email(email, spelling).await.unwrap().is_none());
    }
}

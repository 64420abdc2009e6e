//! `user.created`, as its consumers expect it.

use serde_json::json;

use crate::support::{Person, TestService, eventually};
use auth_host::lifecycle::Ended;

/// The body of a line, as it is written: members in the order of the contract.
fn body(line: &str) -> &str {
    line.split_once("\"body\":").unwrap().1.strip_suffix('}').unwrap()
}

#[tokio::test]
async fn user_created_has_the_contracts_members_in_their_order() {
    let service = TestService::start().await;
    let form = json!({
        "birth_date": "1993-03-03", "fathers_name": "Olegivich", "surname": "Urin", "name": "Leo", "phone": "+79999999999",
        "password": crate::support::secret_text(), "email": "Leo.Urin@example.com",
    });
    service.register(&form).await.tokens();
    let lines = service.event_lines().await;
    assert_eq!(lines.len(), 1);
    assert_eq!(
        body(&lines[0]),
        r#"{"user_id":1,"email":"leo.urin@example.com","phone":"+79999999999","name":"Leo","surname":"Urin","fathers_name":"Olegivich","birth_date":"1993-03-03"}"#
    );
    service.stop().await;
}

#[tokio::test]
async fn members_that_were_not_given_are_empty_strings() {
    let service = TestService::start().await;
    let person = Person::new("leo");
    service.register(&person.form_with("surname", Some(json!(null)))).await.tokens();
    let lines = service.event_lines().await;
    assert_eq!(
        body(&lines[0]),
        r#"{"user_id":1,"email":"leo@example.com","phone":"+79999999999","name":"Leo","surname":"","fathers_name":"","birth_date":""}"#
    );
    service.stop().await;
}

#[tokio::test]
async fn a_message_says_its_type_and_has_an_id_of_its_own() {
    let service = TestService::start().await;
    for name in ["first", "second"] {
        service.newcomer(name).await;
    }
    let events = service.events().await;
    for event in &events {
        assert_eq!(
            (&event["type"], &event["content_type"]),
            (&json!("user.created"), &json!("application/json"))
        );
        assert!(event["timestamp"].as_i64().is_some_and(|seconds| seconds > 1_700_000_000));
    }
    assert_eq!(events[0]["body"]["email"], "first@example.com");
    assert_eq!(events[1]["body"]["email"], "second@example.com");
    let ids: Vec<_> = events
        .iter()
        .map(|event| uuid::Uuid::parse_str(event["message_id"].as_str().unwrap()).unwrap())
        .collect();
    assert_ne!(ids[0], ids[1]);
    service.stop().await;
}

#[tokio::test]
async fn a_published_event_is_not_published_again_after_a_restart() {
    let service = TestService::start().await;
    service.newcomer("leo").await;
    let before = service.event_lines().await;
    let service = service.stop_and_keep().await.start().await;
    service.newcomer("other").await;
    let after = service.event_lines().await;
    assert_eq!(after.len(), 2);
    assert_eq!(after[0], before[0]);
    service.stop().await;
}

#[tokio::test]
async fn an_event_that_cannot_be_published_waits_also_over_a_restart() {
    let with = TestService::with();
    let (sink, builder) = (with.data_dir().join("events.jsonl"), with);
    std::fs::create_dir(&sink).unwrap();
    let mut service = builder.start().await;
    let (person, _) = service.newcomer("leo").await;
    let failed = async || {
        (service.count("auth_outbox_publish_total", &[("result", "error")]).await > 0).then_some(())
    };
    eventually("a failure to publish", failed).await;
    let waits = async || (service.count("auth_outbox_pending", &[]).await == 1).then_some(());
    eventually("the event that waits, in the metrics", waits).await;
    service.login(&person).await.tokens();
    assert_eq!(service.end().await, Ended::Drained);
    let service = service.keep().await.start().await;
    std::fs::remove_dir(&sink).unwrap();
    assert_eq!(service.events().await[0]["body"]["email"], "leo@example.com");
    service.stop().await;
}

#[tokio::test]
async fn a_half_written_line_is_taken_back_before_the_next_event() {
    let with = TestService::with();
    // What a crash within a write leaves behind.
    std::fs::write(with.data_dir().join("events.jsonl"), "{\"message_id\":\"0").unwrap();
    let service = with.start().await;
    service.newcomer("leo").await;
    let lines = service.event_lines().await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["body"]["email"], "leo@example.com");
    service.stop().await;
}

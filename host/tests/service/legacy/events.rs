//! Events that the old service had not sent are sent by the new one, and by nobody else.

use serde_json::{Value, json};

use super::OldDatabase;

/// Events of the old service: all but the first two wait.
async fn twelve(old: &mut OldDatabase) {
    let insert = "INSERT INTO outbox (event_type, payload, processed, processed_at, created_at)
                  SELECT CASE number WHEN 3 THEN 'users.created' WHEN 4 THEN 'user_created' WHEN 5 THEN 'user.deleted' ELSE 'user.created' END,
                         jsonb_build_object('user_id', 100 + number, 'email', 'user' || number || '@example.com', 'phone', '+7999', 'name', 'Лев'),
                         number <= 2, CASE WHEN number <= 2 THEN now() END, '2026-01-02 03:04:05'
                    FROM generate_series(1, 12) AS number";
    old.execute(insert).await;
}

#[tokio::test]
async fn events_that_waited_are_taken_over_once_in_their_order() {
    let mut old = OldDatabase::new().await;
    old.person("leo@example.com").await;
    twelve(&mut old).await;
    old.import(&[]).await.says(0, &["public.outbox: 10 events", " 10  imported"]);
    // Neither service sends one twice.
    let state = old
        .rows("SELECT processed::text, (processed_at IS NOT NULL)::text FROM outbox GROUP BY 1, 2")
        .await;
    assert_eq!(state, ["true|true"]);
    old.import(&[]).await.says(0, &["public.outbox: 0 events", "Nothing was left"]);

    let service = old.service().start().await;
    let events = service.events().await;
    let users: Vec<_> =
        events.iter().map(|event| event["body"]["user_id"].as_i64().unwrap()).collect();
    assert_eq!(users, (103..=112).collect::<Vec<_>>());
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types[..4], ["user.created", "user.created", "user.deleted", "user.created"]);
    let mut body =
        json!({ "user_id": 103, "email": "user3@example.com", "phone": "+7999", "name": "Лев" });
    body.sort_all_objects();
    let mut first = events[0]["body"].clone();
    first.sort_all_objects();
    assert_eq!(first, body);
    assert_eq!(
        (&events[0]["ordering_key"], &events[0]["timestamp"]),
        (&json!("103"), &json!(1_767_323_045))
    );
    service.stop().await;
}

#[tokio::test]
async fn the_same_row_has_the_same_message_id_wherever_it_is_imported() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut old = OldDatabase::new().await;
        twelve(&mut old).await;
        old.import(&[]).await.says(0, &[]);
        // A backup of before is restored, so to speak: the row waits again, and is here already.
        old.execute("UPDATE outbox SET processed = FALSE WHERE id = 12").await;
        old.import(&[]).await.says(0, &[" 1  already here"]);
        ids.push(old.rows("SELECT message_id::text FROM auth.outbox ORDER BY sequence").await);
    }
    assert_eq!(ids[0].len(), 10);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn what_cannot_be_sent_stays_where_it_is() {
    let mut old = OldDatabase::new().await;
    let insert = "INSERT INTO outbox (event_type, payload) VALUES ('user.created', '[1]'), ('', \
                  '{}'), ('user.created', '\"{}\"'), ('other', '{\"a\": 1}')";
    old.execute(insert).await;
    let expected = [
        " 1  imported",
        "type is empty or too long; it stays where it is\n             id 2\n",
        "not a JSON object of at most 256 KiB; it stays where it is\n             id 1, 3\n",
    ];
    old.import(&[]).await.says(1, &expected);
    assert_eq!(
        old.rows("SELECT id::text FROM outbox WHERE NOT processed ORDER BY 1").await,
        ["1", "2", "3"]
    );
    // Without a user it is ordered by itself.
    assert_eq!(
        old.rows("SELECT event_type, ordering_key, payload FROM auth.outbox").await,
        ["other|4|{\"a\": 1}"]
    );
    old.import(&["--skip-invalid"]).await.says(0, &["public.outbox: 3 events", "Nothing was left"]);
}

#[tokio::test]
async fn a_payload_of_many_lines_is_one_line_of_the_event_file() {
    let mut old = OldDatabase::new().await;
    old.execute("ALTER TABLE outbox ALTER payload TYPE json USING payload::json").await;
    old.execute(
        "INSERT INTO outbox (event_type, payload) VALUES ('user.created', E'{\\r\\n  \"user_id\": \
         1,\\n  \"name\": \"a\\\\nb\"\\n}')",
    )
    .await;
    old.import(&[]).await.says(0, &[" 1  imported"]);
    let service = old.service().start().await;
    let lines = service.event_lines().await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let event: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(event["body"], json!({ "user_id": 1, "name": "a\nb" }));
    service.stop().await;
}

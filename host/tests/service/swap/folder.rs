//! Files that are missing, half written, removed; settings beside them.

use std::io::Write as _;

use auth_host::contract::Slot;
use serde_json::json;

use crate::support::{Person, TestService, eventually, guest, lines_with, policy};

async fn refused(service: &TestService, slot: Slot) -> u64 {
    service
        .count("auth_policy_admissions_total", &[("slot", slot.as_str()), ("result", "refused")])
        .await
}

#[tokio::test]
async fn a_slot_without_a_policy_answers_503_until_one_is_dropped_in() {
    let service = TestService::with().without(Slot::Login).start().await;
    let (person, tokens) = service.newcomer("leo").await;
    service.login(&person).await.refused(503, "no_policy");
    let ready = service.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.header("retry-after").is_some());
    assert!(ready.json()["reasons"].to_string().contains("login"), "{}", ready.text());
    assert_eq!(service.get("/healthz").await.status, 200);
    service.refresh(&tokens.refresh).await.tokens();
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    service.login(&person).await.tokens();
    assert_eq!(service.get("/readyz").await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn a_half_written_file_is_not_taken_and_the_whole_one_is() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    let before = service.generation(Slot::Login).await;
    let bytes = guest("refuses_domain");
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let mut file = std::fs::File::create(service.policy_file("login.wasm")).unwrap();
    file.write_all(first).unwrap();
    eventually("a refusal of the half", async || {
        (refused(&service, Slot::Login).await > 0).then_some(())
    })
    .await;
    assert_eq!(service.generation(Slot::Login).await, before);
    service.login(&person).await.tokens();
    file.write_all(second).unwrap();
    service.next_generation(Slot::Login, before).await;
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_removed_file_leaves_the_policy_serving() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    let before = service.generation(Slot::Login).await;
    std::fs::remove_file(service.policy_file("login.wasm")).unwrap();
    let noticed =
        async || (!lines_with(service.log_mark(), "file was removed").is_empty()).then_some(());
    eventually("a line in the log", noticed).await;
    service.login(&person).await.tokens();
    assert_eq!(service.generation(Slot::Login).await, before);
    assert_eq!(service.get("/readyz").await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn a_refused_file_that_is_removed_from_an_empty_slot_is_told_no_more() {
    let service = TestService::with().component(Slot::Login, b"nothing").start().await;
    let placed = async || service.get("/readyz").await.json()["placed_not_serving"].clone();
    let gauge = async || service.count("auth_policy_placed_not_serving", &[]).await;
    assert_eq!(placed().await[0]["state"], "refused");
    assert_eq!(gauge().await, 1);
    std::fs::remove_file(service.policy_file("login.wasm")).unwrap();
    eventually("an empty place", async || (placed().await == json!([])).then_some(())).await;
    assert_eq!(gauge().await, 0);
    service.stop().await;
}

#[tokio::test]
async fn a_change_of_settings_takes_effect_without_a_new_component() {
    let service = TestService::start().await;
    let person = Person { password: "ninechars".to_owned(), ..Person::new("leo") };
    let digest = async || service.get("/readyz").await.json()["policies"][0]["digest"].clone();
    let (before, component) = (service.generation(Slot::Register).await, digest().await);
    service
        .put("register.settings.json", json!({ "password-min-length": 10 }).to_string().as_bytes());
    service.next_generation(Slot::Register, before).await;
    let answer = service.register(&person.form()).await;
    assert_eq!(
        answer.refused(400, "invalid_request").fields(),
        [("password".to_owned(), "too_short".to_owned())]
    );
    assert_eq!(digest().await, component);
    let before = service.generation(Slot::Register).await;
    std::fs::remove_file(service.policy_file("register.settings.json")).unwrap();
    service.next_generation(Slot::Register, before).await;
    service.register(&person.form()).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn settings_that_are_no_json_object_are_refused_and_the_old_ones_go_on() {
    let service = TestService::with()
        .policy_settings(Slot::Register, &json!({ "password-min-length": 60 }))
        .start()
        .await;
    let before = service.generation(Slot::Register).await;
    for (number, wrong) in
        [&b"{\"password-min-length\": 5"[..], b"[]", b"5", b"\xff", b""].into_iter().enumerate()
    {
        service.put("register.settings.json", wrong);
        let count = number as u64;
        eventually("a refusal", async || {
            (refused(&service, Slot::Register).await > count).then_some(())
        })
        .await;
    }
    assert_eq!(service.generation(Slot::Register).await, before);
    service.register(&Person::new("leo").form()).await.refused(400, "invalid_request");
    service.stop().await;
}

#[tokio::test]
async fn a_component_that_came_with_bad_settings_is_taken_once_they_are_good() {
    let service = TestService::start().await;
    let person = Person { email: "leo@refused.example".to_owned(), ..Person::new("leo") };
    service.register(&person.form()).await.tokens();
    service.put("login.settings.json", b"{");
    service.put("login.wasm", &guest("refuses_domain"));
    eventually("a refusal", async || (refused(&service, Slot::Login).await > 0).then_some(()))
        .await;
    let before = service.generation(Slot::Login).await;
    service.put("login.settings.json", b"{}");
    service.next_generation(Slot::Login, before).await;
    service.login(&person).await.refused(401, "invalid_credentials");
    service.stop().await;
}

#[tokio::test]
async fn after_a_start_with_a_refused_policy_the_last_admitted_one_serves_with_its_settings() {
    let service = TestService::with()
        .policy_settings(Slot::Register, &json!({ "password-min-length": 60 }))
        .start()
        .await;
    let person = Person {
        password: "a password of more than sixty characters, as the settings ask for it".to_owned(),
        ..Person::new("leo")
    };
    service.register(&person.form()).await.tokens();
    let builder = service.stop_and_keep().await;
    let builder = builder
        .component(Slot::Register, b"nothing")
        .policy_settings(Slot::Register, &json!({ "password-min-length": 1 }));
    let service = builder.start().await;
    assert_eq!(service.get("/readyz").await.status, 200);
    service.register(&Person::new("ann").form()).await.refused(400, "invalid_request");
    assert_eq!(refused(&service, Slot::Register).await, 1);
    service.swap(Slot::Register, &policy(Slot::Register)).await;
    service.register(&Person::new("ann").form()).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_file_that_others_may_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let service = TestService::start().await;
    let before = service.generation(Slot::Login).await;
    service.put("refused.wasm", &guest("refuses_domain"));
    std::fs::set_permissions(
        service.policy_file("refused.wasm"),
        std::fs::Permissions::from_mode(0o664),
    )
    .unwrap();
    std::fs::rename(service.policy_file("refused.wasm"), service.policy_file("login.wasm"))
        .unwrap();
    eventually("a refusal", async || (refused(&service, Slot::Login).await > 0).then_some(()))
        .await;
    assert_eq!(service.generation(Slot::Login).await, before);
    // As the log says: it needs nothing else.
    std::fs::set_permissions(
        service.policy_file("login.wasm"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    eventually("the component that was mended", async || {
        (service.generation(Slot::Login).await > before).then_some(())
    })
    .await;
    service.stop().await;
}

#[tokio::test]
async fn a_pipe_in_place_of_a_policy_is_refused_and_blocks_nothing() {
    let service = TestService::start().await;
    std::fs::remove_file(service.policy_file("login.wasm")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(service.policy_file("login.wasm"))
            .status()
            .unwrap()
            .success()
    );
    eventually("a refusal", async || (refused(&service, Slot::Login).await > 0).then_some(()))
        .await;
    std::fs::remove_file(service.policy_file("login.wasm")).unwrap();
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    service.stop().await;
}

#[tokio::test]
async fn settings_that_lead_nowhere_or_say_a_thing_twice_do_not_bring_the_defaults_back() {
    let service = TestService::with()
        .policy_settings(Slot::Register, &json!({ "password-min-length": 60 }))
        .start()
        .await;
    let before = service.generation(Slot::Register).await;
    let settings = service.policy_file("register.settings.json");
    std::fs::remove_file(&settings).unwrap();
    std::os::unix::fs::symlink("nowhere", &settings).unwrap();
    eventually("a refusal of the link", async || {
        (refused(&service, Slot::Register).await > 0).then_some(())
    })
    .await;
    std::fs::remove_file(&settings).unwrap();
    service
        .put("register.settings.json", br#"{"password-min-length": 60, "password-min-length": 1}"#);
    eventually("a refusal of the double name", async || {
        (refused(&service, Slot::Register).await > 1).then_some(())
    })
    .await;
    assert_eq!(service.generation(Slot::Register).await, before);
    service.register(&Person::new("leo").form()).await.refused(400, "invalid_request");
    service.stop().await;
}

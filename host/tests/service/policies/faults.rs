//! A policy that fails harms one request: 503, nothing written, counted by cause; the next request
//! is served.

use auth_host::contract::Slot;

use serde_json::Value;

use super::{attribute, open_sessions, stored};
use crate::support::{Answer, Person, TestService, lines_with, policy};

/// The login policies that fail, and the cause that each is counted under.
const FAULTS: [(&str, &str); 20] = [
    ("endless_loop", "deadline"),
    ("panics", "panic"),
    ("writes_then_traps", "panic"),
    ("memory_bomb", "memory"),
    ("stack_overflow", "trap"),
    ("host_call_flood", "host_calls"),
    ("byte_flood", "host_calls"),
    ("handle_hoard", "contract"),
    ("forged_handle", "contract"),
    ("stale_handle", "contract"),
    ("oversize_refusal", "contract"),
    ("hash_twice", "failed"),
    ("other_account", "failed"),
    ("slow_reads", "failed"),
    ("reserved_claim", "failed"),
    ("replace_oversize", "failed"),
    ("bad_json", "failed"),
    ("undeclared_refusal", "decision"),
    ("empty_refusal", "decision"),
    ("accepts_unverified", "decision"),
];

async fn login_fails(service: &TestService, person: &Person, name: &str, cause: &str) {
    let before = service.count("auth_policy_faults_total", &[]).await;
    let answer = service.login(person).await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (503, Some("policy_fault")),
        "{name}: {}",
        answer.text()
    );
    answer.refused(503, "policy_fault");
    let metrics = service.metrics().await;
    let causes: Vec<_> = metrics
        .named("auth_policy_faults_total")
        .map(|series| series.labels["cause"].clone())
        .collect();
    assert_eq!(metrics.sum("auth_policy_faults_total", &[]), before + 1, "{name}");
    assert!(
        metrics.sum("auth_policy_faults_total", &[("slot", "login"), ("cause", cause)]) > 0,
        "{name} is not {cause} but in {causes:?}"
    );
    let line = fault_line(service, &answer);
    let remedy = line["remedy"].as_str().unwrap_or_default();
    assert!(remedy.ends_with('.') && remedy.len() > 40, "{name}: what to do is missing: {line}");
}

/// The line of the log that tells of a call that its policy spoiled.
pub(super) fn fault_line(service: &TestService, answer: &Answer) -> Value {
    let lines = lines_with(service.log_mark(), answer.header("x-request-id").unwrap());
    lines.into_iter().find(|line| line["cause"].is_string()).expect("no line tells the cause")
}

#[tokio::test]
async fn the_log_says_what_a_policys_author_does_about_a_fault() {
    for (name, detail, remedy) in [
        ("handle_hoard", "", "too many handles"),
        ("forged_handle", "handle", "bindings"),
        ("endless_loop", "", "loop"),
        ("memory_bomb", "memory", "grows"),
        ("stack_overflow", "", "recursion"),
        ("bad_json", "outbox.append: the data of \"seen\" is not JSON", "answer this failure"),
        ("replace_oversize", "an expected storage value of at most 16384 bytes", "the bound"),
        ("empty_refusal", "its refusal \"go_away\" has no message; give it one", "`refusal`"),
        ("undeclared_refusal", "add it to `refusals`", "manifest"),
    ] {
        let service = TestService::with().guest(Slot::Login, name).start().await;
        let (person, _) = service.newcomer("leo").await;
        let line = fault_line(&service, &service.login(&person).await);
        let told = |member: &str| line[member].as_str().unwrap_or_default().to_owned();
        assert!(told("detail").contains(detail), "{name}: {line}");
        assert!(told("remedy").contains(remedy), "{name}: {line}");
        service.stop().await;
    }
}

#[tokio::test]
async fn a_login_policy_that_fails_gets_503_writes_nothing_and_harms_no_other_request() {
    for (name, cause) in FAULTS {
        let service = TestService::with().guest(Slot::Login, name).start().await;
        let (person, tokens) = service.newcomer("leo").await;
        login_fails(&service, &person, name, cause).await;
        assert_eq!(
            service
                .count("auth_policy_calls_total", &[("slot", "login"), ("outcome", "fault")])
                .await,
            1,
            "{name}"
        );
        assert_eq!(
            service.count("auth_logins_failed_total", &[("reason", "policy_fault")]).await,
            1,
            "{name}"
        );
        assert_eq!(open_sessions(&service, tokens.user_id).await, 1, "{name} opened a session");
        assert_eq!(
            attribute(&service, &person, "last_seen").await,
            None,
            "{name} wrote an attribute"
        );
        assert_eq!(
            stored(&service, Slot::Login, "trapped").await,
            None,
            "{name} wrote to its storage"
        );
        assert_eq!(service.events().await.len(), 1, "{name} sent an event");
        service.newcomer("other").await;
        service.refresh(&tokens.refresh).await.tokens();
        service.stop().await;
    }
}

#[tokio::test]
async fn the_request_after_a_fault_is_served_by_the_policy_that_replaced_the_bad_one() {
    let service = TestService::with().guest(Slot::Login, "writes_then_traps").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    login_fails(&service, &person, "writes_then_traps", "panic").await;
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    assert_eq!(service.login(&person).await.tokens().user_id, tokens.user_id);
    service.stop().await;
}

#[tokio::test]
async fn a_policy_that_accepts_a_wrong_password_opens_no_session() {
    let service = TestService::with().guest(Slot::Login, "accepts_wrong_password").start().await;
    let (person, _) = service.newcomer("leo").await;
    let wrong = Person { password: crate::support::secret_text(), ..person.clone() };
    login_fails(&service, &wrong, "accepts_wrong_password", "decision").await;
    // With the right one the same component is as good as any.
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_registration_with_an_address_that_is_none_creates_no_account_whatever_the_policy_says() {
    let service = TestService::with().guest(Slot::Register, "register_accepts_all").start().await;
    let person = Person { email: "no address".to_owned(), ..Person::new("leo") };
    service.register(&person.form()).await.refused(503, "policy_fault");
    assert_eq!(
        service
            .count("auth_policy_faults_total", &[("slot", "register"), ("cause", "decision")])
            .await,
        1
    );
    assert!(service.events().await.is_empty());
    service.newcomer("decent").await;
    service.stop().await;
}

#[tokio::test]
async fn a_refresh_policy_that_fails_leaves_the_token_good() {
    let service = TestService::with().guest(Slot::Refresh, "refresh_panics").start().await;
    let (_, tokens) = service.newcomer("leo").await;
    for _ in 0..3 {
        service.refresh(&tokens.refresh).await.refused(503, "policy_fault");
    }
    assert_eq!(
        service.count("auth_policy_faults_total", &[("slot", "refresh"), ("cause", "panic")]).await,
        3
    );
    service.swap(Slot::Refresh, &policy(Slot::Refresh)).await;
    service.refresh(&tokens.refresh).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_panic_is_logged_with_its_place_and_without_its_message() {
    let service = TestService::with().guest(Slot::Login, "panics").start().await;
    let (person, _) = service.newcomer("somebody.with.a.name").await;
    let answer = service.login(&person).await;
    answer.refused(503, "policy_fault");
    let lines = lines_with(service.log_mark(), answer.header("x-request-id").unwrap());
    let told: Vec<_> = lines.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|line| line.contains("panics.rs")), "the place is missing: {told:#?}");
    assert!(
        told.iter().all(|line| !line.contains(&person.email)),
        "the log tells who it was: {told:#?}"
    );
    service.stop().await;
}

/// On one thread: a loop that held it would hold everything.
#[tokio::test]
async fn while_policies_loop_others_are_served() {
    let with = TestService::with().setting("AUTH_REFRESH_ROTATIONS_PER_MINUTE", "100000");
    let service = with.guest(Slot::Login, "endless_loop").start().await;
    let (person, first) = service.newcomer("leo").await;
    let body = serde_json::json!({ "email": person.email, "password": person.password });
    let login = service.request("POST", "/auth/login").json(&body);
    let looping = tokio::spawn(async move {
        for _ in 0..8 {
            assert_eq!(login.try_clone().unwrap().send().await.unwrap().status(), 503);
        }
    });
    let mut tokens = first;
    let mut served = 0;
    while !looping.is_finished() {
        assert_eq!(service.get("/healthz").await.status, 200);
        tokens = service.refresh(&tokens.refresh).await.tokens();
        served += 1;
    }
    looping.await.unwrap();
    assert!(served >= 2, "nothing was served while the policies looped");
    service.stop().await;
}

#[tokio::test]
async fn the_log_says_which_request_slot_policy_and_generation_failed_and_why() {
    let service = TestService::with().guest(Slot::Login, "endless_loop").start().await;
    let (person, _) = service.newcomer("leo").await;
    let answer = service.login(&person).await;
    let lines = lines_with(service.log_mark(), answer.header("x-request-id").unwrap());
    let line =
        lines.iter().find(|line| line["cause"] == "deadline").expect("no line tells the cause");
    assert_eq!(
        (&line["span"]["slot"], &line["span"]["policy"]),
        (&"login".into(), &"endless-loop".into()),
        "{line}"
    );
    assert!(line["span"]["release"].is_number(), "{line}");
    service.stop().await;
}

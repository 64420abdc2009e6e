//! What the contract says that a policy cannot do, each with a policy that tries.

use std::time::Duration;

use auth_host::contract::Slot;
use serde_json::json;

use super::{attribute, claims, open_sessions, stored};
use crate::support::{Person, TestService, eventually, policy};

#[tokio::test]
async fn before_the_password_was_right_nothing_can_be_done_to_an_account() {
    let service = TestService::with().guest(Slot::Login, "acts_unproved").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    let answer = service.login_with_wrong_password(&person).await;
    assert_eq!(answer.json()["code"], "go_away", "{}", answer.text());
    for moment in ["before", "after"] {
        let outcomes = stored(&service, Slot::Login, moment).await;
        assert_eq!(outcomes.as_deref(), Some("denied denied denied denied"), "{moment}");
    }
    assert_eq!(open_sessions(&service, tokens.user_id).await, 1);
    assert_eq!(attribute(&service, &person, "seen").await, None);
    assert_eq!(service.events().await.len(), 1, "only user.created");
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_refused_registration_keeps_the_policys_row_and_sends_no_event() {
    let guest = "register_events_then_refuses";
    let service = TestService::with().guest(Slot::Register, guest).start().await;
    let person = Person::new("leo");
    let answer = service.register(&person.form()).await;
    assert_eq!(answer.json()["code"], "go_away", "{}", answer.text());
    assert_eq!(stored(&service, Slot::Register, "refused").await.as_deref(), Some("1"));
    assert!(service.events().await.is_empty());
    service.swap(Slot::Register, &policy(Slot::Register)).await;
    service.register(&person.form()).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_refusal_clears_no_throttle() {
    let service = TestService::with().guest(Slot::Login, "clears_then_refuses").start().await;
    let (person, _) = service.newcomer("leo").await;
    for _ in 0..2 {
        let answer = service.login(&person).await;
        assert_eq!(answer.json()["code"], "go_away", "{}", answer.text());
    }
    service.login(&person).await.refused(429, "throttled");
    service.stop().await;
}

/// When the access token ends, in seconds from when the session was opened.
fn access_token_ends_after(access_token: &str, opened: i64) -> i64 {
    claims(access_token)["exp"].as_i64().unwrap() - opened
}

#[tokio::test]
async fn no_policy_lengthens_a_session_at_login_or_at_refresh() {
    const HOUR: Duration = Duration::from_hours(1);
    let service = TestService::with()
        .guest(Slot::Login, "login_lengthens")
        .guest(Slot::Refresh, "refresh_lengthens")
        .setting("AUTH_SESSION_MAX_LIFETIME", "1h")
        .start()
        .await;
    let (person, _) = service.newcomer("leo").await;
    let first = service.login(&person).await.tokens();
    let opened = claims(&first.access)["iat"].as_i64().unwrap();
    service.later(HOUR * 5 / 6).await;
    let second = service.refresh(&first.refresh).await.tokens();
    let ends_after = access_token_ends_after(&second.access, opened);
    assert!(ends_after <= 3601, "the access token outlives the session: {ends_after} s");
    service.later(HOUR / 6 + Duration::from_secs(1)).await;
    service.refresh(&second.refresh).await.refused(401, "invalid_token");
    assert_eq!(open_sessions(&service, first.user_id).await, 0);
    service.stop().await;
}

/// Who cannot be let in is not, and the fault is the policy's.
async fn decision_fails(service: &TestService, slot: Slot, answer: &crate::support::Answer) {
    answer.refused(503, "policy_fault");
    let labels = [("slot", slot.as_str()), ("cause", "decision")];
    assert_eq!(service.count("auth_policy_faults_total", &labels).await, 1);
}

#[tokio::test]
async fn a_disabled_account_is_not_let_in_whatever_the_policy_says() {
    let service = TestService::with().guest(Slot::Login, "disables").start().await;
    let (person, tokens) = service.newcomer("leo").await;
    assert_eq!(service.login(&person).await.json()["code"], "disabled_now");
    service.swap(Slot::Login, &crate::support::guest("accepts_disabled")).await;
    decision_fails(&service, Slot::Login, &service.login(&person).await).await;
    assert_eq!(open_sessions(&service, tokens.user_id).await, 0);
    service.stop().await;
}

#[tokio::test]
async fn an_acceptance_that_ends_what_it_grants_is_the_policys_fault_and_ends_nothing() {
    for (slot, name) in [
        (Slot::Login, "login_disables_and_accepts"),
        (Slot::Refresh, "refresh_disables_and_accepts"),
        (Slot::Refresh, "refresh_revokes_and_accepts"),
    ] {
        let service = TestService::with().guest(slot, name).start().await;
        let (person, tokens) = service.newcomer("leo").await;
        let answer = match slot {
            Slot::Refresh => service.refresh(&tokens.refresh).await,
            _ => service.login(&person).await,
        };
        decision_fails(&service, slot, &answer).await;
        assert_eq!(open_sessions(&service, tokens.user_id).await, 1, "{name}");
        service.swap(slot, &policy(slot)).await;
        service.login(&person).await.tokens();
        service.refresh(&tokens.refresh).await.tokens();
        service.stop().await;
    }
}

#[tokio::test]
async fn one_throttle_key_in_two_slots_is_two_and_the_wait_is_what_is_left() {
    let service = TestService::with()
        .guest(Slot::Login, "login_throttled")
        .guest(Slot::Refresh, "refresh_throttled")
        .start()
        .await;
    let (person, tokens) = service.newcomer("leo").await;
    service.login(&person).await.tokens();
    let tokens = service.refresh(&tokens.refresh).await.tokens();
    service.later(Duration::from_secs(20)).await;
    for answer in [service.login(&person).await, service.refresh(&tokens.refresh).await] {
        let wait = answer.refused(429, "throttled").header("retry-after").unwrap().parse::<u64>();
        let wait = wait.unwrap();
        assert!((1..=40).contains(&wait), "{wait} s of the 40 that are left at most");
        assert!(wait > 20, "{wait} s: the test itself cannot have taken so long");
    }
    service.later(Duration::from_secs(40)).await;
    service.login(&person).await.tokens();
    service.refresh(&tokens.refresh).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn a_refusal_is_told_to_wait_as_long_as_the_policy_says_and_never_0_seconds() {
    let service = TestService::with().guest(Slot::Login, "refuses_for_a_while").start().await;
    let (person, _) = service.newcomer("leo").await;
    for (said, told) in [(0_u32, "1"), (1, "1"), (7, "7"), (86_400, "86400"), (90_000, "86400")] {
        let before = service.generation(Slot::Login).await;
        service.put("login.settings.json", json!({ "seconds": said }).to_string().as_bytes());
        service.next_generation(Slot::Login, before).await;
        let answer = service.login(&person).await;
        assert_eq!(answer.refused(429, "go_away").header("retry-after"), Some(told), "{said} s");
    }
    service.stop().await;
}

/// The one that waits for the other is not told so: it is asked for as long as the other needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_refreshes_with_one_token_the_loser_commits_nothing_although_it_refuses() {
    let service = TestService::with().guest(Slot::Refresh, "refresh_loses").start().await;
    for round in 1..=50 {
        let (_, tokens) = service.newcomer(&format!("person{round}")).await;
        let body = json!({ "refresh_token": tokens.refresh });
        let refresh = || service.request("POST", "/auth/refresh").json(&body);
        let loser = tokio::spawn(refresh().header("user-agent", "loser").send());
        let waiting = async || {
            let begun = service.count("auth_policy_refresh_waiting_total", &[]).await >= round;
            begun.then_some(())
        };
        eventually("a refresh that waits in its policy", waiting).await;
        let winner = service.send(refresh()).await;
        winner.tokens();
        let lost = loser.await.unwrap().unwrap();
        let status = lost.status().as_u16();
        // It may have given up before the other was there: on with the next person.
        if status != 503 {
            assert_eq!((status, lost.text().await.unwrap()), (200, winner.text()));
            assert_eq!(stored(&service, Slot::Refresh, "loser").await, None);
            service.stop().await;
            return;
        }
    }
    panic!("no refresh lost while its policy was asked");
}

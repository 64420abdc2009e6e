//! Failures: their status, their code, their form, and what they must not tell.

use auth_host::contract::Slot;
use serde_json::json;

use crate::support::{ENDPOINTS, Person, TestService, secret_text};
use std::time::Duration;

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    let wrong_password = service.login_with_wrong_password(&person).await;
    let unknown = service.login(&Person::new("nobody")).await;
    let no_address =
        service.login(&Person { email: "no address".to_owned(), password: secret_text() }).await;
    for answer in [&wrong_password, &unknown, &no_address] {
        assert_eq!(
            answer.refused(401, "invalid_credentials").json()["error"],
            "invalid email or password"
        );
        assert_eq!(answer.without_request_id(), wrong_password.without_request_id());
        let names = |answer: &crate::support::Answer| {
            answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(answer), names(&wrong_password));
    }
    service.stop().await;
}

#[tokio::test]
async fn an_address_that_is_taken_gets_409_and_the_account_stays_its_owners() {
    let service = TestService::start().await;
    let (person, tokens) = service.newcomer("leo").await;
    let thief = Person { password: secret_text(), ..person.clone() };
    let answer = service.register(&thief.form()).await;
    assert_eq!(answer.refused(409, "already_exists").json()["error"], "user already registered");
    service.login(&thief).await.refused(401, "invalid_credentials");
    assert_eq!(service.login(&person).await.tokens().user_id, tokens.user_id);
    assert_eq!(service.events().await.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn of_many_registrations_of_one_address_at_once_one_succeeds() {
    let service = TestService::start().await;
    let person = Person::new("leo");
    let forms: Vec<_> =
        (0..8).map(|_| Person { password: secret_text(), ..person.clone() }).collect();
    let mut answers = Vec::new();
    let requests = forms.iter().map(|person| {
        let request = service.request("POST", "/auth/register").json(&person.form());
        tokio::spawn(request.send())
    });
    for request in requests.collect::<Vec<_>>() {
        answers.push(request.await.unwrap().unwrap().status().as_u16());
    }
    answers.sort_unstable();
    assert_eq!(answers, [vec![200], vec![409; 7]].concat());
    assert_eq!(service.events().await.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn too_many_logins_get_429_with_the_time_to_wait_and_a_success_starts_the_count_anew() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    for attempt in 0..18 {
        let answer = if attempt == 9 {
            service.login(&person).await
        } else {
            service.login_with_wrong_password(&person).await
        };
        assert_eq!(answer.status, if attempt == 9 { 200 } else { 401 }, "attempt {attempt}");
    }
    // Eight since the success: two more are let through.
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    let answer = service.login(&person).await;
    let seconds: u32 =
        answer.refused(429, "throttled").header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&seconds), "{seconds}");
    // Somebody else is not concerned.
    service
        .login_with_wrong_password(&Person::new("other"))
        .await
        .refused(401, "invalid_credentials");
    service.later(Duration::from_secs(301)).await;
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn an_account_that_nobody_has_is_throttled_like_one_that_somebody_has() {
    let service = TestService::start().await;
    let (person, nobody) = (service.newcomer("leo").await.0, Person::new("nobody"));
    for _ in 0..10 {
        service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
        service.login_with_wrong_password(&nobody).await.refused(401, "invalid_credentials");
    }
    let (known, unknown) = (
        service.login_with_wrong_password(&person).await,
        service.login_with_wrong_password(&nobody).await,
    );
    known.refused(429, "throttled");
    assert_eq!(known.without_request_id(), unknown.without_request_id());
    service.stop().await;
}

#[tokio::test]
async fn a_stranger_does_not_lock_the_owner_out_where_addresses_are_known() {
    let settings = json!({ "attempts-per-account-anywhere": 15 });
    let with = TestService::with().policy_settings(Slot::Login, &settings);
    let service = with.setting("HTTP_TRUSTED_PROXIES", "127.0.0.0/8").start().await;
    let (person, _) = service.newcomer("leo").await;
    let login = async |address: &str, password: &str| {
        let body = json!({ "email": person.email, "password": password });
        service
            .send(
                service
                    .request("POST", "/auth/login")
                    .header("x-forwarded-for", address)
                    .json(&body),
            )
            .await
    };
    for _ in 0..10 {
        login("192.0.2.1", &secret_text()).await.refused(401, "invalid_credentials");
    }
    for _ in 0..10 {
        login("192.0.2.1", &person.password).await.refused(429, "throttled");
    }
    login("198.51.100.7", &person.password).await.tokens();
    // What the client itself claims, in front of what the proxy saw, counts for nothing.
    login("198.51.100.7, 192.0.2.1", &person.password).await.refused(429, "throttled");
    // Whose address is not known shares the attempts of others like that, and not the stranger's.
    service.login(&person).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn registrations_from_one_address_are_throttled_where_addresses_are_known() {
    let settings = json!({ "registrations-per-address": 2 });
    let with = || TestService::with().policy_settings(Slot::Register, &settings);
    for (trusted, expected) in [(true, 429), (false, 200)] {
        let service =
            if trusted { with().setting("HTTP_TRUSTED_PROXIES", "127.0.0.1") } else { with() }
                .start()
                .await;
        for number in 0..3 {
            let form = Person::new(&format!("person{number}")).form();
            // What the client claims need not be text.
            let forwarded: &[u8] = if number < 2 { b"192.0.2.1" } else { b"\xe9, 192.0.2.1" };
            let request = service
                .request("POST", "/auth/register")
                .header("x-forwarded-for", forwarded)
                .json(&form);
            let status = service.send(request).await.status;
            assert_eq!(status, if number < 2 { 200 } else { expected });
        }
        service.stop().await;
    }
}

#[tokio::test]
async fn failures_of_the_endpoints_are_kept_by_no_cache() {
    let service = TestService::start().await;
    for path in ENDPOINTS {
        let answer = service.post(path, "{}").await;
        assert_eq!(answer.refused(400, "missing_field").header("cache-control"), Some("no-store"));
    }
    service.stop().await;
}

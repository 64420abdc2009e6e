//! A limit on guessing counts guesses: wrong passwords, each once, and nothing else.

use std::time::Duration;

use auth_host::contract::Slot;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Answer, Person, TestService, secret_text};

/// So many logins at the same time, one after the other at each of these services.
async fn at_once(services: &[&TestService], people: &[Person]) -> Vec<Answer> {
    let logins = people.iter().enumerate();
    join_all(logins.map(|(number, person)| services[number % services.len()].login(person))).await
}

fn with_wrong_passwords(person: &Person, times: usize) -> Vec<Person> {
    (0..times).map(|_| Person { password: secret_text(), ..person.clone() }).collect()
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

/// Hashes made so far.
async fn hashes(service: &TestService) -> u64 {
    service.count("auth_password_hash_total", &[]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_right_passwords_of_one_account_at_once_are_all_let_in() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    // One guess is left.
    for _ in 0..9 {
        service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    }
    let answers = at_once(&[&service], &vec![person; 40]).await;
    assert_eq!(statuses(&answers), [200; 40]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_passwords_use_up_no_limit_of_an_address() {
    let settings = json!({ "attempts-per-address": 3, "attempts-per-account-anywhere": 3 });
    let with = TestService::with().policy_settings(Slot::Login, &settings);
    let service = with.setting("HTTP_TRUSTED_PROXIES", "127.0.0.0/8").start().await;
    let (person, _) = service.newcomer("leo").await;
    let (other, _) = service.newcomer("other").await;
    let from_one_address = async |person: &Person| {
        let body = json!({ "email": person.email, "password": person.password });
        let request = service.request("POST", "/auth/login").json(&body);
        service.send(request.header("x-forwarded-for", "192.0.2.1")).await
    };
    for _ in 0..8 {
        from_one_address(&person).await.tokens();
        from_one_address(&other).await.tokens();
    }
    // A success forgets what this caller guessed wrong at this account, not what the address did.
    for guess in with_wrong_passwords(&person, 3) {
        from_one_address(&guess).await.refused(401, "invalid_credentials");
    }
    from_one_address(&other).await.refused(429, "throttled");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_do_not_slip_past_the_limit() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    for somebody in [person.clone(), Person::new("nobody")] {
        let answers = at_once(&[&service], &with_wrong_passwords(&somebody, 40)).await;
        assert_eq!(statuses(&answers), [vec![401; 10], vec![429; 30]].concat());
        for answer in answers.iter().filter(|answer| answer.status == 429) {
            answer.refused(429, "throttled");
        }
    }
    service.login(&person).await.refused(429, "throttled");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_at_two_replicas_do_not_slip_past_the_limit() {
    let first = TestService::with().on_postgres().start().await;
    let second = TestService::with()
        .on_database(first.database().unwrap().url())
        .clock(first.clock.clone())
        .start()
        .await;
    let (person, _) = first.newcomer("leo").await;
    let answers = at_once(&[&first, &second], &vec![person.clone(); 40]).await;
    assert_eq!(statuses(&answers), [200; 40]);
    let answers = at_once(&[&first, &second], &with_wrong_passwords(&person, 40)).await;
    assert_eq!(statuses(&answers), [vec![401; 10], vec![429; 30]].concat());
    for service in [&first, &second] {
        service.login(&person).await.refused(429, "throttled");
    }
    second.stop().await;
    first.stop().await;
}

#[tokio::test]
async fn a_guess_beyond_the_limit_costs_no_hash() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    for _ in 0..10 {
        service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    }
    let before = hashes(&service).await;
    for _ in 0..5 {
        service.login_with_wrong_password(&person).await.refused(429, "throttled");
        service.login(&person).await.refused(429, "throttled");
    }
    assert_eq!(hashes(&service).await, before);
    service.stop().await;
}

#[tokio::test]
async fn the_wait_that_a_limit_tells_is_true_to_the_second() {
    let settings = json!({ "attempts-per-account": 1, "window-seconds": 60 });
    let service = TestService::with().policy_settings(Slot::Login, &settings).start().await;
    let (person, _) = service.newcomer("leo").await;
    let before = service.clock.now();
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    let ends = [before + 60_000, service.clock.now() + 60_000];
    for later in [0, 20_000, 38_900] {
        service.clock.advance(Duration::from_millis(later));
        let asked = service.clock.now();
        let answer = service.login(&person).await;
        if service.clock.now() >= ends[0] {
            // The machine was too slow for this to be known.
            break;
        }
        let told: i64 =
            answer.refused(429, "throttled").header("retry-after").unwrap().parse().unwrap();
        let seconds = |left: i64| left.max(1).saturating_add(999) / 1000;
        let true_ones = seconds(ends[0] - service.clock.now())..=seconds(ends[1] - asked);
        assert!(told >= 1 && true_ones.contains(&told), "{told} is not in {true_ones:?}");
        // Nobody has to wait longer than that.
        if later > 20_000 {
            service.clock.advance(Duration::from_secs(told.unsigned_abs()));
            service.login(&person).await.tokens();
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn of_a_registration_faulty_forms_count_too_before_anything_that_costs() {
    let settings = json!({ "attempts-per-email": 2, "password-min-strength": 3 });
    let service = TestService::with().policy_settings(Slot::Register, &settings).start().await;
    let person = Person::new("leo");
    for wrong in ["short", "password"] {
        let form = person.form_with("password", Some(json!(wrong)));
        service.register(&form).await.refused(400, "invalid_request");
    }
    let form = person.form_with("password", Some(json!("short")));
    service.register(&form).await.refused(429, "throttled");
    service.register(&person.form()).await.refused(429, "throttled");
    service.register(&Person::new("other").form()).await.tokens();
    service.later(Duration::from_secs(3_601)).await;
    service.register(&person.form()).await.tokens();
    service.stop().await;
}

//! Swapping under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use auth_host::contract::Slot;
use serde_json::{Value, json};

use crate::support::{Person, TestService, guest, policy};

#[tokio::test]
async fn a_new_component_serves_with_its_new_behaviour() {
    let service = TestService::start().await;
    let person = Person { email: "leo@refused.example".to_owned(), ..Person::new("leo") };
    service.register(&person.form()).await.tokens();
    service.login(&person).await.tokens();
    service.swap(Slot::Login, &guest("refuses_domain")).await;
    service.login(&person).await.refused(401, "invalid_credentials");
    let info = service.metrics().await;
    let active = info.matching("auth_policy_active_info", &[("slot", "login")]);
    assert_eq!(active.len(), 1, "the series of the generation before is still there");
    assert_eq!(active[0].labels["policy"], "refuses-domain");
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    service.login(&person).await.tokens();
    assert_eq!(
        service
            .count("auth_policy_admissions_total", &[("slot", "login"), ("result", "admitted")])
            .await,
        3
    );
    service.stop().await;
}

/// Logs in and refreshes until it is told to stop; the number of requests.
async fn load(client: reqwest::Client, base: String, person: Person, stop: Arc<AtomicBool>) -> u32 {
    let post = async |path: &str, body: Value| {
        let response = client
            .post(format!("{base}{path}"))
            .json(&body)
            .send()
            .await
            .expect("a request was lost");
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, 200, "a request failed during a swap: {text}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let mut requests = 0;
    while !stop.load(Ordering::Relaxed) {
        let tokens =
            post("/auth/login", json!({ "email": person.email, "password": person.password }))
                .await;
        post("/auth/refresh", json!({ "refresh_token": tokens["refresh_token"] })).await;
        requests += 2;
    }
    requests
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_policies_are_swapped() {
    let service = TestService::start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut loads = Vec::new();
    for number in 0..4 {
        let (person, _) = service.newcomer(&format!("person{number}")).await;
        loads.push(tokio::spawn(load(
            service.client.clone(),
            format!("http://{}", service.address),
            person,
            Arc::clone(&stop),
        )));
    }
    for round in 0..5 {
        service.swap(Slot::Login, &guest("refuses_domain")).await;
        let before = service.generation(Slot::Refresh).await;
        let settings = json!({ "session-idle-seconds": 600 + round });
        service.put("refresh.settings.json", settings.to_string().as_bytes());
        service.next_generation(Slot::Refresh, before).await;
        service.swap(Slot::Login, &policy(Slot::Login)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut requests = 0;
    for load in loads {
        requests += load.await.unwrap();
    }
    assert!(requests > 100, "{requests} requests are no load");
    assert_eq!(service.count("http_requests_total", &[("status", "503")]).await, 0);
    service.stop().await;
}

#[tokio::test]
async fn a_call_in_flight_ends_on_the_generation_that_it_began_with() {
    let service = TestService::with().guest(Slot::Login, "endless_loop").start().await;
    let (person, _) = service.newcomer("leo").await;
    let body = json!({ "email": person.email, "password": person.password });
    let begun = tokio::spawn(service.request("POST", "/auth/login").json(&body).send());
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    service.login(&person).await.tokens();
    assert_eq!(begun.await.unwrap().unwrap().status(), 503);
    service.stop().await;
}

//! Many calls at once that ask a host which does not answer.

use auth_host::contract::Slot;
use serde_json::json;

use super::asking::{logins, told_again};
use super::{Manner, Outside};
use crate::support::{eventually, in_time};

/// Half of the turns of a login, and of these three quarters for one origin.
const AT_ONCE: usize = 40 * 3 / 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn eighty_logins_that_ask_a_dead_host_end_and_leave_the_others_alone() {
    let outside = Outside::start().await;
    outside.at_path("/risk", Manner::NeverAnswers);
    let origin = outside.origin();
    let settings = json!({ "url": format!("{origin}/risk"), "before": true, "closed": true });
    let service = logins(&[format!("GET {origin} private")], &settings).start().await;
    let (person, mut tokens) = service.newcomer("leo").await;
    let body = json!({ "email": person.email, "password": person.password });
    let login = service.request("POST", "/auth/login").json(&body);
    let crowd: Vec<_> = (0..80)
        .map(|_| {
            let login = login.try_clone().unwrap();
            tokio::spawn(async move { login.send().await.unwrap() })
        })
        .collect();
    eventually("the end of eighty logins", async || {
        let under_way = service.count("auth_policy_http_under_way", &[("place", "login")]).await;
        assert!(under_way <= AT_ONCE as u64, "{under_way} requests at once");
        tokens = service.refresh(&tokens.refresh).await.tokens();
        crowd.iter().all(tokio::task::JoinHandle::is_finished).then_some(())
    })
    .await;
    for login in crowd {
        let answer = in_time("a login", login).await.unwrap();
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["code"], "unavailable", "{body}");
    }
    assert!((5..80).contains(&outside.asked().len()), "{} came", outside.asked().len());
    assert_eq!(service.count("auth_policy_faults_total", &[]).await, 0);
    let labels = [("place", "login"), ("origin", origin.as_str())];
    assert_eq!(service.count("auth_policy_http_circuit_open", &labels).await, 1);
    // Once it answers again, it is asked again.
    outside.at_path("/risk", Manner::answers(200, "ok"));
    eventually("an answer", async || (service.login(&person).await.status == 200).then_some(()))
        .await;
    assert_eq!(told_again(&service, &person).await, "200 \"\" 2 ok");
    assert_eq!(service.count("auth_policy_http_circuit_open", &labels).await, 0);
    assert!(service.generation(Slot::Login).await > 0);
    service.stop().await;
}

#[tokio::test]
async fn a_host_that_fails_again_and_again_is_left_alone_and_the_policy_is_told_at_once() {
    let outside = Outside::start().await;
    outside.at_path("/risk", Manner::HangsUp);
    let origin = outside.origin();
    let settings = json!({ "url": format!("{origin}/risk"), "times": 4 });
    let service = logins(&[format!("GET {origin} private")], &settings).start().await;
    let (person, _) = service.newcomer("leo").await;
    let labels = [("place", "login"), ("origin", origin.as_str()), ("outcome", "circuit_open")];
    let left_alone = async || {
        let told = told_again(&service, &person).await;
        assert_eq!(told, "unavailable; unavailable; unavailable; unavailable");
        (service.count("auth_policy_http_requests_total", &labels).await > 0).then_some(())
    };
    eventually("a request that is not sent", left_alone).await;
    assert!(outside.accepted() >= 5, "it was left alone after {}", outside.accepted());
    service.stop().await;
}

//! What commands tell of outcomes that are neither done nor refused, of releases for several
//! versions of the contract, and of what calls take.

use auth_host::contract::Slot;
use auth_host::store::registry::Role;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::operator::Operator;
use super::pushing::version;
use crate::support::{Person, Printed, TestService, eventually, policy};
use crate::swap::components::from_wat;

async fn operator(service: &TestService) -> Operator {
    let ann = service.admin("ann", Role::Operate).await;
    Operator::new(service.admin_url(), &ann.token)
}

fn told(printed: &Printed, code: i32, words: &[&str]) {
    let text = format!("{}{}", printed.text, printed.errors);
    assert_eq!(printed.code, Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "it lacks {word:?}: {text}");
    }
}

#[tokio::test]
async fn a_replica_that_stays_behind_is_told_and_ends_with_3() {
    let service = TestService::start().await;
    let ann = operator(&service).await;
    let file = ann.file("other.wasm", version("9.9.9"));
    ann.done(&["push", "login", &file, "-m", "other"]).await;
    let id = ann.deploy("login/2").await["id"].as_str().unwrap().to_owned();
    // It lives, and follows nothing.
    let _silent = service.silent_replica().await;
    let (watch, back) =
        (["deploy", "--watch", &id], ["rollback", "login", "-m", "calls", "--json"]);
    let (watched, rolled_back) = tokio::join!(ann.policy(&watch), ann.policy(&back));
    told(&watched, 3, &["1 of 2 replicas", "not on all replicas yet: silent", "policy status"]);
    told(&rolled_back, 3, &["\"to\": \"login/1\"", "not on all replicas yet: silent"]);
    let document: serde_json::Value = serde_json::from_str(&rolled_back.text).unwrap();
    assert_eq!(document["missing"][0], "silent", "one document, whatever came of it");
    assert_eq!(ann.place("login").await["active"], "login/1");
    service.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_ends_with_3_if_something_was_to_be_changed() {
    // It takes every question, and answers none.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let deaf = tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 4096]).await;
        }
    });
    let ann = Operator::new(url, "aht1_ann_Geheimes-Wort");
    // With `--to` nothing has to be read before.
    let back = &["rollback", "login", "--to", "1", "-m", "calls"][..];
    for words in [&["deploy", "login/2"][..], back, &["unfreeze", "login"]] {
        let printed = ann.policy(words).await;
        told(&printed, 3, &["may have been done or not", "policy status"]);
        assert!(!printed.errors.contains("Geheim"), "{}", printed.errors);
    }
    told(&ann.policy(&["status"]).await, 2, &["did not answer", "Try again"]);
    deaf.abort();
}

#[tokio::test]
async fn a_deployment_that_is_cancelled_activates_nothing() {
    let service = TestService::start().await;
    let ann = operator(&service).await;
    let file = ann.file("other.wasm", version("9.9.9"));
    ann.done(&["push", "login", &file, "-m", "other"]).await;
    // It is waited for as long as it lives.
    let _silent = service.silent_replica().await;
    let begun = ann.done(&["deploy", "login/2", "--no-wait", "--json"]).await;
    let begun: serde_json::Value = serde_json::from_str(&begun).unwrap();
    let id = begun["id"].as_str().unwrap();
    let cancelled = ann.done(&["deploy", "--cancel", id, "-m", "wrong release"]).await;
    assert!(cancelled.contains("login/2 was cancelled: nothing was activated"), "{cancelled}");
    told(&ann.policy(&["deploy", "--watch", id]).await, 1, &["it was cancelled"]);
    told(&ann.policy(&["deploy", "--cancel", id]).await, 1, &[]);
    assert_eq!(ann.place("login").await["active"], "login/1");
    let line = ann.line("login", "deploy_cancelled").await;
    assert_eq!((&line["who"], &line["message"]), (&"ann".into(), &"wrong release".into()));
    service.stop().await;
}

#[tokio::test]
async fn a_release_takes_a_file_for_each_version_of_the_contract() {
    let service = TestService::start().await;
    let ann = operator(&service).await;
    let own = ann.file("own.wasm", policy(Slot::Login));
    let older = from_wat(r#"(component (import "auth:policy/types@0.1.3" (instance)))"#);
    let older = ann.file("older.wasm", older);
    let twice = ann.file("twice.wasm", version("9.9.9"));
    let push = ["push", "login", &own, &older, "-m", "for two versions"];
    ann.done(&push).await;
    let shown = ann.done(&["show", "login/2"]).await;
    for word in ["(auth:policy@0.1.3)", "for auth:policy@0.1.3", "  admission  ", "by ann (pushed)"]
    {
        assert!(shown.contains(word), "it lacks {word:?}: {shown}");
    }
    assert!(!shown.contains('{') || shown.contains("    {}"), "no document but settings: {shown}");
    let json = ann.done(&["show", "login/2", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["components"].as_array().unwrap().len(), 2);
    let found = json["report"]["components"].as_array().unwrap();
    assert_eq!((&found[0]["spoken"], &found[1]["spoken"]), (&true.into(), &false.into()));
    assert!(found[0]["manifest"]["name"].is_string(), "{json}");
    ann.done(&["deploy", "login/2"]).await;
    let history = ann.done(&["history", "login", "--limit", "1"]).await;
    assert!(history.lines().any(|line| line.ends_with(" ready")), "{history}");

    let alone = ann.policy(&["push", "login", &older, "-m", "alone"]).await;
    told(&alone, 1, &["auth:policy@0.1.3 only"]);
    let both = ann.policy(&["push", "login", &own, &twice, "-m", "twice"]).await;
    told(&both, 1, &["two components for auth:policy@"]);
    told(&ann.policy(&["show", "login/3"]).await, 1, &[]);
    service.stop().await;
}

#[tokio::test]
async fn status_tells_what_calls_take_and_what_they_came_to() {
    let service = TestService::start().await;
    let ann = operator(&service).await;
    service.newcomer("leo").await;
    service.login(&Person::new("nobody")).await.refused(401, "invalid_credentials");
    let login = eventually("the figures of a login", async || {
        let status = ann.told("status").await;
        let serving = status["replicas"][0]["serving"].as_array().unwrap();
        let login = serving.iter().find(|serving| serving["place"] == "login").cloned();
        login.filter(|login| login["calls"] == 1)
    })
    .await;
    assert_eq!(login["refusals_by_code"], serde_json::json!({ "invalid_credentials": 1 }));
    for figure in ["processor_microseconds", "host_microseconds", "host_calls", "peak_memory_bytes"]
    {
        assert!(login[figure].as_u64().unwrap() > 0, "{figure}: {login}");
    }
    told(&ann.policy(&["status", "loginn"]).await, 1, &["there is no place \"loginn\""]);
    let text = ann.done(&["status"]).await;
    for word in ["cpu ms/call", "host calls/call", "login/1   refused: invalid_credentials 1"] {
        assert!(text.contains(word), "it lacks {word:?}: {text}");
    }
    service.stop().await;
}

//! The log as an operator's machine reads it: a JSON object a line, each with the id of its
//! request.

use serde_json::{Value, json};

use crate::support::{Person, Process, guest};

#[tokio::test]
async fn every_line_of_a_request_carries_its_id() {
    let (folder, mut settings) = Process::home().await;
    settings.insert("LOG_LEVEL".to_owned(), "auth_host=debug".to_owned());
    std::fs::write(folder.path().join("policies/login.wasm"), guest("panics")).unwrap();
    let process = Process::serving(&settings).await;
    let person = Person::new("leo");
    let client = reqwest::Client::new();
    let post = async |path: &str, id: &str, body: &Value| {
        let request = client
            .post(format!("http://{}{path}", process.address))
            .header("x-request-id", id)
            .json(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(post("/auth/register", "id-of-register", &person.form()).await, 200);
    assert_eq!(
        post(
            "/auth/login",
            "id-of-login",
            &json!({ "email": person.email, "password": person.password })
        )
        .await,
        503
    );
    process.terminate();
    let log = process.ended().await.log;
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let with = |text: &str| {
        lines.iter().filter(|line| line.to_string().contains(text)).collect::<Vec<_>>()
    };
    assert!(!with("id-of-register").is_empty());
    // What the guest's panic, the host's verdict on it and the answer left in the log: three lines
    // of one request.
    for text in ["panicked", "the policy failed", "\"status\":503"] {
        let lines = with(text);
        assert!(!lines.is_empty(), "no line holds {text:?}: {log}");
        assert!(
            lines.iter().all(|line| line.to_string().contains("id-of-login")),
            "a line does not tell its request: {lines:?}"
        );
    }
    let verdict = with("the policy failed")[0].to_string();
    for part in ["\"slot\":\"login\"", "\"policy\":\"panics\"", "\"generation\":"] {
        assert!(verdict.contains(part), "{part} is missing: {verdict}");
    }
}

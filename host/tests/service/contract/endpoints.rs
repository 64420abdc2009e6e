//! Register, login and refresh, as gateway-service calls them.

use serde_json::{Value, json};

use crate::support::{Answer, Person, TestService, post_bytes};

/// The contract's own example.
const EXAMPLE: &str = r#"{"email":"leo.urin@example.com","password":"superpassword","phone":"+79999999999","name":"Leo","surname":"Urin","fathers_name":"Olegivich","birth_date":"1993-03-03"}"#;

/// Status, content type, three members with their JSON types, and no cache on the way.
fn assert_success(answer: &Answer) {
    let tokens = answer.tokens();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert!(answer.header("x-request-id").is_some());
    let expected = json!({ "access_token": tokens.access, "refresh_token": tokens.refresh, "user_id": tokens.user_id });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn the_contracts_example_registers_logs_in_and_refreshes() {
    let service = TestService::start().await;
    let registered = service.post("/auth/register", EXAMPLE).await;
    assert_success(&registered);
    let logged_in = service
        .post("/auth/login", r#"{"email":"leo.urin@example.com","password":"superpassword"}"#)
        .await;
    assert_success(&logged_in);
    let refreshed = service.refresh(&logged_in.tokens().refresh).await;
    assert_success(&refreshed);
    for answer in [&logged_in, &refreshed] {
        assert_eq!(answer.tokens().user_id, registered.tokens().user_id);
    }
    service.stop().await;
}

#[tokio::test]
async fn the_public_prefix_serves_the_same_routes() {
    let service = TestService::start().await;
    let person = Person::new("leo");
    let registered = service.post("/api/auth/register", person.form().to_string()).await;
    assert_success(&registered);
    let credentials = json!({ "email": person.email, "password": person.password });
    assert_success(&service.post("/api/auth/login", credentials.to_string()).await);
    let token = json!({ "refresh_token": registered.tokens().refresh });
    assert_success(&service.post("/api/auth/refresh", token.to_string()).await);
    service.stop().await;
}

#[tokio::test]
async fn optional_members_may_be_absent_null_or_empty_and_unknown_ones_are_ignored() {
    let service = TestService::start().await;
    for (number, value) in [None, Some(Value::Null), Some(json!(""))].into_iter().enumerate() {
        let person = Person::new(&format!("person{number}"));
        let mut form = person.form();
        for member in ["surname", "fathers_name", "birth_date"] {
            if let Some(value) = &value {
                form[member] = value.clone();
            }
        }
        form["newsletter"] = json!({ "weekly": true });
        service.register(&form).await.tokens();
        service.login(&person).await.tokens();
    }
    service.stop().await;
}

#[tokio::test]
async fn each_account_has_an_id_of_its_own() {
    let service = TestService::start().await;
    let (first, one) = service.newcomer("first").await;
    let (second, two) = service.newcomer("second").await;
    assert_ne!(one.user_id, two.user_id);
    assert_eq!(service.login(&first).await.tokens().user_id, one.user_id);
    assert_eq!(service.login(&second).await.tokens().user_id, two.user_id);
    service.stop().await;
}

#[tokio::test]
async fn spellings_of_one_address_are_one_account() {
    let service = TestService::start().await;
    let person = Person { email: " Leo.Urin@Bücher.Example ".to_owned(), ..Person::new("leo") };
    let registered = service.register(&person.form()).await.tokens();
    for spelling in
        ["leo.urin@bücher.example", "LEO.URIN@BÜCHER.EXAMPLE", "leo.urin@xn--bcher-kva.example"]
    {
        let same = Person { email: spelling.to_owned(), ..person.clone() };
        assert_eq!(service.login(&same).await.tokens().user_id, registered.user_id, "{spelling}");
        service.register(&same.form()).await.refused(409, "already_exists");
    }
    service.stop().await;
}

#[tokio::test]
async fn json_may_be_declared_with_a_charset_and_in_any_case() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    let body = json!({ "email": person.email, "password": person.password }).to_string();
    for content_type in
        ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"]
    {
        let request = service
            .request("POST", "/auth/login")
            .header("content-type", content_type)
            .body(body.clone());
        service.send(request).await.tokens();
    }
    service.stop().await;
}

#[tokio::test]
async fn bodies_may_come_in_chunks_and_requests_may_follow_one_another_at_once() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    let body = json!({ "email": person.email, "password": person.password }).to_string();
    let (first, second) = body.split_at(10);
    let head = "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: \
                application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = format!(
        "{head}{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let mut raw = service.raw().await;
    raw.send(
        &[chunked.as_bytes(), &post_bytes("/auth/login", body.as_bytes()), chunked.as_bytes()]
            .concat(),
    )
    .await
    .unwrap();
    for _ in 0..3 {
        raw.answer().await.tokens();
    }
    service.stop().await;
}

#[tokio::test]
async fn spellings_of_one_password_are_one_password() {
    let service = TestService::start().await;
    let composed =
        Person { password: "Jos\u{e9}-und-\u{c5}ngstr\u{f6}m".to_owned(), ..Person::new("leo") };
    let decomposed = Person {
        password: "Jose\u{301}-und-A\u{30a}ngstro\u{308}m".to_owned(),
        ..composed.clone()
    };
    service.register(&composed.form()).await.tokens();
    service.login(&decomposed).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let service = TestService::start().await;
    assert_eq!(service.get("/healthz").await.status, 200);
    let ready = service.get("/readyz").await;
    assert_eq!(ready.status, 200);
    let slots: Vec<_> = ready.json()["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| policy["slot"].clone())
        .collect();
    assert_eq!(slots, ["register", "login", "refresh"]);
    service.stop().await;
}

//! Bodies and paths that nobody should send.

use auth_host::contract::Slot;
use auth_host::store::registry::Role;
use serde_json::{Value, json};

use crate::support::{Raw, TestService, hex, in_time, policy};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn bytes_of_another_digest_are_told_and_not_kept() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let component = policy(Slot::Login);
    let other = hex(b"something else");
    ann.put_as(&other, component.clone()).await.refused(400, "digest_mismatch");
    ann.get(&format!("/v1/components/{other}")).await.refused(404, "no_component");
    for digest in ["", "x", &hex(&component).to_uppercase(), &hex(&component)[1..]] {
        let answer = ann.put_as(digest, component.clone()).await;
        assert!([400, 404].contains(&answer.status), "{digest}: {}", answer.text());
    }
    service.stop().await;
}

#[tokio::test]
async fn a_component_of_33_mib_is_told_so_whether_it_says_its_size_or_not() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let large = vec![0_u8; 33 * MIB];
    let digest = hex(&large);
    ann.put_as(&digest, large.clone()).await.refused(413, "component_too_large");
    // The same in chunks.
    let mut raw = Raw::connect(service.admin_url().strip_prefix("http://").unwrap()).await;
    let head = format!(
        "PUT /v1/components/{digest} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         transfer-encoding: chunked\r\n\r\n",
        ann.token
    );
    raw.send(head.as_bytes()).await.unwrap();
    for piece in large.chunks(MIB) {
        raw.send(format!("{:x}\r\n", piece.len()).as_bytes()).await.unwrap();
        raw.send(piece).await.unwrap();
        raw.send(b"\r\n").await.unwrap();
    }
    raw.send(b"0\r\n\r\n").await.unwrap();
    raw.answer().await.refused(413, "component_too_large");
    // A little less is looked at.
    let fits = vec![0_u8; 32 * MIB];
    assert!(!ann.put(&fits).await.reasons().is_empty());
    service.stop().await;
}

#[tokio::test]
async fn who_announces_components_and_sends_one_byte_keeps_nobody_from_pushing() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let address = service.admin_url();
    let mut waiting = Vec::new();
    for number in 0..6 {
        let mut raw = Raw::connect(address.strip_prefix("http://").unwrap()).await;
        let framing = if number % 2 == 0 {
            format!("content-length: {}", 32 * MIB)
        } else {
            "transfer-encoding: chunked".to_owned()
        };
        let head = format!(
            "PUT /v1/components/{} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             expect: 100-continue\r\n{framing}\r\n\r\n",
            hex(b"x"),
            ann.token
        );
        raw.send(head.as_bytes()).await.unwrap();
        // Its bytes are waited for; a refusal would be longer.
        let told = in_time("an interim answer", raw.some_bytes(64)).await.unwrap();
        assert_eq!(told, "HTTP/1.1 100 Continue\r\n\r\n".len(), "the {number}th was refused");
        raw.send(b"1\r\nx\r\n").await.unwrap();
        waiting.push(raw);
    }
    assert_eq!(ann.put(&policy(Slot::Login)).await.status, 200);
    drop(waiting);
    service.stop().await;
}

#[tokio::test]
async fn rubbish_is_refused_with_a_code_and_changes_nothing() {
    let service = TestService::start().await;
    let ann = service.admin("ann", Role::Operate).await;
    let before = ann.get("/v1/history").await.json();
    let post = async |path: &str, content_type: &str, body: String| {
        let request = ann.request("POST", path).header("content-type", content_type).body(body);
        ann.send(request).await
    };
    let json_type = "application/json";
    for (body, code) in [
        ("", "malformed_json"),
        ("{", "malformed_json"),
        ("[]", "malformed_json"),
        ("{}", "malformed_json"),
        (r#"{"release":1}"#, "malformed_json"),
        (r#"{"release":"login/1","mesage":"misspelt"}"#, "malformed_json"),
        (r#"{"release":"login/1","release":"login/2"}"#, "duplicate_key"),
        (r#"{"release":"login/1","message":"\u0000"}"#, "malformed_json"),
        (r#"{"release":"login/1","message":"\u001b[2J"}"#, "malformed_value"),
        (r#"{"release":"login/1","message":"\u202etxt"}"#, "malformed_value"),
        (r#"{"release":"login/1","message":"a\u2028b"}"#, "malformed_value"),
    ] {
        let answer = post("/v1/deployments", json_type, body.to_owned()).await;
        answer.refused(400, code);
    }
    let long = json!({ "release": "login/1", "message": "x".repeat(1001) }).to_string();
    post("/v1/deployments", json_type, long).await.refused(400, "malformed_value");
    let body = r#"{"release":"login/1"}"#.to_owned();
    post("/v1/deployments", "text/plain", body).await.refused(415, "unsupported_media_type");
    let large = json!({ "release": "x".repeat(MIB) }).to_string();
    post("/v1/deployments", json_type, large).await.refused(413, "body_too_large");
    for path in [
        "/v1/releases?before=2",
        "/v1/releases?limit=0",
        "/v1/releases?limit=101",
        "/v1/releases?limit=x",
        "/v1/releases?limmit=1",
        "/v1/releases?limit=1&limit=2",
        "/v1/history?before=x",
        "/v1/history?limit=501",
        "/v1/releases/login/%FF",
    ] {
        ann.get(path).await.refused(400, "malformed_value");
    }
    ann.get("/v1/history?place=logout").await.refused(404, "unknown_place");
    ann.get("/v1/nothing").await.refused(404, "not_found");
    ann.send(ann.request("PATCH", "/v1/status")).await.refused(405, "method_not_allowed");
    let after = ann.get("/v1/history").await.json();
    assert_eq!(after["lines"], before["lines"]);
    service.stop().await;
}

#[tokio::test]
async fn the_document_names_every_endpoint_and_every_schema_is_there() {
    let service = TestService::start().await;
    let nobody = service.admin_with("");
    let get = async |path: &str| {
        let request = service.client.get(format!("{}{path}", service.admin_url()));
        service.send(request).await
    };
    assert_eq!(get("/healthz").await.json()["status"], "alive");
    let swagger = get("/swagger/").await;
    assert!(swagger.text().contains("swagger"));
    assert_eq!(swagger.header("x-frame-options"), Some("DENY"));
    assert_eq!(swagger.header("content-security-policy"), Some("frame-ancestors 'none'"));
    assert_eq!(swagger.header("x-content-type-options"), Some("nosniff"));
    let document = get("/openapi.json").await.json();
    let text = document.to_string();
    let schemas = &document["components"]["schemas"];
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(!schemas[name].is_null(), "the schema {name} is missing");
    }
    // Each is there, and needs a token.
    let id = uuid::Uuid::new_v4().to_string();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let path = path
                .replace("{place}", "login")
                .replace("{number}", "1")
                .replace("{digest}", &hex(b""))
                .replace("{id}", &id);
            let answer = nobody.send(service.client.request(
                method.to_uppercase().parse().unwrap(),
                format!("{}{path}", service.admin_url()),
            ));
            let status = answer.await.status;
            let expected = if operation["security"] == Value::Null { 200 } else { 401 };
            assert_eq!(status, expected, "{method} {path}");
        }
    }
    assert_eq!(document["paths"].as_object().unwrap().len(), 19);
    service.stop().await;
}

//! Bodies that are no JSON object, for all three endpoints.

use serde_json::json;

use super::{assert_no_account, assert_nothing_happened};
use crate::support::{ENDPOINTS, Person, TestService};

/// A body, what is wrong with it, and the code of the answer.
type Case = (&'static str, Vec<u8>, &'static str);

/// The same faults, built around the members of a good request.
fn cases(good: &str) -> Vec<Case> {
    let members = good.trim_start_matches('{').trim_end_matches('}');
    let case = |what, body: &str, code| (what, body.as_bytes().to_vec(), code);
    vec![
        case("empty", "", "malformed_json"),
        case("not JSON", "email=leo&password=x", "malformed_json"),
        case("an array", "[]", "malformed_json"),
        case("the object in an array", &format!("[{good}]"), "malformed_json"),
        case("a string", "\"text\"", "malformed_json"),
        case("a number", "12", "malformed_json"),
        case("null", "null", "malformed_json"),
        case("no members", "{}", "missing_field"),
        case("cut off", &good[..good.len() - 1], "malformed_json"),
        case("two objects", &format!("{good}{good}"), "malformed_json"),
        case("single quotes", &good.replace('"', "'"), "malformed_json"),
        case("a trailing comma", &format!("{{{members},}}"), "malformed_json"),
        case("a comment", &format!("/* */{good}"), "malformed_json"),
        case("a byte order mark", &format!("\u{feff}{good}"), "malformed_json"),
        case("NaN", &format!("{{\"x\":NaN,{members}}}"), "malformed_json"),
        case("a number without bounds", &format!("{{\"x\":1e999999,{members}}}"), "malformed_json"),
        case("every key twice", &format!("{{{members},{members}}}"), "duplicate_key"),
        case("another key twice", &format!("{{\"x\":1,{members},\"x\":2}}"), "duplicate_key"),
        case(
            "a key twice in its escaped form",
            &format!("{{\"x\":1,{members},\"\\u0078\":2}}"),
            "duplicate_key",
        ),
        case(
            "a key twice, deep inside",
            &format!("{{\"x\":[{{\"y\":1,\"y\":2}}],{members}}}"),
            "duplicate_key",
        ),
        case("NUL, escaped", &format!("{{\"x\":\"\\u0000\",{members}}}"), "malformed_json"),
        case("NUL in a key", &format!("{{\"x\\u0000\":1,{members}}}"), "malformed_json"),
        case("half a surrogate", &format!("{{\"x\":\"\\ud800\",{members}}}"), "malformed_json"),
        case("nested deeply", &"[".repeat(60_000), "malformed_json"),
        case(
            "a member nested deeply",
            &format!("{{\"x\":{}{},{members}}}", "[".repeat(9_000), "]".repeat(9_000)),
            "malformed_json",
        ),
        case("objects nested deeply", &"{\"x\":".repeat(10_000), "malformed_json"),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect(), "malformed_json"),
        ("compressed", b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), "malformed_json"),
        case(
            "more than 64 KiB",
            &format!("{{\"x\":\"{}\",{members}}}", "x".repeat(64 * 1024)),
            "body_too_large",
        ),
        case(
            "more than 64 KiB of spaces",
            &format!("{}{good}", " ".repeat(64 * 1024)),
            "body_too_large",
        ),
    ]
}

/// Bytes that are no text, in the middle of a good request's last member.
fn wrong_bytes(good: &str) -> Vec<Case> {
    let (first, rest) = good.split_at(good.len() - 2);
    let bytes = |what, middle: &[u8]| {
        (what, [first.as_bytes(), middle, rest.as_bytes()].concat(), "malformed_json")
    };
    vec![
        bytes("NUL, raw", b"\0"),
        bytes("a raw line feed", b"\n"),
        bytes("invalid UTF-8", b"\xff"),
        bytes("an overlong encoding", b"\xc0\x80"),
        bytes("a surrogate in UTF-8", b"\xed\xa0\x80"),
        bytes("half a character", b"\xd0"),
    ]
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_and_nothing_is_created() {
    let service = TestService::start().await;
    for path in ENDPOINTS {
        let person = Person::new("nobody");
        service.remember(&person.password);
        let good = match path {
            "/auth/refresh" => json!({ "refresh_token": person.password }),
            "/auth/login" => json!({ "email": person.email, "password": person.password }),
            _ => person.form(),
        };
        let good = good.to_string();
        for (what, body, code) in [cases(&good), wrong_bytes(&good)].concat() {
            let answer = service.post(path, body).await;
            let status = if code == "body_too_large" { 413 } else { 400 };
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (status, Some(code)),
                "{path}, {what}: {}",
                answer.text()
            );
            answer.refused(status, code);
        }
        assert_no_account(&service, &person, path).await;
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn a_duplicate_key_is_named() {
    let service = TestService::start().await;
    let body = r#"{"email":"a@example.com","email":"b@example.com","password":"superpassword"}"#;
    let answer = service.post("/auth/login", body).await;
    assert_eq!(
        answer.refused(400, "duplicate_key").fields(),
        [("email".to_owned(), "duplicate_key".to_owned())]
    );
    service.stop().await;
}

#[tokio::test]
async fn a_body_of_64_kib_is_still_read() {
    let service = TestService::start().await;
    let person = Person::new("leo");
    let form = person.form().to_string();
    let padded = format!("{}{form}", " ".repeat(64 * 1024 - form.len()));
    service.post("/auth/register", padded).await.tokens();
    service.stop().await;
}

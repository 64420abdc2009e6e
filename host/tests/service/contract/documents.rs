//! Swagger UI and the OpenAPI document behind it.

use auth_host::contract::Slot;
use auth_host::errors::catalogue;
use auth_host::policy::admission;
use serde_json::Value;

use crate::support::{TestService, guest, policy};

async fn document(service: &TestService) -> Value {
    let answer = service.get("/api/auth/openapi.json").await;
    assert_eq!(answer.status, 200);
    answer.json()
}

fn request_schema(document: &Value, slot: Slot) -> &Value {
    &document["paths"][format!("/api/auth/{slot}")]["post"]["requestBody"]["content"]["application/json"]
        ["schema"]
}

fn manifest_schema(component: &[u8]) -> Value {
    Value::Object(admission::inspect(component).unwrap().manifest.request)
}

#[tokio::test]
async fn swagger_ui_is_served_and_shows_our_document() {
    let service = TestService::start().await;
    let page = service.get("/api/auth/swagger/index.html").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let initializer = service.get("/api/auth/swagger/swagger-initializer.js").await;
    assert!(initializer.text().contains("/api/auth/openapi.json"), "{}", initializer.text());
    for file in page
        .text()
        .split('"')
        .filter(|text| [".js", ".css"].iter().any(|ending| text.ends_with(ending)))
    {
        let file = file.trim_start_matches("./");
        assert_eq!(
            service.get(&format!("/api/auth/swagger/{file}")).await.status,
            200,
            "{file} is missing"
        );
    }
    service.stop().await;
}

#[tokio::test]
async fn the_document_lists_every_status_and_the_schemas_of_the_manifests() {
    let service = TestService::start().await;
    let document = document(&service).await;
    let expected = [
        (Slot::Register, &["200", "400", "408", "409", "413", "415", "429", "500", "503"][..]),
        (Slot::Login, &["200", "400", "401", "408", "413", "415", "429", "500", "503"]),
        (Slot::Refresh, &["200", "400", "401", "408", "413", "415", "429", "500", "503"]),
    ];
    for (slot, statuses) in expected {
        let mut listed: Vec<_> =
            document["paths"][format!("/api/auth/{slot}")]["post"]["responses"]
                .as_object()
                .unwrap()
                .keys()
                .collect();
        listed.sort();
        assert_eq!(listed, statuses, "{slot}");
        assert_eq!(*request_schema(&document, slot), manifest_schema(&policy(slot)), "{slot}");
    }
    for schema in ["TokenPair", "ErrorBody"] {
        assert!(
            document["components"]["schemas"][schema].is_object(),
            "{schema} is referred to and missing"
        );
    }
    service.stop().await;
}

#[tokio::test]
async fn every_endpoint_documents_what_the_host_itself_may_answer() {
    let service = TestService::start().await;
    let document = document(&service).await;
    let elsewhere = ["not_found", "method_not_allowed"];
    let own = ["invalid_credentials", "invalid_token", "already_exists", "throttled"];
    for slot in Slot::ALL {
        let responses = &document["paths"][format!("/api/auth/{slot}")]["post"]["responses"];
        for error in catalogue::ALL {
            if elsewhere.contains(&error.code) || own.contains(&error.code) {
                continue;
            }
            let text = responses[error.status.to_string()]["description"].to_string();
            let code = format!("`{}`: {}", error.code, error.text);
            assert!(text.contains(&code), "{slot}: {code} is missing in {text}");
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn a_swap_changes_the_document() {
    let service = TestService::start().await;
    let replacement = guest("disables");
    service.swap(Slot::Login, &replacement).await;
    let document = document(&service).await;
    assert_eq!(*request_schema(&document, Slot::Login), manifest_schema(&replacement));
    let text = document["paths"]["/api/auth/login"]["post"]["responses"].to_string();
    assert!(text.contains("disabled_now"), "the new policy's refusals are missing: {text}");
    assert!(!text.contains("throttled"), "the old policy's refusals are still there: {text}");
    service.stop().await;
}

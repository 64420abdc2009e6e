//! Metrics, as Prometheus scrapes them and dashboards know them.

use crate::support::{Metrics, Person, TestService};

const REASONS: [&str; 5] =
    ["invalid_credentials", "not_found", "already_exists", "invalid_token", "internal"];
const ENDPOINTS: [&str; 3] = ["logins", "registers", "refresh"];

#[tokio::test]
async fn every_series_of_the_contract_is_there_at_zero_before_the_first_event() {
    let service = TestService::start().await;
    for path in ["/metrics", "/api/auth/metrics"] {
        let answer = service.get(path).await;
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4"));
        let metrics = Metrics::parse(&answer.text());
        let zero = |name: &str, labels: &[(&str, &str)]| {
            let series = metrics.matching(name, labels);
            assert!(!series.is_empty(), "{name}{labels:?} is missing");
            assert!(series.iter().all(|series| series.value == 0), "{name}{labels:?} is not 0");
        };
        for endpoint in ENDPOINTS {
            zero(&format!("auth_{endpoint}_success_total"), &[]);
            for reason in REASONS {
                zero(&format!("auth_{endpoint}_failed_total"), &[("reason", reason)]);
            }
        }
        for route in [
            "/auth/register",
            "/auth/login",
            "/auth/refresh",
            "/api/auth/register",
            "/api/auth/login",
            "/api/auth/refresh",
        ] {
            zero("http_requests_total", &[("method", "POST"), ("path", route), ("status", "200")]);
            zero("http_request_duration_seconds_count", &[("method", "POST"), ("path", route)]);
            zero(
                "http_request_duration_seconds_bucket",
                &[("method", "POST"), ("path", route), ("le", "+Inf")],
            );
        }
        let service_label = |series: &crate::support::Series| {
            series.labels.get("service").is_some_and(|service| service == "auth")
        };
        assert!(metrics.iter().all(service_label), "a series lacks service=\"auth\"");
    }
    service.stop().await;
}

#[tokio::test]
async fn answers_are_counted_by_endpoint_and_reason() {
    let service = TestService::start().await;
    let (person, tokens) = service.newcomer("leo").await;
    service.register(&person.form()).await.refused(409, "already_exists");
    service.login(&person).await.tokens();
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    service.login(&Person::new("nobody")).await.refused(401, "invalid_credentials");
    service.refresh(&tokens.refresh).await.tokens();
    service.refresh("rubbish").await.refused(401, "invalid_token");
    service.post("/api/auth/refresh", "{").await.refused(400, "malformed_json");
    let metrics = service.metrics().await;
    for endpoint in ENDPOINTS {
        assert_eq!(metrics.sum(&format!("auth_{endpoint}_success_total"), &[]), 1, "{endpoint}");
        let failed = format!("auth_{endpoint}_failed_total");
        assert_eq!(
            metrics.sum(&failed, &[("reason", "not_found")]),
            0,
            "the series not_found tells who has an account"
        );
        assert_eq!(metrics.sum(&failed, &[("reason", "internal")]), 0);
    }
    assert_eq!(metrics.sum("auth_registers_failed_total", &[("reason", "already_exists")]), 1);
    assert_eq!(metrics.sum("auth_logins_failed_total", &[("reason", "invalid_credentials")]), 2);
    assert_eq!(metrics.sum("auth_refresh_failed_total", &[("reason", "invalid_token")]), 1);
    let requests = |path: &str, status: &str| {
        metrics.sum("http_requests_total", &[("path", path), ("status", status)])
    };
    assert_eq!(requests("/auth/register", "200"), 1);
    assert_eq!(requests("/auth/register", "409"), 1);
    assert_eq!(requests("/auth/login", "401"), 2);
    assert_eq!(requests("/auth/refresh", "401"), 1);
    assert_eq!(requests("/api/auth/refresh", "400"), 1);
    assert_eq!(metrics.sum("http_request_duration_seconds_count", &[("path", "/auth/login")]), 3);
    service.stop().await;
}

#[tokio::test]
async fn labels_are_bounded_whatever_is_asked() {
    let service = TestService::start().await;
    for path in [
        "/auth/register/1",
        "/wp-login.php",
        "/auth/../etc/passwd",
        "/%00",
        "/api/auth/login?email=a@b.c",
        "/a?b=c",
    ] {
        service.get(path).await;
    }
    service.send(service.request("BREW", "/auth/login")).await.refused(405, "method_not_allowed");
    service.get("/api/auth/swagger/index.html").await;
    let metrics = service.metrics().await;
    let known = [
        "unmatched",
        "/auth/register",
        "/auth/login",
        "/auth/refresh",
        "/api/auth/register",
        "/api/auth/login",
        "/api/auth/refresh",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/auth/metrics",
        "/api/auth/openapi.json",
        "/api/auth/swagger/{*rest}",
    ];
    for series in metrics.named("http_requests_total") {
        assert!(
            known.contains(&series.labels["path"].as_str()),
            "{:?} is no template",
            series.labels
        );
    }
    assert!(metrics.sum("http_requests_total", &[("path", "unmatched"), ("status", "404")]) >= 3);
    assert_eq!(
        metrics.sum(
            "http_requests_total",
            &[("path", "/auth/login"), ("method", "OTHER"), ("status", "405")]
        ),
        1
    );
    assert_eq!(
        metrics.sum(
            "http_requests_total",
            &[("path", "/api/auth/login"), ("method", "GET"), ("status", "405")]
        ),
        1
    );
    service.stop().await;
}

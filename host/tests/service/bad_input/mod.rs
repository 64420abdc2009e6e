//! What clients send that they should not: each gets an answer that says why, nothing is done, and
//! the service goes on.

mod bodies;
mod connections;
mod crawlers;
mod crowds;
mod fields;
mod forwarded;
mod refresh_tokens;
mod requests;
mod unread;

use crate::support::{Person, TestService};

/// Nothing was created, and a decent request is served as if nothing had been.
async fn assert_nothing_happened(service: &TestService) {
    let metrics = service.metrics().await;
    assert_eq!(metrics.sum("auth_registers_success_total", &[]), 0);
    assert_eq!(metrics.sum("auth_logins_success_total", &[]), 0);
    assert_eq!(metrics.sum("auth_policy_faults_total", &[]), 0);
    assert_eq!(metrics.sum("http_requests_total", &[("status", "500")]), 0);
    assert!(service.events().await.is_empty());
    let (person, tokens) = service.newcomer("decent").await;
    service.login(&person).await.tokens();
    service.refresh(&tokens.refresh).await.tokens();
}

/// Whether nobody has an account with these credentials.
async fn assert_no_account(service: &TestService, person: &Person, case: &str) {
    let answer = service.login(person).await;
    assert_eq!(answer.status, 401, "{case}: an account was created");
}

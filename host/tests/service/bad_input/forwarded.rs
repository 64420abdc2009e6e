//! What proxies write down of the client, in each form that real ones send; limits by address tell
//! whether two requests count as one client's.

use std::sync::atomic::{AtomicUsize, Ordering};

use auth_host::contract::Slot;
use serde_json::json;

use crate::support::{Person, TestService, TestServiceBuilder, lines_with, secret_text};

/// One registration for each client.
fn with() -> TestServiceBuilder {
    TestService::with()
        .policy_settings(Slot::Register, &json!({ "registrations-per-address": 1 }))
        .setting("HTTP_TRUSTED_PROXIES", "127.0.0.0/8")
}

/// Whether a registration with these headers is let in.
async fn is_let_in(service: &TestService, headers: &[(&str, &str)]) -> bool {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let form = Person::new(&format!("person{number}")).form();
    let mut request = service.request("POST", "/auth/register").json(&form);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match service.send(request).await.status {
        200 => true,
        429 => false,
        status => panic!("{headers:?}: {status}"),
    }
}

async fn assert_all_are_known(service: &TestService) {
    // Scrapes have no such header.
    for reason in ["hidden", "not_an_address"] {
        let reason = [("reason", reason)];
        assert_eq!(service.count("auth_http_unknown_clients_total", &reason).await, 0);
    }
}

/// The first of each row is let in, and the others count as the same client.
async fn assert_one_client_a_row(service: &TestService, header: &str, rows: &[&[&str]]) {
    for row in rows {
        for (number, value) in row.iter().enumerate() {
            assert_eq!(is_let_in(service, &[(header, value)]).await, number == 0, "{value}");
        }
    }
}

#[tokio::test]
async fn ports_brackets_and_quotes_do_not_make_another_client() {
    let service = with().start().await;
    let rows: [&[&str]; 4] = [
        &["203.0.113.7:50712", "203.0.113.7", "\"203.0.113.7:1\"", "::ffff:203.0.113.7"],
        &["[2001:db8:1::1]:443", "[2001:db8:1::1]", "2001:db8:1::1", "2001:db8:1::2"],
        // One NAT64 serves many clients.
        &["64:ff9b::198.51.100.1", "198.51.100.1", "[64:ff9b::c633:6401]:443"],
        &["64:ff9b::198.51.100.2"],
    ];
    assert_one_client_a_row(&service, "x-forwarded-for", &rows).await;
    assert_all_are_known(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn the_header_forwarded_is_read_where_the_operator_names_it_and_no_other() {
    let service = with().setting("HTTP_FORWARDED_HEADER", "forwarded").start().await;
    let rows: [&[&str]; 2] = [
        &["for=\"[2001:db8:1::1]:4711\"", "For=\"[2001:db8:1::2]\";proto=https;by=_us"],
        &["for=203.0.113.7", "for=\"203.0.113.7:80\"", "for=\", for=203.0.113.7"],
    ];
    assert_one_client_a_row(&service, "forwarded", &rows).await;
    let of_the_client = ("x-forwarded-for", "192.0.2.1");
    assert!(!is_let_in(&service, &[("forwarded", "for=203.0.113.7"), of_the_client]).await);
    assert_all_are_known(&service).await;
    // Whose address is hidden is not known: no limit by address holds.
    for hidden in ["for=_hidden", "for=unknown", "proto=https"] {
        for _ in 0..2 {
            assert!(is_let_in(&service, &[("forwarded", hidden), of_the_client]).await);
        }
    }
    let hidden = [("reason", "hidden")];
    assert_eq!(service.count("auth_http_unknown_clients_total", &hidden).await, 6);
    service.stop().await;
}

#[tokio::test]
async fn behind_two_proxies_the_client_is_the_second_entry_from_the_right() {
    let service = with().setting("HTTP_TRUSTED_PROXY_HOPS", "2").start().await;
    let client = |entries| [("x-forwarded-for", entries)];
    assert!(is_let_in(&service, &client("203.0.113.7, 10.0.0.1")).await);
    // Neither another proxy nor what the client claims makes another client.
    assert!(!is_let_in(&service, &client("203.0.113.7, 10.0.0.2")).await);
    assert!(!is_let_in(&service, &client("192.0.2.1, 203.0.113.7, 10.0.0.1")).await);
    assert!(is_let_in(&service, &client("203.0.113.7, 192.0.2.1, 10.0.0.1")).await);
    // The entries may stand on two lines.
    let lines = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-for", "10.0.0.1")];
    assert!(!is_let_in(&service, &lines).await);
    // Who comes past the first proxy has one entry, which is not the client's.
    for _ in 0..2 {
        assert!(is_let_in(&service, &client("203.0.113.7")).await);
    }
    let missing = [("reason", "missing")];
    assert!(service.count("auth_http_unknown_clients_total", &missing).await >= 2);
    service.stop().await;
}

#[tokio::test]
async fn an_entry_that_is_no_address_is_counted_and_told_once() {
    let service = with().start().await;
    let entries = [secret_text(), secret_text(), secret_text()];
    for entry in &entries {
        assert!(is_let_in(&service, &[("x-forwarded-for", entry)]).await);
    }
    let reason = [("reason", "not_an_address")];
    assert_eq!(service.count("auth_http_unknown_clients_total", &reason).await, 3);
    let told = |entry: &str| lines_with(service.log_mark(), &entry[..30]).len();
    assert_eq!(entries.each_ref().map(|entry| told(entry)), [1, 0, 0]);
    service.stop().await;
}

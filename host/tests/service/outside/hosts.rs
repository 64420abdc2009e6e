//! Hosts that must not be reached, by whatever name.

use serde_json::json;

use super::asking::{logins, only, outcomes, set, told, told_again};
use super::{Dns, Manner, Outside, Said};

/// Names of addresses that are not public, in all their forms.
const INSIDE: [(&str, &[&str]); 12] = [
    ("loopback", &["127.0.0.1"]),
    ("six", &["::1"]),
    ("metadata", &["169.254.169.254"]),
    ("mapped", &["::ffff:10.0.0.1"]),
    ("translated", &["64:ff9b::a00:1"]),
    ("tunnelled", &["2002:a00:1::"]),
    ("private", &["192.168.0.1"]),
    ("local", &["fd00:ec2::254"]),
    ("shared", &["100.64.0.1"]),
    ("multicast", &["224.0.0.251"]),
    ("nowhere", &["0.0.0.0"]),
    ("mixed", &["93.184.216.34", "10.0.0.1"]),
];

#[tokio::test]
async fn a_name_of_an_address_that_is_not_public_is_not_reached() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let origin = |name: &str| outside.named(&format!("{name}.test"));
    for (name, addresses) in INSIDE {
        dns.name(&format!("{name}.test"), addresses);
    }
    let http: Vec<String> =
        INSIDE.iter().map(|(name, _)| format!("GET {}", origin(name))).collect();
    let service = logins(&http, &json!({ "url": origin("{name}") }))
        .setting("POLICY_HTTP_DNS", &dns.address().to_string())
        .start()
        .await;
    for (name, _) in INSIDE {
        assert_eq!(told(&service, name).await, "unavailable", "{name}");
        let outcomes = outcomes(&service, &origin(name)).await;
        assert_eq!(outcomes, only("forbidden_address", 1), "{name}");
    }
    assert_eq!(outside.accepted(), 0);
    service.stop().await;
}

#[tokio::test]
async fn what_private_grants_is_reached_and_link_local_addresses_never() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let origin = |name: &str| outside.named(&format!("{name}.test"));
    for (name, address) in
        [("loopback", "127.0.0.1"), ("metadata", "169.254.169.254"), ("six", "fd00:ec2::254")]
    {
        dns.name(&format!("{name}.test"), &[address]);
    }
    let http: Vec<String> = ["loopback", "metadata", "six"]
        .iter()
        .map(|name| format!("GET {} private", origin(name)))
        .collect();
    let service = logins(&http, &json!({ "url": origin("{name}") }))
        .setting("POLICY_HTTP_DNS", &dns.address().to_string())
        .start()
        .await;
    assert_eq!(told(&service, "loopback").await, "200 \"\" 2 ok");
    for name in ["metadata", "six"] {
        assert_eq!(told(&service, name).await, "unavailable", "{name}");
        let outcomes = outcomes(&service, &origin(name)).await;
        assert_eq!(outcomes, only("forbidden_address", 1), "{name}");
    }
    service.stop().await;
}

#[tokio::test]
async fn an_address_in_the_url_is_looked_at_in_every_spelling() {
    let outside = Outside::start().await;
    let port = outside.port();
    let http =
        [format!("GET http://127.0.0.1:{port}"), format!("GET http://[::ffff:127.0.0.1]:{port}")];
    let url = |host: &str| json!({ "url": format!("http://{host}:{port}/") });
    let service = logins(&http, &url("127.0.0.1")).start().await;
    let (person, _) = service.newcomer("leo").await;
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:7f00:1]"] {
        if host != "127.0.0.1" {
            set(&service, &url(host)).await;
        }
        assert_eq!(told_again(&service, &person).await, "unavailable", "{host}");
    }
    let outcomes = outcomes(&service, &outside.origin()).await;
    assert_eq!(outcomes, only("forbidden_address", 3));
    assert_eq!(outside.accepted(), 0);
    service.stop().await;
}

/// A name that is asked twice can have another address the second time.
#[tokio::test]
async fn a_name_is_resolved_once_and_the_address_that_was_looked_at_is_asked() {
    let (dns, outside) = (Dns::start().await, Outside::at("127.0.0.2").await);
    let origin = outside.named("turns.test");
    dns.changes("turns.test", &[&["127.0.0.2"], &["169.254.169.254"]]);
    outside.at_path("/", Manner::Answers(Said::new(200, "ok").header("connection", "close")));
    let http = [format!("GET {origin} private")];
    let service = logins(&http, &json!({ "url": format!("{origin}/") }))
        .setting("POLICY_HTTP_DNS", &dns.address().to_string())
        .start()
        .await;
    let (person, _) = service.newcomer("leo").await;
    assert_eq!(told_again(&service, &person).await, "200 \"\" 2 ok");
    assert_eq!(dns.asked("turns.test"), 1);
    assert_eq!(told_again(&service, &person).await, "unavailable");
    let ended = [("answered".to_owned(), 1), ("forbidden_address".to_owned(), 1)];
    assert_eq!(outcomes(&service, &origin).await, ended);
    assert_eq!(outside.accepted(), 1);
    service.stop().await;
}

#[tokio::test]
async fn a_name_that_there_is_not_or_that_nobody_tells_is_a_host_that_is_away() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    dns.is_silent("silent.test");
    let origin = |name: &str| outside.named(&format!("{name}.test"));
    let http = ["none", "silent"].map(|name| format!("GET {}", origin(name)));
    let waits = |timeout: u32| json!({ "url": origin("{name}"), "timeout": timeout });
    let service = logins(&http, &waits(2000))
        .setting("POLICY_HTTP_DNS", &dns.address().to_string())
        .start()
        .await;
    // The one that answers has time; the silent one is not waited for until it is given up.
    for (name, timeout, outcome) in [("none", 3000, "unresolved"), ("silent", 300, "timeout")] {
        set(&service, &waits(timeout)).await;
        assert_eq!(told(&service, name).await, "unavailable", "{name}");
        assert_eq!(outcomes(&service, &origin(name)).await, only(outcome, 1), "{name}");
    }
    service.stop().await;
}

//! Redirects: how they are followed, and how far.

use auth_host::outgoing::{OutgoingFault, OutgoingRequest, OutgoingSettings};

use super::{PLACE, Sender, get, outcome, request};
use crate::outside::{Authority, Dns, Manner, Outside};

#[tokio::test]
async fn redirects_are_followed_three_times_and_never_in_a_circle() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted = format!("GET {} redirects private", outside.origin());
    for place in 0..5 {
        outside.at_path(&format!("/{place}"), Manner::redirects(302, &(place + 1).to_string()));
    }
    outside.at_path("/5", Manner::answers(200, "there"));
    outside.at_path("/circle", Manner::redirects(308, "/circle"));
    let at = |path: &str| get(format!("{}{path}", outside.origin()));
    let answer = sender.send(&at("/2"), &[&granted]).await.unwrap();
    assert_eq!(answer.body, b"there");
    for path in ["/1", "/circle"] {
        let before = outside.asked().len();
        assert_eq!(outcome(&sender.send(&at(path), &[&granted]).await), "redirect", "{path}");
        assert_eq!(outside.asked().len() - before, 4, "{path}");
    }
}

#[tokio::test]
async fn a_redirect_keeps_what_its_status_keeps() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let both = format!("GET,POST {} redirects private", outside.origin());
    let post_only = format!("POST {} redirects private", outside.origin());
    for status in [301, 302, 303, 307, 308] {
        outside.at_path(&format!("/{status}"), Manner::redirects(status, "/there"));
        let post = OutgoingRequest {
            body: b"body".to_vec(),
            headers: vec![("content-type".into(), "text/plain".into())],
            ..request("POST", format!("{}/{status}", outside.origin()))
        };
        sender.send(&post, &[&both]).await.unwrap();
        let asked = outside.asked().pop().unwrap();
        assert_eq!(asked.target, "/there");
        let kept = (asked.method.as_str(), asked.body.as_slice(), asked.header("content-type"));
        if status < 307 {
            assert_eq!(kept, ("GET", b"".as_slice(), None), "{status}");
            // The method that it becomes is granted, or it is not followed.
            let answer = sender.send(&post, &[&post_only]).await;
            assert_eq!(outcome(&answer), "redirect", "{status}");
        } else {
            assert_eq!(kept, ("POST", b"body".as_slice(), Some("text/plain")), "{status}");
        }
    }
}

#[tokio::test]
async fn a_redirect_never_gives_up_tls_nor_leads_to_what_is_no_origin() {
    let (dns, authority) = (Dns::start().await, Authority::new());
    let plain = Outside::start().await;
    let secure = Outside::with_tls(authority.server(&["127.0.0.1"])).await;
    let settings =
        OutgoingSettings { name_servers: vec![dns.address()], roots: Some(authority.file()) };
    let sender = Sender::with(&settings).unwrap();
    let granted = [&plain, &secure].map(|one| format!("GET {} redirects private", one.origin()));
    let granted = [granted[0].as_str(), granted[1].as_str()];
    for (name, to) in [
        ("plain", plain.origin()),
        ("user", format!("https://ann:secret@{}", secure.address())),
        ("file", "file:///etc/passwd".into()),
        ("no_url", "http://".into()),
        ("no_text", "\u{e4}".into()),
        ("long", format!("/{}", "a".repeat(2048))),
    ] {
        secure.at_path(&format!("/{name}"), Manner::redirects(302, &to));
        let answer = sender.send(&get(format!("{}/{name}", secure.origin())), &granted).await;
        assert_eq!(outcome(&answer), "redirect", "{name}");
    }
    assert_eq!(plain.accepted(), 0);
    // The other way is one.
    plain.at_path("/", Manner::redirects(301, &secure.origin()));
    sender.send(&get(plain.origin()), &granted).await.unwrap();
}

#[tokio::test]
async fn who_is_led_to_by_a_redirect_has_a_circuit_of_its_own() {
    let (dns, first, next) = (Dns::start().await, Outside::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted = [&first, &next].map(|one| format!("GET {} redirects private", one.origin()));
    let granted = [granted[0].as_str(), granted[1].as_str()];
    first.at_path("/led", Manner::redirects(302, &next.origin()));
    next.at_path("/", Manner::HangsUp);
    let led = get(format!("{}/led", first.origin()));
    for _ in 0..5 {
        let answer = sender.send(&led, &granted).await;
        assert_eq!(outcome(&answer), "broken");
        let Err(OutgoingFault::Away { origin, .. }) = answer else { panic!("{answer:?}") };
        assert_eq!(origin, next.origin(), "the wrong one is blamed");
    }
    let count = |origin: &str, outcome: &str| {
        let labels = [("place", PLACE), ("origin", origin), ("outcome", outcome)];
        sender.metric("auth_policy_http_requests_total", &labels)
    };
    assert_eq!(count(&next.origin(), "broken"), Some(5));
    assert_eq!(count(&first.origin(), "answered"), Some(5));
    assert_eq!(count(&first.origin(), "broken"), None);
    // The first one is well, whatever becomes of the other.
    sender.send(&get(first.origin()), &granted).await.unwrap();
    let under_way = sender.metric("auth_policy_http_under_way", &[("place", PLACE)]);
    assert_eq!(under_way, Some(0));
}

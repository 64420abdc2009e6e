//! Who fails again and again is left alone, and found again.

use std::time::Duration;

use auth_host::outgoing::Access;

use super::{LONG, OTHER_PLACE, PLACE, Sender, get, outcome};
use crate::outside::{Dns, Manner, Outside, Said};
use crate::support::eventually;

#[tokio::test]
async fn after_five_failures_a_service_is_left_alone_until_it_answers_a_try() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let origin = outside.origin();
    let granted = format!("GET {origin} private");
    let open = || {
        let labels = [("place", PLACE), ("origin", origin.as_str())];
        sender.metric("auth_policy_http_circuit_open", &labels)
    };
    outside.at_path("/", Manner::HangsUp);
    for _ in 0..5 {
        assert_ne!(open(), Some(1));
        assert_eq!(outcome(&sender.send(&get(origin.as_str()), &[&granted]).await), "broken");
    }
    outside.at_path("/", Manner::answers(200, "ok"));
    // Another place has not seen a failure.
    sender.send_for(OTHER_PLACE, &get(origin.as_str()), &[&granted]).await.unwrap();
    let answered = async || sender.send(&get(origin.as_str()), &[&granted]).await.ok();
    eventually("it is tried and found", answered).await;
    assert_eq!(open(), Some(0));
    sender.send(&get(origin.as_str()), &[&granted]).await.unwrap();
}

#[tokio::test]
async fn a_service_that_had_no_fair_time_is_not_blamed() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted = format!("GET {} private", outside.origin());
    outside.at_path("/never", Manner::NeverAnswers);
    let mut never = get(format!("{}/never", outside.origin()));
    never.timeout = Some(Duration::from_millis(1));
    for _ in 0..10 {
        assert_eq!(outcome(&sender.send(&never, &[&granted]).await), "timeout");
    }
    // Answers of any status are answers.
    outside.at_path("/", Manner::answers(503, "later"));
    for _ in 0..10 {
        let answer = sender.send(&get(outside.origin()), &[&granted]).await.unwrap();
        assert_eq!(answer.status, 503);
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_counted_by_origin() {
    let dns = Dns::start().await;
    let gone = Outside::start().await.origin();
    let sender = Sender::new(&dns);
    let granted = [format!("GET {gone} private"), "GET http://nowhere.test".to_owned()];
    let count = |origin: &str, outcome: &str| {
        let labels = [("place", PLACE), ("origin", origin), ("outcome", outcome)];
        sender.metric("auth_policy_http_requests_total", &labels)
    };
    let unreachable = async || {
        let answer = sender.send(&get(gone.as_str()), &[&granted[0]]).await;
        (outcome(&answer) == "unreachable").then_some(())
    };
    eventually("nobody listens there any more", unreachable).await;
    assert!(count(&gone, "unreachable") >= Some(1));
    let url = "http://nowhere.test/secret-path?secret=query";
    let fault = sender.send(&get(url), &[&granted[1]]).await;
    assert_eq!(outcome(&fault), "unresolved");
    assert!(!fault.unwrap_err().to_string().contains("secret"));
    assert_eq!(count("http://nowhere.test", "unresolved"), Some(1));
}

#[tokio::test]
async fn what_a_release_asks_wrongly_does_not_shut_another_one_out() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    dns.name("risk.test", &["127.0.0.1"]);
    let sender = Sender::new(&dns);
    let origin = outside.named("risk.test");
    let (private, public) = (format!("GET {origin} private"), format!("GET {origin}"));
    outside.at_path("/large", Manner::answers(200, vec![b'a'; 300 << 10]));
    let packed = Said::new(200, "ok").header("content-encoding", "br");
    outside.at_path("/packed", Manner::Answers(packed));
    for (path, access, told) in [
        ("", &public, "forbidden_address"),
        ("/large", &private, "too_large"),
        ("/packed", &private, "encoding"),
    ] {
        for _ in 0..6 {
            let answer = sender.send(&get(format!("{origin}{path}")), &[access]).await;
            assert_eq!(outcome(&answer), told);
        }
        sender.send(&get(origin.as_str()), &[&private]).await.unwrap();
    }
}

#[tokio::test]
async fn without_time_nothing_is_sent_and_nobody_is_blamed() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted: Access = format!("GET {} private", outside.origin()).parse().unwrap();
    // A connection is there already.
    let send = async |time| {
        let (request, granted) = (get(outside.origin()), [granted.clone()]);
        sender.outgoing.send(PLACE, &request, &granted, time, "").await
    };
    send(LONG).await.unwrap();
    for _ in 0..6 {
        assert_eq!(outcome(&send(Duration::ZERO).await), "timeout");
    }
    send(LONG).await.unwrap();
    assert_eq!(outside.asked().len(), 2);
}

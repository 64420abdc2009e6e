//! Who fails again and again is left alone, and found again.

use std::time::Duration;

use auth_host::outgoing::OutgoingFault;

use super::{OTHER_PLACE, PLACE, Sender, get, outcome};
use crate::outside::{Dns, Manner, Outside};
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
    assert_eq!(open(), Some(1));
    outside.at_path("/", Manner::answers(200, "ok"));
    let asked = outside.asked().len();
    let told = sender.send(&get(origin.as_str()), &[&granted]).await;
    if outside.asked().len() == asked {
        assert_eq!(outcome(&told), "circuit_open");
        assert!(matches!(told, Err(OutgoingFault::Away { seconds: Some(1), .. })), "{told:?}");
    }
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

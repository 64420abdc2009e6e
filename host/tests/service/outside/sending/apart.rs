//! What is kept apart: places, origins, and who was granted private addresses.

use auth_host::outgoing::OutgoingFault;

use super::{AT_ONCE, OTHER_PLACE, PLACE, Sender, get, outcome};
use crate::outside::{Dns, Manner, Outside};
use crate::support::eventually;

#[tokio::test]
async fn a_connection_is_kept_but_never_for_who_may_not_have_made_it() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    dns.name("risk.test", &["127.0.0.1"]);
    let sender = Sender::new(&dns);
    let origin = outside.named("risk.test");
    let (private, public) = (format!("GET {origin} private"), format!("GET {origin}"));
    for _ in 0..20 {
        sender.send(&get(origin.as_str()), &[&private]).await.unwrap();
    }
    assert_eq!((outside.accepted(), dns.asked("risk.test")), (1, 1));
    // The grant lost the word while the connection is kept.
    let answer = sender.send(&get(origin.as_str()), &[&public]).await;
    assert_eq!(outcome(&answer), "forbidden_address");
    assert_eq!(outside.asked().len(), 20);
    // Another place makes its own.
    sender.send_for(OTHER_PLACE, &get(origin.as_str()), &[&private]).await.unwrap();
    assert_eq!(outside.accepted(), 2);
}

#[tokio::test]
async fn a_slow_service_leaves_turns_to_others_and_to_other_places() {
    let (dns, slow, quick) = (Dns::start().await, Outside::start().await, Outside::start().await);
    slow.at_path("/", Manner::NeverAnswers);
    let sender = Sender::new(&dns);
    let granted = [&slow, &quick].map(|one| format!("GET {} private", one.origin()));
    let waiting: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (sender, granted, slow) = (sender.clone(), granted.clone(), get(slow.origin()));
            tokio::spawn(async move { sender.send(&slow, &[&granted[0], &granted[1]]).await })
        })
        .collect();
    // Three quarters of the turns; who finds none is told at once.
    let most = AT_ONCE * 3 / 4;
    eventually("all that may are under way", async || (slow.asked().len() == most).then_some(()))
        .await;
    let told = sender.send(&get(slow.origin()), &[&granted[0]]).await;
    assert_eq!(outcome(&told), "busy");
    assert!(matches!(told, Err(OutgoingFault::Away { seconds: Some(1), .. })), "{told:?}");
    sender.send(&get(quick.origin()), &[&granted[1]]).await.unwrap();
    sender.send_for(OTHER_PLACE, &get(quick.origin()), &[&granted[1]]).await.unwrap();
    let under_way = || sender.metric("auth_policy_http_under_way", &[("place", PLACE)]);
    assert_eq!(under_way(), Some(most as u64));
    for one in &waiting {
        one.abort();
    }
    eventually("the turns are free", async || (under_way() == Some(0)).then_some(())).await;
    assert_eq!(slow.asked().len(), most);
}

//! Clients that are slow, send too much, or leave.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::assert_nothing_happened;
use crate::support::{
    ENDPOINTS, Person, Raw, TestService, eventually, in_time, lines_with, post_bytes,
};

/// Sends a byte now and then until the other side has had enough.
async fn trickle(raw: &mut Raw, bytes: &[u8]) {
    for byte in bytes.iter().cycle() {
        if raw.send(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_long_before_they_have_arrived() {
    let service = TestService::start().await;
    for path in ENDPOINTS {
        for chunked in [false, true] {
            let length =
                if chunked { "Transfer-Encoding: chunked" } else { "Content-Length: 104857600" };
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: \
                 application/json\r\n{length}\r\n\r\n"
            );
            let mut raw = service.raw().await;
            raw.send(head.as_bytes()).await.unwrap();
            let (mut receiver, mut sender) = raw.split();
            let sending = tokio::spawn(async move {
                let block = vec![b' '; 100_000];
                for _ in 0..1_049 {
                    let sent = if chunked {
                        let chunk =
                            [format!("{:x}\r\n", block.len()).as_bytes(), &block, b"\r\n"].concat();
                        sender.write_all(&chunk).await
                    } else {
                        sender.write_all(&block).await
                    };
                    if sent.is_err() {
                        return true;
                    }
                }
                false
            });
            receiver.answer().await.refused(413, "body_too_large");
            assert!(
                in_time("the end of the sending", sending).await.unwrap(),
                "the whole body was taken in"
            );
        }
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn a_head_that_trickles_in_ends_its_connection() {
    let service = TestService::with().setting("HTTP_SERVER_READ_TIMEOUT", "400ms").start().await;
    for served_before in [false, true] {
        let mut raw = service.raw().await;
        if served_before {
            raw.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
            assert_eq!(raw.answer().await.status, 200);
        }
        raw.send(b"POST /auth/login HTTP/1.1\r\n").await.unwrap();
        in_time("the slow client", trickle(&mut raw, b"X-Header: x\r\n")).await;
        raw.ended().await;
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn a_body_that_trickles_in_is_answered_with_408_and_ends_its_connection() {
    let service = TestService::with().setting("HTTP_SERVER_READ_TIMEOUT", "400ms").start().await;
    for path in ENDPOINTS {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: \
             application/json\r\nContent-Length: 1000\r\n\r\n{{"
        );
        let mut raw = service.raw().await;
        raw.send(head.as_bytes()).await.unwrap();
        let (mut receiver, mut sender) = raw.split();
        let sending = tokio::spawn(async move {
            while sender.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        receiver.answer().await.refused(408, "timeout");
        receiver.ended().await;
        in_time("the slow client", sending).await.unwrap();
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn with_the_usual_settings_too_a_slow_body_is_the_clients_fault() {
    let service = TestService::start().await;
    let mut raw = service.raw().await;
    raw.send(
        b"POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: \
          application/json\r\nContent-Length: 9\r\n\r\n{",
    )
    .await
    .unwrap();
    raw.answer().await.refused(408, "timeout");
    service.stop().await;
}

#[tokio::test]
async fn a_slow_client_does_not_slow_down_others() {
    let service = TestService::start().await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut raw = service.raw().await;
        raw.send(
            b"POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: \
              application/json\r\nContent-Length: 9\r\n\r\n{",
        )
        .await
        .unwrap();
        slow.push(raw);
    }
    assert_nothing_happened(&service).await;
    drop(slow);
    service.stop().await;
}

#[tokio::test]
async fn an_idle_connection_outlives_the_read_timeout_and_serves_again() {
    let service = TestService::with().setting("HTTP_SERVER_READ_TIMEOUT", "100ms").start().await;
    let mut raw = service.raw().await;
    for _ in 0..3 {
        raw.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
        assert_eq!(raw.answer().await.status, 200);
        // Nothing can be waited for: that nothing happens meanwhile is what is tested.
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    service.stop().await;
}

#[tokio::test]
async fn a_connection_that_idles_too_long_is_ended() {
    let service = TestService::with().setting("HTTP_SERVER_IDLE_TIMEOUT", "300ms").start().await;
    let (mut silent, mut served) = (service.raw().await, service.raw().await);
    served.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    assert_eq!(served.answer().await.status, 200);
    silent.ended().await;
    served.ended().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_whose_client_hangs_up_is_done_whole_or_not_at_all() {
    // The usual cost of a hash: time enough to leave at any point.
    let with = TestService::with()
        .setting("PASSWORD_HASH_MEMORY_KIB", "19456")
        .setting("PASSWORD_HASH_ITERATIONS", "2");
    let service = with.start().await;
    let people: Vec<_> = (0..24).map(|number| Person::new(&format!("person{number}"))).collect();
    for (number, person) in people.iter().enumerate() {
        let request = post_bytes("/auth/register", person.form().to_string().as_bytes());
        // The first ones leave within the request, the others at some point of the answering.
        let sent = if number < 6 { request.len() * number / 6 } else { request.len() };
        let mut raw = service.raw().await;
        raw.send(&request[..sent]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(3 * (number as u64 % 12))).await;
    }
    eventually("the end of all connections", async || {
        (service.count("auth_http_connections", &[]).await <= 1).then_some(())
    })
    .await;
    // A restart waits for what was begun, and publishes what was committed.
    let service = service.stop_and_keep().await.start().await;
    let events = service.events().await;
    for person in &people {
        let created = events.iter().filter(|event| event["body"]["email"] == *person.email).count();
        let account = service.login(person).await;
        assert_eq!(
            (created, account.status),
            if created == 0 { (0, 401) } else { (1, 200) },
            "{}",
            person.email
        );
    }
    // Whoever left before the end of the request has no account.
    assert!(
        people[..6]
            .iter()
            .all(|person| events.iter().all(|event| event["body"]["email"] != *person.email))
    );
    service.stop().await;
}

#[tokio::test]
async fn a_body_that_says_itself_that_it_is_too_large_is_not_waited_for() {
    let service = TestService::start().await;
    let head = "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: \
                application/json\r\nContent-Length: 70000\r\n\r\n{";
    let mut raw = service.raw().await;
    raw.send(head.as_bytes()).await.unwrap();
    raw.answer().await.refused(413, "body_too_large");
    service.stop().await;
}

#[tokio::test]
async fn a_client_that_closes_its_half_or_breaks_off_gives_up_what_it_asked_for() {
    let with = TestService::with().setting("PASSWORD_HASH_THREADS", "1");
    let service = with.setting("HTTP_SERVER_TIMEOUT", "60s").start().await;
    let busy = service.busy_hash_thread().await;
    let form = Person::new("leo").form().to_string();
    let request = post_bytes("/auth/register", form.as_bytes());
    let mut broken = service.raw().await;
    broken.send(&request).await.unwrap();
    let (mut receiver, mut sender) = service.raw().await.split();
    sender.write_all(&request).await.unwrap();
    eventually("both in the queue", async || {
        (service.app().services.passwords.waiting() == 2).then_some(())
    })
    .await;
    broken.break_off();
    sender.shutdown().await.unwrap();
    receiver.ended().await;
    eventually("the end of both requests", async || {
        (service.count("http_requests_total", &[("status", "499")]).await == 2).then_some(())
    })
    .await;
    assert!(!busy.is_finished(), "the thread was not busy long enough for this test");
    busy.await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn a_client_that_breaks_its_connection_off_is_in_the_log_and_the_metrics() {
    let service = TestService::with().setting("PASSWORD_HASH_THREADS", "1").start().await;
    let person = Person::new("leo");
    let busy = service.busy_hash_thread().await;
    let mut raw = service.raw().await;
    raw.send(&post_bytes("/auth/register", person.form().to_string().as_bytes())).await.unwrap();
    let asked = [("slot", "register"), ("outcome", "accepted")];
    eventually("the policy's yes", async || {
        (service.count("auth_policy_calls_total", &asked).await > 0).then_some(())
    })
    .await;
    raw.break_off();
    let begun = service.log_mark();
    in_time("the end of the other hash", busy).await.unwrap();
    let path = [("path", "/auth/register")];
    eventually("a count of it", async || {
        (service.count("http_requests_total", &path).await > 0).then_some(())
    })
    .await;
    eventually("a line of it", async || (!lines_with(begun, "answer").is_empty()).then_some(()))
        .await;
    service.stop().await;
}

//! More connections than there are places: what idles gives way to what comes, and nothing that is
//! in flight is closed for it.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

use crate::support::{
    Answer, Process, Raw, TestService, eventually, in_time, post_bytes, raise_file_limit,
};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

/// A bound, and clients that hash only when this test is over.
async fn crowd(places: usize) -> TestService {
    let with = TestService::with()
        .setting("HTTP_SERVER_MAX_CONNECTIONS", &places.to_string())
        .setting("HTTP_SERVER_TIMEOUT", "60s")
        .setting("HTTP_SERVER_READ_TIMEOUT", "60s")
        .setting("PASSWORD_HASH_THREADS", "1");
    with.start().await
}

fn login() -> Vec<u8> {
    let body = json!({ "email": "nobody@example.com", "password": "superpassword" });
    post_bytes("/auth/login", body.to_string().as_bytes())
}

fn refresh() -> Vec<u8> {
    post_bytes("/auth/refresh", br#"{"refresh_token":"x"}"#)
}

async fn ask(raw: &mut Raw, request: &[u8]) -> Answer {
    raw.send(request).await.unwrap();
    raw.answer().await
}

async fn asked(service: &TestService, request: &[u8]) -> (Raw, Answer) {
    let mut raw = service.raw().await;
    let answer = ask(&mut raw, request).await;
    (raw, answer)
}

async fn silent(service: &TestService, number: usize) -> Vec<Raw> {
    let mut silent = Vec::new();
    for _ in 0..number {
        silent.push(service.raw().await);
    }
    silent
}

/// Requests that wait for a hash: as many as all places.
async fn all_in_flight(service: &TestService, places: usize) -> Vec<Raw> {
    let mut busy = silent(service, places).await;
    for raw in &mut busy {
        raw.send(&login()).await.unwrap();
    }
    eventually("all of them in flight", async || {
        (service.app().services.passwords.waiting() == places).then_some(())
    })
    .await;
    busy
}

#[tokio::test]
async fn when_all_places_are_taken_who_carried_one_refresh_goes_first_then_the_longest_idle() {
    let service = crowd(12).await;
    let refresh = refresh();
    let (mut oldest, _) = asked(&service, HEALTH).await;
    let (mut used, _) = asked(&service, &refresh).await;
    let (mut spent, answer) = asked(&service, &refresh).await;
    assert_eq!((answer.status, answer.header("connection")), (401, None));
    assert_eq!(ask(&mut used, HEALTH).await.status, 200);
    let mut half = service.raw().await;
    half.send(b"GET /he").await.unwrap();
    let mut fresh = silent(&service, 8).await;
    // Each of these is one too many.
    let mut later = Vec::new();
    for goes in [&mut spent, &mut oldest, &mut used] {
        later.extend(silent(&service, 1).await);
        goes.ended().await;
    }
    for goes in &mut fresh {
        later.extend(silent(&service, 1).await);
        goes.ended().await;
    }
    // Who has sent half a head goes after all that, and is served if it sends the rest in time.
    half.send(b"althz HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    assert_eq!(half.answer().await.status, 200);
    half.ended().await;
    assert_eq!(service.count("auth_http_connections_closed_for_room_total", &[]).await, 11);
    assert_eq!(service.count("auth_http_requests_refused_total", &[]).await, 0);
    service.stop().await;
}

#[tokio::test]
async fn from_half_full_on_an_answer_ends_its_connection() {
    let service = crowd(6).await;
    let (mut first, answer) = asked(&service, HEALTH).await;
    assert_eq!(answer.header("connection"), None);
    let (second, answer) = asked(&service, HEALTH).await;
    assert_eq!(answer.header("connection"), None);
    let (mut third, answer) = asked(&service, HEALTH).await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    third.ended().await;
    let third = service.raw().await;
    let answer = ask(&mut first, HEALTH).await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    first.ended().await;
    drop((second, third));
    service.stop().await;
}

#[tokio::test]
async fn without_room_health_and_metrics_answer_and_the_rest_is_busy_but_nothing_in_flight_ends() {
    let service = crowd(2).await;
    let working = service.busy_hash_thread().await;
    let mut in_flight = all_in_flight(&service, 2).await;
    // More than the spare places, too.
    let waiting = silent(&service, 100).await;
    for path in ["/healthz", "/readyz", "/metrics", "/api/auth/metrics"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        let (_, answer) = asked(&service, request.as_bytes()).await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")), "{path}");
    }
    let (mut raw, answer) = asked(&service, &login()).await;
    answer.refused(503, "busy");
    assert_eq!(answer.header("connection"), Some("close"));
    raw.ended().await;
    assert_eq!(service.count("auth_http_requests_refused_total", &[]).await, 1);
    assert!(service.count("auth_http_connections_closed_for_room_total", &[]).await > 0);
    assert!(!working.is_finished(), "the thread was not busy long enough for this test");
    in_time("the hash", working).await.unwrap();
    for raw in &mut in_flight {
        raw.answer().await.refused(401, "invalid_credentials");
    }
    drop(waiting);
    service.stop().await;
}

#[tokio::test]
async fn a_peer_with_requests_in_flight_leaves_a_quarter_of_all_places_to_others() {
    let service = crowd(8).await;
    let refresh = refresh();
    let mut slow = Vec::new();
    for _ in 0..8 {
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
        let mut raw = Raw::connect_from(&service.address, from).await;
        raw.send(&refresh[..refresh.len() - 1]).await.unwrap();
        slow.push(raw);
    }
    eventually("the refusal of those beyond three quarters", async || {
        (service.count("auth_http_requests_refused_total", &[]).await == 2).then_some(())
    })
    .await;
    for _ in 0..20 {
        asked(&service, &refresh).await.1.refused(401, "invalid_token");
    }
    assert_eq!(service.count("auth_http_requests_refused_total", &[]).await, 2);
    // What has ended is given back.
    let mut answers = Vec::new();
    for raw in &mut slow {
        let _ = raw.send(b"}").await;
        answers.push(raw.answer().await.status);
    }
    answers.sort_unstable();
    assert_eq!(answers, [401, 401, 401, 401, 401, 401, 503, 503]);
    let mut raw =
        Raw::connect_from(&service.address, IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))).await;
    ask(&mut raw, &refresh).await.refused(401, "invalid_token");
    service.stop().await;
}

#[tokio::test]
async fn when_a_peer_has_more_than_half_of_all_places_its_idle_ones_go_first() {
    let service = crowd(8).await;
    let from = |last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    let mut other = Raw::connect_from(&service.address, from(2)).await;
    assert_eq!(ask(&mut other, HEALTH).await.status, 200);
    let mut greedy = silent(&service, 7).await;
    let mut later = Vec::new();
    for goes in greedy.iter_mut().take(3) {
        later.push(Raw::connect_from(&service.address, from(3)).await);
        goes.ended().await;
    }
    // The longest idle of all is still there.
    assert_eq!(ask(&mut other, HEALTH).await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn five_thousand_idle_connections_of_one_address_keep_nobody_out() {
    raise_file_limit();
    let (_home, mut settings) = Process::home().await;
    settings.insert("HTTP_SERVER_READ_TIMEOUT".to_owned(), "600s".to_owned());
    settings.insert("HTTP_SERVER_IDLE_TIMEOUT".to_owned(), "600s".to_owned());
    let process = Process::serving(&settings).await;
    let mut idle = Vec::new();
    for number in 0..5_000 {
        let mut raw = Raw::connect(&process.address).await;
        if number % 1_000 == 0 {
            assert_eq!(ask(&mut raw, HEALTH).await.status, 200);
        }
        idle.push(raw);
    }
    let refresh = refresh();
    for _ in 0..100 {
        let mut raw = Raw::connect(&process.address).await;
        ask(&mut raw, &refresh).await.refused(401, "invalid_token");
        let mut raw = Raw::connect(&process.address).await;
        assert_eq!(ask(&mut raw, HEALTH).await.status, 200);
    }
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}

#[tokio::test]
async fn when_the_system_has_no_more_files_idle_connections_give_way_too() {
    let (_home, mut settings) = Process::home().await;
    settings.insert("HTTP_SERVER_READ_TIMEOUT".to_owned(), "600s".to_owned());
    let process = Process::serving_with_files(&settings, 200).await;
    let mut idle = Vec::new();
    for _ in 0..600 {
        idle.push(Raw::connect(&process.address).await);
    }
    let mut raw = Raw::connect(&process.address).await;
    assert_eq!(ask(&mut raw, HEALTH).await.status, 200);
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}

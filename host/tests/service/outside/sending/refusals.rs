//! What a policy wrote is refused with a reason, and nobody is asked.

use std::time::Duration;

use auth_host::outgoing::{OutgoingFault, OutgoingRequest};

use super::{Sender, TRACE, get, request};
use crate::outside::{Dns, Outside};

#[tokio::test]
async fn what_is_not_granted_is_denied() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted = format!("GET,POST {} private", outside.origin());
    let (port, origin) = (outside.port(), outside.origin());
    let other_port = port ^ 1;
    for (method, url) in [
        ("PUT", origin.clone()),
        ("get", origin.clone()),
        ("CONNECT", origin.clone()),
        ("GET", format!("https://127.0.0.1:{port}")),
        ("GET", format!("http://127.0.0.1:{other_port}")),
        ("GET", "http://127.0.0.1".into()),
        ("GET", format!("http://localhost:{port}")),
        ("GET", format!("ftp://127.0.0.1:{port}")),
        ("GET", format!("file:///{origin}")),
        ("GET", "data:text/plain,a".into()),
    ] {
        let fault = sender.send(&request(method, url.as_str()), &[&granted]).await.unwrap_err();
        assert!(matches!(fault, OutgoingFault::Denied(_)), "{method} {url}: {fault:?}");
        assert!(fault.to_string().contains("is not granted"), "{fault}");
    }
    let fault = sender.send(&get(origin), &[]).await.unwrap_err();
    assert!(matches!(fault, OutgoingFault::Denied(_)), "{fault:?}");
    assert_eq!(outside.accepted(), 0);
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted = format!("GET,POST {} private", outside.origin());
    let origin = outside.origin();
    let at = |path: &str| get(format!("{origin}{path}"));
    let header = |name: &str, value: &str| with_header(&origin, name, value);
    let malformed = [
        get("no URL"),
        get("/path"),
        get("http://"),
        at("/a b"),
        at("/a\r\nhost: evil.example"),
        at("/a\tb"),
        get(format!("http://ann:secret@127.0.0.1:{}", outside.port())),
        request("", format!("{origin}/")),
        request("GE T", format!("{origin}/")),
        request("GET\r\n", format!("{origin}/")),
        header("", "a"),
        header("a b", "a"),
        header("a:", "a"),
        header("x-a", "a\r\nx-b: b"),
        header("x-a", "a\nb"),
        header("x-a", "a\0"),
        header("x-a", "ä"),
        header("Host", "evil.example"),
        header("content-length", "0"),
        header("Transfer-Encoding", "chunked"),
        header("CONNECTION", "close"),
        header("accept-encoding", "br"),
        header("traceparent", TRACE),
        header("expect", "100-continue"),
    ];
    for request in malformed {
        let fault = sender.send(&request, &[&granted]).await.unwrap_err();
        assert!(matches!(fault, OutgoingFault::Malformed(_)), "{request:?}: {fault:?}");
        let text = fault.to_string();
        assert!(!text.contains("evil") && !text.contains("secret"), "{text}");
    }
    assert_eq!(outside.accepted(), 0);
}

#[tokio::test]
async fn too_much_of_a_request_is_refused_and_as_much_as_there_may_be_is_sent() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted = format!("GET,POST {} private", outside.origin());
    let origin = outside.origin();
    let at = |path: &str| get(format!("{origin}{path}"));
    let header = |name: &str, value: &str| with_header(&origin, name, value);
    let headers = |count| (0..count).map(|place| (format!("x-{place}"), "a".into())).collect();
    let long = "a".repeat(2 * 1024);
    let too_much = [
        at(&format!("/{long}")),
        // Longer once it is encoded.
        at(&format!("/{}", "ä".repeat(600))),
        header(&"a".repeat(65), "a"),
        header("x-a", &"a".repeat(4 * 1024 + 1)),
        OutgoingRequest { headers: headers(33), ..at("/") },
        OutgoingRequest { body: vec![0; 64 * 1024 + 1], ..at("/") },
        OutgoingRequest { timeout: Some(Duration::ZERO), ..at("/") },
        OutgoingRequest { timeout: Some(Duration::from_millis(3001)), ..at("/") },
    ];
    for request in too_much {
        let fault = sender.send(&request, &[&granted]).await.unwrap_err();
        let told = format!("{} {}", request.url.len(), request.headers.len());
        assert!(matches!(fault, OutgoingFault::Limit(_)), "{told}: {fault:?}");
    }
    assert_eq!(outside.accepted(), 0);

    let whole = OutgoingRequest {
        headers: headers(32),
        body: vec![b'b'; 64 * 1024],
        ..request("POST", format!("{origin}/{}", &long[..2 * 1024 - 1 - origin.len()]))
    };
    sender.send(&whole, &[&granted]).await.unwrap();
    let asked = outside.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.body.len()), ("POST", 64 * 1024));
    assert_eq!(asked.header("x-31"), Some("a"));
    assert_eq!(asked.header("traceparent"), Some(TRACE));
    assert_eq!(asked.header("accept-encoding"), Some("gzip"));
    assert_eq!(asked.header("host"), origin.strip_prefix("http://"));
    for name in ["cookie", "referer", "transfer-encoding"] {
        assert_eq!(asked.header(name), None);
    }
}

fn with_header(origin: &str, name: &str, value: &str) -> OutgoingRequest {
    OutgoingRequest { headers: vec![(name.into(), value.into())], ..get(format!("{origin}/")) }
}

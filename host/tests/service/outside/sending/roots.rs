//! Whose certificates are trusted.

use auth_host::outgoing::OutgoingSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Sender, get, outcome};
use crate::outside::{Authority, Dns, Outside};
use crate::support::in_time;

#[tokio::test]
async fn only_the_authorities_of_the_file_are_trusted() {
    let (dns, ours, theirs) = (Dns::start().await, Authority::new(), Authority::new());
    let name_servers = vec![dns.address()];
    let with = |roots| OutgoingSettings { name_servers: name_servers.clone(), roots };
    let trusting = Sender::with(&with(Some(ours.file()))).unwrap();
    let by_system = Sender::with(&with(None)).unwrap();
    dns.name("risk.api.test", &["127.0.0.1"]);
    for (server, sender, expected) in [
        (ours.server(&["risk.api.test"]), &trusting, "answered"),
        (ours.server(&["*.api.test"]), &trusting, "answered"),
        (ours.server(&["risk.api.test"]), &by_system, "certificate"),
        (theirs.server(&["risk.api.test"]), &trusting, "certificate"),
        (ours.server(&["other.api.test"]), &trusting, "certificate"),
        (ours.server(&["127.0.0.1"]), &trusting, "certificate"),
        (ours.ended(&["risk.api.test"]), &trusting, "certificate"),
    ] {
        let outside = Outside::with_tls(server).await;
        let origin = outside.named("risk.api.test");
        let granted = format!("GET {origin} private");
        let answer = sender.send(&get(origin), &[&granted]).await;
        assert_eq!(outcome(&answer), expected);
        assert_eq!(outside.asked().len(), usize::from(expected == "answered"));
    }
    // Who speaks no TLS, and answers what every server answers that is asked by TLS.
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", plain.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream
    });
    let answer = trusting.send(&get(origin.as_str()), &[&format!("GET {origin} private")]).await;
    assert_eq!(outcome(&answer), "unreachable");
    in_time("it answered", answering).await.unwrap();
}

#[tokio::test]
async fn a_file_without_authorities_is_refused_at_the_start() {
    let authority = Authority::new();
    let file = authority.folder().join("roots.pem");
    let refused = || {
        let settings = OutgoingSettings { name_servers: Vec::new(), roots: Some(file.clone()) };
        let error = Sender::with(&settings).err().expect("it is refused");
        let told = format!("{error:#}");
        assert!(told.contains("POLICY_HTTP_ROOTS"), "{told}");
    };
    refused();
    let whole = std::fs::read_to_string(authority.file()).unwrap();
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    for text in ["", "no certificate", &format!("{begin}\nMIIB\n{end}\n"), &whole[..200]] {
        std::fs::write(&file, text).unwrap();
        refused();
    }
}

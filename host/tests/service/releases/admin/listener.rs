//! Where the admin API listens: with TLS, beside others, not at all; and what a start refuses.

use std::collections::HashMap;
use std::path::Path;

use auth_host::store::registry::Role;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::support::{Process, Raw, TestService, in_time};

/// The files of a certificate for 127.0.0.1 and its key, and the authority to trust.
fn certificate(folder: &Path) -> (String, String, reqwest::Certificate) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let signed = params.signed_by(&key, &authority).unwrap();
    let write = |name: &str, text: String| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    write("authority.pem", authority.pem());
    let trusted = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    (write("tls.pem", signed.pem()), write("tls.key", key.serialize_pem()), trusted)
}

#[tokio::test]
async fn with_a_certificate_it_is_reached_by_tls_and_by_nothing_else() {
    let folder = TempDir::new().unwrap();
    let (certificate, key, trusted) = certificate(folder.path());
    let service = TestService::with()
        .setting("ADMIN_TLS_CERTIFICATE", &certificate)
        .setting("ADMIN_TLS_KEY", &key)
        .start()
        .await;
    let url = service.admin_url();
    assert!(url.starts_with("https://"), "{url}");
    let ann = service.admin("ann", Role::Look).await;
    let trusting = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    // Several on one connection, and one with a body that is large.
    for _ in 0..3 {
        let request = trusting.get(format!("{url}/v1/host")).bearer_auth(&ann.token);
        let answer = in_time("an answer", request.send()).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let large = trusting.put(format!("{url}/v1/components/{}", "0".repeat(64)));
    let large = large.bearer_auth(&ann.token).body(vec![0_u8; 8 << 20]);
    assert_eq!(in_time("an answer", large.send()).await.unwrap().status(), 403);
    // Who does not trust the certificate, and who speaks in the clear, gets no answer.
    let request = service.client.get(format!("{url}/v1/host")).bearer_auth(&ann.token);
    request.send().await.unwrap_err();
    let mut raw = Raw::connect(url.strip_prefix("https://").unwrap()).await;
    raw.send(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // An alert of TLS has seven bytes; the shortest answer has more.
    assert!(raw.some_bytes(1024).await.unwrap_or(0) < 16);
    // One that shakes no hand does not keep the service from its end.
    let silent = Raw::connect(url.strip_prefix("https://").unwrap()).await;
    service.stop().await;
    drop(silent);
}

#[tokio::test]
async fn commands_believe_the_authority_that_they_are_told_and_no_other_then() {
    let folder = TempDir::new().unwrap();
    let (certificate, key, _) = certificate(folder.path());
    let service = TestService::with()
        .setting("ADMIN_TLS_CERTIFICATE", &certificate)
        .setting("ADMIN_TLS_KEY", &key)
        .start()
        .await;
    let ann = service.admin("ann", Role::Look).await;
    let other = TempDir::new().unwrap();
    self::certificate(other.path());
    let authority = |folder: &TempDir| folder.path().join("authority.pem").display().to_string();
    let settings = |authority: &str| -> HashMap<String, String> {
        [("ADMIN_URL", &*service.admin_url()), ("ADMIN_TOKEN", &ann.token), ("ADMIN_CA", authority)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    };
    let trusting = settings(&authority(&folder));
    let told = Process::command(&trusting, &["policy", "status"]).await;
    assert_eq!(told.code, Some(0), "{}", told.errors);
    assert!(told.text.contains("login/1"), "{}", told.text);
    assert!(!told.errors.contains("in the clear"), "{}", told.errors);
    let stranger = authority(&other);
    let option = ["policy", "status", "--ca", &stranger];
    for told in [
        Process::command(&settings(&stranger), &["policy", "status"]).await,
        Process::command(&trusting, &option).await,
    ] {
        assert_eq!(told.code, Some(2), "{}{}", told.text, told.errors);
        assert!(told.errors.contains("cannot be reached"), "{}", told.errors);
        assert!(!told.errors.contains(&ann.token), "{}", told.errors);
    }
    // What is no certificate is told before anybody is asked.
    let told = Process::command(&settings(&key), &["policy", "status"]).await;
    assert_eq!(told.code, Some(2), "{}", told.text);
    assert!(told.errors.contains("ADMIN_CA"), "{}", told.errors);
    service.stop().await;
}

async fn refused(more: &[(&str, &str)]) -> String {
    let (_folder, mut settings) = Process::folder();
    settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let outcome = Process::refusing(&settings).await;
    assert_eq!(outcome.code, Some(2), "{}", outcome.log);
    outcome.log
}

#[tokio::test]
async fn in_production_tokens_do_not_go_over_the_network_in_the_clear() {
    let said = refused(&[("ADMIN_ADDRESS", "0.0.0.0:0")]).await;
    for word in ["ADMIN_ADDRESS", "ADMIN_TLS_CERTIFICATE", "ADMIN_TLS=proxy", "off"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    for (settings, word) in [
        (vec![("ADMIN_TLS_KEY", "/nowhere")], "ADMIN_TLS_CERTIFICATE: is not set"),
        (vec![("ADMIN_TLS_CERTIFICATE", "/nowhere")], "ADMIN_TLS_KEY: is not set"),
        (vec![("ADMIN_TLS", "yes")], "is not proxy"),
        (vec![("ADMIN_ADDRESS", "nowhere")], "or off"),
        (vec![("POLICY_RELEASES_KEPT", "5")], "POLICY_RELEASES_KEPT"),
        (
            vec![("ADMIN_ADDRESS", "127.0.0.1:1"), ("HTTP_SERVER_ADDRESS", "127.0.0.1:1")],
            "set another port",
        ),
        (
            vec![("ADMIN_TLS_KEY", "/nowhere.key"), ("ADMIN_TLS_CERTIFICATE", "/nowhere.pem")],
            "/nowhere.pem holds no certificate",
        ),
    ] {
        let said = refused(&settings).await;
        assert!(said.contains(word), "{settings:?}: {said}");
    }
    // With the word, or for development, it starts.
    for more in [("ADMIN_TLS", "proxy"), ("ENV", "local")] {
        let (_folder, mut settings) = Process::folder();
        settings.insert("ADMIN_ADDRESS".into(), "0.0.0.0:0".into());
        settings.insert(more.0.into(), more.1.into());
        let process = Process::serving(&settings).await;
        process.terminate();
        assert_eq!(process.ended().await.code, Some(0));
    }
}

#[tokio::test]
async fn a_port_that_is_taken_ends_the_start_if_somebody_chose_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for env in ["", "local"] {
        let said = refused(&[("ADMIN_ADDRESS", &address), ("ENV", env)]).await;
        assert!(said.contains("ADMIN_ADDRESS: cannot listen on"), "{said}");
    }
    // The usual one with ENV=local is another process's: this one serves all the same.
    let usual = std::net::TcpListener::bind("127.0.0.1:7972");
    let (_folder, mut settings): (TempDir, HashMap<String, String>) = Process::folder();
    settings.remove("ADMIN_ADDRESS");
    settings.insert("ENV".into(), "local".into());
    let process = Process::serving(&settings).await;
    assert!(!process.announcement.iter().any(|line| line.contains("admin API")));
    process.terminate();
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.log.contains("another process has that port"), "{}", outcome.log);
    drop(usual);
}

#[tokio::test]
async fn it_can_be_off() {
    let service = TestService::with().setting("ADMIN_ADDRESS", "off").start().await;
    assert_eq!(service.app().admin_url(), None);
    service.newcomer("leo").await;
    service.stop().await;
}

//! Keys of OpenSSH and of OpenSSL, as far as they are on the machine.

use std::process::Command;

use auth_host::contract::Slot;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::desk::read;
use crate::releases::files::Desk;
use crate::support::policy;

#[tokio::test]
async fn keys_of_openssh_sign_if_they_are_of_the_kind_and_have_no_passphrase() {
    let desk = Desk::new();
    let file = desk.file("guarded.wasm", policy(Slot::Login));
    let generate = |kind: &str, name: &str, passphrase: &str| {
        desk.tool("ssh-keygen", &["-q", "-t", kind, "-N", passphrase, "-C", "a b", "-f", name])
    };
    if !generate("ed25519", "own", "") {
        // A machine without OpenSSH; a key of it is in the unit tests.
        return;
    }
    let (key, public) = (desk.path("own"), desk.path("own.pub"));
    let told = desk.done(&["sign", &file, "--key", &key]).await;
    let output = Command::new("ssh-keygen").args(["-l", "-f", &public]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let fingerprint = shown.split(' ').nth(1).unwrap();
    assert!(told.contains(fingerprint), "{told} {shown}");
    desk.done(&["verify", &file, "--key", &public]).await;
    // It reads ours, too.
    desk.done(&["keygen", &desk.path("ours")]).await;
    desk.tool("ssh-keygen", &["-l", "-f", "ours.pub"]);
    for (kind, name, passphrase, word) in [
        ("ed25519", "locked", "Geheimes Wort", "it has a passphrase"),
        ("rsa", "rsa", "", "another kind (RSA)"),
        ("ecdsa", "ecdsa", "", "another kind (ECDSA"),
    ] {
        assert!(generate(kind, name, passphrase));
        let told = desk.refused(&["sign", &file, "--key", &desk.path(name)]).await;
        assert!(told.contains(word) && told.contains(name), "{told}");
        if kind != "ed25519" {
            let public = desk.path(&format!("{name}.pub"));
            let told = desk.refused(&["verify", &file, "--key", &public]).await;
            assert!(told.contains(word), "{told}");
        }
    }
    let told = desk.refused(&["sign", &file, "--key", &public]).await;
    assert!(told.contains("it is a public key"), "{told}");
    let told = desk.refused(&["verify", &file, "--key", &key]).await;
    assert!(told.contains("it is a private key"), "{told}");
    assert!(!told.contains("b3BlbnNzaC1rZXk"), "it tells the key: {told}");
}

#[tokio::test]
async fn keys_of_openssl_sign_and_openssl_checks_what_they_signed() {
    let desk = Desk::new();
    let file = desk.file("guarded.wasm", policy(Slot::Login));
    if !desk.tool("openssl", &["genpkey", "-algorithm", "ed25519", "-out", "own.pem"]) {
        // A machine without OpenSSL; a key of its form is in the unit tests.
        return;
    }
    let (key, public) = (desk.path("own.pem"), desk.path("own.pub.pem"));
    desk.tool("openssl", &["pkey", "-in", "own.pem", "-pubout", "-out", "own.pub.pem"]);
    desk.done(&["sign", &file, "--key", &key]).await;
    desk.done(&["verify", &file, "--key", &public]).await;
    desk.done(&["keygen", &desk.path("ours")]).await;
    desk.tool("openssl", &["pkey", "-in", "ours", "-noout"]);
    // What we signed, it finds signed: the statement is plain text.
    let line: Value = serde_json::from_str(&read(&format!("{file}.sig"))).unwrap();
    let text = |member: &str| line[member].as_str().unwrap().to_owned();
    let statement = format!(
        "auth-host policy signature 1\ncomponent sha256:{}\nplace {}\nname {}\nversion {}\n",
        text("component"),
        text("place"),
        text("name"),
        text("version"),
    );
    desk.file("statement", statement);
    desk.file("signature", STANDARD.decode(text("signature")).unwrap());
    let words = "pkeyutl -verify -pubin -inkey own.pub.pem -rawin -in statement -sigfile signature";
    desk.tool("openssl", &words.split(' ').collect::<Vec<_>>());
    for (words, word) in [
        ("genpkey -algorithm ed25519 -aes256 -pass pass:Geheim -out k.pem", "it has a passphrase"),
        ("genpkey -algorithm rsa -out k.pem", "another kind (RSA)"),
        ("genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out k.pem", "kind (ECDSA)"),
        ("genpkey -algorithm ed448 -out k.pem", "another kind (Ed448)"),
    ] {
        desk.tool("openssl", &words.split(' ').collect::<Vec<_>>());
        let told = desk.refused(&["sign", &file, "--key", &desk.path("k.pem")]).await;
        assert!(told.contains(word) && told.contains("k.pem"), "{words}: {told}");
    }
    let whole = read(&key);
    let cut_off = desk.file("cut.pem", &whole[..whole.len() / 2]);
    let told = desk.refused(&["sign", &file, "--key", &cut_off]).await;
    assert!(told.contains("cut off or damaged"), "{told}");
}

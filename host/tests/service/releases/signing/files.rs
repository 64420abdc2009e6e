//! Signatures beside a file, and why one does not count.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use auth_host::contract::Slot;
use auth_host::hex;
use auth_host::signatures::{PrivateKey, Signature};
use serde_json::Value;

use super::desk::read;
use crate::releases::files::Desk;
use crate::support::policy;

/// The login policy with a section more: another component of the same name and version.
fn another() -> Vec<u8> {
    let mut bytes = policy(Slot::Login);
    bytes.extend([0x00, 0x03, 0x01, b'x', 0x00]);
    bytes
}

#[tokio::test]
async fn a_policy_that_was_signed_is_trusted_by_who_trusts_the_key() {
    let desk = Desk::new();
    let (key, file) = (desk.path("ann"), desk.file("guarded.wasm", policy(Slot::Login)));
    let line = desk.done(&["keygen", &key, "--comment", "ann@example.com"]).await;
    let public = read(&desk.path("ann.pub"));
    assert_eq!(line, format!("ann {public}"));
    assert!(public.starts_with("ssh-ed25519 AAAA") && public.ends_with(" ann@example.com\n"));
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let before = read(&key);
    let told = desk.refused(&["keygen", &key]).await;
    assert!(told.contains("is there already"), "{told}");
    assert_eq!(read(&key), before);

    let told = desk.done(&["sign", &file, "--key", &key]).await;
    let digest = hex::sha256(&policy(Slot::Login));
    assert!(told.contains(&digest) && told.contains("for login"), "{told}");
    let signature = Signature::read(read(&format!("{file}.sig")).trim_end()).unwrap();
    assert_eq!(signature.statement.component, digest);

    let (by_key, ring) = (desk.path("ann.pub"), desk.file("trusted", &line));
    for trusted in [["--key", &by_key], ["--trusted", &ring]] {
        let told = desk.done(&[&["verify", file.as_str()][..], &trusted].concat()).await;
        assert!(told.starts_with("trusted: ") && told.contains(": good"), "{told}");
    }
    let told = desk.done(&["verify", &file, "--trusted", &ring, "--json"]).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["trusted"], true);
    assert_eq!((&told["signatures"][0]["name"], &told["place"]), (&"ann".into(), &"login".into()));
}

#[tokio::test]
async fn a_threshold_counts_keys_and_not_signatures() {
    let desk = Desk::new();
    let file = desk.file("guarded.wasm", policy(Slot::Login));
    for name in ["ann", "bob", "eve"] {
        desk.done(&["keygen", &desk.path(name)]).await;
    }
    let ring = desk.trusted("ann", "") + &desk.trusted("bob", "") + &desk.trusted("eve", "");
    let ring = desk.file("trusted", ring);
    let verify = ["verify", &file, "--trusted", &ring, "--needed", "2"];
    let told = desk.refused(&verify).await;
    assert!(told.contains("needs 2 signatures") && told.contains("has none"), "{told}");
    desk.done(&["sign", &file, "--key", &desk.path("ann")]).await;
    desk.done(&["sign", &file, "--key", &desk.path("ann")]).await;
    let signatures = format!("{file}.sig");
    assert_eq!(read(&signatures).lines().count(), 1);
    // Twice by hand: it is one key all the same.
    fs::write(&signatures, read(&signatures).repeat(2)).unwrap();
    let told = desk.refused(&verify).await;
    assert!(told.contains("has 1 (ann)") && told.contains("policy sign"), "{told}");
    desk.done(&["sign", &file, "--key", &desk.path("eve")]).await;
    let told = desk.done(&verify).await;
    assert!(told.contains("signed by ann") && told.contains("signed by eve"), "{told}");
    let told = desk.refused(&[&verify[..4], &["--needed", "3"]].concat()).await;
    assert!(told.contains("has 2 (ann, eve)"), "{told}");
}

#[tokio::test]
async fn a_signature_that_does_not_count_is_refused_with_why() {
    let desk = Desk::new();
    let file = desk.file("guarded.wasm", policy(Slot::Login));
    let other = desk.file("other.wasm", another());
    let register = desk.file("register.wasm", policy(Slot::Register));
    for name in ["ann", "bob"] {
        desk.done(&["keygen", &desk.path(name)]).await;
    }
    desk.done(&["sign", &file, "--key", &desk.path("ann")]).await;
    let signatures = format!("{file}.sig");
    for (ring, policy, word) in [
        (desk.trusted("bob", ""), &file, "nobody here knows (SHA256:"),
        (desk.trusted("ann", "withdrawn"), &file, "ann, a key that was withdrawn"),
        (desk.trusted("ann", "until=2026-01-31"), &file, "whose time ended 2026-01-31"),
        (desk.trusted("ann", "places=register"), &file, "not trusted for the place login"),
        (
            desk.trusted("ann", ""),
            &other,
            "signature of ann does not count: it is for another comp",
        ),
        (desk.trusted("ann", ""), &register, "it is for another component"),
    ] {
        let ring = desk.file("trusted", ring);
        let words = ["verify", policy, "--signatures", &signatures, "--trusted", &ring];
        let told = desk.refused(&words).await;
        assert!(told.contains(word), "{told}");
    }
    // Another place, claimed for the same bytes.
    let ring = desk.file("trusted", desk.trusted("ann", ""));
    let key = PrivateKey::read(&read(&desk.path("ann"))).unwrap();
    let mut statement = Signature::read(read(&signatures).trim_end()).unwrap().statement;
    statement.place = "register".to_owned();
    let whole = read(&signatures);
    for (text, word) in [
        (key.sign(&statement).line(), "it is for the place register"),
        (whole[..whole.len() - 20].to_owned(), "line 1: it is no signature that can be read: it"),
        (whole.replace("==\"}", "\"}"), "it is cut off or damaged"),
        (format!("{whole}\nhello\n"), "line 3: "),
    ] {
        fs::write(&signatures, text).unwrap();
        let told = desk.refused(&["verify", &file, "--trusted", &ring]).await;
        assert!(told.contains(word), "{told}");
    }
    // What cannot be read is not signed over, and nothing of it is lost.
    let before = read(&signatures);
    desk.refused(&["sign", &file, "--key", &desk.path("ann")]).await;
    assert_eq!(read(&signatures), before);
}

#[tokio::test]
async fn a_wrong_call_says_what_is_wrong_and_writes_nothing() {
    let desk = Desk::new();
    let file = desk.file("guarded.wasm", policy(Slot::Login));
    let (text, key) = (desk.file("text.wasm", "hello"), desk.path("ann"));
    desk.done(&["keygen", &key]).await;
    let told = desk.refused(&["sign", &text, "--key", &key]).await;
    assert!(told.contains("is no policy: it is no WebAssembly"), "{told}");
    let told = desk.refused(&["keygen", &desk.path("bob"), "--comment", "two\nlines"]).await;
    assert!(told.contains("--comment"), "{told}");
    // Behind the key it would say nothing, and somebody would believe that it does.
    let told = desk.refused(&["keygen", &desk.path("bob"), "--comment", "withdrawn"]).await;
    assert!(told.contains("--comment: line 1") && told.contains("behind the key"), "{told}");
    for words in [
        &["sign", &file][..],
        &["sign", "missing.wasm", "--key", &key],
        &["sign", &file, "--key", "missing"],
        &["sign", &file, "--key", "/dev/zero"],
        &["verify", &file],
        &["verify", &file, "--key", &key, "--trusted", &key],
        &["verify", &file, "--trusted", "missing"],
        &["verify", &file, "--trusted", &key, "--needed", "0"],
        &["verify", &file, "--key", &format!("{key}.pub"), "--signatures", "missing"],
        &["keygen", &desk.path("no/such/folder")],
        &["keygen"],
    ] {
        let told = desk.run(words).await;
        assert_eq!((told.code, told.text.as_str()), (Some(2), ""), "{words:?} {}", told.errors);
        assert!(!told.errors.is_empty() && !told.errors.contains("panic"), "{}", told.errors);
    }
    let mut names: Vec<String> = fs::read_dir(desk.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["ann", "ann.pub", "guarded.wasm", "text.wasm"]);
}

#[tokio::test]
async fn what_is_printed_to_be_used_can_be_used_as_it_stands() {
    let desk = Desk::new();
    let file = desk.file("it's mine.wasm", policy(Slot::Login));
    for name in ["sk-build", "ssh-ci", "ssh-rsa"] {
        let key = desk.path(name);
        let line = desk.done(&["keygen", &key]).await;
        let trusted = desk.file("trusted", &line);
        let told = desk.refused(&["verify", &file, "--trusted", &trusted]).await;
        assert!(told.contains(r"auth-host policy sign '") && told.contains(r"it'\''s"), "{told}");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let signed = desk.run(&["sign", &file, "--key", &key]).await;
        assert_eq!(signed.code, Some(0), "{}", signed.errors);
        assert!(signed.errors.contains("chmod 600 "), "{}", signed.errors);
        desk.done(&["verify", &file, "--trusted", &trusted]).await;
    }
}

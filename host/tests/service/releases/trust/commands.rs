//! Signatures and grants by the real program, as whoever ships their first policy meets them: each
//! refusal says what is missing and who can give it, and what it says works as it is printed.

use serde_json::json;

use super::people::{Key, Person, Site, printed};
use crate::releases::commands::holds;
use crate::support::{eventually, guest};
use crate::swap::components::with_manifest;

#[tokio::test]
async fn a_first_policy_is_signed_granted_and_deployed_by_doing_what_the_refusals_say() {
    let of_olga = Key::of("olga").await;
    let site = Site::open(&[&of_olga], &[]).await;
    let (ann, olga) = (site.person("ann", "deploy").await, site.person("olga", "operate").await);
    ann.serves("login/1").await;
    let file = ann.file("writes.wasm", guest("writes_then_accepts"));
    let checked = ann.told(0, &["check", &file]).await;
    holds(&checked, &["asks for", "interface:storage", "event:seen", "claim:tier"]);

    // She knows of neither signatures nor grants.
    let pushed = ann.told(0, &["push", "login", &file, "-m", "my first"]).await;
    holds(&pushed, &["release login/2 ", "login/2 is kept, and cannot be deployed yet"]);
    holds(&pushed, &["signature", "auth-host policy sign login/2 --key", "event:seen"]);
    holds(&pushed, &["role operate grants it with", "then: auth-host policy deploy login/2"]);
    let refused = ann.document(1, &["deploy", "login/2"]).await;
    assert_eq!(refused["code"], "untrusted", "{refused}");
    let refused = ann.told(1, &["deploy", "login/2"]).await;
    holds(&refused, &["signature", "auth-host policy sign login/2 --key"]);

    let key = Key::of("ann").await;
    ann.told(0, &["sign", &file, "--key", &key.file]).await;
    let pushed = ann.told(0, &["push", "login", &file, "-m", "signed"]).await;
    holds(&pushed, &["release login/3 ", "SHA256:", "cannot be deployed yet"]);
    let refused = ann.told(1, &["deploy", "login/3"]).await;
    holds(&refused, &["nobody here knows", "SHA256:", "POLICY_TRUSTED_KEYS"]);

    // The operator takes her key among the trusted ones; no restart.
    site.trust(&[of_olga.line, key.line]);
    let refused = eventually("a key that is trusted", async || {
        let refused = ann.told(1, &["deploy", "login/3"]).await;
        refused.contains("not_granted").then_some(refused)
    })
    .await;
    holds(&refused, &["interface:storage", "event:seen", "claim:tier"]);
    let grant = printed(&refused, "auth-host policy grant login ");
    let by_ann = ann.types(&grant).await;
    assert_eq!(by_ann.code, Some(2), "{}", by_ann.errors);
    holds(&by_ann.errors, &["needs a token of the role operate", "--role operate"]);
    let by_olga = olga.types(&grant).await;
    assert_eq!(by_olga.code, Some(0), "{grant}: {}{}", by_olga.text, by_olga.errors);
    holds(&by_olga.text, &["interface:storage", "event:seen", "claim:tier"]);

    let deployed = ann.told(0, &["deploy", "login/3"]).await;
    holds(&deployed, &["login/3 serves"]);
    let shown = ann.told(0, &["show", "login/3"]).await;
    holds(&shown, &["signed by ann (1 wanted)", "ann (SHA256:", ": good; added ", "event:seen"]);
    assert!(!shown.contains("cannot be deployed"), "{shown}");
    let grants = ann.document(0, &["grants", "login"]).await;
    assert_eq!(grants["missing"], json!([]), "{grants}");
    let history = ann.told(0, &["history", "login"]).await;
    holds(&history, &["granted", "+ interface:storage", "olga"]);
    site.close().await;
}

/// The file of a policy, with a signature beside it.
async fn signed(person: &Person, name: &str, bytes: &[u8], key: &Key) -> String {
    let file = person.file(name, bytes);
    person.told(0, &["sign", &file, "--key", &key.file]).await;
    file
}

#[tokio::test]
async fn two_people_sign_one_before_and_one_after_it_is_pushed() {
    let (first, second) = (Key::of("ann").await, Key::of("bob").await);
    let site = Site::open(&[&first, &second], &[("POLICY_SIGNATURES", "login=2")]).await;
    let (ann, bob) = (site.person("ann", "deploy").await, site.person("bob", "deploy").await);
    ann.serves("login/1").await;
    let built = with_manifest(|manifest| manifest["version"] = "1.0.0".into());
    let file = signed(&ann, "login.wasm", &built, &first).await;
    let pushed = ann.told(0, &["push", "login", &file, "-m", "stricter"]).await;
    holds(&pushed, &["login/2", "2", "ann", "auth-host policy sign login/2 --key"]);
    // One key is one key, however often it signs.
    let again = ann.told(0, &["sign", "login/2", "--key", &first.file]).await;
    holds(&again, &["login/2 is signed", "NOT TRUSTED: signed by ann (2 wanted)"]);
    holds(&ann.told(1, &["deploy", "login/2"]).await, &["untrusted", "2", "ann"]);
    let told = bob.told(0, &["sign", "login/2", "--key", &second.file]).await;
    holds(&told, &["signing default-login 1.0.0 for login, SHA-256 ", "(2 wanted)"]);
    holds(&told, &["next: auth-host policy deploy login/2"]);
    holds(&ann.told(0, &["deploy", "login/2"]).await, &["login/2 serves"]);

    // Bob's key is lost: what serves goes on, and everybody sees it.
    let withdrawn = second.line.replace("bob ", "bob withdrawn ");
    site.trust(&[first.line.clone(), withdrawn]);
    let status = eventually("what serves is not trusted", async || {
        let status = ann.told(0, &["status"]).await;
        status.contains("NOT TRUSTED").then_some(status)
    })
    .await;
    holds(&status, &["login/2", "withdrawn", "bob"]);
    assert_eq!(ann.serving().await, "login/2");
    site.close().await;
}

#[tokio::test]
async fn signatures_that_are_not_of_what_is_pushed_are_told_before_anything_is_kept() {
    let key = Key::of("ann").await;
    let site = Site::open(&[&key], &[]).await;
    let ann = site.person("ann", "deploy").await;
    ann.serves("login/1").await;
    let built = with_manifest(|manifest| manifest["version"] = "1.0.0".into());
    let file = signed(&ann, "login.wasm", &built, &key).await;
    let line = std::fs::read_to_string(format!("{file}.sig")).unwrap();
    let push = ["push", "login", &file, "-m", "x"];

    ann.file("login.wasm.sig", &line[..line.len() / 2]);
    holds(&ann.told(1, &push).await, &["login.wasm.sig", "line 1", "Nothing was pushed"]);
    ann.file("login.wasm.sig", [0xff, 0xfe]);
    holds(&ann.told(1, &push).await, &["login.wasm.sig", "no text"]);
    // Built anew since.
    ann.file("login.wasm.sig", &line);
    ann.file("login.wasm", with_manifest(|manifest| manifest["version"] = "1.0.1".into()));
    let told = ann.told(1, &push).await;
    holds(&told, &["login.wasm.sig", "1.0.0", "built or packed anew", "policy sign FILE"]);
    // Its statement is changed: the key did not sign that.
    ann.file("login.wasm", &built);
    ann.file("login.wasm.sig", line.replace("1.0.0", "2.0.0"));
    let told = ann.told(1, &push).await;
    holds(&told, &["signature"]);
    ann.file("login.wasm.sig", line.replace("\"login\"", "\"refresh\""));
    let told = ann.told(1, &push).await;
    holds(&told, &["refresh"]);
    let status = ann.document(1, &["show", "login/2"]).await;
    assert_eq!(status["code"], "no_release", "{status}");

    // In a file of another name, it has to be said.
    std::fs::remove_file(format!("{file}.sig")).unwrap();
    let other = ann.file("of-ann.sig", &line);
    let told = ann.told(0, &["push", "login", &file, "--signatures", &other, "-m", "x"]).await;
    holds(&told, &["signed by ann (1 wanted)", "next: auth-host policy deploy login/2"]);
    let no_key = ann.file("no-key", "hello");
    holds(&ann.told(1, &["sign", "login/2", "--key", &no_key]).await, &["no-key is not taken"]);
    site.close().await;
}

#[tokio::test]
async fn a_grant_that_cannot_be_given_says_why() {
    let site = Site::open(&[], &[]).await;
    let olga = site.person("olga", "operate").await;
    olga.serves("login/1").await;
    let before = olga.document(0, &["grants", "login"]).await["granted"].clone();
    for (code, words, told) in [
        (1, &["grant", "logout", "interface:storage"][..], &["logout", "login"][..]),
        (1, &["grants", "logout"], &["logout"]),
        (1, &["grant", "login", "interface:database"], &["interface:database", "storage"]),
        (1, &["grant", "login", "everything"], &["everything"]),
        (1, &["grant", "login", "memory:64GiB"], &["memory"]),
        (1, &["grant", "login", "--remove", "event:never"], &["event:never"]),
        (1, &["grant", "login", "--release", "99"], &["login/99"]),
        (2, &["grant", "login", "--release", "refresh/1"], &["refresh"]),
        (2, &["grant", "login", "http:GET", "https://a.example"], &["quotes"]),
        (2, &["grant", "login"], &["<ITEM>"]),
    ] {
        holds(&olga.told(code, words).await, told);
    }
    let after = olga.document(0, &["grants", "login"]).await["granted"].clone();
    assert_eq!(after, before);
    let looks = site.person("lea", "look").await;
    holds(&looks.told(0, &["grants", "login"]).await, &["always", "granted", "asked"]);
    site.close().await;
}

#[tokio::test]
async fn what_is_granted_and_not_used_is_shown_and_taken_away_without_touching_what_serves() {
    let site = Site::open(&[], &[("POLICY_UNSIGNED", "directory,push")]).await;
    let (ann, olga) = (site.person("ann", "deploy").await, site.person("olga", "operate").await);
    ann.serves("login/1").await;
    let http = "http:GET,POST https://risk.internal:8443 private";
    let told = olga.told(0, &["grant", "login", http, "event:seen", "-m", "for the trial"]).await;
    holds(&told, &["not used", http, "event:seen"]);
    let file = ann.file("writes.wasm", guest("writes_then_accepts"));
    let against = site.url();
    let checked = ann.told(0, &["check", &file, "--against", &against]).await;
    holds(&checked, &["would be admitted", "MISSING", "claim:tier"]);
    assert!(!checked.contains("MISSING    event:seen"), "{checked}");
    let grant = printed(&checked, "auth-host policy grant login ");
    let by_olga = olga.types(&grant).await;
    assert_eq!(by_olga.code, Some(0), "{grant}: {}{}", by_olga.text, by_olga.errors);
    let checked = ann.document(0, &["check", &file, "--against", &against]).await;
    assert_eq!(checked["against"]["missing"], json!([]), "{checked}");
    ann.told(0, &["push", "login", &file, "-m", "x"]).await;
    holds(&ann.told(0, &["deploy", "login/2"]).await, &["login/2 serves"]);

    let told = olga.told(0, &["grant", "login", "--remove", "event:seen", http]).await;
    holds(&told, &["MISSING    event:seen", "What serves goes on", "grant login event:seen"]);
    assert!(!told.contains("risk.internal"), "{told}");
    assert_eq!(ann.serving().await, "login/2");
    ann.told(0, &["rollback", "login", "-m", "back"]).await;
    let refused = ann.told(1, &["deploy", "login/2"]).await;
    holds(&refused, &["not_granted", "event:seen", "auth-host policy grant login event:seen"]);
    olga.told(0, &["grant", "login", "--release", "login/2"]).await;
    holds(&ann.told(0, &["deploy", "login/2"]).await, &["login/2 serves"]);
    let history = ann.told(0, &["history", "login"]).await;
    holds(&history, &["- event:seen", "for the trial"]);
    site.close().await;
}

#[tokio::test]
async fn signatures_travel_with_a_release_to_the_next_environment() {
    let key = Key::of("ann").await;
    let [staging, production] = [Site::open(&[&key], &[]).await, Site::open(&[&key], &[]).await];
    let ann = staging.person("ann", "deploy").await;
    let next = production.person("ann", "deploy").await;
    ann.serves("login/1").await;
    next.serves("login/1").await;
    let built = with_manifest(|manifest| manifest["version"] = "1.0.0".into());
    let file = signed(&ann, "login.wasm", &built, &key).await;
    ann.told(0, &["push", "login", &file, "-m", "stricter"]).await;
    let exported = ann.path("login-2.release").to_str().unwrap().to_owned();
    ann.told(0, &["export", "login/2", "-o", &exported]).await;
    let told = next.told(0, &["import", &exported]).await;
    holds(&told, &["release login/2 ", "signed by ann (1 wanted)", "policy deploy login/2"]);
    holds(&next.told(0, &["deploy", "login/2"]).await, &["login/2 serves"]);
    staging.close().await;
    production.close().await;
}

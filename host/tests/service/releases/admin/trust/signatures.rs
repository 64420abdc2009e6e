//! Who signed a component: what is kept, what counts, and what is not deployed without.

use auth_host::contract::Slot;
use auth_host::signatures::{PrivateKey, Signature, Statement};
use auth_host::store::registry::Role;
use serde_json::{Value, json};

use super::{barred, deployed, line, login, named};
use crate::releases::trust::keys::{Keys, statement};
use crate::support::{Admin, Answer, eventually, hex, lines_with, mark};
use crate::swap::components::with_manifest;

fn component(version: &str) -> Vec<u8> {
    with_manifest(|manifest| manifest["version"] = version.into())
}

async fn pushed(admin: &Admin<'_>, component: &[u8]) -> String {
    named(&admin.push(Slot::Login, component, &json!({})).await)
}

fn number(release: &str) -> i64 {
    release.split_once('/').unwrap().1.parse().unwrap()
}

async fn bring(admin: &Admin<'_>, component: &[u8], lines: &[String]) -> Answer {
    let path = format!("/v1/components/{}/signatures", hex(component));
    admin.ask("POST", &path, &json!({ "signatures": lines })).await
}

async fn sign(admin: &Admin<'_>, component: &[u8], key: &PrivateKey) -> Value {
    let signature = key.sign(&statement(component));
    let answer = bring(admin, component, &[signature.line()]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_release_is_deployed_once_as_many_different_trusted_keys_as_are_needed_signed_it() {
    let keys = Keys::new();
    let service = keys.guard().setting("POLICY_SIGNATURES", "login=2").start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let component = component("1.1.0");
    let pushed = ann.push(Slot::Login, &component, &json!({})).await;
    let release = named(&pushed);
    let trust = &pushed.json()["trust"];
    assert_eq!((&trust["trusted"], &trust["needed"]), (&json!(false), &json!(2)), "{trust}");
    let reasons = barred(&ann.deploy(&release).await, 403, "untrusted");
    let text = reasons[0]["text"].as_str().unwrap();
    for part in [&*release, "2 signatures", "policy sign"] {
        assert!(text.contains(part), "{text}");
    }
    // One key twice is one.
    for _ in 0..2 {
        let told = sign(&ann, &component, &keys.ann).await;
        assert_eq!(told["signatures"].as_array().unwrap().len(), 1, "{told}");
        assert_eq!(told["trust"]["signed_by"], json!(["ann"]), "{told}");
    }
    let stranger = PrivateKey::generate();
    let told = sign(&ann, &component, &stranger).await;
    let of_stranger = told["signatures"].as_array().unwrap().iter();
    let fingerprint = stranger.public().fingerprint();
    let of_stranger = of_stranger.clone().find(|it| it["key"] == fingerprint).unwrap();
    assert_eq!((&of_stranger["state"], &of_stranger["name"]), (&json!("unknown"), &Value::Null));
    let refused = ann.deploy(&release).await;
    barred(&refused, 403, "untrusted");
    assert!(refused.text().contains(&fingerprint), "{}", refused.text());
    let told = sign(&ann, &component, &keys.bob).await;
    assert_eq!(told["trust"]["trusted"], true, "{told}");
    deployed(&ann, &release).await;
    let shown = ann.get(&format!("/v1/releases/{release}")).await.json();
    assert_eq!(shown["trust"]["reasons"], json!([]), "{shown}");
    let signed = line(&ann, "signed").await;
    assert_eq!(signed["who"], "ann", "{signed}");
    assert_eq!(login(&ann).await["untrusted"], json!([]));
    service.stop().await;
}

#[tokio::test]
async fn a_signature_that_does_not_hold_for_its_component_is_not_kept_and_is_told_by_its_number() {
    let keys = Keys::new();
    let service = keys.guard().start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let (one, other) = (component("1.1.0"), component("1.2.0"));
    pushed(&ann, &one).await;
    let good = keys.ann.sign(&statement(&one));
    let of_other = keys.ann.sign(&statement(&other));
    let place = Statement { place: "register".to_owned(), ..statement(&one) };
    let mut forged = good.clone();
    forged.signature[7] ^= 1;
    let taken = Signature { key: keys.bob.public(), ..good.clone() };
    let cut: String = good.line().chars().take(90).collect();
    let wrong = [
        of_other.line(),
        keys.ann.sign(&place).line(),
        forged.line(),
        taken.line(),
        cut,
        "nonsense".to_owned(),
    ];
    for line in wrong {
        let answer = bring(&ann, &one, &[good.line(), line.clone()]).await;
        let reasons = barred(&answer, 422, "bad_signature");
        assert_eq!(reasons.len(), 1, "{line}: {reasons:?}");
        let text = reasons[0]["text"].as_str().unwrap();
        assert!(text.starts_with("signatures[1]: "), "{text}");
    }
    // Nothing of it was kept, not even the good one beside.
    let path = format!("/v1/components/{}/signatures", hex(&one));
    assert_eq!(ann.get(&path).await.json()["signatures"], json!([]));
    bring(&ann, &one, &[]).await.refused(400, "malformed_value");
    bring(&ann, &one, &vec![good.line(); 17]).await.refused(400, "malformed_value");
    bring(&ann, &other, &[of_other.line()]).await.refused(404, "no_component");
    let look = service.admin("leo", Role::Look).await;
    bring(&look, &one, &[good.line()]).await.refused(403, "wrong_role");
    service.stop().await;
}

#[tokio::test]
async fn what_serves_goes_on_when_its_key_is_withdrawn_and_nothing_of_it_is_deployed_anew() {
    let keys = Keys::new();
    let service = keys.guard().start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let mut releases = Vec::new();
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        let component = component(version);
        releases.push(pushed(&ann, &component).await);
        sign(&ann, &component, &keys.ann).await;
    }
    deployed(&ann, &releases[0]).await;
    deployed(&ann, &releases[1]).await;
    let begin_of_log = mark();
    keys.say("withdrawn", "");
    let untrusted = [("place", "login")];
    eventually("that what serves is told of", async || {
        (service.count("auth_policy_untrusted", &untrusted).await == 1).then_some(())
    })
    .await;
    let told = login(&ann).await["untrusted"].clone();
    assert!(told.to_string().contains("withdrawn"), "{told}");
    let lines = lines_with(begin_of_log, "would not be deployed anew");
    assert_eq!(lines.iter().filter(|line| line["place"] == "login").count(), 1, "{lines:?}");
    let (person, _) = service.newcomer("leo").await;
    service.login(&person).await.tokens();
    let refused = ann.deploy(&releases[2]).await;
    barred(&refused, 403, "untrusted");
    assert!(refused.text().contains("withdrawn"), "{}", refused.text());

    // It comes back after a restart, and so does the way back.
    let service = service.stop_and_keep().await.start().await;
    let ann = service.admin("ann2", Role::Deploy).await;
    assert_eq!(login(&ann).await["active"], releases[1]);
    service.login(&person).await.tokens();
    let back = ann.ask("POST", "/v1/places/login/rollback", &json!({})).await;
    assert_eq!(back.status, 200, "{}", back.text());
    let back = back.json();
    assert_eq!(back["to"], releases[0], "{back}");
    assert!(back["untrusted"].to_string().contains("withdrawn"), "{back}");

    // By its number, only the operator goes to what nobody trusts any more.
    let forth = json!({ "to": number(&releases[1]) });
    let refused = ann.ask("POST", "/v1/places/login/rollback", &forth).await;
    barred(&refused, 403, "untrusted");
    for part in ["withdrawn", "the role operate"] {
        assert!(refused.text().contains(part), "{}", refused.text());
    }
    assert_eq!(login(&ann).await["active"], releases[0]);
    let olga = service.admin("olga", Role::Operate).await;
    let forth = olga.ask("POST", "/v1/places/login/rollback", &forth).await;
    assert_eq!(forth.status, 200, "{}", forth.text());
    assert!(forth.json()["untrusted"].to_string().contains("withdrawn"), "{}", forth.text());
    let back = json!({ "to": number(&releases[0]) });
    let back = olga.ask("POST", "/v1/places/login/rollback", &back).await;
    assert_eq!(back.json()["to"], releases[0], "{}", back.text());

    // Somebody else's signature mends it.
    sign(&ann, &component("1.1.0"), &keys.bob).await;
    eventually("that what serves is trusted again", async || {
        (service.count("auth_policy_untrusted", &untrusted).await == 0).then_some(())
    })
    .await;
    assert_eq!(login(&ann).await["untrusted"], json!([]));
    service.stop().await;
}

#[tokio::test]
async fn a_key_counts_for_its_places_and_until_its_time_ends_only() {
    let keys = Keys::new();
    let service = keys.guard().start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let component = component("1.1.0");
    let release = pushed(&ann, &component).await;
    sign(&ann, &component, &keys.ann).await;
    for (words, told) in [("places=register,refresh", "place"), ("until=2020-01-31", "2020-01-31")]
    {
        keys.say(words, "");
        let refused = eventually("a refusal", async || {
            let answer = ann.get(&format!("/v1/releases/{release}")).await.json();
            let trust = answer["trust"].clone();
            (trust["trusted"] == false && trust.to_string().contains(told)).then_some(trust)
        })
        .await;
        assert_eq!(refused["signed_by"], json!([]), "{refused}");
        let answer = ann.deploy(&release).await;
        barred(&answer, 403, "untrusted");
        assert!(answer.text().contains(told), "{}", answer.text());
    }
    keys.say("places=login", "");
    eventually("its trust", async || {
        let answer = ann.get(&format!("/v1/releases/{release}")).await.json();
        (answer["trust"]["trusted"] == true).then_some(())
    })
    .await;
    deployed(&ann, &release).await;
    service.stop().await;
}

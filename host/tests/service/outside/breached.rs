//! The example `examples/breached-password`: registrations that ask a service of breached
//! passwords.

use auth_host::contract::Slot;
use auth_host::store::registry::Role;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};

use super::{Authority, Dns, Manner, Outside};
use crate::support::{
    Answer, Person, TestService, TestServiceBuilder, eventually, guest, lines_with, secret_text,
};
use crate::swap::components::asking;

/// Long enough to be searched for; it occurs nowhere else.
const KEY: &str = "api-key-81c02b5d9f";

/// The hash of a password in its two parts: what a service is told, and what it must not learn.
fn parts(password: &str) -> (String, String) {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let mut told = auth_host::hex::encode(hash.as_ref()).to_uppercase();
    let rest = told.split_off(5);
    (told, rest)
}

/// It answers for this password, with other lines around the password's own, if there is one.
fn knows(service: &Outside, password: &str, times: Option<u32>) {
    let (told, rest) = parts(password);
    let own = times.map(|times| format!("{rest}:{times}\r\n")).unwrap_or_default();
    let (first, last) = ("0".repeat(35), "F".repeat(35));
    let lines = format!("{first}:0\r\n{own}{last}:12\r\n");
    service.at_path(&format!("/range/{told}"), Manner::answers(200, lines));
}

/// The example, which may ask there.
fn component(origin: &str) -> Vec<u8> {
    let asks = json!({ "http": [format!("GET {origin} private")], "secrets": ["breach_key"] });
    asking(&guest("breached-password"), asks)
}

fn asking_there(origin: &str, mut settings: Value) -> Value {
    settings["service"] = json!(format!("{origin}/range/"));
    settings
}

/// Registrations that ask the service at this origin.
fn registrations(origin: &str, settings: Value) -> TestServiceBuilder {
    TestService::with()
        .component(Slot::Register, &component(origin))
        .policy_settings(Slot::Register, &asking_there(origin, settings))
        .setting("POLICY_SECRET_register_breach_key", KEY)
}

async fn register(service: &TestService, name: &str, password: &str) -> Answer {
    service.register(&Person::new(name).form_with("password", Some(json!(password)))).await
}

async fn checks(service: &TestService, outcome: &str) -> u64 {
    let labels = [("outcome", outcome)];
    service.count("auth_policy_register_breach_checks_total", &labels).await
}

#[tokio::test]
async fn a_known_password_is_refused_and_the_service_learns_five_digits_of_its_hash() {
    let (dns, authority) = (Dns::start().await, Authority::new());
    let outside = Outside::with_tls(authority.server(&["breaches.test"])).await;
    dns.name("breaches.test", &["127.0.0.1"]);
    let service = registrations(&outside.named("breaches.test"), json!({ "breaches-allowed": 2 }))
        .setting("POLICY_HTTP_DNS", &dns.address().to_string())
        .setting("POLICY_HTTP_ROOTS", authority.file().to_str().unwrap())
        .start()
        .await;
    service.remember(KEY);
    let [often, rarely, never] = [(); 3].map(|()| secret_text());
    for (password, times) in [(&often, Some(3)), (&rarely, Some(2)), (&never, None)] {
        knows(&outside, password, times);
    }
    let answer = register(&service, "leo", &often).await;
    let fields = answer.refused(400, "invalid_request").fields();
    assert_eq!(fields, [("password".to_owned(), "breached".to_owned())]);
    register(&service, "leo", &rarely).await.tokens();
    register(&service, "ann", &never).await.tokens();
    assert_eq!((checks(&service, "known").await, checks(&service, "unknown").await), (1, 2));

    let asked = outside.asked();
    assert_eq!(asked.len(), 3);
    for (asked, password) in asked.iter().zip([&often, &rarely, &never]) {
        let (told, rest) = parts(password);
        assert_eq!((asked.method.as_str(), &asked.target), ("GET", &format!("/range/{told}")));
        assert_eq!(asked.header("x-api-key"), Some(KEY));
        assert_eq!(asked.header("add-padding"), Some("true"));
        let all = format!("{asked:?}").to_uppercase();
        assert!(!all.contains(&rest) && !all.contains(&password.to_uppercase()), "{asked:?}");
        assert!(!all.contains("@EXAMPLE.COM"), "{asked:?}");
        assert!(
            lines_with(service.log_mark(), &format!("range/{told}")).is_empty(),
            "the log holds the digits"
        );
    }
    service.stop().await;
}

#[tokio::test]
async fn without_an_answer_registrations_go_as_the_operator_wishes() {
    let manners = || {
        [
            ("failing", Manner::answers(500, "no")),
            ("limiting", Manner::answers(429, "later")),
            ("blocking", Manner::answers(200, "<html>blocked</html>")),
            ("empty", Manner::answers(200, "")),
            ("away", Manner::HangsUp),
            ("slow", Manner::NeverAnswers),
        ]
    };
    for wish in ["open", "closed"] {
        let outside = Outside::start().await;
        let settings = json!({ "if-unavailable": wish, "timeout-milliseconds": 300 });
        let service = registrations(&outside.origin(), settings).start().await;
        for (number, (name, manner)) in (1..).zip(manners()) {
            let password = secret_text();
            outside.at_path(&format!("/range/{}", parts(&password).0), manner);
            let answer = register(&service, name, &password).await;
            if wish == "open" {
                answer.tokens();
            } else {
                answer.refused(503, "unavailable");
            }
            assert_eq!(checks(&service, "unavailable").await, number, "{name}");
        }
        assert_eq!(service.count("auth_policy_faults_total", &[]).await, 0);
        // An answer is an answer again.
        let password = secret_text();
        knows(&outside, &password, Some(1));
        register(&service, "known", &password).await.refused(400, "invalid_request");
        service.stop().await;
    }
}

#[tokio::test]
async fn who_has_an_account_already_is_asked_about_like_anybody_else() {
    let outside = Outside::start().await;
    let service = registrations(&outside.origin(), json!({ "key-header": "" })).start().await;
    let [good, bad] = [(); 2].map(|()| secret_text());
    knows(&outside, &good, None);
    knows(&outside, &bad, Some(7));
    register(&service, "leo", &good).await.tokens();
    for (name, status) in [("leo", 409), ("ann", 200)] {
        let before = outside.asked().len();
        register(&service, name, &bad).await.refused(400, "invalid_request");
        assert_eq!(register(&service, name, &good).await.status, status);
        assert_eq!(outside.asked().len(), before + 2, "{name}");
    }
    assert!(outside.asked().iter().all(|asked| asked.header("x-api-key").is_none()));
    service.stop().await;
}

#[tokio::test]
async fn a_password_that_is_too_short_and_an_attempt_too_many_are_not_asked_about() {
    let outside = Outside::start().await;
    let settings = json!({ "attempts-per-email": 1 });
    let service = registrations(&outside.origin(), settings).start().await;
    let fields = register(&service, "leo", "short").await.refused(400, "invalid_request").fields();
    assert_eq!(fields, [("password".to_owned(), "too_short".to_owned())]);
    register(&service, "leo", &secret_text()).await.refused(429, "throttled");
    assert_eq!(outside.accepted(), 0);
    service.stop().await;
}

#[tokio::test]
async fn a_shadow_knows_the_secret_and_the_digits_and_is_told_what_the_registration_was_told() {
    let outside = Outside::start().await;
    let origin = outside.origin();
    let service = registrations(&origin, json!({})).start().await;
    let ann = service.admin("ann", Role::Deploy).await;
    let settings = asking_there(&origin, json!({ "breaches-allowed": 5 }));
    let pushed = ann.push(Slot::Register, &component(&origin), &settings).await;
    let rollout = json!({ "mode": "shadow" });
    let body =
        json!({ "release": pushed.json()["release"], "message": "a test", "rollout": rollout });
    let begun = ann.ask("POST", "/v1/deployments", &body).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    eventually("a replica that takes part", async || {
        let status = ann.get("/v1/status").await.json();
        let mut places = status["places"].as_array().unwrap().iter();
        let place = places.find(|place| place["place"] == "register").unwrap();
        (place["candidate"]["replicas"] == 1).then_some(())
    })
    .await;
    let [known, unknown] = [(); 2].map(|()| secret_text());
    knows(&outside, &known, Some(3));
    knows(&outside, &unknown, None);
    register(&service, "leo", &known).await.refused(400, "invalid_request");
    register(&service, "ann", &unknown).await.tokens();
    let told = eventually("two calls compared", async || {
        let told = ann.get("/v1/places/register/rollout").await.json();
        (told["same"] == 1 && told["differ"] == 1).then_some(told)
    })
    .await;
    assert_eq!(told["kinds"][0]["kind"], "invalid_request \u{2192} accepted", "{told}");
    let shown = told.to_string();
    assert!(!shown.contains(KEY) && !shown.contains(&parts(&known).0), "{told}");
    assert_eq!(outside.asked().len(), 2, "a shadow sent something");
    service.stop().await;
}

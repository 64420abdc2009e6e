//! From a file to what serves, and back.

use auth_host::contract::Slot;
use serde_json::json;

use super::{REPLICAS, Story};
use crate::support::{Person, policy, slow_to_compile};

pub(super) async fn a_policy_is_pushed_and_deployed_and_taken_back_with_its_settings(
    story: &Story,
) {
    story.chapter("push, deploy, rollback");
    let (operator, balancer) = (&story.operator, &story.fleet.balancer);
    let strict = json!({ "attempts-per-account": 3, "window-seconds": 86_400 }).to_string();
    let (file, settings) =
        (operator.file("login.wasm", policy(Slot::Login)), operator.file("strict.json", strict));
    let words = ["push", "login", &file, "--settings", &settings, "-m", "three guesses"];
    let text = operator.done(&words).await;
    assert!(text.contains("login/2") && text.contains("by ann"), "{text}");
    story.all_serve("login", 1).await;

    let text = operator.done(&["deploy", "login/2"]).await;
    for name in REPLICAS {
        assert!(text.contains(&format!("{name} ready")), "{text}");
    }
    story.all_serve("login", 2).await;
    let victim = Person::new("victim");
    balancer.post("a1", "register", &victim.form()).await.tokens();
    let right = json!({ "email": victim.email, "password": victim.password });
    let wrong = json!({ "email": victim.email, "password": "a wrong guess" });
    for name in REPLICAS {
        balancer.post(name, "login", &wrong).await.refused(401, "invalid_credentials");
    }
    for name in REPLICAS {
        balancer.post(name, "login", &right).await.refused(429, "throttled");
    }

    let text = operator.done(&["rollback", "login", "-m", "support calls"]).await;
    assert!(text.contains("login/2 → login/1") && text.contains("3 replicas"), "{text}");
    story.all_serve("login", 1).await;
    // The settings are those of login/1, which allows more guesses; what was counted stays.
    balancer.post("a2", "login", &right).await.tokens();
    let line = operator.line("login", "rolled_back").await;
    assert_eq!(line["message"], "support calls");
    assert_eq!((&line["from"], &line["to"]), (&json!("login/2"), &json!("login/1")));
    assert_eq!(line["who"], "ann");
}

pub(super) async fn one_refusal_activates_nothing(story: &Story) {
    story.chapter("a refusal on one replica");
    let operator = &story.operator;
    let heavy = slow_to_compile(&policy(Slot::Login), 2);
    let file = operator.file("heavy.wasm", heavy);
    operator.done(&["push", "login", &file, "-m", "heavy"]).await;
    let before = operator.place("login").await;
    let printed = operator.policy(&["deploy", "login/3"]).await;
    assert_eq!(printed.code, Some(1), "{}\n{}", printed.text, printed.errors);
    // It ends it: nobody waits for those that still compile.
    for part in ["a3 REFUSED", "nothing was activated", "POLICY_ADMISSION_MEMORY_MIB"] {
        assert!(printed.text.contains(part), "{part} is missing: {}", printed.text);
    }
    let after = operator.place("login").await;
    assert_eq!((&after["active"], &after["revision"]), (&json!("login/1"), &before["revision"]));
    let line = operator.line("login", "deploy_refused").await;
    assert_eq!(line["to"], "login/3", "{line}");
    story.all_serve("login", 1).await;
}

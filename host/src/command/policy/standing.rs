//! How a release stands: whose signatures it has, and what it asks for that is not granted. Whoever
//! brings one is told at once what would be refused later, and who can mend it.

use super::client::Client;
use super::names::ReleaseName;
use super::problem::{NOT_LET_IN, Problem, reasons};
use super::{items, releases};
use crate::administration::views::{ReasonView, ReleaseView, SignatureView, TrustView};
use crate::command::output::{plain, seconds};

/// What keeps a release from being deployed, each with what to do about it.
fn lacks(release: &ReleaseView) -> Vec<ReasonView> {
    let reason = |text: String, remedy: &str| ReasonView {
        text,
        remedy: remedy.to_owned(),
        of_settings: false,
    };
    let trust = release.trust.iter().flat_map(|trust| &trust.reasons);
    let mut reasons: Vec<ReasonView> = trust.map(|text| reason(text.clone(), "")).collect();
    let command = items::command(&release.place, Some(release.number), &release.missing);
    let remedy = format!("Whoever has a token of the role operate grants it with:\n{command}");
    let missing = release.missing.iter();
    reasons.extend(
        missing.map(|item| reason(format!("{} is not granted {item}", release.place), &remedy)),
    );
    reasons
}

/// Whether nothing keeps it from being deployed.
pub(super) fn is_let_in(release: &ReleaseView) -> bool {
    lacks(release).is_empty()
}

/// What to do next with one that was brought: deploy it, or first what that needs.
pub(super) fn next(release: &ReleaseView) -> String {
    let name = plain(&release.release);
    let deploy = format!("auth-host policy deploy {name}");
    if is_let_in(release) {
        return format!("next: {deploy}");
    }
    let lacks = reasons(&lacks(release));
    format!("{name} is kept, and cannot be deployed yet:{lacks}\nthen: {deploy}")
}

/// Why a release was not let in, in the same words; every other problem as it is.
pub(super) async fn explained(
    client: &Client,
    name: &ReleaseName,
    error: anyhow::Error,
) -> anyhow::Error {
    let problem = match error.downcast::<Problem>() {
        Ok(problem) => problem,
        Err(error) => return error,
    };
    if !NOT_LET_IN.contains(&problem.code.as_str()) {
        return problem.into();
    }
    // Of a moment later: what was granted meanwhile lets it in the next time.
    let release = releases::named(client, name).await.ok().filter(|found| !is_let_in(found));
    let Some(release) = release else { return problem.into() };
    let text = format!("{name} is not let in");
    Problem { text, reasons: lacks(&release), ..problem }.into()
}

/// What signatures come to.
pub(super) fn trust(trust: &TrustView) -> String {
    let by: Vec<String> = trust.signed_by.iter().map(|name| plain(name)).collect();
    let by = if by.is_empty() { "nobody who counts".to_owned() } else { by.join(", ") };
    match (trust.trusted, trust.needed) {
        (true, 0) => format!("signed by {by}; signatures are not wanted here"),
        (true, needed) => format!("signed by {by} ({needed} wanted)"),
        (false, needed) => format!("NOT TRUSTED: signed by {by} ({needed} wanted)"),
    }
}

/// A signature, and how its key stands.
pub(super) fn signature(signature: &SignatureView) -> String {
    let key = plain(&signature.key);
    let who = match &signature.name {
        Some(name) => format!("{} ({key})", plain(name)),
        None => key,
    };
    let state = match signature.state.as_str() {
        "good" => "good",
        "unknown" => "of a key that is not trusted here",
        "ended" => "of a key whose time is over",
        "withdrawn" => "of a key that was withdrawn",
        "other_place" => "of a key that is trusted for other places",
        "wrong" => "not made by this key, or for something else",
        other => &plain(other),
    };
    let (at, by) = (seconds(&signature.added_at), plain(&signature.added_by));
    format!("{who}: {state}; added {at} by {by}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn release(missing: &[&str], trust: &Value) -> ReleaseView {
        let release = json!({
            "release": "login/42", "place": "login", "number": 42, "components": [],
            "settings": {}, "settings_digest": "", "grants": {}, "source": "push",
            "author": "ann", "message": "", "report": {}, "created_at": "",
            "first_active_at": null, "active": false, "asks": missing, "missing": missing,
            "trust": trust,
        });
        serde_json::from_value(release).unwrap()
    }

    #[test]
    fn what_is_missing_is_told_with_who_can_give_it() {
        let good = json!({ "trusted": true, "needed": 1, "signed_by": ["ann"], "reasons": [] });
        assert_eq!(next(&release(&[], &good)), "next: auth-host policy deploy login/42");
        assert_eq!(next(&release(&[], &Value::Null)), "next: auth-host policy deploy login/42");
        let bad = json!({ "trusted": false, "needed": 2, "signed_by": ["ann"],
                          "reasons": ["login/42 has 1 of 2\u{1b}[2J signatures"] });
        assert_eq!(
            next(&release(&["interface:storage", "event:seen"], &bad)),
            "login/42 is kept, and cannot be deployed yet:\
             \n  login/42 has 1 of 2\\u{1b}[2J signatures\
             \n  login is not granted interface:storage\n  login is not granted event:seen\
             \n    Whoever has a token of the role operate grants it with:\
             \n    auth-host policy grant login interface:storage event:seen\
             \nthen: auth-host policy deploy login/42"
        );
        // Of a later version: it asks for what this one cannot name.
        let told = next(&release(&["quantum:7"], &good));
        assert!(told.contains("auth-host policy grant login --release 42"), "{told}");
    }

    #[test]
    fn signatures_are_told_by_name_and_state() {
        let told = |view: Value| trust(&serde_json::from_value(view).unwrap());
        let view = json!({ "trusted": true, "needed": 0, "signed_by": [], "reasons": [] });
        assert_eq!(told(view), "signed by nobody who counts; signatures are not wanted here");
        let view = json!({ "trusted": true, "needed": 2, "signed_by": ["ann", "bob"],
                           "reasons": [] });
        assert_eq!(told(view), "signed by ann, bob (2 wanted)");
        let one = json!({ "key": "SHA256:abc", "name": "ann", "state": "withdrawn",
                          "added_at": "2026-11-26T22:00:00.123Z", "added_by": "ci", "line": "" });
        assert_eq!(
            signature(&serde_json::from_value(one).unwrap()),
            "ann (SHA256:abc): of a key that was withdrawn; added 2026-11-26T22:00:00Z by ci"
        );
    }
}

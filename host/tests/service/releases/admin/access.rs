//! Who is let in: tokens, their roles, their end, and wrong ones.

use std::time::Duration;

use auth_host::contract::Slot;
use auth_host::store::registry::Role;
use serde_json::json;

use crate::support::{Admin, Process, TestService, eventually, lines_with};

/// Asks what anybody with a token may ask.
async fn host(admin: &Admin<'_>) -> u16 {
    admin.get("/v1/host").await.status
}

#[tokio::test]
async fn each_role_may_do_what_it_says_and_is_told_what_it_lacks() {
    let service = TestService::start().await;
    let look = service.admin("looker", Role::Look).await;
    let deploy = service.admin("deployer", Role::Deploy).await;
    let operate = service.admin("operator", Role::Operate).await;
    for path in ["/v1/host", "/v1/status", "/v1/releases", "/v1/history"] {
        for admin in [&look, &deploy, &operate] {
            assert_eq!(admin.get(path).await.status, 200, "{path}");
        }
    }
    let digest = "0".repeat(64);
    for (method, path, role) in [
        ("PUT", format!("/v1/components/{digest}"), "deploy"),
        ("POST", "/v1/releases".to_owned(), "deploy"),
        ("POST", format!("/v1/components/{digest}/signatures"), "deploy"),
        ("POST", "/v1/deployments".to_owned(), "deploy"),
        ("DELETE", format!("/v1/deployments/{}", uuid::Uuid::nil()), "deploy"),
        ("POST", "/v1/places/login/rollback".to_owned(), "deploy"),
        ("POST", "/v1/places/login/rollout/pause".to_owned(), "deploy"),
        ("POST", "/v1/places/login/rollout/resume".to_owned(), "deploy"),
        ("POST", "/v1/places/login/rollout/promote".to_owned(), "deploy"),
        ("POST", "/v1/places/login/rollout/abort".to_owned(), "deploy"),
        ("POST", "/v1/places/login/grants".to_owned(), "operate"),
        ("PUT", "/v1/places/login/freeze".to_owned(), "operate"),
        ("DELETE", "/v1/places/login/freeze".to_owned(), "operate"),
        ("POST", "/v1/prune".to_owned(), "operate"),
    ] {
        let lacking = if role == "deploy" { &look } else { &deploy };
        let refused = lacking.send(lacking.request(method, &path)).await;
        refused.refused(403, "wrong_role");
        assert!(refused.text().contains(&format!("role {role}")), "{}", refused.text());
        let let_in = operate.send(operate.request(method, &path)).await;
        assert!(![401, 403, 429].contains(&let_in.status), "{method} {path}: {}", let_in.text());
    }
    assert_eq!(service.count("auth_admin_refused_total", &[("reason", "role")]).await, 14);
    service.stop().await;
}

#[tokio::test]
async fn a_missing_wrong_ended_or_revoked_token_gets_one_answer_and_a_line_of_its_own() {
    let service = TestService::start().await;
    let store = service.app().services.store.clone();
    let good = service.admin("good", Role::Look).await;
    let short = service.admin_for("short", Role::Look, Duration::from_mins(10)).await;
    let revoked = service.admin("revoked", Role::Look).await;
    for admin in [&good, &short, &revoked] {
        assert_eq!(host(admin).await, 200);
    }
    // Within the time that a token is believed.
    store.admin_token_revoke("revoked", "a test").await.unwrap();
    eventually("the end of a revoked token", async || (host(&revoked).await == 401).then_some(()))
        .await;
    service.clock.advance(Duration::from_mins(11));

    let other = good.token.replace("good", "short");
    let cut = good.token[..good.token.len() - 1].to_owned();
    let nobody = good.token.replace("good", "nobody");
    let wrong = service.admin_with(&other);
    let mut texts = Vec::new();
    for (admin, reason) in [
        (&wrong, "wrong"),
        (&short, "expired"),
        (&revoked, "revoked"),
        (&service.admin_with(&nobody), "unknown"),
        (&service.admin_with(&cut), "malformed"),
    ] {
        service.remember(&admin.token);
        let before = service.count("auth_admin_refused_total", &[("reason", reason)]).await;
        let answer = admin.get("/v1/host").await;
        answer.refused(401, "invalid_admin_token");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        texts.push(answer.json()["error"].clone());
        let after = service.count("auth_admin_refused_total", &[("reason", reason)]).await;
        assert_eq!(after, before + 1, "{reason}");
        assert!(!lines_with(service.log_mark(), "an admin token was not taken").is_empty());
    }
    for request in [
        service.client.get(format!("{}/v1/host", service.admin_url())),
        service.client.get(format!("{}/v1/host", service.admin_url())).header("authorization", "x"),
        service
            .client
            .get(format!("{}/v1/host", service.admin_url()))
            .basic_auth("good", Some("anything")),
    ] {
        let answer = service.send(request).await;
        answer.refused(401, "invalid_admin_token");
        texts.push(answer.json()["error"].clone());
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert_eq!(host(&good).await, 200);
    // What `stop` looks for: no token is on disk, in the database or in the log.
    service.stop().await;
}

#[tokio::test]
async fn wrong_tokens_are_limited_and_shut_out_no_right_one_of_the_same_address() {
    let service = TestService::start().await;
    let good = service.admin("good", Role::Look).await;
    let ended = service.admin_for("monitor", Role::Look, Duration::from_secs(1)).await;
    service.clock.advance(Duration::from_secs(2));
    let wrong = service.admin_with("aht1_good_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let mut limited = None;
    for _ in 0..200 {
        let answer = wrong.get("/v1/host").await;
        if answer.status == 429 {
            limited = Some(answer);
            break;
        }
        answer.refused(401, "invalid_admin_token");
    }
    let limited = limited.expect("no limit");
    limited.refused(429, "too_many_attempts");
    assert!(limited.header("retry-after").is_some());
    // A monitor goes on with a token that has ended, and people come from the same machine.
    for _ in 0..30 {
        ended.get("/v1/host").await.refused(401, "invalid_admin_token");
    }
    assert_eq!(host(&good).await, 200);
    let new = service.admin("new", Role::Look).await;
    eventually("a token made meanwhile", async || (host(&new).await == 200).then_some(())).await;
    // Who shows no token is not counted, and the public port has its own life.
    service.newcomer("leo").await;
    service.stop().await;
}

#[tokio::test]
async fn locally_a_token_is_made_once_and_is_good_after_a_restart_and_nowhere_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let with = TestService::with().setting("ENV", "local");
    let file = with.data_dir().join("admin-token");
    let service = with.start().await;
    let token = std::fs::read_to_string(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let local = service.admin_with(&token);
    assert_eq!(local.get("/v1/host").await.json()["role"], "operate");

    let service = service.stop_and_keep().await.start().await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), token);
    assert_eq!(host(&service.admin_with(&token)).await, 200);

    // A file that somebody spoiled is made anew.
    let kept = service.stop_and_keep().await;
    std::fs::write(&file, "rubbish").unwrap();
    let service = kept.start().await;
    let mut new = std::fs::read_to_string(&file).unwrap();
    assert_eq!(host(&service.admin_with(&new)).await, 200);

    // Each ends by itself, and a start makes another in time: a shared database gathers none.
    let tokens = service.app().services.store.admin_tokens().await.unwrap();
    let (now, lifetime) = (service.clock.now(), 90 * 24 * 3_600_000);
    assert!(tokens.iter().all(|token| token.expires_at <= now + lifetime), "{tokens:?}");
    service.clock.advance(Duration::from_hours(31 * 24));
    let service = service.stop_and_keep().await.start().await;
    let old = std::mem::replace(&mut new, std::fs::read_to_string(&file).unwrap());
    assert_ne!(old, new);
    assert_eq!(host(&service.admin_with(&new)).await, 200);

    // In production on the same database it is nobody's.
    let service = service.stop_and_keep().await.setting("ENV", "").start().await;
    service.admin_with(&new).get("/v1/host").await.refused(401, "invalid_admin_token");
    assert_eq!(service.count("auth_admin_refused_total", &[("reason", "local")]).await, 1);
    service.stop().await;
}

#[tokio::test]
async fn the_command_makes_lists_and_revokes_tokens_and_shows_each_once() {
    let (_home, settings) = Process::home().await;
    let process = Process::serving(&settings).await;
    let line = process.announcement.iter().find(|line| line.contains("admin API")).unwrap();
    let url = line.trim().rsplit_once(' ').unwrap().1.trim_end_matches("/swagger/").to_owned();
    let words = ["admin", "token", "add", "ann", "--role", "deploy", "--for", "90d"];
    let added = Process::command(&settings, &words).await;
    assert_eq!(added.code, Some(0), "{}", added.errors);
    let token = added.text.trim().to_owned();
    assert!(token.starts_with("aht1_ann_"), "{token}");
    assert!(!added.errors.contains(&token), "{}", added.errors);

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async || {
        let request = client.get(format!("{url}/v1/host")).bearer_auth(&token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask().await, 200);
    let again = Process::command(&settings, &words).await;
    assert_eq!(again.code, Some(2));
    assert!(again.errors.contains("there is a token of the name ann already"), "{}", again.errors);
    let bad =
        Process::command(&settings, &["admin", "token", "add", "A_b", "--role", "look"]).await;
    assert!(bad.errors.contains("is no name for a token"), "{}", bad.errors);
    let listed = Process::command(&settings, &["admin", "token", "list"]).await;
    assert!(listed.text.contains("ann") && listed.text.contains("good"), "{}", listed.text);
    assert!(!listed.text.contains(&token));
    let revoked = Process::command(&settings, &["admin", "token", "revoke", "ann"]).await;
    assert_eq!(revoked.code, Some(0), "{}", revoked.errors);
    eventually("the end of a revoked token", async || (ask().await == 401).then_some(())).await;
    let listed = Process::command(&settings, &["admin", "token", "list", "--json"]).await;
    let first: serde_json::Value =
        serde_json::from_str(listed.text.lines().next().unwrap()).unwrap();
    assert_eq!(first["state"], "revoked");
    process.terminate();
    let outcome = process.ended().await;
    assert!(!outcome.log.contains(&token), "the log holds the token");
}

#[tokio::test]
async fn the_public_port_knows_nothing_of_administration() {
    let service = TestService::start().await;
    let good = service.admin("good", Role::Operate).await;
    for path in ["/v1/host", "/v1/status", "/openapi.json", "/swagger/"] {
        let request = service.request("GET", path).bearer_auth(&good.token);
        service.send(request).await.refused(404, "not_found");
    }
    // Nor the other way round.
    for path in ["/auth/login", "/readyz", "/metrics", "/api/auth/openapi.json"] {
        good.get(path).await.refused(404, "not_found");
    }
    let settings = json!({});
    assert_eq!(
        good.push(Slot::Login, &crate::support::policy(Slot::Login), &settings).await.status,
        201
    );
    let metrics = service.metrics().await;
    let polluted = metrics.matching("http_requests_total", &[]);
    assert!(polluted.iter().all(|series| !series.labels["path"].starts_with("/v1")));
    assert!(
        metrics.sum(
            "auth_admin_http_requests_total",
            &[("path", "/v1/components/{digest}"), ("method", "PUT"), ("status", "200")],
        ) > 0
    );
    service.stop().await;
}

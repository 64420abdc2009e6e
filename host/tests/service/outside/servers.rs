//! Servers that misbehave: none of them takes more of the host than a request may.

use serde_json::{Value, json};

use super::asking::{logins, only, outcomes, told};
use super::{Authority, Dns, Manner, Outside, Said, gzip};
use crate::support::TestService;

const GIB: u64 = 1 << 30;

/// Asks a server that behaves so at a path, and then one that behaves well.
async fn behaves(outside: &Outside, service: &TestService, name: &str, manner: Manner) -> String {
    let before = outcomes(service, &outside.origin()).await;
    outside.at_path(&format!("/{name}"), manner);
    assert_eq!(told(service, name).await, "unavailable", "{name}");
    let after = outcomes(service, &outside.origin()).await;
    let ended = after.into_iter().find(|ended| !before.contains(ended)).unwrap().0;
    assert_eq!(told(service, &format!("{name}-well")).await, "200 \"\" 2 ok");
    ended
}

/// A service that asks it, and waits so many milliseconds for an answer.
async fn asks(outside: &Outside, milliseconds: u32) -> TestService {
    let settings = json!({
        "url": format!("{}/{{name}}{{port}}", outside.origin()), "timeout": milliseconds,
    });
    logins(&[format!("GET {} private", outside.origin())], &settings)
        .setting("HTTP_SERVER_TIMEOUT", "60s")
        .start()
        .await
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_left() {
    let outside = Outside::start().await;
    let service = asks(&outside, 400).await;
    for (name, manner) in [
        ("never", Manner::NeverAnswers),
        ("drips_its_head", Manner::DripsItsHead),
        ("drips_its_body", Manner::DripsItsBody),
    ] {
        assert_eq!(behaves(&outside, &service, name, manner).await, "timeout", "{name}");
    }
    let faults = service.count("auth_policy_faults_total", &[]).await;
    assert_eq!(faults, 0, "the time of another service is no fault of the policy");
    service.stop().await;
}

#[tokio::test]
async fn a_server_that_sends_too_much_is_not_listened_to() {
    let outside = Outside::start().await;
    let service = asks(&outside, 3000).await;
    for (name, manner) in [
        ("sends", Manner::Sends(GIB)),
        ("announces", Manner::Announces(GIB)),
        ("bomb", Manner::GzipBomb(GIB)),
        ("headers", Manner::HeadersWithoutEnd),
        ("long_header", Manner::LongHeader(1 << 20)),
    ] {
        assert_eq!(behaves(&outside, &service, name, manner).await, "too_large", "{name}");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_server_that_breaks_off_is_no_answer() {
    let outside = Outside::start().await;
    let service = asks(&outside, 3000).await;
    for (name, manner) in [
        ("closes_early", Manner::ClosesEarly),
        ("hangs_up", Manner::HangsUp),
        ("babbles", Manner::Babbles),
    ] {
        assert_eq!(behaves(&outside, &service, name, manner).await, "broken", "{name}");
    }
    service.stop().await;
}

#[tokio::test]
async fn an_answer_is_handed_over_as_it_came_and_inflated() {
    let outside = Outside::start().await;
    let service = asks(&outside, 3000).await;
    let most = 256 << 10;
    let compressed = Said::new(200, gzip(b"squeezed")).header("content-encoding", "gzip");
    for (name, said, expected) in [
        ("teapot", Said::new(418, "short"), "418 \"\" 5 short".to_owned()),
        ("told", Said::new(200, "ok").header("x-told", "yes"), "200 \"yes\" 2 ok".to_owned()),
        ("compressed", compressed, "200 \"\" 8 squeezed".to_owned()),
        (
            "largest",
            Said::new(200, vec![b'y'; most]),
            format!("200 \"\" {most} {}", "y".repeat(32)),
        ),
    ] {
        outside.at_path(&format!("/{name}"), Manner::Answers(said));
        assert_eq!(told(&service, name).await, expected);
    }
    outside.at_path("/larger", Manner::Answers(Said::new(200, vec![b'y'; most + 1])));
    assert_eq!(told(&service, "larger").await, "unavailable");
    service.stop().await;
}

#[tokio::test]
async fn a_server_shows_a_certificate_of_a_trusted_authority_for_its_name() {
    let (dns, authority, stranger) = (Dns::start().await, Authority::new(), Authority::new());
    let names = ["good", "ended", "wrong", "unknown"];
    let configs = [
        authority.server(&["good.test"]),
        authority.ended(&["ended.test"]),
        authority.server(&["good.test"]),
        stranger.server(&["unknown.test"]),
    ];
    let (mut http, mut servers) = (Vec::new(), Vec::new());
    for (name, config) in names.into_iter().zip(configs) {
        let (outside, name) = (Outside::with_tls(config).await, format!("{name}.test"));
        dns.name(&name, &["127.0.0.1"]);
        http.push(format!("GET {} private", outside.named(&name)));
        servers.push(outside);
    }
    let service = logins(&http, &json!({ "url": "https://{name}.test:{port}/" }))
        .setting("POLICY_HTTP_DNS", &dns.address().to_string())
        .setting("POLICY_HTTP_ROOTS", authority.file().to_str().unwrap())
        .start()
        .await;
    for (name, outside) in names.into_iter().zip(&servers) {
        let told = told(&service, &format!("{name}-{}", outside.port())).await;
        let outcomes = outcomes(&service, &outside.named(&format!("{name}.test"))).await;
        if name == "good" {
            assert_eq!((told.as_str(), outcomes), ("200 \"\" 2 ok", only("answered", 1)));
        } else {
            assert_eq!(
                (told.as_str(), outcomes),
                ("unavailable", only("certificate", 1)),
                "{name}"
            );
            assert!(outside.asked().is_empty(), "{name} was asked");
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn a_policy_goes_on_without_an_answer_or_passes_it_on_as_it_is_set() {
    let outside = Outside::start().await;
    let origin = outside.origin();
    outside.at_path("/", Manner::HangsUp);
    let http = [format!("GET {origin} private")];
    let settings = |closed: bool| json!({ "url": format!("{origin}/"), "closed": closed });
    let open = logins(&http, &settings(false)).start().await;
    assert_eq!(told(&open, "leo").await, "unavailable");
    open.stop().await;
    let closed = logins(&http, &settings(true)).start().await;
    let (person, _) = closed.newcomer("leo").await;
    closed.login(&person).await.refused(503, "unavailable");
    let counted = [("auth_policy_faults_total", 0), ("auth_policy_calls_total", 1)];
    for (name, count) in counted {
        let labels: &[(&str, &str)] = match count {
            0 => &[],
            _ => &[("slot", "login"), ("outcome", "failed")],
        };
        assert_eq!(closed.count(name, labels).await, count, "{name}");
    }
    closed.stop().await;
}

/// What a log line about the host tells nobody.
#[tokio::test]
async fn the_log_names_the_origin_and_nothing_else_of_a_request_that_failed() {
    let outside = Outside::start().await;
    let origin = outside.origin();
    outside.at_path("/hidden-path", Manner::HangsUp);
    let settings = json!({
        "url": format!("{origin}/hidden-path?hidden-query"),
        "header": "x-key", "value": "hidden-value",
    });
    let service = logins(&[format!("GET {origin} private")], &settings).start().await;
    assert_eq!(told(&service, "leo").await, "unavailable");
    let lines = crate::support::lines_with(service.log_mark(), &origin);
    let own: Vec<&Value> = lines
        .iter()
        .filter(|line| line["outcome"] == "broken" && line["place"] == "login")
        .collect();
    assert!(!own.is_empty(), "no line tells the operator: {lines:?}");
    assert!(!own.iter().any(|line| line.to_string().contains("hidden-")), "{own:?}");
    service.stop().await;
}

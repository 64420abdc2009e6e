//! Redirects: not followed unless that is granted, and then looked at like any request.

use serde_json::json;

use super::asking::{logins, only, outcomes, told};
use super::{Dns, Manner, Outside, Said};

#[tokio::test]
async fn a_redirect_is_an_answer_unless_it_may_be_followed() {
    let outside = Outside::start().await;
    outside.at_path("/from", Manner::redirects(302, "/to"));
    let url = json!({ "url": format!("{}/from", outside.origin()) });
    for (more, expected, asked) in
        [("private", "302 \"\" 0 ", 1), ("private redirects", "200 \"\" 2 ok", 3)]
    {
        let http = [format!("GET {} {more}", outside.origin())];
        let service = logins(&http, &url).start().await;
        assert_eq!(told(&service, "leo").await, expected, "{more}");
        assert_eq!(outside.asked().len(), asked, "{more}");
        service.stop().await;
    }
}

#[tokio::test]
async fn a_redirect_to_what_must_not_be_reached_is_not_followed() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let origin = |name: &str| outside.named(&format!("{name}.test"));
    for (name, address) in [
        ("good", "127.0.0.1"),
        ("metadata", "169.254.169.254"),
        ("mapped", "::ffff:10.0.0.1"),
        ("stranger", "127.0.0.1"),
    ] {
        dns.name(&format!("{name}.test"), &[address]);
    }
    for (name, to) in [
        ("metadata", origin("metadata")),
        ("mapped", origin("mapped")),
        ("stranger", origin("stranger")),
        ("literal", format!("http://169.254.169.254:{}/", outside.port())),
        ("other_scheme", "ftp://good.test/".to_owned()),
        ("endless", format!("{}/endless", origin("good"))),
    ] {
        outside.at_path(&format!("/{name}"), Manner::redirects(302, &to));
    }
    let http = [
        format!("GET {} private redirects", origin("good")),
        format!("GET {}", origin("metadata")),
        format!("GET {}", origin("mapped")),
    ];
    let service = logins(&http, &json!({ "url": format!("{}/{{name}}", origin("good")) }))
        .setting("POLICY_HTTP_DNS", &dns.address().to_string())
        .start()
        .await;
    for name in ["metadata", "mapped", "stranger", "literal", "other_scheme", "endless"] {
        assert_eq!(told(&service, name).await, "unavailable", "{name}");
        // Not too many failures in a row: else the host would be left alone.
        assert_eq!(told(&service, &format!("well-{name}")).await, "200 \"\" 2 ok");
    }
    let strangers = outcomes(&service, &origin("stranger")).await;
    assert!(strangers.is_empty(), "a host that is not granted has a label: {strangers:?}");
    let hosts = outside.asked();
    let hosts = hosts.iter().filter_map(|asked| asked.header("host"));
    assert!(hosts.into_iter().all(|host| host.starts_with("good.test")), "another was asked");
    service.stop().await;
}

#[tokio::test]
async fn what_authorizes_does_not_follow_a_redirect_to_another_origin() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let origin = |name: &str| outside.named(&format!("{name}.test"));
    for name in ["good", "other"] {
        dns.name(&format!("{name}.test"), &["127.0.0.1"]);
    }
    outside.at_path("/there", Manner::redirects(307, &format!("{}/kept", origin("other"))));
    outside.at_path("/here", Manner::redirects(307, "/kept"));
    outside.at_path(
        "/kept",
        Manner::computes(|asked| {
            Said::new(200, asked.header("authorization").unwrap_or("nothing"))
        }),
    );
    let http = ["good", "other"].map(|name| format!("GET {} private redirects", origin(name)));
    let settings = json!({
        "url": format!("{}/{{name}}", origin("good")),
        "header": "Authorization", "value": "Basic eDp5",
    });
    let service = logins(&http, &settings)
        .setting("POLICY_HTTP_DNS", &dns.address().to_string())
        .start()
        .await;
    assert_eq!(told(&service, "here").await, "200 \"\" 10 Basic eDp5");
    assert_eq!(told(&service, "there").await, "200 \"\" 7 nothing");
    assert_eq!(outcomes(&service, &origin("good")).await, only("answered", 2));
    service.stop().await;
}

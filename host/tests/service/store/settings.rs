//! The settings that name PostgreSQL and RabbitMQ. What is wrong with them is told without their
//! values: they may hold passwords.

use std::collections::HashMap;

use crate::support::{OwnDatabase, Person, Process};

const SECRET: &str = "Geheim-5fd0";

/// A start with these settings must fail; what it said.
async fn refusal(changes: &[(&str, &str)]) -> String {
    let (_folder, mut settings) = Process::folder();
    settings.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let outcome = Process::refusing(&settings).await;
    assert_eq!(outcome.code, Some(2), "{changes:?}: {}", outcome.log);
    assert!(!outcome.log.contains(SECRET), "{changes:?}: a value is told: {}", outcome.log);
    outcome.log
}

#[tokio::test]
async fn an_address_of_a_database_that_is_none_is_refused() {
    for wrong in [
        SECRET,
        "postgres:",
        "mysql://auth:Geheim-5fd0@db/auth",
        "postgres://auth:Geheim-5fd0@db:port/auth",
        "postgres://auth:Geheim-5fd0@db:99999/auth",
        "postgresql://auth:Geheim-5fd0@[db/auth",
        "postgres://auth:Geheim-5fd0@db/auth?sslmode=sometimes",
    ] {
        let log = refusal(&[("DATABASE_URL", wrong)]).await;
        assert!(log.contains("DATABASE_URL: "), "{wrong}: {log}");
    }
}

#[tokio::test]
async fn a_mode_of_tls_that_would_trust_more_than_it_says_is_refused() {
    let whole = [("POSTGRES_HOST", "db"), ("POSTGRES_USER", "auth"), ("POSTGRES_DB", "auth")];
    let mode = |mode| ("POSTGRES_SSLMODE", mode);
    for wrong in [
        &[mode("verify-ca")][..],
        &[mode("allow")],
        &[mode("require"), ("POSTGRES_SSLROOTCERT", "/ca.pem")],
        &[("POSTGRES_SSLROOTCERT", "/ca.pem")],
    ] {
        let log = refusal(&[&whole[..], wrong].concat()).await;
        assert!(log.contains("POSTGRES_SSLMODE: must be"), "{wrong:?}: {log}");
    }
    for wrong in [
        "sslmode=verify-ca",
        "sslmode=allow",
        "sslmode=require&sslrootcert=/ca.pem",
        "ssl_mode=verify-full",
        "sslMode=verify-full",
    ] {
        let log =
            refusal(&[("DATABASE_URL", &format!("postgres://auth:{SECRET}@db/auth?{wrong}"))])
                .await;
        assert!(log.contains("DATABASE_URL: "), "{wrong}: {log}");
    }
}

#[tokio::test]
async fn parts_of_an_address_that_are_missing_are_named() {
    let log = refusal(&[("POSTGRES_HOST", "db")]).await;
    assert!(
        log.contains("POSTGRES_USER: ")
            && log.contains("POSTGRES_DB: ")
            && !log.contains("POSTGRES_HOST: "),
        "{log}"
    );
    let log = refusal(&[("POSTGRES_PASSWORD", SECRET)]).await;
    assert!(
        ["HOST", "USER", "DB"].iter().all(|part| log.contains(&format!("POSTGRES_{part}: "))),
        "{log}"
    );
    let whole = [
        ("POSTGRES_HOST", "db"),
        ("POSTGRES_USER", "auth"),
        ("POSTGRES_DB", "auth"),
        ("POSTGRES_PASSWORD", SECRET),
    ];
    for (name, value) in
        [("POSTGRES_PORT", "0"), ("POSTGRES_PORT", "many"), ("POSTGRES_SSLMODE", "sometimes")]
    {
        let log = refusal(&[&whole[..], &[(name, value)]].concat()).await;
        assert!(log.contains(&format!("{name}: ")), "{log}");
    }
}

#[tokio::test]
async fn an_address_of_a_broker_that_is_none_is_refused() {
    for wrong in [
        SECRET,
        "http://guest:Geheim-5fd0@broker/",
        "amqp://guest:Geheim-5fd0@broker:port/",
        "amqp://guest:Geheim-5fd0@broker/?heartbeat=x",
    ] {
        let log = refusal(&[("AMQP_URL", wrong)]).await;
        assert!(log.contains("AMQP_URL: "), "{wrong}: {log}");
    }
    let oversized = "x".repeat(256);
    let log = refusal(&[
        ("AMQP_URL", "amqp://broker/"),
        ("AMQP_EXCHANGE", &oversized),
        ("AMQP_QUEUE", &oversized),
    ])
    .await;
    assert!(log.contains("AMQP_EXCHANGE: ") && log.contains("AMQP_QUEUE: "), "{log}");
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    let wrong = [
        ("DATABASE_URL", SECRET),
        ("DATABASE_MAX_CONNECTIONS", "0"),
        ("DATABASE_STATEMENT_TIMEOUT", "forever"),
        ("AMQP_URL", SECRET),
        ("AMQP_CONFIRM_TIMEOUT", "0"),
        ("OUTBOX_BATCH", "0"),
        ("OUTBOX_MAX_ATTEMPTS", "none"),
        ("OUTBOX_RETENTION", "-1h"),
    ];
    let log = refusal(&wrong).await;
    for (name, _) in wrong {
        assert!(log.contains(&format!("{name}: ")), "{name} is missing: {log}");
    }
}

#[tokio::test]
async fn parts_alone_are_enough_and_the_whole_address_wins() {
    let database = OwnDatabase::new().await;
    let url: reqwest::Url = database.url().parse().unwrap();
    let (_folder, mut settings) = Process::folder();
    let port = url.port().unwrap_or(5432).to_string();
    for (name, value) in [
        ("POSTGRES_HOST", url.host_str().unwrap()),
        ("POSTGRES_PORT", &port),
        ("POSTGRES_USER", url.username()),
        ("POSTGRES_PASSWORD", url.password().unwrap_or(SECRET)),
        ("POSTGRES_DB", url.path().trim_start_matches('/')),
        ("POSTGRES_SSLMODE", "prefer"),
    ] {
        settings.insert(name.to_owned(), value.to_owned());
    }
    serves(&settings).await;
    settings.insert("DATABASE_URL".to_owned(), database.url().to_owned());
    settings.insert("POSTGRES_DB".to_owned(), "no_such_database".to_owned());
    serves(&settings).await;
    let accounts: i64 = sqlx::query_scalar("SELECT count(*) FROM auth.accounts")
        .fetch_one(&mut database.connection().await)
        .await
        .unwrap();
    assert_eq!(accounts, 2);
}

/// It starts, takes a registration, and stops.
async fn serves(settings: &HashMap<String, String>) {
    let process = Process::serving(settings).await;
    assert!(
        process.announcement.iter().any(|line| line.contains("PostgreSQL")),
        "{:?}",
        process.announcement
    );
    let form = Person::new(&uuid::Uuid::new_v4().simple().to_string()).form();
    let request = reqwest::Client::new()
        .post(format!("http://{}/auth/register", process.address))
        .json(&form);
    assert_eq!(request.send().await.unwrap().status(), 200);
    process.terminate();
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
    assert!(!outcome.log.contains(SECRET), "{}", outcome.log);
}

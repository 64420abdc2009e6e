//! Each endpoint on both stores: requests a second, and on PostgreSQL the statements that one
//! request takes, as the server counts them.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Row as _};

use crate::load::{Connection, round};
use crate::setup::{PASSWORD, Service};
use crate::summary;

const CLIENTS: usize = 16;
const TIME: Duration = Duration::from_secs(4);
/// Requests whose statements are counted, one after the other.
const COUNTED: i64 = 100;

pub fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!(
            "Endpoints on both stores, events to RabbitMQ, {CLIENTS} connections, {TIME:?} \
             each"
        );
        println!(
            "| store | endpoint | requests/s | p50 ms | p99 ms | statements a request \
             |\n|---|---|---|---|---|---|"
        );
        let Some((database, broker)) = servers() else { return };
        let database = fresh_database(&database).await;
        for store in ["SQLite", "PostgreSQL"] {
            let url = if store == "SQLite" { "" } else { database.as_str() };
            let service = Service::start_with(&[
                ("DATABASE_URL", url),
                ("AMQP_URL", &broker),
                ("AMQP_QUEUE", "bench.stores"),
            ])
            .await;
            let pool =
                if url.is_empty() { None } else { Some(PgPool::connect(url).await.unwrap()) };
            for (name, path, next) in ENDPOINTS {
                endpoint(store, &service, pool.as_ref(), name, path, next).await;
            }
            service.stop().await;
        }
        println!();
    });
}

type Next = fn(String) -> String;
const ENDPOINTS: [(&str, &str, Next); 3] = [
    ("register", "/auth/register", next_account),
    ("login", "/auth/login", |body| body),
    ("refresh", "/auth/refresh", next_refresh),
];

/// The servers that `scripts/servers.sh run` names.
pub fn servers() -> Option<(String, String)> {
    let servers = std::env::var("TEST_DATABASE_URL").ok().zip(std::env::var("TEST_AMQP_URL").ok());
    if servers.is_none() {
        println!("(no servers: run `./justw bench`)\n");
    }
    servers
}

/// The address of an empty database on the server.
pub async fn fresh_database(server: &str) -> String {
    let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
    let pool = PgPool::connect(server).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await.unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

async fn endpoint(
    store: &str,
    service: &Service,
    pool: Option<&PgPool>,
    name: &str,
    path: &'static str,
    next: Next,
) {
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut connection = Connection::open(service.address).await;
        let email = format!("{name}-{number}-0@example.com");
        let answer = connection.post("/auth/register", &account(&email)).await;
        let body = match name {
            "register" => next_account(account(&email)),
            "login" => json!({ "email": email, "password": PASSWORD }).to_string(),
            _ => next_refresh(answer),
        };
        clients.push((connection, body));
    }
    let warm = round(&mut clients, path, Duration::from_secs(1), next).await;
    drop(warm);
    let mut done = round(&mut clients, path, TIME, next).await;
    let (_, p50, p99) = summary(&mut done.microseconds);
    let statements = match pool {
        Some(pool) => statements(pool, &mut clients[0], path, next).await,
        None => "-".to_owned(),
    };
    println!(
        "| {store} | {name} | {:.0} | {:.1} | {:.1} | {statements} |",
        done.per_second,
        p50 / 1e3,
        p99 / 1e3
    );
}

/// By `pg_stat_statements`; the relay, the cleaner and this question are left out by what they say.
async fn statements(
    pool: &PgPool,
    client: &mut (Connection, String),
    path: &'static str,
    next: Next,
) -> String {
    if sqlx::query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").execute(pool).await.is_err()
    {
        return "(no pg_stat_statements)".to_owned();
    }
    sqlx::query("SELECT pg_stat_statements_reset()").execute(pool).await.unwrap();
    for _ in 0..COUNTED {
        let answer = client.0.post(path, &client.1).await;
        client.1 = if path.ends_with("refresh") {
            next(answer)
        } else {
            next(std::mem::take(&mut client.1))
        };
    }
    let counted = sqlx::query(
        "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
          WHERE datname = current_database() AND query NOT LIKE '%pg_stat_statements%' AND query NOT LIKE 'WITH gone%'
            AND query NOT LIKE '%clock_timestamp%' AND NOT (query LIKE '%auth.outbox%' AND query NOT LIKE 'WITH done%' AND query NOT LIKE 'WITH open%')",
    );
    let calls: i64 = counted.fetch_one(pool).await.unwrap().get(0);
    format!("{:.2}", calls as f64 / COUNTED as f64)
}

fn account(email: &str) -> String {
    json!({ "email": email, "password": PASSWORD, "phone": "+79999999999", "name": "Leo" })
        .to_string()
}

/// The same person under the next number.
#[expect(clippy::needless_pass_by_value, reason = "the next request takes its place")]
fn next_account(body: String) -> String {
    let body: Value = serde_json::from_str(&body).unwrap();
    let email = body["email"].as_str().unwrap();
    let (rest, number) = email.strip_suffix("@example.com").unwrap().rsplit_once('-').unwrap();
    account(&format!("{rest}-{}@example.com", number.parse::<u64>().unwrap() + 1))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a request made from the last answer takes its place"
)]
fn next_refresh(answer: String) -> String {
    let answer: Value = serde_json::from_str(&answer).unwrap();
    json!({ "refresh_token": answer["refresh_token"] }).to_string()
}

//! The relay: from commit to confirm under a load of registrations, and events a second beside what
//! lapin alone does with the same messages and the same window, on the same broker.

use std::time::{Duration, Instant};

use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueDeclareOptions,
    QueuePurgeOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::json;
use sqlx::Row as _;
use sqlx::postgres::{PgConnectOptions, PgPool};

use crate::load::{Connection as Client, round};
use crate::median;
use crate::setup::{PASSWORD, Service};
use crate::stores::{fresh_database, servers};

const EVENTS: i64 = 21_000;
const ROUNDS: usize = 5;
/// As the relay's: batches that the broker has at once, each on a channel of its own, and their
/// size.
const LANES: i64 = 3;
const WINDOW: usize = 256;
const QUEUE: &str = "bench.outbox";
const EXCHANGE: &str = "bench.events";

pub fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let Some((server, broker)) = servers() else { return };
        let database = fresh_database(&server).await;
        let connection =
            Connection::connect(&broker, ConnectionProperties::default()).await.unwrap();
        let control = connection.create_channel().await.unwrap();
        control
            .queue_declare(QUEUE.into(), QueueDeclareOptions::durable(), FieldTable::default())
            .await
            .unwrap();
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        control
            .exchange_declare(EXCHANGE.into(), ExchangeKind::Topic, durable, FieldTable::default())
            .await
            .unwrap();
        let settings = [
            ("DATABASE_URL", database.as_str()),
            ("AMQP_URL", &broker),
            ("AMQP_QUEUE", QUEUE),
            ("AMQP_EXCHANGE", EXCHANGE),
        ];
        let service = Service::start_with(&settings).await;
        // It asks while the relay works: by the index, as the service does.
        let options: PgConnectOptions = database.parse().unwrap();
        let pool =
            PgPool::connect_with(options.options([("enable_seqscan", "off")])).await.unwrap();
        latency(&service, &pool, &connection).await;
        let mut rates: [Vec<f64>; 3] = Default::default();
        for number in 0..=ROUNDS {
            for side in if number % 2 == 0 { [0, 1, 2] } else { [2, 1, 0] } {
                control.queue_purge(QUEUE.into(), QueuePurgeOptions::default()).await.unwrap();
                let rate = match side {
                    0 => relay(&service, &pool).await,
                    1 => raw(&connection, true).await,
                    _ => raw(&connection, false).await,
                };
                if number > 0 {
                    rates[side].push(rate);
                }
            }
        }
        print(&rates);
        service.stop().await;
    });
}

/// From the commit of an account to the confirm of its event, as the rows tell it (the mark comes
/// after the confirm). Beside it, at the same time, what the broker makes a single message of
/// lapin's wait: no relay can be faster.
async fn latency(service: &Service, pool: &PgPool, connection: &Connection) {
    let mut after = 0_i64;
    for count in [1, 4] {
        println!(
            "Commit to confirm, connections that register: {count} (ms; bar: p99 < 50; lapin alone \
             at the same time, a message every 20 ms)"
        );
        println!(
            "| round | events | p50 | p99 | slowest | lapin p50 | lapin p99 | lapin slowest \
             |\n|---|---|---|---|---|---|---|---|"
        );
        let mut clients = Vec::new();
        for number in 0..count {
            clients.push((
                Client::open(service.address).await,
                account(&format!("latency-{count}-{number}-0@example.com")),
            ));
        }
        let first = after;
        for number in 1..=ROUNDS {
            let time = Duration::from_secs(8);
            let (_, alone) = tokio::join!(
                round(&mut clients, "/auth/register", time, next),
                confirms(connection, time)
            );
            drained(pool).await;
            let [events, p50, p99, slowest, last] = delays(pool, after).await;
            let [alone_p50, alone_p99, alone_slowest] =
                [0.5, 0.99, 1.0].map(|share| alone[((alone.len() - 1) as f64 * share) as usize]);
            println!(
                "| {number} | {events} | {p50} | {p99} | {slowest} | {alone_p50:.0} | \
                 {alone_p99:.0} | {alone_slowest:.0} |"
            );
            after = last;
        }
        let [events, p50, p99, slowest, _] = delays(pool, first).await;
        println!("| all | {events} | {p50} | {p99} | {slowest} | | | |\n");
    }
}

/// Of the events after one: their number, from commit to confirm p50, p99 and the slowest in
/// milliseconds, and the last one's sequence.
async fn delays(pool: &PgPool, after: i64) -> [i64; 5] {
    let row = sqlx::query(
        "SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY published_at - created_at),
                percentile_disc(0.99) WITHIN GROUP (ORDER BY published_at - created_at), max(published_at - created_at), max(sequence)
           FROM auth.outbox WHERE sequence > $1",
    );
    let row = row.bind(after).fetch_one(pool).await.unwrap();
    [0, 1, 2, 3, 4].map(|column| row.get(column))
}

/// How long single messages wait for their confirms: milliseconds, sorted.
async fn confirms(connection: &Connection, time: Duration) -> Vec<f64> {
    let channel = confirming(connection).await;
    let (begun, mut all) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        let sent = Instant::now();
        publish(&channel, 1, true).await;
        all.push(sent.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    all.sort_by(f64::total_cmp);
    all
}

async fn confirming(connection: &Connection) -> Channel {
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    channel
}

/// Events a second, from their commit to the last mark.
async fn relay(service: &Service, pool: &PgPool) -> f64 {
    sqlx::query(
        "INSERT INTO auth.outbox (message_id, event_type, ordering_key, payload, created_at)
         SELECT id::uuid, 'user.created', 'bench-' || place, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint
           FROM unnest($1::text[]) WITH ORDINALITY AS event (id, place)",
    )
    .bind((0..EVENTS).map(|_| uuid::Uuid::now_v7().to_string()).collect::<Vec<_>>())
    .bind(payload())
    .execute(pool)
    .await
    .unwrap();
    let begun = Instant::now();
    service.app.wake.wake();
    drained(pool).await;
    let rate = EVENTS as f64 / begun.elapsed().as_secs_f64();
    sqlx::query("DELETE FROM auth.outbox WHERE published_at IS NOT NULL")
        .execute(pool)
        .await
        .unwrap();
    sqlx::query("VACUUM ANALYZE auth.outbox").execute(pool).await.unwrap();
    rate
}

async fn drained(pool: &PgPool) {
    let pending =
        "SELECT EXISTS (SELECT 1 FROM auth.outbox WHERE published_at IS NULL AND dead_at IS NULL)";
    while sqlx::query_scalar::<_, bool>(pending).fetch_one(pool).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The same messages by lapin alone, to the queue and (as the relay does) to the topic exchange as
/// well.
async fn raw(connection: &Connection, both: bool) -> f64 {
    let begun = Instant::now();
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..LANES {
        let channel = confirming(connection).await;
        lanes.spawn(async move {
            let mut left = usize::try_from(EVENTS / LANES).unwrap();
            while left > 0 {
                left -= publish(&channel, WINDOW.min(left), both).await;
            }
        });
    }
    while lanes.join_next().await.transpose().unwrap().is_some() {}
    EVENTS as f64 / begun.elapsed().as_secs_f64()
}

async fn publish(channel: &Channel, count: usize, both: bool) -> usize {
    let (payload, mut confirms) = (payload(), Vec::new());
    for _ in 0..count {
        let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        confirms.push(
            channel
                .basic_publish("".into(), QUEUE.into(), mandatory, payload.as_bytes(), properties())
                .await
                .unwrap(),
        );
        if both {
            let options = BasicPublishOptions::default();
            let published = channel.basic_publish(
                EXCHANGE.into(),
                "user.created".into(),
                options,
                payload.as_bytes(),
                properties(),
            );
            confirms.push(published.await.unwrap());
        }
    }
    for confirm in confirms {
        assert!(confirm.await.unwrap().is_ack());
    }
    count
}

fn properties() -> BasicProperties {
    let mut headers = FieldTable::default();
    for name in ["specversion", "id", "source", "type", "partitionkey", "time"] {
        headers.insert(
            format!("cloudEvents_{name}").into(),
            AMQPValue::LongString("2026-01-01T00:00:00.000Z".into()),
        );
    }
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(2)
        .with_message_id(uuid::Uuid::now_v7().to_string().into())
        .with_type("user.created".into())
        .with_timestamp(1)
        .with_headers(headers)
}

fn payload() -> String {
    json!({ "user_id": 1, "email": "leo.urin@example.com", "phone": "+79999999999", "name": "Leo", "surname": "Urin", "fathers_name": "", "birth_date": "" })
        .to_string()
}

fn account(email: &str) -> String {
    json!({ "email": email, "password": PASSWORD, "phone": "+79999999999", "name": "Leo" })
        .to_string()
}

#[expect(clippy::needless_pass_by_value, reason = "the next request takes its place")]
fn next(body: String) -> String {
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let name = body["email"].as_str().unwrap().strip_suffix("@example.com").unwrap();
    let (rest, number) = name.rsplit_once('-').unwrap();
    account(&format!("{rest}-{}@example.com", number.parse::<u64>().unwrap() + 1))
}

fn print(rates: &[Vec<f64>; 3]) {
    println!(
        "Relay, {EVENTS} events of user.created, {LANES} lanes of {WINDOW} ({ROUNDS} alternating \
         rounds; medians)"
    );
    println!("| what | events/s | slowest | fastest |\n|---|---|---|---|");
    for (name, rates) in [
        "relay (leases, both destinations, marks)",
        "lapin alone, both destinations",
        "lapin alone, the queue only",
    ]
    .iter()
    .zip(rates)
    {
        let (slowest, fastest) = (
            rates.iter().copied().fold(f64::MAX, f64::min),
            rates.iter().copied().fold(0.0, f64::max),
        );
        println!("| {name} | {:.0} | {slowest:.0} | {fastest:.0} |", median(rates));
    }
    let ratio = |other: usize| {
        median(
            &rates[0].iter().zip(&rates[other]).map(|(relay, raw)| relay / raw).collect::<Vec<_>>(),
        )
    };
    println!(
        "relay / lapin, round by round: {:.3} with both destinations, {:.3} beside the queue only \
         (bar 0.8)\n",
        ratio(1),
        ratio(2)
    );
}

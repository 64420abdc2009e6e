//! What the broker must have: the queue of the consumers that exist, on the default exchange, and
//! the topic exchange for everybody else. What is missing is declared, and what is there is left
//! alone. Which events go to which, `message` says, by the catalogue of events.

use anyhow::Context as _;
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ErrorKind, ExchangeKind};

use super::settings::AmqpSettings;

/// What is there has other properties than those that were asked for.
const OTHERWISE: u16 = 406;
/// Our user may use it, but not declare it.
const FORBIDDEN: u16 = 403;

/// Declares what is missing, and leaves alone what is there: it may have arguments that we do not
/// know. Returns what an operator should change there.
pub(super) async fn declare(
    connection: &Connection,
    settings: &AmqpSettings,
) -> anyhow::Result<Option<String>> {
    let AmqpSettings { exchange, queue, .. } = settings;
    exchange_is_there(connection, exchange).await.with_context(|| {
        format!("the exchange {exchange} cannot be used or declared (durable, topic)")
    })?;
    queue_is_there(connection, queue)
        .await
        .with_context(|| format!("the queue {queue} cannot be used or declared (durable)"))
}

async fn exchange_is_there(connection: &Connection, exchange: &str) -> Result<(), lapin::Error> {
    let declare = async |passive| {
        // An answer "no" closes the channel: each question has one of its own.
        let channel = connection.create_channel().await?;
        let options =
            ExchangeDeclareOptions { passive, durable: true, ..ExchangeDeclareOptions::default() };
        channel
            .exchange_declare(exchange.into(), ExchangeKind::Topic, options, FieldTable::default())
            .await?;
        channel.close(200, "declared".into()).await
    };
    let Err(error) = declare(false).await else { return Ok(()) };
    match code(&error) {
        Some(OTHERWISE) => {
            tracing::warn!(
                exchange,
                "the exchange is not durable, no topic exchange, or has arguments; \
                 it is used as it is"
            );
        }
        Some(FORBIDDEN) => {}
        _ => return Err(error),
    }
    declare(true).await
}

async fn queue_is_there(
    connection: &Connection,
    queue: &str,
) -> Result<Option<String>, lapin::Error> {
    let declare = async |options| {
        let channel = connection.create_channel().await?;
        channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
        channel.close(200, "declared".into()).await
    };
    match declare(QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() }).await {
        Ok(()) => {}
        Err(error) if is_missing(&error) => {
            declare(QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() })
                .await?;
            tracing::info!(queue, "queue declared");
            return Ok(None);
        }
        Err(error) => return Err(error),
    }
    // Asked for one that keeps what it has, the broker says in what it differs.
    match declare(QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() }).await {
        Err(error)
            if code(&error) == Some(OTHERWISE)
                && ["'durable'", "'auto_delete'"]
                    .iter()
                    .any(|name| error.to_string().contains(name)) =>
        {
            let fault = format!(
                "the queue {queue} is not durable or deletes itself: \
                 events that the broker confirmed can be lost there"
            );
            tracing::warn!(fault, "the queue is used as it is");
            Ok(Some(fault))
        }
        Err(error) if code(&error).is_none() => Err(error),
        _ => Ok(None),
    }
}

/// Whether the broker said that something is not there.
pub(super) fn is_missing(error: &lapin::Error) -> bool {
    code(error) == Some(404)
}

/// The broker's reply code (AMQP 0-9-1, 1.2 and RabbitMQ's errata).
fn code(error: &lapin::Error) -> Option<u16> {
    if let ErrorKind::ProtocolError(error) = error.kind() { Some(error.get_id()) } else { None }
}

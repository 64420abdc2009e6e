//! What the broker must have: the queue of the consumers that exist, on the default exchange, and the topic exchange for everybody else.

use anyhow::Context as _;
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ErrorKind, ExchangeKind};

use super::AmqpSettings;

/// The event that the queue is for.
pub(super) const QUEUED_EVENT: &str = "user.created";

/// Declares what is missing, and leaves alone what is there: a queue may have arguments that we do not know.
pub(super) async fn declare(connection: &Connection, settings: &AmqpSettings) -> anyhow::Result<()> {
    let channel = connection.create_channel().await?;
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel
        .exchange_declare(settings.exchange.as_str().into(), ExchangeKind::Topic, durable, FieldTable::default())
        .await
        .with_context(|| format!("the exchange {} cannot be declared (durable, topic)", settings.exchange))?;
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let found = channel.queue_declare(settings.queue.as_str().into(), passive, FieldTable::default()).await;
    let channel = match found {
        Ok(_) => channel,
        Err(error) if is_missing(&error) => {
            // The answer "there is none" closes the channel.
            let channel = connection.create_channel().await?;
            let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
            channel
                .queue_declare(settings.queue.as_str().into(), durable, FieldTable::default())
                .await
                .with_context(|| format!("the queue {} cannot be declared (durable)", settings.queue))?;
            tracing::info!(queue = settings.queue, "queue declared");
            channel
        }
        Err(error) => return Err(error).with_context(|| format!("the queue {} cannot be used", settings.queue)),
    };
    let _ = channel.close(200, "declared".into()).await;
    Ok(())
}

fn is_missing(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error) if error.get_id() == 404)
}

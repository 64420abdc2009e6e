//! A consumer as other services have one: it acknowledges what it has kept, and comes back whenever
//! the broker does.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The longest wait for an answer, and for a delivery: then it begins again, because lapin waits
/// for ever where a broker ends at a bad moment.
const SILENCE: Duration = Duration::from_secs(10);

/// One delivery.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The property `message_id`.
    pub(crate) id: String,
    /// The property `type`.
    pub(crate) kind: String,
    pub(crate) timestamp: u64,
    pub(crate) content_type: String,
    pub(crate) delivery_mode: u8,
    pub(crate) redelivered: bool,
    /// Those that are texts.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

/// Consumes one queue, until it is dropped.
pub(crate) struct Consumer {
    messages: Arc<Mutex<Vec<Message>>>,
    task: JoinHandle<()>,
}

impl Consumer {
    pub(crate) fn on(url: &str, queue: &str) -> Self {
        let messages = Arc::<Mutex<Vec<Message>>>::default();
        let (url, queue, kept) = (url.to_owned(), queue.to_owned(), Arc::clone(&messages));
        let task = tokio::spawn(async move {
            loop {
                // The broker may be away, or the queue not there yet: it is tried again.
                let _ = consume(&url, &queue, &kept).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { messages, task }
    }

    /// What was delivered so far, in that order.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    /// The different ones among them.
    pub(crate) fn ids(&self) -> HashSet<String> {
        self.messages.lock().unwrap().iter().map(|message| message.id.clone()).collect()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn consume(url: &str, queue: &str, kept: &Mutex<Vec<Message>>) -> Result<(), lapin::Error> {
    let begin = async {
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.basic_qos(100, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let deliveries =
            channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        Ok::<_, lapin::Error>((connection, deliveries))
    };
    let Ok(consuming) = timeout(SILENCE, begin).await else { return Ok(()) };
    let (connection, mut deliveries) = consuming?;
    while let Ok(Some(delivery)) = timeout(SILENCE, deliveries.next()).await {
        let delivery = delivery?;
        kept.lock().unwrap().push(message(&delivery));
        let Ok(acknowledged) = timeout(SILENCE, delivery.ack(BasicAckOptions::default())).await
        else {
            break;
        };
        acknowledged?;
    }
    let _ = timeout(SILENCE, connection.close(200, "bye".into())).await;
    Ok(())
}

fn message(delivery: &Delivery) -> Message {
    let properties = &delivery.properties;
    let text = |value: &Option<lapin::types::ShortString>| {
        value.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let headers = properties.headers().clone().unwrap_or_default();
    let headers = headers.inner().iter().filter_map(|(name, value)| match value {
        AMQPValue::LongString(value) => Some((name.to_string(), value.to_string())),
        _ => None,
    });
    Message {
        id: text(properties.message_id()),
        kind: text(properties.kind()),
        timestamp: properties.timestamp().unwrap_or_default(),
        content_type: text(properties.content_type()),
        delivery_mode: properties.delivery_mode().unwrap_or_default(),
        redelivered: delivery.redelivered,
        headers: headers.collect(),
        body: serde_json::from_slice(&delivery.data).unwrap_or_default(),
    }
}

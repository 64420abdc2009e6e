//! RabbitMQ for tests: names of their own on the shared broker, and brokers that can be taken away.

use lapin::options::{
    BasicGetOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};

use super::in_time;
use super::servers::{Server, shared};

/// A broker for the test that starts it.
pub(crate) struct Rabbit(Server);

/// What one test uses of a broker: an exchange, the queue that the service fills, and one that gets
/// every event.
#[derive(Clone)]
pub(crate) struct Broker {
    pub(crate) url: String,
    pub(crate) exchange: String,
    pub(crate) queue: String,
    pub(crate) everything: String,
}

/// Names of its own on the broker that all tests share.
pub(crate) fn broker() -> Broker {
    Broker::at(shared("TEST_AMQP_URL"))
}

impl Broker {
    fn at(url: String) -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string();
        Self {
            url,
            exchange: format!("events-{id}"),
            queue: format!("users-{id}"),
            everything: format!("everything-{id}"),
        }
    }

    /// The service's settings.
    pub(crate) fn settings(&self) -> [(&'static str, String); 3] {
        [
            ("AMQP_URL", self.url.clone()),
            ("AMQP_EXCHANGE", self.exchange.clone()),
            ("AMQP_QUEUE", self.queue.clone()),
        ]
    }

    /// Host and port of the broker.
    pub(crate) fn address(&self) -> String {
        let url: reqwest::Url = self.url.parse().unwrap();
        format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5672))
    }

    /// The same broker by another way, such as a proxy.
    pub(crate) fn url_by(&self, address: &str) -> String {
        self.url.replacen(&self.address(), address, 1)
    }

    /// Declares the queue that gets every event, before there is one.
    pub(crate) async fn declare_everything(&self) {
        let (connection, channel) = self.channel().await;
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let exchange = self.exchange.as_str().into();
        channel
            .exchange_declare(exchange, ExchangeKind::Topic, durable, FieldTable::default())
            .await
            .unwrap();
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let queue = || self.everything.as_str().into();
        channel.queue_declare(queue(), durable, FieldTable::default()).await.unwrap();
        let (exchange, options) = (self.exchange.as_str().into(), QueueBindOptions::default());
        channel
            .queue_bind(queue(), exchange, "#".into(), options, FieldTable::default())
            .await
            .unwrap();
        connection.close(200, "done".into()).await.unwrap();
    }

    /// Declares the service's queue, before the service does, so that it refuses a second message.
    pub(crate) async fn declare_queue_for_one_message(&self) {
        let (connection, channel) = self.channel().await;
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        channel
            .queue_declare(self.queue.as_str().into(), QueueDeclareOptions::durable(), arguments)
            .await
            .unwrap();
        connection.close(200, "done".into()).await.unwrap();
    }

    /// Declares the service's exchange, before the service does, with an argument that it does not
    /// know.
    pub(crate) async fn declare_exchange_with_an_alternate(&self) {
        let (connection, channel) = self.channel().await;
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let mut arguments = FieldTable::default();
        arguments.insert("alternate-exchange".into(), AMQPValue::LongString("amq.fanout".into()));
        channel
            .exchange_declare(
                self.exchange.as_str().into(),
                ExchangeKind::Topic,
                durable,
                arguments,
            )
            .await
            .unwrap();
        connection.close(200, "done".into()).await.unwrap();
    }

    /// Declares the service's queue, before the service does, as one that a restart of the broker
    /// takes away.
    pub(crate) async fn declare_queue_that_is_not_durable(&self) {
        let (connection, channel) = self.channel().await;
        channel
            .queue_declare(
                self.queue.as_str().into(),
                QueueDeclareOptions::default(),
                FieldTable::default(),
            )
            .await
            .unwrap();
        connection.close(200, "done".into()).await.unwrap();
    }

    pub(crate) async fn delete_exchange(&self) {
        let (connection, channel) = self.channel().await;
        channel
            .exchange_delete(self.exchange.as_str().into(), ExchangeDeleteOptions::default())
            .await
            .unwrap();
        connection.close(200, "done".into()).await.unwrap();
    }

    /// Takes one message out of the service's queue.
    pub(crate) async fn take_one(&self) {
        let (connection, channel) = self.channel().await;
        channel
            .basic_get(self.queue.as_str().into(), BasicGetOptions { no_ack: true })
            .await
            .unwrap()
            .unwrap();
        connection.close(200, "done".into()).await.unwrap();
    }

    /// Deletes the service's queue at a moment when it is empty: what an operator throws away, no
    /// service can bring back.
    pub(crate) async fn delete_empty_queue(&self) -> bool {
        let (connection, channel) = self.channel().await;
        let deleted = channel
            .queue_delete(
                self.queue.as_str().into(),
                QueueDeleteOptions { if_empty: true, ..Default::default() },
            )
            .await;
        // A refusal closes the channel, but not the connection.
        connection.close(200, "done".into()).await.unwrap();
        deleted.is_ok()
    }

    /// How many messages wait in the service's queue; none where there is no queue.
    pub(crate) async fn queue_depth(&self) -> Option<u32> {
        self.depth_of(&self.queue).await
    }

    /// How many wait in the queue that gets every event.
    pub(crate) async fn everything_depth(&self) -> Option<u32> {
        self.depth_of(&self.everything).await
    }

    async fn depth_of(&self, queue: &str) -> Option<u32> {
        let (connection, channel) = self.channel().await;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
        connection.close(200, "done".into()).await.unwrap();
        queue.ok().map(|queue| queue.message_count())
    }

    /// Deletes what it declared, for the other tests' sake.
    pub(crate) async fn remove(&self) {
        self.remove_queues(&[&self.queue, &self.everything]).await;
    }

    /// The same where nothing gets every event.
    pub(crate) async fn remove_own(&self) {
        self.remove_queues(&[&self.queue]).await;
    }

    async fn remove_queues(&self, queues: &[&str]) {
        let (connection, channel) = self.channel().await;
        for &queue in queues {
            channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
        }
        channel
            .exchange_delete(self.exchange.as_str().into(), ExchangeDeleteOptions::default())
            .await
            .unwrap();
        connection.close(200, "done".into()).await.unwrap();
    }

    async fn channel(&self) -> (Connection, Channel) {
        let connection = in_time(
            "a connection to the broker",
            Connection::connect(&self.url, ConnectionProperties::default()),
        )
        .await
        .unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }
}

impl Rabbit {
    pub(crate) async fn start() -> Self {
        Self(Server::start("rabbitmq", &[]).await)
    }

    pub(crate) fn broker(&self) -> Broker {
        Broker::at(format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.0.port))
    }

    /// Ends it in order: also what was declared a moment ago is on disk.
    pub(crate) async fn stop(&self) {
        self.0.stop().await;
    }

    pub(crate) async fn kill(&self) {
        self.0.kill().await;
    }

    pub(crate) async fn start_again(&mut self) {
        self.0.start_again().await;
    }

    pub(crate) fn freeze(&self) {
        self.0.freeze();
    }

    pub(crate) fn thaw(&self) {
        self.0.thaw();
    }

    /// Sets how large messages may be on channels that are opened from now on.
    pub(crate) async fn limit_message_size(&self, bytes: usize) {
        self.0
            .tool(&["eval", &format!("application:set_env(rabbit, max_message_size, {bytes}).")])
            .await;
    }

    /// Sets the alarm that makes it take no messages, or takes it back.
    pub(crate) async fn disk_alarm(&self, on: bool) {
        self.0.tool(&["set_disk_free_limit", if on { "100000GB" } else { "50MB" }]).await;
    }
}

//! The settings of the relay and of its broker, as whoever makes the relay gives them.

use std::time::Duration;

use lapin::uri::AMQPUri;

/// How the relay publishes, whatever the sink is.
#[derive(Debug, Clone, Copy)]
pub struct RelaySettings {
    /// At most so many events are published at once.
    pub batch: u32,
    /// After so many failures of its own an event is given up.
    pub max_attempts: u32,
}

/// How to reach RabbitMQ, and what to use there.
#[derive(Clone)]
pub struct AmqpSettings {
    /// Address, user, password, virtual host. It is never printed.
    pub uri: AMQPUri,
    /// A durable topic exchange: every event goes to it, its type is the routing key.
    pub exchange: String,
    /// The durable queue of the consumers that exist: the types that the catalogue of events marks
    /// as queued go there as well, through the default exchange.
    pub queue: String,
    /// How long a batch may wait for its confirms.
    pub confirm_timeout: Duration,
}

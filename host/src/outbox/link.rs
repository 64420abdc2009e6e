//! The connection to RabbitMQ, kept up for ever: lapin's own recovery gives up after some minutes,
//! ours does not.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::socket::Socket;
use super::{backoff, socket, topology};
use crate::app::App;
use crate::telemetry::causes;

/// Connecting and declaring together.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a connection is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// How to reach RabbitMQ, and what to use there.
#[derive(Clone)]
pub struct AmqpSettings {
    /// Address, user, password, virtual host. It is never printed.
    pub uri: AMQPUri,
    /// A durable topic exchange: every event goes to it, its type is the routing key.
    pub exchange: String,
    /// The durable queue of the consumers that exist: `user.created` goes there as well, through
    /// the default exchange.
    pub queue: String,
    /// How long a batch may wait for its confirms.
    pub confirm_timeout: Duration,
}

/// The connection as it is now.
#[derive(Clone)]
struct State {
    connection: Option<Arc<Connection>>,
    blocked: bool,
    /// A lane found it dead or frozen: why.
    broken: Option<String>,
    /// Why there is no connection, for operators.
    detail: String,
}

impl State {
    fn without(detail: String) -> Self {
        Self { connection: None, blocked: false, broken: None, detail }
    }
}

/// The connection to RabbitMQ and what is known of it.
pub struct Link {
    pub(super) settings: AmqpSettings,
    state: watch::Sender<State>,
}

impl Link {
    /// No connection yet.
    pub fn new(settings: AmqpSettings) -> Self {
        Self { settings, state: watch::Sender::new(State::without("not connected yet".into())) }
    }

    /// What an operator wants to know.
    pub fn status(&self) -> Value {
        let state = self.state.borrow();
        let detail = if state.blocked {
            "the broker blocks publishers: an alarm for its memory or disk"
        } else {
            &state.detail
        };
        json!({ "sink": "rabbitmq", "connected": state.connection.is_some(), "blocked": state.blocked, "detail": detail })
    }

    /// Waits for a connection that takes messages.
    pub(super) async fn connection(&self) -> Arc<Connection> {
        let mut state = self.state.subscribe();
        loop {
            if let Ok(state) =
                state.wait_for(|state| state.connection.is_some() && !state.blocked).await
                && let Some(connection) = &state.connection
            {
                return Arc::clone(connection);
            }
        }
    }

    /// Whether the connection takes messages now.
    pub(super) fn takes_messages(&self) -> bool {
        let state = self.state.borrow();
        state.connection.is_some() && !state.blocked
    }

    /// A connection turned out to be of no use: it is replaced.
    pub(super) fn broken(&self, connection: &Arc<Connection>, error: &str) {
        self.change(connection, |state| {
            state.broken.get_or_insert_with(|| error.to_owned());
        });
    }

    /// The broker does not answer on a connection. One that blocks us is sound: a new connection
    /// would be blocked as well, after it had taken the same messages once more.
    pub(super) fn silent(&self, connection: &Arc<Connection>, error: &str) {
        if !connection.status().blocked() {
            self.broken(connection, error);
        }
    }

    /// What an operator should know of a connection that is in use.
    pub(super) fn in_use(&self, connection: &Arc<Connection>, fault: Option<&str>) {
        self.change(connection, |state| state.detail = connected(fault));
    }

    /// Changes what is known of a connection, where it is still the one in use.
    fn change(&self, connection: &Arc<Connection>, change: impl FnOnce(&mut State)) {
        self.state.send_if_modified(|state| {
            let is_current =
                state.connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection));
            if is_current {
                change(state);
            }
            is_current
        });
    }

    /// Keeps a connection until it is told to stop.
    pub(super) async fn supervise(self: Arc<Self>, app: Arc<App>, stop: CancellationToken) {
        let metrics = &app.services.metrics;
        let mut failures = 0;
        while !stop.is_cancelled() {
            match timeout(CONNECT, self.connect())
                .await
                .unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {CONNECT:?}")))
            {
                Ok((connection, socket, fault)) => {
                    tracing::info!("connected to RabbitMQ");
                    failures = 0;
                    metrics.relay_connected.set(1);
                    metrics.relay_reconnects.inc();
                    let error = self.serve(&app, &connection, fault, &stop).await;
                    metrics.relay_connected.set(0);
                    metrics.relay_blocked.set(0);
                    // A frozen broker does not answer a goodbye either.
                    let _ =
                        timeout(Duration::from_secs(1), connection.close(200, "bye".into())).await;
                    drop(socket);
                    if stop.is_cancelled() {
                        return;
                    }
                    tracing::warn!(
                        error,
                        "the connection to RabbitMQ is lost; events wait in the outbox"
                    );
                }
                Err(error) => {
                    let detail = causes(&error);
                    // Once for each cause: the same line every five seconds would hide the others.
                    if self.state.borrow().detail != detail {
                        tracing::error!(
                            error = detail,
                            "RabbitMQ cannot be used; events wait in the outbox"
                        );
                    }
                    self.state.send_modify(|state| state.detail = detail);
                }
            }
            failures += 1;
            stop.run_until_cancelled(sleep(backoff(
                failures,
                Duration::from_millis(100),
                Duration::from_secs(5),
            )))
            .await;
        }
    }

    async fn connect(&self) -> anyhow::Result<(Arc<Connection>, Socket, Option<String>)> {
        let properties = ConnectionProperties::default().with_connection_name("auth-host".into());
        let (connection, socket) = socket::connect(self.settings.uri.clone(), properties)
            .await
            .context("cannot connect")?;
        let fault = topology::declare(&connection, &self.settings).await?;
        Ok((Arc::new(connection), socket, fault))
    }

    /// Lets lanes use a connection for as long as it is good; why it was not any more.
    async fn serve(
        &self,
        app: &App,
        connection: &Arc<Connection>,
        fault: Option<String>,
        stop: &CancellationToken,
    ) -> String {
        self.state.send_replace(State {
            connection: Some(Arc::clone(connection)),
            ..State::without(connected(fault.as_deref()))
        });
        let mut state = self.state.subscribe();
        let error = loop {
            let broken = async {
                state
                    .wait_for(|state| state.broken.is_some())
                    .await
                    .ok()
                    .and_then(|state| state.broken.clone())
            };
            tokio::select! {
                () = stop.cancelled() => break "stopping".to_owned(),
                Some(error) = broken => break error,
                () = sleep(LOOK) => {}
            }
            let status = connection.status();
            if !status.connected() {
                break "the broker or the network ended it".to_owned();
            }
            let blocked = status.blocked();
            app.services.metrics.relay_blocked.set(i64::from(blocked));
            let before = self.state.borrow().blocked;
            if blocked != before {
                tracing::warn!(
                    blocked,
                    "RabbitMQ blocks publishers, or no longer does (an alarm for its memory or disk)"
                );
                self.state.send_modify(|state| state.blocked = blocked);
            }
        };
        self.state.send_replace(State::without(error.clone()));
        error
    }
}

fn connected(fault: Option<&str>) -> String {
    fault.map_or_else(|| "connected".to_owned(), |fault| format!("connected; {fault}"))
}

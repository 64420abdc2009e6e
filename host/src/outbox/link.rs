//! What is known of the connection to RabbitMQ. The supervisor alone makes and ends connections;
//! lanes wait for one, and tell if it turned out to be of no use. Whatever is said of a connection
//! changes something only if it is still the one in use.

use std::sync::Arc;

use lapin::Connection;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::settings::AmqpSettings;

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

    /// The connection, if it takes messages.
    fn usable(&self) -> Option<&Arc<Connection>> {
        self.connection.as_ref().filter(|_| !self.blocked)
    }
}

/// The connection to `RabbitMQ` and what is known of it.
pub struct Link {
    pub(super) settings: AmqpSettings,
    state: watch::Sender<State>,
}

/// What the sink makes and shows.
impl Link {
    /// There is no connection yet.
    pub(super) fn new(settings: AmqpSettings) -> Self {
        Self { settings, state: watch::Sender::new(State::without("not connected yet".into())) }
    }

    /// What an operator wants to know.
    pub(super) fn status(&self) -> Value {
        let state = self.state.borrow();
        let detail = if state.blocked {
            "the broker blocks publishers: an alarm for its memory or disk"
        } else {
            &state.detail
        };
        json!({
            "sink": "rabbitmq",
            "connected": state.connection.is_some(),
            "blocked": state.blocked,
            "detail": detail,
        })
    }
}

/// What lanes wait for, and what they tell.
impl Link {
    /// Waits for a connection that takes messages.
    pub(super) async fn connection(&self) -> Arc<Connection> {
        self.wait_for(|state| state.usable().map(Arc::clone)).await
    }

    /// Whether the connection takes messages now.
    pub(super) fn takes_messages(&self) -> bool {
        self.state.borrow().usable().is_some()
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

    /// What an operator should change at the broker, found while a connection is in use.
    pub(super) fn in_use(&self, connection: &Arc<Connection>, fault: Option<&str>) {
        self.change(connection, |state| state.detail = connected(fault));
    }
}

/// What the supervisor tells lanes, and hears of them.
impl Link {
    /// Lanes may use this connection from now on.
    pub(super) fn connected(&self, connection: &Arc<Connection>, fault: Option<&str>) {
        self.state.send_replace(State {
            connection: Some(Arc::clone(connection)),
            ..State::without(connected(fault))
        });
    }

    /// The connection must not be used any more.
    pub(super) fn disconnected(&self, detail: String) {
        self.state.send_replace(State::without(detail));
    }

    /// No connection can be made; whether this is another reason than the one before.
    pub(super) fn unusable(&self, detail: &str) -> bool {
        let is_new = self.state.borrow().detail != detail;
        self.state.send_modify(|state| detail.clone_into(&mut state.detail));
        is_new
    }

    /// Whether the broker blocks us; true if that has changed.
    pub(super) fn set_blocked(&self, blocked: bool) -> bool {
        self.state
            .send_if_modified(|state| std::mem::replace(&mut state.blocked, blocked) != blocked)
    }

    /// Waits until a lane finds the connection broken: why.
    pub(super) async fn found_broken(&self) -> String {
        self.wait_for(|state| state.broken.clone()).await
    }
}

impl Link {
    /// Waits until something is found in the state.
    async fn wait_for<T>(&self, find: impl Fn(&State) -> Option<T>) -> T {
        let mut state = self.state.subscribe();
        loop {
            let found = find(&state.borrow_and_update());
            if let Some(found) = found {
                return found;
            }
            // It can only end with the sender, which is ours.
            let _ = state.changed().await;
        }
    }

    /// Changes what is known of a connection, if it is still the one in use.
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
}

fn connected(fault: Option<&str>) -> String {
    fault.map_or_else(|| "connected".to_owned(), |fault| format!("connected; {fault}"))
}

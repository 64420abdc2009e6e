//! Every event that the host publishes: its type, when, and what its body holds. The code that
//! appends them, the topology at the broker and the table in `docs/architecture.md` follow from
//! this list.

use serde_json::{Map, Value, json};

/// A type of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// The routing key, and the message's property `type`.
    pub name: &'static str,
    /// What has happened, for people.
    pub when: &'static str,
    /// The members of the body.
    pub body: &'static [&'static str],
    /// Whether it also goes to the queue of the consumers that were there before this service
    /// (`AMQP_QUEUE`).
    pub queued: bool,
}

/// As its consumers expect it: an absent member is an empty string.
pub const USER_CREATED: EventType = EventType {
    name: "user.created",
    when: "an account was created",
    body: &["user_id", "email", "phone", "name", "surname", "fathers_name", "birth_date"],
    queued: true,
};

/// A thief, or a client that lost an answer: the session was revoked.
pub const SESSION_REUSE_DETECTED: EventType = EventType {
    name: "session.reuse_detected",
    when: "a replaced refresh token came back after its window",
    body: &["user_id", "session_id"],
    queued: false,
};

/// A fresh release failed and fell back to the one before it, or a candidate was taken out.
pub const POLICY_ROLLED_BACK: EventType = EventType {
    name: "policy.rolled_back",
    when: "a release of a policy failed, fresh or being tried, and was taken back",
    body: &["place", "from", "to", "reason", "calls", "faults", "replicas"],
    queued: false,
};

/// All of the host's own. Those of policies are called `custom.<policy>.<event>`.
pub const ALL: [EventType; 3] = [USER_CREATED, SESSION_REUSE_DETECTED, POLICY_ROLLED_BACK];

/// Whether events of this type also go to the queue.
pub fn is_queued(event_type: &str) -> bool {
    ALL.iter().any(|known| known.queued && known.name == event_type)
}

/// An event to append to the outbox; the store adds `user_id` to its data.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub event_type: String,
    /// The body, without `user_id`.
    pub data: Map<String, Value>,
    /// Events of one key are published in order. If there is none, the account's id is the key.
    pub ordering_key: Option<String>,
    /// Of the request that caused it (W3C Trace Context).
    pub traceparent: Option<String>,
}

impl NewEvent {
    /// An account was created with these attributes.
    pub fn user_created(email: &str, attributes: &Map<String, Value>, traceparent: &str) -> Self {
        let text = |name: &str| match attributes.get(name) {
            _ if name == "email" => email.to_owned(),
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            // Consumers expect strings, whatever a policy chose to store.
            Some(other) => other.to_string(),
        };
        let members = USER_CREATED.body.iter().filter(|name| **name != "user_id");
        let data = members.map(|name| ((*name).to_owned(), Value::String(text(name)))).collect();
        Self::of_host(USER_CREATED, data, traceparent)
    }

    /// A replaced refresh token of this session came back.
    pub fn session_reuse_detected(session_id: &str, traceparent: &str) -> Self {
        let data = Map::from_iter([("session_id".to_owned(), json!(session_id))]);
        Self::of_host(SESSION_REUSE_DETECTED, data, traceparent)
    }

    /// A release fell back or was taken out, with the reason, and how many calls it had, how many
    /// of them it spoiled, on how many replicas. It belongs to no account.
    pub fn policy_rolled_back(
        place: &str,
        (from, to): (i64, i64),
        reason: &str,
        (calls, faults, replicas): (u64, u64, usize),
    ) -> Self {
        let data = json!({
            "place": place, "from": from, "to": to, "reason": reason,
            "calls": calls, "faults": faults, "replicas": replicas,
        });
        Self {
            event_type: POLICY_ROLLED_BACK.name.to_owned(),
            data: data.as_object().cloned().unwrap_or_default(),
            ordering_key: Some(format!("policy:{place}")),
            traceparent: None,
        }
    }

    /// What a policy appended: nothing that it says can look like an event of the host's own, and
    /// its ordering keys are a space of their own.
    pub fn of_policy(
        policy: &str,
        event: &str,
        data: Map<String, Value>,
        key: Option<&str>,
        traceparent: &str,
    ) -> Self {
        Self {
            event_type: format!("custom.{policy}.{event}"),
            data,
            ordering_key: key.map(|key| format!("custom:{policy}:{key}")),
            traceparent: Some(traceparent.to_owned()),
        }
    }

    fn of_host(event_type: EventType, data: Map<String, Value>, traceparent: &str) -> Self {
        Self {
            event_type: event_type.name.to_owned(),
            data,
            ordering_key: None,
            traceparent: Some(traceparent.to_owned()),
        }
    }

    /// The body as it is published: the account first, then the event's own data.
    pub fn payload(&self, user_id: i64) -> String {
        let own = self.data.iter().filter(|(name, _)| *name != "user_id");
        let mut data = Map::with_capacity(self.data.len() + 1);
        data.insert("user_id".into(), Value::from(user_id));
        data.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        Value::Object(data).to_string()
    }

    /// The body of one that belongs to no account.
    pub fn payload_of_none(&self) -> String {
        Value::Object(self.data.clone()).to_string()
    }

    /// What one is ordered by that belongs to no account: if it has no key, its type.
    pub fn key_of_none(&self) -> String {
        self.ordering_key.clone().unwrap_or_else(|| self.event_type.clone())
    }

    /// What it is ordered by.
    pub fn key(&self, user_id: i64) -> String {
        self.ordering_key.clone().unwrap_or_else(|| user_id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of the table in `docs/architecture.md`.
    fn row(event: EventType) -> String {
        let members: Vec<String> = event.body.iter().map(|name| format!("`{name}`")).collect();
        format!("| `{}` | {} | {}", event.name, event.when, members.join(", "))
    }

    #[test]
    fn the_documentation_lists_every_event_as_it_is() {
        let text = include_str!("../../docs/architecture.md");
        for event in ALL {
            assert!(text.contains(&row(event)), "docs/architecture.md lacks {:?}", row(event));
        }
    }

    #[test]
    fn the_body_holds_the_members_that_the_catalogue_names_and_no_others() {
        let attributes = Map::from_iter([
            ("phone".to_owned(), json!("+79999999999")),
            ("surname".to_owned(), Value::Null),
            ("plan".to_owned(), json!("gold")),
        ]);
        let events = [
            (USER_CREATED, NewEvent::user_created("a@b.example", &attributes, "trace")),
            (SESSION_REUSE_DETECTED, NewEvent::session_reuse_detected("a session", "trace")),
        ];
        for (event_type, event) in events {
            assert_eq!(event.event_type, event_type.name);
            let body: Map<String, Value> = serde_json::from_str(&event.payload(7)).unwrap();
            assert_eq!(body.keys().collect::<Vec<_>>(), event_type.body);
            assert_eq!(body["user_id"], 7);
        }
    }

    #[test]
    fn an_event_of_a_place_holds_what_the_catalogue_names_and_no_account() {
        let event = NewEvent::policy_rolled_back("login", (42, 41), "it fails", (500, 5, 3));
        let body: Map<String, Value> = serde_json::from_str(&event.payload_of_none()).unwrap();
        assert_eq!(event.event_type, POLICY_ROLLED_BACK.name);
        assert_eq!(body.keys().collect::<Vec<_>>(), POLICY_ROLLED_BACK.body);
        assert_eq!(
            (&body["from"], &body["to"], &body["faults"]),
            (&json!(42), &json!(41), &json!(5))
        );
        assert_eq!(event.key_of_none(), "policy:login");
    }
}

//! What must hold after any fault:
//!
//! - an account for which a client got 200 exists, under the id that it was told, and can log in;
//! - a client that got another answer, or none, finds the account whole (it can log in, its event
//!   comes) or absent;
//! - each account has its `user.created` delivered, once or more, under one message id; nothing is
//!   delivered for an account that does not exist;
//! - each committed event is delivered, and nothing that was not committed is;
//! - the first deliveries of an account's events come in the order in which they were committed.

use std::collections::{HashMap, HashSet};

use super::load::{Attempt, Outcome};
use crate::support::Message;

/// Sequence, message id, type, key, and whether it was given up.
pub(super) type OutboxRow = (i64, String, String, String, bool);

/// All that is known afterwards.
pub(super) struct Evidence {
    pub(super) attempts: Vec<Attempt>,
    /// For each attempt, the status of a login afterwards.
    pub(super) logins: Vec<u16>,
    /// Ids and addresses, by the database.
    pub(super) accounts: Vec<(i64, String)>,
    /// In order of their sequence.
    pub(super) outbox: Vec<OutboxRow>,
    /// What the service's queue delivered.
    pub(super) created: Vec<Message>,
    /// What a queue delivered that gets every event.
    pub(super) everything: Vec<Message>,
}

impl Evidence {
    /// Every fault, in words.
    pub(super) fn judge(&self) -> Vec<String> {
        [
            self.faults_of_accounts(),
            self.losses(),
            self.faults_of_messages(),
            self.faults_of_order(),
        ]
        .concat()
    }

    /// What was seen, in numbers.
    pub(super) fn summary(&self) -> String {
        let unanswered =
            self.attempts.iter().filter(|attempt| attempt.outcome == Outcome::NoAnswer).count();
        let refused = self
            .attempts
            .iter()
            .filter(|attempt| matches!(attempt.outcome, Outcome::Refused(_)))
            .count();
        let messages = self.created.len() + self.everything.len();
        let duplicates = self.duplicates();
        format!(
            "{} registrations ({refused} refused, {unanswered} without an answer), {} accounts, {} \
             events, {messages} messages ({} redelivered), \
             {duplicates} duplicates, {} losses",
            self.attempts.len(),
            self.accounts.len(),
            self.outbox.len(),
            self.created
                .iter()
                .chain(&self.everything)
                .filter(|message| message.redelivered)
                .count(),
            self.losses().len(),
        )
    }

    /// Messages beyond the first of an event in a queue.
    pub(super) fn duplicates(&self) -> usize {
        [&self.created, &self.everything]
            .iter()
            .map(|messages| messages.len() - ids(messages).len())
            .sum()
    }

    fn faults_of_accounts(&self) -> Vec<String> {
        let accounts: HashMap<&str, i64> =
            self.accounts.iter().map(|(id, email)| (email.as_str(), *id)).collect();
        let mut found = Vec::new();
        for (attempt, login) in self.attempts.iter().zip(&self.logins) {
            let (email, outcome) = (attempt.person.email.as_str(), attempt.outcome);
            let account = accounts.get(email).copied();
            let right = match outcome {
                Outcome::Accepted(user_id) => account == Some(user_id),
                Outcome::NoAnswer => true,
                // 409 says that it was carried out twice; nothing else is wrong with these
                // requests.
                Outcome::Refused(status) => status >= 500,
            };
            if !right {
                found.push(format!(
                    "{email} was answered with {outcome:?}, and its account is {account:?}"
                ));
            }
            if *login != if account.is_some() { 200 } else { 401 } {
                found.push(format!(
                    "{email} was answered with {outcome:?}, its account is \
                     {account:?}, and a login gets {login}"
                ));
            }
        }
        let known: HashSet<&str> =
            self.attempts.iter().map(|attempt| attempt.person.email.as_str()).collect();
        let strangers = self.accounts.iter().filter(|(_, email)| !known.contains(email.as_str()));
        found.extend(strangers.map(|(_, email)| format!("nobody registered {email}")));
        found
    }

    /// What is missing.
    fn losses(&self) -> Vec<String> {
        let (created, everything) = (ids(&self.created), ids(&self.everything));
        let mut events: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut found = Vec::new();
        for (sequence, message_id, kind, key, dead) in &self.outbox {
            if kind == "user.created" {
                events.entry(key).or_default().push(message_id);
                if !created.contains(message_id.as_str()) {
                    found.push(format!(
                        "the service's queue did not get the event {sequence} \
                         ({message_id}) of account {key}"
                    ));
                }
            }
            if !everything.contains(message_id.as_str()) {
                found.push(format!(
                    "the queue of all events did not get the event {sequence} \
                     ({kind}, {message_id}) of account {key}"
                ));
            }
            if *dead {
                found.push(format!("the event {sequence} ({kind}, {message_id}) was given up"));
            }
        }
        for (user_id, email) in &self.accounts {
            let own = events.get(user_id.to_string().as_str()).map_or(&[][..], Vec::as_slice);
            if own.len() != 1 {
                found.push(format!(
                    "the account {user_id} ({email}) has {} events user.created",
                    own.len()
                ));
            }
        }
        found
    }

    fn faults_of_messages(&self) -> Vec<String> {
        let committed: HashMap<&str, &OutboxRow> =
            self.outbox.iter().map(|row| (row.1.as_str(), row)).collect();
        let accounts: HashMap<i64, &str> =
            self.accounts.iter().map(|(id, email)| (*id, email.as_str())).collect();
        let mut found = Vec::new();
        for message in self.created.iter().chain(&self.everything) {
            let user_id = message.body["user_id"].as_i64().unwrap_or_default();
            let account = accounts.get(&user_id);
            let is_committed = committed
                .get(message.id.as_str())
                .is_some_and(|row| row.2 == message.kind && row.3 == user_id.to_string());
            let is_whole = message.delivery_mode == 2
                && message.content_type == "application/json"
                && message.timestamp > 0
                && message.headers.get("cloudEvents_id") == Some(&message.id);
            let is_own = message.kind != "user.created"
                || account.is_some_and(|email| message.body["email"] == *email);
            if account.is_none() || !is_committed || !is_whole || !is_own {
                found.push(format!(
                    "a message that nothing in the database stands for: {message:?}"
                ));
            }
        }
        let strays = self.created.iter().filter(|message| message.kind != "user.created");
        found.extend(strays.map(|message| format!("not for the service's queue: {message:?}")));
        found
    }

    fn faults_of_order(&self) -> Vec<String> {
        let sequences: HashMap<&str, i64> =
            self.outbox.iter().map(|row| (row.1.as_str(), row.0)).collect();
        let (mut seen, mut last) = (HashSet::new(), HashMap::new());
        let mut found = Vec::new();
        for message in &self.everything {
            let Some(sequence) = sequences.get(message.id.as_str()).copied() else { continue };
            if seen.insert(sequence) {
                let key = message.body["user_id"].as_i64();
                let before = last.insert(key, sequence).unwrap_or_default();
                if before > sequence {
                    found.push(format!(
                        "the event {sequence} of account {key:?} came after {before}"
                    ));
                }
            }
        }
        found
    }
}

fn ids(messages: &[Message]) -> HashSet<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

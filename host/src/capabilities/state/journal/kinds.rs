//! What each kind of question is answered, and what a shadow that asks it anew is told.

use super::answers::{Answers, Question, Told};
use super::questions::{
    BreachPrefix, FindByEmail, Hit, HttpSend, IsBreached, IsInBreach, Limits, OpenSessions,
    RandomBytes, StorageGet, Strength, Verify,
};
use super::sizes;
use super::wrote::Wrote;
use crate::contract::bindings::passwords::Verification;
use crate::outgoing::OutgoingResponse;
use crate::store::{Account, Session};

/// Something of it was written: what stands there now is not what stood there then.
const READS_A_WRITE: &str = "reads_a_write";

impl Question for FindByEmail {
    type Answer = Option<Account>;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.accounts
    }

    fn untold(&self, wrote: &Wrote) -> Option<&'static str> {
        wrote.account.then_some(READS_A_WRITE)
    }

    /// What verifies a password does not run in a shadow, and no policy sees a hash.
    fn kept(answer: &Self::Answer) -> Self::Answer {
        answer.as_ref().map(without_hash)
    }

    fn bytes(&self) -> usize {
        self.email.len() + self.spelling.len()
    }

    fn answer_bytes(answer: &Self::Answer) -> usize {
        answer.as_ref().map_or(0, sizes::account)
    }
}

impl Question for StorageGet {
    type Answer = Option<Vec<u8>>;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.storage
    }

    fn untold(&self, wrote: &Wrote) -> Option<&'static str> {
        wrote.storage.contains(&self.key).then_some(READS_A_WRITE)
    }

    fn bytes(&self) -> usize {
        self.key.len()
    }

    fn answer_bytes(answer: &Self::Answer) -> usize {
        answer.as_ref().map_or(0, Vec::len)
    }
}

impl Question for OpenSessions {
    type Answer = Vec<Session>;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.sessions
    }

    fn untold(&self, wrote: &Wrote) -> Option<&'static str> {
        wrote.sessions.then_some(READS_A_WRITE)
    }

    fn answer_bytes(answer: &Self::Answer) -> usize {
        answer.iter().map(sizes::session).sum()
    }
}

impl Question for Verify {
    type Answer = Verification;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.verifications
    }

    fn untold(&self, _wrote: &Wrote) -> Option<&'static str> {
        Some("asks_verify")
    }

    fn bytes(&self) -> usize {
        self.limits.bytes()
    }
}

impl Question for Hit {
    type Answer = Option<u32>;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.hits
    }

    fn untold(&self, _wrote: &Wrote) -> Option<&'static str> {
        Some("asks_throttle")
    }

    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

impl Question for Strength {
    type Answer = u8;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.strengths
    }

    fn untold(&self, _wrote: &Wrote) -> Option<&'static str> {
        Some("asks_strength")
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|hint| hint.len() + size_of::<String>()).sum()
    }
}

impl Question for IsBreached {
    type Answer = bool;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.breaches
    }

    fn untold(&self, _wrote: &Wrote) -> Option<&'static str> {
        Some("asks_is_breached")
    }
}

/// 20 bits of a hash, kept as long as the recording: without them a shadow could not ask what the
/// call asked.
impl Question for BreachPrefix {
    type Answer = String;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.breach_prefixes
    }

    fn untold(&self, _wrote: &Wrote) -> Option<&'static str> {
        Some("asks_breach_prefix")
    }

    fn answer_bytes(answer: &Self::Answer) -> usize {
        answer.len()
    }
}

impl Question for IsInBreach {
    /// The number, of which a policy is told one bit: another one may ask for another bit.
    type Answer = u32;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.in_breaches
    }

    fn untold(&self, _wrote: &Wrote) -> Option<&'static str> {
        Some("asks_is_in_breach")
    }

    fn bytes(&self) -> usize {
        self.answer.len()
    }
}

impl Question for RandomBytes {
    type Answer = Vec<u8>;
    /// Whoever asks for more gets other bytes.
    const REPEATS: bool = false;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.random
    }

    fn untold(&self, _wrote: &Wrote) -> Option<&'static str> {
        None
    }

    fn answer_bytes(answer: &Self::Answer) -> usize {
        answer.len()
    }
}

impl Question for HttpSend {
    type Answer = OutgoingResponse;

    fn told(answers: &mut Answers) -> &mut Told<Self> {
        &mut answers.http
    }

    /// What a shadow would ask has effects elsewhere.
    fn untold(&self, _wrote: &Wrote) -> Option<&'static str> {
        Some("asks_outside")
    }

    fn answer_bytes(answer: &Self::Answer) -> usize {
        sizes::response(answer)
    }
}

impl Limits {
    fn bytes(&self) -> usize {
        self.0.iter().map(|(key, ..)| key.len() + size_of::<(Vec<u8>, u32, u32)>()).sum()
    }
}

fn without_hash(account: &Account) -> Account {
    Account { password_hash: String::new(), ..account.clone() }
}

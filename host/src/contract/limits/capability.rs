//! The bounds of single capabilities. Texts for people are measured in characters and cut off; what
//! is beyond another bound is a failure that the policy sees, unless its line says otherwise.

/// Of the account, and of the attributes of a new one.
#[derive(Debug, Clone)]
pub struct AccountLimits {
    /// Attributes written in one call.
    pub attributes: usize,
    /// Bytes of an attribute's name.
    pub attribute_name_bytes: usize,
    /// Bytes of an attribute's JSON.
    pub attribute_bytes: usize,
    /// Characters of the reason why an account is disabled.
    pub reason_characters: usize,
}

impl Default for AccountLimits {
    fn default() -> Self {
        Self {
            attributes: 16,
            attribute_name_bytes: 32,
            attribute_bytes: 4 << 10,
            reason_characters: 256,
        }
    }
}

/// Of questions about the password.
#[derive(Debug, Clone)]
pub struct PasswordLimits {
    /// Questions of `strength` and `is-breached` together in one call: each may take a core for a
    /// second.
    pub estimates: u32,
    /// Characters of a password that are estimated. zxcvbn's time grows faster than its input; what
    /// is longer is strong or a repetition.
    pub estimated_characters: usize,
    /// Hints of one question.
    pub hints: usize,
    /// Characters of a hint.
    pub hint_characters: usize,
    /// Bytes of an answer that `is-in-breach` looks through.
    pub breach_bytes: usize,
}

impl Default for PasswordLimits {
    fn default() -> Self {
        Self {
            estimates: 2,
            estimated_characters: 72,
            hints: 16,
            hint_characters: 64,
            breach_bytes: 256 << 10,
        }
    }
}

/// Of the account's sessions.
#[derive(Debug, Clone)]
pub struct SessionLimits {
    /// Sessions that are listed.
    pub listed: u32,
    /// Sessions revoked in one call.
    pub revocations: usize,
    /// Characters of the reason of a revocation.
    pub reason_characters: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { listed: 32, revocations: 32, reason_characters: 256 }
    }
}

/// Of an acceptance's claims.
#[derive(Debug, Clone)]
pub struct ClaimLimits {
    /// Bytes of a claim's name.
    pub name_bytes: usize,
    /// Bytes of all claims of an acceptance, names and JSON.
    pub bytes: usize,
}

impl Default for ClaimLimits {
    fn default() -> Self {
        Self { name_bytes: 32, bytes: 2 << 10 }
    }
}

/// Of the slot's own rows.
#[derive(Debug, Clone)]
pub struct StorageLimits {
    /// Writes buffered in one call.
    pub writes: usize,
    /// Bytes of a key; it has one at least.
    pub key_bytes: usize,
    /// Bytes of a value.
    pub value_bytes: usize,
    /// Seconds that a row lives if the policy does not say less; more is cut off.
    pub seconds: u32,
    /// Rows that a slot may keep.
    pub rows: i64,
    /// Bytes that a slot may keep.
    pub bytes: i64,
}

impl Default for StorageLimits {
    fn default() -> Self {
        Self {
            writes: 16,
            key_bytes: 256,
            value_bytes: 16 << 10,
            seconds: 400 * 86_400,
            rows: 1_000_000,
            bytes: 256 << 20,
        }
    }
}

/// Of counters against abuse.
#[derive(Debug, Clone)]
pub struct ThrottleLimits {
    /// Limits that one hit counts against.
    pub limits: usize,
    /// Keys forgotten in one call.
    pub clears: usize,
    /// Bytes of a key; it has one at least.
    pub key_bytes: usize,
    /// Hits that a limit may allow; it allows one at least.
    pub most: u32,
    /// Seconds of a window; it has one at least.
    pub window_seconds: u32,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self { limits: 8, clears: 8, key_bytes: 512, most: 1_000_000, window_seconds: 86_400 }
    }
}

#[derive(Debug, Clone)]
pub struct OutboxLimits {
    /// Events appended in one call.
    pub events: usize,
    /// Bytes of an event's data.
    pub data_bytes: usize,
    /// Bytes of an ordering key; it has one at least.
    pub key_bytes: usize,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self { events: 8, data_bytes: 16 << 10, key_bytes: 128 }
    }
}

/// Of the slot's own series.
#[derive(Debug, Clone)]
pub struct MetricLimits {
    /// Bytes of a metric's name, and of a label's.
    pub name_bytes: usize,
    /// Labels of a metric.
    pub labels: usize,
    /// Characters of a label's value.
    pub value_characters: usize,
    /// Series of a slot, all its metrics together, until the host restarts.
    pub series: usize,
    /// What a counter counts up to, and the most that is observed: whole numbers are exact so far.
    pub most: u64,
}

impl Default for MetricLimits {
    fn default() -> Self {
        Self { name_bytes: 48, labels: 4, value_characters: 64, series: 100, most: 1 << 53 }
    }
}

/// Of lines in the host's log.
#[derive(Debug, Clone)]
pub struct LogLimits {
    /// Lines of one call; further ones are dropped and counted.
    pub lines: u32,
    /// Characters of a line's message.
    pub message_characters: usize,
    /// Fields of a line; further ones are dropped.
    pub fields: usize,
    /// Characters of a field's name.
    pub name_characters: usize,
    /// Characters of a field's value.
    pub value_characters: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            lines: 32,
            message_characters: 1024,
            fields: 16,
            name_characters: 32,
            value_characters: 256,
        }
    }
}

/// Of requests to other services. What one request may hold is bounded where it is sent, for
/// whoever sends it.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// Requests sent in one call.
    pub sends: u32,
    /// A request ends so many milliseconds before the call's time is up: what is left is for the
    /// policy, to decide without an answer.
    pub spared_milliseconds: u32,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { sends: 4, spared_milliseconds: 100 }
    }
}

/// Of what a caller is told with a "no".
#[derive(Debug, Clone)]
pub struct RefusalLimits {
    /// Characters of its code: the most that a manifest can declare.
    pub code_characters: usize,
    /// Characters of its message.
    pub message_characters: usize,
    /// Fields named; further ones are dropped.
    pub fields: usize,
    /// Characters of a field's name.
    pub field_characters: usize,
    /// Characters of a field's code.
    pub field_code_characters: usize,
    /// Characters of a field's message.
    pub field_message_characters: usize,
    /// Seconds of `Retry-After`; more is cut off.
    pub retry_after_seconds: u32,
}

impl Default for RefusalLimits {
    fn default() -> Self {
        Self {
            code_characters: 48,
            message_characters: 256,
            fields: 16,
            field_characters: 64,
            field_code_characters: 64,
            field_message_characters: 256,
            retry_after_seconds: 86_400,
        }
    }
}

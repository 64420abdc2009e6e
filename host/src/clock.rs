//! Time, passed in: nothing else in the host reads the system's clock for a decision, so expiry and
//! rotation are plain tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

/// Milliseconds since the Unix epoch, UTC: the form in which times are stored.
pub type Timestamp = i64;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    System,
    /// A clock that a test moves: the machine's, plus this many milliseconds.
    Shifted(Arc<AtomicI64>),
    /// The database's clock, as it was last read: replicas agree, whatever their machines say.
    Database(Arc<Read>),
}

/// What a clock was read as, and when, by a clock that never jumps.
#[derive(Debug)]
pub struct Read {
    begun: Instant,
    at_beginning: AtomicI64,
}

/// A time as people and machines read it: RFC 3339, UTC.
pub fn moment(time: Timestamp) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(time) * 1_000_000).ok();
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_else(|| time.to_string())
}

/// The end of a day (`2027-01-31`, UTC), or a moment (RFC 3339).
pub fn end_of(text: &str) -> Result<Timestamp, String> {
    let day = || Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?.next_day();
    let moment = OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .or_else(|| Some(day()?.with_time(Time::MIDNIGHT).assume_utc()));
    let moment = moment
        .ok_or("is neither a day such as 2027-01-31 nor a moment such as 2027-01-31T18:00:00Z")?;
    Timestamp::try_from(moment.unix_timestamp_nanos() / 1_000_000)
        .map_err(|_| "is out of range".into())
}

impl Clock {
    /// A clock that [`Clock::advance`] can move.
    pub fn shifted() -> Self {
        Self::Shifted(Arc::default())
    }

    /// A clock that follows a database's. Until it is first set it says what the machine's says.
    pub fn database() -> Self {
        Self::Database(Arc::new(Read {
            begun: Instant::now(),
            at_beginning: AtomicI64::new(system()),
        }))
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => system(),
            Self::Shifted(by) => system() + by.load(Ordering::SeqCst),
            Self::Database(read) => {
                read.at_beginning.load(Ordering::SeqCst) + milliseconds(read.begun.elapsed())
            }
        }
    }

    /// The time, unless it is the database's: whoever asks the database has it say so itself, which
    /// is right also just after another server took over.
    pub fn unless_of_database(&self) -> Option<Timestamp> {
        match self {
            Self::System | Self::Shifted(_) => Some(self.now()),
            Self::Database(_) => None,
        }
    }

    /// Says what the database's clock showed at that instant.
    pub fn set(&self, time: Timestamp, at: Instant) {
        if let Self::Database(read) = self {
            read.at_beginning.store(
                time - milliseconds(at.saturating_duration_since(read.begun)),
                Ordering::SeqCst,
            );
        }
    }

    /// Moves a shifted clock forward; the machine's own clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Self::Shifted(shift) = self {
            shift.fetch_add(milliseconds(by), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn system() -> Timestamp {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, milliseconds)
}

/// A duration as milliseconds, saturating.
pub fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

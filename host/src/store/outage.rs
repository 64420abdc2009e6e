//! Why the database does not take what requests ask of it, in words for an operator. It is told in
//! `/readyz`, in the log and as the label of a metric.
//!
//! The rule: what the operator has to mend is told as what it is, and never as a database that is
//! merely away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use sqlx::sqlite::SqliteError;

/// Why the database serves no requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// It does not answer.
    Away,
    /// There is no room for a write.
    Full,
    /// It answers, and takes no writes.
    ReadOnly,
    /// Another process holds `SQLite`'s write lock for longer than a request waits.
    Locked,
    /// The disk does not read or write.
    Disk,
    /// `SQLite`'s file is not the one at its path any more.
    TakenAway,
    /// `SQLite`'s file holds what `SQLite` did not write. It does not pass by itself.
    Damaged,
}

impl Outage {
    /// All of them, in the order in which they are declared.
    pub const ALL: [Self; 7] = [
        Self::Away,
        Self::Full,
        Self::ReadOnly,
        Self::Locked,
        Self::Disk,
        Self::TakenAway,
        Self::Damaged,
    ];

    /// The metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Locked => "locked",
            Self::Disk => "disk",
            Self::TakenAway => "taken_away",
            Self::Damaged => "damaged",
        }
    }

    /// What is wrong, and what to do.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Away => "the database does not answer",
            Self::Full => {
                "the database takes no writes: its disk is full; make room, and the service goes \
                 on by itself"
            }
            Self::ReadOnly => {
                "the database takes no writes: its server, disk or file is read-only; make it \
                 writable, and the service goes on by itself"
            }
            Self::Locked => {
                "the database takes no writes: another process holds the lock of its file; end it, \
                 and the service goes on by itself"
            }
            Self::Disk => {
                "the database's disk does not write or read, as one that the kernel made \
                 read-only; look into the kernel's log, and mend or replace the disk"
            }
            Self::TakenAway => {
                "the database's file, or its -wal, was taken away or replaced; stop the service, \
                 put both back or restore a backup, and start it"
            }
            Self::Damaged => {
                "the database's file is damaged; stop the service, restore a backup, and start it"
            }
        }
    }

    /// What an error says about the database; none if it says nothing but that this question
    /// failed.
    pub(super) fn of(error: &sqlx::Error) -> Option<Self> {
        let sqlx::Error::Database(error) = error else { return None };
        let code = error.code()?;
        if error.try_downcast_ref::<SqliteError>().is_none() {
            // SQLSTATE.
            return match &*code {
                "25006" => Some(Self::ReadOnly),
                "53100" => Some(Self::Full),
                _ => None,
            };
        }
        // The low byte of https://www.sqlite.org/rescode.html says which kind it is.
        match code.parse::<u32>().ok()? & 0xff {
            5 => Some(Self::Locked),
            8 => Some(Self::ReadOnly),
            10 | 14 => Some(Self::Disk),
            11 | 26 => Some(Self::Damaged),
            13 => Some(Self::Full),
            _ => None,
        }
    }

    /// The same of an error whose causes hold one of the database's.
    pub fn told_by(error: &anyhow::Error) -> Option<Self> {
        error.chain().find_map(|cause| Self::of(cause.downcast_ref()?))
    }

    /// Whether a commit that ended with it is known not to have happened. Of others of a disk
    /// nobody knows what it kept.
    pub(super) const fn is_before_a_commit(self) -> bool {
        matches!(self, Self::Full | Self::ReadOnly | Self::Locked)
    }
}

/// The outage that was seen last and is not known to be over. All clones are one.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<AtomicU8>);

impl Seen {
    pub(super) fn outage(&self) -> Option<Outage> {
        let number = usize::from(self.0.load(Ordering::Acquire));
        Outage::ALL.get(number.checked_sub(1)?).copied()
    }

    /// One that does not pass by itself stays.
    pub(super) fn note(&self, outage: Outage) {
        if self.outage() != Some(Outage::Damaged) {
            self.0.store(outage as u8 + 1, Ordering::Release);
        }
    }

    /// A write went well.
    pub(super) fn over(&self) {
        if self.outage() != Some(Outage::Damaged) {
            self.0.store(0, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_stays_until_it_is_over_and_damage_stays() {
        let seen = Seen::default();
        assert_eq!(seen.outage(), None);
        for outage in Outage::ALL {
            seen.note(outage);
            assert_eq!(seen.clone().outage(), Some(outage));
        }
        seen.over();
        seen.note(Outage::Full);
        assert_eq!(seen.outage(), Some(Outage::Damaged));
    }

    #[tokio::test]
    async fn a_database_that_is_none_is_told_as_damaged() {
        use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("auth.sqlite");
        std::fs::write(&file, [b'x'; 8192]).unwrap();
        let mut connection = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
        let error =
            sqlx::query("SELECT * FROM sqlite_schema").execute(&mut connection).await.unwrap_err();
        assert_eq!(Outage::of(&error), Some(Outage::Damaged));
    }
}

//! The settings of sessions and tokens.

use std::time::Duration;

use super::reader::{Reader, Secret};
use super::values::{between, duration, end_of, number};
use crate::clock::Timestamp;
use crate::decisions::Lifetimes;

/// Of sessions and tokens.
#[derive(Clone)]
pub struct SessionConfig {
    /// `AUTH_JWT_SECRET`: at least 32 bytes; what the gateway checks access tokens with. Made once
    /// and kept if `ENV=local`.
    pub jwt_secret: Option<Secret>,
    /// `AUTH_MASTER_SECRET`: at least 32 bytes; keys for everything else are derived from it.
    /// Unset: one random value in the database.
    pub master_secret: Option<Secret>,
    /// `AUTH_ACCESS_TOKEN_TTL`, default `30m`. `AUTH_REFRESH_TOKEN_TTL`, default `168h`.
    /// `AUTH_REFRESH_GRACE_PERIOD`, default `10s`; `0` turns it off. `AUTH_SESSION_MAX_LIFETIME`,
    /// default `2160h`.
    pub lifetimes: Lifetimes,
    /// `AUTH_REFRESH_ROTATIONS_PER_MINUTE`, default `60`: how often one session gets new tokens.
    pub rotations_per_minute: u32,
    /// `AUTH_LEGACY_REFRESH_UNTIL`, default never: until then refresh tokens of the old service are
    /// taken, each once. A day, to its end (UTC), or an RFC 3339 moment.
    pub legacy_refresh_until: Option<Timestamp>,
}

impl SessionConfig {
    /// `signs`: whether the secret of access tokens must be there.
    pub(super) fn read(read: &mut Reader<'_>, signs: bool) -> Self {
        let (seconds, hours) =
            (Duration::from_secs, |hours: u64| Duration::from_secs(hours * 3600));
        let positive = between(Duration::from_millis(1), hours(10 * 365 * 24), duration);
        Self {
            jwt_secret: read.secret("AUTH_JWT_SECRET", signs),
            master_secret: read.secret("AUTH_MASTER_SECRET", false),
            lifetimes: Lifetimes {
                access_token: read.value(
                    "AUTH_ACCESS_TOKEN_TTL",
                    seconds(30 * 60),
                    between(seconds(1), hours(24), duration),
                ),
                refresh_token: read.value(
                    "AUTH_REFRESH_TOKEN_TTL",
                    hours(168),
                    between(seconds(1), hours(366 * 24), duration),
                ),
                grace_period: read.value(
                    "AUTH_REFRESH_GRACE_PERIOD",
                    seconds(10),
                    between(Duration::ZERO, seconds(300), duration),
                ),
                session: read.value("AUTH_SESSION_MAX_LIFETIME", hours(2160), positive),
            },
            rotations_per_minute: read.value(
                "AUTH_REFRESH_ROTATIONS_PER_MINUTE",
                60,
                between(1, 1_000_000, number),
            ),
            legacy_refresh_until: read
                .value("AUTH_LEGACY_REFRESH_UNTIL", None, |text| end_of(text).map(Some)),
        }
    }
}

//! Who may do what: a token is looked up by its name, compared with what is kept, and believed for
//! two seconds, so that a revocation takes effect within that time on every replica.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::IntCounterVec;
use tokio::time::Instant;

use super::attempts::Attempts;
use super::codes;
use super::refusals::of_store;
use super::tokens::{LOCAL, Presented};
use crate::clock::milliseconds;
use crate::errors::ApiError;
use crate::metrics::{Meter, MeterError};
use crate::store::Store;
use crate::store::registry::{AdminToken, Role};
use crate::telemetry::rarely;

/// How long what the database said of a token is believed.
const BELIEVED: Duration = Duration::from_secs(2);
/// Tokens that are believed at the same time.
const MOST_BELIEVED: usize = 256;

/// Whoever presented a good token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The token's name.
    pub name: String,
    pub role: Role,
}

impl Caller {
    /// Refuses what needs more.
    pub fn may(&self, needed: Role) -> Result<(), ApiError> {
        if self.role >= needed {
            return Ok(());
        }
        let (own, needed) = (word(self.role), word(needed));
        Err(ApiError::with_message(
            codes::WRONG_ROLE,
            format!(
                "this needs a token of the role {needed}; {} has the role {own}. A new one is \
                 made by: auth-host admin token add NAME --role {needed} --for 90d",
                self.name
            ),
        ))
    }
}

/// What is counted of those who are not let in.
#[derive(Clone)]
pub struct AccessMetrics {
    refused: IntCounterVec,
}

impl AccessMetrics {
    /// Registers them, with each reason at 0.
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let refused = meter.counters(
            "auth_admin_refused_total",
            "Requests of the admin API that were not let in, by the reason.",
            &["reason"],
        )?;
        for reason in Refused::ALL {
            refused.with_label_values(&[reason.as_str()]);
        }
        Ok(Self { refused })
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy)]
enum Refused {
    Missing,
    Malformed,
    Unknown,
    Wrong,
    Expired,
    Revoked,
    Local,
    Role,
    Attempts,
}

impl Refused {
    const ALL: [Self; 9] = [
        Self::Missing,
        Self::Malformed,
        Self::Unknown,
        Self::Wrong,
        Self::Expired,
        Self::Revoked,
        Self::Local,
        Self::Role,
        Self::Attempts,
    ];

    /// Whether nothing says that they ever had a good one.
    const fn is_of_a_stranger(self) -> bool {
        matches!(self, Self::Malformed | Self::Unknown | Self::Wrong)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Wrong => "wrong",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Local => "local",
            Self::Role => "role",
            Self::Attempts => "attempts",
        }
    }
}

/// Says who is let in.
pub struct Access {
    store: Store,
    /// Whether the token of `ENV=local` is taken.
    local: bool,
    metrics: AccessMetrics,
    attempts: Mutex<Attempts>,
    believed: Mutex<HashMap<String, (AdminToken, Instant)>>,
    /// All tokens, once too many wrong ones were sent.
    all: tokio::sync::Mutex<Option<AllTokens>>,
}

/// All tokens that there are, by their names, and when they were read.
struct AllTokens {
    by_name: HashMap<String, AdminToken>,
    at: Instant,
}

impl Access {
    pub fn new(store: Store, local: bool, metrics: AccessMetrics) -> Self {
        Self {
            store,
            local,
            metrics,
            attempts: Mutex::new(Attempts::new(Instant::now())),
            believed: Mutex::default(),
            all: tokio::sync::Mutex::default(),
        }
    }

    /// Whose token it is, if it is good for that role. `peer` is who sent it: an address, or the
    /// network of a subscriber. A good one is taken however many wrong ones came from there: many
    /// people may be behind one proxy, and nobody guesses 256 bits.
    pub async fn caller(
        &self,
        token: Option<&str>,
        peer: IpAddr,
        needed: Role,
    ) -> Result<Caller, ApiError> {
        // Who shows none has guessed nothing.
        let Some(token) = token else {
            return Err(self.refuse(Refused::Missing, None, peer));
        };
        let is_heard = lock(&self.attempts).may_try(peer, Instant::now());
        let caller = match self.look_up(token, is_heard).await? {
            Ok(caller) => caller,
            Err((refused, name)) => {
                lock(&self.attempts).failed(peer, Instant::now());
                // Who had a good one once has guessed nothing, and is told how things are.
                let is_limited = !is_heard && refused.is_of_a_stranger();
                let refused = if is_limited { Refused::Attempts } else { refused };
                return Err(self.refuse(refused, name.as_deref(), peer));
            }
        };
        lock(&self.attempts).succeeded(peer, Instant::now());
        caller.may(needed).inspect_err(|_| {
            self.refuse(Refused::Role, Some(&caller.name), peer);
        })?;
        Ok(caller)
    }

    async fn look_up(
        &self,
        token: &str,
        is_heard: bool,
    ) -> Result<Result<Caller, (Refused, Option<String>)>, ApiError> {
        let Some(presented) = Presented::read(token) else {
            return Ok(Err((Refused::Malformed, None)));
        };
        let Some(kept) = self.kept(&presented.name, is_heard).await? else {
            return Ok(Err((Refused::Unknown, None)));
        };
        let refused = if !presented.is(&kept) {
            Refused::Wrong
        } else if kept.revoked_at.is_some() {
            Refused::Revoked
        } else if kept.expires_at <= self.store.clock().now() {
            Refused::Expired
        } else if kept.created_by == LOCAL && !self.local {
            Refused::Local
        } else {
            self.believe(&kept).await;
            return Ok(Ok(Caller { name: kept.name, role: kept.role }));
        };
        Ok(Err((refused, Some(kept.name))))
    }

    /// The token of that name, as it was at most two seconds ago.
    async fn kept(&self, name: &str, is_heard: bool) -> Result<Option<AdminToken>, ApiError> {
        let believed = lock(&self.believed).get(name).cloned();
        if let Some((kept, at)) = believed
            && at.elapsed() < BELIEVED
        {
            return Ok(Some(kept));
        }
        let kept = if is_heard {
            self.store.admin_token(name).await.map_err(|error| of_store(&error))?
        } else {
            self.kept_of_all(name).await?
        };
        lock(&self.believed).remove(name);
        Ok(kept)
    }

    /// The same, for one question to the database in two seconds, however many are sent.
    async fn kept_of_all(&self, name: &str) -> Result<Option<AdminToken>, ApiError> {
        let mut all = self.all.lock().await;
        let known = all.take().filter(|known| known.at.elapsed() < BELIEVED);
        let known = match known {
            Some(known) => known,
            None => {
                let at = Instant::now();
                let tokens = self.store.admin_tokens().await.map_err(|error| of_store(&error))?;
                let named = tokens.into_iter().map(|token| (token.name.clone(), token));
                AllTokens { by_name: named.collect(), at }
            }
        };
        let kept = known.by_name.get(name).cloned();
        *all = Some(known);
        Ok(kept)
    }

    /// Only what somebody had the right token for is kept: strangers cannot fill this.
    async fn believe(&self, kept: &AdminToken) {
        {
            let mut believed = lock(&self.believed);
            if believed.contains_key(&kept.name) {
                return;
            }
            if believed.len() >= MOST_BELIEVED {
                believed.clear();
            }
            believed.insert(kept.name.clone(), (kept.clone(), Instant::now()));
        }
        let minute_ago = self.store.clock().now() - milliseconds(Duration::from_mins(1));
        if kept.used_at.is_none_or(|at| at < minute_ago)
            && let Err(error) = self.store.admin_token_used(&kept.name).await
        {
            // It is for people who tidy up; nobody waits for it.
            tracing::debug!(%error, "the use of an admin token was not noted");
        }
    }

    /// Counts and tells it, without the token.
    fn refuse(&self, refused: Refused, name: Option<&str>, peer: IpAddr) -> ApiError {
        let reason = refused.as_str();
        self.metrics.refused.with_label_values(&[reason]).inc();
        // The name of a token that there is; what else somebody sends is not repeated.
        let token = name.unwrap_or_default();
        rarely!(warn, reason, token, %peer, "an admin token was not taken");
        match refused {
            Refused::Attempts => codes::TOO_MANY_ATTEMPTS.into(),
            _ => codes::INVALID_ADMIN_TOKEN.into(),
        }
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Look => "look",
        Role::Deploy => "deploy",
        Role::Operate => "operate",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

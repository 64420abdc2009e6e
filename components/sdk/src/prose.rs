//! The few words that let a policy read as prose: [`setting`], [`refused`], [`enforce`],
//! [`verify`], and builders over the contract's resources.

use crate::accounts::Account;
use crate::json::{self, FromJson};
use crate::passwords::{self, Password, Verification};
use crate::throttle::{self, Limit};
use crate::{Caller, Failure, Refusal, Rejection, settings};
use core::net::IpAddr;

/// The operator's setting of that name, or `default` if it is not set.
///
/// Fails with [`Failure::Other`] if the setting is of another type than `default`: a policy
/// should not run on a value that nobody chose.
pub fn setting<T: FromJson>(name: &str, default: T) -> Result<T, Failure> {
    match settings::get(name) {
        Some(text) => json::read(&text).map_err(|_| {
            Failure::Other(format!(
                "the setting `{name}` is not of the type that the policy expects"
            ))
        }),
        None => Ok(default),
    }
}

/// A refusal as a whole: a code that the manifest declares, and a message for people.
pub fn refused(code: &str, message: &str) -> Rejection {
    Refusal::new(code, message).into()
}

/// Counts this attempt against every limit; one of `most: 0` is turned off. If one is exceeded,
/// the attempt is refused: code `throttled` (the manifest must declare it), status 429 with
/// `Retry-After`.
pub fn enforce(limits: impl IntoIterator<Item = Limit>) -> Result<(), Rejection> {
    let limits = turned_on(limits);
    if limits.is_empty() {
        return Ok(());
    }
    throttle::hit(&limits)?.map_or(Ok(()), |seconds| Err(throttled(seconds)))
}

/// Whether this is the account's password, within limits on guessing; one of `most: 0` is turned
/// off. Only a wrong password counts. If a limit is used up, the attempt is refused as [`enforce`]
/// does. Ask it also if there is no account.
pub fn verify(
    password: &Password,
    account: Option<&Account>,
    limits: impl IntoIterator<Item = Limit>,
) -> Result<bool, Rejection> {
    match passwords::verify(password, account, &turned_on(limits))? {
        Verification::Right => Ok(true),
        Verification::Wrong => Ok(false),
        Verification::Limited(seconds) => Err(throttled(seconds)),
    }
}

fn turned_on(limits: impl IntoIterator<Item = Limit>) -> Vec<Limit> {
    limits.into_iter().filter(|limit| limit.most > 0).collect()
}

fn throttled(seconds: u32) -> Rejection {
    Refusal::new("throttled", "too many attempts, try again later").retry_after(seconds).into()
}

impl Caller {
    /// The client's address as limits should count it, if it is known: of an IPv6 address the
    /// first 64 bits alone, for every subscriber has as many addresses as they like below them.
    pub fn network(&self) -> Option<String> {
        let address = self.address()?;
        match address.parse::<IpAddr>().map(|parsed| parsed.to_canonical()) {
            Ok(IpAddr::V6(address)) => {
                let [first, second, third, fourth, ..] = address.segments();
                Some(format!("{first:x}:{second:x}:{third:x}:{fourth:x}::/64"))
            }
            Ok(IpAddr::V4(address)) => Some(address.to_string()),
            Err(_) => Some(address),
        }
    }
}

impl Refusal {
    /// Names a member of the request that is at fault, as [`Refusal::add_field`] does.
    #[must_use]
    pub fn field(self, field: &str, code: &str, message: &str) -> Self {
        self.add_field(field, code, message);
        self
    }

    /// Tells the caller when to try again, as [`Refusal::set_retry_after`] does.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.set_retry_after(seconds);
        self
    }
}

impl Limit {
    /// At most `most` hits of `key` in a window of `window_seconds`.
    pub fn new(key: impl Into<String>, most: u32, window_seconds: u32) -> Self {
        Self { key: key.into(), most, window_seconds }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Lets `?` pass a failure on: the host then answers 503 and commits nothing.
impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

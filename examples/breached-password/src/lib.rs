//! A registration policy that refuses passwords which are known from breaches.
//!
//! It asks a service with the first five digits of the password's hash and gets all ends of such
//! hashes that it knows (k-anonymity): the service learns 20 bits, which hundreds of passwords
//! share. The host looks for the password in the answer and says yes or no: neither the password
//! nor its hash comes into this component.
//!
//! What happens if the service does not answer is the operator's word (`if-unavailable`). See
//! docs/outside.md for how such a policy is designed.

use auth_policy_sdk::log::{self, Level};
use auth_policy_sdk::passwords::Password;
use auth_policy_sdk::register::{Acceptance, Attempt};
use auth_policy_sdk::throttle::Limit;
use auth_policy_sdk::{Failure, Refusal, Rejection, enforce, http, metrics, setting, settings};

auth_policy_sdk::register!(register);

const LEAST_CHARACTERS: u32 = 8;
const HOUR: u32 = 3_600;

fn register(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    // First what costs little: nobody makes us ask the service without end.
    enforce(limits(attempt)?)?;
    let password = attempt.password();
    if password.length() < LEAST_CHARACTERS {
        return Err(refused("too_short", "must have at least 8 characters"));
    }
    // Nothing here depends on whether somebody has an account already: the same is asked for all.
    if is_known(&password)? {
        return Err(refused("breached", "is known from breaches; choose another one"));
    }
    Ok(Acceptance::new())
}

/// Whether the password stands in more breaches than are allowed. Without an answer: no where the
/// operator wants to go on (open), or else a failure that is passed on (closed).
fn is_known(password: &Password) -> Result<bool, Failure> {
    match ask(password) {
        Ok(is_known) => {
            tell(if is_known { "known" } else { "unknown" })?;
            Ok(is_known)
        }
        Err(NoAnswer::Failed(failure)) => Err(failure),
        Err(NoAnswer::Away(why)) => {
            // Why the request failed is in the host's own log and metrics, without its path.
            log::write(
                Level::Warn,
                "the service of breached passwords gave no answer",
                &[("why".to_owned(), why)],
            );
            tell("unavailable")?;
            let closed: String = setting("if-unavailable", "open".to_owned())?;
            if closed == "closed" { Err(Failure::Unavailable(Some(1))) } else { Ok(false) }
        }
    }
}

/// Why it is not known.
enum NoAnswer {
    /// The service did not do its part: as the operator wishes.
    Away(String),
    /// This policy, or what it was granted, is wrong: nobody should get used to that.
    Failed(Failure),
}

impl From<Failure> for NoAnswer {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable(_) => Self::Away("it was not reached".to_owned()),
            failure => Self::Failed(failure),
        }
    }
}

fn ask(password: &Password) -> Result<bool, NoAnswer> {
    let service: String = setting("service", "https://breaches.example.com/range/".to_owned())?;
    let url = format!("{service}{}", password.breach_prefix()?);
    // With padding, the length of the answer does not tell which digits were asked for.
    let mut request = http::get(&url)
        .header("add-padding", "true")
        .timeout(setting("timeout-milliseconds", 800)?);
    let key_header: String = setting("key-header", "x-api-key".to_owned())?;
    if !key_header.is_empty() {
        request = request.header(&key_header, &settings::secret("breach_key")?);
    }
    let answer = request.send()?;
    if answer.status() != 200 {
        return Err(NoAnswer::Away(format!("its status was {}", answer.status())));
    }
    let allowed: u32 = setting("breaches-allowed", 0)?;
    match password.is_in_breach(&answer.body(), allowed.saturating_add(1)) {
        Err(Failure::Other(why)) => Err(NoAnswer::Away(why)),
        told => Ok(told?),
    }
}

/// Counts how it went: `auth_policy_register_breach_checks_total`.
fn tell(outcome: &str) -> Result<(), Failure> {
    let labels = [("outcome".to_owned(), outcome.to_owned())];
    metrics::increment("breach_checks_total", &labels, 1)
}

fn limits(attempt: &Attempt) -> Result<Vec<Limit>, Failure> {
    let email = format!("email:{}", attempt.email());
    let mut limits = vec![Limit::new(email, setting("attempts-per-email", 20)?, HOUR)];
    if let Some(network) = attempt.caller().network() {
        let key = format!("address:{network}");
        limits.push(Limit::new(key, setting("attempts-per-address", 40)?, HOUR));
    }
    Ok(limits)
}

fn refused(code: &str, what: &str) -> Rejection {
    let message = format!("the password {what}");
    Refusal::new("invalid_request", &message).field("password", code, &message).into()
}

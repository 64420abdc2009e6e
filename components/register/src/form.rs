//! The form that a person filled in, and what is wrong with it.

use crate::rules::{self, Fault, fault};
use auth_policy_sdk::register::Attempt;
use auth_policy_sdk::{Failure, Refusal, json, setting};

/// What the form asks for beside e-mail address and password.
const MEMBERS: [Member; 5] = [
    required("phone", rules::phone),
    required("name", rules::person_name),
    optional("surname", rules::person_name),
    optional("fathers_name", rules::person_name),
    optional("birth_date", rules::date),
];

struct Member {
    name: &'static str,
    required: bool,
    rule: fn(&str) -> Result<(), Fault>,
}

const fn required(name: &'static str, rule: fn(&str) -> Result<(), Fault>) -> Member {
    Member { name, required: true, rule }
}

const fn optional(name: &'static str, rule: fn(&str) -> Result<(), Fault>) -> Member {
    Member { name, required: false, rule }
}

/// The form, read to its end whatever is wrong on the way.
#[derive(Default)]
pub(crate) struct Form {
    /// The members that were filled in and keep their rule, by name.
    pub(crate) attributes: Vec<(&'static str, String)>,
    faults: Vec<(&'static str, Fault)>,
}

impl Form {
    pub(crate) fn read(attempt: &Attempt) -> Result<Self, Failure> {
        let mut form = Self::default();
        if !attempt.email_valid() {
            form.faults.push(("email", fault("invalid", "must be an e-mail address")));
        }
        for member in &MEMBERS {
            match member.read(attempt) {
                Ok(Some(text)) => form.attributes.push((member.name, text)),
                Ok(None) => {}
                Err(fault) => form.faults.push((member.name, fault)),
            }
        }
        if let Some(fault) = form.password_fault(attempt)? {
            form.faults.push(("password", fault));
        }
        Ok(form)
    }

    /// The answer that names every fault; none if there is no fault.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        if self.faults.is_empty() {
            return None;
        }
        let refusal = Refusal::new("invalid_request", "some fields are missing or not valid");
        for (field, fault) in &self.faults {
            refusal.add_field(field, fault.code, &fault.message);
        }
        Some(refusal)
    }

    fn password_fault(&self, attempt: &Attempt) -> Result<Option<Fault>, Failure> {
        let password = attempt.password();
        let shortest = setting("password-min-length", 8)?;
        let fault = if password.length() < shortest {
            fault("too_short", format!("must have at least {shortest} characters"))
        } else if password.length() > 256 {
            fault("too_long", "must have at most 256 characters")
        } else if setting("refuse-breached-passwords", false)? && password.is_breached()? {
            fault("breached", "is one of the most common passwords")
        } else if self.is_guessable(attempt)? {
            fault("too_weak", "is too easy to guess")
        } else {
            return Ok(None);
        };
        Ok(Some(fault))
    }

    /// Whether somebody who knows the rest of the form would guess the password sooner than the
    /// operator allows.
    fn is_guessable(&self, attempt: &Attempt) -> Result<bool, Failure> {
        let weakest_allowed: u8 = setting("password-min-strength", 0)?;
        if weakest_allowed == 0 {
            return Ok(false);
        }
        let email = attempt.email();
        let known = self.attributes.iter().map(|(_, text)| text).chain([&email]);
        let hints: Vec<String> = known.map(|text| text.chars().take(64).collect()).collect();
        Ok(attempt.password().strength(&hints)? < weakest_allowed)
    }
}

impl Member {
    /// The member's text, once it keeps the rule. Absent, null and blank are one and the same.
    fn read(&self, attempt: &Attempt) -> Result<Option<String>, Fault> {
        let given = attempt.attribute(self.name).unwrap_or_else(|| "null".to_owned());
        let Ok(text) = json::read::<Option<String>>(&given) else {
            return Err(fault("wrong_type", "must be a string"));
        };
        match text.unwrap_or_default().trim() {
            "" if self.required => Err(fault("required", "is required")),
            "" => Ok(None),
            text => (self.rule)(text).map(|()| Some(text.to_owned())),
        }
    }
}

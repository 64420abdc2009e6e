//! Why a command did not do what it was asked, with the exit code that tells a script which kind it
//! is. Everything else that goes wrong (a file that cannot be read, a wrong setting) ends with 2.

use std::fmt;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::administration::views::ReasonView;
use crate::command::output::escaped;

/// The host said no: nothing was changed.
pub(super) const REFUSED: u8 = 1;
/// The host cannot be reached, or does not take the token.
pub(super) const UNREACHABLE: u8 = 2;
/// Nobody knows yet what came of it.
pub(super) const UNKNOWN: u8 = 3;

/// Codes of what is about a release, not about who asks.
pub(super) const NOT_LET_IN: [&str; 2] = ["not_granted", "untrusted"];
/// Somebody else answered, or an older service that has no such path.
pub(super) const NO_ADMIN_API: &str = "no_admin_api";

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) struct Problem {
    pub exit: u8,
    /// Stable, for machines: the admin API's, or one of ours.
    pub code: String,
    /// What is wrong and what to do, in a sentence or two.
    pub text: String,
    /// All that admission found, if that is what it is about.
    pub reasons: Vec<ReasonView>,
    /// As the service's log names the request.
    pub request_id: String,
    /// What came of the command is printed already, as a document if that was asked for.
    pub told: bool,
}

impl Problem {
    pub fn new(exit: u8, code: &str, text: impl Into<String>) -> Self {
        Self {
            exit,
            code: code.to_owned(),
            text: text.into(),
            reasons: Vec::new(),
            request_id: String::new(),
            told: false,
        }
    }

    /// Of a command that has printed what came of it.
    pub fn told(self) -> Self {
        Self { told: true, ..self }
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit)
    }

    pub fn json(&self) -> Value {
        json!({
            "error": self.text,
            "code": self.code,
            "request_id": self.request_id,
            "reasons": self.reasons,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&escaped(&self.text))?;
        if !self.request_id.is_empty() {
            write!(formatter, " ({}, request {})", escaped(&self.code), escaped(&self.request_id))?;
        }
        formatter.write_str(&reasons(&self.reasons))
    }
}

impl std::error::Error for Problem {}

/// Each fault on a line, and what to do about it below: once, if that is the same for several.
pub(super) fn reasons(reasons: &[ReasonView]) -> String {
    let groups = reasons.chunk_by(|one, next| one.remedy == next.remedy);
    let told = groups.map(|group| {
        let texts = group.iter().map(|reason| format!("\n  {}", escaped(&reason.text)));
        let remedy = group.first().map_or("", |reason| &reason.remedy);
        let lines = remedy.lines().map(|line| format!("\n    {}", escaped(line)));
        texts.chain(lines).collect::<String>()
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_of_several_faults_is_told_once() {
        let reason = |text: &str, remedy: &str| ReasonView {
            text: text.to_owned(),
            remedy: remedy.to_owned(),
            of_settings: false,
        };
        let told = reasons(&[
            reason("interface:storage is not granted", "Grant it."),
            reason("event:a\u{1b}[2J is not granted", "Grant it."),
            reason("nobody signed it", "Sign it."),
        ]);
        assert_eq!(
            told,
            "\n  interface:storage is not granted\n  event:a\\u{1b}[2J is not granted\
             \n    Grant it.\n  nobody signed it\n    Sign it."
        );
    }
}

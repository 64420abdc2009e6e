//! Reading one variable after the other, and collecting what is wrong with them.

use std::collections::HashMap;

use zeroize::Zeroizing;

/// The example secret of `.env.example`: refused, because everybody knows it.
const EXAMPLE_SECRET_MARK: &str = "change-me";

/// A secret from the environment; wiped when dropped, and never printed.
pub type Secret = Zeroizing<String>;

/// Reads one variable after the other and collects what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) source: &'a HashMap<String, String>,
    pub(super) faults: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.source.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    pub(super) fn text(&self, name: &str, default: &str) -> String {
        self.given(name).unwrap_or(default).to_owned()
    }

    pub(super) fn value<T>(
        &mut self,
        name: &str,
        default: T,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        match self
            .given(name)
            .map(|text| parse(text).map_err(|fault| format!("{name}: {text:?} {fault}")))
        {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(fault)) => {
                self.faults.push(fault);
                default
            }
        }
    }

    /// The value is never repeated in a fault.
    pub(super) fn secret(&mut self, name: &str, required: bool) -> Option<Secret> {
        let given = self.given(name).map(|value| Secret::new(value.to_owned()));
        match given.as_deref() {
            None if required => self.faults.push(format!(
                "{name}: is not set. Set it to the secret that the gateway checks access tokens \
                 with, at least 32 bytes (for a new one: openssl rand -base64 48). With ENV=local \
                 one is made and kept for you"
            )),
            Some(value) if value.len() < 32 => self.faults.push(format!(
                "{name}: has {} bytes, at least 32 are needed (for a new one: \
                 openssl rand -base64 48)",
                value.len()
            )),
            Some(value) if value.contains(EXAMPLE_SECRET_MARK) => {
                self.faults.push(format!(
                    "{name}: is the example of .env.example. Set one of your \
                     own (openssl rand -base64 48)"
                ));
            }
            _ => return given,
        }
        None
    }
}

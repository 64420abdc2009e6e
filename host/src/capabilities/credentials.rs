//! What `registering` and `logging-in` share: both are asked with the same things.

use serde_json::Value;

use super::state::CallState;

impl CallState {
    /// A member of the request that the manifest declares.
    pub(super) fn member(&self, name: &str) -> Option<String> {
        self.attempt.members.get(name).map(Value::to_string)
    }

    /// The names of those that this request has.
    pub(super) fn member_names(&self) -> Vec<String> {
        self.attempt.members.keys().cloned().collect()
    }
}

/// Implements the resource `attempt` of an interface.
macro_rules! credentials_attempt {
    ($interface:ident, $attempt:ty) => {
        impl $interface::HostAttempt for CallState {
            fn caller(
                &mut self,
                _attempt: Resource<$attempt>,
            ) -> wasmtime::Result<Resource<Caller>> {
                Ok(Resource::new_own(0))
            }

            fn email(&mut self, _attempt: Resource<$attempt>) -> wasmtime::Result<String> {
                Ok(self.attempt.email.clone())
            }

            fn email_valid(&mut self, _attempt: Resource<$attempt>) -> wasmtime::Result<bool> {
                Ok(self.attempt.email_valid)
            }

            fn password(
                &mut self,
                _attempt: Resource<$attempt>,
            ) -> wasmtime::Result<Resource<PasswordHandle>> {
                Ok(Resource::new_own(0))
            }

            fn attribute(
                &mut self,
                _attempt: Resource<$attempt>,
                name: String,
            ) -> wasmtime::Result<Option<String>> {
                self.take(&[&name])?;
                Ok(self.member(&name))
            }

            fn attribute_names(
                &mut self,
                _attempt: Resource<$attempt>,
            ) -> wasmtime::Result<Vec<String>> {
                Ok(self.member_names())
            }

            fn drop(&mut self, _attempt: Resource<$attempt>) -> wasmtime::Result<()> {
                Ok(())
            }
        }
    };
}

pub(super) use credentials_attempt;

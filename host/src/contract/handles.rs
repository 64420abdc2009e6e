//! What a policy holds of things whose data stay with the host: the data are the call's.

/// A handle to who asks.
pub struct Caller;

/// A handle to the account of the attempt.
pub struct AccountHandle;

/// A handle to the password of the attempt.
pub struct PasswordHandle;

/// A handle to what a registration is asked with.
pub struct RegisterAttempt;

/// A handle to what a login is asked with.
pub struct LoginAttempt;

/// A handle to what a refresh is asked with.
pub struct RefreshAttempt;

//! Sessions: rotation of refresh tokens, the grace window, reuse, expiry, and what is kept on disk
//! of them and of passwords.

mod expiry;
mod keeping;
mod rehashing;
mod reuse;
mod rotation;

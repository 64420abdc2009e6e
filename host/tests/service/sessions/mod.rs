//! Sessions: rotation of refresh tokens, the grace window, reuse, expiry, and what is kept on disk.

mod expiry;
mod keeping;
mod reuse;
mod rotation;

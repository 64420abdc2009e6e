//! Errors at the edge: a stable code and a sentence for the caller. Causes go to the log at the
//! place where they arise, never into an answer.
//!
//! A part that answers requests returns [`ApiError`]. All others have an error type of their own;
//! whoever answers turns it into one of the [`catalogue`].

mod api;
pub mod catalogue;

pub use api::{ApiError, ErrorBody, Field, Reason};
pub use catalogue::{ErrorCode, Retry};

//! Tokens: access tokens are signed JWTs that the gateway checks by itself; refresh tokens are
//! opaque.

mod access;
mod legacy;
mod pair;
mod refresh;

pub use access::{AccessTokens, RESERVED_CLAIMS, SignError};
pub use legacy::{LegacyToken, LegacyTokens};
pub use pair::TokenPair;
pub use refresh::RefreshToken;

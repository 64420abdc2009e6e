//! What a register, login or refresh that went well is answered with.

use serde::{Deserialize, Serialize};

/// The answer to a register, login or refresh that went well, as the contract fixes it.
#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenPair {
    /// A JWT (HS256) for `Authorization: Bearer`.
    pub access_token: String,
    /// Opaque; good for one `POST /auth/refresh`, which replaces it.
    pub refresh_token: String,
    /// The account.
    #[schema(minimum = 1, example = 42)]
    pub user_id: i64,
}

//! Requests to other services, as far as the place was granted them.
//!
//! ```no_run
//! use auth_policy_sdk::{Failure, http};
//!
//! /// What the risk service says of an address; none if it is away: then nobody is kept out by it.
//! fn risk(address: &str, key: &str) -> Result<Option<u8>, Failure> {
//!     let url = format!("https://risk.example.com/v1/score?ip={address}");
//!     let asked = http::get(&url).header("authorization", &format!("Bearer {key}"));
//!     match asked.timeout(300).send() {
//!         Ok(answer) if answer.status() == 200 => {
//!             Ok(answer.text().and_then(|text| text.trim().parse().ok()))
//!         }
//!         Ok(_) | Err(Failure::Unavailable(_)) => Ok(None),
//!         Err(failure) => Err(failure),
//!     }
//! }
//! ```

use crate::Failure;
pub use crate::bindings::capabilities::auth::policy::http::{Request, Response, send};

/// Asks for what is there.
#[must_use]
pub fn get(url: &str) -> Request {
    Request::new("GET", url)
}

/// Hands something over.
#[must_use]
pub fn post(url: &str, body: &[u8]) -> Request {
    Request::new("POST", url).body(body)
}

impl Request {
    /// With this header, as [`Request::add_header`] does.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.add_header(name, value);
        self
    }

    /// With this body, as [`Request::set_body`] does.
    #[must_use]
    pub fn body(self, body: &[u8]) -> Self {
        self.set_body(body);
        self
    }

    /// Waits at most so many milliseconds for the whole answer, as [`Request::set_timeout`] does.
    #[must_use]
    pub fn timeout(self, milliseconds: u32) -> Self {
        self.set_timeout(milliseconds);
        self
    }

    /// Sends it, as [`send`] does. Whatever its status, an answer is an answer; there was none at
    /// all if it fails with [`Failure::Unavailable`].
    pub fn send(self) -> Result<Response, Failure> {
        send(self)
    }
}

impl Response {
    /// The body as a text; none if it is not UTF-8.
    pub fn text(&self) -> Option<String> {
        String::from_utf8(self.body()).ok()
    }
}

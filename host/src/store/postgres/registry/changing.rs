//! The changes, each in a transaction of its own.

use super::super::database::Postgres;
use crate::store::registry::changing;

changing!(Postgres);

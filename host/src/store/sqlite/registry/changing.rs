//! The changes, each in a transaction of its own.

use super::super::database::Sqlite;
use crate::store::registry::changing;

changing!(Sqlite);

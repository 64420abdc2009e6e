//! `auth-host policy keygen`, `sign` and `verify`, by the real program on files alone.

mod desk;
mod files;
mod starting;
mod tools;

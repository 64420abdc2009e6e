//! Requests of policies to services outside: to stand-ins on loopback, with a name server and an
//! authority of the tests' own.

mod asking;
mod breached;
mod crowds;
mod dns;
mod gzip;
mod hosts;
mod loops;
mod manner;
mod redirects;
mod requests;
mod secrets;
mod sending;
mod server;
mod servers;
mod tls;

pub(crate) use dns::Dns;
pub(crate) use gzip::gzip;
pub(crate) use manner::{Manner, Said};
pub(crate) use server::Outside;
pub(crate) use tls::Authority;

//! Administration of releases: what people ask of the registry, whoever carries it to us.

pub mod views;

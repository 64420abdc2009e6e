//! People who use a service of several replicas without a pause, and what they were answered:
//! each answer is judged.

mod balancer;
mod judge;
mod people;
mod tally;

pub(crate) use balancer::Balancer;
pub(crate) use people::{Crowd, Resident};
pub(crate) use tally::{Tally, share_of};

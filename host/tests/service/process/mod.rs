//! The program as a process: how it starts, what it refuses, how it ends.

mod ending;
mod log;
mod starting;

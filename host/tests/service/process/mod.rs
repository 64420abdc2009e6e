//! The program as a process: how it starts, what it refuses, how it ends.

mod cut_answers;
mod ending;
mod log;
mod output;
mod signals;
mod starting;

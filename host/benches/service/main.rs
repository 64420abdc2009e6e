//! `just bench`: what a policy call costs, what the endpoints do through a component and through
//! the same policy in Rust (alternating, in one run), what the cores could hash at most, and what a
//! start takes. It prints tables; it judges nothing.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its tables and stops where it cannot go on"
)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures"
)]

mod calls;
mod cost;
mod endpoints;
mod grants;
mod hashing;
mod load;
mod native;
mod outbox;
mod outgoing;
mod process;
mod rollout;
mod setup;
mod stores;
mod trust;

fn main() {
    // `cargo bench` passes flags for harnesses; a word among the arguments selects a part.
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let run = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    println!(
        "{} processors, {}\n",
        std::thread::available_parallelism().map_or(0, usize::from),
        std::env::consts::ARCH
    );
    if run("calls") {
        calls::measure();
    }
    if run("trust") {
        trust::measure();
    }
    if run("grants") {
        grants::measure();
    }
    if run("refresh") {
        endpoints::refresh();
    }
    if run("login") {
        endpoints::login();
    }
    if run("rollout") {
        rollout::measure();
    }
    if run("stores") {
        stores::measure();
    }
    if run("outbox") {
        outbox::measure();
    }
    if run("outgoing") {
        outgoing::measure();
    }
    // Only if it is asked for: its lines are read by `scripts/compare.sh`.
    if wanted.iter().any(|word| word == "cost") {
        cost::measure();
    }
    if run("process") {
        process::measure();
    }
}

/// Mean, median, 99th percentile of durations in microseconds.
fn summary(microseconds: &mut [f64]) -> (f64, f64, f64) {
    microseconds.sort_by(f64::total_cmp);
    let at = |share: f64| microseconds[((microseconds.len() - 1) as f64 * share) as usize];
    (microseconds.iter().sum::<f64>() / microseconds.len() as f64, at(0.5), at(0.99))
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    summary(&mut values).1
}

//! What grants cost where a release is admitted: to tell what it asks for, what is missing of it,
//! and which bounds its calls have then. Beside it, what the raw bytes cost to check.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use auth_host::contract::{Grants, Limits, Slot};
use auth_host::policy::admission;

use super::summary;

const ROUNDS: usize = 200;
const PER_ROUND: u32 = 50;

pub fn measure() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/policies/login.wasm");
    let component = std::fs::read(file).unwrap();
    let checked = admission::check(Slot::Login, &component).unwrap();
    let imports = || checked.imports.iter().map(String::as_str);
    let mut texts = Grants::asked(&checked.manifest, imports()).texts();
    // As a place has them that asks a few services.
    texts.extend((0..16).map(|number| format!("http:GET,POST https://service-{number}.example")));
    texts.extend((0..16).map(|number| format!("event:event_{number}")));
    let limits = Arc::new(Limits::default());
    println!("grants of one release ({ROUNDS} rounds; microseconds)");
    println!("| step | mean | p50 | p99 |\n|---|---|---|---|");
    line("bytes checked (admission's first step)", 1, || {
        black_box(admission::check(Slot::Login, &component).is_ok());
    });
    line("asked: manifest and imports, and its bounds", PER_ROUND, || {
        let asked = Grants::asked(&checked.manifest, imports());
        black_box(asked.limits(&limits));
    });
    line("granted: 35 texts of the place read", PER_ROUND, || {
        black_box(Grants::granted(Slot::Login, texts.iter().map(String::as_str)));
    });
    let asked = Grants::asked(&checked.manifest, imports());
    let granted = Grants::granted(Slot::Login, texts.iter().map(String::as_str));
    line("missing: one from the other", PER_ROUND, || {
        black_box(granted.missing(&asked));
    });
    println!();
}

fn line(step: &str, times: u32, mut work: impl FnMut()) {
    let mut microseconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            (0..times).for_each(|_| work());
            begin.elapsed().as_secs_f64() * 1e6 / f64::from(times)
        })
        .collect();
    let (mean, p50, p99) = summary(&mut microseconds);
    println!("| {step} | {mean:.1} | {p50:.1} | {p99:.1} |");
}

//! What it costs to look whether a component is signed: to make a signature, to read the line that
//! holds it, and to judge one and three of them by a file of 16 trusted keys.

use std::hint::black_box;
use std::time::Instant;

use auth_host::policy::trust::{KeyRing, judge};
use auth_host::signatures::{PrivateKey, Signature, Statement};

use super::summary;

const ROUNDS: usize = 200;
const PER_ROUND: u32 = 20;
const KEYS: usize = 16;

pub fn measure() {
    let statement = Statement {
        component: auth_host::hex::sha256(b"component"),
        place: "login".to_owned(),
        name: "guarded".to_owned(),
        version: "1.2.0".to_owned(),
    };
    let keys: Vec<PrivateKey> = (0..KEYS).map(|_| PrivateKey::generate()).collect();
    let lines = keys.iter().enumerate();
    let text: Vec<String> =
        lines.map(|(number, key)| format!("key-{number} {}\n", key.public().openssh())).collect();
    let text = text.concat();
    let ring = KeyRing::read(&text).unwrap();
    let signatures: Vec<Signature> = keys.iter().map(|key| key.sign(&statement)).collect();
    // The last ones of the file: they are found last.
    let signatures = &signatures[KEYS - 3..];
    let line = signatures[0].line();
    println!("signatures of one component ({ROUNDS} rounds; microseconds)");
    println!("| step | mean | p50 | p99 |\n|---|---|---|---|");
    row("made, with the key", || {
        black_box(keys[0].sign(&statement));
    });
    row("a line read", || {
        black_box(Signature::read(&line).is_ok());
    });
    for count in [1, 3] {
        let needed = u32::try_from(count).unwrap();
        row(&format!("judged: {count}"), || {
            let of = (&statement, &signatures[..count]);
            assert!(judge(&ring, "login/42".into(), of, needed, 0).is_given());
        });
    }
    row("the file of 16 keys read", || {
        black_box(KeyRing::read(&text).is_ok());
    });
    println!();
}

fn row(step: &str, mut work: impl FnMut()) {
    let mut microseconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            (0..PER_ROUND).for_each(|_| work());
            begin.elapsed().as_secs_f64() * 1e6 / f64::from(PER_ROUND)
        })
        .collect();
    let (mean, p50, p99) = summary(&mut microseconds);
    println!("| {step} | {mean:.1} | {p50:.1} | {p99:.1} |");
}

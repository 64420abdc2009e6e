//! What the processors could hash at most: argon2id with the default parameters, memory reused,
//! nothing else.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

const TIME: Duration = Duration::from_millis(1500);

/// Hashes a second on all processors.
pub fn measure() -> f64 {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    let hashes: u32 = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| hash_until(started + TIME))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    f64::from(hashes) / started.elapsed().as_secs_f64()
}

fn hash_until(end: Instant) -> u32 {
    let params = Params::new(19_456, 2, 1, Some(32)).unwrap();
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut count = 0;
    while Instant::now() < end {
        argon2
            .hash_password_into_with_memory(
                crate::setup::PASSWORD.as_bytes(),
                b"sixteen byte salt",
                &mut [0; 32],
                &mut memory,
            )
            .unwrap();
        count += 1;
    }
    count
}

//! What an orchestrator asks meanwhile, and what the system says of the process.

use std::time::Duration;

use super::scene::Scene;

/// Asks for the health, again and again.
pub(super) fn begin(scene: &Scene) {
    let own = scene.clone();
    scene.stranger(async move {
        while !own.has_enough() {
            own.ask("healthz", "/healthz", None).await;
            own.pause(Duration::from_millis(200)).await;
        }
    });
}

/// A line of the process's status, in MiB.
pub(super) fn memory(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kibibytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes / 1024
}

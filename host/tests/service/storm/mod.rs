//! Everything at once, against the real program: crawling and idle clients, a flood of logins, a
//! policy that loops and a component that takes long to compile. Nothing may be lost, refreshes go
//! on, health answers, memory stays within its bound, and a stop ends in order. A storm in which one
//! of these forces did not act (see [`forces`]) fails, too.
//!
//! `./justw test` runs a short one, which waits for conditions and measures nothing; `./justw soak`
//! a long one (`STORM_STRICT=1`), which also holds the times to their bounds and prints them. Each
//! number has a variable: see [`Scale`].

mod crawlers;
mod flood;
mod forces;
mod people;
mod probes;
mod scene;
mod verdict;
mod wire;

use auth_host::contract::Slot;
use tokio::time::{Instant, sleep};

use crate::support::{Process, guest, policy, raise_file_limit, slow_to_compile};
use scene::{Scale, Scene};
use verdict::Verdict;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_of_strangers_and_bad_policies_nothing_is_lost_and_refreshes_go_on() {
    let scale = Scale::read();
    raise_file_limit();
    let (home, mut settings) = Process::home().await;
    // Hashes cost what they cost in production; a repeat must be answered also after a long wait.
    settings.retain(|name, _| !name.starts_with("PASSWORD_HASH"));
    settings.insert("AUTH_REFRESH_GRACE_PERIOD".to_owned(), "5m".to_owned());
    // The code of the slow component is to be compiled, not refused for its size.
    settings.insert("POLICY_ADMISSION_MEMORY_MIB".to_owned(), "2048".to_owned());
    let policies = home.path().join("policies");
    std::fs::write(policies.join("register.wasm"), guest("loops_for_some")).unwrap();
    let refresh = policies.join("refresh.wasm");
    let process = Process::serving(&settings).await;
    let scene = Scene::new(&process.address);

    let sessions = people::sessions(&scene, scale.sessions).await;
    let at_rest = probes::memory(process.id(), "VmRSS");
    probes::begin(&scene);
    let refreshing: Vec<_> =
        sessions.into_iter().map(|token| people::refreshing(&scene, token)).collect();
    let registering: Vec<_> = (0..4).map(|worker| people::registering(&scene, worker)).collect();
    crawlers::begin(&scene, scale.crawling, scale.idle);
    flood::begin(&scene, scale.logins, scale.loops);
    let slow = slow_to_compile(&policy(Slot::Refresh), scale.compile_mebibytes);
    put(&refresh, &slow);
    sleep(scale.time).await;
    scene.comes_up(&scale).await;

    // The people have gone; the strangers stay, and the stop has to come about all the same. As many
    // loops as ever run meanwhile, more than there are workers, and what ends the process are its
    // signals and its limit: neither depends on a worker being free while policies loop.
    let (tokens, registered) = scene.conclude(refreshing, registering).await;
    let highest = probes::memory(process.id(), "VmHWM");
    let begun = Instant::now();
    process.terminate();
    let ended = process.ended().await;
    let stop = begun.elapsed();
    let tallies = scene.end().await;

    put(&refresh, &policy(Slot::Refresh));
    let process = Process::serving(&settings).await;
    let after = Scene::new(&process.address);
    let lost = people::lost(&registered, home.path()).await;
    let refused = people::refused(&after, tokens).await;
    let verdict = Verdict { tallies, at_rest, highest, stop, ended, lost, refused };
    println!("{}", verdict.table());
    let faults = verdict.faults(&scale);
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
    assert!(faults.is_empty(), "{}\n{}", faults.join("\n"), verdict.table());
}

fn put(file: &std::path::Path, bytes: &[u8]) {
    let new = file.with_extension("new");
    std::fs::write(&new, bytes).unwrap();
    std::fs::rename(&new, file).unwrap();
}

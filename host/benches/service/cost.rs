//! What a policy call and a refresh cost in processor time, as one line each: for
//! `scripts/compare.sh`, which runs two builds in turn.
//!
//! The processor time is that of the whole process, the client's included: it is the same in both
//! builds, and makes a ratio a little better than it is, so the client is as small as can be.

use std::time::Duration;

use auth_host::contract::Slot;

use crate::setup::Service;
use crate::{calls, endpoints};

const CALLS: usize = 60_000;
const CLIENTS: usize = 4;
const REFRESHES: usize = 6_000;

pub fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let service = Service::start().await;
        let generation = service.app.generations.current(Slot::Refresh).unwrap();
        calls::one_thread(&service, &generation, CALLS / 10).await;
        let before = processor_time();
        calls::one_thread(&service, &generation, CALLS).await;
        print("call", before, CALLS);

        let mut clients = endpoints::clients(&service, Slot::Refresh, CLIENTS).await;
        endpoints::refreshes(&mut clients, REFRESHES / 10).await;
        let before = processor_time();
        endpoints::refreshes(&mut clients, REFRESHES).await;
        print("refresh", before, REFRESHES);
        service.stop().await;
    });
}

fn print(what: &str, before: Duration, operations: usize) {
    let time = processor_time().saturating_sub(before);
    println!("cost {what} {:.2} microseconds", time.as_secs_f64() * 1e6 / operations as f64);
}

/// Of this process so far, in the system's units of 10 ms.
pub fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // `utime` and `stime` of proc_pid_stat(5), 14 and 15 when counted from 1.
    let ticks: u64 = [11, 12].iter().map(|at| fields[*at].parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

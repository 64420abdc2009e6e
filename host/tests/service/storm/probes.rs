//! What an orchestrator asks meanwhile, and what the system says of the process.

use std::time::Duration;

use super::forces::{CONNECTIONS, FOR_ROOM, IN_ADMISSION, OUT_OF_TIME};
use super::scene::{PATIENCE, Scene};
use crate::support::Metrics;

/// Asks for the health and for the metrics, again and again.
pub(super) fn begin(scene: &Scene) {
    let own = scene.clone();
    scene.stranger(async move {
        while !own.has_enough() {
            own.ask("healthz", "/healthz", None).await;
            own.pause(Duration::from_millis(200)).await;
        }
    });
    let own = scene.clone();
    scene.stranger(async move {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build();
        let client = client.unwrap();
        let mut in_admission = 0;
        while !own.has_enough() {
            if let Some(metrics) = figures(&client, own.address()).await {
                let placed = [("slot", "refresh"), ("state", "in_admission")];
                in_admission += metrics.sum("auth_policy_placed_not_serving", &placed);
                let out_of_time = [("slot", "register"), ("cause", "deadline")];
                for (figure, number) in [
                    (IN_ADMISSION, in_admission),
                    (OUT_OF_TIME, metrics.sum("auth_policy_faults_total", &out_of_time)),
                    (CONNECTIONS, metrics.sum("auth_http_connections", &[])),
                    (FOR_ROOM, metrics.sum("auth_http_connections_closed_for_room_total", &[])),
                ] {
                    own.note(figure, usize::try_from(number).unwrap());
                }
            }
            own.pause(Duration::from_millis(200)).await;
        }
    });
}

async fn figures(client: &reqwest::Client, address: &str) -> Option<Metrics> {
    let asked = client.get(format!("http://{address}/metrics")).timeout(PATIENCE).send().await;
    Some(Metrics::parse(&asked.ok()?.error_for_status().ok()?.text().await.ok()?))
}

/// A line of the process's status, in MiB.
pub(super) fn memory(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kibibytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes / 1024
}

//! Many swaps of a policy on three replicas under load: none of them may fail a request.
//!
//! `./justw test` makes fifty and measures nothing; `./justw soak releases` makes a thousand,
//! beside as much time without, then compiles large components; it prints what that cost. Each
//! number has a variable: see [`Scale`].

mod scale;
mod table;

use auth_host::contract::Slot;
use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::crowd::Crowd;
use super::fleet::Fleet;
use super::operator::Operator;
use crate::support::{policy, slow_to_compile};
use scale::Scale;
use table::Table;

const REPLICAS: [&str; 3] = ["a1", "a2", "a3"];
const CLIENTS: usize = 4;
const REQUESTS: usize = 100;

const SWAPPING: &str = "swaps";
const CALM: &str = "without";
const COMPILING: &str = "a compilation";
const BESIDE: &str = "without one";

struct Scene {
    fleet: Fleet,
    crowd: Crowd,
    operator: Operator,
    table: Table,
    /// The release of the logins that serves: 1 or 2.
    active: i64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_many_swaps_under_load_no_request_fails() {
    let scale = Scale::read();
    let mut fleet = Fleet::new(&[
        // A large component is to be compiled, not refused for what it takes.
        ("POLICY_ADMISSION_MEMORY_MIB", "4096"),
        ("POLICY_ADMISSION_PROCESSOR_SECONDS", "600"),
        ("POLICY_ADMISSION_TIMEOUT", "20m"),
    ])
    .await;
    for name in REPLICAS {
        fleet.start(name, None, &[]).await;
    }
    let operator = fleet.operator("a1", "ann", "operate").await;
    // Another component, and other settings.
    let other = slow_to_compile(&policy(Slot::Login), 0);
    let release = operator.push("login", other, json!({ "attempts-per-account": 7 })).await;
    assert_eq!(release, "login/2");
    let crowd = Crowd::begin(&fleet.balancer, CLIENTS);
    crowd.more(REQUESTS).await;
    let mut scene = Scene { fleet, crowd, operator, table: Table::default(), active: 1 };
    // From here on both are ready everywhere.
    scene.swap().await;
    scene.crowd.more(REQUESTS).await;

    scene.table.memory_before = scene.fleet.memory();
    for _ in 0..scale.rounds {
        scene.round(&scale).await;
    }
    scene.crowd.more(REQUESTS).await;
    scene.table.memory_after = scene.fleet.memory();
    scene.roll_back_and_forth(scale.rollbacks).await;
    scene.table.delays(&scene.fleet).await;
    if scale.compilations > 0 {
        // As where each replica has a machine of its own.
        scene.fleet.stop("a2").await;
        scene.fleet.stop("a3").await;
    }
    for number in 0..scale.compilations {
        scene.compile(scale.compile_mebibytes, number).await;
    }

    let Scene { fleet, crowd, table, .. } = scene;
    let (residents, tally) = crowd.end().await;
    println!("{}", table.text(&tally));
    fleet.knows_all(residents).await;
    fleet.end().await;
}

impl Scene {
    /// Swaps, and then as much time without, if that is measured.
    async fn round(&mut self, scale: &Scale) {
        let (begun, processor) = (Instant::now(), self.fleet.processor_time());
        self.crowd.during(SWAPPING);
        for _ in 0..scale.swaps / scale.rounds {
            self.swap().await;
            sleep(scale.pause).await;
        }
        self.crowd.during(CALM);
        let (took, calm) = (begun.elapsed(), self.fleet.processor_time());
        self.table.processor_swapping += calm.saturating_sub(processor);
        if scale.measures {
            sleep(took).await;
            self.table.processor_calm += self.fleet.processor_time().saturating_sub(calm);
        }
        self.crowd.is_good();
    }

    /// Deploys the other release, and goes on once all serve it.
    async fn swap(&mut self) {
        let begun = Instant::now();
        self.active = 3 - self.active;
        self.operator.deploy(&format!("login/{}", self.active)).await;
        self.fleet.serve(&REPLICAS, "login", self.active).await;
        self.table.swaps.push(begun.elapsed());
    }

    async fn roll_back_and_forth(&mut self, times: usize) {
        self.crowd.during("rollbacks");
        for _ in 0..times {
            let begun = Instant::now();
            self.active = 3 - self.active;
            self.roll_back().await;
            self.table.rollback_answers.push(begun.elapsed());
            self.fleet.serve(&REPLICAS, "login", self.active).await;
            self.table.rollbacks.push(begun.elapsed());
            // What a rollback passes over is not kept ready.
            self.swap().await;
        }
        self.crowd.more(REQUESTS).await;
    }

    async fn roll_back(&self) {
        let body = json!({ "to": self.active, "message": "a test" });
        let (status, body) =
            self.operator.ask(Method::POST, "places/login/rollback", Some(&body)).await;
        assert_eq!(status, 200, "{body}");
    }

    /// The one replica that is left compiles a component that nobody has seen.
    async fn compile(&mut self, mebibytes: usize, number: usize) {
        let mut component = slow_to_compile(&policy(Slot::Login), mebibytes);
        for _ in 0..=number {
            component = slow_to_compile(&component, 0);
        }
        let release = self.operator.push("login", component, json!({})).await;
        self.crowd.during(COMPILING);
        let begun = Instant::now();
        self.operator.deploy(&release).await;
        let took = begun.elapsed();
        self.table.compilations.push(took);
        self.crowd.during("the way back");
        self.roll_back().await;
        self.fleet.serve(&["a1"], "login", self.active).await;
        self.crowd.during(BESIDE);
        sleep(took).await;
        self.crowd.is_good();
    }
}

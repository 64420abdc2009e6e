//! The story of releases on three replicas under constant load: what is shipped, refused, taken
//! back, and falls back by itself, and a replica that is pinned or killed meanwhile. It waits for
//! conditions and measures nothing. No request may fail, but those that a release was made to fail.

mod absent;
mod failing;
mod frozen;
mod shipping;

use super::crowd::Crowd;
use super::fleet::Fleet;
use super::operator::Operator;

const REPLICAS: [&str; 3] = ["a1", "a2", "a3"];
const CLIENTS: usize = 4;
/// So many requests see each state of the story.
const REQUESTS: usize = 60;
/// Compiling some components here takes more than the usual bound.
const MUCH_MEMORY: (&str, &str) = ("POLICY_ADMISSION_MEMORY_MIB", "2048");
/// And more than this one.
const LITTLE_MEMORY: (&str, &str) = ("POLICY_ADMISSION_MEMORY_MIB", "64");

/// Who takes part.
struct Story {
    fleet: Fleet,
    crowd: Crowd,
    operator: Operator,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn releases_are_shipped_refused_and_taken_back_and_no_request_fails() {
    let mut fleet = Fleet::new(&[]).await;
    for (name, memory) in [("a1", MUCH_MEMORY), ("a2", MUCH_MEMORY), ("a3", LITTLE_MEMORY)] {
        fleet.start(name, None, &[memory]).await;
    }
    for place in ["register", "login", "refresh"] {
        fleet.serve(&REPLICAS, place, 1).await;
    }
    let operator = fleet.operator("a1", "ann", "operate").await;
    let crowd = Crowd::begin(&fleet.balancer, CLIENTS);
    crowd.more(REQUESTS).await;
    let mut story = Story { fleet, crowd, operator };

    shipping::a_policy_is_pushed_and_deployed_and_taken_back_with_its_settings(&story).await;
    shipping::one_refusal_activates_nothing(&story).await;
    frozen::a_frozen_place_takes_no_deploys_but_rollbacks(&story).await;
    frozen::each_refusal_has_its_reason(&story).await;
    failing::a_release_that_fails_for_some_falls_back_on_all(&story).await;
    absent::a_pinned_replica_serves_what_it_is_pinned_to(&mut story).await;
    absent::a_replica_that_is_killed_between_the_phases_is_not_waited_for(&mut story).await;

    let Story { fleet, crowd, .. } = story;
    let (residents, tally) = crowd.end().await;
    println!("{}", tally.summary());
    assert!(tally.harmed > 0, "nobody met the release that fails: {}", tally.summary());
    fleet.knows_all(residents).await;
    fleet.end().await;
}

impl Story {
    /// A chapter begins.
    fn chapter(&self, name: &'static str) {
        self.crowd.during(name);
        println!("{name}: so far {}", self.crowd.tally().summary());
    }

    /// All three serve it, and people are served by it.
    async fn all_serve(&self, place: &str, release: i64) {
        self.fleet.serve(&REPLICAS, place, release).await;
        self.crowd.more(REQUESTS).await;
    }
}

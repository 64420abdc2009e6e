//! Upgrades of the host and the way back: replicas of two versions beside each other, on one
//! database and under load.

use std::path::PathBuf;

use serde_json::json;

use super::crowd::{Balancer, Crowd};
use super::fleet::Fleet;
use crate::support::{Person, Process};

const CLIENTS: usize = 4;
/// So many requests see each state of the upgrade.
const REQUESTS: usize = 150;

/// The host of the version before, as `scripts/version-before.sh` built it.
fn version_before() -> Option<PathBuf> {
    let program = std::env::var("TEST_VERSION_BEFORE").unwrap_or_default();
    (!program.is_empty()).then(|| PathBuf::from(program))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_upgraded_and_goes_back_under_load_and_nothing_is_lost() {
    let Some(before) = version_before() else {
        println!("skipped: there is no host of the version before (scripts/version-before.sh)");
        return;
    };
    let mut fleet = Fleet::new(&[]).await;
    // So that the attempts below count for as long as the test takes.
    let settings = json!({ "attempts-per-account": 5, "window-seconds": 86_400 }).to_string();
    std::fs::write(fleet.policies().join("login.settings.json"), settings).unwrap();
    fleet.start("a", Some(&before), &[]).await;
    fleet.start("b", Some(&before), &[]).await;
    let crowd = Crowd::begin(&fleet.balancer, CLIENTS);
    crowd.more(REQUESTS).await;
    let victim = guessed_at(&fleet.balancer).await;

    crowd.during("the upgrade of b");
    fleet.stop("b").await;
    fleet.start("b", None, &[]).await;
    crowd.more(REQUESTS).await;
    is_throttled(&fleet.balancer, &victim).await;
    assert_filled(&fleet, "b").await;

    crowd.during("the downgrade of b");
    fleet.stop("b").await;
    fleet.start("b", Some(&before), &[]).await;
    crowd.more(REQUESTS).await;
    is_throttled(&fleet.balancer, &victim).await;

    crowd.during("the upgrade of both");
    for name in ["b", "a"] {
        fleet.stop(name).await;
        fleet.start(name, None, &[]).await;
        crowd.more(REQUESTS).await;
    }
    is_throttled(&fleet.balancer, &victim).await;
    for name in ["a", "b"] {
        let _ = fleet.readiness(name).await;
    }

    let (residents, tally) = crowd.end().await;
    println!("{}", tally.summary());
    fleet.knows_all(residents).await;
    fleet.end().await;
}

#[tokio::test]
async fn a_database_in_a_file_is_upgraded_too() {
    let Some(before) = version_before() else {
        println!("skipped: there is no host of the version before (scripts/version-before.sh)");
        return;
    };
    let (_folder, mut settings) = Process::folder();
    settings.insert("ADMIN_ADDRESS".to_owned(), "off".to_owned());
    let mut people: Vec<Person> = Vec::new();
    // Not back: the version before the registry refuses a file that a newer one has migrated. From
    // the version after it on, this is the place to go back, too.
    for is_new in [false, true, true] {
        let process = if is_new {
            Process::serving(&settings).await
        } else {
            Process::serving_of(&before, &settings).await
        };
        let balancer = Balancer::new();
        balancer.take_in("a", &process.address).await;
        people.push(Person::new(&format!("person{}", people.len())));
        balancer.post("a", "register", &people.last().unwrap().form()).await.tokens();
        for Person { email, password } in &people {
            let body = json!({ "email": email, "password": password });
            balancer.post("a", "login", &body).await.tokens();
        }
        process.terminate();
        let outcome = process.ended().await;
        assert_eq!(outcome.code, Some(0), "{}", outcome.log);
    }
}

/// Somebody at whose password was guessed until nobody may any more.
async fn guessed_at(balancer: &Balancer) -> Person {
    let victim = Person::new("victim");
    balancer.post("a", "register", &victim.form()).await.tokens();
    let wrong = json!({ "email": victim.email, "password": "a wrong guess" });
    for number in 0..5 {
        let name = ["a", "b"][number % 2];
        balancer.post(name, "login", &wrong).await.refused(401, "invalid_credentials");
    }
    victim
}

/// What the policy keeps holds on both replicas, whoever wrote it.
async fn is_throttled(balancer: &Balancer, victim: &Person) {
    for name in ["a", "b"] {
        let body = json!({ "email": victim.email, "password": victim.password });
        balancer.post(name, "login", &body).await.refused(429, "throttled");
    }
}

/// The new version has taken what lay in the folder as the first releases, once.
async fn assert_filled(fleet: &Fleet, name: &'static str) {
    for place in ["register", "login", "refresh"] {
        assert_eq!(fleet.serving(name, place).await, Some(1), "{place} on {name}");
    }
    let mut connection = fleet.database.connection().await;
    let releases = "SELECT count(*) FROM auth.policy_releases WHERE source = 'directory'";
    let releases: i64 = sqlx::query_scalar(releases).fetch_one(&mut connection).await.unwrap();
    assert_eq!(releases, 3);
}

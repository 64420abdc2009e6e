//! A share grows by itself while it does well.

use auth_host::clock::Clock;
use auth_host::store::registry::RolloutChange;

use super::super::super::pushing::{beside, deploy, push, replica, serve, stop, two, version};
use super::{
    Candidate, Duration, Person, TestService, all_judge, begin, candidate, change, eventually,
    growing, json, line, login_place, rollout, store, sum, tried_by,
};

const HOUR: Duration = Duration::from_hours(1);

/// Enough people come for a good verdict. If its time is over, the next step may begin before.
async fn people_come(services: [&TestService; 2], tried: &Candidate) {
    let mut came = 0;
    eventually("enough calls of both", async || {
        for _ in 0..10 {
            let person = Person::new(&format!("person{came}"));
            services[came % 2].login(&person).await.refused(401, "invalid_credentials");
            came += 1;
        }
        let sum = sum(services[0], tried).await;
        let enough = sum.candidate.calls >= 10 && sum.active.calls >= 10;
        let now = candidate(services[0]).await;
        (enough || now.is_none_or(|now| now.turn != tried.turn)).then_some(())
    })
    .await;
}

async fn at_step(service: &TestService, step: usize) -> Candidate {
    eventually("the next step", async || {
        candidate(service).await.filter(|candidate| candidate.step == step)
    })
    .await
}

#[tokio::test]
async fn steps_go_on_by_themselves_after_their_time_while_it_is_good_and_end_in_an_activation() {
    let services = two(|second| second).await;
    let both = [&services[0], &services[1]];
    let active = deploy(both[0], &version("1.1.0"), &json!({})).await;
    serve(both, active).await;
    let number = push(both[0], &version("1.2.0"), &json!({})).await;
    let first = begin(both[0], number, &growing(&[3_000, 6_000, 10_000])).await;
    tried_by(both[0], &first, 2).await;
    // Its time is over, and nothing is known of it.
    both[0].later(HOUR).await;
    all_judge(both[0]).await;
    assert_eq!(candidate(both[0]).await.unwrap().step, 0);
    let labels = [("place", "login"), ("verdict", "not_enough")];
    assert_eq!(both[1].count("auth_policy_rollout_verdict", &labels).await, 1);
    people_come(both, &first).await;
    let second = at_step(both[0], 1).await;
    assert_eq!((second.share, second.turn), (6_000, first.turn + 1));
    let line = line(both[0]).await;
    assert_eq!((&*line.action, &*line.who), ("advanced", "judgement"));
    assert_eq!(line.why, "good at 30 %: 60 % from now on");
    // What is counted begins anew, and its time, too.
    tried_by(both[0], &second, 2).await;
    assert_eq!(sum(both[0], &second).await.candidate.calls, 0);
    people_come(both, &second).await;
    all_judge(both[0]).await;
    assert_eq!(candidate(both[0]).await.unwrap().step, 1, "it has not had its time");
    both[0].later(HOUR).await;
    serve(both, number).await;
    let place = login_place(both[0]).await;
    assert_eq!((place.active, place.candidate), (number, None));
    let line = super::line(both[0]).await;
    assert_eq!((&*line.action, &*line.who), ("promoted", "judgement"));
    assert_eq!(line.why, "good at 60 %: it serves all from now on");
    stop(services).await;
}

#[tokio::test]
async fn a_pause_and_a_freeze_hold_the_steps_and_a_resume_begins_the_step_anew() {
    let services = two(|second| second).await;
    let both = [&services[0], &services[1]];
    let active = deploy(both[0], &version("1.1.0"), &json!({})).await;
    serve(both, active).await;
    let number = push(both[0], &version("1.2.0"), &json!({})).await;
    let first = begin(both[0], number, &growing(&[3_000, 6_000])).await;
    tried_by(both[0], &first, 2).await;
    people_come(both, &first).await;
    rollout(both[0], RolloutChange::Pause).await;
    both[0].later(HOUR).await;
    all_judge(both[0]).await;
    assert_eq!(candidate(both[0]).await.unwrap().step, 0, "it is paused");
    let resumed = rollout(both[0], RolloutChange::Resume).await.candidate.unwrap();
    assert!(resumed.turn_since > first.turn_since && resumed.turn == first.turn, "{resumed:?}");
    all_judge(both[0]).await;
    assert_eq!(candidate(both[0]).await.unwrap().step, 0, "it begins anew");
    let store = store(both[0]);
    let until = both[0].clock.now() + 86_400_000;
    store.freeze("login", until, &change()).await.unwrap();
    both[0].later(HOUR).await;
    all_judge(both[0]).await;
    assert_eq!(candidate(both[0]).await.unwrap().step, 0, "it is frozen");
    store.unfreeze("login", &change()).await.unwrap();
    let second = at_step(both[0], 1).await;
    // The last step stays as it is: nobody asked for more.
    tried_by(both[0], &second, 2).await;
    people_come(both, &second).await;
    both[0].later(HOUR).await;
    all_judge(both[0]).await;
    assert_eq!(candidate(both[0]).await, Some(second));
    stop(services).await;
}

#[tokio::test]
async fn a_replica_whose_clock_is_ahead_ends_no_step_before_its_time() {
    let first = replica("a1").on_postgres().clock(Clock::System).start().await;
    let ahead = Clock::database();
    ahead.set(ahead.now() + 86_400_000, std::time::Instant::now());
    let second = beside(&first, "a2").clock(ahead).start().await;
    let both = [&first, &second];
    let active = deploy(&first, &version("1.1.0"), &json!({})).await;
    serve(both, active).await;
    let number = push(&first, &version("1.2.0"), &json!({})).await;
    let begun = begin(&second, number, &growing(&[3_000, 10_000])).await;
    tried_by(&first, &begun, 2).await;
    people_come(both, &begun).await;
    let verdict = [("place", "login"), ("verdict", "good")];
    for service in both {
        eventually("a good verdict", async || {
            (service.count("auth_policy_rollout_verdict", &verdict).await == 1).then_some(())
        })
        .await;
    }
    all_judge(&first).await;
    assert_eq!(candidate(&first).await, Some(begun));
    second.stop().await;
    first.stop().await;
}

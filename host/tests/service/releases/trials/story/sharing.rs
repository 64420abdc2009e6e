//! A share of ten thousand people: how many it takes, whether it is the same people on all
//! replicas and again and again, and whether more of them keep those that were in.

use serde_json::json;
use tokio::task::JoinSet;

use super::{REPLICAS, Story, number};
use crate::support::guest;

const PEOPLE: usize = 10_000;
/// So many are asked about on each replica.
const EVERYWHERE: usize = 300;
const AT_ONCE: usize = 6;

pub(super) async fn each_person_is_treated_alike_on_all_replicas(story: &Story) {
    let Story { fleet, operator } = story;
    let named = async |name: &str| {
        operator.push("login", guest("login_names_itself"), json!({ "name": name })).await
    };
    let active = named("active").await;
    operator.deploy(&active).await;
    fleet.serve(&REPLICAS, "login", number(&active)).await;
    let candidate = named("candidate").await;
    story.try_out(&candidate, share(10)).await;

    let everybody: Vec<usize> = (0..PEOPLE).collect();
    let at_ten = taken(story, &everybody, |person| REPLICAS[person % REPLICAS.len()]).await;
    let part = at_ten.iter().filter(|taken| **taken).count();
    println!("{part} of {PEOPLE} people at 10 %");
    assert!(part.abs_diff(PEOPLE / 10) <= PEOPLE / 100, "{part} of {PEOPLE}");

    let some: Vec<usize> = (0..EVERYWHERE).collect();
    for name in REPLICAS {
        let again = taken(story, &some, |_| name).await;
        assert_eq!(again, at_ten[..EVERYWHERE], "{name} decides otherwise about somebody");
    }

    story.try_out(&candidate, share(25)).await;
    let in_before: Vec<usize> =
        everybody.iter().copied().filter(|person| at_ten[*person]).collect();
    let still = taken(story, &in_before, |person| REPLICAS[(person + 1) % REPLICAS.len()]).await;
    assert!(still.iter().all(|taken| *taken), "somebody was in at 10 % and is not at 25 %");
    let at_more = taken(story, &some, |_| REPLICAS[0]).await;
    for name in [REPLICAS[1], REPLICAS[2]] {
        assert_eq!(taken(story, &some, |_| name).await, at_more, "{name} decides otherwise");
    }
    let joined = at_more.iter().zip(&at_ten).filter(|(more, ten)| **more && !**ten).count();
    assert!(joined > 0, "nobody joined between 10 % and 25 %");

    story.abort("login").await;
    assert!(!taken(story, &in_before[..20], |_| REPLICAS[2]).await.contains(&true));
    operator.deploy("login/1").await;
    fleet.serve(&REPLICAS, "login", 1).await;
}

fn share(percent: u32) -> serde_json::Value {
    json!({ "mode": "share", "percent": percent, "abort_if": ["p99 off"] })
}

/// Which of these people the candidate decides about, each asked at the replica that is named.
async fn taken(story: &Story, people: &[usize], at: impl Fn(usize) -> &'static str) -> Vec<bool> {
    let mut tasks = JoinSet::new();
    for worker in 0..AT_ONCE {
        let own = people.iter().enumerate().skip(worker).step_by(AT_ONCE);
        let own: Vec<_> = own.map(|(index, person)| (index, *person, at(*person))).collect();
        let balancer = story.fleet.balancer.clone();
        tasks.spawn(async move {
            let mut answers = Vec::new();
            for (index, person, name) in own {
                let email = format!("person-{person}@example.com");
                let body = json!({ "email": email, "password": "a password of nobody" });
                let answer = balancer.post(name, "login", &body).await;
                answer.refused(403, "go_away");
                answers.push((index, answer.json()["error"] == "candidate"));
            }
            answers
        });
    }
    let mut answers: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    answers.sort_unstable();
    answers.into_iter().map(|(_, taken)| taken).collect()
}

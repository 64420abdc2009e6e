//! Trials by `auth-host policy`, beside a service that runs, both by the real program: what each
//! command says, and what to do next.

use reqwest::Client;
use serde_json::{Value, json};

use crate::releases::commands::{Shop, holds};
use crate::support::{eventually, guest};

const PEOPLE: usize = 9;

/// People who log in; one is refused by the release that is tried.
struct People {
    client: Client,
    base: String,
}

impl People {
    async fn of(shop: &Shop) -> Self {
        let base = format!("http://{}", shop.process.address);
        let people = Self { client: Client::new(), base };
        for number in 1..=PEOPLE {
            let (status, _) = people.ask("/auth/register", number).await;
            assert_eq!(status, 200, "person {number}");
        }
        people
    }

    /// The status and the request's id.
    async fn ask(&self, path: &str, number: usize) -> (u16, String) {
        let body = json!({
            "email": format!("person{number}@trial.example"), "name": "Leo",
            "password": format!("a long secret of person {number}"), "phone": "+79999999999",
        });
        let answer =
            self.client.post(format!("{}{path}", self.base)).json(&body).send().await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), id)
    }

    /// All log in; the ids of their requests.
    async fn log_in(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for number in 1..=PEOPLE {
            ids.push(self.ask("/auth/login", number).await.1);
        }
        ids
    }
}

/// What is printed once it holds these words.
async fn said(shop: &Shop, command: &[&str], words: &[&str]) -> String {
    eventually(&format!("{words:?}"), async || {
        let text = shop.told(0, command).await;
        words.iter().all(|word| text.contains(word)).then_some(text)
    })
    .await
}

/// A login policy that refuses whoever's name ends with 7, as release `login/2`.
async fn push(shop: &Shop) {
    let file = shop.file("refuses_more.wasm", guest("refuses_more"));
    shop.told(0, &["push", "login", &file, "-m", "closed hours"]).await;
}

#[tokio::test]
async fn a_shadow_says_what_would_change_before_anybody_depends_on_it() {
    let shop = Shop::open().await;
    push(&shop).await;
    let people = People::of(&shop).await;
    let told = shop.told(1, &["diff", "login"]).await;
    holds(&told, &["nothing was tried in login", "auth-host policy deploy login/NUMBER --shadow"]);

    let told = shop.told(0, &["deploy", "login/2", "--shadow", "-m", "what changes?"]).await;
    holds(&told, &["a1 ready", "login/2 is a shadow of login/1 on all calls", "1 replica"]);
    holds(&told, &["auth-host policy diff login ", "auth-host policy abort login "]);
    let told = shop.told(0, &["diff", "login"]).await;
    holds(
        &told,
        &["0 same   0 differ   0 not comparable   0 faults\n", "nothing was compared yet"],
    );

    let requests = people.log_in().await;
    let line = "8 same   1 differ: 1 accepted → closed_hours   0 not comparable   0 faults";
    let told = said(&shop, &["diff", "login", "--samples"], &[line]).await;
    assert!(told.starts_with(line), "{told}");
    holds(&told, &["judgement: not enough data", "accepted → closed_hours   20", &requests[6]]);
    holds(&told, &["auth-host policy deploy login/2 --steps "]);
    assert!(!told.contains("trial.example"), "no person is named: {told}");
    let document = shop.document(0, &["diff", "login"]).await;
    assert_eq!((&document["same"], &document["differ"]), (&json!(8), &json!(1)));
    let kind = &document["kinds"][0];
    assert_eq!((&kind["kind"], &kind["count"]), (&json!("accepted → closed_hours"), &json!(1)));
    let status = shop.told(0, &["status", "login"]).await;
    holds(&status, &["login/1   since ", "  login/2 is a shadow of login/1", ": what changes?"]);
    assert_eq!(shop.serving().await, "login/1");

    // A share takes its place; what was compared is kept.
    shop.told(0, &["deploy", "login/2", "--share", "50%"]).await;
    let past = document["rollout"].as_str().unwrap();
    let told = shop.told(0, &["diff", "login", "--rollout", past]).await;
    assert!(told.starts_with(line), "{told}");
    holds(&told, &["login/2 was tried beside login/1 from ", "replaced by another trial"]);
    shop.told(0, &["abort", "login"]).await;
    let history = shop.told(0, &["history", "login"]).await;
    holds(&history, &["shadow began", "100 % of calls; a1 ready", "share began", "aborted"]);
    shop.close().await;
}

#[tokio::test]
async fn a_share_is_grown_paused_looked_at_promoted_and_taken_back() {
    let shop = Shop::open().await;
    push(&shop).await;
    let people = People::of(&shop).await;
    let words = ["deploy", "login/2", "--steps", "5%:1h,100%", "--abort-if", "faults > 1%"];
    let told = shop.told(0, &words).await;
    holds(&told, &["login/2 decides for 5 % of people, login/1 for the others   1 replica"]);
    holds(
        &told,
        &["step 1 of 2 (5 % → 100 %): it goes on from 20", "auth-host policy pause login"],
    );
    let told = shop.told(0, &["diff", "login"]).await;
    holds(&told, &["nobody was decided about yet", "auth-host policy promote login"]);

    let told = shop.told(0, &["pause", "login", "-m", "a busy evening"]).await;
    holds(&told, &["login/2 stays at 5 %", "auth-host policy resume login"]);
    let status = shop.told(0, &["status", "login"]).await;
    holds(&status, &["PAUSED since 20", ": a busy evening"]);
    assert_eq!(shop.document(1, &["pause", "login"]).await["code"], "steps_as_asked");
    holds(&shop.told(0, &["resume", "login"]).await, &["login/2: step 1 of 2", "it goes on from"]);

    // The same release with more, and a table of both groups.
    let told = shop.told(0, &["deploy", "login/2", "--share", "50%"]).await;
    holds(&told, &["login/2 decides for 50 % of people", "auth-host policy diff login "]);
    assert_eq!(shop.document(1, &["pause", "login"]).await["code"], "no_steps");
    people.log_in().await;
    let told = said(&shop, &["diff", "login"], &["login/2   login/1   difference"]).await;
    holds(&told, &["\ncalls ", "\nfaults ", "\np99 ", "+0.1%", "judgement: not enough data"]);
    push(&shop).await;
    let refused = shop.document(1, &["deploy", "login/3", "--share", "5%"]).await;
    assert_eq!(refused["code"], "trying", "{refused}");
    assert_eq!(shop.document(1, &["promote", "login/3"]).await["code"], "changed_meanwhile");
    assert_eq!(shop.document(1, &["abort", "login/3"]).await["code"], "changed_meanwhile");

    let told = shop.told(0, &["promote", "login/2", "-m", "looks good"]).await;
    holds(
        &told,
        &["login/2 serves all   1 replica   ", "policy rollback login -m", "on probation"],
    );
    assert_eq!(shop.serving().await, "login/2");
    let told = shop.told(0, &["diff", "login"]).await;
    holds(&told, &["promoted: it served all", "\ncalls ", "auth-host policy status login"]);
    assert_eq!(shop.document(1, &["abort", "login"]).await["code"], "no_candidate");
    let back = shop.told(0, &["rollback", "login", "-m", "support calls"]).await;
    holds(&back, &["login/2 → login/1"]);
    let history = shop.told(0, &["history", "login"]).await;
    holds(
        &history,
        &["paused", "resumed", "share began", "5 % → 100 % of people", "50 % of people"],
    );
    holds(&history, &["promoted", "looks good", "at 50 %, not enough data, "]);
    shop.close().await;
}

#[tokio::test]
async fn one_step_back_from_a_share_takes_out_what_is_tried_and_nothing_else() {
    let shop = Shop::open().await;
    push(&shop).await;
    shop.told(0, &["deploy", "login/2"]).await;
    push(&shop).await;
    let begun = shop.document(0, &["deploy", "login/3", "--share", "25%", "--no-wait"]).await;
    let watched = ["deploy", "--watch", begun["id"].as_str().unwrap()];
    let watched = shop.document(0, &watched).await;
    assert_eq!(watched["candidate"]["release"], "login/3", "{watched}");
    assert_eq!((&watched["replicas"], &watched["missing"]), (&json!(1), &json!([])));

    // A freeze holds up what goes on, and nothing that goes back.
    shop.told(0, &["freeze", "login", "--until", "2h", "-m", "holidays"]).await;
    assert_eq!(shop.document(1, &["promote", "login"]).await["code"], "frozen");
    let back = shop.told(0, &["rollback", "login", "-m", "support calls"]).await;
    holds(&back, &["login/3 → login/2"]);
    assert_eq!(shop.serving().await, "login/2");
    let status = shop.document(0, &["status", "login"]).await;
    assert_eq!(status["places"][0]["candidate"], Value::Null);
    // Somebody else saw the same, and means the release that is out already.
    let again = shop.document(1, &["rollback", "login", "-m", "support calls"]).await;
    assert_eq!(again["code"], "rolled_back_already", "{again}");
    shop.told(0, &["unfreeze", "login"]).await;
    shop.told(0, &["deploy", "login/3", "--share", "25%"]).await;
    let told = shop.told(0, &["abort", "login/3", "-m", "support calls"]).await;
    holds(&told, &["login/3 is out: login/2 decides for all", "auth-host policy diff login"]);
    let again = shop.told(1, &["rollback", "login", "-m", "support calls"]).await;
    holds(&again, &["took login/3 out at ", "login/2 serves since then", "--from 2"]);
    let meant = shop.told(0, &["rollback", "login", "--from", "2", "-m", "2 fails, too"]).await;
    holds(&meant, &["login/2 → login/1"]);
    shop.close().await;
}

#[tokio::test]
async fn what_is_no_plan_is_told_before_anything_is_begun() {
    let shop = Shop::open().await;
    push(&shop).await;
    for (words, told) in [
        (&["--share", "5"][..], "such as 5%"),
        (&["--share", "0%"], "policy abort"),
        (&["--share", "100%"], "policy promote"),
        (&["--share", "0.125%"], "two decimals"),
        (&["--shadow", "--share", "5%"], "cannot be used with"),
        (&["--share", "5%", "--sample", "5%"], "cannot be used with"),
        (&["--steps", "10%:10m,1%:10m,100%"], "steps must rise: 1% comes after 10%"),
        (&["--steps", "1%,100%"], "1% lacks its time"),
        (&["--steps", "1%:10m,10%:30m"], "add ,100%"),
        (&["--share", "5%", "--abort-if", "faults"], "faults > 0.1%"),
        (&["--abort-if", "faults > 1%"], "--shadow"),
    ] {
        let command = [&["deploy", "login/2"], words].concat();
        holds(&shop.told(2, &command).await, &[told]);
    }
    let status = shop.document(0, &["status", "login"]).await;
    assert_eq!(status["places"][0]["candidate"], Value::Null);
    let unknown = ["diff", "login", "--rollout", "6d3c9a4e-5a39-4c5c-9b57-4f3a9d0f9f11"];
    assert_eq!(shop.document(1, &unknown).await["code"], "no_rollout");
    assert_eq!(shop.document(1, &["promote", "login"]).await["code"], "no_candidate");
    let serves = shop.document(1, &["deploy", "login/1", "--shadow"]).await;
    assert_eq!(serves["code"], "serves_already", "{serves}");
    shop.close().await;
}

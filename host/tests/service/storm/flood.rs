//! Strangers who want work done: logins that fail, and registrations whose policy loops.

use std::time::Duration;

use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use super::scene::Scene;
use crate::support::{Person, secret_text};

/// Clients that share the flood among them.
const CLIENTS: u32 = 64;

/// So many logins a second, half of them for one e-mail address, and so many loops at once.
pub(super) fn begin(scene: &Scene, logins: u32, loops: usize) {
    for client in 0..CLIENTS.min(logins) {
        let own = scene.clone();
        let every = Duration::from_secs(CLIENTS.min(logins).into()) / logins;
        scene.stranger(async move {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for number in 0_usize.. {
                ticks.tick().await;
                let somebody = format!("nobody{client}.{number}@example.com");
                let email = if number % 2 == 0 { "victim@example.com" } else { &somebody };
                let body = json!({ "email": email, "password": secret_text() });
                own.ask("login flood", "/auth/login", Some(&body)).await;
            }
        });
    }
    for client in 0..loops {
        let own = scene.clone();
        scene.stranger(async move {
            for number in 0_usize.. {
                let person = Person::new(&format!("loop{client}.{number}"));
                own.ask("loops", "/auth/register", Some(&person.form())).await;
                // A service that is gone answers at once.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
}

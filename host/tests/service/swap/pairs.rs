//! A component and its settings belong together: they are taken together, and come back together.

use std::path::Path;
use std::time::{Duration, Instant};

use auth_host::contract::Slot;
use serde_json::{Value, json};
use wasm_encoder::{ComponentSectionId, CustomSection, Encode as _};

use super::components::with_manifest;
use crate::support::{
    Person, Process, SmallDisk, TestService, eventually, in_time, lines_with, policy,
};

/// The default login policy that takes one more setting, and must have it.
fn with_a_new_setting() -> Vec<u8> {
    with_manifest(|manifest| {
        manifest["version"] = json!("2.0.0");
        manifest["settings"]["properties"]["new"] = json!({ "type": "integer" });
        manifest["settings"]["required"] = json!(["new"]);
    })
}

async fn refused(service: &TestService) -> u64 {
    service.count("auth_policy_admissions_total", &[("slot", "login"), ("result", "refused")]).await
}

async fn digest(service: &TestService) -> Value {
    service.get("/readyz").await.json()["policies"][1]["digest"].clone()
}

/// Right logins and wrong ones up to the limit of the settings.
async fn is_throttled_after(service: &TestService, name: &str, attempts: u32) {
    let (person, _) = service.newcomer(name).await;
    for _ in 0..attempts {
        service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    }
    service.login_with_wrong_password(&person).await.refused(429, "throttled");
}

#[tokio::test]
async fn a_component_and_its_settings_that_follow_each_other_are_taken_as_a_pair() {
    let stillness = Duration::from_secs(4);
    for _ in 0..10 {
        let service = TestService::with().stillness(stillness).start().await;
        let before = service.generation(Slot::Login).await;
        let begin = Instant::now();
        service.put("login.wasm", &with_a_new_setting());
        // Longer than the folder is left unlooked at; that the files are not taken one by one is
        // asserted below, and not measured.
        tokio::time::sleep(Duration::from_millis(700)).await;
        service.put("login.settings.json", json!({ "new": 1 }).to_string().as_bytes());
        // A machine that stood still between the two says nothing.
        let follow_each_other = begin.elapsed() < stillness;
        if follow_each_other {
            service.next_generation(Slot::Login, before).await;
            assert_eq!(refused(&service).await, 0);
            let (person, _) = service.newcomer("leo").await;
            service.login(&person).await.tokens();
        }
        service.stop().await;
        if follow_each_other {
            return;
        }
    }
    panic!("the machine stood still each time");
}

/// What serves is a release, so what cannot be made one does not serve.
#[tokio::test]
async fn a_full_disk_activates_nothing_and_once_there_is_room_component_and_settings_serve() {
    let Some(disk) = SmallDisk::new(24) else { return };
    let put = |name: &str, bytes: &[u8]| {
        let file = Path::new(&disk.settings["POLICY_DIR"]).join(name);
        std::fs::write(file.with_extension("new"), bytes).unwrap();
        std::fs::rename(file.with_extension("new"), file).unwrap();
    };
    let ready = async |process: &Process| -> Value {
        let ready = reqwest::get(format!("http://{}/readyz", process.address));
        in_time("an answer", ready).await.unwrap().json().await.unwrap()
    };
    put("login.settings.json", json!({ "attempts-per-account": 3 }).to_string().as_bytes());
    let process = disk.serving().await;
    let first = ready(&process).await["policies"][1].clone();
    // Room for settings, and not for the component.
    disk.fill_all_but(100 << 10);
    put("login.settings.json", json!({ "new": 1 }).to_string().as_bytes());
    let mut large = with_a_new_setting();
    large.push(ComponentSectionId::CoreCustom.into());
    let ballast = vec![0; 1 << 20];
    CustomSection { name: "ballast".into(), data: ballast.into() }.encode(&mut large);
    put("login.wasm", &large);
    let told = eventually("a component that is not kept", async || {
        let ready = ready(&process).await;
        (ready["placed_not_serving"][0]["state"] == "not_kept").then_some(ready)
    })
    .await;
    assert_eq!(told["policies"][1], first, "{told}");
    disk.free();
    eventually("the new component", async || {
        let ready = ready(&process).await;
        let is_new = ready["policies"][1]["version"] == "2.0.0";
        (is_new && ready["placed_not_serving"] == json!([])).then_some(())
    })
    .await;
    process.terminate();
    let log = process.ended().await.log;
    assert!(log.contains("the registry does not take"), "{log}");
    put("login.wasm", b"nothing");
    put("login.settings.json", b"{}");
    let process = disk.serving().await;
    let serving = ready(&process).await["policies"].clone();
    process.terminate();
    let log = process.ended().await.log;
    assert_eq!(serving[1]["version"], "2.0.0", "{log}");
}

#[tokio::test]
async fn a_component_that_comes_back_brings_its_settings_back_if_those_of_the_file_do_not_fit() {
    let first = json!({ "attempts-per-account": 3 });
    let service = TestService::with().policy_settings(Slot::Login, &first).start().await;
    let component = digest(&service).await;
    let before = service.generation(Slot::Login).await;
    // The settings fit the new component only, and are refused until it is there.
    service.put("login.settings.json", json!({ "new": 1 }).to_string().as_bytes());
    eventually("a refusal", async || (refused(&service).await == 1).then_some(())).await;
    service.put("login.wasm", &with_a_new_setting());
    service.next_generation(Slot::Login, before).await;
    assert_ne!(digest(&service).await, component);
    is_throttled_after(&service, "ann", 10).await;

    // The undo that the documentation tells: the file of before, and nothing else.
    for (number, wrong) in ["", "{", "[]"].into_iter().enumerate() {
        if number > 0 {
            let before = service.generation(Slot::Login).await;
            service.put("login.settings.json", json!({ "new": 1 }).to_string().as_bytes());
            service.put("login.wasm", &with_a_new_setting());
            service.next_generation(Slot::Login, before).await;
            let count = refused(&service).await;
            service.put("login.settings.json", wrong.as_bytes());
            eventually("a refusal", async || (refused(&service).await > count).then_some(())).await;
        }
        let before = service.generation(Slot::Login).await;
        service.put("login.wasm", &policy(Slot::Login));
        service.next_generation(Slot::Login, before).await;
        assert_eq!(digest(&service).await, component);
        is_throttled_after(&service, &format!("leo{number}"), 3).await;
        let told = service.get("/readyz").await.json()["placed_not_serving"].clone();
        assert_eq!(told[0]["state"], "other_settings", "{told}");
        assert!(!lines_with(service.log_mark(), "last admitted with").is_empty());
    }
    let before = service.generation(Slot::Login).await;
    service.put("login.settings.json", json!({ "attempts-per-account": 2 }).to_string().as_bytes());
    service.next_generation(Slot::Login, before).await;
    is_throttled_after(&service, "joe", 2).await;
    assert_eq!(service.get("/readyz").await.json()["placed_not_serving"], json!([]));
    service.stop().await;
}

#[tokio::test]
async fn a_component_that_comes_back_while_the_host_is_down_brings_its_settings_back() {
    let first = json!({ "attempts-per-account": 3 });
    let service = TestService::with().policy_settings(Slot::Login, &first).start().await;
    let builder = service.stop_and_keep().await;
    let builder = builder.component(Slot::Login, &with_a_new_setting());
    let service = builder.policy_settings(Slot::Login, &json!({ "new": 1 })).start().await;
    // The last one may serve until the new one is admitted.
    eventually("the new component", async || {
        let version = service.get("/readyz").await.json()["policies"][1]["version"].clone();
        (version == "2.0.0").then_some(())
    })
    .await;
    let builder = service.stop_and_keep().await;
    let service = builder.component(Slot::Login, &policy(Slot::Login)).start().await;
    eventually("the component of before", async || {
        let version = service.get("/readyz").await.json()["policies"][1]["version"].clone();
        (version != "2.0.0").then_some(())
    })
    .await;
    is_throttled_after(&service, "leo", 3).await;
    service.stop().await;
}

#[tokio::test]
async fn a_file_whose_name_is_no_slots_is_named_in_the_log_once() {
    let service = TestService::start().await;
    service.put("signin.wasm", &policy(Slot::Login));
    service.put("signin.settings.json", b"{}");
    let named = |file: &str| {
        let folder = service.policy_file("");
        lines_with(service.log_mark(), "is for no slot")
            .iter()
            .filter(|line| {
                line["file"] == folder.join(file).to_str().unwrap()
                    && line["message"].as_str().unwrap().contains("register, login, refresh")
            })
            .count()
    };
    for file in ["signin.wasm", "signin.settings.json"] {
        eventually("a line in the log", async || (named(file) > 0).then_some(())).await;
    }
    // Another look is over by the time that another stray file is named.
    service.put("sign-in.wasm", b"nothing");
    eventually("a line in the log", async || (named("sign-in.wasm") > 0).then_some(())).await;
    assert_eq!(named("signin.wasm"), 1);
    let person = Person::new("leo");
    service.register(&person.form()).await.tokens();
    service.stop().await;
}

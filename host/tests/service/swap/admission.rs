//! The process that admits a component: what it may take, what it has, and what goes on meanwhile.

use std::path::{Path, PathBuf};

use auth_host::contract::Slot;
use serde_json::Value;

use super::components::{large_to_compile, slow_to_compile};
use crate::support::{Process, TestService, eventually, lines_with, mark, policy};

/// A service whose own policies are compiled already, started again with a limit of admission.
async fn limited(name: &str, value: &str) -> TestService {
    let service = TestService::start().await;
    service.stop_and_keep().await.setting(name, value).start().await
}

/// Offers a component that is refused with these words, while the running one goes on.
async fn refused(service: &TestService, component: &[u8], words: &str) {
    let (person, _) = service.newcomer("leo").await;
    let (begin, before) = (mark(), service.generation(Slot::Login).await);
    service.put("login.wasm", component);
    eventually(&format!("a refusal: {words}"), async || {
        let lines = lines_with(begin, "the policy was refused");
        lines
            .iter()
            .any(|line| line["faults"].as_str().is_some_and(|text| text.contains(words)))
            .then_some(())
    })
    .await;
    assert_eq!(service.generation(Slot::Login).await, before);
    service.login(&person).await.tokens();
}

/// The processes that admit for the service with this setting.
fn admitting(processor_seconds: &str) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let is_ours = |process: &PathBuf| {
        std::fs::read_to_string(process.join("cmdline")).is_ok_and(|line| {
            line.contains("admit-one") && line.split('\0').any(|word| word == processor_seconds)
        })
    };
    processes.filter(is_ours).collect()
}

async fn admitting_process(processor_seconds: &str) -> PathBuf {
    eventually("a process that admits", async || admitting(processor_seconds).pop()).await
}

fn read(process: &Path, file: &str) -> String {
    std::fs::read_to_string(process.join(file)).unwrap()
}

async fn placed(service: &TestService) -> Value {
    service.get("/readyz").await.json()["placed_not_serving"].clone()
}

#[tokio::test]
async fn a_component_that_takes_too_long_to_admit_is_refused() {
    let service = limited("POLICY_ADMISSION_TIMEOUT", "1500ms").await;
    refused(&service, &slow_to_compile(), "admitting it took longer than 1.5 s").await;
    service.stop().await;
}

#[tokio::test]
async fn a_component_that_takes_too_much_processor_time_to_admit_is_refused() {
    let service = limited("POLICY_ADMISSION_PROCESSOR_SECONDS", "1").await;
    let words = "admitting it used more than 1 s of processor time";
    refused(&service, &slow_to_compile(), words).await;
    service.stop().await;
}

#[tokio::test]
async fn a_component_that_takes_too_much_memory_to_admit_is_refused() {
    let service = limited("POLICY_ADMISSION_MEMORY_MIB", "100").await;
    let words = "admitting it used more than 100 MiB of memory";
    refused(&service, &large_to_compile(), words).await;
    service.stop().await;
}

#[tokio::test]
async fn what_admits_has_no_environment_and_little_of_the_machine_and_its_death_is_told() {
    let service = limited("POLICY_ADMISSION_PROCESSOR_SECONDS", "3571").await;
    let component = slow_to_compile();
    let killed = async {
        let process = admitting_process("3571").await;
        // It takes its limits first, and what it reads comes after.
        eventually("its limits", async || {
            read(&process, "limits")
                .contains(&format!("{:<26}{}", "Max cpu time", 3571))
                .then_some(())
        })
        .await;
        assert_eq!(read(&process, "environ"), "");
        let limits = read(&process, "limits");
        for limit in [
            format!("{:<26}{:<21}{}", "Max data size", 256 << 20, 256 << 20),
            format!("{:<26}{:<21}{}", "Max file size", 64 << 20, 64 << 20),
            format!("{:<26}{:<21}{}", "Max core file size", 0, 0),
        ] {
            assert!(limits.contains(&limit), "{limit}: {limits}");
        }
        assert_eq!(read(&process, "oom_score_adj").trim(), "1000");
        let id: i32 = process.file_name().unwrap().to_str().unwrap().parse().unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
    };
    let words = "the process that admits it was ended by signal 9";
    tokio::join!(refused(&service, &component, words), killed);
    service.stop().await;
}

#[tokio::test]
async fn a_start_serves_the_last_admitted_policy_while_a_new_one_compiles_and_a_stop_ends_that() {
    let service = TestService::with().own_cache().start().await;
    let (person, tokens) = service.newcomer("leo").await;
    let builder = service.stop_and_keep().await;
    let service = builder
        .setting("POLICY_ADMISSION_PROCESSOR_SECONDS", "3572")
        .component(Slot::Login, &slow_to_compile())
        .start()
        .await;
    service.login(&person).await.tokens();
    service.refresh(&tokens.refresh).await.tokens();
    admitting_process("3572").await;
    let told = placed(&service).await;
    assert_eq!(told[0]["slot"], "login", "{told}");
    assert_eq!(told[0]["state"], "in_admission", "{told}");
    let labels = [("slot", "login"), ("state", "in_admission")];
    assert_eq!(service.count("auth_policy_placed_not_serving", &labels).await, 1);
    service.stop().await;
    eventually("the end of the process", async || admitting("3572").is_empty().then_some(())).await;
}

#[tokio::test]
async fn what_is_placed_later_need_not_wait_for_what_compiles() {
    let service = limited("POLICY_ADMISSION_PROCESSOR_SECONDS", "3573").await;
    let slow = slow_to_compile();
    service.put("login.wasm", &slow);
    admitting_process("3573").await;
    // Another slot's, and the undo in the same slot: both from the cache.
    let before = service.generation(Slot::Refresh).await;
    service.put("refresh.settings.json", b"{\"session-idle-seconds\": 60}");
    service.next_generation(Slot::Refresh, before).await;
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    eventually("the end of the process", async || admitting("3573").is_empty().then_some(())).await;
    assert_eq!(placed(&service).await, serde_json::json!([]));
    service.stop().await;
}

#[tokio::test]
async fn a_signal_ends_a_process_that_waits_for_its_first_policies() {
    let (folder, mut settings) = Process::folder();
    settings.insert("POLICY_ADMISSION_PROCESSOR_SECONDS".to_owned(), "3574".to_owned());
    std::fs::write(folder.path().join("policies/login.wasm"), slow_to_compile()).unwrap();
    let begun = Process::begun(&settings);
    let working = eventually("the slow component's process", async || {
        let status = |process: &PathBuf| std::fs::read_to_string(process.join("status")).ok();
        let threads = |process: &PathBuf| {
            status(process)?
                .lines()
                .find_map(|line| line.strip_prefix("Threads:")?.trim().parse::<u32>().ok())
        };
        // All of them together have a compiler's threads only if they compile.
        admitting("3574").into_iter().find(|process| threads(process).is_some_and(|n| n > 2))
    })
    .await;
    begun.terminate();
    let outcome = begun.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
    eventually("its end, too", async || (!working.exists()).then_some(())).await;
}

#[tokio::test]
async fn what_is_refused_and_what_mends_it_is_told_by_readiness_and_a_metric() {
    let service = TestService::start().await;
    let labels = [("slot", "login"), ("state", "refused")];
    assert_eq!(service.count("auth_policy_placed_not_serving", &labels).await, 0);
    service.put("login.wasm", b"nothing");
    let told = eventually("the refusal", async || {
        let told = placed(&service).await;
        (told[0]["state"] == "refused").then_some(told)
    })
    .await;
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told[0]["slot"], "login");
    assert!(told[0]["why"].as_str().unwrap().contains("no WebAssembly"), "{told}");
    assert!(told[0]["remedy"].as_str().unwrap().contains("policy pack"), "{told}");
    assert_eq!(service.get("/readyz").await.status, 200);
    assert_eq!(service.count("auth_policy_placed_not_serving", &labels).await, 1);
    service.swap(Slot::Login, &policy(Slot::Login)).await;
    assert_eq!(placed(&service).await, serde_json::json!([]));
    assert_eq!(service.count("auth_policy_placed_not_serving", &[]).await, 0);
    service.stop().await;
}

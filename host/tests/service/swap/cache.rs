//! Compiled components on disk: trusted only where this host wrote them.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use auth_host::contract::Slot;

use crate::support::{TestService, TestServiceBuilder, eventually, guest};

/// How many components came from where, at a start.
async fn started(builder: TestServiceBuilder, origin: &str) -> TestService {
    let service = builder.start().await;
    let metrics = service.metrics().await;
    assert_eq!(
        metrics.sum("auth_policy_cache_total", &[("result", origin)]),
        3,
        "not all components are a {origin}"
    );
    assert_eq!(metrics.sum("auth_policy_cache_total", &[]), 3);
    service.newcomer(&format!("person-{}", uuid::Uuid::new_v4().simple())).await;
    service
}

fn files(builder: &TestServiceBuilder) -> Vec<PathBuf> {
    let files: Vec<_> = fs::read_dir(builder.data_dir().join("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "cwasm"))
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    files
}

#[tokio::test]
async fn a_restart_compiles_nothing() {
    let service = started(TestService::with().own_cache(), "miss").await;
    let service = started(service.stop_and_keep().await, "hit").await;
    service.stop().await;
}

#[tokio::test]
async fn a_file_that_was_tampered_with_is_not_loaded_but_made_anew() {
    let service = started(TestService::with().own_cache(), "miss").await;
    let builder = service.stop_and_keep().await;
    let tampered: [fn(Vec<u8>) -> Vec<u8>; 6] = [
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |bytes| bytes[..16].to_vec(),
        |_| Vec::new(),
        |bytes| bytes[32..].to_vec(),
        |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bytes
        },
        |mut bytes| {
            bytes[0] ^= 1;
            bytes
        },
    ];
    let mut builder = builder;
    for change in tampered {
        for file in files(&builder) {
            let changed = change(fs::read(&file).unwrap());
            fs::write(&file, changed).unwrap();
        }
        let service = started(builder, "rejected").await;
        builder = started(service.stop_and_keep().await, "hit").await.stop_and_keep().await;
    }
}

#[tokio::test]
async fn the_file_of_another_component_is_not_taken_for_it() {
    let service = started(TestService::with().own_cache(), "miss").await;
    let builder = service.stop_and_keep().await;
    let files = files(&builder);
    let contents: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    for (position, file) in files.iter().enumerate() {
        fs::write(file, &contents[(position + 1) % 3]).unwrap();
    }
    started(builder, "rejected").await.stop().await;
}

#[tokio::test]
async fn what_another_master_secret_wrote_is_not_taken() {
    let service = started(TestService::with().own_cache(), "miss").await;
    let builder = service
        .stop_and_keep()
        .await
        .setting("AUTH_MASTER_SECRET", "a master secret that was put in place of the old");
    started(builder, "rejected").await.stop().await;
}

#[tokio::test]
async fn what_was_used_longest_ago_is_forgotten_and_what_a_kill_left_half_written() {
    let service = started(TestService::with().own_cache(), "miss").await;
    let builder = service.stop_and_keep().await;
    let half = builder.data_dir().join("cache/x.1.tmp");
    fs::write(&half, b"half").unwrap();
    // As many as are kept, and older than all that serve, although those are dated earlier.
    let dated = |file: &PathBuf, seconds| {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        fs::File::options().write(true).open(file).unwrap().set_modified(date).unwrap();
    };
    for file in files(&builder) {
        dated(&file, 1);
    }
    let cache = builder.data_dir().join("cache");
    for number in 0..64 {
        let file = cache.join(format!("old{number}.cwasm"));
        fs::write(&file, b"old").unwrap();
        dated(&file, 2 + number);
    }
    let service = started(builder, "hit").await;
    assert!(!half.exists(), "{}", half.display());
    service.swap(Slot::Login, &guest("refuses_domain")).await;
    let count = fs::read_dir(&cache).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "cwasm")
    });
    assert_eq!(count.count(), 64);
    assert!(cache.join("old63.cwasm").exists() && !cache.join("old3.cwasm").exists());
    // What served before is kept ready, too.
    let service = service.stop_and_keep().await.start().await;
    eventually("four components", async || {
        (service.count("auth_policy_cache_total", &[]).await == 4).then_some(())
    })
    .await;
    assert_eq!(service.count("auth_policy_cache_total", &[("result", "hit")]).await, 4);
    service.stop().await;
}

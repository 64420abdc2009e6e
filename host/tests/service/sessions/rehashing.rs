//! Hashes of passwords follow the parameters that the operator sets.

use crate::support::{Person, TestService};

async fn stored_hash(service: &TestService, person: &Person) -> String {
    service
        .app()
        .services
        .store
        .account_by_email(&person.email, &person.email)
        .await
        .unwrap()
        .unwrap()
        .password_hash
}

/// A service whose parameters were raised after somebody had registered.
async fn raised() -> (TestService, Person) {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    assert!(stored_hash(&service, &person).await.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    (
        service.stop_and_keep().await.setting("PASSWORD_HASH_MEMORY_KIB", "1024").start().await,
        person,
    )
}

#[tokio::test]
async fn a_login_replaces_a_hash_of_older_parameters() {
    let (service, person) = raised().await;
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    assert!(
        stored_hash(&service, &person).await.contains("m=64,"),
        "a failed login must not touch the hash"
    );
    service.login(&person).await.tokens();
    let hash = stored_hash(&service, &person).await;
    assert!(hash.contains("m=1024,"), "the hash was not replaced");
    service.login(&person).await.tokens();
    assert_eq!(stored_hash(&service, &person).await, hash);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_at_once_all_succeed_while_the_hash_is_replaced() {
    let (service, person) = raised().await;
    let body = serde_json::json!({ "email": person.email, "password": person.password });
    let requests: Vec<_> = (0..8)
        .map(|_| tokio::spawn(service.request("POST", "/auth/login").json(&body).send()))
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), 200, "a right password was refused");
    }
    service.stop().await;
}

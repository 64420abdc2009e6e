//! bcrypt hashes open their accounts once, and are argon2id's from then on.

use super::{OldDatabase, bcrypt_of};
use crate::support::{Person, TestService, secret_text};

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

/// How many hashes of each algorithm were made so far.
async fn hashes(service: &TestService) -> [u64; 2] {
    let metrics = service.metrics().await;
    ["argon2id", "bcrypt"]
        .map(|algorithm| metrics.sum("auth_password_hash_total", &[("algorithm", algorithm)]))
}

/// What a login with a wrong password costs.
async fn cost_of_failure(service: &TestService, person: &Person) -> [u64; 2] {
    let before = hashes(service).await;
    service.login_with_wrong_password(person).await.refused(401, "invalid_credentials");
    let after = hashes(service).await;
    [after[0] - before[0], after[1] - before[1]]
}

#[tokio::test]
async fn the_first_login_replaces_the_hash_and_a_failed_one_does_not() {
    let mut old = OldDatabase::new().await;
    let person = old.person("leo@example.com").await;
    old.import(&[]).await.says(0, &[]);
    let service = old.service().start().await;
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    assert!(
        stored_hash(&service, &person).await.starts_with("$2a$04$"),
        "a failed login must not touch the hash"
    );
    service.login(&person).await.tokens();
    let hash = stored_hash(&service, &person).await;
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    service.login(&person).await.tokens();
    assert_eq!(stored_hash(&service, &person).await, hash);
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    service.stop().await;
}

#[tokio::test]
async fn passwords_count_as_the_old_service_counted_them() {
    let mut old = OldDatabase::new().await;
    let long = secret_text().repeat(3);
    let passwords =
        [long[..72].to_owned(), format!("Пароль {}", secret_text()), "e\u{301}".repeat(5)];
    for (number, password) in passwords.iter().enumerate() {
        old.account(&format!("user{number}@example.com"), &bcrypt_of(password, 4)).await;
    }
    old.import(&[]).await.says(0, &[" 3  imported"]);
    let service = old.service().start().await;
    let login = async |number: usize, password: &str| {
        service
            .login(&Person {
                email: format!("user{number}@example.com"),
                password: password.to_owned(),
            })
            .await
    };
    // Beyond 72 bytes bcrypt does not look: such a password opened the account, so it does once
    // more. The new hash is of what was given.
    login(0, &long).await.tokens();
    login(0, &long[..72]).await.refused(401, "invalid_credentials");
    for (number, password) in passwords.iter().enumerate().skip(1) {
        login(number, password).await.tokens();
        login(number, password).await.tokens();
    }
    // Of the last one the old service would have taken this form only; the new hash is of the
    // normalised text.
    login(2, &"é".repeat(5)).await.tokens();
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_logins_at_once_all_succeed() {
    let mut old = OldDatabase::new().await;
    let person = old.person("leo@example.com").await;
    old.import(&[]).await.says(0, &[]);
    let service = old.service().start().await;
    let body = serde_json::json!({ "email": person.email, "password": person.password });
    let requests: Vec<_> = (0..8)
        .map(|_| tokio::spawn(service.request("POST", "/auth/login").json(&body).send()))
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), 200, "a right password was refused");
    }
    assert!(stored_hash(&service, &person).await.starts_with("$argon2id$"));
    service.stop().await;
}

#[tokio::test]
async fn while_one_is_left_nobody_can_tell_imported_new_and_unknown_accounts_apart() {
    let mut old = OldDatabase::new().await;
    let imported = old.person("imported@example.com").await;
    old.account("dearer@example.com", &bcrypt_of("whatever", 6)).await;
    old.import(&[]).await.says(0, &["1 of cost 04, 1 of cost 06"]);
    let service = old.service().start().await;
    let (unknown, dearer) = (Person::new("unknown"), Person::new("dearer"));
    // From the very first request on.
    assert_eq!(cost_of_failure(&service, &unknown).await, [1, 1]);
    let (new, _) = service.newcomer("new").await;
    for person in [&new, &imported, &unknown, &dearer] {
        assert_eq!(cost_of_failure(&service, person).await, [1, 1], "{}", person.email);
    }
    let (right, wrong) =
        (service.login_with_wrong_password(&imported).await, service.login(&unknown).await);
    assert_eq!(right.without_request_id(), wrong.without_request_id());

    service.login(&imported).await.tokens();
    assert_eq!(cost_of_failure(&service, &imported).await, [1, 1], "another one is left");
    old.execute("DELETE FROM auth.accounts WHERE email = 'dearer@example.com'").await;
    service.app().cleaner.clean_once().await.unwrap();
    for person in [&new, &imported, &unknown] {
        assert_eq!(cost_of_failure(&service, person).await, [1, 0], "{}", person.email);
    }
    // An import beside a service that runs: at the latest with the first login to one of them it is
    // known.
    old.execute("ALTER SEQUENCE auth_data_user_id_seq RESTART WITH 100").await;
    let later = old.person("later@example.com").await;
    old.import(&[]).await.says(0, &[" 1  imported\n", " 1  already here"]);
    assert_eq!(cost_of_failure(&service, &later).await, [1, 1]);
    assert_eq!(cost_of_failure(&service, &unknown).await, [1, 1]);
    service.stop().await;
}

//! Accounts move with their ids and passwords; those that differ in letter case only stay two.

use super::{OldDatabase, bcrypt_of, many};
use crate::support::{Person, secret_text};

/// As many as a real service has.
#[tokio::test]
async fn accounts_keep_ids_and_passwords_and_a_second_run_finds_nothing() {
    let mut old = OldDatabase::new().await;
    let password = secret_text();
    old.execute(&many(100_000, &bcrypt_of(&password, 4))).await;
    // An account that was deleted: other services may still know its id.
    old.execute("DELETE FROM auth_data WHERE user_id = 100000").await;
    let expected = [
        "public.auth_data: 99999 accounts",
        " 99999  imported",
        "99999 of cost 04",
        "ids beyond 100000",
        "Done.",
    ];
    old.import(&[]).await.says(0, &expected);
    old.import(&[]).await.says(0, &[" 99999  already here", "Nothing was left to import."]);

    let service = old.service().start().await;
    for number in [1, 9, 10, 99_999] {
        for email in [
            format!("User{number}@Example.com"),
            format!("user{number}@example.com"),
            format!(" USER{number}@EXAMPLE.COM "),
        ] {
            let person = Person { email, password: password.clone() };
            assert_eq!(service.login(&person).await.tokens().user_id, number, "{}", person.email);
        }
    }
    let (_, new) = service.newcomer("somebody-new").await;
    assert_eq!(new.user_id, 100_001);
    let taken = Person { email: "user1@example.com".to_owned(), password: secret_text() };
    service.register(&taken.form()).await.refused(409, "already_exists");
    service.stop().await;

    // Also after hashes were replaced and people have registered.
    old.import(&[]).await.says(0, &[" 99999  already here", "ids beyond 100001"]);
    assert_eq!(old.rows("SELECT count(*)::text FROM auth.accounts").await, ["100000"]);
}

#[tokio::test]
async fn an_account_is_as_old_as_it_was_and_has_no_attributes() {
    let mut old = OldDatabase::new().await;
    old.execute("ALTER TABLE auth_data ADD created_at timestamptz").await;
    for name in ["then", "later", "never"] {
        old.person(&format!("{name}@example.com")).await;
    }
    old.execute("UPDATE auth_data SET created_at = '2020-02-03T04:05:06.789Z' WHERE user_id = 1")
        .await;
    old.execute("UPDATE auth_data SET created_at = 'infinity' WHERE user_id = 3").await;
    old.import(&[]).await.says(0, &[" 3  imported"]);
    let is_now = "created_at > (extract(epoch FROM now()) - 600) * 1000";
    let rows = old
        .rows(&format!(
            "SELECT attributes::text, created_at::text, ({is_now})::text FROM \
             auth.accounts ORDER BY user_id"
        ))
        .await;
    assert_eq!(rows[0], "{}|1580702706789|false");
    assert!(rows[1..].iter().all(|row| row.ends_with("|true")), "{rows:?}");
}

#[tokio::test]
async fn twins_log_in_with_their_own_spellings_and_nobody_registers_between_them() {
    let mut old = OldDatabase::new().await;
    let (first, second) =
        (old.person("Leo@Example.com").await, old.person("LEO@example.com").await);
    let (lower, upper) = (old.person("ann@example.com").await, old.person("ANN@example.com").await);
    old.person("single@example.com").await;
    let report = old.import(&[]).await;
    report.says(0, &[" 5  imported", " 4  of these share their address", "id 3, 4, 1, 2"]);
    assert!(!report.0.text.contains('@'), "{}", report.0.text);
    old.import(&["--show-emails"]).await.says(
        0,
        &["3 (ann@example.com), 4 (ANN@example.com), 1 (Leo@Example.com), 2 (LEO@example.com)"],
    );
    assert_eq!(old.rows("SELECT email FROM auth.reserved_emails").await, ["leo@example.com"]);

    let service = old.service().start().await;
    for (number, person) in (1..).zip([&first, &second, &lower, &upper]) {
        let tokens = service.login(person).await.tokens();
        assert_eq!(tokens.user_id, number, "{}", person.email);
        assert_eq!(service.refresh(&tokens.refresh).await.tokens().user_id, number);
    }
    let as_typed = |email: &str, like: &Person| Person {
        email: email.to_owned(),
        password: like.password.clone(),
    };
    // Whoever types another spelling is the one that has the canonical form, or nobody.
    assert_eq!(service.login(&as_typed("Ann@Example.com", &lower)).await.tokens().user_id, 3);
    service.login(&as_typed("Ann@Example.com", &upper)).await.refused(401, "invalid_credentials");
    service.login(&as_typed("leo@example.com", &first)).await.refused(401, "invalid_credentials");
    service.login(&as_typed("LEO@example.com", &first)).await.refused(401, "invalid_credentials");
    for email in ["leo@example.com", "lEO@example.com", "ann@example.com", "Leo@Example.com"] {
        service.register(&as_typed(email, &first).form()).await.refused(409, "already_exists");
    }
    // Who owns the one does not get more guesses at the other's password.
    service.login(&lower).await.tokens();
    for _ in 0..10 {
        service.login_with_wrong_password(&lower).await.refused(401, "invalid_credentials");
    }
    service.login(&upper).await.tokens();
    service.login_with_wrong_password(&lower).await.refused(429, "throttled");
    service.stop().await;
}

#[tokio::test]
async fn an_account_that_was_deleted_after_its_import_stays_deleted() {
    let mut old = OldDatabase::new().await;
    let gone = old.person("gone@example.com").await;
    old.person("stays@example.com").await;
    old.import(&[]).await.says(0, &[" 2  imported"]);
    old.execute("DELETE FROM auth.accounts WHERE user_id = 1").await;
    let new = old.person("new@example.com").await;
    old.import(&[]).await.says(
        0,
        &[" 1  imported\n", " 1  already here", " 1  imported before and deleted here since"],
    );
    let service = old.service().start().await;
    service.login(&gone).await.refused(401, "invalid_credentials");
    assert_eq!(service.login(&new).await.tokens().user_id, 3);
    service.stop().await;
}

#[tokio::test]
async fn a_dry_run_tells_the_same_and_writes_nothing() {
    let mut old = OldDatabase::new().await;
    let password = secret_text();
    old.execute(&many(20, &bcrypt_of(&password, 4))).await;
    old.person("USER1@example.com").await;
    old.account("not an address", &bcrypt_of(&password, 4)).await;
    old.execute(
        "INSERT INTO outbox (event_type, payload) VALUES ('user.created', '{\"user_id\": 1}')",
    )
    .await;
    let dry = old.import(&["--dry-run"]).await;
    dry.says(
        1,
        &[
            " 21  imported",
            " 2  of these share",
            " 1  skipped",
            " 1  imported",
            "nothing was written",
        ],
    );
    let contents = old.database.contents().await;
    let written: Vec<_> = contents
        .iter()
        .filter(|(table, rows)| table != "_sqlx_migrations" && !rows.is_empty())
        .collect();
    assert!(written.is_empty(), "{written:?}");
    assert_eq!(
        old.rows("SELECT processed::text, processed_at::text FROM outbox").await,
        ["false|"]
    );

    let real = old.import(&["--skip-invalid"]).await;
    real.says(0, &[]);
    assert_eq!(
        real.0.text.replace("Done.", ""),
        dry.0.text.replace("This was a dry run: nothing was written.", "")
    );
    assert_eq!(old.rows("SELECT count(*)::text FROM auth.accounts").await, ["21"]);
}

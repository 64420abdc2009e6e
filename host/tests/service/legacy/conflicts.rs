//! Rows that cannot be taken over are skipped and told, one by one.

use super::{OldDatabase, bcrypt_of};
use crate::support::{Person, secret_text};

#[tokio::test]
async fn rows_that_nobody_could_log_in_with_are_skipped() {
    let mut old = OldDatabase::new().await;
    let hash = bcrypt_of("whatever", 4);
    let good = old.person("good@example.com").await;
    old.account("no address", &hash).await;
    old.account("", &hash).await;
    for (number, wrong) in [
        "",
        "plain text",
        "$2a$04$short",
        &hash.replace("$04$", "$13$"),
        &hash.replace("$2a$", "$2x$"),
    ]
    .iter()
    .enumerate()
    {
        old.account(&format!("hash{number}@example.com"), wrong).await;
    }
    // To the login both are one spelling; the lower id has it.
    old.account(" good@example.com ", &hash).await;
    old.execute(&format!("INSERT INTO auth_data VALUES (-5, 'minus@example.com', '{hash}')")).await;
    let argon2 = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    old.account("argon2@example.com", argon2).await;
    let expected = [
        "public.auth_data: 11 accounts",
        " 2  imported",
        " 1  skipped: the id is not a whole number from 1 to 2^53 - 1\n             id -5\n",
        " 2  skipped: this is no e-mail address that the service takes\n             id 2, 3\n",
        " 5  skipped: the password's hash is neither bcrypt (cost 4 to 12) nor \
         argon2id\n             id 4, 5, 6, 7, 8\n",
        " 1  skipped: an account with a lower id has the very same address\n             id 9\n",
        // Of those that were skipped, too: nobody gets the id of somebody else.
        "New accounts get ids beyond 10.",
    ];
    old.import(&[]).await.says(1, &expected);
    assert_eq!(
        old.rows("SELECT user_id::text, email FROM auth.accounts ORDER BY 1").await,
        ["1|good@example.com", "10|argon2@example.com"]
    );
    old.import(&["--skip-invalid"]).await.says(0, &[" 2  already here", "Nothing was left"]);
    let service = old.service().start().await;
    service.login(&good).await.tokens();
    service.stop().await;
}

#[tokio::test]
async fn an_account_that_is_here_already_is_neither_changed_nor_merged() {
    let mut old = OldDatabase::new().await;
    // The new service was started before the import: its first two accounts have the ids 1 and 2.
    let service = old.service().start().await;
    let (early, tokens) = service.newcomer("early").await;
    let (other, _) = service.newcomer("other").await;
    let service = service.stop_and_keep().await;
    old.person("somebody@example.com").await;
    old.person("another@example.com").await;
    let same = old.person("Early@example.com").await;
    let fine = old.person("fine@example.com").await;
    let before = old.rows("SELECT * FROM auth.accounts WHERE user_id <= 2 ORDER BY 1").await;
    let expected = [
        " 1  imported",
        " 2  skipped: another account has this id\n             id 1, 2\n",
        "another account here has this address\n             id 3\n",
    ];
    old.import(&[]).await.says(1, &expected);
    assert_eq!(old.rows("SELECT * FROM auth.accounts WHERE user_id <= 2 ORDER BY 1").await, before);
    let service = service.start().await;
    assert_eq!(service.login(&early).await.tokens().user_id, tokens.user_id);
    service.login(&other).await.tokens();
    assert_eq!(service.login(&fine).await.tokens().user_id, 4);
    service.login(&same).await.refused(401, "invalid_credentials");
    service.stop().await;
}

#[tokio::test]
async fn an_account_that_came_later_is_taken_over_by_the_next_run() {
    let mut old = OldDatabase::new().await;
    let first = old.person("first@example.com").await;
    old.import(&[]).await.says(0, &[" 1  imported"]);
    let second = old.person("second@example.com").await;
    // Its twin is here already, with the canonical form.
    let late_twin = old.person("FIRST@example.com").await;
    let report = old.import(&[]).await;
    report.says(0, &[" 2  imported", " 1  already here", " 2  of these share"]);
    let service = old.service().start().await;
    for (number, person) in (1..).zip([&first, &second, &late_twin]) {
        assert_eq!(service.login(person).await.tokens().user_id, number);
    }
    service.stop().await;
}

#[tokio::test]
async fn addresses_are_judged_as_a_registration_judges_them() {
    let mut old = OldDatabase::new().await;
    let idn = old.person("user@BÜCHER.example").await;
    let decomposed = old.person("Jose\u{301}@example.com").await;
    old.import(&[]).await.says(0, &[" 2  imported"]);
    let service = old.service().start().await;
    assert_eq!(service.login(&idn).await.tokens().user_id, 1);
    let composed = Person { email: "josé@example.com".to_owned(), ..decomposed };
    assert_eq!(service.login(&composed).await.tokens().user_id, 2);
    let same = Person { email: "USER@xn--bcher-kva.example".to_owned(), password: secret_text() };
    service.register(&same.form()).await.refused(409, "already_exists");
    service.stop().await;
}

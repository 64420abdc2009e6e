//! Hashes of the old service, what a failure costs, and turns at the threads.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Asker, HashError, HashMetrics, HashSettings, Password, PasswordHasher, Verified};
use crate::metrics::Meter;

/// Made by golang.org/x/crypto/bcrypt, with the cost 4.
const OF_GO: [(&str, &str); 3] = [
    ("superpassword", "$2a$04$mWtIVxgF2mA4bChibt256edTsdIH2wjFMdxqbf98.w040jwMlrrMu"),
    ("пароль Ёжик", "$2a$04$Hv8RrAmOvvesO2SPOaW4uehBj19Jqo2U4TqBR1jGI8YoJTrvjkzZm"),
    ("a\0b", "$2a$04$4RPHGS09nH.wLeshLyDDEeGlwl3ZRk2ppIXaYEQvn.O5A59NjSqkC"),
];
/// Of 72 times `x`, which is all that bcrypt takes.
const LONG: &str = "$2a$04$qttfz6FyhpvNLAh5IqgWD.6v2uTCARFLlQL1/lK5fqbGOWt8LxyJO";
/// Of `superpassword`, with the cost 10.
const DEARER: &str = "$2a$10$Ci9l6kjaSd1dzkT.dYvK1ODr4dwTcotKPk2iFaAJbKgkCiSeMVu5m";

fn hasher() -> (PasswordHasher, HashMetrics) {
    with_places(1, 64)
}

fn with_places(threads: usize, queue: usize) -> (PasswordHasher, HashMetrics) {
    let patience = Duration::from_mins(3);
    let settings = HashSettings { threads, queue, patience, memory_kib: 64, iterations: 1 };
    let metrics = HashMetrics::new(&Meter::new().unwrap()).unwrap();
    (PasswordHasher::start(&settings, &metrics).unwrap(), metrics)
}

fn asker() -> Asker {
    Asker::new(None, "leo@example.com")
}

async fn verify(
    hasher: &PasswordHasher,
    password: &str,
    hash: Option<&str>,
) -> Result<Verified, HashError> {
    let turn = hasher.turn(&asker()).await?;
    hasher.verify(turn, &Password::new(password), hash).await
}

async fn matches(hasher: &PasswordHasher, password: &str, hash: &str) -> bool {
    verify(hasher, password, Some(hash)).await.unwrap().matches
}

#[tokio::test]
async fn hashes_of_the_old_service_are_verified_and_replaced() {
    let (hasher, _) = hasher();
    for (password, hash) in OF_GO {
        let verified = verify(&hasher, password, Some(hash)).await.unwrap();
        assert!(verified.matches, "{password:?}");
        let new = verified.rehashed.unwrap();
        assert!(new.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{new}");
        assert!(
            matches(&hasher, password, &new).await,
            "{password:?} does not match the hash that replaced bcrypt's"
        );
        let wrong = verify(&hasher, "wrong", Some(hash)).await.unwrap();
        assert!(!wrong.matches && wrong.rehashed.is_none());
    }
}

#[tokio::test]
async fn of_a_long_password_bcrypt_takes_72_bytes_and_its_successor_all() {
    let (hasher, _) = hasher();
    let (as_hashed, longer) = ("x".repeat(72), "x".repeat(300));
    assert!(matches(&hasher, &as_hashed, LONG).await);
    assert!(!matches(&hasher, &"x".repeat(71), LONG).await);
    let verified = verify(&hasher, &longer, Some(LONG)).await.unwrap();
    assert!(verified.matches, "the old service would have let this password in");
    let new = verified.rehashed.unwrap();
    assert!(matches(&hasher, &longer, &new).await);
    assert!(!matches(&hasher, &as_hashed, &new).await, "the new hash is of the whole password");
    assert!(!matches(&hasher, "a\0c", OF_GO[2].1).await, "what follows a zero counts");
    assert!(!matches(&hasher, "", LONG).await);
}

/// What the hashes of both algorithms were, that a verification cost.
async fn cost(hasher: &PasswordHasher, metrics: &HashMetrics, hash: Option<&str>) -> [u64; 2] {
    let count = || {
        ["argon2id", "bcrypt"].map(|algorithm| metrics.hashes.with_label_values(&[algorithm]).get())
    };
    let before = count();
    assert!(!verify(hasher, "wrong", hash).await.unwrap().matches);
    let after = count();
    [after[0] - before[0], after[1] - before[1]]
}

#[tokio::test]
async fn a_failure_costs_the_same_algorithms_whatever_hash_there_is() {
    let (hasher, metrics) = hasher();
    let turn = hasher.turn_at_once(&asker()).unwrap();
    let argon2 = hasher.hash(turn, &Password::new("superpassword")).await.unwrap();
    for hash in [None, Some(argon2.as_str())] {
        assert_eq!(
            cost(&hasher, &metrics, hash).await,
            [1, 0],
            "nobody has a bcrypt hash: {hash:?}"
        );
    }
    hasher.expect_bcrypt(Some(10));
    for hash in [None, Some(argon2.as_str()), Some(LONG), Some(DEARER)] {
        assert_eq!(cost(&hasher, &metrics, hash).await, [1, 1], "{hash:?}");
    }
    hasher.expect_bcrypt(None);
    assert_eq!(cost(&hasher, &metrics, None).await, [1, 0]);
    // One that was imported while we were running is noticed at its first login.
    assert_eq!(cost(&hasher, &metrics, Some(LONG)).await, [1, 1]);
    assert_eq!(cost(&hasher, &metrics, None).await, [1, 1]);
}

#[tokio::test]
async fn a_damaged_hash_is_an_error_and_no_panic() {
    let (hasher, _) = hasher();
    for hash in
        ["$2a$", "$2a$31$Ci9l6kjaSd1dzkT.dYvK1ODr4dwTcotKPk2iFaAJbKgkCiSeMVu5m", "$argon2id$", ""]
    {
        assert!(
            matches!(verify(&hasher, "x", Some(hash)).await, Err(HashError::Failed(_))),
            "{hash:?}"
        );
    }
}

fn poll<T>(waiting: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    waiting.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn turns_go_to_those_who_wait_and_an_account_has_two_at_once() {
    let (hasher, _) = with_places(1, 8);
    let (leo, mia) = (Asker::new(None, "leo"), Asker::new(None, "mia"));
    let turns = [hasher.turn_at_once(&leo).unwrap(), hasher.turn_at_once(&leo).unwrap()];
    assert!(hasher.turn_at_once(&mia).is_none(), "there are two turns for a thread");
    let (mut first, mut second, mut other) =
        (pin!(hasher.turn(&leo)), pin!(hasher.turn(&leo)), pin!(hasher.turn(&mia)));
    for waiting in [&mut first, &mut second] {
        assert!(poll(waiting.as_mut()).is_pending());
    }
    assert!(poll(other.as_mut()).is_pending());
    assert_eq!(hasher.waiting(), 4, "one is on the thread");
    let [one, two] = turns;
    drop(one);
    let Poll::Ready(Ok(of_first)) = poll(first.as_mut()) else { panic!("it was the first") };
    drop(two);
    assert!(poll(second.as_mut()).is_pending(), "it is mia's turn");
    let Poll::Ready(Ok(_)) = poll(other.as_mut()) else { panic!("it is mia's turn") };
    let Poll::Ready(Ok(_)) = poll(second.as_mut()) else { panic!("mia's turn came back") };
    drop(of_first);
    assert_eq!(hasher.waiting(), 0);
}

#[tokio::test]
async fn of_more_threads_one_account_takes_two_turns_and_no_more() {
    let (hasher, _) = with_places(4, 8);
    let (leo, mia) = (Asker::new(None, "leo"), Asker::new(None, "mia"));
    let _turns = [hasher.turn_at_once(&leo).unwrap(), hasher.turn_at_once(&leo).unwrap()];
    let mut third = pin!(hasher.turn(&leo));
    assert!(poll(third.as_mut()).is_pending());
    assert!(hasher.turn_at_once(&mia).is_some(), "others do not wait for leo's third");
}

#[tokio::test]
async fn a_full_queue_gives_a_lighter_newcomer_the_last_place_of_the_heaviest() {
    let (hasher, metrics) = with_places(1, 3);
    let refused = |reason| metrics.refused.with_label_values(&[reason]).get();
    let (leo, mia) = (Asker::new(None, "leo"), Asker::new(None, "mia"));
    let _turns = [hasher.turn_at_once(&leo).unwrap(), hasher.turn_at_once(&leo).unwrap()];
    let mut waiting = [Box::pin(hasher.turn(&leo)), Box::pin(hasher.turn(&leo))];
    for waiting in &mut waiting {
        assert!(poll(waiting.as_mut()).is_pending());
    }
    let Poll::Ready(Err(HashError::Busy)) = poll(pin!(hasher.turn(&leo))) else {
        panic!("no place is left for somebody who has most of them")
    };
    assert_eq!((refused("full"), refused("displaced")), (1, 0));
    let mut newcomer = Box::pin(hasher.turn(&mia));
    assert!(poll(newcomer.as_mut()).is_pending());
    assert_eq!((refused("full"), refused("displaced")), (1, 1));
    let [first, last] = &mut waiting;
    assert!(poll(first.as_mut()).is_pending());
    assert!(matches!(poll(last.as_mut()), Poll::Ready(Err(HashError::Busy))));
    assert_eq!(metrics.abandoned.get(), 0);
}

#[tokio::test]
async fn who_does_not_wait_any_more_has_no_place() {
    let (hasher, metrics) = with_places(1, 3);
    let leo = Asker::new(None, "leo");
    let turns = [hasher.turn_at_once(&leo).unwrap(), hasher.turn_at_once(&leo).unwrap()];
    let mut gone = Box::pin(hasher.turn(&leo));
    let mut called = Box::pin(hasher.turn(&leo));
    for waiting in [&mut gone, &mut called] {
        assert!(poll(waiting.as_mut()).is_pending());
    }
    drop(gone);
    assert_eq!((hasher.waiting(), metrics.abandoned.get()), (2, 1));
    // One that goes when its turn has come gives the turn back.
    drop(turns);
    drop(called);
    assert_eq!(hasher.waiting(), 0);
    assert!(hasher.turn_at_once(&leo).is_some());
}

//! Trusted keys and what signatures come to, on files and a clock of the tests' own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::{Clock, Timestamp, end_of};
use crate::contract::{PerSlot, Slot};
use crate::metrics::Meter;
use crate::signatures::{PrivateKey, Signature, Statement};
use crate::store::registry::Source;

const NOW: Timestamp = 1_800_000_000_000;

fn statement(place: &str) -> Statement {
    Statement {
        component: crate::hex::sha256(b"component"),
        place: place.to_owned(),
        name: "guarded".to_owned(),
        version: "1.2.0".to_owned(),
    }
}

/// What signatures of a login policy come to.
fn verdict(ring: &str, signatures: &[Signature], needed: u32) -> Trust {
    let ring = KeyRing::read(ring).unwrap();
    judge(&ring, "login/42".into(), (&statement("login"), signatures), needed, NOW)
}

fn line(name: &str, options: &str, key: &PrivateKey) -> String {
    format!("{name} {options} {} a comment\n", key.public().openssh())
}

fn states(trust: &Trust) -> Vec<KeyState> {
    trust.signed_by.iter().map(|by| by.state).collect()
}

#[test]
fn a_file_of_keys_names_each_and_says_what_it_may_sign() {
    let (ann, bob, old) = (PrivateKey::generate(), PrivateKey::generate(), PrivateKey::generate());
    let text = format!(
        "# who may sign\n\n{}{}{}",
        line("ann", "", &ann),
        line("bob@team", "until=2027-01-31 places=login,refresh", &bob),
        line("old-ci", "withdrawn", &old),
    );
    let ring = KeyRing::read(&text).unwrap();
    assert_eq!(ring.keys().len(), 3);
    let found = ring.find(&bob.public()).unwrap();
    assert_eq!(found.places.as_deref(), Some(&[Slot::Login, Slot::Refresh][..]));
    let until = found.until.clone().unwrap();
    assert_eq!(until, (end_of("2027-01-31").unwrap(), "2027-01-31".to_owned()));
    assert!(!found.is_ended(until.0 - 1) && found.is_ended(until.0));
    assert!(ring.find(&old.public()).unwrap().withdrawn);
    assert_eq!((ring.count_for("login", NOW), ring.count_for("register", NOW)), (2, 1));
}

#[test]
fn every_wrong_line_is_told_with_what_is_wrong() {
    let (ann, bob) = (PrivateKey::generate(), PrivateKey::generate());
    let key = ann.public().openssh();
    for (text, word) in [
        (key.clone(), "begins with no name"),
        (format!("ann! {key}"), "is no name"),
        (format!("ann place=login {key}"), "neither places="),
        (format!("ann places=logout {key}"), "there is no place \"logout\""),
        (format!("ann places= {key}"), "there is no place"),
        (format!("ann until=soon {key}"), "neither a day"),
        (format!("ann withdrawn withdrawn {key}"), "said twice"),
        (format!("ann until=2027-01-31 until=2028-01-31 {key}"), "said twice"),
        (format!("ann Withdrawn {key}"), "neither places="),
        (format!("ann {key} ann@host withdrawn"), "\"withdrawn\" stands behind the key"),
        (format!("ann {key} # (Withdrawn!)"), "(NAME withdrawn ssh-ed25519"),
        (format!("ann {key} places=refresh"), "it before the key (NAME places=refresh"),
        ("sk-ssh-ed25519@openssh.com AAAA".to_owned(), "begins with no name"),
        ("ann withdrawn".to_owned(), "has no key"),
        (format!("ann {}", &key[..50]), "cut off"),
        ("ann ssh-rsa AAAAB3NzaC1yc2EA".to_owned(), "RSA"),
        (format!("ann {key}\nalso-ann {key}"), "line 2: the key of also-ann is that of ann"),
        (format!("ann {key}\n{}", line("ann", "", &bob)), "line 2: the name ann"),
        ("\n".repeat(257), "more than 256 lines"),
    ] {
        let told = KeyRing::read(&text).unwrap_err().join("; ");
        assert!(told.contains(word), "{text}: {told}");
    }
    let told = KeyRing::read(&format!("x\n{}y\n", line("ann", "", &ann))).unwrap_err();
    assert!(told.len() == 2 && told[1].starts_with("line 3: "), "{told:?}");
}

#[test]
fn as_many_different_good_keys_as_are_needed_are_trust() {
    let (ann, bob, eve) = (PrivateKey::generate(), PrivateKey::generate(), PrivateKey::generate());
    let ring = line("ann", "", &ann) + &line("bob", "places=login", &bob);
    let of = |key: &PrivateKey| key.sign(&statement("login"));
    assert!(verdict(&ring, &[of(&ann)], 1).is_given());
    assert!(verdict(&ring, &[of(&eve), of(&ann), of(&bob)], 2).is_given());
    assert!(verdict(&ring, &[], 0).is_given());
    // One key counts once, however often it signs.
    let trust = verdict(&ring, &[of(&ann), of(&ann)], 2);
    assert_eq!(states(&trust), [KeyState::Good]);
    assert_eq!(
        trust.reasons,
        ["login/42 needs 2 signatures of different trusted keys and has 1 (ann). Sign it: \
          auth-host policy sign login/42 --key KEY"]
    );
    let trust = verdict(&ring, &[], 1);
    assert!(trust.reasons[0].contains("needs a signature of a trusted key and has none"));
}

#[test]
fn what_does_not_count_is_told_with_why_and_what_to_do() {
    let key = PrivateKey::generate();
    let good = key.sign(&statement("login"));
    let mut other = statement("login");
    other.component = crate::hex::sha256(b"other");
    let mut changed = good.clone();
    changed.signature[7] ^= 1;
    let known = line("bob", "", &key);
    let fingerprint = key.public().fingerprint();
    for (ring, signature, state, words) in [
        (String::new(), &good, KeyState::Unknown, [&*fingerprint, "adds its line"]),
        (line("bob", "withdrawn", &key), &good, KeyState::Withdrawn, ["bob", "was withdrawn"]),
        (
            line("bob", "until=2026-10-01", &key),
            &good,
            KeyState::Ended,
            ["bob", "time ended 2026-10-01"],
        ),
        (
            line("bob", "places=register", &key),
            &good,
            KeyState::OtherPlace,
            ["bob", "not trusted for the place login"],
        ),
        (
            known.clone(),
            &key.sign(&other),
            KeyState::Wrong,
            ["signature of bob", "another component"],
        ),
        (
            known.clone(),
            &key.sign(&statement("register")),
            KeyState::Wrong,
            ["signature of bob", "the place register"],
        ),
        (known.clone(), &changed, KeyState::Wrong, ["signature of bob", "did not make it"]),
    ] {
        let trust = verdict(&ring, std::slice::from_ref(signature), 1);
        assert_eq!((states(&trust), trust.is_given()), (vec![state], false));
        assert_eq!(trust.reasons.len(), 2, "{:?}", trust.reasons);
        assert!(words.iter().all(|word| trust.reasons[1].contains(word)), "{:?}", trust.reasons);
        // It is looked at as well if none is needed.
        let trust = verdict(&ring, std::slice::from_ref(signature), 0);
        assert_eq!((states(&trust), trust.is_given()), (vec![state], true));
    }
    // A good one beside a wrong one of the same key counts.
    assert!(verdict(&known, &[changed, good], 1).is_given());
}

/// A file of keys, and what reads it.
struct Keys {
    folder: tempfile::TempDir,
    file: PathBuf,
    meter: Meter,
}

impl Keys {
    fn new(text: &str) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("trusted");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        Self { folder, file, meter: Meter::new().unwrap() }
    }

    fn settings(&self) -> TrustSettings {
        TrustSettings {
            keys: Some(self.file.clone()),
            needed: PerSlot::from_fn(|_| 1),
            unsigned: Unsigned::default(),
            anybody: false,
        }
    }

    fn open(&mut self, settings: TrustSettings) -> Result<TrustedKeys, Vec<String>> {
        self.meter = Meter::new().unwrap();
        TrustedKeys::open(settings, TrustMetrics::new(&self.meter).unwrap(), NOW)
    }

    /// The value of a metric's line, which holds these words.
    fn metric(&self, words: [&str; 2]) -> String {
        let text = String::from_utf8(self.meter.render().unwrap()).unwrap();
        let holds =
            |line: &&str| !line.starts_with('#') && words.iter().all(|word| line.contains(word));
        let line = text.lines().find(holds).unwrap_or_default();
        line.rsplit(' ').next().unwrap().to_owned()
    }
}

async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_change_of_the_file_counts_at_once_and_a_wrong_one_counts_as_no_key() {
    let key = PrivateKey::generate();
    let signed = [key.sign(&statement("login"))];
    let mut keys = Keys::new(&line("bob", "", &key));
    let trusted = Arc::new(keys.open(keys.settings()).ok().unwrap());
    let judged =
        || trusted.judge("login/42".into(), &statement("login"), &signed, Source::Push, NOW);
    assert!(judged().is_given());
    let good = ["auth_policy_trusted_keys{", "state=\"good\""];
    let unreadable = ["auth_policy_trusted_keys_unreadable{", ""];
    assert_eq!(keys.metric(good), "1");
    fs::write(&keys.file, line("bob", "withdrawn", &key)).unwrap();
    // Who judges reads no file: one that hangs would hang with it.
    assert!(judged().is_given());
    let (following, never) = (Arc::clone(&trusted), CancellationToken::new());
    tokio::spawn(async move { following.follow(&Clock::System, never).await });
    eventually("the withdrawal", || states(&judged()) == [KeyState::Withdrawn]).await;
    trusted.measure(NOW);
    assert_eq!(keys.metric(good), "0");
    fs::write(&keys.file, "bob nonsense").unwrap();
    eventually("the refusal", || {
        judged().reasons.first().is_some_and(|reason| reason.contains("line 1: \"nonsense\""))
    })
    .await;
    trusted.measure(NOW);
    assert_eq!(keys.metric(unreadable), "1");
    fs::remove_file(&keys.file).unwrap();
    eventually("the loss", || judged().reasons[0].contains("cannot be read")).await;
    fs::write(&keys.file, line("bob", "", &key)).unwrap();
    eventually("the way back", || judged().is_given()).await;
    trusted.measure(NOW);
    assert_eq!(keys.metric(unreadable), "0");
}

#[test]
fn a_file_of_keys_that_others_may_write_to_ends_the_start() {
    let key = PrivateKey::generate();
    let mut keys = Keys::new(&line("bob", "", &key));
    let settings = keys.settings();
    let (file, place) = (keys.file.clone(), keys.folder.path().to_owned());
    let mut refusal = |settings: TrustSettings| keys.open(settings).err().unwrap().join("; ");
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&file, 0o666);
    assert!(refusal(settings.clone()).contains("written to by group or others"));
    let anybody = TrustSettings { anybody: true, ..settings.clone() };
    Keys::new("").open(anybody).ok().unwrap();
    mode(&file, 0o644);
    let nowhere = place.join("nowhere");
    let missing = TrustSettings { keys: Some(nowhere), ..settings.clone() };
    assert!(refusal(missing).contains("nowhere cannot be read"));
    let folder = TrustSettings { keys: Some(place.clone()), ..settings.clone() };
    assert!(refusal(folder).contains("is not a file"));
    fs::write(&file, "# ".repeat(40_000)).unwrap();
    assert!(refusal(settings.clone()).contains("more than 65536 bytes"));
    fs::write(&file, [b'#', 0xff]).unwrap();
    assert!(refusal(settings.clone()).contains("no UTF-8"));
    fs::write(&file, "x y\nz").unwrap();
    let told = refusal(settings.clone());
    assert!(told.contains("line 1: ") && told.contains("line 2: "), "{told}");
}

#[test]
fn a_signature_is_needed_unless_the_operator_takes_what_came_that_way() {
    let key = PrivateKey::generate();
    let mut keys = Keys::new(&line("bob", "", &key));
    let unsigned = Unsigned { directory: true, push: false };
    let mut settings = TrustSettings { unsigned, ..keys.settings() };
    *settings.needed.get_mut(Slot::Register) = 3;
    let trusted = keys.open(settings.clone()).ok().unwrap();
    let needed = |place: &str, source| {
        trusted.judge("it".into(), &statement(place), &[], source, NOW).needed
    };
    assert_eq!(needed("login", Source::Directory), 0);
    assert_eq!((needed("login", Source::Push), needed("register", Source::Import)), (1, 3));
    // A place that another version of this host has wants as many as any.
    assert_eq!(needed("logout", Source::Push), 3);
    let mut without = Keys::new("");
    let trusted = without.open(TrustSettings { keys: None, ..settings }).ok().unwrap();
    let trust = trusted.judge("login/42".into(), &statement("login"), &[], Source::Push, NOW);
    assert_eq!(trust.reasons.len(), 1, "{:?}", trust.reasons);
    for word in ["POLICY_TRUSTED_KEYS is not set", "POLICY_UNSIGNED=directory,push", "login/42"] {
        assert!(trust.reasons[0].contains(word), "{:?}", trust.reasons);
    }
}

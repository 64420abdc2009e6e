use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;

fn secrets(folder: &Path) -> (Arc<Secrets>, Meter) {
    let meter = Meter::new().unwrap();
    let settings = SecretSettings { folder: Some(folder.to_owned()), ..SecretSettings::default() };
    (Arc::new(Secrets::new(settings, &meter).unwrap()), meter)
}

fn look_twice(secrets: &Secrets) {
    secrets.look();
    secrets.look();
}

fn stale(meter: &Meter) -> bool {
    let text = String::from_utf8(meter.render().unwrap()).unwrap();
    let line = text.lines().find(|line| line.starts_with("auth_policy_secret_stale{")).unwrap();
    line.ends_with(" 1")
}

#[test]
fn all_that_is_missing_is_told_at_once_and_nothing_else_is_known() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("login_one"), "1st value").unwrap();
    fs::write(folder.path().join("login_three"), "").unwrap();
    let (secrets, _) = secrets(folder.path());
    assert!(secrets.get("login", "one").is_none(), "it was read before it was asked for");
    let faults = secrets.expect("login", ["one", "two", "three"]).unwrap_err();
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("the secret two of login is not set here"), "{texts:?}");
    assert!(texts[1].contains("the secret three of login is empty"), "{texts:?}");
    assert_eq!(secrets.get("login", "one").unwrap().as_str(), "1st value");
    assert!(secrets.get("register", "one").is_none(), "it is a secret of another place");
}

#[test]
fn a_change_is_taken_up_and_what_becomes_wrong_leaves_the_last_good_value() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("login_key");
    fs::write(&file, "before").unwrap();
    let (secrets, meter) = secrets(folder.path());
    secrets.expect("login", ["key"]).unwrap();
    let of_a_call = secrets.get("login", "key").unwrap();
    fs::write(&file, "after\n").unwrap();
    look_twice(&secrets);
    assert_eq!(secrets.get("login", "key").unwrap().as_str(), "after");
    assert_eq!(of_a_call.as_str(), "before");
    for wrong in [Some("two\nlines"), Some(""), None] {
        match wrong {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        look_twice(&secrets);
        assert_eq!(secrets.get("login", "key").unwrap().as_str(), "after");
        assert!(stale(&meter));
        secrets.expect("login", ["key"]).unwrap_err();
    }
    fs::write(&file, "at last").unwrap();
    look_twice(&secrets);
    assert_eq!(secrets.get("login", "key").unwrap().as_str(), "at last");
    assert!(!stale(&meter));
}

#[test]
fn a_file_that_is_being_written_is_neither_changed_nor_wrong() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("login_key");
    fs::write(&file, "before").unwrap();
    let (secrets, meter) = secrets(folder.path());
    secrets.expect("login", ["key"]).unwrap();
    for part in ["", "aft", "after"] {
        fs::write(&file, part).unwrap();
        secrets.look();
        assert_eq!(secrets.get("login", "key").unwrap().as_str(), "before");
        assert!(!stale(&meter));
    }
    secrets.look();
    assert_eq!(secrets.get("login", "key").unwrap().as_str(), "after");
}

#[test]
fn a_file_that_goes_away_does_not_bring_an_old_variable_back() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("login_key");
    fs::write(&file, "of the file").unwrap();
    let (secrets, meter) = secrets(folder.path());
    let mut secrets = Arc::into_inner(secrets).unwrap();
    let old = Zeroizing::new("of the variable".to_owned());
    secrets.settings.variables.insert("login_key".into(), old);
    secrets.expect("login", ["key"]).unwrap();
    fs::remove_file(&file).unwrap();
    look_twice(&secrets);
    assert_eq!(secrets.get("login", "key").unwrap().as_str(), "of the file");
    assert!(stale(&meter));
    let faults = secrets.expect("login", ["key"]).unwrap_err();
    assert!(faults[0].to_string().contains("which is gone"), "{faults:?}");
}

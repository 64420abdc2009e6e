//! What a start says of wrong settings of trust.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::Process;

#[tokio::test]
async fn a_start_with_a_wrong_file_of_keys_ends_with_every_wrong_line() {
    let (folder, mut settings) = Process::folder();
    let file = folder.path().join("trusted");
    fs::write(&file, "# keys\nann places=logout ssh-ed25519 AAAA\nbob ssh-rsa AAAA\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    settings.insert("POLICY_TRUSTED_KEYS".to_owned(), file.to_str().unwrap().to_owned());
    let outcome = Process::refusing(&settings).await;
    assert_eq!(outcome.code, Some(2), "{}", outcome.log);
    for word in ["POLICY_TRUSTED_KEYS", "line 2: ", "no place \"logout\"", "line 3: ", "RSA"] {
        assert!(outcome.log.contains(word), "it lacks {word}: {}", outcome.log);
    }
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let outcome = Process::refusing(&settings).await;
    assert_eq!(outcome.code, Some(2), "{}", outcome.log);
    assert!(outcome.log.contains("written to by group or others"), "{}", outcome.log);
    settings.insert("POLICY_SIGNATURES".to_owned(), "login=0".to_owned());
    settings.insert("POLICY_UNSIGNED".to_owned(), "none,push".to_owned());
    let outcome = Process::refusing(&settings).await;
    for word in ["POLICY_SIGNATURES: \"login=0\"", "POLICY_UNSIGNED: \"none,push\""] {
        assert!(outcome.log.contains(word), "it lacks {word}: {}", outcome.log);
    }
}

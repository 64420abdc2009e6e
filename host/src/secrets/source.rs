//! Reading a secret: its file, or its variable where there is no file. A file that somebody else
//! could have written or put there is not believed.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::fault::{FolderFault, SecretFault};
use super::settings::SecretSettings;
use super::value::{self, MOST_BYTES};
use crate::owners;

/// A secret, and whether it stood in a file.
pub(super) struct Found {
    pub(super) value: Zeroizing<String>,
    pub(super) is_of_file: bool,
}

impl SecretSettings {
    /// Reads a secret as it stands there now. One that was in a file is looked for there only: the
    /// variable may be last year's key.
    pub(super) fn read(
        &self,
        place: &str,
        name: &str,
        was_of_file: bool,
    ) -> Result<Found, SecretFault> {
        let unusable = |what: String| SecretFault::Unusable {
            place: place.to_owned(),
            name: name.to_owned(),
            what,
        };
        let key = format!("{place}_{name}");
        if let Some(folder) = &self.folder {
            self.check_folder(folder).map_err(|why| {
                unusable(format!("cannot be read: its folder POLICY_SECRETS_DIR {why}"))
            })?;
            let file = folder.join(&key);
            match self.read_file(&file) {
                Ok(Some(value)) => return Ok(Found { value, is_of_file: true }),
                Ok(None) if was_of_file && self.variables.contains_key(&key) => {
                    return Err(unusable(format!(
                        "was read from {}, which is gone; the variable POLICY_SECRET_{key} is \
                         taken up by a restart only",
                        file.display()
                    )));
                }
                // Perhaps there is a variable.
                Ok(None) => {}
                Err(what) => return Err(unusable(format!("{what} (in {})", file.display()))),
            }
        }
        match self.variables.get(&key) {
            Some(text) => value::usable(text)
                .map(|value| Found { value, is_of_file: false })
                .map_err(|what| unusable(format!("{what} (in POLICY_SECRET_{key})"))),
            None => Err(SecretFault::Missing { place: place.to_owned(), name: name.to_owned() }),
        }
    }

    /// Checks the folder, as far as the start depends on it.
    pub(super) fn check(&self) -> Result<(), FolderFault> {
        let Some(folder) = &self.folder else { return Ok(()) };
        self.check_folder(folder).map_err(|why| FolderFault(format!("{} {why}", folder.display())))
    }

    fn check_folder(&self, folder: &Path) -> Result<(), String> {
        if !fs::metadata(folder).map_err(unreadable)?.is_dir() {
            return Err("is no folder".to_owned());
        }
        if self.anybody {
            return Ok(());
        }
        owners::check_folder(folder).map_err(|fault| format!("is not believed: {fault}"))
    }

    /// None if there is no such file.
    fn read_file(&self, file: &Path) -> Result<Option<Zeroizing<String>>, String> {
        let opened = match open(file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::NotFound && !file.is_symlink() => {
                return Ok(None);
            }
            Err(error) => return Err(unreadable(error)),
        };
        let metadata = opened.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err("is no file".to_owned());
        }
        if !self.anybody {
            owners::check(file).map_err(|fault| format!("is not believed: {fault}"))?;
        }
        // As much as a secret can have with its line end, and one byte more: it is not read again
        // into a larger place, which would leave a copy behind.
        let most = MOST_BYTES + "\r\n".len() + 1;
        let mut bytes = Zeroizing::new(Vec::with_capacity(most));
        opened.take(most as u64).read_to_end(&mut bytes).map_err(unreadable)?;
        value::of_file(&bytes).map(Some)
    }
}

/// Without waiting: to open a pipe would wait for somebody to write to it.
fn open(path: &Path) -> std::io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    File::options().read(true).custom_flags(flags).open(path)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn unreadable(error: std::io::Error) -> String {
    format!("cannot be read: {error}")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    fn settings(folder: &TempDir) -> SecretSettings {
        SecretSettings { folder: Some(folder.path().to_owned()), ..SecretSettings::default() }
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_comes_before_a_variable_and_what_is_nowhere_is_named() {
        let folder = TempDir::new().unwrap();
        let mut settings = settings(&folder);
        let variable = |text: &str| Zeroizing::new(text.to_owned());
        settings.variables.insert("login_one".into(), variable("of the variable"));
        settings.variables.insert("login_two".into(), variable("of the variable"));
        settings.variables.insert("login_empty".into(), variable(""));
        fs::write(folder.path().join("login_one"), "of the file\n").unwrap();
        assert_eq!(settings.read("login", "one", false).unwrap().value.as_str(), "of the file");
        assert_eq!(settings.read("login", "two", false).unwrap().value.as_str(), "of the variable");
        let fault = settings.read("login", "empty", false).err().unwrap().to_string();
        assert_eq!(fault, "the secret empty of login is empty (in POLICY_SECRET_login_empty)");
        let fault = settings.read("register", "one", false).err().unwrap();
        assert!(matches!(fault, SecretFault::Missing { .. }), "{fault}");
        let text = fault.to_string();
        assert!(text.contains("POLICY_SECRET_register_one") && text.contains("register_one of"));
    }

    #[test]
    fn what_others_may_write_to_is_not_believed_but_on_a_developers_machine() {
        let folder = TempDir::new().unwrap();
        let settings = settings(&folder);
        let file = folder.path().join("login_key");
        fs::write(&file, "the value").unwrap();
        mode(&file, 0o620);
        let refused = |settings: &SecretSettings, word: &str| {
            let fault = settings.read("login", "key", false).err().unwrap().to_string();
            assert!(fault.contains(word) && !fault.contains("the value"), "{fault}");
        };
        refused(&settings, "may be written to by group or others");
        mode(&file, 0o600);
        mode(folder.path(), 0o777);
        refused(&settings, "its folder POLICY_SECRETS_DIR is not believed");
        assert!(
            settings
                .check()
                .unwrap_err()
                .to_string()
                .contains("may be written to by group or others")
        );
        let anybody = SecretSettings { anybody: true, ..settings.clone() };
        assert_eq!(anybody.read("login", "key", false).unwrap().value.as_str(), "the value");
        anybody.check().unwrap();
        // As `/tmp`: a name that is not there yet is anybody's.
        mode(folder.path(), 0o1777);
        refused(&settings, "its folder POLICY_SECRETS_DIR is not believed");
    }

    #[test]
    fn the_whole_way_to_a_secret_is_looked_at() {
        let way = TempDir::new().unwrap();
        let folder = way.path().join("secrets");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("login_key"), "the value").unwrap();
        let settings = SecretSettings { folder: Some(folder), ..SecretSettings::default() };
        settings.read("login", "key", false).unwrap();
        // Who may write here puts another folder into its place.
        mode(way.path(), 0o777);
        let fault = settings.read("login", "key", false).err().unwrap().to_string();
        assert!(fault.contains("may be written to by group or others"), "{fault}");
    }

    #[test]
    fn a_link_of_somebody_else_is_not_believed() {
        let folder = TempDir::new().unwrap();
        let elsewhere = TempDir::new().unwrap();
        let (file, link) = (elsewhere.path().join("other"), folder.path().join("login_key"));
        fs::write(&file, "another secret").unwrap();
        symlink(&file, &link).unwrap();
        let settings = settings(&folder);
        assert_eq!(settings.read("login", "key", false).unwrap().value.as_str(), "another secret");
        // Only root can give a link away.
        if std::os::unix::fs::lchown(&link, Some(54_321), None).is_ok() {
            let fault = settings.read("login", "key", false).err().unwrap().to_string();
            assert!(fault.contains("belongs to the user 54321"), "{fault}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused_and_nobody_waits_for_a_pipe() {
        let folder = TempDir::new().unwrap();
        let settings = settings(&folder);
        fs::create_dir(folder.path().join("login_folder")).unwrap();
        symlink("nowhere", folder.path().join("login_link")).unwrap();
        let pipe = folder.path().join("login_pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        for name in ["folder", "link", "pipe"] {
            let fault = settings.read("login", name, false).err().unwrap();
            assert!(matches!(fault, SecretFault::Unusable { .. }), "{fault}");
        }
        let nowhere =
            SecretSettings { folder: Some(folder.path().join("nowhere")), ..settings.clone() };
        nowhere.check().unwrap_err();
        let file = SecretSettings { folder: Some(pipe), ..settings };
        assert!(file.check().unwrap_err().to_string().contains("no folder"));
        SecretSettings::default().check().unwrap();
    }
}

//! Reading a secret: its file, or its variable where there is no file. A file or a folder that
//! somebody else could have written to is not believed.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{OFlags, StatVfsMountFlags, fstatvfs};
use zeroize::Zeroizing;

use super::fault::{FolderFault, SecretFault};
use super::settings::SecretSettings;
use super::value::{self, MOST_BYTES};

const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

impl SecretSettings {
    /// Reads a secret as it stands there now.
    pub(super) fn read(&self, place: &str, name: &str) -> Result<Zeroizing<String>, SecretFault> {
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
                Ok(Some(value)) => return Ok(value),
                // Perhaps there is a variable.
                Ok(None) => {}
                Err(what) => return Err(unusable(format!("{what} (in {})", file.display()))),
            }
        }
        match self.variables.get(&key) {
            Some(text) => value::usable(text)
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
        let opened = open(folder).map_err(unreadable)?;
        let metadata = opened.metadata().map_err(unreadable)?;
        if !metadata.is_dir() {
            return Err("is no folder".to_owned());
        }
        self.belongs_to_us(&opened, &metadata)
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
        self.belongs_to_us(&opened, &metadata)?;
        // As much as a secret can have with its line end, and one byte more: it is not read again
        // into a larger place, which would leave a copy behind.
        let most = MOST_BYTES + "\r\n".len() + 1;
        let mut bytes = Zeroizing::new(Vec::with_capacity(most));
        opened.take(most as u64).read_to_end(&mut bytes).map_err(unreadable)?;
        value::of_file(&bytes).map(Some)
    }

    /// Whoever else may write there decides what the policy says it is.
    fn belongs_to_us(&self, opened: impl AsFd, metadata: &Metadata) -> Result<(), String> {
        let is_read_only =
            || fstatvfs(opened).is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY));
        // What is mounted read-only is the word of whoever mounted it.
        if self.anybody || is_read_only() {
            return Ok(());
        }
        let us = rustix::process::geteuid().as_raw();
        if ![0, us].contains(&metadata.uid()) {
            return Err(format!(
                "belongs to user {}, and must belong to root or to the user of the service ({us})",
                metadata.uid()
            ));
        }
        let is_sticky = metadata.is_dir() && metadata.mode() & STICKY != 0;
        if metadata.mode() & OTHERS_WRITE != 0 && !is_sticky {
            return Err("may be written to by others (chmod go-w)".to_owned());
        }
        Ok(())
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
    use std::fs;
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
        assert_eq!(settings.read("login", "one").unwrap().as_str(), "of the file");
        assert_eq!(settings.read("login", "two").unwrap().as_str(), "of the variable");
        let fault = settings.read("login", "empty").unwrap_err().to_string();
        assert_eq!(fault, "the secret empty of login is empty (in POLICY_SECRET_login_empty)");
        let fault = settings.read("register", "one").unwrap_err();
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
            let fault = settings.read("login", "key").unwrap_err().to_string();
            assert!(fault.contains(word) && !fault.contains("the value"), "{fault}");
        };
        refused(&settings, "may be written to by others");
        mode(&file, 0o600);
        mode(folder.path(), 0o777);
        refused(&settings, "its folder POLICY_SECRETS_DIR may be written to by others");
        assert!(settings.check().unwrap_err().to_string().contains("may be written to by others"));
        let anybody = SecretSettings { anybody: true, ..settings.clone() };
        assert_eq!(anybody.read("login", "key").unwrap().as_str(), "the value");
        anybody.check().unwrap();
        // As `/tmp`: nobody replaces what is not theirs.
        mode(folder.path(), 0o1777);
        settings.read("login", "key").unwrap();
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
            let fault = settings.read("login", name).unwrap_err();
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

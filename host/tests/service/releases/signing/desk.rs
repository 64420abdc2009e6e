//! What an author has at hand who signs: the program, files, and other tools of the machine.

use std::fs;
use std::process::Command;

use crate::releases::files::Desk;

/// The text of a file.
pub(super) fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap()
}

impl Desk {
    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A command that must succeed; what it printed.
    pub(super) async fn done(&self, words: &[&str]) -> String {
        let told = self.run(words).await;
        assert_eq!(told.code, Some(0), "{words:?}: {}{}", told.text, told.errors);
        told.text
    }

    /// A command that must be refused; all that it said.
    pub(super) async fn refused(&self, words: &[&str]) -> String {
        let told = self.run(words).await;
        assert_eq!(told.code, Some(1), "{words:?}: {}{}", told.text, told.errors);
        told.text + &told.errors
    }

    /// The line of a key for the file of trusted keys, with what it may sign.
    pub(super) fn trusted(&self, name: &str, options: &str) -> String {
        format!("{name} {options} {}", read(&self.path(&format!("{name}.pub"))))
    }

    /// Runs a tool of the machine; false if it is not there.
    pub(super) fn tool(&self, program: &str, words: &[&str]) -> bool {
        let Ok(output) = Command::new(program).args(words).current_dir(self.folder.path()).output()
        else {
            return false;
        };
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {words:?}: {errors}");
        true
    }
}

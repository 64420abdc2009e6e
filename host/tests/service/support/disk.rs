//! A small disk that can be filled, mounted read-only and freed: a tmpfs in a mount namespace of
//! its own, which lives as long as a process that sleeps in it. Programs enter it by `nsenter`.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::Process;
use super::builder::MASTER_SECRET;

/// A data folder on a disk of its own, with the settings that name it.
pub(crate) struct SmallDisk {
    pub(crate) settings: HashMap<String, String>,
    folder: TempDir,
    keeper: Child,
    /// What becomes a program in the namespace.
    enter: Vec<String>,
}

impl SmallDisk {
    /// A disk of so many MiB; none, with a word about it, where nobody may mount one.
    pub(crate) fn new(mebibytes: u32) -> Option<Self> {
        Self::mounted(Process::folder(), &format!("-t tmpfs -o size={mebibytes}m,mode=700 tmpfs"))
    }

    /// One with a file system that the kernel can give up; for that it takes root.
    pub(crate) fn of_ext4(mebibytes: u64) -> Option<Self> {
        let (folder, settings) = Process::folder();
        let image = folder.path().join("image");
        std::fs::File::create(&image).unwrap().set_len(mebibytes << 20).unwrap();
        let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: there is no mkfs.ext4");
            return None;
        }
        let mount = format!("-t ext4 -o loop,errors=remount-ro '{}'", image.display());
        Self::mounted((folder, settings), &mount)
    }

    fn mounted(
        (folder, mut settings): (TempDir, HashMap<String, String>),
        mount: &str,
    ) -> Option<Self> {
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        // The same compiled components as for the other tests: compiling takes long.
        settings.insert("AUTH_MASTER_SECRET".to_owned(), MASTER_SECRET.to_owned());
        let script = format!(
            "mount {mount} '{0}' && ln -s '{1}' '{0}/cache' \
             && echo mounted && exec sleep infinity",
            data.display(),
            super::builder::policy_cache().display(),
        );
        let root: &[&str] = &["--mount"];
        let mapped: &[&str] = &["--mount", "--user", "--map-root-user"];
        for namespaces in [root, mapped] {
            let mut keeper = Command::new("unshare")
                .args(namespaces)
                .args(["sh", "-c", &script])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .ok()?;
            let mut line = String::new();
            BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
            if line.trim() == "mounted" {
                let mut enter = vec!["nsenter".to_owned(), format!("--target={}", keeper.id())];
                enter.extend(namespaces.iter().take(2).map(|&namespace| namespace.to_owned()));
                if namespaces.len() > 1 {
                    enter.push("--preserve-credentials".to_owned());
                    // In there the machine's root, whose folders are on the way to ours, is nobody.
                    settings.insert("ENV".to_owned(), "local".to_owned());
                }
                return Some(Self { settings, folder, keeper, enter });
            }
            keeper.wait().unwrap();
        }
        println!("skipped: this user may not mount a disk");
        None
    }

    /// The data folder, as it is seen from outside.
    pub(crate) fn data(&self) -> PathBuf {
        let inside = self.data_inside();
        let inside = inside.strip_prefix("/").unwrap();
        Path::new(&format!("/proc/{}/root", self.keeper.id())).join(inside)
    }

    /// The data folder, as the program sees it.
    pub(crate) fn data_inside(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Takes all the room that there is.
    pub(crate) fn fill(&self) {
        Self::fill_at(&self.data());
    }

    /// The same on the disk that is mounted there.
    pub(crate) fn fill_at(folder: &Path) {
        let ballast = folder.join("ballast");
        let mut ballast = std::fs::File::options().create(true).append(true).open(ballast).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            let chunk = vec![0; size];
            while ballast.write_all(&chunk).is_ok() {}
        }
    }

    /// Makes room.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.data().join("ballast")).unwrap();
    }

    /// The same, and leaves room for so many bytes.
    pub(crate) fn fill_all_but(&self, bytes: usize) {
        let room = self.data().join("room");
        std::fs::write(&room, vec![0; bytes]).unwrap();
        self.fill();
        std::fs::remove_file(room).unwrap();
    }

    /// Another disk, of so many KiB, in a folder of the data folder.
    pub(crate) fn mount(&self, folder: &str, kibibytes: u32) -> PathBuf {
        let inside = self.data_inside().join(folder).display().to_string();
        let mount = format!("mount -t tmpfs -o size={kibibytes}k,mode=700 tmpfs");
        self.run(&format!("mkdir '{inside}' && {mount} '{inside}'"));
        self.data().join(folder)
    }

    /// Makes the whole disk read-only, or writable again; nothing may be open on it.
    pub(crate) fn make_read_only(&self, read_only: bool) {
        let data = self.data_inside();
        let mode = if read_only { "ro" } else { "rw" };
        // The mount alone: in a user namespace the file system's own options can't be given again.
        self.run(&format!("mount -o remount,bind,{mode} '{}'", data.display()));
    }

    /// Has the kernel give the file system up, as after an error of the disk.
    pub(crate) fn abort(&self) {
        self.run(&format!("mount -o remount,abort '{}'", self.data_inside().display()));
    }

    /// Makes a file read-only for whoever opens it from now on.
    pub(crate) fn cover(&self, file: &str) {
        let file = self.data_inside().join(file).display().to_string();
        self.run(&format!("mount --bind '{file}' '{file}'; mount -o remount,bind,ro '{file}'"));
    }

    pub(crate) fn uncover(&self, file: &str) {
        self.run(&format!("umount -l '{}'", self.data_inside().join(file).display()));
    }

    /// Runs a script of the shell where the disk is.
    pub(crate) fn run(&self, script: &str) {
        let mut command = Command::new(&self.enter[0]);
        let status = command.args(&self.enter[1..]).args(["sh", "-ec", script]).status();
        assert!(status.unwrap().success(), "{script}");
    }

    pub(crate) async fn serving(&self) -> Process {
        Process::serving_by(&self.enter, &self.settings).await
    }

    /// A start that must fail; the last lines that it wrote.
    pub(crate) async fn refusing(&self) -> String {
        let outcome = Process::refusing_by(&self.enter, &self.settings).await;
        assert_eq!(outcome.code, Some(2), "{}", outcome.log);
        outcome.log
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.keeper.kill().unwrap();
        self.keeper.wait().unwrap();
    }
}

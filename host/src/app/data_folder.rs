//! The data folder: one process owns it, and nobody else may write to it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;

use crate::config::{Config, Secret};
use crate::owners::is_read_only;
use crate::{keys, whole_file};

/// Makes the folder, checks who may write to it and to the policies, and locks it.
pub(super) fn open(config: &Config) -> anyhow::Result<fs::File> {
    let make = |folder: &Path, what: &str| {
        fs::create_dir_all(folder)
            .with_context(|| format!("{what}: the folder {} cannot be made", folder.display()))
    };
    make(&config.data_dir, "DATA_DIR")?;
    make(&config.policy_dir, "POLICY_DIR")?;
    if !config.local {
        close(config)?;
        writable_by_us_only(&config.data_dir, "DATA_DIR")?;
        writable_by_us_only(&config.policy_dir, "POLICY_DIR")?;
    }
    let file = config.data_dir.join("lock");
    let lock = fs::File::create(&file)
        .with_context(|| format!("DATA_DIR: {} cannot be made", file.display()))?;
    anyhow::ensure!(
        is_taken(&lock),
        "DATA_DIR: another auth-host runs on the folder {}",
        config.data_dir.display()
    );
    let cache = config.data_dir.join("cache");
    // The lock does not hold for what a link leads to.
    if !cache.is_symlink() {
        whole_file::remove_unfinished(&cache);
    }
    Ok(lock)
}

/// Takes the lock. It may be free only in a moment: a predecessor that has ended may have begun to
/// start a process, which shares its files until it runs another program.
fn is_taken(lock: &fs::File) -> bool {
    (0..20).any(|attempt| {
        if attempt > 0 {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        lock.try_lock().is_ok()
    })
}

/// A platform that hands a volume out to a group gives what is in it to that group too, at each
/// start (`fsGroup` of Kubernetes). What is ours is closed again: as we made it.
fn close(config: &Config) -> anyhow::Result<()> {
    let (data, policies) = (config.data_dir.canonicalize()?, config.policy_dir.canonicalize()?);
    close_ours(&data)?;
    // Who has a folder elsewhere is told instead.
    if policies.starts_with(&data) && policies != data {
        close_ours(&policies)?;
        for file in fs::read_dir(&policies)? {
            close_ours(&file?.path())?;
        }
    }
    Ok(())
}

fn close_ours(path: &Path) -> anyhow::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    // A right of everybody no platform gives: that was a person, who is told.
    if is_ours && !metadata.is_symlink() && metadata.mode() & 0o022 == 0o020 && !is_read_only(path)
    {
        fs::set_permissions(path, fs::Permissions::from_mode(metadata.mode() & 0o700))
            .with_context(|| format!("{} cannot be closed to its group", path.display()))?;
        tracing::info!(path = %path.display(), "its group could write to it, and no longer can");
    }
    Ok(())
}

fn writable_by_us_only(folder: &Path, name: &str) -> anyhow::Result<()> {
    let mode = fs::metadata(folder)?.permissions().mode();
    // A platform mounts what it hands out read-only with any mode.
    anyhow::ensure!(
        mode & 0o022 == 0 || is_read_only(folder),
        "{name}: the folder {folder} may be written to by group or others; run: chmod go-w \
         {folder}. If it is a volume that a platform has made so, set {name} to a folder in it, \
         such as {folder}/auth-host, which is made for this user only",
        folder = folder.display()
    );
    Ok(())
}

/// What the gateway checks access tokens with: the setting, or with `ENV=local` one of our own.
pub(super) fn jwt_secret(config: &Config) -> anyhow::Result<Secret> {
    match &config.sessions.jwt_secret {
        Some(secret) => Ok(secret.clone()),
        None => kept_secret(&config.data_dir.join("jwt-secret")),
    }
}

/// A secret for `ENV=local`: made once, kept in a file that only we read.
fn kept_secret(file: &Path) -> anyhow::Result<Secret> {
    use base64::Engine as _;
    if !file.exists() {
        let secret = base64::engine::general_purpose::STANDARD.encode(keys::random::<48>());
        whole_file::write(file, secret.as_bytes())
            .with_context(|| format!("DATA_DIR: {} cannot be made", file.display()))?;
    }
    let secret = Secret::new(fs::read_to_string(file)?.trim().to_owned());
    anyhow::ensure!(
        secret.len() >= 32,
        "the secret in {} is too short; delete the file to have a new one made",
        file.display()
    );
    Ok(secret)
}

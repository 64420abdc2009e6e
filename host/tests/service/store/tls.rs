//! The modes of TLS to PostgreSQL: what each of them trusts, and what it refuses.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::support::{Postgres, Process};

/// An authority, and the file that says to trust it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// A certificate for a host, and its key.
    fn certificate(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([host.to_owned()])
            .unwrap()
            .signed_by(&key, &self.issuer)
            .unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// Whether the service gets into the database of this address, and what it says where it does not.
async fn migrate(url: &str, mode: &str, root: Option<&Path>) -> Result<(), String> {
    let (_folder, mut settings): (TempDir, HashMap<String, String>) = Process::folder();
    let root = root.map_or_else(String::new, |file| format!("&sslrootcert={}", file.display()));
    settings.insert("DATABASE_URL".to_owned(), format!("{url}?sslmode={mode}{root}"));
    let printed = Process::command(&settings, &["migrate"]).await;
    if printed.code == Some(0) { Ok(()) } else { Err(printed.errors) }
}

#[tokio::test]
async fn each_mode_trusts_what_it_says() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let folder = TempDir::new().unwrap();
    let (ours, another) =
        (Authority::new(folder.path(), "ours.pem"), Authority::new(folder.path(), "another.pem"));

    // A server without TLS.
    for mode in ["disable", "prefer"] {
        migrate(&url, mode, None).await.unwrap_or_else(|said| panic!("{mode}: {said}"));
    }
    for (mode, root) in [("require", None), ("verify-full", Some(ours.file.as_path()))] {
        let said = migrate(&url, mode, root).await.expect_err(mode);
        assert!(said.contains("TLS"), "{mode}: {said}");
    }

    // One that takes nothing else, under its own address.
    postgres.only_tls(&ours.certificate("127.0.0.1")).await;
    migrate(&url, "disable", None).await.expect_err("the server takes TLS only");
    for mode in ["prefer", "require"] {
        migrate(&url, mode, None).await.unwrap_or_else(|said| panic!("{mode}: {said}"));
    }
    migrate(&url, "verify-full", Some(&ours.file)).await.unwrap_or_else(|said| panic!("{said}"));
    for other in [None, Some(another.file.as_path())] {
        let said =
            migrate(&url, "verify-full", other).await.expect_err("it is another's certificate");
        assert!(said.contains("certificate"), "with {other:?}: {said}");
    }

    // The same, under a name that is not the address.
    postgres.only_tls(&ours.certificate("database.example.com")).await;
    let said =
        migrate(&url, "verify-full", Some(&ours.file)).await.expect_err("it is another's name");
    assert!(said.contains("certificate"), "{said}");
}

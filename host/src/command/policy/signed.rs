//! Signatures that come with a component: from the file beside it, or from one that is named.

use std::path::{Path, PathBuf};

use reqwest::Method;

use super::client::Client;
use super::files;
use super::key_files::beside;
use super::problem::{Problem, REFUSED};
use crate::administration::views::{NewSignaturesView, SignaturesView};
use crate::signatures::{MOST_FILE_BYTES, Signature, read_lines};

/// A file of signatures, read.
pub(super) struct Signed {
    file: PathBuf,
    signatures: Vec<Signature>,
}

impl Signed {
    /// What a file says.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let bytes = files::whole(file, MOST_FILE_BYTES)?;
        let told = String::from_utf8(bytes).map_err(|_| "it is no text".to_owned());
        let read = told.and_then(|text| read_lines(&text).map_err(|fault| fault.to_string()));
        let signatures = read.map_err(|fault| {
            let text = format!(
                "{}: {fault}. Nothing was pushed; sign it anew: auth-host policy sign FILE --key \
                 KEY",
                file.display()
            );
            Problem::new(REFUSED, "wrong_signature", text)
        })?;
        Ok(Self { file: file.to_owned(), signatures })
    }

    /// What lies beside a component, if something does: `guarded.wasm.sig`.
    pub fn beside(component: &Path) -> anyhow::Result<Option<Self>> {
        let file = beside(component, ".sig");
        if file.symlink_metadata().is_err() {
            return Ok(None);
        }
        Self::read(&file).map(Some)
    }

    /// Whether each is of one of these components, by their digests. One of another build would
    /// be taken for one of this.
    pub fn belong_to(&self, digests: &[String]) -> anyhow::Result<()> {
        let of_none = |signature: &&Signature| !digests.contains(&signature.statement.component);
        let Some(stray) = self.signatures.iter().find(of_none) else { return Ok(()) };
        let text = format!(
            "{} has a signature of {} {} with the SHA-256 {}, and that is not what is pushed: it \
             was built or packed anew since it was signed, or it is another policy. Nothing was \
             pushed; sign what you push (auth-host policy sign FILE --key KEY), or take the line \
             away",
            self.file.display(),
            stray.statement.name,
            stray.statement.version,
            stray.statement.component
        );
        Err(Problem::new(REFUSED, "wrong_signature", text).into())
    }
}

/// Brings the signatures of a component that is kept there, if there are some.
pub(super) async fn send(client: &Client, digest: &str, signed: &[Signed]) -> anyhow::Result<()> {
    let all = signed.iter().flat_map(|signed| &signed.signatures);
    let own = all.filter(|signature| signature.statement.component == digest);
    let signatures: Vec<String> = own.map(Signature::line).collect();
    if signatures.is_empty() {
        return Ok(());
    }
    add(client, digest, signatures).await.map(drop)
}

/// Brings lines.
pub(super) async fn add(
    client: &Client,
    digest: &str,
    signatures: Vec<String>,
) -> anyhow::Result<SignaturesView> {
    let path = ["components", digest, "signatures"];
    client.change(Method::POST, &path, &NewSignaturesView { signatures }).await
}

/// Who signed a component.
pub(super) async fn of(client: &Client, digest: &str) -> anyhow::Result<SignaturesView> {
    client.read(&["components", digest, "signatures"], &[]).await
}

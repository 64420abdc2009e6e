//! `auth-host policy sign login/42`: signs what a service keeps, after its bytes were looked at
//! here.

use super::client::Client;
use super::names::ReleaseName;
use super::problem::{Problem, REFUSED};
use super::{releases, signed, standing};
use crate::administration::views::SignaturesView;
use crate::command::output::{self, plain};
use crate::hex;
use crate::policy::admission;
use crate::signatures::{PrivateKey, Statement};
use crate::telemetry;

/// Signs all components of a release, and brings the signatures to where it is kept.
pub(super) async fn sign(
    client: &Client,
    name: &ReleaseName,
    key: &PrivateKey,
    json: bool,
) -> anyhow::Result<()> {
    let release = releases::named(client, name).await?;
    let mut told = Vec::new();
    for component in &release.components {
        let bytes = client.component(&component.digest).await?;
        let statement = statement(name, &component.digest, &bytes)?;
        telemetry::say(&format!(
            "signing {} {} for {}, SHA-256 {} ({} bytes), as {}",
            plain(&statement.name),
            plain(&statement.version),
            plain(&statement.place),
            statement.component,
            bytes.len(),
            key.public().fingerprint()
        ));
        let line = key.sign(&statement).line();
        told.push(signed::add(client, &component.digest, vec![line]).await?);
    }
    if json {
        return output::json(&told);
    }
    for signatures in &told {
        output::line(readable(name, signatures))?;
    }
    let release = releases::named(client, name).await?;
    if !release.active {
        telemetry::say(&standing::next(&release));
    }
    Ok(())
}

/// What is signed: of the bytes themselves, whatever the service says of them.
fn statement(name: &ReleaseName, digest: &str, bytes: &[u8]) -> anyhow::Result<Statement> {
    let refused = |text: String| Problem::new(REFUSED, "not_signed", text + ". Nothing was signed");
    let own = hex::sha256(bytes);
    if own != digest {
        let text =
            format!("the service sent other bytes (SHA-256 {own}) than {name} has ({digest})");
        return Err(refused(text).into());
    }
    let report = admission::examine(None, bytes)
        .map_err(|faults| refused(format!("{name} cannot be read here: {faults}")))?;
    let statement = Statement::of_manifest(&own, &report.manifest);
    if statement.place != name.place {
        let text = format!("{name} is a policy for {} by its manifest", statement.place);
        return Err(refused(text).into());
    }
    Ok(statement)
}

fn readable(name: &ReleaseName, signatures: &SignaturesView) -> String {
    let mut lines = vec![format!(
        "{name} is signed: {} {}   {}",
        plain(&signatures.name),
        plain(&signatures.version),
        standing::trust(&signatures.trust)
    )];
    lines.extend(signatures.signatures.iter().map(|one| format!("  {}", standing::signature(one))));
    lines.join("\n")
}

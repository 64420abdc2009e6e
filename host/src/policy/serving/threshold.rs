//! What is asked of what lies in the policy directory before it becomes a release: who signed it,
//! what its place is granted, and whether this replica has its secrets.
//!
//! The rule: an empty place is the operator's to fill from there, and is granted what its first
//! release asks for.

use std::path::Path;
use std::sync::Arc;

use super::found::{Amiss, Taken};
use crate::clock::Clock;
use crate::contract::{Grants, Slot};
use crate::policy::admission::Admitted;
use crate::policy::trust::{Gate, not_granted, statement_of, texts_granted};
use crate::secrets::Secrets;
use crate::signatures::{Signature, Statement};
use crate::store::StoreError;
use crate::store::registry::{PlaceState, Source, StoredSignature};

/// Who brings signatures that lie in the directory.
const DIRECTORY: &str = "directory";

/// What is asked of what lies in the policy directory.
#[derive(Clone)]
pub struct Threshold {
    pub gate: Arc<Gate>,
    pub secrets: Arc<Secrets>,
    pub clock: Clock,
}

/// What is written with a release that may come in.
#[derive(Default)]
pub(super) struct Pass {
    /// To be kept with its component.
    pub(super) signatures: Vec<StoredSignature>,
    /// What its place is granted with it, if it is the first one there.
    pub(super) grants: Option<Vec<String>>,
}

impl Threshold {
    /// Whether what was admitted may come in; else all that stands against it.
    pub(super) async fn pass(
        &self,
        slot: Slot,
        file: &Path,
        taken: &Taken,
        state: Option<&PlaceState>,
    ) -> Result<Result<Pass, Vec<String>>, StoreError> {
        let of = statement_of(&taken.admitted.digest, &taken.admitted.manifest);
        let (brought, fault) = match &taken.signatures {
            Ok(signatures) => (signatures.as_slice(), None),
            Err(fault) => (&[][..], Some(fault)),
        };
        let mut all = brought.to_vec();
        all.extend(self.gate.signatures(&of.component).await?);
        let what = file.display().to_string();
        // What served under an earlier version is nobody's to sign: it lies in no folder of theirs.
        let served_before = matches!(taken.amiss, Some(Amiss::All(_)));
        let mut reasons = Vec::new();
        if !served_before {
            reasons = self.gate.judge(&what, &of, &all, Source::Directory).reasons;
            if !reasons.is_empty() {
                reasons.extend(fault.cloned());
            }
        }
        let granted = self.granted(slot, &taken.admitted, state).await?;
        let grants = granted.unwrap_or_else(|missing| {
            reasons.push(missing);
            None
        });
        let secrets = taken.admitted.manifest.asks.secrets.clone();
        let expected = self.secrets.expect_all(slot.as_str(), secrets).await;
        reasons.extend(expected.err().unwrap_or_default());
        // What is barred is asked again and again.
        if let Some(fault) = fault
            && reasons.is_empty()
        {
            tracing::warn!(%slot, fault, "the file of signatures cannot be read");
        }
        let pass = Pass { signatures: self.kept(&of, brought), grants };
        Ok(if reasons.is_empty() { Ok(pass) } else { Err(reasons) })
    }

    /// What the place is granted with it, or what it asks for and is not granted.
    async fn granted(
        &self,
        slot: Slot,
        admitted: &Admitted,
        state: Option<&PlaceState>,
    ) -> Result<Result<Option<Vec<String>>, String>, StoreError> {
        if self.gate.grants_all() {
            return Ok(Ok(None));
        }
        let imports = admitted.report.imports.iter().map(String::as_str);
        let asked = Grants::asked(&admitted.manifest, imports);
        let granted = self.gate.texts(slot).await?;
        let granted = match (granted, state) {
            (None, None) => return Ok(Ok(Some(asked.texts()))),
            (None, Some(state)) => self.gate.of_upgrade(slot, state).await?,
            (Some(texts), _) => texts_granted(slot, Some(&texts)),
        };
        let missing = not_granted(slot, &self.gate.missing(&granted, &asked));
        Ok(missing.map_or(Ok(None), Err))
    }

    /// Those that hold for it, whoever made them: their keys may be trusted later.
    fn kept(&self, of: &Statement, brought: &[Signature]) -> Vec<StoredSignature> {
        let hold = brought.iter().filter(|signature| signature.holds_for(of).is_ok());
        let now = self.clock.now();
        hold.map(|signature| StoredSignature {
            key: signature.key.fingerprint(),
            line: signature.line(),
            added_at: now,
            added_by: DIRECTORY.to_owned(),
        })
        .collect()
    }
}

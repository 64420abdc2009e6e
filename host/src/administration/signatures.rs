//! Signatures of components: looked at, and brought.

use super::access::Caller;
use super::core::{Administration, change};
use super::gating::trust_view;
use super::moments::moment;
use super::refusals::{of_registry, of_store};
use super::views::{NewSignaturesView, SignatureView, SignaturesView};
use super::{codes, input};
use crate::errors::{ApiError, Reason};
use crate::policy::trust::{Called, SignedBy, Trust, statement};
use crate::signatures::{MOST_SIGNATURES, Signature, Statement};
use crate::store::registry::{ComponentInfo, Source, StoredSignature};

impl Administration {
    /// Who signed a component.
    pub async fn signatures(&self, digest: &str) -> Result<SignaturesView, ApiError> {
        let info = self.component_info(digest).await?;
        self.signed(&info).await
    }

    /// Keeps signatures of a component, each of which must hold for it. Who made it may be unknown:
    /// the key may be trusted later.
    pub async fn add_signatures(
        &self,
        caller: &Caller,
        digest: &str,
        new: &NewSignaturesView,
    ) -> Result<SignaturesView, ApiError> {
        if new.signatures.is_empty() || new.signatures.len() > MOST_SIGNATURES {
            let message = format!("must hold from 1 to {MOST_SIGNATURES} lines");
            return Err(input::wrong("signatures", &message));
        }
        let info = self.component_info(digest).await?;
        let of = statement(&info);
        let (now, by) = (self.store.clock().now(), &caller.name);
        let (mut kept, mut reasons) = (Vec::new(), Vec::new());
        for (index, line) in new.signatures.iter().enumerate() {
            match read(line, &of) {
                Ok(signature) => kept.push(StoredSignature {
                    key: signature.key.fingerprint(),
                    line: signature.line(),
                    added_at: now,
                    added_by: by.clone(),
                }),
                Err(fault) => reasons.push(refused(index, &fault)),
            }
        }
        if !reasons.is_empty() {
            let all: Vec<_> = reasons.iter().map(|reason| reason.text.as_str()).collect();
            let message = format!("{}. Nothing was kept", all.join("; "));
            let error = ApiError::with_message(codes::BAD_SIGNATURE, message);
            return Err(ApiError { reasons, ..error });
        }
        let change = change(caller, "")?;
        let added = self.store.signatures_add(&info.digest, &of.place, &kept, &change).await;
        let added = added.map_err(of_registry)?;
        let keys: Vec<_> = kept.iter().map(|one| one.key.as_str()).collect();
        tracing::info!(digest, keys = keys.join(", "), added, by, "signatures were brought");
        self.signed(&info).await
    }

    async fn signed(&self, info: &ComponentInfo) -> Result<SignaturesView, ApiError> {
        let stored = self.store.signatures(&info.digest).await;
        let stored = stored.map_err(|error| of_store(&error))?;
        let of = statement(info);
        let read = |one: &StoredSignature| Signature::read(&one.line).ok();
        let signatures: Vec<_> = stored.iter().filter_map(read).collect();
        let name = format!("{} {} (SHA-256 {})", of.name, of.version, of.component);
        let how = format!(
            "Sign a release that has it: auth-host policy sign {}/NUMBER --key KEY",
            of.place
        );
        let what = Called { name: &name, how_to_sign: Some(&how) };
        let trust = self.gate.judge(what, &of, &signatures, Source::Push);
        Ok(SignaturesView {
            component: info.digest.clone(),
            signatures: stored.into_iter().map(|one| shown(one, &trust)).collect(),
            trust: trust_view(trust),
            place: of.place,
            name: of.name,
            version: of.version,
        })
    }
}

fn read(line: &str, of: &Statement) -> Result<Signature, String> {
    let signature = Signature::read(line).map_err(|fault| fault.to_string())?;
    signature.holds_for(of).map_err(|fault| fault.to_string())?;
    Ok(signature)
}

fn refused(index: usize, fault: &str) -> Reason {
    Reason {
        text: format!("signatures[{index}]: {fault}"),
        remedy: "Sign the component that was pushed, with auth-host policy sign".to_owned(),
        of_settings: false,
    }
}

fn shown(stored: StoredSignature, trust: &Trust) -> SignatureView {
    let is_its = |signed: &&SignedBy| signed.key.fingerprint() == stored.key;
    let signed = trust.signed_by.iter().find(is_its);
    SignatureView {
        name: signed.and_then(|signed| signed.name.clone()),
        state: signed.map_or("wrong", |signed| signed.state.as_str()).to_owned(),
        added_at: moment(stored.added_at),
        key: stored.key,
        added_by: stored.added_by,
        line: stored.line,
    }
}

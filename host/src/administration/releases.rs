//! Releases: what was brought becomes one, if all of it fits together.

use serde_json::{Map, Value, json};

use super::access::Caller;
use super::core::Administration;
use super::refusals::{of_registry, of_store};
use super::views::{NewReleaseView, ReleaseView};
use super::{codes, describe, input};
use crate::contract::{Grants, Slot, wit};
use crate::errors::{ApiError, Reason};
use crate::policy::admission::{AdmissionReport, MAX_SETTINGS_BYTES};
use crate::policy::releases::export::MOST_COMPONENTS;
use crate::policy::trust::kept_asks;
use crate::store::registry::{ComponentInfo, NewRelease, ReleaseComponent, Source};

impl Administration {
    /// Keeps a release, once admission has checked its components together with its settings.
    pub async fn add_release(
        &self,
        caller: &Caller,
        new: NewReleaseView,
    ) -> Result<ReleaseView, ApiError> {
        let slot = input::place(&new.place)?;
        let message = input::message(&new.message)?.to_owned();
        if new.source == Source::Directory {
            return Err(input::wrong("source", "must be push or import"));
        }
        let settings = Value::Object(new.settings.clone()).to_string();
        if settings.len() as u64 > MAX_SETTINGS_BYTES {
            let message = format!("have more than {MAX_SETTINGS_BYTES} bytes as JSON");
            return Err(input::wrong("settings", &message));
        }
        let components = self.named(slot, &new.components).await?;
        let mut reports = Vec::new();
        for component in &components {
            reports.push(self.check_together(slot, component, new.settings.clone()).await?);
        }
        if !reports.iter().any(|report| report.spoken) {
            return Err(unspoken(&components));
        }
        let release = NewRelease {
            place: new.place,
            components: components
                .into_iter()
                .map(|info| ReleaseComponent { wit: info.wit, digest: info.digest })
                .collect(),
            settings,
            grants: asked(&reports),
            source: new.source,
            author: caller.name.clone(),
            message,
            report: json!({ "components": reports.into_iter().map(told).collect::<Vec<_>>() })
                .to_string(),
        };
        let release = self.store.release_add(&release).await.map_err(of_registry)?;
        tracing::info!(
            place = release.place,
            release = release.number,
            by = caller.name,
            "a release was brought"
        );
        let shown = self.shown(slot, release, &[]).await;
        shown.map_err(|error| of_store(&error))
    }

    /// The components, which are kept, each for this place and a version of the WIT of its own.
    async fn named(&self, slot: Slot, digests: &[String]) -> Result<Vec<ComponentInfo>, ApiError> {
        if digests.is_empty() || digests.len() > MOST_COMPONENTS {
            let message = format!("must name from 1 to {MOST_COMPONENTS} digests");
            return Err(input::wrong("components", &message));
        }
        let mut named: Vec<ComponentInfo> = Vec::new();
        for digest in digests {
            let info = self.component_info(digest).await?;
            let declared = describe::object(&info.manifest);
            let declared = declared.get("slot").and_then(Value::as_str).unwrap_or_default();
            if declared != slot.as_str() {
                return Err(ApiError::with_message(
                    codes::OTHER_PLACE,
                    format!(
                        "the component {digest} is a {declared} policy, not a {slot} policy. Push \
                         it to {declared}, or build it for {slot}"
                    ),
                ));
            }
            if named.iter().any(|other| other.wit == info.wit) {
                let message = format!("names two components for auth:policy@{}", info.wit);
                return Err(input::wrong("components", &message));
            }
            named.push(info);
        }
        Ok(named)
    }

    async fn check_together(
        &self,
        slot: Slot,
        info: &ComponentInfo,
        settings: Map<String, Value>,
    ) -> Result<AdmissionReport, ApiError> {
        let _room = self.room.take(u64::try_from(info.size).unwrap_or(u64::MAX))?;
        let bytes = self.component(&info.digest).await?;
        self.examine("the release", Some(slot), bytes, Some(settings)).await
    }
}

/// What its components ask for, together, also those for hosts of other versions. What this host
/// cannot read of them, the gate tells.
fn asked(reports: &[AdmissionReport]) -> String {
    let mut all: Option<Grants> = None;
    for report in reports {
        let Some(manifest) = report.read_manifest() else { continue };
        let own = Grants::asked(&manifest, report.imports.iter().map(String::as_str));
        match &mut all {
            Some(all) => all.and(&own),
            None => all = Some(own),
        }
    }
    all.map_or_else(|| "{}".to_owned(), |asked| kept_asks(&asked))
}

/// What is kept of a report: the whole manifest is there beside the component.
fn told(report: AdmissionReport) -> Value {
    let mut told = serde_json::to_value(report).unwrap_or_default();
    if let Value::Object(members) = &mut told {
        let manifest = members.shift_remove("manifest").unwrap_or_default();
        let short = json!({ "name": manifest["name"], "version": manifest["version"] });
        members.insert("manifest".to_owned(), short);
    }
    told
}

/// No component of a release that this host could check with its settings.
fn unspoken(components: &[ComponentInfo]) -> ApiError {
    let versions: Vec<&str> = components.iter().map(|info| info.wit.as_str()).collect();
    let reason = Reason {
        text: format!(
            "it has components for auth:policy@{} only; this host takes auth:policy@{}",
            versions.join(", "),
            wit::version()
        ),
        remedy: "Add a component that was built against wit/policy.wit of this host's version, or \
                 ask a replica that takes that version."
            .to_owned(),
        of_settings: false,
    };
    let message = format!("the release does not pass: {}. Nothing was kept", reason.text);
    ApiError { reasons: vec![reason], ..ApiError::with_message(codes::REFUSED, message) }
}

//! Linking a component and trying it once, under the bounds of a call. Its function is not called,
//! but its start function runs and its export's type is checked.

use std::sync::Arc;

use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::capabilities::{CallState, Services};
use crate::contract::{Attempt, Identity, Request, Slot};
use crate::policy::runtime::{Code, MissingExport, Profile, check_export, find_export};

/// Why a component that compiles cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum TrialFault {
    /// With the import that the host does not have.
    #[error("it cannot be linked: {0:#}")]
    Link(wasmtime::Error),
    /// There is nothing to call.
    #[error(transparent)]
    Export(#[from] MissingExport),
    /// It trapped, went over a bound, or its export has another type.
    #[error("a trial instance failed: {0:#}")]
    Instance(wasmtime::Error),
}

impl TrialFault {
    /// What to do about it, as a sentence for the policy's author.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Link(_) => {
                "Build it against wit/policy.wit of this host's version; it offers no other \
                 imports."
            }
            Self::Export(_) => {
                "Export the interface of its slot, of this version, with the function of the same \
                 name."
            }
            Self::Instance(_) => {
                "Do in the function of the policy what now happens when it is instantiated: that \
                 must end at once, without a trap and within the bounds of a call."
            }
        }
    }
}

/// A component that is linked, and whose export was found.
pub(super) struct Linked {
    pre: InstancePre<CallState>,
    export: ComponentExportIndex,
}

/// Resolves everything but the instance.
pub(super) fn link(
    profile: &Profile,
    slot: Slot,
    component: &Component,
) -> Result<Linked, TrialFault> {
    let pre = profile.linker.instantiate_pre(component).map_err(TrialFault::Link)?;
    let export = find_export(slot, component)?;
    Ok(Linked { pre, export })
}

impl Linked {
    /// Instantiates it once. Blocks until its start function has ended, or was ended.
    pub(super) fn try_out(
        self,
        profile: &Profile,
        services: &Arc<Services>,
        identity: &Arc<Identity>,
    ) -> Result<Code, TrialFault> {
        let request = Request {
            id: "trial".into(),
            traceparent: String::new(),
            address: None,
            user_agent: None,
            received_at: services.clock.now(),
        };
        let mut state = profile.state(services, identity, request, Attempt::default());
        state.budget.memory.exempt();
        let mut store = profile.store(state);
        let Self { pre, export } = self;
        tokio::runtime::Handle::current()
            .block_on(async {
                let instance = pre.instantiate_async(&mut store).await?;
                check_export(identity.slot, &instance, &mut store, export)
            })
            .map_err(TrialFault::Instance)?;
        Ok(Code::Component { pre, export })
    }
}

//! A generation: one component that was admitted, with the settings and the profile that it runs
//! with. It never changes; a call keeps the one that it began with.

use std::sync::Arc;

use wasmtime::component::{ComponentExportIndex, InstancePre};

#[cfg(feature = "native-policies")]
use super::native::NativePolicy;
use super::profile::Profile;
use crate::capabilities::CallState;
use crate::contract::{Identity, Limits};
use crate::policy::health::ReleaseCounts;

/// What serves in a slot until another one does.
pub struct Generation {
    /// Which policy it is, and its settings.
    pub identity: Arc<Identity>,
    /// What a call runs.
    pub code: Arc<Code>,
    /// What it was admitted for, and runs in.
    pub profile: Arc<Profile>,
    /// The bounds of its calls: the profile's, lowered where its manifest asks for less.
    pub limits: Arc<Limits>,
    /// What its calls came to, in this process.
    pub counts: Arc<ReleaseCounts>,
}

/// How a policy is called.
#[derive(Clone)]
pub enum Code {
    /// A component: everything about it is resolved but the instance.
    Component {
        /// It was linked, and tried once.
        pre: InstancePre<CallState>,
        /// The function that decides.
        export: ComponentExportIndex,
    },
    /// The same policy compiled into this program: for benchmarks, that measure what the component
    /// costs.
    #[cfg(feature = "native-policies")]
    Native(Arc<dyn NativePolicy>),
}

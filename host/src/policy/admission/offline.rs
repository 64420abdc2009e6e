//! All that admission does with a component, for an author's command line: by the same process,
//! with the same limits, in the same order. Nothing is kept or served.

use serde_json::{Map, Value};

use super::bytes;
use super::child;
use super::compile::CompileFault;
use super::fault::Faults;
use super::job::{Bounds, Job, Work};
use super::report::AdmissionReport;
use super::settings::AdmissionSettings;
use crate::contract::{Limits, Slot};
use crate::policy::runtime::{compatibility, compiling_engine};

/// What is known of a component, if it can be read at all, and everything that is wrong with it and
/// its settings: those of the settings as well if it does not compile. Without a slot it is the one
/// that its manifest names.
pub async fn check_offline(
    admission: &AdmissionSettings,
    slot: Option<Slot>,
    component: &[u8],
    settings: Option<Map<String, Value>>,
) -> (Option<AdmissionReport>, Faults) {
    let limits = Limits::default();
    let job = |settings, work| Job { slot, settings, work, bounds: Bounds::of(&limits) };
    if let Err(fault) = bytes::check_kind(component) {
        return (None, fault.into());
    }
    let mut faults = Faults::default();
    let with_settings = job(settings, Work::Check);
    if let Err(found) = child::admit(admission, &with_settings, component).await {
        if !found.are_of_settings() {
            return (None, found);
        }
        faults.add(found);
    }
    let compatible = match compiling_engine(&limits, None) {
        Ok(engine) => engine.map(|engine| compatibility(&engine)).unwrap_or_default(),
        Err(error) => {
            faults.add(CompileFault::Refused(wasmtime::Error::from_anyhow(error)));
            return (None, faults);
        }
    };
    let compiled = job(None, Work::Compile { compatible });
    match child::admit(admission, &compiled, component).await {
        Ok(passed) => (Some(passed.report), faults),
        Err(found) => {
            faults.add(found);
            (None, faults)
        }
    }
}

//! The export of each slot: the function that a call calls.

use wasmtime::AsContextMut;
use wasmtime::component::{Component, ComponentExportIndex, Instance, Resource, TypedFunc};

use crate::contract::{Contract, Login, Refresh, Register, Returned, Slot, wit};

/// A component without the export of its slot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it does not export {interface}")]
pub struct MissingExport {
    /// With its version, as the WIT names it.
    pub interface: String,
}

/// Looks it up once, so that no call has to.
pub fn find_export(
    slot: Slot,
    component: &Component,
) -> Result<ComponentExportIndex, MissingExport> {
    let interface = format!("auth:policy/{slot}@{}", wit::version());
    let found = component
        .get_export_index(None, &interface)
        .and_then(|index| component.get_export_index(Some(&index), slot.as_str()));
    found.ok_or(MissingExport { interface })
}

/// Checks that it takes and gives what a call of this slot takes and gives.
pub fn check_export(
    slot: Slot,
    instance: &Instance,
    store: impl AsContextMut,
    export: ComponentExportIndex,
) -> wasmtime::Result<()> {
    match slot {
        Slot::Register => check_type::<Register>(instance, store, export),
        Slot::Login => check_type::<Login>(instance, store, export),
        Slot::Refresh => check_type::<Refresh>(instance, store, export),
    }
}

fn check_type<C: Contract>(
    instance: &Instance,
    store: impl AsContextMut,
    export: ComponentExportIndex,
) -> wasmtime::Result<()> {
    function::<C>(instance, store, export).map(drop)
}

/// The function as a call takes it: with what it is asked, and what it returns.
pub(super) type Function<C> = TypedFunc<(Resource<<C as Contract>::Attempt>,), (Returned<C>,)>;

/// The function of an instance.
pub(super) fn function<C: Contract>(
    instance: &Instance,
    store: impl AsContextMut,
    export: ComponentExportIndex,
) -> wasmtime::Result<Function<C>> {
    instance.get_typed_func(store, export)
}

//! What a component imports and exports, beside the world of its slot. It is read from the bytes,
//! without compiling them.

use wit_component::DecodedWasm;

use crate::contract::{Slot, wit};

/// What does not fit between a component and the place that it is offered for.
#[derive(Debug, thiserror::Error)]
pub enum WorldFault {
    /// Nothing further is known of it then.
    #[error("its type cannot be read: {0:#}")]
    UnreadableType(anyhow::Error),
    /// No policy gets files, sockets or an environment.
    #[error(
        "it imports wasi:* interfaces; policies that need WASI are not taken yet. Build for \
         wasm32-unknown-unknown, or with WASI stubbed out, so that it imports auth:policy alone"
    )]
    Wasi,
    /// The file was put into the wrong place.
    #[error("its manifest says that it is a {declared} policy, not a {slot} policy")]
    OtherSlot {
        /// What its manifest says.
        declared: Slot,
        /// What it was offered for.
        slot: Slot,
    },
    /// It imports what the host does not have, or lacks the export that the host calls.
    #[error(
        "it does not fit the world {slot}-policy of auth:policy@{}: {reason:#}",
        wit::version()
    )]
    DoesNotFit {
        /// The one that it was offered for; without an offer, the one that its manifest names.
        slot: Slot,
        /// The import or export.
        reason: anyhow::Error,
    },
}

impl WorldFault {
    /// What to do about it, as a sentence for the policy's author.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::UnreadableType(_) => {
                "If the file is incomplete, copy it again; else build and pack it with released \
                 tools."
            }
            Self::Wasi => {
                "Remove what needs files, sockets, environment variables or a clock of the system; \
                 auth:policy has a clock and random numbers of its own."
            }
            Self::OtherSlot { .. } => {
                "Put it into the slot that its manifest names, or mend `slot` in the manifest and \
                 pack it again."
            }
            Self::DoesNotFit { .. } => {
                "Build it against wit/policy.wit of this host's version, for the world of its slot."
            }
        }
    }
}

/// The interfaces and functions that a component imports.
pub(super) fn imports(bytes: &[u8]) -> Result<Vec<String>, WorldFault> {
    let decoded = wit_component::decode(bytes).map_err(WorldFault::UnreadableType)?;
    let resolve = decoded.resolve();
    let DecodedWasm::Component(_, world) = &decoded else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for (key, item) in &resolve.worlds[*world].imports {
        let interface = resolve.name_world_key(key);
        match item {
            wit_parser::WorldItem::Interface { id, .. }
                if !resolve.interfaces[*id].functions.is_empty() =>
            {
                let functions = resolve.interfaces[*id].functions.keys();
                names.extend(functions.map(|function| format!("{interface}#{function}")));
            }
            _ => names.push(interface),
        }
    }
    Ok(names)
}

/// Compares it with the slot that it is offered for, and with the one that its manifest declares.
/// Without an offer, the declared one counts.
pub(super) fn check(
    bytes: &[u8],
    imports: &[String],
    offered: Option<Slot>,
    declared: Option<Slot>,
) -> Vec<WorldFault> {
    let mut faults = Vec::new();
    if imports.iter().any(|import| import.starts_with("wasi:")) {
        faults.push(WorldFault::Wasi);
    }
    if let (Some(slot), Some(declared)) = (offered, declared)
        && declared != slot
    {
        faults.push(WorldFault::OtherSlot { declared, slot });
    }
    if let Some(slot) = offered.or(declared)
        && let Err(reason) = targets(slot, bytes)
    {
        faults.push(WorldFault::DoesNotFit { slot, reason });
    }
    faults
}

fn targets(slot: Slot, bytes: &[u8]) -> anyhow::Result<()> {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("policy.wit", wit::TEXT)?;
    let world = resolve.select_world(&[package], Some(&format!("{slot}-policy")))?;
    wit_component::targets(&resolve, world, bytes, true)
}

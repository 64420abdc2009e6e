//! What a component imports and exports, beside the world of its slot. It is read from the bytes,
//! without compiling them. What is usually wrong is told in words of its own, without places in a
//! file that its author never sees.

use std::collections::BTreeSet;

use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldItem};

use crate::contract::{Slot, wit};

/// The package of the contract, as interfaces name it.
const PACKAGE: &str = "auth:policy/";

/// What does not fit between a component and the place that it is offered for.
#[derive(Debug, thiserror::Error)]
pub enum WorldFault {
    /// Nothing further is known of it then.
    #[error("its type cannot be read: {0}")]
    UnreadableType(String),
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
    /// Each minor version before 1.0 is a contract of its own.
    #[error("it is built for auth:policy@{found}; this host takes auth:policy@{}", wit::version())]
    OtherVersion {
        /// All that it names, but the host's.
        found: String,
    },
    /// What it exports is asked for in another place.
    #[error(
        "it exports the policy of the slot {exported}; the world {slot}-policy asks for that of \
         {slot}"
    )]
    OtherExport {
        /// The slot whose policy it is.
        exported: Slot,
        /// The one that it was offered for or that its manifest names.
        slot: Slot,
    },
    /// There is nothing to call.
    #[error(
        "it does not export auth:policy/{slot}@{}, which the world {slot}-policy asks for",
        wit::version()
    )]
    NoExport {
        /// The one that it was offered for or that its manifest names.
        slot: Slot,
    },
    /// Nobody could answer it.
    #[error("it imports {names}, which the world {slot}-policy does not have")]
    UnknownImport {
        /// The one that it was offered for or that its manifest names.
        slot: Slot,
        /// Interfaces, with their versions.
        names: String,
    },
    /// A function or a type of an interface is another one there.
    #[error("it does not fit the world {slot}-policy of auth:policy@{}: {reason}", wit::version())]
    DoesNotFit {
        /// The one that it was offered for or that its manifest names.
        slot: Slot,
        /// The import or export.
        reason: String,
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
            Self::OtherVersion { .. } => {
                "Build it against wit/policy.wit of this host's version (with an SDK of the same \
                 version), or run a host of the version that it was built for."
            }
            Self::OtherExport { .. } => {
                "Put it into the slot whose policy it exports and name that slot in its manifest, \
                 or build it for the world of this slot."
            }
            Self::NoExport { .. } => {
                "Build it for the world of its slot; with the SDK, name the policy's function to \
                 the macro of the slot (register!, login!, refresh!)."
            }
            Self::UnknownImport { .. } => {
                "Do without it, or find it in wit/policy.wit of this host under another name."
            }
            Self::DoesNotFit { .. } => {
                "Build it again from wit/policy.wit of this host's version, for the world of its \
                 slot; bindings that were made from another text of it do not fit."
            }
        }
    }
}

/// What a component asks for and offers.
pub(super) struct Shape {
    /// Interfaces and functions.
    pub(super) imports: Vec<String>,
    exports: Vec<String>,
}

/// Reads it from the bytes.
pub(super) fn shape(bytes: &[u8]) -> Result<Shape, WorldFault> {
    let decoded = wit_component::decode(bytes)
        .map_err(|error| WorldFault::UnreadableType(without_offsets(&format!("{error:#}"))))?;
    let resolve = decoded.resolve();
    let DecodedWasm::Component(_, world) = &decoded else {
        return Ok(Shape { imports: Vec::new(), exports: Vec::new() });
    };
    let mut imports = Vec::new();
    for (key, item) in &resolve.worlds[*world].imports {
        let interface = resolve.name_world_key(key);
        match item {
            WorldItem::Interface { id, .. } if !resolve.interfaces[*id].functions.is_empty() => {
                let functions = resolve.interfaces[*id].functions.keys();
                imports.extend(functions.map(|function| format!("{interface}#{function}")));
            }
            _ => imports.push(interface),
        }
    }
    let exports = resolve.worlds[*world].exports.keys();
    let exports = exports.map(|key| resolve.name_world_key(key)).collect();
    Ok(Shape { imports, exports })
}

/// Compares it with the slot that it is offered for, and with the one that its manifest declares.
/// Where they differ that is the fault, and it is measured by what it says of itself.
pub(super) fn check(
    bytes: &[u8],
    shape: &Shape,
    offered: Option<Slot>,
    declared: Option<Slot>,
) -> Vec<WorldFault> {
    let mut faults = Vec::new();
    if shape.imports.iter().any(|import| import.starts_with("wasi:")) {
        faults.push(WorldFault::Wasi);
    }
    if let (Some(slot), Some(declared)) = (offered, declared)
        && declared != slot
    {
        faults.push(WorldFault::OtherSlot { declared, slot });
    }
    let found = other_versions(shape);
    if !found.is_empty() {
        faults.push(WorldFault::OtherVersion { found });
    } else if let Some(slot) = declared.or(offered) {
        check_world(bytes, shape, slot, &mut faults);
    }
    faults
}

fn check_world(bytes: &[u8], shape: &Shape, slot: Slot, faults: &mut Vec<WorldFault>) {
    let before = faults.len();
    let own = |export: &&String| interface(export).is_some_and(|name| name == slot.as_str());
    if !shape.exports.iter().any(|export| own(&export)) {
        let slots = Slot::ALL.into_iter();
        let exported = slots.clone().find(|slot| {
            shape.exports.iter().any(|export| interface(export) == Some(slot.as_str()))
        });
        faults.push(match exported {
            Some(exported) => WorldFault::OtherExport { exported, slot },
            None => WorldFault::NoExport { slot },
        });
    }
    let (resolve, world) = match world(slot) {
        Ok(found) => found,
        Err(error) => {
            faults.push(WorldFault::DoesNotFit { slot, reason: format!("{error:#}") });
            return;
        }
    };
    let known: BTreeSet<String> = resolve.worlds[world]
        .imports
        .keys()
        .filter_map(|key| interface(&resolve.name_world_key(key)).map(str::to_owned))
        .collect();
    let is_unknown = |import: &&str| {
        !import.starts_with("wasi:") && !interface(import).is_some_and(|name| known.contains(name))
    };
    let imports = shape.imports.iter().map(|import| without_function(import));
    let unknown: BTreeSet<&str> = imports.filter(is_unknown).collect();
    if !unknown.is_empty() {
        let names = unknown.into_iter().collect::<Vec<_>>().join(", ");
        faults.push(WorldFault::UnknownImport { slot, names });
    }
    // What was found explains why it does not fit.
    if faults.len() == before
        && let Err(error) = wit_component::targets(&resolve, world, bytes, true)
    {
        let reason = without_offsets(&format!("{error:#}"));
        faults.push(WorldFault::DoesNotFit { slot, reason });
    }
}

fn world(slot: Slot) -> anyhow::Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("policy.wit", wit::TEXT)?;
    let world = resolve.select_world(&[package], Some(&format!("{slot}-policy")))?;
    Ok((resolve, world))
}

/// The version of the contract that it is built for: the latest that it names, if all that it names
/// are of one line.
pub(super) fn version(shape: &Shape) -> Option<String> {
    let first = versions(shape).next()?;
    let is_of_one_line = versions(shape).all(|version| line(version) == line(first));
    let patch = |version: &&str| version.rsplit('.').next().and_then(|last| last.parse().ok());
    let latest = versions(shape).max_by_key(|version| patch(version).unwrap_or(0_u32));
    latest.filter(|_| is_of_one_line && line(first).is_some()).map(str::to_owned)
}

/// As [`version`], if this host does not take it.
pub(super) fn other_version(shape: &Shape) -> Option<String> {
    version(shape).filter(|version| line(version) != line(wit::version()))
}

/// The versions of the contract that it names and this host does not take.
fn other_versions(shape: &Shape) -> String {
    let other: BTreeSet<&str> =
        versions(shape).filter(|version| line(version) != line(wit::version())).collect();
    other.into_iter().collect::<Vec<_>>().join(" and ")
}

/// Of each name of the contract.
fn versions(shape: &Shape) -> impl Iterator<Item = &str> {
    let names = shape.imports.iter().chain(&shape.exports);
    names
        .map(|name| without_function(name))
        .filter(|name| name.starts_with(PACKAGE))
        .map(|name| name.split_once('@').map_or("(none)", |(_, version)| version))
}

/// Major and minor number: what is later in one line only adds.
fn line(version: &str) -> Option<(&str, &str)> {
    let (major, rest) = version.split_once('.')?;
    Some((major, rest.split('.').next()?))
}

/// `types` of `auth:policy/types@0.2.0`.
fn interface(name: &str) -> Option<&str> {
    without_function(name).strip_prefix(PACKAGE)?.split('@').next()
}

fn without_function(name: &str) -> &str {
    name.split('#').next().unwrap_or(name)
}

/// A reason without the places in the file that tools add to it.
fn without_offsets(reason: &str) -> String {
    let mut parts = reason.split(" (at offset 0x");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once(')').map_or("", |(_, rest)| rest))
}

//! Admission: what a component must pass before it may serve. Cheap checks of the raw bytes come
//! first; nothing is compiled or run before they are passed. All faults that can be known are
//! reported together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use aws_lc_rs::digest;
use serde_json::{Map, Value};
use wasmtime::component::{ComponentExportIndex, InstancePre, Linker};
use wasmtime::{Engine, Store};

use super::cache::{Cache, hex};
use super::call::{Export, prepare};
use super::generations::{Code, Generation, Generations};
use super::limits::{MAX_MEMORY, MAX_TABLE_ELEMENTS};
use super::manifest::Manifest;
use super::{Slot, engine, pack};
use crate::capabilities::{Attempt, CallState, Identity, Request, Services};

/// The contract, as this host was built with it.
pub const WIT: &str = include_str!("../../../wit/policy.wit");
/// The most bytes of a component.
pub const MAX_COMPONENT_BYTES: u64 = 32 << 20;

/// Why a component was refused: every fault that could be found.
pub type Faults = Vec<String>;

/// What the raw bytes of a component tell.
pub struct Checked {
    /// SHA-256, in hexadecimal.
    pub digest: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The interfaces and functions that it imports.
    pub imports: Vec<String>,
}

/// Checks bytes, and makes generations out of those that pass.
pub struct Admission {
    engine: Engine,
    linker: Linker<CallState>,
    cache: Cache,
    services: Arc<Services>,
}

impl Admission {
    /// Builds the engine and what components are linked with.
    pub fn new(cache: Cache, services: Arc<Services>) -> anyhow::Result<Self> {
        let engine = engine::build()?;
        let linker = engine::linker(&engine)?;
        Ok(Self { engine, linker, cache, services })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Admits a component into a slot: checks, compiles (or takes it from the cache), tries it.
    /// Blocks; call it off the request threads.
    pub fn admit(
        &self,
        slot: Slot,
        bytes: &[u8],
        settings: Map<String, Value>,
        generations: &Generations,
    ) -> Result<Generation, Faults> {
        let Checked { digest, manifest, .. } = check(slot, bytes)?;
        manifest.check_settings(&settings)?;
        // Compilers see what an attacker may have made: their panic is a fault of the component,
        // not of the host.
        let compiled =
            catch_unwind(AssertUnwindSafe(|| self.cache.compile(&self.engine, bytes, &digest)));
        let (component, origin) = compiled
            .map_err(|_| vec!["the compiler cannot handle it".to_owned()])?
            .map_err(|fault| vec![format!("it does not compile: {fault:#}")])?;
        self.services.metrics.policy_cache.with_label_values(&[origin.as_str()]).inc();
        within_bounds(&component)?;
        let fault = |step: &str, fault: &wasmtime::Error| vec![format!("{step}: {fault:#}")];
        let pre = self
            .linker
            .instantiate_pre(&component)
            .map_err(|error| fault("it cannot be linked", &error))?;
        let export = Export::find(slot, &component).map_err(|text| vec![text])?;
        let identity = Arc::new(Identity {
            slot,
            generation: generations.next_number(),
            digest,
            manifest,
            settings,
        });
        self.try_out(&identity, &pre, export)
            .map_err(|error| fault("a trial instance failed", &error))?;
        Ok(Generation { identity, code: Code::Component { pre, export } })
    }

    /// Instantiates it once under the bounds of a call; its code is not called, but its start
    /// function runs and its export's type is checked.
    fn try_out(
        &self,
        identity: &Arc<Identity>,
        pre: &InstancePre<CallState>,
        export: ComponentExportIndex,
    ) -> wasmtime::Result<()> {
        let request = Request {
            id: "trial".into(),
            traceparent: String::new(),
            address: None,
            user_agent: None,
            received_at: self.services.clock.now(),
        };
        let state = CallState::new(
            Arc::clone(&self.services),
            Arc::clone(identity),
            request,
            Attempt::default(),
        );
        let mut store = Store::new(&self.engine, state);
        prepare(&mut store);
        let slot = identity.slot;
        let runtime = tokio::runtime::Handle::current();
        runtime.block_on(async {
            let instance = pre.instantiate_async(&mut store).await?;
            Export::check(slot, &instance, &mut store, export)
        })
    }
}

/// What can be known from the bytes alone, without compiling or running them.
pub fn check(slot: Slot, bytes: &[u8]) -> Result<Checked, Faults> {
    catch_unwind(|| check_bytes(Some(slot), bytes))
        .map_err(|_| vec!["its bytes cannot be read".to_owned()])?
}

/// [`check`] for the slot that the manifest names.
pub fn inspect(bytes: &[u8]) -> Result<Checked, Faults> {
    catch_unwind(|| check_bytes(None, bytes))
        .map_err(|_| vec!["its bytes cannot be read".to_owned()])?
}

fn check_bytes(slot: Option<Slot>, bytes: &[u8]) -> Result<Checked, Faults> {
    if bytes.len() as u64 > MAX_COMPONENT_BYTES {
        return Err(vec![format!(
            "it has {} bytes; at most {MAX_COMPONENT_BYTES} are allowed",
            bytes.len()
        )]);
    }
    if Engine::detect_precompiled(bytes).is_some() {
        return Err(vec!["it is precompiled machine code; only components are taken, this host compiles them itself".into()]);
    }
    if !wasmparser::Parser::is_component(bytes) {
        return Err(vec!["it is no WebAssembly component (a core module must be packed first: auth-host policy pack)".into()]);
    }
    let mut faults = Vec::new();
    let manifest = read_manifest(bytes).map_err(|found| faults.extend(found)).ok();
    let imports = wit_component::decode(bytes)
        .map(|decoded| import_names(&decoded))
        .map_err(|fault| vec![format!("its type cannot be read: {fault:#}")])?;
    if imports.iter().any(|import| import.starts_with("wasi:")) {
        faults.push(
            "it imports wasi:* interfaces; policies that need WASI are not taken yet. Build for wasm32-unknown-unknown, or with WASI stubbed out, \
             so that it imports auth:policy alone"
                .into(),
        );
    }
    if let (Some(slot), Some(manifest)) = (slot, &manifest)
        && manifest.slot != slot
    {
        faults.push(format!(
            "its manifest says that it is a {} policy, not a {slot} policy",
            manifest.slot
        ));
    }
    if let Some(slot) = slot.or(manifest.as_ref().map(|manifest| manifest.slot))
        && let Err(fault) = targets(slot, bytes)
    {
        faults.push(format!(
            "it does not fit the world {slot}-policy of auth:policy@{}: {fault:#}",
            wit_version()
        ));
    }
    match manifest {
        Some(manifest) if faults.is_empty() => Ok(Checked {
            digest: hex(digest::digest(&digest::SHA256, bytes).as_ref()),
            manifest,
            imports,
        }),
        _ => Err(faults),
    }
}

fn read_manifest(bytes: &[u8]) -> Result<Manifest, Faults> {
    let sections =
        pack::sections(bytes).map_err(|fault| vec![format!("it is damaged: {fault}")])?;
    match sections.as_slice() {
        [text] => Manifest::read(text),
        [] => Err(vec!["it has no manifest (append one: auth-host policy pack)".into()]),
        _ => Err(vec!["it has more than one manifest".into()]),
    }
}

fn import_names(decoded: &wit_component::DecodedWasm) -> Vec<String> {
    let resolve = decoded.resolve();
    let wit_component::DecodedWasm::Component(_, world) = decoded else { return Vec::new() };
    let mut names = Vec::new();
    for (key, item) in &resolve.worlds[*world].imports {
        let interface = resolve.name_world_key(key);
        match item {
            wit_parser::WorldItem::Interface { id, .. }
                if !resolve.interfaces[*id].functions.is_empty() =>
            {
                names.extend(
                    resolve.interfaces[*id]
                        .functions
                        .keys()
                        .map(|function| format!("{interface}#{function}")),
                );
            }
            _ => names.push(interface),
        }
    }
    names
}

fn targets(slot: Slot, bytes: &[u8]) -> anyhow::Result<()> {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("policy.wit", WIT)?;
    let world = resolve.select_world(&[package], Some(&format!("{slot}-policy")))?;
    wit_component::targets(&resolve, world, bytes, true)
}

/// The version of the contract.
pub fn wit_version() -> &'static str {
    let line =
        WIT.lines().find(|line| line.starts_with("package auth:policy@")).unwrap_or_default();
    line.trim_start_matches("package auth:policy@").trim_end_matches(';')
}

fn within_bounds(component: &wasmtime::component::Component) -> Result<(), Faults> {
    let Some(required) = component.resources_required() else {
        return Err(vec!["it imports core modules or components, which is not allowed".into()]);
    };
    let mut faults = Vec::new();
    let pages = required.max_initial_memory_size.unwrap_or(0);
    if pages.saturating_mul(65_536) > MAX_MEMORY as u64 {
        faults.push(format!(
            "it starts with {pages} pages of memory; at most {} are allowed",
            MAX_MEMORY / 65_536
        ));
    }
    if required.max_initial_table_size.unwrap_or(0) > MAX_TABLE_ELEMENTS as u64 {
        faults.push(format!("it has a table of more than {MAX_TABLE_ELEMENTS} elements"));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

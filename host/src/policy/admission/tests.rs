//! Every fault says what to do about it.

use std::collections::HashSet;
use std::iter::successors;
use std::path::PathBuf;
use std::time::Duration;

use super::{
    AsksFault, BoundsFault, BytesFault, ChildFault, CompileFault, Fault, Faults, FileFault,
    TrialFault, WorldFault,
};
use crate::contract::{ManifestFault, SettingsFault, Slot};
use crate::owners::OwnerFault;
use crate::policy::runtime::MissingExport;
use crate::strict_json;

/// All of a kind. `next` names the variant that follows another one: a variant that is added later
/// and left out there does not compile.
fn all<F: Into<Fault>>(next: impl Fn(Option<&F>) -> Option<F>) -> Vec<Fault> {
    successors(next(None), |fault| next(Some(fault))).map(Into::into).collect()
}

fn of_bytes(previous: Option<&BytesFault>) -> Option<BytesFault> {
    use BytesFault as F;
    match previous {
        None => Some(F::TooLarge(40 << 20)),
        Some(F::TooLarge(_)) => Some(F::Precompiled),
        Some(F::Precompiled) => Some(F::NoWebAssembly),
        Some(F::NoWebAssembly) => Some(F::NoComponent),
        Some(F::NoComponent) => Some(F::Damaged("unexpected end".into())),
        Some(F::Damaged(_)) => Some(F::Unreadable),
        Some(F::Unreadable) => Some(F::NoManifest),
        Some(F::NoManifest) => Some(F::SeveralManifests),
        Some(F::SeveralManifests) => None,
    }
}

fn of_the_world(previous: Option<&WorldFault>) -> Option<WorldFault> {
    use WorldFault as F;
    let reason = || "missing import".to_owned();
    let slot = Slot::Login;
    match previous {
        None => Some(F::UnreadableType(reason())),
        Some(F::UnreadableType(_)) => Some(F::Wasi),
        Some(F::Wasi) => Some(F::OtherSlot { declared: Slot::Login, slot: Slot::Refresh }),
        Some(F::OtherSlot { .. }) => Some(F::OtherVersion { found: "0.1.0".into() }),
        Some(F::OtherVersion { .. }) => Some(F::OtherExport { exported: Slot::Refresh, slot }),
        Some(F::OtherExport { .. }) => Some(F::NoExport { slot }),
        Some(F::NoExport { .. }) => Some(F::UnknownImport { slot, names: "wasi:x".into() }),
        Some(F::UnknownImport { .. }) => Some(F::DoesNotFit { slot, reason: reason() }),
        Some(F::DoesNotFit { .. }) => None,
    }
}

fn of_what_is_asked(previous: Option<&AsksFault>) -> Option<AsksFault> {
    use AsksFault as F;
    match previous {
        None => Some(F::Imports { names: "auth:policy/storage#get".into() }),
        Some(F::Imports { .. }) => Some(F::HttpUnused),
        Some(F::HttpUnused) => Some(F::SecretsUnused),
        Some(F::SecretsUnused) => None,
    }
}

fn of_the_compiler(previous: Option<&CompileFault>) -> Option<CompileFault> {
    use CompileFault as F;
    match previous {
        None => Some(F::Panic),
        Some(F::Panic) => Some(F::Refused(wasmtime::Error::msg("no such feature"))),
        Some(F::Refused(_)) => Some(F::Load(wasmtime::Error::msg("too many tables"))),
        Some(F::Load(_)) => None,
    }
}

fn of_bounds(previous: Option<&BoundsFault>) -> Option<BoundsFault> {
    use BoundsFault as F;
    match previous {
        None => Some(F::ImportsModules),
        Some(F::ImportsModules) => Some(F::Memory { pages: 300, most: 256 }),
        Some(F::Memory { .. }) => Some(F::Memories { count: 4, most: 3 }),
        Some(F::Memories { .. }) => Some(F::Tables { count: 5, most: 4 }),
        Some(F::Tables { .. }) => Some(F::Table { most: 10_000 }),
        Some(F::Table { .. }) => None,
    }
}

fn of_the_trial(previous: Option<&TrialFault>) -> Option<TrialFault> {
    use TrialFault as F;
    let error = || wasmtime::Error::msg("unknown import");
    match previous {
        None => Some(F::Link(error())),
        Some(F::Link(_)) => {
            Some(F::Export(MissingExport { interface: "auth:policy/login".into() }))
        }
        Some(F::Export(_)) => Some(F::Instance(error())),
        Some(F::Instance(_)) => Some(F::CallsHost),
        Some(F::CallsHost) => None,
    }
}

fn of_the_child(previous: Option<&ChildFault>) -> Option<ChildFault> {
    use ChildFault as F;
    let said = String::new;
    match previous {
        None => Some(F::Time(Duration::from_mins(1))),
        Some(F::Time(_)) => Some(F::ProcessorTime(60)),
        Some(F::ProcessorTime(_)) => Some(F::Memory(512)),
        Some(F::Memory(_)) => Some(F::Signal { signal: 9, said: said() }),
        Some(F::Signal { .. }) => Some(F::NoAnswer { status: "exit code 1".into(), said: said() }),
        Some(F::NoAnswer { .. }) => Some(F::Answer("expected value".into())),
        Some(F::Answer(_)) => Some(F::Start(std::io::ErrorKind::NotFound.into())),
        Some(F::Start(_)) => None,
    }
}

fn of_files(previous: Option<&FileFault>) -> Option<FileFault> {
    use FileFault as F;
    use OwnerFault as O;
    let file = || PathBuf::from("login.wasm");
    match previous {
        None => Some(F::Unreadable { file: file(), error: std::io::ErrorKind::NotFound.into() }),
        Some(F::Unreadable { .. }) => Some(F::NoFile(file())),
        Some(F::NoFile(_)) => Some(O::Writable(file()).into()),
        Some(F::Owners(O::Writable(_))) => Some(O::Folder(file()).into()),
        Some(F::Owners(O::Folder(_))) => Some(O::Owner { file: file(), owner: 1, us: 2 }.into()),
        Some(F::Owners(O::Owner { .. })) => {
            let file = PathBuf::from("login.wasm.sig");
            Some(O::Unreadable { file, error: std::io::ErrorKind::NotFound.into() }.into())
        }
        Some(F::Owners(O::Unreadable { .. })) => Some(F::TooLarge { file: file(), most: 1 }),
        Some(F::TooLarge { .. }) => Some(F::Json { file: file(), error: strict_json::Fault::Nul }),
        Some(F::Json { .. }) => Some(F::NoObject(file())),
        Some(F::NoObject(_)) => None,
    }
}

/// The contract tests its own one by one; here is one of each.
fn of_the_contract() -> Vec<Fault> {
    vec![
        ManifestFault::Description.into(),
        SettingsFault::Schema("no schema".into()).into(),
        Fault::Unfinished,
    ]
}

#[test]
fn every_fault_has_a_remedy_that_is_not_its_own_text() {
    let faults = [
        all(of_bytes),
        all(of_the_world),
        all(of_what_is_asked),
        all(of_the_compiler),
        all(of_bounds),
        all(of_the_trial),
        all(of_the_child),
        all(of_files),
        of_the_contract(),
    ];
    let faults: Vec<Fault> = faults.into_iter().flatten().collect();
    assert_eq!(faults.len(), 50);
    for fault in &faults {
        let (text, remedy) = (fault.to_string(), fault.remedy());
        assert!(!remedy.is_empty(), "{text}");
        assert!(remedy.ends_with('.'), "{text}: a sentence: {remedy}");
        assert_ne!(text, remedy);
        assert!(!text.contains("  ") && !remedy.contains("  "), "{text}: {remedy}");
    }
    let texts: HashSet<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), faults.len(), "two faults say the same");
}

#[test]
fn faults_are_joined_in_their_order_and_their_remedies_without_repeats() {
    let mut faults = Faults::from(BytesFault::NoManifest);
    faults.add(vec![WorldFault::Wasi, WorldFault::Wasi]);
    let [manifest, wasi] = [Fault::from(BytesFault::NoManifest), Fault::from(WorldFault::Wasi)];
    assert_eq!(faults.to_string(), format!("{manifest}; {wasi}; {wasi}"));
    assert_eq!(faults.remedies(), format!("{} {}", manifest.remedy(), wasi.remedy()));
}

#[test]
fn the_texts_that_operators_know_stay() {
    let text = |fault: Fault| fault.to_string();
    assert_eq!(
        text(FileFault::from(OwnerFault::Writable("p/login.wasm".into())).into()),
        "p/login.wasm may be written to by group or others; run: chmod go-w p/login.wasm"
    );
    assert_eq!(
        text(WorldFault::Wasi.into()),
        "it imports wasi:* interfaces; policies that need WASI are not taken yet. Build for \
         wasm32-unknown-unknown, or with WASI stubbed out, so that it imports auth:policy alone"
    );
    assert_eq!(
        text(BytesFault::TooLarge(33_554_433).into()),
        "it has 33554433 bytes; at most 33554432 are allowed"
    );
    let outer = wasmtime::Error::msg("inner").context("outer");
    assert_eq!(text(TrialFault::Instance(outer).into()), "a trial instance failed: outer: inner");
}

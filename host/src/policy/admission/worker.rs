//! The process that admits one component: this program once more, with an empty environment. It
//! takes its limits before it reads anything, reads one job from its standard input, answers on its
//! standard output, and ends. It has no database, no keys and no log.
//!
//! It bounds what hostile bytes can take of the machine. It is no sandbox for what it answers.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, nice, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::check::{self, Checked, Examined, Unspoken};
use super::compile::{CompileFault, compile};
use super::fault::{Fault, Faults};
use super::job::{self, Answer, Job, MAX_JSON_BYTES, Work};
use super::report::AdmissionReport;
use super::{MAX_COMPONENT_BYTES, bounds, trial};
use crate::contract::{Grants, Limits, Slot};
use crate::policy::runtime::compiling_engine;

/// The initial memory of an instance is a file without a name, of at most the bytes of a component
/// and what lies between them. Other files it has no use for.
const IMAGE_BYTES: u64 = 2 * MAX_COMPONENT_BYTES;

/// Limits itself, works, and answers.
pub fn admit_one(memory_mib: u64, processor_seconds: u64) -> anyhow::Result<()> {
    limit(memory_mib, processor_seconds);
    let job: Job = serde_json::from_slice(&job::read(&mut std::io::stdin(), MAX_JSON_BYTES)?)?;
    let bytes = job::read(&mut std::io::stdin(), MAX_COMPONENT_BYTES)?;
    end_with_the_host()?;
    let (answer, compiled) = match work(&job, &bytes) {
        Ok((report, compiled)) => (Answer::Passed { report: Box::new(report) }, compiled),
        Err(faults) => (Answer::refused(&faults), Vec::new()),
    };
    let mut output = std::io::stdout().lock();
    job::write(&mut output, &serde_json::to_vec(&answer)?)?;
    job::write(&mut output, &compiled)?;
    Ok(output.flush()?)
}

fn limit(memory_mib: u64, processor_seconds: u64) {
    // If memory is short, the kernel takes this process and not the one that serves.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    // Requests come first, and the hashes of their passwords, whose threads have 10.
    let _ = nice(15);
    leave_processors_to_the_host();
    let memory = memory_mib.saturating_mul(1 << 20);
    let limits = [
        // Not the address space: any engine reserves gigabytes of it.
        (Resource::Data, memory, memory),
        // One more, so that the first signal is the one that says why.
        (Resource::Cpu, processor_seconds, processor_seconds.saturating_add(1)),
        (Resource::Fsize, IMAGE_BYTES, IMAGE_BYTES),
        (Resource::Core, 0, 0),
    ];
    for (resource, current, maximum) in limits {
        let limit = Rlimit { current: Some(current), maximum: Some(maximum) };
        if let Err(error) = setrlimit(resource, limit) {
            // Another system may lack one; the host logs what is written here.
            eprintln!("the limit {resource:?} of the process that admits is not set: {error}");
        }
    }
}

/// The compiler takes a thread for each processor that it may run on: half of them, so that the
/// host finds one free when a request comes.
fn leave_processors_to_the_host() {
    let Ok(all) = sched_getaffinity(None) else { return };
    let mut own = CpuSet::new();
    let of_the_machine = (0..CpuSet::MAX_CPU).filter(|processor| all.is_set(*processor));
    let most = usize::try_from(all.count()).unwrap_or(1).div_ceil(2);
    of_the_machine.take(most).for_each(|processor| own.set(processor));
    if let Err(error) = sched_setaffinity(None, &own) {
        eprintln!("the process that admits runs on all processors: {error}");
    }
}

/// Whatever ends the host ends this process: its standard input is closed then.
fn end_with_the_host() -> std::io::Result<()> {
    let wait = || {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1)
    };
    std::thread::Builder::new().name("end-with-host".into()).spawn(wait).map(drop)
}

/// What is known of what passes and, if it was asked for, its compiled form.
fn work(job: &Job, bytes: &[u8]) -> Result<(AdmissionReport, Vec<u8>), Faults> {
    let report = match &job.work {
        Work::Examine => examine(job.slot, bytes)?,
        Work::Check | Work::Compile { .. } => {
            AdmissionReport::of(check::check_for(job.slot, bytes)?, bytes)
        }
    };
    // Settings cannot be held against a manifest that this host does not read.
    if let (Some(settings), Some(manifest)) = (&job.settings, report.read_manifest()) {
        manifest.check_settings(settings)?;
    }
    let Work::Compile { compatible } = &job.work else { return Ok((report, Vec::new())) };
    let (manifest, imports) = (report.read_manifest().ok_or(Fault::Unfinished)?, &report.imports);
    let host = Arc::new(job.bounds.limits());
    let limits = Grants::asked(&manifest, imports.iter().map(String::as_str)).limits(&host);
    let compiled = compile_and_try(&host, &limits, Some(compatible), manifest.slot, bytes)?;
    Ok((report, compiled))
}

/// What can be known of a component from its bytes alone, in this process, also if it is built for
/// another version of the contract. For the registry's ways; it says nothing of settings.
pub fn examine(slot: Option<Slot>, bytes: &[u8]) -> Result<AdmissionReport, Faults> {
    Ok(match check::examine(slot, bytes)? {
        Examined::Spoken(checked) => AdmissionReport::of(*checked, bytes),
        Examined::Unspoken(Unspoken { wit, manifest, imports }) => {
            AdmissionReport::unspoken(bytes, wit, manifest, imports)
        }
    })
}

/// All that admission finds out about a component, in this process: for an author's command line.
pub fn inspect(bytes: &[u8]) -> Result<Checked, Faults> {
    let checked = check::check_for(None, bytes)?;
    let slot = checked.manifest.slot;
    let host = Arc::new(Limits::default());
    let imports = checked.imports.iter().map(String::as_str);
    let limits = Grants::asked(&checked.manifest, imports).limits(&host);
    // On a thread of its own: who asks may be on a runtime, and the trial instance needs one.
    let tried = std::thread::scope(|scope| {
        scope.spawn(|| compile_and_try(&host, &limits, None, slot, bytes).map(drop)).join()
    });
    tried.unwrap_or_else(|_| Err(Fault::Unfinished.into()))?;
    Ok(checked)
}

/// The compiled form of a component that keeps the bounds and of which an instance could be made.
/// It is compiled for an engine of the host's bounds, whatever it asks for itself.
fn compile_and_try(
    host: &Limits,
    limits: &Limits,
    compatible: Option<&str>,
    slot: Slot,
    bytes: &[u8],
) -> Result<Vec<u8>, Faults> {
    let engine = compiling_engine(host, compatible)
        .map_err(|error| CompileFault::Refused(wasmtime::Error::from_anyhow(error)))?
        .ok_or(Fault::Unfinished)?;
    let (component, compiled) = compile(&engine, bytes)?;
    bounds::check(&component, limits)?;
    trial::try_out(&engine, limits, slot, &component)?;
    Ok(compiled)
}

//! The way from bytes to a generation. What reads or compiles what somebody else made is done by a
//! process of its own; what has passed there is loaded here, tried in the pool that it will run in,
//! and is a generation once it has the number of a release.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::admitted::Admitted;
use super::bounds;
use super::bytes::{self, BytesFault};
use super::child::{self, Passed};
use super::compile::CompileFault;
use super::fault::{Fault, Faults};
use super::job::{Bounds, Job, Work};
use super::loaded::Loaded;
use super::report::AdmissionReport;
use super::settings::AdmissionSettings;
use super::trial::{self, TrialFault};
use crate::contract::{Grants, Identity, Limits, Slot, wit};
use crate::hex;
use crate::policy::runtime::{
    Cache, Code, Generation, Origin, Pass, Profile, compatibility, find_export,
};

/// Says what passes. There is one for all slots and sources.
pub struct Admission {
    profile: Arc<Profile>,
    cache: Arc<Cache>,
    settings: AdmissionSettings,
    /// The program that checks, by what its file looks like: another one may have other rules.
    checked_by: String,
    /// One compiler at a time, which takes the machine's processors as it is.
    compiler: Semaphore,
    /// What is brought for the registry is checked by so many processes at once.
    checkers: Semaphore,
    loaded: Loaded,
}

/// How many processes check what is brought for the registry.
const MOST_CHECKERS: usize = 2;

/// What is offered.
#[derive(Clone)]
pub struct Offer {
    pub slot: Slot,
    pub bytes: Arc<[u8]>,
    pub settings: Map<String, Value>,
}

impl Admission {
    /// What it admits runs in this profile.
    pub fn new(profile: Arc<Profile>, cache: Cache, settings: AdmissionSettings) -> Self {
        Self {
            checked_by: checked_by(&settings.program, &profile.limits),
            profile,
            cache: Arc::new(cache),
            settings,
            compiler: Semaphore::new(1),
            checkers: Semaphore::new(MOST_CHECKERS),
            loaded: Loaded::default(),
        }
    }

    /// What components are compiled for.
    pub fn engine(&self) -> &Engine {
        &self.profile.engine
    }

    /// How it admits.
    pub fn settings(&self) -> &AdmissionSettings {
        &self.settings
    }

    /// Admits a component into a slot.
    pub async fn admit(&self, offer: Offer) -> Result<Admitted, Faults> {
        let begin = Instant::now();
        let Known { digest, report, compiled } = self.known(&offer).await?;
        if let (Some(report), Ok(component)) = (&report, &compiled) {
            self.count(Origin::Hit);
            return self.load(&offer, report.clone(), component.clone()).await;
        }
        let passed = self.check(&offer, compiled.is_err()).await?;
        let component = match compiled {
            Ok(component) => {
                self.count(Origin::Hit);
                component
            }
            Err(origin) => {
                self.count(origin);
                self.keep(&digest, passed.compiled).await?
            }
        };
        let report = passed.report.taken(digest, &offer.bytes, begin);
        let admitted = self.load(&offer, report, component).await?;
        self.remember(&offer, &admitted.report);
        Ok(admitted)
    }

    /// As [`Admission::admit`], if nothing has to be checked or compiled for it; else none.
    pub async fn admit_known(&self, offer: Offer) -> Option<Admitted> {
        let Known { report, compiled, .. } = self.known(&offer).await.ok()?;
        let (report, component) = (report?, compiled.ok()?);
        let admitted = self.load(&offer, report, component).await.ok()?;
        self.count(Origin::Hit);
        Some(admitted)
    }

    /// The component of a generation with other settings, if they fit its manifest. Nothing is
    /// compiled.
    pub async fn admit_settings(
        &self,
        running: &Generation,
        offer: Offer,
    ) -> Result<Admitted, Faults> {
        let begin = Instant::now();
        let Identity { slot, digest, manifest, .. } = &*running.identity;
        let passed = self.check(&offer, false).await?;
        let report = passed.report.taken(digest.clone(), &offer.bytes, begin);
        self.remember(&offer, &report);
        Ok(Admitted {
            slot: *slot,
            digest: digest.clone(),
            manifest: manifest.clone(),
            settings: offer.settings,
            report,
            code: Arc::clone(&running.code),
            profile: Arc::clone(&running.profile),
        })
    }

    /// Checks a component that is brought for the registry, in a process of its own; nothing is
    /// compiled, which each replica does for itself when the release is deployed. Without a slot it
    /// is the one that its manifest names; settings, if there are any, must fit. A component for
    /// another version of the WIT passes with fewer checks: its report says so (`spoken`).
    pub async fn check_offer(
        &self,
        slot: Option<Slot>,
        bytes: Arc<[u8]>,
        settings: Option<Map<String, Value>>,
    ) -> Result<AdmissionReport, Faults> {
        bytes::check_kind(&bytes)?;
        let bounds = Bounds::of(&self.profile.limits);
        let job = Job { slot, settings, work: Work::Examine, bounds };
        let _turn = self.checkers.acquire().await;
        let begin = Instant::now();
        let passed = child::admit(&self.settings, &job, &bytes).await?;
        let taken = move || passed.report.taken(hex::sha256(&bytes), &bytes, begin);
        Ok(blocking(taken).await?)
    }

    /// What the cache knows of it. Only the number and the kind of the bytes are looked at here.
    async fn known(&self, offer: &Offer) -> Result<Known, Faults> {
        let (cache, engine) = (Arc::clone(&self.cache), self.profile.engine.clone());
        let (offer, checked_by) = (offer.clone(), self.checked_by.clone());
        blocking(move || {
            bytes::check_kind(&offer.bytes)?;
            let digest = hex::sha256(&offer.bytes);
            let settings = Value::Object(offer.settings).to_string();
            let pass = Pass {
                checked_by: &checked_by,
                slot: offer.slot,
                digest: &digest,
                settings: &settings,
            };
            let report = cache.passed(&pass).and_then(|text| serde_json::from_slice(&text).ok());
            let compiled = cache.load(&engine, &digest);
            Ok::<_, BytesFault>(Known { digest, report, compiled })
        })
        .await?
        .map_err(Into::into)
    }

    /// Has it checked, and compiled if it has to be, by a process of its own.
    async fn check(&self, offer: &Offer, compile: bool) -> Result<Passed, Faults> {
        let work = if compile {
            Work::Compile { compatible: compatibility(&self.profile.engine) }
        } else {
            Work::Check
        };
        let job = Job {
            slot: Some(offer.slot),
            settings: Some(offer.settings.clone()),
            work,
            bounds: Bounds::of(&self.profile.limits),
        };
        let _turn = if compile { self.compiler.acquire().await.ok() } else { None };
        child::admit(&self.settings, &job, &offer.bytes).await
    }

    /// Keeps and loads what was compiled.
    async fn keep(&self, digest: &str, compiled: Vec<u8>) -> Result<Component, Faults> {
        let (cache, engine) = (Arc::clone(&self.cache), self.profile.engine.clone());
        let digest = digest.to_owned();
        let kept = blocking(move || cache.keep(&engine, &digest, &compiled)).await?;
        Ok(kept.map_err(CompileFault::Load)?)
    }

    /// The last gate: bounds and one instance, in the pool that calls will come from.
    async fn load(
        &self,
        offer: &Offer,
        report: AdmissionReport,
        component: Component,
    ) -> Result<Admitted, Faults> {
        let slot = offer.slot;
        let manifest = report.read_manifest().ok_or(Fault::Unfinished)?;
        let code = if let Some(code) = self.loaded.get(slot, &report.digest) {
            code
        } else {
            let imports = report.imports.iter().map(String::as_str);
            let limits = Grants::asked(&manifest, imports).limits(&self.profile.limits);
            self.try_out(slot, &report.digest, component, limits).await?
        };
        Ok(Admitted {
            slot,
            digest: report.digest.clone(),
            manifest,
            settings: offer.settings.clone(),
            report,
            code,
            profile: Arc::clone(&self.profile),
        })
    }

    async fn try_out(
        &self,
        slot: Slot,
        digest: &str,
        component: Component,
        limits: Arc<Limits>,
    ) -> Result<Arc<Code>, Faults> {
        let profile = Arc::clone(&self.profile);
        let code = blocking(move || {
            bounds::check(&component, &limits)?;
            trial::try_out(&profile.engine, &limits, slot, &component)?;
            let pre = profile.linker.instantiate_pre(&component).map_err(TrialFault::Link)?;
            let export = find_export(slot, &component).map_err(TrialFault::Export)?;
            Ok::<_, Faults>(Code::Component { pre, export })
        })
        .await??;
        let code = Arc::new(code);
        self.loaded.keep(slot, digest, &code);
        Ok(code)
    }

    fn remember(&self, offer: &Offer, report: &AdmissionReport) {
        let pass = Pass {
            checked_by: &self.checked_by,
            slot: offer.slot,
            digest: &report.digest,
            settings: &Value::Object(offer.settings.clone()).to_string(),
        };
        if let Ok(report) = serde_json::to_vec(report) {
            self.cache.remember(&pass, &report);
        }
    }

    fn count(&self, origin: Origin) {
        self.profile.metrics.cache.with_label_values(&[origin.as_str()]).inc();
    }
}

/// What the cache knows of a component.
struct Known {
    digest: String,
    report: Option<AdmissionReport>,
    compiled: Result<Component, Origin>,
}

/// What blocks for some milliseconds is done beside the request threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Fault::Unfinished)
}

/// The contract and the bounds that are checked, and size and date of the program's file. Not its
/// content: to read it would make each start slower.
fn checked_by(program: &Path, limits: &Limits) -> String {
    let bounds = serde_json::to_string(&Bounds::of(limits)).unwrap_or_default();
    let look = std::fs::metadata(program)
        .map(|file| format!("{} {}.{}", file.len(), file.mtime(), file.mtime_nsec()));
    let (host, look) = (env!("CARGO_PKG_VERSION"), look.unwrap_or_default());
    format!("{host} {look} {bounds} {}", wit::TEXT)
}

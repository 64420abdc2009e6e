//! Which command it is, and how it ends.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::check::Check;
use super::deploy::Deploy;
use super::diff::Diff;
use super::export::Export;
use super::freeze::{Freeze, Unfreeze};
use super::grants::{Grant, ShowGrants};
use super::history::History;
use super::import::Import;
use super::keygen::Keygen;
use super::pack::{Inspect, Pack};
use super::problem::Problem;
use super::prune::Prune;
use super::push::Push;
use super::rollback::Rollback;
use super::show::Show;
use super::sign::Sign;
use super::status::Status;
use super::trial::{Abort, Pause, Promote, Resume};
use super::verify::Verify;
use crate::command::output;
use crate::policy::admission;
use crate::telemetry;

/// How a policy gets from a file to everybody, for `--help`.
pub const WAY: &str = "\
From a file to everybody, and back:
  auth-host policy check guarded.wasm --settings prod.json        would a host take it?
  auth-host policy push login guarded.wasm --settings prod.json -m \"step-up\"
                                                                  it is release login/42 now
  auth-host policy deploy login/42                                all replicas, or none
  auth-host policy status                                         who serves what, and how it goes
  auth-host policy rollback login -m \"support calls\"              component and settings return

Or try it first, on live traffic:
  auth-host policy deploy login/42 --shadow                       it decides about nobody, and is
  auth-host policy diff login                                     compared: what will change?
  auth-host policy deploy login/42 --steps 1%:10m,10%:30m,100%    for more and more people, while
                                                                  it is good; out if it is bad
  auth-host policy promote login                                  for all, now
  auth-host policy abort login                                    out, now

Who made it, and what it may do:
  auth-host policy keygen ann.key                                 a key; the operator trusts it
  auth-host policy sign guarded.wasm --key ann.key                before it is pushed, or
  auth-host policy sign login/42 --key bob.key                    after somebody else has pushed it
  auth-host policy grants login                                   what policies there may do
  auth-host policy grant login interface:storage                  more, by an operator

They ask the admin API of a service, with a token: ADMIN_URL, and ADMIN_TOKEN or ADMIN_TOKEN_FILE,
from the environment or .env. Beside a service with ENV=local nothing has to be set.

They end with 0 if it is done, 1 if it was refused, 2 if they were called wrongly, cannot reach the
service or may not do it, and 3 if nobody knows yet what came of it.";

/// What to do with policies.
#[derive(Subcommand)]
pub enum PolicyRun {
    Check(Check),
    Push(Push),
    Deploy(Deploy),
    Diff(Diff),
    Pause(Pause),
    Resume(Resume),
    Promote(Promote),
    Abort(Abort),
    Status(Status),
    Rollback(Rollback),
    History(History),
    Show(Show),
    Freeze(Freeze),
    Unfreeze(Unfreeze),
    Grant(Grant),
    #[command(name = "grants")]
    ShowGrants(ShowGrants),
    Keygen(Keygen),
    Sign(Sign),
    Verify(Verify),
    Prune(Prune),
    Export(Export),
    Import(Import),
    Inspect(Inspect),
    Pack(Pack),
    #[command(hide = true)]
    AdmitOne(AdmitOne),
}

/// What the host starts for each component that is offered: not for people.
#[derive(Args)]
pub struct AdmitOne {
    /// Memory that it may write to.
    #[arg(long)]
    memory_mib: u64,
    /// Processor time of all its threads together.
    #[arg(long)]
    processor_seconds: u64,
}

impl PolicyRun {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let json = self.tells_json();
        let Err(error) = self.done() else { return Ok(ExitCode::SUCCESS) };
        let problem = error.downcast::<Problem>()?;
        if json && !problem.told {
            output::json(&problem.json())?;
        }
        let text = problem.to_string();
        if !text.is_empty() {
            telemetry::say(&format!("auth-host: {text}"));
        }
        Ok(problem.exit_code())
    }

    fn done(self) -> anyhow::Result<()> {
        match self {
            Self::Inspect(inspect) => inspect.run(),
            Self::Pack(pack) => pack.run(),
            Self::Keygen(keygen) => keygen.run(),
            Self::Verify(verify) => verify.run(),
            Self::AdmitOne(AdmitOne { memory_mib, processor_seconds }) => {
                admission::admit_one(memory_mib, processor_seconds)
            }
            asking => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(Box::pin(asking.answered()))
            }
        }
    }

    async fn answered(self) -> anyhow::Result<()> {
        match self {
            Self::Check(check) => check.run().await,
            Self::Push(push) => push.run().await,
            Self::Deploy(deploy) => deploy.run().await,
            Self::Diff(diff) => diff.run().await,
            Self::Pause(pause) => pause.run().await,
            Self::Resume(resume) => resume.run().await,
            Self::Promote(promote) => promote.run().await,
            Self::Abort(abort) => abort.run().await,
            Self::Status(status) => status.run().await,
            Self::Rollback(rollback) => rollback.run().await,
            Self::History(history) => history.run().await,
            Self::Show(show) => show.run().await,
            Self::Freeze(freeze) => freeze.run().await,
            Self::Unfreeze(unfreeze) => unfreeze.run().await,
            Self::Grant(grant) => grant.run().await,
            Self::ShowGrants(grants) => grants.run().await,
            Self::Sign(sign) => sign.run().await,
            Self::Prune(prune) => prune.run().await,
            Self::Export(export) => export.run().await,
            Self::Import(import) => import.run().await,
            Self::Inspect(_)
            | Self::Pack(_)
            | Self::Keygen(_)
            | Self::Verify(_)
            | Self::AdmitOne(_) => Ok(()),
        }
    }

    fn tells_json(&self) -> bool {
        match self {
            Self::Check(check) => check.json,
            Self::Push(push) => push.asking.json,
            Self::Deploy(deploy) => deploy.asking.json,
            Self::Diff(diff) => diff.asking.json,
            Self::Pause(Pause { change })
            | Self::Resume(Resume { change })
            | Self::Promote(Promote { change })
            | Self::Abort(Abort { change }) => change.asking.json,
            Self::Status(status) => status.asking.json,
            Self::Rollback(rollback) => rollback.asking.json,
            Self::History(history) => history.asking.json,
            Self::Show(show) => show.asking.json,
            Self::Freeze(freeze) => freeze.asking.json,
            Self::Unfreeze(unfreeze) => unfreeze.asking.json,
            Self::Grant(grant) => grant.asking.json,
            Self::ShowGrants(grants) => grants.asking.json,
            Self::Sign(sign) => sign.asking.json,
            Self::Verify(verify) => verify.json,
            Self::Prune(prune) => prune.asking.json,
            // Without a file, what is printed is the release itself.
            Self::Export(export) => export.asking.json,
            Self::Import(import) => import.asking.json,
            Self::Inspect(inspect) => inspect.json,
            Self::Pack(_) | Self::Keygen(_) | Self::AdmitOne(_) => false,
        }
    }
}

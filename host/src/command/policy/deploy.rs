//! `auth-host policy deploy`: all live replicas are asked for a release; it serves when all are
//! ready, and not at all if one refuses.

use std::time::Duration;

use clap::Args;
use reqwest::Method;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::asking::Asking;
use super::client::Client;
use super::names::ReleaseName;
use super::plan::PlanFlags;
use super::problem::{Problem, REFUSED, UNKNOWN};
use super::progress::{self, Progress};
use super::{settled, standing, trying};
use crate::administration::views::{
    DeploymentView, EndView, NewDeploymentView, PlaceView, StatusView,
};
use crate::command::output::{self, plain};
use crate::store::registry::DeploymentState;

/// So long one question waits for news.
const WAIT: Duration = Duration::from_secs(5);
/// The service may be away for so long meanwhile: the deployment goes on without it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Have all replicas serve a release. Each one checks and compiles it first; only when all are
/// ready it serves, everywhere within a second. If one refuses, nothing is activated.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy deploy login/42
  auth-host policy deploy login/42 --no-wait      begins it, and prints its id
  auth-host policy deploy --watch ID              waits for one that goes on
  auth-host policy deploy --cancel ID -m \"wrong release\"

To try it first, as a shadow that decides about nobody, or for a share of all people:
  auth-host policy deploy login/42 --shadow --sample 10%
  auth-host policy deploy login/42 --share 5%     and later --share 25%: who is in, stays in
  auth-host policy deploy login/42 --steps 1%:10m,10%:30m,100%
  auth-host policy deploy login/42 --share 5% --abort-if 'faults > 0.1%' --least-calls 500
Then see what it decides otherwise (policy diff login), let it serve all (policy promote login), or
take it out (policy abort login). A bad one is taken out by itself, and so is one that refuses much
more with a code: if that is what it is for, allow it with --abort-if 'refusals.CODE > 20%'.

It has to be signed by those whom the service trusts, and to ask for no more than its place was
granted: what is missing is told, with the command that gives it and who may use it.

Ctrl-C ends the waiting, not the deployment. 0: it serves, or is tried, on all replicas; 1:
nothing was activated; 2: the service cannot be reached or the token is not taken; 3: nobody knows
yet.")]
pub struct Deploy {
    /// The release, such as login/42.
    #[arg(required_unless_present_any = ["cancel", "watch"])]
    release: Option<ReleaseName>,
    /// Why, for the history.
    #[arg(short, long, value_name = "WHY", default_value = "", hide_default_value = true)]
    message: String,
    /// Begin it, and do not wait.
    #[arg(long)]
    no_wait: bool,
    /// Wait for one that was begun.
    #[arg(long, value_name = "ID", conflicts_with_all = ["release", "no_wait", "cancel", "trial"])]
    watch: Option<Uuid>,
    /// End one that is being prepared: nothing is activated.
    #[arg(long, value_name = "ID", conflicts_with_all = ["release", "no_wait", "trial"])]
    cancel: Option<Uuid>,
    #[command(flatten)]
    plan: PlanFlags,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl Deploy {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let (client, json) = (self.asking.client()?, self.asking.json);
        if let Some(id) = self.cancel {
            return cancel(&client, id, self.message, json).await;
        }
        let begin = Instant::now();
        let deployment = match (&self.release, self.watch) {
            (Some(release), _) => {
                let rollout = self.plan.plan();
                let name = release.to_string();
                let new = NewDeploymentView { release: name, message: self.message, rollout };
                match client.change(Method::POST, &["deployments"], &new).await {
                    Ok(deployment) => deployment,
                    Err(error) => return Err(standing::explained(&client, release, error).await),
                }
            }
            (None, Some(id)) => asked(&client, id, Duration::ZERO).await?,
            (None, None) => anyhow::bail!("name a release, such as login/42"),
        };
        if self.no_wait {
            return begun(&deployment, json);
        }
        let id = deployment.id;
        tokio::select! {
            ended = ended(&client, deployment) => tell(&client, &ended?, begin, json).await,
            // It is for whoever waits, and only for them.
            signal = tokio::signal::ctrl_c() => {
                signal?;
                Err(left_alone(id, "you waited no longer").into())
            }
        }
    }
}

/// Waits for its end, and says what happens meanwhile.
async fn ended(client: &Client, mut deployment: DeploymentView) -> anyhow::Result<DeploymentView> {
    let mut progress = Progress::default();
    let mut heard = Instant::now();
    while deployment.state == DeploymentState::Preparing {
        progress.tell(&deployment);
        match asked(client, deployment.id, WAIT).await {
            Ok(now) => {
                // An answer without waiting must not be asked for in a hurry.
                if now == deployment && heard.elapsed() < Duration::from_millis(200) {
                    sleep(Duration::from_millis(200)).await;
                }
                (deployment, heard) = (now, Instant::now());
            }
            Err(_) if heard.elapsed() < PATIENCE => sleep(Duration::from_millis(500)).await,
            Err(error) => {
                return Err(left_alone(deployment.id, &error.to_string()).into());
            }
        }
    }
    Ok(deployment)
}

async fn asked(client: &Client, id: Uuid, wait: Duration) -> anyhow::Result<DeploymentView> {
    let (id, seconds) = (id.to_string(), wait.as_secs().to_string());
    let query: &[_] = if wait.is_zero() { &[] } else { &[("wait", seconds)] };
    client.read_within(wait + Duration::from_secs(15), &["deployments", &id], query).await
}

/// What came of it, on a line.
async fn tell(
    client: &Client,
    deployment: &DeploymentView,
    begin: Instant,
    json: bool,
) -> anyhow::Result<()> {
    if deployment.state != DeploymentState::Activated {
        if json {
            output::json(deployment)?;
        } else {
            let (states, why) = (progress::states(deployment), progress::failure(deployment));
            output::line(format_args!("{states}      {why}{}", progress::reasons(deployment)))?;
        }
        return Err(Problem::new(REFUSED, "not_activated", "").told().into());
    }
    if deployment.rollout.is_some() {
        return trying::tell(client, deployment, begin, json).await;
    }
    let unseen = |error: anyhow::Error| {
        let text = format!(
            "{} was activated; whether all replicas serve it, is not known: {error}",
            deployment.release
        );
        Problem::new(UNKNOWN, "not_seen", text)
    };
    let revision = revision(client, deployment).await.map_err(unseen)?;
    let settled = settled::wait(client, &deployment.place, revision).await.map_err(unseen)?;
    if json {
        let mut told = serde_json::to_value(deployment)?;
        told["replicas"] = settled.replicas.into();
        told["missing"] = settled.missing.clone().into();
        output::json(&told)?;
    } else {
        output::line(format_args!(
            "{}      {} serves   {}   {:.1} s",
            progress::states(deployment),
            plain(&deployment.release),
            settled::readable(&settled),
            begin.elapsed().as_secs_f64()
        ))?;
    }
    settled::verdict(&settled)
}

/// The place's revision since its activation, or a later one.
async fn revision(client: &Client, deployment: &DeploymentView) -> anyhow::Result<i64> {
    let status: StatusView = client.read(&["status"], &[]).await?;
    let of_place = |place: &&PlaceView| place.place == deployment.place;
    Ok(status.places.iter().find(of_place).map_or(0, |place| place.revision))
}

fn begun(deployment: &DeploymentView, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(deployment);
    }
    output::line(format_args!(
        "deployment {} of {} began; see: auth-host policy deploy --watch {0}",
        deployment.id,
        plain(&deployment.release)
    ))
}

async fn cancel(client: &Client, id: Uuid, message: String, json: bool) -> anyhow::Result<()> {
    let path = ["deployments", &id.to_string()];
    let deployment: DeploymentView =
        client.change(Method::DELETE, &path, &EndView { message }).await?;
    if json {
        return output::json(&deployment);
    }
    let release = plain(&deployment.release);
    output::line(format_args!("the deployment of {release} was cancelled: nothing was activated"))
}

fn left_alone(id: Uuid, why: &str) -> Problem {
    let text = format!(
        "{why}: the deployment goes on. See: auth-host policy deploy --watch {id}; end it with: \
         auth-host policy deploy --cancel {id}"
    );
    Problem::new(UNKNOWN, "goes_on", text)
}

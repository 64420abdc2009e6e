//! The admin listener, made from the settings.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::administration::{
    Access, AccessMetrics, Administration, ComponentRoom, keep_local_token,
};
use crate::capabilities::Services;
use crate::config::Config;
use crate::http::{Admin, HttpMetrics, Leftovers, Observing, Server, ServerLimits, Tls};
use crate::metrics::Meter;
use crate::policy::admission::Admission;
use crate::policy::trust::Gate;
use crate::shutdown::{CutAnswers, StopDeadline};
use crate::telemetry::causes;

/// The file of the token of `ENV=local`, in the data folder.
const LOCAL_TOKEN: &str = "admin-token";
/// Open connections.
const CONNECTIONS: usize = 256;
/// The time that the bytes of a component have to arrive.
const UPLOAD: Duration = Duration::from_mins(2);
/// The time that a client has to take an answer: it may be a component.
const ANSWER: Duration = Duration::from_mins(2);
/// The time that the head of a request and a JSON body have to arrive.
const REQUEST: Duration = Duration::from_secs(10);

/// The listener, until it serves.
pub(super) struct AdminListener {
    address: SocketAddr,
    is_encrypted: bool,
    server: Mutex<Option<Server>>,
}

/// What of the rest of the service it works with.
pub(super) struct Beside<'a> {
    pub(super) config: &'a Config,
    pub(super) services: &'a Services,
    pub(super) meter: &'a Meter,
    pub(super) life: (&'a TaskTracker, &'a StopDeadline),
}

impl AdminListener {
    /// Binds the address, and sees to the token of `ENV=local`. None if the settings say so.
    pub(super) async fn open(
        beside: &Beside<'_>,
        (admission, gate): (&Arc<Admission>, &Arc<Gate>),
        public: &Observing,
    ) -> anyhow::Result<Option<Self>> {
        // Dashboards know its series, whether it listens or not.
        let (metrics, access_metrics) =
            (HttpMetrics::of_admin(beside.meter)?, AccessMetrics::new(beside.meter)?);
        let config = beside.config;
        let Some(listener) = bind(config).await? else { return Ok(None) };
        let address = listener.local_addr()?;
        let tls = config.admin.tls.as_ref();
        let tls = tls.map(|files| Tls::read(&files.certificate, &files.key)).transpose();
        let tls = tls.context("ADMIN_TLS_CERTIFICATE, ADMIN_TLS_KEY")?;
        if config.local {
            local_token(beside).await;
        }
        let connections = metrics.connections.clone();
        let admin = Admin {
            administration: Arc::new(administration(beside, admission, gate)),
            access: Access::new(beside.services.store.clone(), config.local, access_metrics),
            observing: observing(beside, public, metrics),
            body_limit: REQUEST,
            upload_limit: UPLOAD,
        };
        let server = Server {
            listener,
            router: admin.router(),
            limits: limits(config),
            paths: Admin::PATHS,
            metrics: connections,
            tasks: beside.life.0.clone(),
            cut_answers: CutAnswers::default(),
            tls,
        };
        tracing::info!(%address, encrypted = server.tls.is_some(), "the admin API listens");
        Ok(Some(Self {
            address,
            is_encrypted: server.tls.is_some(),
            server: Mutex::new(Some(server)),
        }))
    }

    /// Where it is, as an address of the web.
    pub(super) fn url(&self) -> String {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// It serves, and counts its cut answers there; only once.
    pub(super) fn take(&self, cut_answers: &CutAnswers) -> Option<Server> {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Server { cut_answers: cut_answers.clone(), ..server })
    }
}

/// An address that somebody set and that is taken is an error; the usual one with `ENV=local` is
/// not: there several processes run on one machine.
async fn bind(config: &Config) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = config.admin.address else { return Ok(None) };
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if config.local && !config.admin.is_address_given => {
            tracing::warn!(
                %error,
                "the admin API does not listen on {address}: another process has that port. Set \
                 ADMIN_ADDRESS to another, or to off"
            );
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| {
            format!("ADMIN_ADDRESS: cannot listen on {address}. Set another address, or off")
        }),
    }
}

/// Commands on the same machine need no settings with it. A start does not end for it.
async fn local_token(beside: &Beside<'_>) {
    let file = beside.config.data_dir.join(LOCAL_TOKEN);
    if let Err(error) = keep_local_token(&beside.services.store, &file).await {
        tracing::warn!(
            error = causes(&error),
            "{} holds no good admin token; it is made at a start",
            file.display()
        );
    }
}

fn limits(config: &Config) -> ServerLimits {
    ServerLimits {
        request: REQUEST,
        answer: ANSWER,
        idle: config.http.limits.idle,
        connections: CONNECTIONS,
    }
}

fn administration(
    beside: &Beside<'_>,
    admission: &Arc<Admission>,
    gate: &Arc<Gate>,
) -> Administration {
    let config = beside.config;
    Administration {
        store: beside.services.store.clone(),
        admission: Arc::clone(admission),
        gate: Arc::clone(gate),
        room: ComponentRoom::default(),
        replica: config.releases.replica_name.clone(),
        deploy_patience: config.releases.deploy_timeout,
        probation: config.releases.probation,
        judgement: config.judgement.clone(),
        releases_kept: config.admin.releases_kept,
        stopping: beside.life.1.clone(),
    }
}

/// As on the public listener, in series of its own and with more time.
fn observing(beside: &Beside<'_>, public: &Observing, metrics: HttpMetrics) -> Observing {
    let (tasks, stopping) = beside.life;
    let leftovers = Leftovers::new(UPLOAD, tasks.clone(), stopping.clone());
    Observing {
        metrics,
        clock: public.clock.clone(),
        proxies: public.proxies.clone(),
        unknown_clients: Arc::clone(&public.unknown_clients),
        leftovers: leftovers.of_at_most(Admin::MOST_LEFT),
        stopping: stopping.clone(),
        // What was sent is checked, and with a release twice if it is for two versions of the WIT.
        request_limit: UPLOAD + 2 * beside.config.admission.time,
        quiet: Admin::QUIET,
        folded: Admin::FOLDED,
    }
}

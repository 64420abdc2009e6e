//! The service as one value.

use std::sync::Arc;
use std::{fs, iter};

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info_span;

use super::admin::{AdminListener, Beside};
use super::sources::Sources;
use super::{data_folder, parts};
use crate::capabilities::Services;
use crate::clock::Clock;
use crate::config::Config;
use crate::decisions::Shadows;
use crate::housekeeping::{Cleaner, DatabaseWatch};
use crate::http::{ConnectionMetrics, Health, HttpMetrics, Public, Server};
use crate::lifecycle::{Background, Ended, Service};
use crate::outbox::{Relay, RelayMetrics, Sink};
use crate::passwords::HashMetrics;
use crate::policy::admission::Admission;
use crate::policy::health::ReleaseHealth;
use crate::policy::metrics::PolicyMetrics;
use crate::policy::releases::{Follower, FollowerParts, Preparer, Standing};
use crate::policy::serving::{
    DirectoryRegistry, EarlierCopies, Generations, Intake, PolicyDirectory, Threshold, Writers,
};
use crate::policy::trust::Gate;
use crate::shutdown::{CutAnswers, Signals, StopDeadline};
use crate::wake::Wake;

/// The parts of the service, made from the settings.
pub struct App {
    /// What they were made from.
    pub config: Config,
    /// What capabilities work with: the database, the hash threads, the clock.
    pub services: Arc<Services>,
    /// What serves in each slot.
    pub generations: Arc<Generations>,
    /// How components get there.
    pub admission: Arc<Admission>,
    /// What stands before every deployment.
    gate: Arc<Gate>,
    /// How this replica stands to the registry.
    pub standing: Arc<Standing>,
    /// Deletes what has expired.
    pub cleaner: Cleaner,
    watch: DatabaseWatch,
    release_health: ReleaseHealth,
    shadows: Arc<Shadows>,
    pub wake: Wake,
    router: Router,
    sink: Sink,
    relay_metrics: Arc<RelayMetrics>,
    connections: ConnectionMetrics,
    admin: Option<AdminListener>,
    tasks: TaskTracker,
    stopping: StopDeadline,
    /// Held while the service lives: one process owns the data folder.
    _lock: fs::File,
}

impl App {
    /// Opens the data folder and the database and makes everything that serves; no policy is loaded
    /// yet.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Arc<Self>> {
        let (lock, jwt_secret) = (data_folder::open(&config)?, data_folder::jwt_secret(&config)?);
        let meter = parts::meter()?;
        let hash_metrics = HashMetrics::new(&meter)?;
        let services = parts::services(&config, clock, &meter, &hash_metrics).await?;
        let (policy_metrics, http_metrics) =
            (PolicyMetrics::new(&meter)?, HttpMetrics::new(&meter)?);
        let admission = Arc::new(parts::admission(&config, &services, policy_metrics.clone())?);
        let gate = Arc::new(parts::gate(&config, &services, &meter)?);
        let generations = Arc::new(Generations::new(policy_metrics.clone()));
        let (wake, tasks) = (Wake::default(), TaskTracker::new());
        let relay_metrics = Arc::new(RelayMetrics::new(&meter)?);
        let connections = http_metrics.connections.clone();
        let (sink, stopping) = (parts::sink(&config), StopDeadline::new(config.shutdown.timeout));
        let standing = parts::standing(&config, &services.clock, &meter)?;
        let health = Health {
            stopping: stopping.clone(),
            generations: Arc::clone(&generations),
            standing: Arc::clone(&standing),
            store: services.store.clone(),
            sink: sink.clone(),
            relay: Arc::clone(&relay_metrics),
        };
        let shadows = parts::shadows(&config, &services, &generations, &meter)?;
        let (shared, life) = ((&services, &generations, &shadows), (&tasks, &stopping));
        let decisions = parts::decisions(&config, &jwt_secret, shared, &tasks, &wake, &meter)?;
        let observing = parts::observing(&config, &services, &meter, http_metrics, life)?;
        let beside = Beside { config: &config, services: &services, meter: &meter, life };
        let admin = AdminListener::open(&beside, (&admission, &gate), &observing).await?;
        let public = Public {
            decisions: Arc::new(decisions),
            generations: Arc::clone(&generations),
            health: Arc::new(health),
            measure: parts::measure(&services, hash_metrics, &gate),
            observing,
            body_limit: config.http.body_limit(),
            meter: meter.clone(),
        };
        Ok(Arc::new(Self {
            admission,
            gate,
            cleaner: parts::cleaner(&config, &services),
            watch: parts::watch(&services, &meter)?,
            router: public.router()?,
            generations,
            standing,
            release_health: policy_metrics.releases,
            shadows,
            wake,
            sink,
            relay_metrics,
            connections,
            admin,
            tasks,
            stopping,
            services,
            config,
            _lock: lock,
        }))
    }

    /// Where the admin API is, if it listens.
    pub fn admin_url(&self) -> Option<String> {
        self.admin.as_ref().map(AdminListener::url)
    }

    /// Where policies come from, not asked yet.
    pub fn policies(&self) -> Sources {
        Sources {
            follower: self.follower(),
            directory: self.policy_directory(),
            gate: Arc::clone(&self.gate),
        }
    }

    fn follower(&self) -> Follower {
        Follower::new(FollowerParts {
            store: self.services.store.clone(),
            preparer: Preparer {
                store: self.services.store.clone(),
                admission: Arc::clone(&self.admission),
                gate: Arc::clone(&self.gate),
                secrets: Arc::clone(&self.services.secrets),
            },
            generations: Arc::clone(&self.generations),
            clock: self.services.clock.clone(),
            settings: self.config.releases.clone(),
            standing: Arc::clone(&self.standing),
            health: self.release_health.clone(),
            judgement: self.config.judgement.clone(),
        })
    }

    /// The directory that policies are put into, not looked at yet.
    fn policy_directory(&self) -> PolicyDirectory {
        let registry = DirectoryRegistry {
            store: self.services.store.clone(),
            clock: self.services.clock.clone(),
            probation: self.config.releases.probation,
        };
        let threshold = Threshold {
            gate: Arc::clone(&self.gate),
            secrets: Arc::clone(&self.services.secrets),
            clock: self.services.clock.clone(),
        };
        PolicyDirectory::new(
            self.config.policy_dir.clone(),
            if self.config.local { Writers::Anybody } else { Writers::Owner },
            Intake::new(
                Arc::clone(&self.generations),
                Arc::clone(&self.admission),
                (registry, threshold),
                EarlierCopies { folder: self.config.data_dir.join("last-good") },
                self.config.policy_dir_follow,
            ),
        )
    }

    /// Serves on this listener until it is told to stop.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        policies: Sources,
        stop: Signals,
    ) -> Ended {
        let cut_answers = CutAnswers::default();
        let public = Server {
            listener,
            router: self.router.clone(),
            limits: self.config.http.limits.clone(),
            paths: Public::PATHS,
            metrics: self.connections.clone(),
            tasks: self.tasks.clone(),
            cut_answers: cut_answers.clone(),
            tls: None,
        };
        let admin = self.admin.as_ref().and_then(|admin| admin.take(&cut_answers));
        let stop_background = CancellationToken::new();
        let relay = Relay {
            store: self.services.store.clone(),
            sink: self.sink.clone(),
            metrics: Arc::clone(&self.relay_metrics),
            clock: self.services.clock.clone(),
            wake: self.wake.clone(),
            settings: self.config.relay,
            stop: stop_background.clone(),
            deadline: self.stopping.clone(),
        };
        let cleaning = self.cleaner.clone().run(stop_background.clone());
        let database = self.watch.clone().run(stop_background.clone());
        let shadows = Arc::clone(&self.shadows).run(stop_background.clone());
        let secrets = Arc::clone(&self.services.secrets).follow(stop_background.clone());
        let Sources { follower, directory, gate } = policies;
        let stop_keys = stop_background.clone();
        let keys = async move { gate.follow(stop_keys).await };
        let watching = directory.watch(stop.first.clone(), stop_background.clone());
        let following = follower.run(stop.first.clone(), stop_background.clone());
        let service = Service {
            servers: iter::once(public).chain(admin).collect(),
            background: vec![
                Background { span: info_span!("relay"), run: Box::pin(relay.run()) },
                Background { span: info_span!("housekeeping"), run: Box::pin(cleaning) },
                Background { span: info_span!("database"), run: Box::pin(database) },
                Background { span: info_span!("shadows"), run: Box::pin(shadows) },
                Background { span: info_span!("secrets"), run: Box::pin(secrets) },
                Background { span: info_span!("trusted_keys"), run: Box::pin(keys) },
                Background { span: info_span!("policies"), run: Box::pin(watching) },
                Background { span: info_span!("releases"), run: Box::pin(following) },
            ],
            stop_background,
            tasks: self.tasks.clone(),
            store: self.services.store.clone(),
            stopping: self.stopping.clone(),
            cut_answers,
            shutdown: self.config.shutdown.clone(),
        };
        service.run(stop).await
    }
}

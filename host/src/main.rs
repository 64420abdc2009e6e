//! The life of the process, in order: settings, logs, the service, its listener, its policies,
//! serving, the end.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use auth_host::app::App;
use auth_host::clock::Clock;
use auth_host::config::Config;
use auth_host::contract::{Identity, Slot};
use auth_host::policy::runtime::worker_threads;
use auth_host::shutdown::Signals;
use auth_host::{command, telemetry};
use clap::Parser as _;
use tokio::net::{TcpListener, TcpSocket};

/// How long a start waits for slots in which nothing serves meanwhile: those of a first start are
/// compiled by then, and a component that takes longer keeps the others from nobody.
const FIRST_COMPILATION: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let _written = telemetry::Written;
    let outcome =
        match command::Command::parse().run {
            None | Some(command::Run::Serve) => serve(),
            Some(command::Run::Policy { run }) => run.run(),
            Some(command::Run::Migrate) => operate(|config| async move {
                command::migrate(&config).await.map(|()| ExitCode::SUCCESS)
            }),
            Some(command::Run::Outbox { run }) => {
                operate(|config| async move { run.run(&config).await.map(|()| ExitCode::SUCCESS) })
            }
            Some(command::Run::Admin { run }) => {
                operate(|config| async move { run.run(&config).await.map(|()| ExitCode::SUCCESS) })
            }
            Some(command::Run::Import { run }) => {
                operate(|config| async move { run.run(&config).await })
            }
        };
    outcome.unwrap_or_else(|error| {
        if command::was_closed(&error) {
            return ExitCode::SUCCESS;
        }
        // It may repeat a text of a database's; faults of settings have lines.
        let text =
            telemetry::causes(&error).replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
        telemetry::say(&format!("auth-host: {text}"));
        ExitCode::from(2)
    })
}

/// A command that works on the service's database, with the service's settings.
fn operate<F: Future<Output = anyhow::Result<ExitCode>>>(
    work: impl FnOnce(Config) -> F,
) -> anyhow::Result<ExitCode> {
    let config = Config::for_command()?;
    telemetry::start(&config.log)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work(config))
}

fn serve() -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(worker_threads())
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(serving());
    // A component that is being compiled must not keep the process beyond its time limit.
    runtime.shutdown_background();
    outcome
}

async fn serving() -> anyhow::Result<ExitCode> {
    let config = Config::from_environment()?;
    telemetry::start(&config.log)?;
    // Whatever this process writes is for its own user only.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    raise_file_limit();
    let signals = Signals::listen().context("signals cannot be received")?;
    // It may wait for a database that is starting; a signal ends that.
    let Some(app) = signals
        .first
        .run_until_cancelled(Box::pin(App::build(config, Clock::System)))
        .await
        .transpose()?
    else {
        return Ok(ExitCode::SUCCESS);
    };
    let listener = listen(app.config.http.address).with_context(|| {
        format!("HTTP_SERVER_ADDRESS: cannot listen on {}", app.config.http.address)
    })?;
    let mut policies = app.policies();
    let load = policies.load(FIRST_COMPILATION);
    if signals.first.run_until_cancelled(load).await.transpose()?.is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    // It is for the person at a terminal: nobody need read it, and nothing waits until somebody has.
    let text = announcement(&app, &listener)?;
    std::thread::spawn(move || {
        if let Err(error) = std::io::stdout().write_all(text.as_bytes()) {
            tracing::debug!(%error, "the announcement was not printed");
        }
    });
    Ok(ExitCode::from(app.serve(listener, policies, signals).await.exit_code()))
}

/// A burst of connections waits in the system's queue, which is long enough for it; the system may
/// shorten it.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

/// Each connection is an open file; the usual soft limit of 1,024 is for programs of another time.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(fault) =
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
    {
        tracing::debug!(%fault, "the limit of open files stays as it is");
    }
}

/// What a person wants to know after a start.
fn announcement(app: &App, listener: &TcpListener) -> anyhow::Result<String> {
    let mut text = String::new();
    let address = listener.local_addr()?;
    writeln!(text, "auth-host {} serves on http://{address}", env!("CARGO_PKG_VERSION"))?;
    writeln!(text, "  Swagger UI  http://{address}/api/auth/swagger/index.html")?;
    if let Some(url) = app.admin_url() {
        writeln!(text, "  admin API   {url}/swagger/")?;
    }
    for slot in Slot::ALL {
        match app.generations.current(slot) {
            Some(generation) => {
                let Identity { release, manifest, digest, .. } = &*generation.identity;
                let is_pinned = app.standing.pinned(slot).is_some();
                writeln!(
                    text,
                    "  {:<10}  {slot}/{release}  {} {} (sha256 {digest}){}",
                    slot.as_str(),
                    manifest.name,
                    manifest.version,
                    if is_pinned { "  PINNED by POLICY_PIN" } else { "" },
                )?;
            }
            None if app.standing.behind(slot).is_some() => writeln!(
                text,
                "  {:<10}  no policy: {}",
                slot.as_str(),
                app.standing.behind(slot).unwrap_or_default()
            )?,
            None => writeln!(
                text,
                "  {:<10}  no policy: put {slot}.wasm into {}",
                slot.as_str(),
                app.config.policy_dir.display()
            )?,
        }
    }
    writeln!(text, "  policies    {}", std::path::absolute(&app.config.policy_dir)?.display())?;
    let database =
        if app.config.postgres.is_some() { "PostgreSQL" } else { "SQLite, in the data folder" };
    let events = match &app.config.amqp {
        Some(amqp) => format!("RabbitMQ, exchange {}, queue {}", amqp.exchange, amqp.queue),
        None => "events.jsonl, in the data folder".to_owned(),
    };
    writeln!(text, "  database    {database}")?;
    writeln!(text, "  events      {events}")?;
    writeln!(text, "  data        {}", std::path::absolute(&app.config.data_dir)?.display())?;
    Ok(text)
}

//! The command line.

mod admin;
mod database;
mod import;
mod outbox;
mod output;
mod policy;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::store::Postgres;

pub use admin::AdminRun;
pub use import::ImportRun;
pub use outbox::OutboxRun;
pub use output::was_closed;
pub use policy::{Pack, PolicyRun};

/// An authentication service whose policies are WebAssembly components.
#[derive(Parser)]
#[command(version, about)]
pub struct Command {
    /// What to do; without, serve.
    #[command(subcommand)]
    pub run: Option<Run>,
}

/// What to do.
#[derive(Subcommand)]
pub enum Run {
    /// Serve until SIGINT, SIGTERM or SIGQUIT. Settings come from the environment or a .env file.
    Serve,
    /// Bring the schema of the PostgreSQL database up to date, as a start does, and end.
    Migrate,
    /// Look at events, let dead ones go out again, delete old ones.
    Outbox {
        /// What to do with them.
        #[command(subcommand)]
        run: OutboxRun,
    },
    /// Say who may use the admin API.
    Admin {
        /// What to do with it.
        #[command(subcommand)]
        run: AdminRun,
    },
    /// Take over what another service left.
    Import {
        /// Which.
        #[command(subcommand)]
        run: ImportRun,
    },
    /// Check, ship, watch and roll back policies.
    #[command(after_help = policy::WAY)]
    Policy {
        /// What to do with them.
        #[command(subcommand)]
        run: Box<PolicyRun>,
    },
}

/// Migrates the database of the settings.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let Some(settings) = &config.postgres else {
        anyhow::bail!(
            "there is no PostgreSQL in the settings: set DATABASE_URL or POSTGRES_HOST. The \
             embedded database migrates at a start"
        );
    };
    Postgres::migrate(settings).await?;
    output::line("the schema is up to date")
}

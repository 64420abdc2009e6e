//! `auth-host admin`: who may use the admin API. It works on the database, with the service's
//! settings: whoever can run it owns the service.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{database, output};
use crate::administration::{moment, new_token};
use crate::config::{self, Config};
use crate::store::Store;
use crate::store::registry::{AdminToken, Role};

/// What to do with the admin API.
#[derive(Subcommand)]
pub enum AdminRun {
    /// Tokens: who may look, deploy, operate.
    Token {
        /// What to do with them.
        #[command(subcommand)]
        run: TokenRun,
    },
}

/// What to do with tokens.
#[derive(Subcommand)]
pub enum TokenRun {
    /// Make a token and print it. It is shown this once: the database keeps a hash of it.
    Add(Add),
    /// List all tokens, without what is secret of them.
    List {
        /// As JSON, one object a line.
        #[arg(long)]
        json: bool,
    },
    /// Take a token's rights away, on every replica within two seconds.
    Revoke {
        /// The token's name.
        name: String,
    },
}

/// A token to be made.
#[derive(Args)]
pub struct Add {
    /// Whose it is; the history names it. At most 48 of a-z, 0-9, - and ., beginning with a letter.
    /// A name is never given again.
    name: String,
    /// look: read everything. deploy: also push, deploy, roll back. operate: also freeze, prune,
    /// cancel what others began.
    #[arg(long)]
    role: Role,
    /// How long it is good for: 90d, 12h, 30m.
    #[arg(long = "for", value_parser = lifetime, default_value = "90d")]
    lifetime: Duration,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl AdminRun {
    /// Does it.
    pub async fn run(self, config: &Config) -> anyhow::Result<()> {
        let Self::Token { run } = self;
        let store = database::open(config).await?;
        let done = run.run(&store).await;
        store.close().await;
        done
    }
}

impl TokenRun {
    async fn run(self, store: &Store) -> anyhow::Result<()> {
        match self {
            Self::Add(add) => self::add(store, &add).await,
            Self::List { json } => {
                let tokens = store.admin_tokens().await?;
                let now = store.clock().now();
                if tokens.is_empty() && !json {
                    return output::line("no tokens");
                }
                for token in &tokens {
                    output::line(if json {
                        readable(token, now).to_string()
                    } else {
                        line(token, now)
                    })?;
                }
                Ok(())
            }
            Self::Revoke { name } => {
                let revoked = store.admin_token_revoke(&name, "command line").await?;
                let at = revoked.revoked_at.map(moment).unwrap_or_default();
                output::line(format_args!("{name} is revoked since {at}"))
            }
        }
    }
}

async fn add(store: &Store, add: &Add) -> anyhow::Result<()> {
    let new = new_token(store, &add.name, add.role, add.lifetime, "command line").await?;
    let until = moment(new.kept.expires_at);
    if add.json {
        let mut value = readable(&new.kept, store.clock().now());
        value["token"] = json!(new.token.as_str());
        return output::line(value);
    }
    // The token alone on standard output: a script keeps it with > file.
    output::line(new.token.as_str())?;
    crate::telemetry::say(&format!(
        "{} may {} until {until}. The token is shown this once; keep it in a file that only its \
         user reads, and name that in ADMIN_TOKEN_FILE",
        add.name,
        word(add.role)
    ));
    Ok(())
}

/// `90d`, or as all other durations.
fn lifetime(text: &str) -> Result<Duration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok());
    let time = match days {
        Some(days) => Duration::from_secs(days.saturating_mul(24 * 60 * 60)),
        None => config::parse_duration(text)
            .map_err(|_| "is not a duration such as 90d, 12h or 30m".to_owned())?,
    };
    let most = Duration::from_hours(10 * 365 * 24);
    if time < Duration::from_secs(1) || time > most {
        return Err("must be from 1s to 3650d".into());
    }
    Ok(time)
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Look => "look",
        Role::Deploy => "deploy",
        Role::Operate => "operate",
    }
}

fn state(token: &AdminToken, now: i64) -> &'static str {
    if token.revoked_at.is_some() {
        "revoked"
    } else if token.expires_at <= now {
        "expired"
    } else {
        "good"
    }
}

fn line(token: &AdminToken, now: i64) -> String {
    let used = token.used_at.map_or_else(|| "never".to_owned(), moment);
    format!(
        "{:<24} {:<8} {:<8} until {}  made {} by {}  last used {used}",
        token.name,
        word(token.role),
        state(token, now),
        moment(token.expires_at),
        moment(token.created_at),
        token.created_by,
    )
}

fn readable(token: &AdminToken, now: i64) -> Value {
    json!({
        "name": token.name,
        "role": token.role,
        "state": state(token, now),
        "created_at": moment(token.created_at),
        "created_by": token.created_by,
        "expires_at": moment(token.expires_at),
        "revoked_at": token.revoked_at.map(moment),
        "used_at": token.used_at.map(moment),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_may_have_days() {
        assert_eq!(lifetime("90d"), Ok(Duration::from_hours(90 * 24)));
        assert_eq!(lifetime("12h"), Ok(Duration::from_hours(12)));
        for wrong in ["", "d", "-1d", "0", "4000d", "soon", "99999999999999999d"] {
            assert!(lifetime(wrong).is_err(), "{wrong:?}");
        }
    }
}

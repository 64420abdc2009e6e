//! `auth-host import`: taking over what another service left.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output;
use crate::config::Config;
use crate::store::Postgres;
use crate::store::import::{Finding, ImportReport, Outcome, Part};
use crate::telemetry::causes;

/// Which service's data to take over.
#[derive(Subcommand)]
pub enum ImportRun {
    /// Take over the old authentication service's tables `auth_data` and `outbox`, in the same
    /// PostgreSQL database. Stop that service first.
    ///
    /// Accounts keep their ids and passwords; events that were not sent are sent by this service,
    /// and marked as processed over there. All of it is one transaction, and a second run finds
    /// nothing left to do. It ends with 0 if everything is here now, with 1 if rows were
    /// skipped, and with 2 if nothing was done.
    Legacy(Legacy),
}

/// How to take it over.
#[derive(Args)]
pub struct Legacy {
    /// Where the old tables are.
    #[arg(long, default_value = "public")]
    schema: String,
    /// Only tell what would be done. (The schema "auth" is made if it is missing; it stays
    /// empty.)
    #[arg(long)]
    dry_run: bool,
    /// End with 0 also if rows were skipped.
    #[arg(long)]
    skip_invalid: bool,
    /// Show the e-mail addresses of accounts, and not their ids alone.
    #[arg(long)]
    show_emails: bool,
}

impl ImportRun {
    /// Does it.
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let Self::Legacy(legacy) = self;
        let Some(settings) = &config.postgres else {
            anyhow::bail!(
                "there is no PostgreSQL in the settings: set DATABASE_URL or POSTGRES_HOST to the \
                 old service's database"
            );
        };
        let report = Postgres::import_legacy(settings, &legacy.schema, legacy.dry_run).await?;
        if let Err(error) = output::line(readable(&report, legacy.show_emails).trim_end()) {
            // It is done: the exit code says how, whoever reads the report.
            tracing::warn!(error = causes(&error), "the report was not read");
        }
        let complete = report.skipped() == 0 || legacy.skip_invalid;
        Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// A report for people. Addresses are personal data: they are shown if that was asked for.
fn readable(report: &ImportReport, show_emails: bool) -> String {
    let mut text = String::new();
    part(&mut text, "accounts", &report.accounts, show_emails);
    match &report.events {
        Some(events) => {
            part(&mut text, "events that the old service has not sent", events, show_emails);
        }
        None => text.push_str("There is no table outbox: no events.\n"),
    }
    if !report.bcrypt_costs.is_empty() {
        let costs: Vec<String> = report
            .bcrypt_costs
            .iter()
            .map(|(cost, count)| format!("{count} of cost {cost}"))
            .collect();
        let _ = writeln!(
            text,
            "Imported bcrypt hashes, each replaced at the account's next login: {}.",
            costs.join(", ")
        );
    }
    let _ = writeln!(text, "New accounts get ids beyond {}.", report.last_id);
    if report.other_connections > 0 {
        let _ = writeln!(
            text,
            "Others have {} connections to this database: make sure that the old service is not \
             among them.",
            report.other_connections
        );
    }
    let imported = report.accounts.count(Outcome::Imported)
        + report.events.as_ref().map_or(0, |events| events.count(Outcome::Imported));
    text.push_str(match (report.dry_run, imported) {
        (true, _) => "This was a dry run: nothing was written.\n",
        (false, 0) => "Nothing was left to import.\n",
        (false, _) => "Done.\n",
    });
    text
}

fn part(text: &mut String, what: &str, part: &Part, show_emails: bool) {
    let _ = writeln!(text, "{}: {} {what}", part.table.replace('"', ""), part.total());
    for finding in part.findings.iter().filter(|finding| finding.count > 0) {
        let _ = writeln!(text, "  {:>9}  {}", finding.count, sentence(finding.outcome));
        if !finding.examples.is_empty() {
            let _ = writeln!(text, "             {}", examples(finding, show_emails));
        }
    }
}

fn examples(finding: &Finding, show_emails: bool) -> String {
    let mut list: Vec<String> = finding
        .examples
        .iter()
        .map(|example| match &example.email {
            Some(email) if show_emails => {
                format!("{} ({})", example.id.escape_debug(), email.escape_debug())
            }
            _ => example.id.escape_debug().to_string(),
        })
        .collect();
    if i64::try_from(list.len()).is_ok_and(|shown| shown < finding.count) {
        list.push("...".to_owned());
    }
    format!("id {}", list.join(", "))
}

fn sentence(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Imported => "imported",
        Outcome::There => "already here",
        Outcome::Twin => {
            "of these share their address with another but for letter case or the like: each logs \
             in with its own spelling"
        }
        Outcome::Removed => "imported before and deleted here since: they stay deleted",
        Outcome::BadId => "skipped: the id is not a whole number from 1 to 2^53 - 1",
        Outcome::BadEmail => "skipped: this is no e-mail address that the service takes",
        Outcome::BadHash => {
            "skipped: the password's hash is neither bcrypt (cost 4 to 12) nor argon2id"
        }
        Outcome::Duplicate => "skipped: an account with a lower id has the very same address",
        Outcome::IdTaken => "skipped: another account has this id",
        Outcome::EmailTaken => "skipped: another account here has this address",
        Outcome::BadType => "skipped: the event's type is empty or too long; it stays where it is",
        Outcome::BadPayload => {
            "skipped: the event's payload is not a JSON object of at most 256 KiB; it stays where \
             it is"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::import::Example;

    fn report(dry_run: bool) -> ImportReport {
        let finding = |outcome, count, ids: &[&str]| Finding {
            outcome,
            count,
            examples: ids
                .iter()
                .map(|id| Example {
                    id: (*id).to_owned(),
                    email: Some(format!("User{id}@example.com\u{1b}[2J")),
                })
                .collect(),
        };
        let findings = vec![
            finding(Outcome::Imported, 7, &[]),
            finding(Outcome::There, 0, &[]),
            finding(Outcome::Twin, 2, &["3", "4"]),
            finding(Outcome::BadHash, 21, &["5", "6"]),
        ];
        let accounts = Part { table: "\"public\".auth_data".to_owned(), findings };
        ImportReport {
            accounts,
            events: None,
            bcrypt_costs: vec![("10".into(), 7)],
            last_id: 40,
            other_connections: 0,
            dry_run,
        }
    }

    #[test]
    fn a_report_counts_and_gives_examples_without_addresses() {
        let text = readable(&report(false), false);
        assert!(
            text.starts_with("public.auth_data: 28 accounts\n          7  imported\n"),
            "{text}"
        );
        assert!(text.contains("id 5, 6, ...\n") && text.contains("id 3, 4\n"), "{text}");
        assert!(
            text.contains("ids beyond 40")
                && text.contains("7 of cost 10")
                && text.ends_with("Done.\n"),
            "{text}"
        );
        assert!(!text.contains('@') && !text.contains("already here"), "{text}");
        assert!(readable(&report(true), false).ends_with("nothing was written.\n"));
    }

    #[test]
    fn addresses_are_shown_on_request_and_cannot_move_the_cursor() {
        let text = readable(&report(false), true);
        assert!(text.contains("5 (User5@example.com") && !text.contains('\u{1b}'), "{text}");
    }
}

//! `auth-host policy grant` and `grants`: what policies of a place may do.

use clap::Args;
use reqwest::Method;

use super::asking::Asking;
use super::names::ReleaseName;
use super::{items, names};
use crate::administration::views::{GrantsView, NewGrantsView};
use crate::command::output::{self, escaped, plain};

/// Let the policies of a place do more than every policy may: an operator says so once, and what
/// asks for no more is deployed by whoever deploys. It takes a token of the role operate.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy grant login interface:storage event:stepped_up
  auth-host policy grant login 'http:GET,POST https://risk.internal:8443 private' -m \"JIRA-7\"
  auth-host policy grant login --release 42       all that login/42 asks for
  auth-host policy grant login --remove event:stepped_up

An item is one of
  interface:NAME      of the contract: accounts, passwords, sessions, storage, throttle, outbox,
                      http
  event:NAME          that it may append
  claim:NAME          that it may add to an access token
  secret:NAME         that it may read
  'http:METHODS ORIGIN [redirects] [private]'
                      whom it may ask; with redirects they are followed, with private also
                      addresses of a private network are reached. In quotes: it is one word
  storage:64MiB, memory:8MiB, time:100ms, host-calls:32
                      less than the bounds of the host; more than those is never granted

What a policy asks for says its manifest: auth-host policy check FILE, auth-host policy show
login/42. What serves goes on if its grants are taken away; the next deploy needs them.")]
pub struct Grant {
    /// The place, such as login.
    #[arg(value_parser = names::place)]
    place: String,
    /// What to grant.
    #[arg(value_name = "ITEM", required_unless_present_any = ["release", "remove"])]
    items: Vec<String>,
    /// Grant all that this release of the place asks for.
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    release: Option<ReleaseNumber>,
    /// What to grant no more: all items that follow.
    #[arg(long, value_name = "ITEM", num_args = 1..)]
    remove: Vec<String>,
    /// Why, for the history.
    #[arg(short, long, value_name = "WHY", default_value = "", hide_default_value = true)]
    message: String,
    #[command(flatten)]
    pub(super) asking: Asking,
}

/// Show what policies of a place may do, what the one that serves asks for, and what is granted
/// and not used.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy grants login
  auth-host policy grants login --json")]
pub struct ShowGrants {
    /// The place, such as login.
    #[arg(value_parser = names::place)]
    place: String,
    #[command(flatten)]
    pub(super) asking: Asking,
}

/// `42` or `login/42`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ReleaseNumber {
    place: Option<String>,
    number: i64,
}

fn number(text: &str) -> Result<ReleaseNumber, String> {
    if text.contains('/') {
        let ReleaseName { place, number } = text.parse()?;
        return Ok(ReleaseNumber { place: Some(place), number });
    }
    let number = text.parse().ok().filter(|number| *number > 0);
    let number = number.ok_or("a release is named by its number here, such as 42")?;
    Ok(ReleaseNumber { place: None, number })
}

impl Grant {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        for item in self.items.iter().chain(&self.remove) {
            one_word(item)?;
        }
        if let Some(ReleaseNumber { place: Some(other), .. }) = &self.release {
            anyhow::ensure!(
                *other == self.place,
                "--release: a release of {other} says nothing about {}",
                self.place
            );
        }
        let new = NewGrantsView {
            add: self.items,
            remove: self.remove,
            release: self.release.map(|release| release.number),
            message: self.message,
        };
        let path = ["places", &self.place, "grants"];
        let grants: GrantsView = self.asking.client()?.change(Method::POST, &path, &new).await?;
        if self.asking.json {
            return output::json(&grants);
        }
        output::line(readable(&grants))
    }
}

/// A shell takes what has spaces apart, and then the rest of it is an item that nobody meant.
fn one_word(item: &str) -> anyhow::Result<()> {
    let cut = item.starts_with("http:") && !item.contains("://");
    let rest = item.starts_with("http://") || item.starts_with("https://");
    anyhow::ensure!(
        !(cut || rest || matches!(item, "private" | "redirects")),
        "{:?} is only a part of an item: put the whole of it into quotes, such as \
         'http:GET https://api.example.com'",
        escaped(item)
    );
    Ok(())
}

impl ShowGrants {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let path = ["places", &self.place, "grants"];
        let grants: GrantsView = self.asking.client()?.read(&path, &[]).await?;
        if self.asking.json {
            let mut told = serde_json::to_value(&grants)?;
            told["unused"] = grants.asked.as_ref().map(|asked| unused(&grants, asked)).into();
            told["missing"] = grants.asked.as_ref().map(|asked| missing(&grants, asked)).into();
            return output::json(&told);
        }
        output::line(readable(&grants))
    }
}

fn unused(grants: &GrantsView, asked: &[String]) -> Vec<String> {
    items::unused(&grants.place, &grants.granted, asked)
}

fn missing(grants: &GrantsView, asked: &[String]) -> Vec<String> {
    if grants.all {
        return Vec::new();
    }
    items::missing(&grants.place, &grants.granted, asked)
}

fn readable(grants: &GrantsView) -> String {
    let place = plain(&grants.place);
    let mut lines = vec![format!(
        "policies of {place}: what they may always do, what is granted, what the one that serves \
         asks for"
    )];
    lines.extend(items::listed("always", &grants.base));
    lines.extend(items::listed("granted", &grants.granted));
    if let Some(asked) = &grants.asked {
        lines.extend(items::listed("asked", asked));
        let (unused, missing) = (unused(grants, asked), missing(grants, asked));
        if !unused.is_empty() {
            lines.extend(items::listed("not used", &unused));
        }
        if !missing.is_empty() {
            lines.extend(items::listed("MISSING", &missing));
            lines.push(format!(
                "What serves goes on; to deploy it anew, grant that: {}",
                items::command(&grants.place, None, &missing)
            ));
        }
    }
    if grants.all {
        lines.push(
            "Whatever a release asks for counts as granted here (POLICY_GRANT_ALL; it is so with \
             ENV=local)"
                .to_owned(),
        );
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_granted_is_told_beside_what_is_asked_for() {
        let grants = json!({
            "place": "login", "base": ["interface:log"],
            "granted": ["interface:storage", "event:gone", "http:GET,POST https://a.example"],
            "asked": ["interface:storage", "event:seen", "http:GET https://a.example"],
            "all": false,
        });
        let grants: GrantsView = serde_json::from_value(grants).unwrap();
        let told = readable(&grants);
        for line in [
            "  always     interface:log",
            "  granted    interface:storage",
            "             event:gone",
            "  asked      interface:storage",
            "  not used   event:gone",
            "  MISSING    event:seen",
            "What serves goes on; to deploy it anew, grant that: auth-host policy grant login \
             event:seen",
        ] {
            assert!(told.lines().any(|told| told == line), "it lacks {line:?}:\n{told}");
        }
        let empty = GrantsView { granted: Vec::new(), asked: None, all: true, ..grants.clone() };
        let told = readable(&empty);
        assert!(told.contains("  granted    nothing") && told.contains("POLICY_GRANT_ALL"));
        let all = readable(&GrantsView { all: true, ..grants });
        assert!(!all.contains("MISSING"), "{all}");
    }

    #[test]
    fn a_part_of_an_item_is_not_taken_for_one() {
        for part in ["http:GET", "https://api.example.com", "private", "redirects"] {
            let told = one_word(part).unwrap_err().to_string();
            assert!(told.contains("quotes"), "{told}");
        }
        for item in ["interface:storage", "http:GET https://a.example private", "secret:private"] {
            assert!(one_word(item).is_ok(), "{item}");
        }
        assert_eq!(number("42"), Ok(ReleaseNumber { place: None, number: 42 }));
        assert_eq!(number("login/42").unwrap().place.as_deref(), Some("login"));
        assert!(number("0").is_err() && number("login").is_err());
    }
}

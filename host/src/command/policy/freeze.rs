//! `auth-host policy freeze` and `unfreeze`: no deploys for a while. Rollbacks go on.

use clap::Args;
use reqwest::Method;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::asking::Asking;
use super::names;
use crate::administration::views::{EndView, HostView, NewFreezeView};
use crate::clock::{Timestamp, milliseconds};
use crate::command::output::{self, moment};
use crate::config::{parse_duration, parse_end};

/// Let nobody deploy in a place until then. Rollbacks go on, by people and by themselves.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy freeze login --until 2h -m \"an incident\"
  auth-host policy freeze login --until 2027-01-02 -m \"holidays\"     to the end of that day, UTC
  auth-host policy freeze login --until 2027-01-02T08:00:00Z -m \"holidays\"")]
pub struct Freeze {
    /// The place, such as login.
    #[arg(value_parser = names::place)]
    place: String,
    /// A time from now (2h, 90m), a day (2027-01-02) or a moment (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = Until::read)]
    until: Until,
    /// Why: whoever wants to deploy is told it.
    #[arg(short, long, value_name = "WHY")]
    message: String,
    #[command(flatten)]
    pub(super) asking: Asking,
}

/// Let people deploy in a place again.
#[derive(Args)]
#[command(after_help = "\
Example:
  auth-host policy unfreeze login -m \"the incident is over\"")]
pub struct Unfreeze {
    /// The place, such as login.
    #[arg(value_parser = names::place)]
    place: String,
    /// Why, for the history.
    #[arg(short, long, value_name = "WHY", default_value = "", hide_default_value = true)]
    message: String,
    #[command(flatten)]
    pub(super) asking: Asking,
}

/// When a freeze ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// So many milliseconds after now, by the service's clock.
    In(Timestamp),
    At(Timestamp),
}

impl Until {
    fn read(text: &str) -> Result<Self, String> {
        if let Ok(duration) = parse_duration(text) {
            return Ok(Self::In(milliseconds(duration)));
        }
        parse_end(text).map(Self::At).map_err(|_| {
            "is none of a time from now (2h), a day (2027-01-02) and a moment \
             (2027-01-02T08:00:00Z)"
                .to_owned()
        })
    }
}

impl Freeze {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = self.asking.client()?;
        let until = match self.until {
            Until::At(until) => until,
            Until::In(time) => {
                let host: HostView = client.read(&["host"], &[]).await?;
                let now = OffsetDateTime::parse(&host.time, &Rfc3339)?.unix_timestamp_nanos();
                Timestamp::try_from(now / 1_000_000)?.saturating_add(time)
            }
        };
        let (until, place) = (moment(until), &self.place);
        let new = NewFreezeView { until: until.clone(), message: self.message };
        let path = ["places", place, "freeze"];
        let told: Value = client.change(Method::PUT, &path, &new).await?;
        if self.asking.json {
            return output::json(&told);
        }
        output::line(format_args!(
            "{place} is frozen until {until}: no deploys; rollbacks go on   (auth-host policy \
             unfreeze {place})"
        ))
    }
}

impl Unfreeze {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let path = ["places", &self.place, "freeze"];
        let body = EndView { message: self.message };
        let told: Value = self.asking.client()?.change(Method::DELETE, &path, &body).await?;
        if self.asking.json {
            return output::json(&told);
        }
        output::line(format_args!("{} can be deployed to again", self.place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_from_now_a_day_or_a_moment() {
        assert_eq!(Until::read("2h"), Ok(Until::In(7_200_000)));
        assert_eq!(Until::read("1970-01-01"), Ok(Until::At(86_400_000)));
        assert_eq!(Until::read("1970-01-01T00:00:01Z"), Ok(Until::At(1_000)));
        assert!(Until::read("tomorrow").unwrap_err().contains("2027-01-02"));
    }
}

//! How a release is to be tried, as flags of `deploy`. What is wrong is told before anybody is
//! asked.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::part::Part;
use crate::administration::views::{NewRolloutView, StepView};
use crate::config::parse_duration;
use crate::policy::judgement::Budget;
use crate::store::registry::{RolloutMode, WHOLE};

const MOST_STEPS: usize = 20;
const LONGEST_STEP: Duration = Duration::from_hours(30 * 24);

/// How a release is to be tried.
#[derive(Args)]
#[command(next_help_heading = "Trying it first")]
pub struct PlanFlags {
    /// As a shadow: after each answer it runs, too; what it decides is compared and discarded.
    #[arg(long, group = "trial")]
    shadow: bool,
    /// A shadow of so many of the calls, taken at random [default: 100%].
    #[arg(
        long,
        value_name = "PERCENT",
        requires = "shadow",
        conflicts_with_all = ["share", "steps"],
        value_parser = sample
    )]
    sample: Option<Part>,
    /// For a share: it decides for so many of all people, always the same ones.
    #[arg(long, value_name = "PERCENT", group = "trial", value_parser = share)]
    share: Option<Part>,
    /// For a share that grows by itself: each part for at least so long, and until the judgement is
    /// good; 100% serves all.
    #[arg(long, value_name = "PERCENT:TIME,...", group = "trial")]
    steps: Option<Steps>,
    /// Take it out if this is so, in place of the usual limit: faults, timeouts, p99, refusals or
    /// refusals.CODE. May be given several times.
    #[arg(long, value_name = "LIMIT", requires = "trial", value_parser = limit)]
    abort_if: Vec<String>,
    /// It counts as good after so many of its calls at the earliest [default: as the service says].
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "trial",
        value_parser = clap::value_parser!(u64).range(1..=10_000_000)
    )]
    least_calls: Option<u64>,
}

/// The steps of a share, as they were written.
#[derive(Debug, Clone, PartialEq)]
struct Steps(Vec<StepView>);

impl PlanFlags {
    /// None: it is to serve all at once.
    pub(super) fn plan(self) -> Option<NewRolloutView> {
        let (mode, percent) = match (self.shadow, self.share, &self.steps) {
            (true, ..) => (RolloutMode::Shadow, self.sample),
            (false, Some(share), _) => (RolloutMode::Share, Some(share)),
            (false, None, Some(_)) => (RolloutMode::Share, None),
            (false, None, None) => return None,
        };
        Some(NewRolloutView {
            mode,
            percent: percent.map(Part::percent),
            steps: self.steps.map(|steps| steps.0).unwrap_or_default(),
            abort_if: self.abort_if,
            least_calls: self.least_calls,
        })
    }
}

fn sample(text: &str) -> Result<Part, String> {
    match text.parse()? {
        Part(0) => Err("0% is no call: to end a shadow, auth-host policy abort PLACE".to_owned()),
        part => Ok(part),
    }
}

fn share(text: &str) -> Result<Part, String> {
    match text.parse()? {
        Part(0) => Err("0% is nobody: to end a trial, auth-host policy abort PLACE".to_owned()),
        Part(WHOLE) => Err(
            "100% is everybody: leave --share out, or let all have what is tried already with: \
             auth-host policy promote PLACE"
                .to_owned(),
        ),
        part => Ok(part),
    }
}

fn limit(text: &str) -> Result<String, String> {
    // The host reads it as well.
    Budget::from_str(text.trim()).map_err(|fault| format!("it {fault}"))?;
    Ok(text.trim().to_owned())
}

impl FromStr for Steps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(',').collect();
        if parts.len() > MOST_STEPS {
            return Err(format!("there are {} steps; {MOST_STEPS} are the most", parts.len()));
        }
        let mut steps = Vec::new();
        let mut before = Part(0);
        for (number, part) in parts.iter().enumerate() {
            let (share, hold) = step(part.trim())?;
            if share.0 == 0 {
                return Err(format!("{part}: 0% is nobody"));
            }
            if share <= before {
                return Err(format!("steps must rise: {share} comes after {before}"));
            }
            before = share;
            let last = number + 1 == parts.len();
            steps.push(StepView {
                percent: share.percent(),
                hold_seconds: held(share, hold, last)?,
            });
        }
        if steps.len() < 2 {
            return Err(format!(
                "one step is none: such as 1%:10m,10%:30m,100%. For a share that stays: --share \
                 {before}"
            ));
        }
        Ok(Self(steps))
    }
}

/// `10%:30m`.
fn step(text: &str) -> Result<(Part, Option<Duration>), String> {
    let (share, hold) = match text.split_once(':') {
        Some((share, hold)) => (share, Some(hold)),
        None => (text, None),
    };
    let share = share.parse()?;
    let read = |hold| parse_duration(hold).map_err(|fault| format!("{text}: {hold:?} {fault}"));
    Ok((share, hold.map(read).transpose()?))
}

/// How long a step lasts at least, in seconds.
fn held(share: Part, hold: Option<Duration>, last: bool) -> Result<u64, String> {
    match hold {
        None if last => Ok(0),
        None if share.0 == WHOLE => Err("100% can only be the last step".to_owned()),
        None => Err(format!("{share} lacks its time, such as {share}:10m")),
        Some(_) if last && share.0 == WHOLE => {
            Err("100% is the end and lasts no time: write it without one".to_owned())
        }
        Some(_) if last => Err(format!(
            "nothing comes after {share}: leave its time out to stay there, or add ,100%"
        )),
        Some(_) if share.0 == WHOLE => Err("100% can only be the last step".to_owned()),
        Some(hold) if hold < Duration::from_secs(1) || hold > LONGEST_STEP => {
            Err(format!("{share} must last from 1s to 720h (30 days)"))
        }
        Some(hold) if hold.subsec_nanos() != 0 => Err(format!("{share} must last whole seconds")),
        Some(hold) => Ok(hold.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::*;

    fn plan(words: &[&str]) -> Result<Option<NewRolloutView>, String> {
        let command = PlanFlags::augment_args(Command::new("deploy").no_binary_name(true));
        let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
        Ok(PlanFlags::from_arg_matches(&matches).unwrap().plan())
    }

    fn steps(of: &[(f64, u64)]) -> Vec<StepView> {
        let view = |(percent, hold_seconds): &(f64, u64)| StepView {
            percent: *percent,
            hold_seconds: *hold_seconds,
        };
        of.iter().map(view).collect()
    }

    #[test]
    fn flags_become_the_plan_that_is_asked_for() {
        assert_eq!(plan(&[]), Ok(None));
        let shadow = NewRolloutView {
            mode: RolloutMode::Shadow,
            percent: None,
            steps: Vec::new(),
            abort_if: Vec::new(),
            least_calls: None,
        };
        assert_eq!(plan(&["--shadow"]), Ok(Some(shadow.clone())));
        let sampled = NewRolloutView { percent: Some(0.25), ..shadow.clone() };
        assert_eq!(plan(&["--shadow", "--sample", "0.25%"]), Ok(Some(sampled)));
        let share = NewRolloutView {
            mode: RolloutMode::Share,
            percent: Some(5.0),
            abort_if: vec!["faults > 0.1%".to_owned(), "p99 > x2".to_owned()],
            least_calls: Some(500),
            ..shadow.clone()
        };
        let words = "--share 5% --least-calls 500 --abort-if";
        let mut words: Vec<&str> = words.split(' ').collect();
        words.extend(["faults > 0.1%", "--abort-if", " p99 > x2 "]);
        assert_eq!(plan(&words), Ok(Some(share.clone())));
        let stepped = NewRolloutView {
            mode: RolloutMode::Share,
            steps: steps(&[(1.0, 600), (10.0, 1_800), (100.0, 0)]),
            ..shadow
        };
        assert_eq!(plan(&["--steps", "1%:10m,10%:30m,100%"]), Ok(Some(stepped)));
    }

    #[test]
    fn what_contradicts_itself_is_told_before_anybody_is_asked() {
        for (words, told) in [
            ("--shadow --share 5%", "cannot be used with"),
            ("--share 5% --steps 1%:10m,100%", "cannot be used with"),
            ("--sample 5%", "--shadow"),
            ("--share 5% --sample 5%", "cannot be used"),
            ("--abort-if faults>0.1%", "--shadow"),
            ("--least-calls 5", "--shadow"),
            ("--share 5% --least-calls 0", "1..=10000000"),
            ("--share 0%", "policy abort"),
            ("--share 100%", "policy promote"),
            ("--share 5", "such as 5%"),
            ("--shadow --sample 0%", "policy abort"),
            ("--shadow --sample 101%", "more than all"),
            ("--share 5% --abort-if fault>0.1%", "fault>0.1%"),
            ("--share 5% --abort-if faults", "faults"),
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            let fault = plan(&words).unwrap_err();
            assert!(fault.contains(told), "{words:?}: {fault}");
        }
    }

    #[test]
    fn steps_rise_last_and_end() {
        let read = |text: &str| text.parse::<Steps>().map(|steps| steps.0);
        assert_eq!(read("1%:10m,10%"), Ok(steps(&[(1.0, 600), (10.0, 0)])));
        assert_eq!(read("0.25%:1h30m, 100%"), Ok(steps(&[(0.25, 5_400), (100.0, 0)])));
        for (wrong, told) in [
            ("", "no part"),
            ("1%:10m,", "no part"),
            ("1%:10m,10%:30m", "add ,100%"),
            ("10%:10m,1%:10m,100%", "must rise: 1% comes after 10%"),
            ("10%:10m,10%:10m,100%", "must rise"),
            ("1%,100%", "such as 1%:10m"),
            ("1%:,100%", "not a duration"),
            ("1%:10,100%", "not a duration"),
            ("1%:10m:5m,100%", "not a duration"),
            ("1%:500ms,100%", "from 1s"),
            ("1%:1500ms,100%", "whole seconds"),
            ("1%:721h,100%", "30 days"),
            ("0%:10m,100%", "nobody"),
            ("1%:10m,100%:10m", "without one"),
            ("1%:10m,100%:10m,100%", "last step"),
            ("1%:10m,100%,100%", "last step"),
            ("5%", "--share 5%"),
            ("100%", "one step is none"),
            ("1:10m,100%", "such as 5%"),
            ("1%;10m,100%", "no part"),
        ] {
            let fault = read(wrong).unwrap_err();
            assert!(fault.contains(told), "{wrong:?}: {fault}");
        }
        let many: Vec<String> = (1..=21).map(|percent| format!("{percent}%:1m")).collect();
        assert!(read(&many.join(",")).unwrap_err().contains("20 are the most"));
    }
}

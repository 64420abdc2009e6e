//! What a candidate may cost: `faults > 0.1%`, `timeouts > +0.1%`, `p99 > x1.5`,
//! `refusals > +2%`, `refusals.closed_hours > 10%`, `refusals off`.

use std::fmt;
use std::str::FromStr;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Calls that the policy spoiled.
    Faults,
    /// Those of them that took longer than they may.
    Timeouts,
    /// Those that came to nothing because the host could not do its part, of all calls.
    Failed,
    /// The time that all calls but one in a hundred keep within.
    P99,
    /// The share of each refusal code that has no budget of its own.
    Refusals,
    /// The share of one refusal code.
    RefusalsOf(String),
}

/// How much is too much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Such a part of the candidate's calls: `0.1%`.
    Share(f64),
    /// So many points of percent more than the active release's: `+2%`.
    More(f64),
    /// Such a multiple of the active release's: `x1.5`. Of times only.
    Times(f64),
    /// So many microseconds more than the active release's: `+20ms`. Of times only.
    Longer(u64),
    /// Never: `off`.
    Off,
}

/// One line of a budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    pub metric: Metric,
    /// Parts are parts of 1.
    pub limit: Limit,
    /// Somebody asked for it for this trial; set by [`Budgets::with`].
    pub own: bool,
}

/// At most one of each metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Budgets(pub Vec<Budget>);

/// A refusal code and its length in bytes: the manifest's bounds are tighter.
const MOST_CODE: usize = 128;
/// The longest time that can be asked for.
const MOST_SECONDS: f64 = 3600.0;

impl Default for Budgets {
    fn default() -> Self {
        let budget = |metric, limit| Budget { metric, limit, own: false };
        Self(vec![
            budget(Metric::Faults, Limit::More(0.001)),
            budget(Metric::Timeouts, Limit::More(0.001)),
            budget(Metric::Failed, Limit::More(0.01)),
            budget(Metric::P99, Limit::Times(1.5)),
            budget(Metric::Refusals, Limit::More(0.02)),
        ])
    }
}

impl FromStr for Budget {
    type Err = String;

    /// The error ends a sentence: "is not …".
    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "is not a budget such as faults > 0.1%, timeouts > +0.1%, \
                            failed > +1%, p99 > x1.5, p99 > +20ms, refusals > +2%, \
                            refusals.CODE > 10% or refusals off";
        let text = text.trim();
        let (metric, limit) = match text.split_once('>') {
            Some((metric, limit)) => (metric.trim(), limit.trim()),
            None => (text.strip_suffix("off").ok_or(FORM)?.trim(), "off"),
        };
        let metric: Metric = metric.parse().map_err(|()| FORM)?;
        let limit = match (limit, &metric) {
            ("off", _) => Limit::Off,
            (limit, Metric::P99) => time(limit)?,
            (limit, _) => share(limit)?,
        };
        Ok(Self { metric, limit, own: false })
    }
}

impl FromStr for Metric {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let is_code = |code: &&str| {
            (1..=MOST_CODE).contains(&code.len())
                && code.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        };
        Ok(match name {
            "faults" => Self::Faults,
            "timeouts" => Self::Timeouts,
            "failed" => Self::Failed,
            "p99" => Self::P99,
            "refusals" => Self::Refusals,
            _ => {
                let code = name.strip_prefix("refusals.").filter(is_code).ok_or(())?;
                Self::RefusalsOf(code.to_owned())
            }
        })
    }
}

/// `0.1%` or `+2%`.
fn share(text: &str) -> Result<Limit, String> {
    const FORM: &str = "is not a budget: such a metric has a limit in percent such as 0.1% (of its \
                        calls) or +0.1% (more than of the active release's), from 0 to 100";
    let (more, number) = match text.strip_prefix('+') {
        Some(number) => (true, number),
        None => (false, text),
    };
    let percent = positive(number.strip_suffix('%').ok_or(FORM)?).ok_or(FORM)?;
    if percent > 100.0 {
        return Err(FORM.into());
    }
    let part = percent / 100.0;
    Ok(if more { Limit::More(part) } else { Limit::Share(part) })
}

/// `x1.5` or `+20ms`.
fn time(text: &str) -> Result<Limit, String> {
    const FORM: &str = "is not a budget: p99 has a limit such as x1.5 (times the active release's, \
                        from x1 to x100) or +20ms (longer, in ms or s)";
    if let Some(number) = text.strip_prefix(['x', '×']) {
        let times = positive(number).filter(|times| (1.0..=100.0).contains(times));
        return Ok(Limit::Times(times.ok_or(FORM)?));
    }
    let text = text.strip_prefix('+').ok_or(FORM)?;
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (text.strip_suffix('s').ok_or(FORM)?, 1.0),
    };
    let seconds = positive(number).ok_or(FORM)? * unit;
    if seconds > MOST_SECONDS {
        return Err(FORM.into());
    }
    let longer = std::time::Duration::from_secs_f64(seconds).as_micros();
    Ok(Limit::Longer(u64::try_from(longer).map_err(|_| FORM)?))
}

/// Digits with a dot or without: no sign, no exponent.
fn positive(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_number = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

impl FromStr for Budgets {
    type Err = String;

    /// Budgets with commas between them.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut budgets: Vec<Budget> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let budget: Budget =
                part.parse().map_err(|fault| format!("holds {part:?}, which {fault}"))?;
            if budgets.iter().any(|other| other.metric == budget.metric) {
                return Err(format!("names {} twice", budget.metric));
            }
            budgets.push(budget);
        }
        Ok(Self(budgets))
    }
}

impl Budgets {
    /// These, with those of a trial in the place of those of the same metric.
    #[must_use]
    pub fn with(&self, others: &[Budget]) -> Self {
        let own = others.iter().map(|other| Budget { own: true, ..other.clone() });
        self.over(&Self(own.collect()))
    }

    /// These, with others in the place of those of the same metric.
    #[must_use]
    pub fn over(&self, others: &Self) -> Self {
        let mut all = self.0.clone();
        for other in &others.0 {
            all.retain(|budget| budget.metric != other.metric);
            all.push(other.clone());
        }
        Self(all)
    }

    /// The budget of a metric; a refusal code without one of its own has that of all.
    pub fn of(&self, metric: &Metric) -> Option<&Budget> {
        let find = |metric: &Metric| self.0.iter().find(|budget| budget.metric == *metric);
        let own = find(metric);
        match metric {
            Metric::RefusalsOf(_) => own.or_else(|| find(&Metric::Refusals)),
            _ => own,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults => formatter.write_str("faults"),
            Self::Timeouts => formatter.write_str("timeouts"),
            Self::Failed => formatter.write_str("failed"),
            Self::P99 => formatter.write_str("p99"),
            Self::Refusals => formatter.write_str("refusals"),
            Self::RefusalsOf(code) => write!(formatter, "refusals.{code}"),
        }
    }
}

/// As a budget says it.
impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 0.1 % as a part of 1 is no round number: no more digits than anybody writes.
        let percent = |part: f64| (part * 1e8).round() / 1e6;
        match *self {
            Self::Share(part) => write!(formatter, "{}%", percent(part)),
            Self::More(part) => write!(formatter, "+{}%", percent(part)),
            Self::Times(times) => write!(formatter, "x{times}"),
            Self::Longer(micros) => {
                let milliseconds = std::time::Duration::from_micros(micros).as_secs_f64() * 1e3;
                write!(formatter, "+{milliseconds}ms")
            }
            Self::Off => formatter.write_str("off"),
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Limit::Off => write!(formatter, "{} off", self.metric),
            limit => write!(formatter, "{} > {limit}", self.metric),
        }
    }
}

#[cfg(test)]
mod tests;

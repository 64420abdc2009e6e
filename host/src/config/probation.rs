//! When a fresh release of a policy counts as bad.

use super::reader::Reader;
use super::values::{between, number};
use crate::policy::health::ProbationSettings;

impl Reader<'_> {
    /// How many calls, and which part of them, a release on probation may spoil.
    pub(super) fn probation(&mut self) -> ProbationSettings {
        let default = ProbationSettings::default();
        ProbationSettings {
            faults: self.value(
                "POLICY_PROBATION_FAULTS",
                default.faults,
                between(1, 1_000_000, number),
            ),
            share_percent: self.value(
                "POLICY_PROBATION_SHARE",
                default.share_percent,
                between(0.01, 100.0, percent),
            ),
        }
    }
}

/// A number of percent, with its sign or without: `0.5`, `0.5%`.
fn percent(text: &str) -> Result<f64, String> {
    const FORM: &str = "is not a number of percent such as 0.5";
    let number: f64 = text.trim_end_matches('%').trim_end().parse().map_err(|_| FORM)?;
    if number.is_finite() { Ok(number) } else { Err(FORM.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_number_of_percent() {
        assert_eq!(percent("0.5"), Ok(0.5));
        assert_eq!(percent("2 %"), Ok(2.0));
        for text in ["", "%", "half", "NaN", "inf", "0,5"] {
            percent(text).unwrap_err();
        }
        between(0.01, 100.0, percent)("101").unwrap_err();
        between(0.01, 100.0, percent)("0").unwrap_err();
    }
}

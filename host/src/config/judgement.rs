//! When a candidate, or a fresh release of a policy, counts as bad, and when as good.

use super::reader::Reader;
use super::values::{between, number};
use crate::policy::judgement::{Budgets, JudgementSettings};

/// Settings of the simpler rule that the judgement replaced.
const GONE: [&str; 2] = ["POLICY_PROBATION_FAULTS", "POLICY_PROBATION_SHARE"];

impl Reader<'_> {
    /// What a release may cost, and how many calls tell that it is good.
    pub(super) fn judgement(&mut self) -> JudgementSettings {
        let default = JudgementSettings::default();
        let given: Budgets = self.value("POLICY_JUDGEMENT", Budgets(Vec::new()), str::parse);
        JudgementSettings {
            budgets: default.budgets.over(&given),
            least_calls: self.value(
                "POLICY_JUDGEMENT_LEAST",
                default.least_calls,
                between(1, 10_000_000, number),
            ),
        }
    }

    /// Settings that do nothing any more, as far as they are set.
    pub(super) fn gone(&self) -> Vec<&'static str> {
        GONE.into_iter().filter(|name| self.given(name).is_some()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (JudgementSettings, Vec<&'static str>, Vec<String>) {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let source: HashMap<String, String> = pairs.iter().map(pair).collect();
        let mut reader = Reader { source: &source, faults: Vec::new() };
        let settings = reader.judgement();
        (settings, reader.gone(), reader.faults)
    }

    #[test]
    fn budgets_take_the_place_of_the_usual_ones_of_the_same_metric() {
        assert_eq!(read(&[]), (JudgementSettings::default(), Vec::new(), Vec::new()));
        let (settings, _, faults) =
            read(&[("POLICY_JUDGEMENT", "p99 off, faults > 1%"), ("POLICY_JUDGEMENT_LEAST", "50")]);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(settings.least_calls, 50);
        let budgets: Vec<String> = settings.budgets.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            budgets,
            ["timeouts > +0.1%", "failed > +1%", "refusals > +2%", "p99 off", "faults > 1%",]
        );
        assert!(settings.budgets.0.iter().all(|budget| !budget.own));
    }

    #[test]
    fn what_is_no_budget_is_told_with_what_would_be() {
        let (_, _, faults) =
            read(&[("POLICY_JUDGEMENT", "faults > much"), ("POLICY_JUDGEMENT_LEAST", "0")]);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("0.1% (of its calls)"), "{}", faults[0]);
    }

    #[test]
    fn settings_of_the_simpler_rule_are_named_if_they_are_still_set() {
        let (_, gone, faults) =
            read(&[("POLICY_PROBATION_SHARE", "0.5"), ("POLICY_PROBATION_FAULTS", "")]);
        assert_eq!((gone, faults.len()), (vec!["POLICY_PROBATION_SHARE"], 0));
    }
}

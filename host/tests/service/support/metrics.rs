//! Prometheus' text format, read back.

use std::collections::BTreeMap;

use super::exposition;

/// One scrape.
pub(crate) struct Metrics(Vec<Series>);

/// One line of it.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    /// Whole: of what the tests look at nothing else is.
    pub(crate) value: u64,
}

impl Metrics {
    /// Reads it strictly: every test that looks at a scrape finds what would spoil it.
    #[track_caller]
    pub(crate) fn parse(text: &str) -> Self {
        Self(exposition::read(text).unwrap_or_else(|fault| panic!("{fault}:\n{text}")))
    }

    /// All series of a name.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Series> {
        self.0.iter().filter(move |series| series.name == name)
    }

    /// The series of a name that carry these labels.
    pub(crate) fn matching(&self, name: &str, labels: &[(&str, &str)]) -> Vec<&Series> {
        self.named(name)
            .filter(|series| {
                labels
                    .iter()
                    .all(|(label, value)| series.labels.get(*label).is_some_and(|own| own == value))
            })
            .collect()
    }

    /// The sum of the series of a name that carry these labels; 0 where there is none.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.matching(name, labels).iter().map(|series| series.value).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Series> {
        self.0.iter()
    }
}

//! Prometheus' text format, read back.

use std::collections::BTreeMap;

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
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            text.lines()
                .filter(|line| !line.starts_with('#') && !line.is_empty())
                .map(series)
                .collect(),
        )
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are whole and not negative"
)]
fn series(line: &str) -> Series {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels =
        labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty()).map(|label| {
            let (name, value) = label.split_once("=\"").unwrap();
            (name.to_owned(), value.trim_end_matches('"').to_owned())
        });
    Series {
        name: name.to_owned(),
        labels: labels.collect(),
        value: value.parse::<f64>().unwrap() as u64,
    }
}

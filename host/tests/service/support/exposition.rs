//! Prometheus' text format, read strictly: what Prometheus itself would refuse, or would take for
//! something else, is a fault. So a name that a policy chose cannot spoil a scrape unseen.

use std::collections::{BTreeMap, BTreeSet};

use super::Series;

type Labels = BTreeMap<String, String>;

/// What stands between one `# HELP` and the next.
struct Family {
    name: String,
    kind: String,
    samples: Vec<(String, Labels, f64)>,
}

/// Every sample of a scrape, or the first fault.
pub(super) fn read(text: &str) -> Result<Vec<Series>, String> {
    let lines = text.strip_suffix('\n').ok_or("the last line has no end")?.split('\n');
    let mut families: Vec<Family> = Vec::new();
    let mut helped = None;
    for line in lines {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, _help) = rest.split_once(' ').ok_or(format!("no help: {line}"))?;
            if let Some(before) = helped.replace(name) {
                return Err(format!("{before} has no type"));
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or(format!("no kind: {line}"))?;
            let known = ["counter", "gauge", "histogram"].contains(&kind);
            if helped.take() != Some(name) || !known || !is_name(name) {
                return Err(format!("a type that does not fit: {line}"));
            }
            let (name, kind) = (name.to_owned(), kind.to_owned());
            families.push(Family { name, kind, samples: Vec::new() });
        } else {
            let family = families.last_mut().filter(|_| helped.is_none());
            let family = family.ok_or(format!("a sample of no family: {line}"))?;
            family.samples.push(sample(line).ok_or(format!("no sample: {line:?}"))?);
        }
    }
    let mut owned = BTreeSet::new();
    for family in &families {
        for name in family.names() {
            if !owned.insert(name.clone()) {
                return Err(format!("two families own {name}"));
            }
        }
        family.check().map_err(|fault| format!("{}: {fault}", family.name))?;
    }
    Ok(families.into_iter().flat_map(|family| family.samples).map(series).collect())
}

impl Family {
    /// The names that belong to it, whether it uses them or not.
    fn names(&self) -> Vec<String> {
        let suffixes: &[&str] = match self.kind.as_str() {
            "histogram" => &["", "_bucket", "_sum", "_count"],
            _ => &[""],
        };
        suffixes.iter().map(|suffix| format!("{}{suffix}", self.name)).collect()
    }

    fn check(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for (name, labels, value) in &self.samples {
            let fits = match self.kind.as_str() {
                "histogram" => *name != self.name && self.names().contains(name),
                _ => *name == self.name,
            };
            if !fits || labels.contains_key("le") != name.ends_with("_bucket") {
                return Err(format!("{name} {labels:?} does not belong to it"));
            }
            if !seen.insert((name, labels)) {
                return Err(format!("{name} {labels:?} stands there twice"));
            }
            if !value.is_finite() || (self.kind != "gauge" && *value < 0.0) {
                return Err(format!("{name} {labels:?} is {value}"));
            }
        }
        if self.kind == "histogram" { self.check_histogram() } else { Ok(()) }
    }

    /// Each of its series has all of its lines, and buckets that only grow.
    fn check_histogram(&self) -> Result<(), String> {
        let mut buckets: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        let mut rest: BTreeMap<(&str, &Labels), f64> = BTreeMap::new();
        for (name, labels, value) in &self.samples {
            let mut labels_of_series = labels.clone();
            if let Some(bound) = labels_of_series.remove("le") {
                let bound = number(&bound).ok_or(format!("le is {bound:?}"))?;
                buckets.entry(labels_of_series).or_default().push((bound, *value));
            } else {
                rest.insert((name, labels), *value);
            }
        }
        for (labels, buckets) in &buckets {
            let grow = buckets.is_sorted_by(|(low, few), (high, many)| low < high && few <= many);
            let last = buckets.last().filter(|(bound, _)| *bound == f64::INFINITY);
            let (sum, count) = (format!("{}_sum", self.name), format!("{}_count", self.name));
            let count = rest.get(&(count.as_str(), labels));
            let has_sum = rest.contains_key(&(sum.as_str(), labels));
            if !grow || !has_sum || last.map(|(_, count)| count) != count {
                return Err(format!("the histogram {labels:?} contradicts itself"));
            }
        }
        if rest.len() != 2 * buckets.len() {
            return Err("a sum or a count without buckets".into());
        }
        Ok(())
    }
}

/// `name{label="value",…} number`, without a time and without a space too many.
fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let name_ends = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(name_ends);
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            if !is_label(label) || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            rest = after.strip_prefix(',').or(after.starts_with('}').then_some(after))?;
        }
        rest = &rest[1..];
    }
    let value = number(rest.strip_prefix(' ')?)?;
    is_name(name).then(|| (name.to_owned(), labels, value))
}

/// A quoted text up to its end, and what follows. A quotation mark, a backslash and the end of a
/// line are escaped, and nothing else is.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            plain => value.push(plain),
        }
    }
    None
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        _ => {
            text.parse().ok().filter(|_| text.bytes().all(|byte| b"0123456789.e-".contains(&byte)))
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == ':')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

fn is_label(text: &str) -> bool {
    is_name(text) && !text.contains(':') && !text.starts_with("__")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are whole and not negative"
)]
fn series((name, labels, value): (String, Labels, f64)) -> Series {
    Series { name, labels, value: value as u64 }
}

#[test]
fn a_scrape_that_prometheus_would_misread_is_refused() {
    let counter = "# HELP a A.\n# TYPE a counter\n";
    let histogram = "# HELP h H.\n# TYPE h histogram\n";
    let whole = "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n";
    let good = format!("{counter}a{{b=\"c\\n\\\"\\\\\",}} 1\na 2.5\n{histogram}{whole}");
    assert_eq!(read(&good).map(|series| series.len()), Ok(6));
    let bad = [
        format!("{counter}a 1"),
        format!("{counter}a 1\n\n"),
        format!("{counter}a  1\n"),
        format!("{counter}a NaN\n"),
        format!("{counter}a inf\n"),
        format!("{counter}a -1\n"),
        format!("{counter}a 1\na 1\n"),
        format!("{counter}b 1\n"),
        format!("{counter}a{{b=\"c\"}}\n"),
        format!("{counter}a{{b=\"c\\d\"}} 1\n"),
        format!("{counter}a{{b=\"c\",b=\"d\"}} 1\n"),
        format!("{counter}a{{__b=\"c\"}} 1\n"),
        format!("{counter}a{{le=\"1\"}} 1\n"),
        format!("{counter}a{{b=\"c\nd\"}} 1\n"),
        format!("{counter}a 1\n{counter}a 1\n"),
        "# TYPE a counter\na 1\n".to_owned(),
        format!("{histogram}{whole}# HELP h_sum S.\n# TYPE h_sum counter\nh_sum 1\n"),
        format!("# HELP h_count C.\n# TYPE h_count counter\nh_count 1\n{histogram}{whole}"),
        format!("{histogram}h_bucket{{le=\"+Inf\"}} 2\nh_count 2\n"),
        format!("{histogram}h_bucket{{le=\"+Inf\"}} 2\nh_sum 1\nh_count 3\n"),
        format!(
            "{histogram}h_bucket{{le=\"1\"}} 2\nh_bucket{{le=\"+Inf\"}} 1\nh_sum 1\nh_count 1\n"
        ),
        format!("{histogram}h 1\n"),
    ];
    for text in bad {
        assert!(read(&text).is_err(), "taken: {text}");
    }
}

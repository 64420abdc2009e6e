//! The forms of values: durations and addresses as Go writes them (deployments already do), lists,
//! booleans.

use std::net::SocketAddr;
use std::time::Duration;

pub use crate::clock::end_of;

/// A duration as Go's `time.ParseDuration` reads it: `300ms`, `1.5h`, `2h45m`, `0`. Negative
/// durations are refused.
pub fn duration(text: &str) -> Result<Duration, String> {
    const FORM: &str = "is not a duration such as 5s, 30m or 1h30m";
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(FORM)?;
        let number: f64 = rest[..digits].parse().map_err(|_| FORM)?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += number
            * match &rest[..end] {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return Err(FORM.into()),
            };
        rest = &rest[end..];
    }
    if text.is_empty() {
        return Err(FORM.into());
    }
    Duration::try_from_secs_f64(total).map_err(|_| FORM.into())
}

/// A socket address; as in Go, an empty host (`:7971`) stands for all interfaces (of IPv4).
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let full = match text.strip_prefix(':') {
        Some(port) => format!("0.0.0.0:{port}"),
        None => text.replacen("localhost:", "127.0.0.1:", 1),
    };
    full.parse().map_err(|_| "is not an address such as 127.0.0.1:7971 or :7971".into())
}

pub(super) fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "is not a whole number in range".into())
}

/// Nothing else counts as one of them: a misspelt word must not turn something off.
pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("is neither true nor false".to_owned()),
    }
}

/// A comma-separated list of networks (`10.0.0.0/8,192.168.1.7`).
pub(super) fn networks(text: &str) -> Result<Vec<ipnet::IpNet>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let single =
                || part.parse().map(|address: std::net::IpAddr| ipnet::IpNet::from(address));
            part.parse()
                .or_else(|_| single())
                .map_err(|_| format!("holds {part:?}, which is no network such as 10.0.0.0/8"))
        })
        .collect()
}

/// A filter of log lines in the syntax of `RUST_LOG`.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let filter = tracing_subscriber::EnvFilter::try_new(text);
    filter
        .map(|_| text.to_owned())
        .map_err(|_| "is not a filter such as info or auth_host=debug".into())
}

/// Refuses a value outside `least..=most`.
pub(super) fn between<T: PartialOrd + Copy + std::fmt::Debug>(
    least: T,
    most: T,
    parse: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let value = parse(text)?;
        if value < least || value > most {
            Err(format!("must be from {least:?} to {most:?}"))
        } else {
            Ok(value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        assert_eq!(duration("168h"), Ok(Duration::from_hours(168)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for wrong in ["", "5", "s", "-5s", "5 s", "5d", "1h30", "1e3s", "99999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong:?} was taken for a duration");
        }
    }

    #[test]
    fn a_day_lasts_until_its_end_and_a_moment_is_itself() {
        assert_eq!(end_of("1970-01-01"), Ok(86_400_000));
        assert_eq!(end_of("2027-01-31"), end_of("2027-02-01T00:00:00Z"));
        assert_eq!(end_of("1970-01-01T01:00:00.5+01:00"), Ok(500));
        for wrong in [
            "",
            "tomorrow",
            "2027-02-30",
            "31.01.2027",
            "2027-01-31T18:00",
            "2027-1-31",
            "1801526400",
        ] {
            assert!(end_of(wrong).is_err(), "{wrong:?} was taken for a day or a moment");
        }
    }

    #[test]
    fn an_address_without_a_host_means_all_interfaces() {
        assert_eq!(address(":7971"), Ok("0.0.0.0:7971".parse().unwrap()));
        assert_eq!(address("localhost:80"), Ok("127.0.0.1:80".parse().unwrap()));
        assert!(address("7971").is_err());
    }
}

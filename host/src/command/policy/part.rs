//! Parts of all calls or of all people: `5%` as somebody writes it, `5 %` as it is told.

use std::fmt;
use std::str::FromStr;

use crate::store::registry::WHOLE;

/// In hundredths of a percent, so that nothing is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part(pub u32);

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is no part: write it in percent, such as 5% or 0.25%");
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.strip_suffix('%').ok_or_else(form)?;
        let (whole, more) = number.split_once('.').unwrap_or((number, "0"));
        if !digits(whole) || !digits(more) || whole.len() > 5 {
            return Err(form());
        }
        if more.len() > 2 {
            return Err(format!("{text} has more than two decimals: 0.01% is the smallest part"));
        }
        let whole: u32 = whole.parse().map_err(|_| form())?;
        let more: u32 = format!("{more:0<2}").parse().map_err(|_| form())?;
        let hundredths = whole * 100 + more;
        if hundredths > WHOLE {
            return Err(format!("{text} is more than all: it ends at 100%"));
        }
        Ok(Self(hundredths))
    }
}

impl Part {
    /// As the admin API takes it.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// As somebody would write it.
impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}%", number(self.percent()))
    }
}

/// `5 %`, `0.25 %`: with as many decimals as it has, at most two.
pub(super) fn told(percent: f64) -> String {
    format!("{} %", number(percent))
}

fn number(percent: f64) -> String {
    let text = format!("{percent:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_written_in_percent_with_at_most_two_decimals() {
        for (text, hundredths) in [
            ("5%", 500),
            ("0.25%", 25),
            ("0.5%", 50),
            ("12.05%", 1_205),
            ("100%", 10_000),
            ("100.00%", 10_000),
            ("0.01%", 1),
            ("0%", 0),
        ] {
            assert_eq!(text.parse(), Ok(Part(hundredths)), "{text}");
        }
        for wrong in [
            "",
            "%",
            "5",
            "0.05",
            "5 %",
            " 5%",
            "5%%",
            "-5%",
            "+5%",
            ".5%",
            "5.%",
            "1e1%",
            "5,5%",
            "0.125%",
            "100.01%",
            "101%",
            "99999999999%",
            "NaN%",
            "five%",
            "٥%",
        ] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong:?} was taken");
        }
        assert!("5".parse::<Part>().unwrap_err().contains("such as 5%"));
        assert!("0.125%".parse::<Part>().unwrap_err().contains("two decimals"));
    }

    #[test]
    fn a_part_is_told_without_needless_decimals() {
        assert_eq!(
            [5.0, 0.25, 12.5, 100.0, 0.1 + 0.2].map(told),
            ["5 %", "0.25 %", "12.5 %", "100 %", "0.3 %"]
        );
        assert_eq!(Part(25).to_string(), "0.25%");
    }
}

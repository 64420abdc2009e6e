//! Break glass: what a place serves on this replica whatever the registry says, given by a setting
//! at the start.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::export_fault::ExportFault;
use crate::contract::Slot;
use crate::policy::admission::FileFault;

/// What a place is pinned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// A release of the registry, such as `login/41`.
    Release { slot: Slot, number: i64 },
    /// The file of an exported release: no registry is needed.
    File(PathBuf),
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_path = text.starts_with(['/', '.']);
        let parts = text.split_once('/').filter(|(_, number)| {
            !is_path && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        let Some((place, number)) = parts else { return Ok(Self::File(PathBuf::from(text))) };
        let slot = Slot::ALL.into_iter().find(|slot| slot.as_str() == place);
        let slot = slot.ok_or_else(|| {
            format!("{text}: there is no place {place}; places are register, login and refresh")
        })?;
        let number = number.parse().ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| format!("{text} is no number of a release"))?;
        Ok(Self::Release { slot, number })
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release { slot, number } => write!(formatter, "{slot}/{number}"),
            Self::File(file) => write!(formatter, "{}", file.display()),
        }
    }
}

/// Why a pin cannot be kept: the host does not start, rather than serve something else.
#[derive(Debug, thiserror::Error)]
pub enum PinFault {
    #[error("POLICY_PIN: {0}. Check the path, its owner and its mode")]
    File(#[from] FileFault),
    #[error("POLICY_PIN: {file}: {fault}. {}", .fault.remedy())]
    Export { file: String, fault: ExportFault },
    #[error("POLICY_PIN: {file} is a release of the place {place}, which this host does not have")]
    Place { file: String, place: String },
    #[error("POLICY_PIN: {pin} cannot serve: {}", .reasons.join(" "))]
    Refused { pin: String, reasons: Vec<String> },
    #[error("POLICY_PIN pins the place {0} twice. Name it once")]
    Twice(Slot),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_a_release_or_a_file() {
        let login = |number| Pin::Release { slot: Slot::Login, number };
        assert_eq!("login/41".parse(), Ok(login(41)));
        for file in ["/var/lib/41", "./login/41", "login.release", "releases/login/41", "login/x"] {
            assert_eq!(file.parse(), Ok(Pin::File(file.into())), "{file}");
        }
        for wrong in ["logout/41", "login/0", "login/99999999999999999999"] {
            assert!(wrong.parse::<Pin>().is_err(), "{wrong}");
        }
        assert_eq!(login(41).to_string(), "login/41");
    }
}

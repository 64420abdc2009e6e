//! Settings of who is trusted to make policies.

use std::path::PathBuf;

use super::reader::Reader;
use crate::contract::PerSlot;
use crate::policy::trust::{TrustSettings, Unsigned};

pub(super) fn trust(read: &mut Reader<'_>, local: bool) -> TrustSettings {
    let all = Unsigned { directory: local, push: local };
    TrustSettings {
        keys: read.given("POLICY_TRUSTED_KEYS").map(PathBuf::from),
        needed: PerSlot::from_fn(|_| 1),
        unsigned: read.value("POLICY_UNSIGNED", all, unsigned),
        anybody: local,
    }
}

fn unsigned(text: &str) -> Result<Unsigned, String> {
    let mut taken = Unsigned::default();
    for word in text.split(',').map(str::trim) {
        match word {
            "directory" => taken.directory = true,
            "push" => taken.push = true,
            "none" => {}
            _ => return Err("must be none, or directory, push or both".to_owned()),
        }
    }
    Ok(taken)
}

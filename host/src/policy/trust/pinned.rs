//! What a start is told of who signed what a file of exported releases holds (`POLICY_PIN`). The
//! registry here may have another release of that number, or none.

use super::gate::Gate;
use super::judge::{Called, statement_of};
use super::verdict::Trust;
use crate::contract::Identity;
use crate::signatures::Signature;
use crate::store::registry::Source;

impl Gate {
    /// What the signatures in a file of exported releases come to.
    pub fn of_file(&self, file: &str, identity: &Identity, signatures: &[Signature]) -> Trust {
        let how_to_sign = format!(
            "Sign it where it was exported (auth-host policy sign {}/{} --key KEY), and export it \
             anew",
            identity.slot, identity.release
        );
        let called = Called { name: file, how_to_sign: Some(&how_to_sign) };
        let of = statement_of(&identity.digest, &identity.manifest);
        self.judge(called, &of, signatures, Source::Import)
    }
}

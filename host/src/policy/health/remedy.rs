//! What the author of a policy does about a call that it spoiled: the end of each line of the log
//! that tells of one.

use super::Cause;

impl Cause {
    /// A sentence for the policy's author. `detail` is the engine's: a cause of several kinds is
    /// told apart by its words, and a word that changes costs precision and nothing else.
    pub fn remedy(self, detail: &str) -> &'static str {
        let says = |words: &[&str]| words.iter().any(|word| detail.contains(word));
        match self {
            Self::Panic => {
                "Find the place in the line before this one (the SDK logs it), and return a \
                 refusal or a failure there."
            }
            Self::Deadline => {
                "Find the loop: bound it by what it needs at most, and do less in a call."
            }
            Self::Memory => {
                "Find what grows with the input or in a loop, and bound it; keep rows in storage."
            }
            Self::StackOverflow => "Find the recursion, and bound its depth or make it a loop.",
            Self::HostCalls => {
                "Find the loop around a host call: end it at the first failure `limit`, and hand \
                 over less."
            }
            Self::Contract
                if says(&["handle limit exceeded", "no free keys", "another handle"]) =>
            {
                "It holds too many handles: drop each one (a caller, an account, a refusal) when \
                 it is no longer needed, and make none in a loop."
            }
            Self::Contract if says(&["too much data"]) => {
                "It hands too much to a host call: cut texts, lists and bytes before it passes \
                 them on."
            }
            Self::Contract => {
                "Use bindings that a released tool made from wit/policy.wit, and no handle after \
                 it was dropped or given away."
            }
            Self::Decision => {
                "Decide as wit/policy.wit says at `acceptance` and `refusal`: refuse what the \
                 detail names, or declare it in the manifest."
            }
            Self::Failure => {
                "Stay within the bound, or do first what the text asks for; or answer this \
                 failure with a refusal instead of passing it on."
            }
            Self::Trap => {
                "Find the place by the backtrace in the detail; in Rust, memory out of bounds is \
                 most often a recursion without end."
            }
        }
    }
}

//! What a crowd was answered.

use std::collections::BTreeMap;
use std::time::Duration;

/// So many failures are told in words.
const TOLD: usize = 20;

/// What came of all requests.
#[derive(Default, Clone)]
pub(crate) struct Tally {
    /// Requests that got what they should.
    pub(crate) right: usize,
    /// Requests that did not, and the first of them in words.
    pub(crate) failed: usize,
    failures: Vec<String>,
    /// Requests that a release failed which was made to fail them.
    pub(crate) harmed: usize,
    /// Requests that a replica left unanswered which was told to stop, or killed.
    pub(crate) cut: usize,
    /// How long right answers took, by what was going on and the endpoint.
    pub(crate) times: BTreeMap<(&'static str, &'static str), Vec<Duration>>,
}

impl Tally {
    pub(super) fn fail(&mut self, what: String) {
        self.failed += 1;
        if self.failures.len() < TOLD {
            self.failures.push(what);
        }
    }

    /// In one line.
    pub(crate) fn summary(&self) -> String {
        let Self { right, failed, harmed, cut, .. } = self;
        format!(
            "{} requests: {right} right, {failed} failed, {harmed} harmed by a release that was \
             made to, {cut} cut off by replicas that were told to stop or killed",
            right + failed + harmed + cut
        )
    }

    /// Fails the test if a request failed.
    #[track_caller]
    pub(crate) fn is_good(&self) {
        assert_eq!(self.failed, 0, "{}\n{}", self.summary(), self.failures.join("\n"));
    }

    /// The time within which such a share was answered.
    pub(crate) fn time(
        &self,
        during: &'static str,
        endpoint: &'static str,
        share: f64,
    ) -> Option<Duration> {
        share_of(self.times.get(&(during, endpoint))?, share)
    }
}

/// The time that such a share did not exceed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rank"
)]
pub(crate) fn share_of(times: &[Duration], share: f64) -> Option<Duration> {
    let mut times = times.to_vec();
    times.sort_unstable();
    let rank = (times.len() as f64 * share).ceil() as usize;
    times.get(rank.saturating_sub(1)).copied()
}

//! What must have happened so that the storm was one: no force may vanish unseen, refused at the
//! door or over before anybody looked.

use std::collections::BTreeMap;

use super::scene::{Scale, Tally};

/// The kind under which the service's own figures are noted: the highest that was seen of each.
pub(super) const FIGURES: &str = "service's figures";
pub(super) const IN_ADMISSION: &str = "looks at it in admission";
pub(super) const OUT_OF_TIME: &str = "loops cut off";
pub(super) const CONNECTIONS: &str = "connections";
pub(super) const FOR_ROOM: &str = "closed for room";
/// What strangers' connections come to that had a place for a while.
pub(super) const HELD: &str = "held";

/// The service's own bound, unless a setting says otherwise.
const PLACES: usize = 4096;

/// So much of it there must be.
pub(super) struct Force {
    pub(super) kind: &'static str,
    /// Any of these.
    pub(super) outcomes: &'static [&'static str],
    pub(super) least: usize,
}

/// All forces of a storm, and the people that it is about.
pub(super) fn all(scale: &Scale) -> Vec<Force> {
    let clients = scale.crawling + scale.idle;
    let logins = scale.logins as usize;
    let force = |kind, outcomes, least| Force { kind, outcomes, least };
    vec![
        force("refresh", &["200"], scale.sessions),
        force("register", &["200"], 5),
        force("healthz", &["200"], 10),
        force("crawlers' connections", &[HELD], scale.crawling / 2),
        force("idle connections", &[HELD], scale.idle / 5),
        // Held by the service, and not only by the kernel's queue in front of it.
        force(FIGURES, &[CONNECTIONS], clients.min(PLACES) / 2),
        force("login flood", &["401", "429", "503"], logins),
        force("login flood", &["401"], logins.min(5)),
        force("login flood", &["429", "503"], logins.min(10)),
        force("loops", &["503"], scale.loops),
        force(FIGURES, &[OUT_OF_TIME], scale.loops * 2),
        force(FIGURES, &[IN_ADMISSION], usize::from(scale.compile_mebibytes > 0)),
    ]
}

/// Those that did not act, in words.
pub(super) fn missing(tallies: &BTreeMap<&'static str, Tally>, scale: &Scale) -> Vec<String> {
    let seen = |force: &Force| -> usize {
        let of = |outcome| tallies.get(force.kind)?.outcomes.get(outcome).copied();
        force.outcomes.iter().filter_map(|&outcome| of(outcome)).sum()
    };
    let missing = all(scale).into_iter().filter(|force| seen(force) < force.least);
    missing
        .map(|force| {
            let Force { kind, outcomes, least } = &force;
            format!("no storm: {kind} {outcomes:?}: {} of {least}", seen(&force))
        })
        .collect()
}

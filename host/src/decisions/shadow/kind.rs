//! What came of a shadow, as it is counted: a kind. None tells more than decisions, codes that a
//! manifest declares, and words of the host's own.

use std::fmt;

use super::upshot::{Decided, PARTS, Upshot};
use crate::policy::health::Cause;

/// What came of a shadow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Same,
    /// The two decided otherwise, or granted or wrote something else.
    Differs(String),
    /// The candidate spoiled a call that the active release did not.
    Fault(Cause),
    /// It asked what cannot be answered as it was then.
    NotComparable(&'static str),
    /// It did not run.
    Skipped(&'static str),
}

impl Kind {
    /// Compares what the active release's call came to with the candidate's.
    pub(super) fn of(active: &Upshot, candidate: &Upshot) -> Self {
        match (&active.decided, &candidate.decided) {
            // Which of its bounds each ran into says little: nobody got a decision.
            (Decided::Fault(_), Decided::Fault(_)) => Self::Same,
            (_, Decided::Fault(cause)) => Self::Fault(*cause),
            (active, candidate) if active != candidate => {
                Self::Differs(format!("{} → {}", word(active), word(candidate)))
            }
            _ => Self::of_parts(active, candidate),
        }
    }

    /// The decision is the same.
    fn of_parts(active: &Upshot, candidate: &Upshot) -> Self {
        let parts = PARTS.iter().zip(active.parts.iter().zip(&candidate.parts));
        let differ: Vec<&str> = parts.filter(|(_, (a, b))| a != b).map(|(name, _)| *name).collect();
        if !differ.is_empty() {
            Self::Differs(differ.join(" + "))
        } else if active.message == candidate.message {
            Self::Same
        } else {
            Self::Differs("message".into())
        }
    }

    /// The part before the colon, which the metric counts by.
    pub(super) const fn class(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs(_) => "differs",
            Self::Fault(_) => "fault",
            Self::NotComparable(_) => "not_comparable",
            Self::Skipped(_) => "skipped",
        }
    }

    /// Whether somebody may want to look a call of it up.
    pub(super) const fn is_sampled(&self) -> bool {
        matches!(self, Self::Differs(_) | Self::Fault(_) | Self::NotComparable(_))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.class();
        match self {
            Self::Same => formatter.write_str(class),
            Self::Differs(what) => write!(formatter, "{class}:{what}"),
            Self::Fault(cause) => write!(formatter, "{class}:{}", cause.as_str()),
            Self::NotComparable(why) | Self::Skipped(why) => write!(formatter, "{class}:{why}"),
        }
    }
}

fn word(decided: &Decided) -> &str {
    match decided {
        Decided::Accepted => "accepted",
        Decided::Refused(code) => code,
        Decided::Fault(_) => "fault",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Decided {
        Decided::Refused(code.into())
    }

    /// An acceptance that differs from the plain one in these parts.
    fn accepted(differ: &[&str]) -> Upshot {
        let mut upshot = Upshot::plain(Decided::Accepted);
        for (part, name) in upshot.parts.iter_mut().zip(PARTS) {
            *part = u64::from(differ.contains(&name));
        }
        upshot
    }

    #[test]
    fn two_decisions_are_of_one_kind() {
        use Decided::{Accepted, Fault};
        let table = [
            (Accepted, Accepted, "same"),
            (refused("busy"), refused("busy"), "same"),
            (Accepted, refused("captcha_required"), "differs:accepted → captcha_required"),
            (refused("throttled"), Accepted, "differs:throttled → accepted"),
            (refused("throttled"), refused("closed"), "differs:throttled → closed"),
            (Accepted, Fault(Cause::Panic), "fault:panic"),
            (refused("throttled"), Fault(Cause::Decision), "fault:decision"),
            (Fault(Cause::Panic), Accepted, "differs:fault → accepted"),
            (Fault(Cause::Panic), refused("closed"), "differs:fault → closed"),
            (Fault(Cause::Panic), Fault(Cause::Memory), "same"),
        ];
        for (active, candidate, kind) in table {
            let told = Kind::of(&Upshot::plain(active), &Upshot::plain(candidate)).to_string();
            assert_eq!(told, kind);
        }
    }

    #[test]
    fn with_the_same_decision_each_part_has_its_kind_and_several_are_joined_in_one_order() {
        for part in PARTS {
            let told = Kind::of(&accepted(&[]), &accepted(&[part])).to_string();
            assert_eq!(told, format!("differs:{part}"));
        }
        let several = Kind::of(&accepted(&["events"]), &accepted(&["writes", "claims"]));
        assert_eq!(several.to_string(), "differs:claims + writes + events");
        let all = Kind::of(&accepted(&[]), &accepted(&PARTS)).to_string();
        assert!(all.len() <= 160, "a kind of {} bytes: {all}", all.len());
    }

    #[test]
    fn a_message_is_told_only_if_nothing_else_differs() {
        let other = |mut upshot: Upshot| {
            upshot.message = 1;
            upshot
        };
        let (plain, refused) = (accepted(&[]), Upshot::plain(refused("closed")));
        let told = Kind::of(&refused, &other(refused.clone()));
        assert_eq!(told.to_string(), "differs:message");
        let told = Kind::of(&plain, &other(accepted(&["fields"])));
        assert_eq!(told.to_string(), "differs:fields");
    }
}

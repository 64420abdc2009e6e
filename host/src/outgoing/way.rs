//! The turns of one request: a redirect leads from one origin to another, and each origin has its
//! own turn, circuit and figures.

use std::sync::Arc;

use tokio::time::Instant;

use super::outcome::Outcome;
use super::turn::{NoTurn, Turn, Turns};

/// Where a request is, and by when it ends.
pub(super) struct Way {
    turns: Arc<Turns>,
    ends: Instant,
    /// Who is asked, or would have been.
    origin: String,
    /// None: there is none at this origin.
    turn: Option<Turn>,
}

impl Way {
    pub(super) fn begin(turns: &Arc<Turns>, origin: &str, ends: Instant) -> Result<Self, NoTurn> {
        let turn = turns.take(origin.to_owned(), ends.saturating_duration_since(Instant::now()))?;
        let turns = Arc::clone(turns);
        Ok(Self { turns, ends, origin: origin.to_owned(), turn: Some(turn) })
    }

    /// The origin before has answered: its turn ends before the next one is taken.
    pub(super) fn lead_to(&mut self, origin: String) -> Result<(), NoTurn> {
        if origin == self.origin {
            return Ok(());
        }
        if let Some(turn) = self.turn.take() {
            turn.end(Outcome::Answered);
        }
        self.origin.clone_from(&origin);
        let left = self.ends.saturating_duration_since(Instant::now());
        self.turn = Some(self.turns.take(origin, left)?);
        Ok(())
    }

    /// With what became of the request, and the origin at which it ended.
    pub(super) fn end(self, outcome: Outcome) -> String {
        if let Some(turn) = self.turn {
            turn.end(outcome);
        }
        self.origin
    }
}

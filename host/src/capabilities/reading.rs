//! How capabilities read the database: now, or in a shadow what was read then.

use super::state::{CallState, Question, Read};
use crate::contract::TrappableFailure;

impl CallState {
    /// Reads something. A shadow is answered what was read in the call that it shadows, and reads
    /// what nobody read then beside the requests.
    pub(super) async fn read<Q>(&mut self, question: Q) -> Result<Q::Row, TrappableFailure>
    where
        Q: Read + Question<Answer = Q::Row>,
    {
        if let Some(answer) = self.journal.answer(|| question.clone()) {
            return answer;
        }
        let answer = if let Some(live) = self.journal.live() {
            let live = live?;
            let read = live.ask(question.clone(), &self.services.store);
            match self.budget.wait_for(read).await {
                Some(row) => Ok(row),
                None => Err(self.journal.skip("database")),
            }
        } else {
            let read = question.read(&self.services.store);
            self.budget.wait_for(read).await.map_err(TrappableFailure::from)
        };
        self.journal.note(|| question, &answer);
        answer
    }
}

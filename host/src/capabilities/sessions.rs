//! `sessions`: those of the attempt's account.

use wasmtime::component::Resource;

use super::forms::cut;
use super::state::{CallState, OpenSessions};
use crate::contract::bindings::sessions;
use crate::contract::{AccountHandle, TrappableFailure};
use crate::store::Session;

impl sessions::Host for CallState {
    async fn open_sessions(
        &mut self,
        _account: Resource<AccountHandle>,
    ) -> Result<Vec<Resource<Session>>, TrappableFailure> {
        self.budget.charge_read(&self.limits)?;
        let user_id = self.account().map_err(TrappableFailure::Trap)?.user_id;
        let most = self.limits.sessions.listed;
        let open = self.read(OpenSessions { user_id, most }).await?;
        open.into_iter()
            .filter(|session| !self.sessions.contain(&session.session_id))
            .map(|session| Ok(self.table.push(session)?))
            .collect()
    }
}

impl sessions::HostSession for CallState {
    fn id(&mut self, session: Resource<Session>) -> wasmtime::Result<String> {
        Ok(self.table.get(&session)?.session_id.clone())
    }

    fn opened_at(&mut self, session: Resource<Session>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&session)?.opened_at.unsigned_abs())
    }

    fn address(&mut self, session: Resource<Session>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&session)?.address.clone())
    }

    fn user_agent(&mut self, session: Resource<Session>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&session)?.user_agent.clone())
    }

    fn refreshed_at(&mut self, session: Resource<Session>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&session)?.refreshed_at.unsigned_abs())
    }

    fn refreshes(&mut self, session: Resource<Session>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&session)?.refreshes)
    }

    fn revoke(
        &mut self,
        session: Resource<Session>,
        reason: String,
    ) -> Result<(), TrappableFailure> {
        self.take(&[&reason])?;
        self.budget.charge(&self.limits)?;
        self.require_proof()?;
        let limits = &self.limits.sessions;
        self.sessions.has_room(limits)?;
        let session_id = self.table.get(&session)?.session_id.clone();
        self.sessions.add(session_id, cut(&reason, limits.reason_characters));
        Ok(())
    }

    fn drop(&mut self, session: Resource<Session>) -> wasmtime::Result<()> {
        self.table.delete(session)?;
        Ok(())
    }
}

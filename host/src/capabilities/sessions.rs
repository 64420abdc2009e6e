//! `sessions`: those of the attempt's account.

use wasmtime::component::Resource;

use super::types::Stop;
use super::values::cut;
use super::{AccountHandle, CallState};
use crate::policy::bindings::sessions;
use crate::policy::limits::MAX_SESSIONS;
use crate::store::Session;

impl sessions::Host for CallState {
    async fn open_sessions(
        &mut self,
        _account: Resource<AccountHandle>,
    ) -> Result<Vec<Resource<Session>>, Stop> {
        self.counted_read()?;
        let store = self.services.store.clone();
        let user_id = self.account().map_err(Stop::Trap)?.user_id;
        let open = self.host(store.open_sessions(user_id, MAX_SESSIONS)).await?;
        let revoked = |session: &Session| {
            self.writes.revocations.iter().any(|(id, _)| *id == session.session_id)
        };
        let still_open: Vec<Session> =
            open.into_iter().filter(|session| !revoked(session)).collect();
        still_open.into_iter().map(|session| Ok(self.table.push(session)?)).collect()
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

    fn revoke(&mut self, session: Resource<Session>, reason: String) -> Result<(), Stop> {
        self.counted()?;
        self.require_proof()?;
        if self.writes.revocations.len() >= MAX_SESSIONS as usize {
            return Err(Stop::limit(format!("at most {MAX_SESSIONS} sessions revoked in a call")));
        }
        let session_id = self.table.get(&session)?.session_id.clone();
        self.writes.revocations.push((session_id, cut(&reason, 256)));
        Ok(())
    }

    fn drop(&mut self, session: Resource<Session>) -> wasmtime::Result<()> {
        self.table.delete(session)?;
        Ok(())
    }
}

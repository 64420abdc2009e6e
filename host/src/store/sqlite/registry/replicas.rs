//! The replica: there is one process, so what it says of itself is kept in its memory.

use uuid::Uuid;

use super::super::database::Sqlite;
use crate::store::StoreError;
use crate::store::registry::{Beat, Replica, Report, as_json, as_word};

impl Sqlite {
    pub(in crate::store) async fn deploy_report(
        &self,
        deployment: Uuid,
        report: &Report,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO policy_reports (deployment, replica, name, state, reasons, milliseconds,
                                         at)
             SELECT deployment, ?2, ?3, ?4, ?5, ?6, ?7 FROM policy_deployments
              WHERE deployment = ?1 AND state IN ('preparing', 'rehearsing')
             ON CONFLICT (deployment, replica) DO UPDATE
                SET name = excluded.name, state = excluded.state, reasons = excluded.reasons,
                    milliseconds = excluded.milliseconds, at = excluded.at",
        );
        let insert = insert
            .bind(deployment.to_string())
            .bind(report.replica.to_string())
            .bind(&report.name)
            .bind(as_word(&report.state))
            .bind(as_json(&report.reasons))
            .bind(report.milliseconds)
            .bind(self.clock.now());
        self.execute(insert).await?;
        self.replicas.hint();
        Ok(())
    }

    pub(in crate::store) async fn registry_hint(&self) {
        self.replicas.hinted().await;
    }
}

#[expect(clippy::unused_async, reason = "PostgreSQL is asked, and this is the same question")]
impl Sqlite {
    pub(in crate::store) async fn replica_beat(&self, beat: &Beat) -> Result<(), StoreError> {
        self.replicas.beat(beat, self.clock.now());
        Ok(())
    }

    pub(in crate::store) async fn replica_gone(&self, replica: Uuid) -> Result<(), StoreError> {
        self.replicas.gone(replica);
        Ok(())
    }

    pub(in crate::store) async fn replicas(&self) -> Result<Vec<Replica>, StoreError> {
        Ok(self.replicas.seen(self.clock.now()))
    }
}

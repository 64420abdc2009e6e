//! Replicas: who lives, what they serve, and what they report. A lost beat is followed by the next.

use uuid::Uuid;

use super::super::database::Postgres;
use super::super::rows::without_nul;
use super::parts::{BEAT, REPLICAS, seen};
use crate::store::StoreError;
use crate::store::registry::{Beat, Replica, Report, as_json, as_word};

impl Postgres {
    pub(in crate::store) async fn deploy_report(
        &self,
        deployment: Uuid,
        report: &Report,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let question = || {
            sqlx::query(
                "WITH open AS (
                     -- Who ends it meanwhile waits, or was faster.
                     SELECT deployment FROM auth.policy_deployments
                      WHERE deployment = $1::uuid AND state IN ('preparing', 'rehearsing')
                      FOR SHARE)
                 INSERT INTO auth.policy_reports (deployment, replica, name, state, reasons,
                                                  milliseconds, at)
                 SELECT deployment, $2::uuid, $3, $4, $5, $6, $7 FROM open
                 ON CONFLICT (deployment, replica) DO UPDATE
                    SET name = excluded.name, state = excluded.state, reasons = excluded.reasons,
                        milliseconds = excluded.milliseconds, at = excluded.at
                 RETURNING pg_notify('auth_policy', '')",
            )
            .bind(deployment.to_string())
            .bind(report.replica.to_string())
            .bind(without_nul(&report.name))
            .bind(as_word(&report.state))
            .bind(as_json(&report.reasons))
            .bind(report.milliseconds)
            .bind(now)
        };
        self.pools.background(question).await.map(drop)
    }

    pub(in crate::store) async fn replica_beat(&self, beat: &Beat) -> Result<(), StoreError> {
        let question = || {
            sqlx::query(BEAT)
                .bind(beat.replica.to_string())
                .bind(without_nul(&beat.name))
                .bind(without_nul(&beat.version))
                .bind(as_json(&beat.wit_versions))
                .bind(beat.started_at)
                .bind(as_json(&beat.serving))
                .bind(self.clock.unless_of_database())
        };
        self.pools.background(question).await.map(drop)
    }

    pub(in crate::store) async fn replica_gone(&self, replica: Uuid) -> Result<(), StoreError> {
        let question = || {
            sqlx::query(
                "DELETE FROM auth.policy_replicas WHERE replica = $1::uuid
                 RETURNING pg_notify('auth_policy', '')",
            )
            .bind(replica.to_string())
        };
        self.pools.background(question).await.map(drop)
    }

    pub(in crate::store) async fn replicas(&self) -> Result<Vec<Replica>, StoreError> {
        let question = || sqlx::query(REPLICAS).bind(self.clock.unless_of_database());
        seen(&self.pools.background(question).await?)
    }

    pub(in crate::store) async fn registry_hint(&self) {
        self.hints.hear(&self.options).await;
    }
}

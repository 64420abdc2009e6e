//! Statements that are asked within a transaction and without one.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::super::rows::all;
use crate::store::StoreError;
use crate::store::registry::{Replica, looked_at};

/// What `REPLICAS` found, with who is live by the time that came with it.
pub(super) fn seen(rows: &[PgRow]) -> Result<Vec<Replica>, StoreError> {
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    Ok(looked_at(all(rows)?, row.try_get("now")?))
}

/// A release, with its components in their order.
macro_rules! release {
    ($tail:literal) => {
        concat!(
            "SELECT place, number, settings, settings_digest, grants, source, author, message,
                    report, created_at, first_active_at,
                    (SELECT coalesce(json_agg(json_build_object('wit', wit, 'digest', digest)
                                              ORDER BY position), '[]')::text
                       FROM auth.policy_release_components AS component
                      WHERE component.place = release.place
                        AND component.number = release.number) AS components
               FROM auth.policy_releases AS release ",
            $tail
        )
    };
}

/// A deployment, with what was reported.
macro_rules! deployment {
    ($tail:literal) => {
        concat!(
            "SELECT deployment::text AS deployment, place, number, state, who, why, asked_at,
                    deadline, ended_at, plan,
                    (SELECT coalesce(json_agg(json_build_object(
                                'replica', replica, 'name', name, 'state', state,
                                'reasons', reasons::json, 'milliseconds', milliseconds, 'at', at)
                              ORDER BY name, replica), '[]')::text
                       FROM auth.policy_reports AS report
                      WHERE report.deployment = deployment.deployment) AS reports
               FROM auth.policy_deployments AS deployment ",
            $tail
        )
    };
}

/// A place, with its previous releases as JSON.
macro_rules! place {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " policy_places.place, newest, active, revision, activated_at, activated_by,
              array_to_json(previous)::text AS previous, probation_until, frozen_until, frozen_by,
              frozen_why, candidate, grants ",
            $tail
        )
    };
}

pub(super) const RELEASE: &str = release!("WHERE place = $1 AND number = $2");

pub(super) const RELEASES: &str = release!(
    "WHERE ($1::text IS NULL OR place = $1) AND ($2::bigint IS NULL OR number < $2)
     ORDER BY created_at DESC, place, number DESC LIMIT $3"
);

pub(super) const RELEASES_OF_PLACE: &str = release!(
    "WHERE place = $1 AND ($2::bigint IS NULL OR number < $2) ORDER BY number DESC LIMIT $3"
);

pub(super) const DEPLOYMENT: &str = deployment!("WHERE deployment = $1::uuid");

pub(super) const OPEN_DEPLOYMENT: &str =
    deployment!("WHERE place = $1 AND state IN ('preparing', 'rehearsing')");

pub(super) const OPEN_DEPLOYMENTS: &str =
    deployment!("WHERE state IN ('preparing', 'rehearsing') ORDER BY asked_at, deployment");

pub(super) const PLACES: &str =
    place!("SELECT", "FROM auth.policy_places WHERE active IS NOT NULL ORDER BY place");

pub(super) const PLACE: &str = place!("SELECT", "FROM auth.policy_places WHERE place = $1");

pub(super) const LOCK: &str = place!(
    "INSERT INTO auth.policy_places (place)
     -- Beside other changes, but not beside who prunes.
     SELECT $1 FROM pg_advisory_xact_lock_shared(7973)
     ON CONFLICT (place) DO UPDATE SET place = excluded.place
     RETURNING",
    ""
);

/// The time that is given, or the server's own.
macro_rules! time {
    ($given:literal) => {
        concat!(
            "coalesce(",
            $given,
            "::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
        )
    };
}

pub(super) const REPLICAS: &str = concat!(
    "SELECT replica::text AS replica, name, version, wit_versions, started_at, last_seen, serving,
            ",
    time!("$1"),
    " AS now
       FROM auth.policy_replicas"
);

pub(super) const BEAT: &str = concat!(
    "INSERT INTO auth.policy_replicas (replica, name, version, wit_versions, started_at, serving,
                                       last_seen)
     VALUES ($1::uuid, $2, $3, $4, $5, $6, ",
    time!("$7"),
    ")
     ON CONFLICT (replica) DO UPDATE
        SET name = excluded.name, version = excluded.version,
            wit_versions = excluded.wit_versions, started_at = excluded.started_at,
            serving = excluded.serving, last_seen = excluded.last_seen"
);

pub(super) const TOKENS: &str = "
    SELECT name, role, hash, created_at, created_by, expires_at, revoked_at, used_at
      FROM auth.admin_tokens
     WHERE $1::text IS NULL OR name = $1
     ORDER BY name";

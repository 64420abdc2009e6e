//! Statements that are asked within a transaction and without one.

/// A release, with its components in their order.
macro_rules! release {
    ($tail:literal) => {
        concat!(
            "SELECT place, number, settings, settings_digest, grants, source, author, message,
                    report, created_at, first_active_at,
                    (SELECT json_group_array(json_object('wit', wit, 'digest', digest)
                                             ORDER BY position)
                       FROM policy_release_components AS component
                      WHERE component.place = release.place
                        AND component.number = release.number) AS components
               FROM policy_releases AS release ",
            $tail
        )
    };
}

/// A deployment, with what was reported.
macro_rules! deployment {
    ($tail:literal) => {
        concat!(
            "SELECT deployment, place, number, state, who, why, asked_at,
                    deadline, ended_at, plan,
                    (SELECT json_group_array(json_object(
                                'replica', replica, 'name', name, 'state', state,
                                'reasons', json(reasons), 'milliseconds', milliseconds, 'at', at)
                              ORDER BY name, replica)
                       FROM policy_reports AS report
                      WHERE report.deployment = deployment.deployment) AS reports
               FROM policy_deployments AS deployment ",
            $tail
        )
    };
}

/// A place, with its previous releases as JSON.
macro_rules! place {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " place, newest, active, revision, activated_at, activated_by,
              previous, probation_until, frozen_until, frozen_by,
              frozen_why, candidate, grants ",
            $tail
        )
    };
}

pub(super) const RELEASE: &str = release!("WHERE place = ?1 AND number = ?2");

pub(super) const RELEASES: &str = release!(
    "WHERE (?1 IS NULL OR place = ?1) AND (?2 IS NULL OR number < ?2)
     ORDER BY created_at DESC, place, number DESC LIMIT ?3"
);

pub(super) const RELEASES_OF_PLACE: &str =
    release!("WHERE place = ?1 AND (?2 IS NULL OR number < ?2) ORDER BY number DESC LIMIT ?3");

pub(super) const DEPLOYMENT: &str = deployment!("WHERE deployment = ?1");

pub(super) const OPEN_DEPLOYMENT: &str =
    deployment!("WHERE place = ?1 AND state IN ('preparing', 'rehearsing')");

pub(super) const OPEN_DEPLOYMENTS: &str =
    deployment!("WHERE state IN ('preparing', 'rehearsing') ORDER BY asked_at, deployment");

pub(super) const PLACES: &str =
    place!("SELECT", "FROM policy_places WHERE active IS NOT NULL ORDER BY place");

pub(super) const PLACE: &str = place!("SELECT", "FROM policy_places WHERE place = ?1");

pub(super) const LOCK: &str = place!(
    "INSERT INTO policy_places (place) VALUES (?1)
     ON CONFLICT (place) DO UPDATE SET newest = newest
     RETURNING",
    ""
);

pub(super) const TOKENS: &str = "
    SELECT name, role, hash, created_at, created_by, expires_at, revoked_at, used_at
      FROM admin_tokens
     WHERE ?1 IS NULL OR name = ?1
     ORDER BY name";

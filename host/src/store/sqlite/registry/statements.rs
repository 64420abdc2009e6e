//! The longer statements of changes.

/// Parameters: how many of each place stay, before when, and what is served, as JSON.
pub(super) const PRUNE_RELEASES: &str = "
    DELETE FROM policy_releases
     WHERE (place, number) IN (
           SELECT place, number FROM policy_releases AS release
            WHERE created_at < ?2
              AND number < (SELECT min(number)
                              FROM (SELECT number FROM policy_releases AS newest
                                     WHERE newest.place = release.place
                                     ORDER BY number DESC LIMIT ?1))
              AND NOT EXISTS (SELECT 1 FROM policy_places AS place
                               WHERE place.place = release.place
                                 AND (place.active = release.number
                                      OR release.number IN (SELECT value FROM json_each(place.previous))))
              -- By it the policy directory knows what it brought last.
              AND (source <> 'directory'
                   OR EXISTS (SELECT 1 FROM policy_releases AS later
                               WHERE later.place = release.place
                                 AND later.number > release.number
                                 AND later.source = 'directory'))
              AND NOT EXISTS (SELECT 1 FROM policy_deployments AS deployment
                               WHERE deployment.place = release.place
                                 AND deployment.number = release.number
                                 AND deployment.state IN ('preparing', 'rehearsing'))
              AND NOT EXISTS (SELECT 1 FROM json_each(?3) AS served
                               WHERE served.value ->> 0 = release.place
                                 AND served.value ->> 1 = release.number)
            LIMIT ?4)
    RETURNING place, number";

/// Components that nothing names.
pub(super) const PRUNE_COMPONENTS: &str = "
    DELETE FROM policy_components
     WHERE digest IN (SELECT digest FROM policy_components
                       WHERE pushed_at < ?1
                         AND digest NOT IN (SELECT digest FROM policy_release_components)
                       LIMIT ?2)
    RETURNING size";

/// Deployments that have ended, but for so many of each place. Their reports go with them.
pub(super) const PRUNE_DEPLOYMENTS: &str = "
    DELETE FROM policy_deployments
     WHERE deployment IN (
           SELECT deployment
             FROM (SELECT deployment, row_number() OVER (PARTITION BY place
                                                         ORDER BY asked_at DESC, deployment) AS rank
                     FROM policy_deployments
                    WHERE state NOT IN ('preparing', 'rehearsing')) AS ended
            WHERE rank > ?1)";

/// No row if there was one of this name.
pub(super) const ADD_TOKEN: &str = "
    INSERT INTO admin_tokens (name, role, hash, created_at, created_by, expires_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (name) DO NOTHING
    RETURNING 1";

/// A place as it was locked and changed.
pub(super) const SAVE: &str = "
    UPDATE policy_places
       SET newest = ?2, active = ?3, revision = ?4, activated_at = ?5, activated_by = ?6,
           previous = ?7, probation_until = ?8, frozen_until = ?9, frozen_by = ?10,
           frozen_why = ?11, candidate = ?12
     WHERE place = ?1";

/// A release without its components.
pub(super) const ADD_RELEASE: &str = "
    INSERT INTO policy_releases (place, number, settings, settings_digest, grants,
                                      source, author, message, report, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// A line of history.
pub(super) const WRITE: &str = "
    INSERT INTO policy_history (place, at, who, action, from_release, to_release, why,
                                     details)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// The latest samples of each kind stay, so many of a kind and so many in all: where there are too
/// many, the later ones of each kind stay, so that no kind drives another one out.
pub(super) const TRIM_SAMPLES: &str = "
    DELETE FROM policy_difference_samples
     WHERE sequence IN (
           SELECT sequence
             FROM (SELECT sequence, rank, row_number() OVER (ORDER BY rank, at DESC, sequence DESC)
                                          AS overall
                     FROM (SELECT sequence, at,
                                  row_number() OVER (PARTITION BY kind
                                                     ORDER BY at DESC, sequence DESC) AS rank
                             FROM policy_difference_samples
                            WHERE rollout = ?1) AS of_kind) AS ranked
            WHERE rank > ?2 OR overall > ?3)";

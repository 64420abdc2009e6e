//! The longer statements of changes.

/// Parameters: how many of each place stay, before when, and what is served.
pub(super) const PRUNE_RELEASES: &str = "
    WITH gone AS (
        SELECT release.place, release.number
          FROM auth.policy_releases AS release JOIN auth.policy_places AS place USING (place)
         WHERE release.created_at < $2
           AND release.number < (SELECT min(number)
                                   FROM (SELECT number FROM auth.policy_releases AS newest
                                          WHERE newest.place = place.place
                                          ORDER BY number DESC LIMIT $1) AS kept)
           AND release.number IS DISTINCT FROM place.active
           AND release.number <> ALL (place.previous)
           -- By it the policy directory knows what it brought last.
           AND (release.source <> 'directory'
                OR EXISTS (SELECT 1 FROM auth.policy_releases AS later
                            WHERE later.place = release.place
                              AND later.number > release.number
                              AND later.source = 'directory'))
           AND NOT EXISTS (SELECT 1 FROM auth.policy_deployments AS deployment
                            WHERE deployment.place = release.place
                              AND deployment.number = release.number
                              AND deployment.state IN ('preparing', 'rehearsing'))
           AND NOT EXISTS (SELECT 1 FROM unnest($3::text[], $4::bigint[]) AS served (of, at)
                            WHERE of = release.place AND at = release.number)
         LIMIT $5)
    DELETE FROM auth.policy_releases AS release USING gone
     WHERE release.place = gone.place AND release.number = gone.number
    RETURNING release.place, release.number";

/// Components that nothing names.
pub(super) const PRUNE_COMPONENTS: &str = "
    WITH gone AS (
        SELECT digest FROM auth.policy_components AS component
         WHERE pushed_at < $1
           AND NOT EXISTS (SELECT 1 FROM auth.policy_release_components AS named
                            WHERE named.digest = component.digest)
         LIMIT $2
         -- A release that is being written holds its components.
         FOR UPDATE SKIP LOCKED)
    DELETE FROM auth.policy_components
     WHERE digest = ANY (ARRAY (SELECT digest FROM gone))
    RETURNING size";

/// Deployments that have ended, but for so many of each place. Their reports go with them.
pub(super) const PRUNE_DEPLOYMENTS: &str = "
    DELETE FROM auth.policy_deployments
     WHERE deployment IN (
           SELECT deployment
             FROM (SELECT deployment, row_number() OVER (PARTITION BY place
                                                         ORDER BY asked_at DESC, deployment) AS rank
                     FROM auth.policy_deployments
                    WHERE state NOT IN ('preparing', 'rehearsing')) AS ended
            WHERE rank > $1)";

/// No row if there was one of this name.
pub(super) const ADD_TOKEN: &str = "
    INSERT INTO auth.admin_tokens (name, role, hash, created_at, created_by, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (name) DO NOTHING
    RETURNING 1";

/// A place as it was locked and changed.
pub(super) const SAVE: &str = "
    UPDATE auth.policy_places
       SET newest = $2, active = $3, revision = $4, activated_at = $5, activated_by = $6,
           previous = $7, probation_until = $8, frozen_until = $9, frozen_by = $10,
           frozen_why = $11, candidate = $12
     WHERE place = $1";

/// A release without its components.
pub(super) const ADD_RELEASE: &str = "
    INSERT INTO auth.policy_releases (place, number, settings, settings_digest, grants,
                                      source, author, message, report, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// A line of history.
pub(super) const WRITE: &str = "
    INSERT INTO auth.policy_history (place, at, who, action, from_release, to_release, why,
                                     details)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Whether the bytes were written: it is new (then no transaction has ended the row), or what was
/// kept was something else.
pub(super) const PUT_COMPONENT: &str = "
    WITH before AS (
        SELECT size <> $4 OR bytes <> $5 AS is_other
          FROM auth.policy_components WHERE digest = $1)
    INSERT INTO auth.policy_components AS kept
           (digest, wit, manifest, size, bytes, pushed_at, pushed_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    -- One that no release names yet is not pruned before it could be named.
    ON CONFLICT (digest) DO UPDATE
       SET pushed_at = excluded.pushed_at,
           size = excluded.size,
           -- What is the same stays as it is, and is not written once more.
           bytes = CASE WHEN kept.bytes = excluded.bytes THEN kept.bytes ELSE excluded.bytes END,
           wit = CASE WHEN kept.bytes = excluded.bytes THEN kept.wit ELSE excluded.wit END,
           manifest = CASE WHEN kept.bytes = excluded.bytes
                           THEN kept.manifest ELSE excluded.manifest END
     WHERE kept.size <> excluded.size OR kept.bytes <> excluded.bytes
        OR NOT EXISTS (SELECT 1 FROM auth.policy_release_components AS named
                        WHERE named.digest = kept.digest)
    RETURNING xmax = 0 OR coalesce((SELECT is_other FROM before), false)";

/// The latest samples of each kind stay, so many of a kind and so many in all: where there are too
/// many, the later ones of each kind stay, so that no kind drives another one out.
pub(super) const TRIM_SAMPLES: &str = "
    DELETE FROM auth.policy_difference_samples
     WHERE sequence IN (
           SELECT sequence
             FROM (SELECT sequence, rank, row_number() OVER (ORDER BY rank, at DESC, sequence DESC)
                                          AS overall
                     FROM (SELECT sequence, at,
                                  row_number() OVER (PARTITION BY kind
                                                     ORDER BY at DESC, sequence DESC) AS rank
                             FROM auth.policy_difference_samples
                            WHERE rollout = $1::uuid) AS of_kind) AS ranked
            WHERE rank > $2 OR overall > $3)";

//! The schema.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqlitePool;

use crate::store::migrations::migrator;

fn all() -> Migrator {
    let mut migrator = migrator!(
        "sqlite": "0001_first.sql", "0002_relay.sql", "0003_policy_registry.sql",
        "0004_policy_rollouts.sql", "0005_policy_trust.sql"
    );
    // A newer version may have migrated already, and the way back to this one stays open.
    migrator.set_ignore_missing(true);
    migrator
}

/// Applies what is missing.
pub(super) async fn run(database: &SqlitePool) -> Result<(), MigrateError> {
    all().run(database).await
}

#[cfg(test)]
mod tests {
    use crate::store::migrations::tests::are_as_released;

    #[test]
    fn databases_that_were_migrated_by_earlier_versions_are_accepted() {
        let first = "0ede43e31e2d3b9d34bb595835408c5a51f615ce676746cb482917cae05b9e8e\
                     e2a5628e5f99ba9643aa2ef26936b6ac";
        let relay = "d0527351e06951487281c0b97497123d0dba46c5d6a6ed432cbf59a057513784\
                     cfd04b432479adbb6309f51012ba916a";
        let registry = "8c61d84776416f478608569453ea83a1a34e05bb5b29d9719bfa3d835cd2dc97\
                        e1857672d376af3fc0f9c595eb83038a";
        let rollouts = "934571a114ca76494d8fa66a752679189dbe53ff25f715b89471733ccd356e70\
                        5c23a4c114c3bd7c9e9442f1274bdaa7";
        let trust = "c27c9fb7d45017543b3e91fef49f9b849b3e8bad73adcf8208ef2fb60caba5d1\
                     e499c00fc49aa02ddaed90fe8fff67fd";
        are_as_released(
            &super::all(),
            "sqlite",
            &[
                (1, "first", first),
                (2, "relay", relay),
                (3, "policy registry", registry),
                (4, "policy rollouts", rollouts),
                (5, "policy trust", trust),
            ],
        );
    }
}

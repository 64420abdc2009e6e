//! The migrations are part of the program.
//!
//! A database remembers the checksum of each that it has, and is refused if one differs: so neither
//! the text nor the number of a migration changes once it is released.

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The migrations in these files, named like `0001_first.sql`, in a folder of `migrations/`.
macro_rules! migrator {
    ($folder:literal: $($file:literal),+ $(,)?) => {
        $crate::store::migrations::from_files(&[$((
            $file,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../migrations/",
                $folder,
                "/",
                $file
            )),
        )),+])
    };
}

pub(super) use migrator;

/// The same number, description and checksum that sqlx gives to these files.
pub(super) fn from_files(files: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = files.iter().filter_map(|(file, sql)| {
        let (number, words) = file.strip_suffix(".sql")?.split_once('_')?;
        Some(Migration::new(
            number.parse().ok()?,
            words.replace('_', " ").into(),
            MigrationType::Simple,
            SqlStr::from_static(sql),
            false,
        ))
    });
    Migrator::with_migrations(migrations.collect())
}

#[cfg(test)]
pub(super) mod tests {
    use sqlx::migrate::Migrator;

    /// Fails unless these are all files of the folder, with the descriptions and checksums that
    /// databases have remembered since the migrations were released.
    pub(in crate::store) fn are_as_released(
        migrator: &Migrator,
        folder: &str,
        released: &[(i64, &str, &str)],
    ) {
        let hex = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
        };
        let embedded: Vec<_> = migrator
            .iter()
            .map(|one| (one.version, one.description.to_string(), hex(&one.checksum)))
            .collect();
        let released: Vec<_> = released
            .iter()
            .map(|(version, words, hash)| (*version, (*words).to_owned(), (*hash).to_owned()))
            .collect();
        assert_eq!(embedded[..released.len()], released);
        let folder = format!("{}/../migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), embedded.len());
    }
}

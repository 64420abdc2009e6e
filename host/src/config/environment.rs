//! Where settings come from: the environment, and a file for what it does not say.

use std::collections::HashMap;

use super::ConfigError;

/// The environment, and `.env` in the working folder for what it does not say.
pub(super) fn environment() -> Result<HashMap<String, String>, ConfigError> {
    let mut source = HashMap::new();
    match dotenvy::from_path_iter(".env") {
        Ok(file) => {
            for pair in file {
                let (name, value) = pair.map_err(|_| {
                    ConfigError(vec![".env: a line is not of the form NAME=value".into()])
                })?;
                source.insert(name, value);
            }
        }
        Err(error) if error.not_found() => {}
        // Settings that are there and cannot be read are not left out in silence.
        Err(error) => return Err(ConfigError(vec![format!(".env: {error}")])),
    }
    source.extend(
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    );
    Ok(source)
}

//! Settings, measured by the schema of the manifest: a misspelt name must not go unnoticed.

use serde_json::{Map, Value};

use super::fault::SettingsFault;
use super::form::Manifest;

impl Manifest {
    /// Everything in the settings that the manifest's schema does not allow.
    pub fn check_settings(&self, settings: &Map<String, Value>) -> Result<(), Vec<SettingsFault>> {
        let schema = Value::Object(self.settings.clone());
        let settings = Value::Object(settings.clone());
        let validator = jsonschema::validator_for(&schema)
            .map_err(|error| vec![SettingsFault::Schema(error.to_string())])?;
        let faults: Vec<SettingsFault> = validator
            .iter_errors(&settings)
            .map(|error| SettingsFault::Value {
                path: error.instance_path().to_string(),
                rule: error.masked().to_string(),
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

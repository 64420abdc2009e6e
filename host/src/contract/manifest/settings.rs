//! Settings, measured by the schema of the manifest: a misspelt name must not go unnoticed.

use serde_json::{Map, Value};

use super::fault::{MAX_FAULTS, SettingsFault, shown};
use super::form::Manifest;
use super::schema;

impl Manifest {
    /// Everything in the settings that the manifest's schema does not allow.
    pub fn check_settings(&self, settings: &Map<String, Value>) -> Result<(), Vec<SettingsFault>> {
        let schema = Value::Object(self.settings.clone());
        let settings = Value::Object(settings.clone());
        let validator =
            schema::validator(&schema).map_err(|reason| vec![SettingsFault::Schema(reason)])?;
        // What fits is the usual case, and the cheaper question.
        if validator.is_valid(&settings) {
            return Ok(());
        }
        let mut faults: Vec<SettingsFault> = validator
            .iter_errors(&settings)
            .take(MAX_FAULTS + 1)
            .map(|error| SettingsFault::Value {
                path: shown(error.instance_path().as_str()),
                rule: shown(&error.masked().to_string()),
            })
            .collect();
        if faults.len() > MAX_FAULTS {
            faults.truncate(MAX_FAULTS);
            faults.push(SettingsFault::More);
        }
        Err(faults)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Manifest, SettingsFault};

    #[test]
    fn faults_of_settings_are_cut_at_20() {
        let text = json!({ "name": "x", "version": "1", "slot": "login",
                           "settings": { "additionalProperties": { "type": "string" } } });
        let manifest = Manifest::read(text.to_string().as_bytes()).unwrap();
        let wrong = |count: usize| {
            let members = (0..count).map(|number| (format!("s{number}"), Value::Null));
            manifest.check_settings(&members.collect()).unwrap_err()
        };
        assert_eq!(wrong(20).len(), 20);
        let cut = wrong(500);
        assert_eq!((cut.len(), cut.last()), (21, Some(&SettingsFault::More)));
    }
}

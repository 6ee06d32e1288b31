//! Options for detection, output, limits and storage.
//!
//! `table` has the name, valid values and setter of every option; `preset` has the defaults. A value comes from
//! the event, else from the environment, else from the preset. If the event sets a preset, the environment's
//! detection options do not apply. An option that the preset does not have is an error in an event; in the environment,
//! which is for events of all presets, it is only validated.

mod key_pattern;
mod preset;
mod storage;
mod table;
mod values;

pub use key_pattern::KeyPattern;
pub use storage::{StorageBackend, StorageConfig};
pub use table::{ENVIRONMENT_PREFIX, OPTION_SPECS, SetBy};
pub use values::{
    CascadeOptions, DetectionOptions, DetectorOptions, EyeCascade, Limits, Options, OutputFiles, OutputOptions,
    OversizedJpeg, Preset, YuNetOptions,
};

use table::OptionSource;

use crate::error::Result;

/// Names and values, not yet validated.
pub type RawOptions = Vec<(String, String)>;

#[derive(Clone, Debug, Default)]
pub struct EnvironmentOptions(RawOptions);

impl EnvironmentOptions {
    /// Takes the variables that begin with [`ENVIRONMENT_PREFIX`]. An empty value counts as not set.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let option = |(name, value): (String, String)| {
            let name = name.strip_prefix(ENVIRONMENT_PREFIX)?.to_ascii_lowercase();
            (!value.is_empty()).then_some((name, value))
        };
        Self(variables.into_iter().filter_map(option).collect())
    }

    /// The value of one option that only the operator can set. Other options do not matter, even if they are invalid.
    /// `None` if this one is.
    pub fn operator_option<T>(&self, name: &str, value: impl FnOnce(Options) -> T) -> Option<T> {
        let own = self.0.iter().filter(|(other, _)| other == name).cloned().collect();
        let options = Self(own).resolve(Preset::Original, SetBy::Caller, &[]);
        options.ok().map(value)
    }

    /// `preset` is the default for the type of event, and `set_by` is who sent it.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if an option is unknown, has an invalid value, may not be set by `set_by`, or is one
    /// that the preset does not have.
    ///
    /// [`Error::InvalidOption`]: crate::error::Error::InvalidOption
    pub fn resolve(&self, preset: Preset, set_by: SetBy, event_options: &[(String, String)]) -> Result<Options> {
        let named_preset = |options: &[(String, String)], source| -> Result<Option<Preset>> {
            let found = options.iter().rfind(|(name, _)| name == "preset");
            let parsed = found.map(|(_, value)| {
                let preset = value.trim().parse();
                preset.map_err(|_| table::invalid_value("preset", value, Preset::ALLOWED, source))
            });
            parsed.transpose()
        };
        let (event, environment) = (OptionSource::Event, OptionSource::Environment);
        let event_preset = named_preset(event_options, event)?;
        let environment_preset = named_preset(&self.0, environment)?;
        let mut options = event_preset.or(environment_preset).unwrap_or(preset).options();
        for (name, value) in &self.0 {
            let spec = table::find(name, environment)?;
            // If the event sets a preset, detection options are only validated.
            let detection = options.detection.clone();
            spec.apply(&mut options, value, environment)?;
            if event_preset.is_some() {
                options.detection = detection;
            }
        }
        for (name, value) in event_options {
            let spec = table::find(name, event)?;
            spec.check_permission(set_by)?;
            spec.check_preset(&options)?;
            spec.apply(&mut options, value, event)?;
        }
        options.validate()?;
        if set_by == SetBy::Anyone {
            options.validate_for_anyone()?;
            options.limits.work_bounded = true;
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests;

//! How photos are looked at and what is written: the options, by event and by environment.
//!
//! `table` has every option's name, bounds and setter; `preset` has the defaults. An option comes
//! from the event, or else from the environment, or else from the preset. An event that names a
//! preset gets that preset: the environment's options of detection do not change it.

mod key_pattern;
mod preset;
mod storage;
mod table;
mod values;

pub use key_pattern::KeyPattern;
pub use storage::{Location, StorageConfig};
pub use table::{ENVIRONMENT_PREFIX, OPTION_SPECS, Principal};
pub use values::{
    Contrast, DetectionOptions, EyeCascade, FaceCascade, Limits, Options, OutputFiles,
    OutputOptions, Preset,
};

use table::Origin;

use crate::error::Result;

/// Options as they were named somewhere, with their values as text.
pub type RawOptions = Vec<(String, String)>;

/// The options that the environment sets.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentOptions(RawOptions);

impl EnvironmentOptions {
    /// Those of `variables` that begin with the prefix. An empty one counts as not set.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let option = |(name, value): (String, String)| {
            let name = name.strip_prefix(ENVIRONMENT_PREFIX)?.to_ascii_lowercase();
            (!value.is_empty()).then_some((name, value))
        };
        Self(variables.into_iter().filter_map(option).collect())
    }

    /// The options of an event: `preset` is the default of its shape, `event_options` are its own, and `principal`
    /// is the one who sent it.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] names what is unknown, impossible, or not for `principal` to set.
    pub fn resolve(
        &self,
        preset: Preset,
        principal: Principal,
        event_options: &[(String, String)],
    ) -> Result<Options> {
        let named_preset = |options: &[(String, String)], origin| -> Result<Option<Preset>> {
            let found = options.iter().rfind(|(name, _)| name == "preset");
            let parsed = found.map(|(_, value)| {
                let preset = value.parse();
                preset.map_err(|_| table::invalid_value("preset", value, Preset::ALLOWED, origin))
            });
            parsed.transpose()
        };
        let (event, environment) = (Origin::Event, Origin::Environment);
        let event_preset = named_preset(event_options, event)?;
        let environment_preset = named_preset(&self.0, environment)?;
        let mut options = event_preset
            .or(environment_preset)
            .unwrap_or(preset)
            .options();
        for (name, value) in &self.0 {
            let spec = table::find(name, environment)?;
            // An event that names a preset gets it as it is; what is impossible is refused still.
            let detection = options.detection.clone();
            spec.apply(&mut options, value, environment)?;
            if event_preset.is_some() {
                options.detection = detection;
            }
        }
        for (name, value) in event_options {
            let spec = table::find(name, event)?;
            spec.check_permission(principal)?;
            spec.apply(&mut options, value, event)?;
        }
        options.validate()?;
        if principal == Principal::Anyone {
            options.validate_for_anyone()?;
            options.limits.work_bounded = true;
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests;

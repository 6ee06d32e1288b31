//! How photos are looked at and what is written: the options, by event and by environment.
//!
//! `table` has every option's name, bounds and setter; `preset` has the defaults. An option comes
//! from the event, or else from the environment, or else from the preset. An event that names a
//! preset gets that preset: the environment's options of detection do not change it.

mod key;
mod place;
mod preset;
mod table;
mod values;

pub use key::KeyPattern;
pub use place::{Location, Place};
pub use table::{PREFIX, TABLE, Who};
pub use values::{
    Contrast, Detection, EyeCascade, FaceCascade, Files, Limits, Options, Output, Preset,
};

use table::Origin;

use crate::error::Result;

/// Options as they were named somewhere, with their values as text.
pub type Named = Vec<(String, String)>;

/// The options that the environment sets.
#[derive(Clone, Debug, Default)]
pub struct Settings(Named);

impl Settings {
    /// Those of `variables` that begin with the prefix. An empty one counts as not set.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = |(name, value): (String, String)| {
            let name = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
            (!value.is_empty()).then_some((name, value))
        };
        Self(variables.into_iter().filter_map(ours).collect())
    }

    /// The options of an event: `preset` is the default of its shape, `named` are its own, and `who`
    /// is the one who sent it.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] names what is unknown, impossible, or not for `who` to set.
    pub fn options(&self, preset: Preset, who: Who, named: &[(String, String)]) -> Result<Options> {
        let preset_of = |named: &[(String, String)], origin| -> Result<Option<Preset>> {
            let found = named.iter().rfind(|(name, _)| name == "preset");
            let parsed = found.map(|(_, value)| {
                let preset = value.parse();
                preset.map_err(|_| table::impossible("preset", value, Preset::ALLOWED, origin))
            });
            parsed.transpose()
        };
        let (event, environment) = (Origin::Event, Origin::Environment);
        let asked = preset_of(named, event)?;
        let set = preset_of(&self.0, environment)?;
        let mut options = asked.or(set).unwrap_or(preset).options();
        for (name, value) in &self.0 {
            let entry = table::find(name, environment)?;
            // An event that names a preset gets it as it is; what is impossible is refused still.
            let detection = options.detection.clone();
            entry.apply(&mut options, value, environment)?;
            if asked.is_some() {
                options.detection = detection;
            }
        }
        for (name, value) in named {
            let entry = table::find(name, event)?;
            entry.permit(who)?;
            entry.apply(&mut options, value, event)?;
        }
        options.check()?;
        if who == Who::Anyone {
            options.check_strangers()?;
            options.limits.bounded = true;
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests;

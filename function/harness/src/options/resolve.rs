//! Validates options from the environment and from an event.

use std::marker::PhantomData;

use super::common::CommonOptions;
use super::function_options::{FunctionOptions, variable};
use super::spec::{OptionSpec, SetBy};
use super::table::COMMON_OPTION_SPECS;
use super::values::{Options, RawOptions};
use crate::error::{Error, Result};
use crate::truncate::truncate;

/// The option that selects a set of defaults, of functions that have any.
const PRESET: &str = "preset";
/// Errors quote the input up to this length.
const MAX_QUOTED_CHARS: usize = 200;

/// The options of a function with the options `O` from its environment.
#[derive(Clone, Debug)]
pub struct EnvironmentOptions<O> {
    raw: RawOptions,
    options: PhantomData<fn() -> O>,
}

impl<O> Default for EnvironmentOptions<O> {
    fn default() -> Self {
        Self::new(RawOptions::new())
    }
}

/// The source of an option's value, for error messages.
#[derive(Clone, Copy, Debug)]
enum OptionSource {
    Event,
    Environment,
}

enum FoundSpec<O: 'static> {
    Common(&'static OptionSpec<CommonOptions>),
    Own(&'static OptionSpec<O>),
}

impl<O> EnvironmentOptions<O> {
    fn new(raw: RawOptions) -> Self {
        Self {
            raw,
            options: PhantomData,
        }
    }
}

impl<O: FunctionOptions> EnvironmentOptions<O> {
    /// Takes the variables that begin with [`FunctionOptions::ENVIRONMENT_PREFIX`]. An empty value counts as not set.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let option = |(name, value): (String, String)| {
            let name = name.strip_prefix(O::ENVIRONMENT_PREFIX)?.to_ascii_lowercase();
            (!value.is_empty()).then_some((name, value))
        };
        Self::new(variables.into_iter().filter_map(option).collect())
    }

    /// The value of one option that only the operator can set. Other options do not matter, even if they are invalid.
    /// `None` if this one is.
    pub fn operator_option<T>(&self, name: &str, value: impl FnOnce(Options<O>) -> T) -> Option<T> {
        let own = self.raw.iter().filter(|(other, _)| other == name).cloned().collect();
        let options = Self::new(own).resolve(O::default(), SetBy::Caller, &[]);
        options.ok().map(value)
    }

    /// `defaults` are those for the type of event, and `set_by` is who sent it.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if an option is unknown, has an invalid value, may not be set by `set_by`, or is one
    /// that the preset does not have.
    pub fn resolve(&self, defaults: O, set_by: SetBy, event_options: &[(String, String)]) -> Result<Options<O>> {
        let (event, environment) = (OptionSource::Event, OptionSource::Environment);
        let event_preset = named_preset(event_options, event)?;
        let environment_preset = named_preset(&self.raw, environment)?;
        let preset = event_preset.as_ref().or(environment_preset.as_ref());
        let mut options = Options::new(preset.cloned().unwrap_or(defaults));
        for (name, value) in &self.raw {
            if is_preset::<O>(name) {
                continue;
            }
            // If the event sets a preset, the function's options are only validated.
            let own = options.own.clone();
            apply(&mut options, name, value, environment)?;
            if event_preset.is_some() {
                options.own = own;
            }
        }
        for (name, value) in event_options {
            if is_preset::<O>(name) {
                continue;
            }
            let spec = find::<O>(name, event)?;
            spec.check_permission(set_by)?;
            spec.check_preset(&options)?;
            apply(&mut options, name, value, event)?;
        }
        let invalid = Error::InvalidOption;
        options.own.validate().map_err(invalid)?;
        options.common.validate().map_err(invalid)?;
        if set_by == SetBy::Anyone {
            options.own.validate_for_anyone().map_err(invalid)?;
            options.common.limits.work_bounded = true;
        }
        Ok(options)
    }
}

fn is_preset<O: FunctionOptions>(name: &str) -> bool {
    name == PRESET && !O::PRESETS.is_empty()
}

fn named_preset<O: FunctionOptions>(options: &[(String, String)], source: OptionSource) -> Result<Option<O>> {
    let found = options.iter().rfind(|(name, _)| is_preset::<O>(name));
    let Some((_, value)) = found else {
        return Ok(None);
    };
    let preset = O::PRESETS.iter().find(|preset| preset.name == value.trim());
    let preset = preset.ok_or_else(|| {
        let names: Vec<_> = O::PRESETS.iter().map(|preset| format!("`{}`", preset.name)).collect();
        let (last, others) = names.split_last().map_or(("", ""[..].to_owned()), |(last, others)| {
            (last.as_str(), others.join(", "))
        });
        invalid_value::<O>(PRESET, value, &format!("{others} or {last}"), source)
    })?;
    Ok(Some((preset.options)()))
}

fn find<O: FunctionOptions>(name: &str, source: OptionSource) -> Result<FoundSpec<O>> {
    let own = O::SPECS.iter().find(|spec| spec.name == name);
    let common = || COMMON_OPTION_SPECS.iter().find(|spec| spec.name == name);
    let found = own.map(FoundSpec::Own).or_else(|| common().map(FoundSpec::Common));
    found.ok_or_else(|| {
        let preset = (!O::PRESETS.is_empty()).then_some(PRESET);
        let own = O::SPECS.iter().map(|spec| spec.name);
        let common = COMMON_OPTION_SPECS.iter().map(|spec| spec.name);
        let names: Vec<_> = preset.into_iter().chain(own).chain(common).collect();
        let (name, names) = (display_name::<O>(name, source), names.join(", "));
        Error::InvalidOption(format!("unknown option {name}; the options are {names}"))
    })
}

fn apply<O: FunctionOptions>(options: &mut Options<O>, name: &str, value: &str, source: OptionSource) -> Result<()> {
    let (is_valid, allowed) = match find::<O>(name, source)? {
        FoundSpec::Own(spec) => ((spec.set)(&mut options.own, value.trim()), spec.allowed),
        FoundSpec::Common(spec) => ((spec.set)(&mut options.common, value.trim()), spec.allowed),
    };
    if is_valid {
        return Ok(());
    }
    Err(invalid_value::<O>(name, value, allowed, source))
}

impl<O: FunctionOptions> FoundSpec<O> {
    fn check_permission(&self, set_by: SetBy) -> Result<()> {
        let (name, settable_by) = match self {
            Self::Own(spec) => (spec.name, spec.settable_by),
            Self::Common(spec) => (spec.name, spec.settable_by),
        };
        if settable_by > set_by {
            let variable = variable::<O>(name);
            return Err(Error::InvalidOption(format!(
                "`{name}` cannot be set by this event; set {variable} in the function's environment"
            )));
        }
        Ok(())
    }

    /// # Errors
    /// The preset does not have this option.
    fn check_preset(&self, options: &Options<O>) -> Result<()> {
        let Self::Own(spec) = self else {
            return Ok(());
        };
        if (spec.show)(&options.own).is_some() {
            return Ok(());
        }
        let presets = O::PRESETS
            .iter()
            .filter(|preset| (spec.show)(&(preset.options)()).is_some());
        let presets: Vec<_> = presets.map(|preset| format!("`{}`", preset.name)).collect();
        let (name, preset, presets) = (spec.name, options.own.preset_name(), presets.join(", "));
        Err(Error::InvalidOption(format!(
            "the preset `{preset}` does not have `{name}`; leave it out, or choose a preset that has it: {presets}"
        )))
    }
}

fn invalid_value<O: FunctionOptions>(name: &str, value: &str, allowed: &str, source: OptionSource) -> Error {
    let name = display_name::<O>(name, source);
    let value = truncate(value, MAX_QUOTED_CHARS);
    Error::InvalidOption(format!("{name} cannot be `{value}`; expected {allowed}"))
}

fn display_name<O: FunctionOptions>(name: &str, source: OptionSource) -> String {
    let name = truncate(name, MAX_QUOTED_CHARS);
    match source {
        OptionSource::Event => format!("`{name}`"),
        OptionSource::Environment => format!("`{}`", variable::<O>(&name)),
    }
}

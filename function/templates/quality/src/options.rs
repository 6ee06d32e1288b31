//! The options: what a photo needs to pass, and where others are moved.

use harness::options::{FunctionOptions, KeyPattern, OptionSpec, SetBy, in_range, store};
use harness::{Channels, Decoding};
use serde::{Serialize, Serializer};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Options {
    pub min_sharpness: f64,
    /// Of the photo's shorter side, in pixels.
    pub min_side: u32,
    pub max_dark: f64,
    pub max_bright: f64,
    #[serde(serialize_with = "text")]
    pub rejected_key: KeyPattern,
}

fn text<S: Serializer>(pattern: &KeyPattern, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(pattern)
}

impl Default for Options {
    fn default() -> Self {
        Self {
            min_sharpness: 100.0,
            min_side: 240,
            max_dark: 0.5,
            max_bright: 0.5,
            rejected_key: KeyPattern::parse("rejected/{key}").expect("the pattern is valid"),
        }
    }
}

/// Rows of field, who may set it, parser and valid values.
macro_rules! specs {
    ($($field:ident $settable_by:ident, $parse:expr, $allowed:literal;)*) => {
        &[$(OptionSpec {
            name: stringify!($field),
            settable_by: SetBy::$settable_by,
            allowed: $allowed,
            show: |options| Some(options.$field.to_string()),
            set: |options, value| store($parse(value), &mut options.$field),
        }),*]
    };
}

impl FunctionOptions for Options {
    const ENVIRONMENT_PREFIX: &'static str = "QUALITY_";
    const SPECS: &'static [OptionSpec<Self>] = specs! {
        min_sharpness Anyone, |value| in_range(0.0, 1e5, value), "a number from 0 to 100000";
        min_side Anyone, |value| in_range(0, 100_000, value), "a whole number of pixels up to 100000";
        max_dark Anyone, |value| in_range(0.0, 1.0, value), "a number from 0 to 1";
        max_bright Anyone, |value| in_range(0.0, 1.0, value), "a number from 0 to 1";
        rejected_key Caller, KeyPattern::parse, "a key that contains `{key}` once and does not end in `/`";
    };

    /// Sharpness depends on the size.
    fn decoding(&self) -> Decoding {
        Decoding {
            longest_side: 1024,
            channels: Channels::Grey,
        }
    }

    fn destination(&self) -> Option<&KeyPattern> {
        Some(&self.rejected_key)
    }
}

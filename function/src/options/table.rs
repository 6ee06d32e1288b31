//! The table of options: name, permission, valid values, and setter of each.

use std::fmt::Display;
use std::str::FromStr;

use strum::IntoEnumIterator;

use super::key_pattern::KeyPattern;
use super::storage::{StorageBackend, StorageConfig};
use super::values::{DetectorOptions, Options, Preset};
use crate::error::{Error, Result};
use crate::truncate::truncate;

/// An option's variable is this prefix and the option's name in upper case.
pub const ENVIRONMENT_PREFIX: &str = "FACE_DETECT_";

/// The source of an option's value, for error messages.
#[derive(Clone, Copy, Debug)]
pub(super) enum OptionSource {
    Event,
    Environment,
}

/// Who may set an option. The function's environment may set all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetBy {
    /// Anyone who can send a request to the function URL.
    Anyone,
    /// Anyone who may invoke the function or start a batch job.
    Caller,
    /// Only the environment.
    Operator,
}

pub struct OptionSpec {
    /// The name in events.
    pub name: &'static str,
    pub settable_by: SetBy,
    /// The valid values, for error messages.
    allowed: &'static str,
    /// The value; `None` if the preset's detector does not have this option.
    pub show: fn(&Options) -> Option<String>,
    /// Whether the value is valid. It is not stored if the preset's detector does not have this option.
    set: fn(&mut Options, &str) -> bool,
}

impl OptionSpec {
    pub(super) fn check_permission(&self, set_by: SetBy) -> Result<()> {
        if self.settable_by > set_by {
            return Err(Error::InvalidOption(format!(
                "`{}` cannot be set by this event; set {}{} in the function's environment",
                self.name,
                ENVIRONMENT_PREFIX,
                self.name.to_ascii_uppercase()
            )));
        }
        Ok(())
    }

    /// # Errors
    /// The preset's detector does not have this option.
    pub(super) fn check_preset(&self, options: &Options) -> Result<()> {
        if (self.show)(options).is_some() {
            return Ok(());
        }
        let presets = Preset::iter().filter(|preset| (self.show)(&preset.options()).is_some());
        let presets: Vec<_> = presets.map(|preset| format!("`{preset}`")).collect();
        let (name, preset, presets) = (self.name, options.detection.preset, presets.join(", "));
        Err(Error::InvalidOption(format!(
            "the preset `{preset}` does not have `{name}`; leave it out, or choose a preset that has it: {presets}"
        )))
    }

    pub(super) fn apply(&self, options: &mut Options, value: &str, source: OptionSource) -> Result<()> {
        if (self.set)(options, value.trim()) {
            return Ok(());
        }
        Err(invalid_value(self.name, value, self.allowed, source))
    }
}

pub(super) fn find(name: &str, source: OptionSource) -> Result<&'static OptionSpec> {
    let found = OPTION_SPECS.iter().find(|spec| spec.name == name);
    found.ok_or_else(|| {
        let names: Vec<_> = OPTION_SPECS.iter().map(|spec| spec.name).collect();
        let (name, names) = (display_name(name, source), names.join(", "));
        Error::InvalidOption(format!("unknown option {name}; the options are {names}"))
    })
}

pub(super) fn invalid_value(name: &str, value: &str, allowed: &str, source: OptionSource) -> Error {
    let name = display_name(name, source);
    let value = truncate(value, MAX_QUOTED_CHARS);
    Error::InvalidOption(format!("{name} cannot be `{value}`; expected {allowed}"))
}

fn display_name(name: &str, source: OptionSource) -> String {
    let name = truncate(name, MAX_QUOTED_CHARS);
    match source {
        OptionSource::Event => format!("`{name}`"),
        OptionSource::Environment => format!("`{ENVIRONMENT_PREFIX}{}`", name.to_ascii_uppercase()),
    }
}

/// `Some` of a borrowed field of [`Options`], or of a detector's own options; `None` if those are the other detector's.
macro_rules! field {
    ([$($borrow:tt)+] $options:ident, Cascades.$field:ident) => {
        match $($borrow)+ $options.detection.detector {
            DetectorOptions::Cascades(own) => Some($($borrow)+ own.$field),
            DetectorOptions::YuNet(_) => None,
        }
    };
    ([$($borrow:tt)+] $options:ident, YuNet.$field:ident) => {
        match $($borrow)+ $options.detection.detector {
            DetectorOptions::YuNet(own) => Some($($borrow)+ own.$field),
            DetectorOptions::Cascades(_) => None,
        }
    };
    ([$($borrow:tt)+] $options:ident, $($field:ident).+) => { Some($($borrow)+ $options.$($field).+) };
}

/// Rows of name, who may set it, field as in [`field!`], formatter, parser, and valid values.
macro_rules! option_specs {
    ($($name:literal $settable_by:ident $($field:ident).+, $show:expr, $parse:expr, $allowed:expr;)*) => {
        &[$(OptionSpec {
            name: $name,
            settable_by: SetBy::$settable_by,
            allowed: $allowed,
            show: |options| field!([&] options, $($field).+).map($show),
            set: |options, value| {
                let Some(value) = $parse(value) else {
                    return false;
                };
                if let Some(field) = field!([&mut] options, $($field).+) {
                    *field = value;
                }
                true
            },
        }),*]
    };
}

/// A test checks that the README lists every option with the presets' values.
pub const OPTION_SPECS: &[OptionSpec] = option_specs! {
    "preset" Anyone detection.preset, text, parsed, Preset::ALLOWED;
    "score" Anyone YuNet.score, text, in_range(0.3, 0.95), "a number from 0.3 to 0.95";
    "scale_factor" Anyone Cascades.scale_factor, text, in_range(1.01, 2.0), "a number from 1.01 to 2";
    "face_neighbours" Anyone Cascades.face_neighbours, text, in_range(0, 100),
        "a whole number from 0 to 100";
    "eye_cascade" Anyone Cascades.eye_cascade, text, parsed, "`eye`, `eye_tree_eyeglasses` or `none`";
    "eye_neighbours" Anyone Cascades.eye_neighbours, text, in_range(0, 100),
        "a whole number from 0 to 100";
    "min_face" Anyone detection.min_face, text, in_range(0, MAX_SIDE),
        "a whole number of pixels from 0 to 65535";
    "max_face" Anyone detection.max_face, text, in_range(0, MAX_SIDE),
        "a whole number of pixels from 0 to 65535";
    "longest_side" Anyone detection.longest_side, text, longest_side,
        "0, or a whole number of pixels from 64 to 65535";
    "jpeg_quality" Anyone output.jpeg_quality, text, in_range(1, 100), "a whole number from 1 to 100";
    "oversized_jpeg" Anyone output.oversized_jpeg, text, parsed, "`refuse` or `lower_quality`";
    "output" Caller output.files, text, parsed, "`annotated`, `sidecar` or `both`";
    "output_key" Caller output.key_pattern, text, KeyPattern::parse,
        "a key that contains `{key}` once and does not end in `/`";
    "output_bucket" Caller output.bucket, optional, optional_value(bucket), "a bucket name";
    "loop_guard" Operator output.loop_guard, text, parsed, "`true` or `false`";
    "max_bytes" Operator limits.max_bytes, text, in_range(1, u64::MAX), "a whole number of bytes, 1 or more";
    "max_pixels" Operator limits.max_pixels, text, in_range(1, u64::MAX),
        "a whole number of pixels, 1 or more";
    "storage" Operator storage.backend, text, StorageBackend::parse,
        "`s3` or `file:///FOLDER`";
    "buckets" Operator storage.allowed_buckets, joined_optional, optional_value(StorageConfig::parse_buckets),
        "bucket names, separated by commas";
    "expected_bucket_owner" Operator storage.expected_bucket_owner, optional,
        optional_value(StorageConfig::parse_account_id), "the 12 digits of an AWS account ID";
    "stream_responses" Operator stream_responses, text, parsed, "`true` or `false`";
    "cors_origins" Operator cors_origins, joined_optional, optional_value(origins),
        "`*`, or origins such as `https://example.com`, separated by commas";
    "metrics_namespace" Operator metrics_namespace, optional, optional_value(namespace),
        "a CloudWatch namespace of at most 255 characters";
};

/// Errors quote the input up to this length.
const MAX_QUOTED_CHARS: usize = 200;
/// The maximum side in pixels; no JPEG or WebP file has a longer side.
const MAX_SIDE: u32 = 65_535;

fn text(value: &impl Display) -> String {
    value.to_string()
}

#[expect(clippy::ref_option, reason = "the table passes references to fields")]
fn optional(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

fn joined<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let names: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    names.join(",")
}

#[expect(clippy::ref_option, reason = "the table passes references to fields")]
fn joined_optional(values: &Option<Vec<String>>) -> String {
    joined(values.iter().flatten())
}

fn optional_value<T>(parse: fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Option<T>> {
    move |value| parse(value).map(Some)
}

fn parsed<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

fn in_range<T: FromStr + PartialOrd>(min: T, max: T) -> impl Fn(&str) -> Option<T> {
    move |value| parsed(value).filter(|number| (&min..=&max).contains(&number))
}

fn longest_side(value: &str) -> Option<u32> {
    in_range(0, MAX_SIDE)(value).filter(|side| *side == 0 || *side >= 64)
}

fn bucket(value: &str) -> Option<String> {
    StorageConfig::may_be_bucket(value).then(|| value.to_owned())
}

/// `*` alone, or origins as browsers send them, because they are compared byte by byte: a scheme, a host in lower case
/// and, unless it is the usual one, a port. Sources: Fetch Standard, "CORS protocol"; HTML Standard, "Origin".
fn origins(value: &str) -> Option<Vec<String>> {
    let origins: Vec<_> = value.split(',').map(|origin| origin.trim().to_owned()).collect();
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte);
    let is_origin = |origin: &String| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some_and(|host| !host.is_empty() && host.bytes().all(is_allowed))
    };
    (value == "*" || origins.iter().all(is_origin)).then_some(origins)
}

/// Source: Amazon CloudWatch API Reference, PutMetricData, Namespace.
fn namespace(value: &str) -> Option<String> {
    let is_valid = !value.is_empty() && value.len() <= 255 && !value.starts_with(':');
    is_valid.then(|| value.to_owned())
}

//! The table of options: for each its name, who may set it, what it may be, and how it is set.

use std::fmt::Display;
use std::str::FromStr;

use super::key::KeyPattern;
use super::place::{Location, Place};
use super::values::{FaceCascade, Options, Preset};
use crate::error::{Error, Result};
use crate::text::cut;

/// What the names of environment variables begin with; the rest is an option's name in capitals.
pub const PREFIX: &str = "FACE_DETECT_";

/// Where an option was set, for errors.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    Event,
    Environment,
}

/// Who may set an option, beside the function's environment, which may set each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Whoever reaches the function's URL.
    Anyone,
    /// Who may invoke the function or start a batch job.
    Caller,
    /// Nobody else.
    Operator,
}

pub struct Entry {
    /// Its name in events; with the prefix and in capitals, in the environment.
    pub name: &'static str,
    pub who: Who,
    /// What it may be, in words.
    allowed: &'static str,
    pub show: fn(&Options) -> String,
    /// Sets it; `None` if that cannot be.
    set: fn(&mut Options, &str) -> Option<()>,
}

impl Entry {
    pub(super) fn permit(&self, who: Who) -> Result<()> {
        if self.who > who {
            return Err(Error::InvalidOption(format!(
                "`{}` cannot be set by this event; the function's environment can, as {}{}",
                self.name,
                PREFIX,
                self.name.to_ascii_uppercase()
            )));
        }
        Ok(())
    }

    pub(super) fn apply(&self, options: &mut Options, value: &str, origin: Origin) -> Result<()> {
        (self.set)(options, value.trim())
            .ok_or_else(|| impossible(self.name, value, self.allowed, origin))
    }
}

pub(super) fn find(name: &str, origin: Origin) -> Result<&'static Entry> {
    let found = TABLE.iter().find(|entry| entry.name == name);
    found.ok_or_else(|| {
        let names: Vec<_> = TABLE.iter().map(|entry| entry.name).collect();
        let (name, names) = (shown(name, origin), names.join(", "));
        Error::InvalidOption(format!("there is no option {name}; there are {names}"))
    })
}

pub(super) fn impossible(name: &str, value: &str, allowed: &str, origin: Origin) -> Error {
    let name = shown(name, origin);
    let value = cut(value, QUOTED);
    Error::InvalidOption(format!("{name} cannot be `{value}`: it is {allowed}"))
}

fn shown(name: &str, origin: Origin) -> String {
    let name = cut(name, QUOTED);
    match origin {
        Origin::Event => format!("`{name}`"),
        Origin::Environment => format!("`{PREFIX}{}`", name.to_ascii_uppercase()),
    }
}

/// Rows of name, who may set it, its place in the options, how it is shown and read, and what it may be.
macro_rules! table {
    ($($name:literal $who:ident $($place:ident).+, $show:expr, $read:expr, $allowed:expr;)*) => {
        &[$(Entry {
            name: $name,
            who: Who::$who,
            allowed: $allowed,
            show: |options| $show(&options.$($place).+),
            set: |options, value| {
                options.$($place).+ = $read(value)?;
                Some(())
            },
        }),*]
    };
}

/// Every option. The README shows it with the presets' values; a test compares them.
pub const TABLE: &[Entry] = table! {
    "preset" Anyone detection.preset, text, any, Preset::ALLOWED;
    "face_cascades" Anyone detection.face_cascades, list, cascades,
        "`frontalface_default`, `frontalface_alt2`, or both with a comma between";
    "eye_cascade" Anyone detection.eye_cascade, text, any, "`eye`, `eye_tree_eyeglasses` or `none`";
    "side_faces" Anyone detection.side_faces, text, any, "`true` or `false`";
    "contrast" Anyone detection.contrast, text, any,
        "`plain`, `equalized`, `adaptive`, or `both` of the last two";
    "scale_factor" Anyone detection.scale_factor, text, within(1.01, 2.0), "a number from 1.01 to 2";
    "face_neighbours" Anyone detection.face_neighbours, text, within(0, 100),
        "a whole number from 0 to 100";
    "eye_neighbours" Anyone detection.eye_neighbours, text, within(0, 100),
        "a whole number from 0 to 100";
    "min_face" Anyone detection.min_face, text, within(0, SIDE),
        "a whole number of pixels from 0 to 65535";
    "max_face" Anyone detection.max_face, text, within(0, SIDE),
        "a whole number of pixels from 0 to 65535";
    "longest_side" Anyone detection.longest_side, text, longest_side,
        "0, or a whole number of pixels from 64 to 65535";
    "jpeg_quality" Anyone output.jpeg_quality, text, within(1, 100), "a whole number from 1 to 100";
    "output" Caller output.files, text, any, "`annotated`, `sidecar` or `both`";
    "output_key" Caller output.key, text, KeyPattern::parse, "a key with `{key}` in it once";
    "output_bucket" Caller output.bucket, optional, some(bucket), "the name of a bucket";
    "loop_guard" Operator output.loop_guard, text, any, "`true` or `false`";
    "max_bytes" Operator limits.bytes, text, within(1, u64::MAX), "a whole number of bytes, 1 or more";
    "max_pixels" Operator limits.pixels, text, within(1, u64::MAX),
        "a whole number of pixels, 1 or more";
    "storage" Operator storage.location, text, Location::parse,
        "`s3`, or `file:///` and the path of a folder";
    "buckets" Operator storage.buckets, listed, some(Place::parse_buckets),
        "names of buckets with commas between";
    "expected_bucket_owner" Operator storage.owner, optional, some(Place::parse_owner),
        "the 12 digits of an AWS account";
    "metrics_namespace" Operator metrics_namespace, optional, some(namespace),
        "a CloudWatch name space of at most 255 characters";
};

/// How much of what was sent an error repeats, in characters.
const QUOTED: usize = 200;
/// The longest side that JPEG and WebP can have, in pixels.
const SIDE: u32 = 65_535;

fn text(value: &impl Display) -> String {
    value.to_string()
}

fn optional(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

fn list<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let names: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    names.join(",")
}

fn listed(buckets: &Option<Vec<String>>) -> String {
    list(buckets.iter().flatten())
}

fn some<T>(read: fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Option<T>> {
    move |value| read(value).map(Some)
}

fn any<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

/// Numbers between both, which are possible.
fn within<T: FromStr + PartialOrd>(least: T, most: T) -> impl Fn(&str) -> Option<T> {
    move |value| any(value).filter(|number| (&least..=&most).contains(&number))
}

fn longest_side(value: &str) -> Option<u32> {
    within(0, SIDE)(value).filter(|side| *side == 0 || *side >= 64)
}

fn cascades(value: &str) -> Option<Vec<FaceCascade>> {
    let parsed = value.split(',').map(|name| any(name.trim()));
    let mut cascades: Vec<_> = parsed.collect::<Option<_>>()?;
    cascades.dedup();
    // More than the two that there are can only be one of them twice.
    (cascades.len() <= 2).then_some(cascades)
}

fn bucket(value: &str) -> Option<String> {
    (!value.is_empty() && !value.contains('/')).then(|| value.to_owned())
}

/// Source: CloudWatch's API reference, PutMetricData, Namespace.
fn namespace(value: &str) -> Option<String> {
    let good = !value.is_empty() && value.len() <= 255 && !value.starts_with(':');
    good.then(|| value.to_owned())
}

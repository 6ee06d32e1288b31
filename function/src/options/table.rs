//! The table of options: for each its name, who may set it, what it may be, and how it is set.

use std::str::FromStr;

use super::choice::Choice;
use super::key::KeyPattern;
use super::origin::{Origin, PREFIX};
use super::place::{Location, Place};
use super::values::{Contrast, EyeCascade, FaceCascade, Files, Options, Preset};
use crate::error::{Error, Result};
use crate::text::cut;

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

/// An option.
pub struct Entry {
    /// Its name in events; with the prefix and in capitals, in the environment.
    pub name: &'static str,
    /// Who may set it.
    pub who: Who,
    /// What it may be, in words.
    pub allowed: &'static str,
    /// Its value as text.
    pub show: fn(&Options) -> String,
    /// Sets it; `None` if that cannot be.
    set: fn(&mut Options, &str) -> Option<()>,
}

impl Entry {
    /// Refuses somebody who may not set it.
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

    /// Sets it.
    pub(super) fn apply(&self, options: &mut Options, value: &str, origin: Origin) -> Result<()> {
        (self.set)(options, value.trim())
            .ok_or_else(|| impossible(self.name, value, self.allowed, origin))
    }
}

/// The option of that name.
pub(super) fn find(name: &str, origin: Origin) -> Result<&'static Entry> {
    TABLE
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| {
            let names: Vec<_> = TABLE.iter().map(|entry| entry.name).collect();
            Error::InvalidOption(format!(
                "there is no option {}; there are {}",
                shown(name, origin),
                names.join(", ")
            ))
        })
}

/// The error for a value that an option cannot have.
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

/// Every option. The README shows it with the presets' values; a test compares them.
pub const TABLE: &[Entry] = &[
    Entry {
        name: "preset",
        who: Who::Anyone,
        allowed: Preset::ALLOWED,
        show: |options| options.detection.preset.name().to_owned(),
        // Presets are resolved before anything else is set.
        set: |_, value| Preset::parse(value).map(|_| ()),
    },
    Entry {
        name: "face_cascades",
        who: Who::Anyone,
        allowed: "`frontalface_default`, `frontalface_alt2`, or both with a comma between",
        show: |options| {
            let names = options.detection.face_cascades.iter().map(|one| one.name());
            names.collect::<Vec<_>>().join(",")
        },
        set: |options, value| {
            let parsed = value.split(',').map(|name| FaceCascade::parse(name.trim()));
            let mut cascades: Vec<_> = parsed.collect::<Option<_>>()?;
            cascades.dedup();
            // More than there are can only be one of them twice.
            let good = cascades.len() <= FaceCascade::NAMES.len();
            put(
                &mut options.detection.face_cascades,
                good.then_some(cascades),
            )
        },
    },
    Entry {
        name: "eye_cascade",
        who: Who::Anyone,
        allowed: "`eye`, `eye_tree_eyeglasses` or `none`",
        show: |options| options.detection.eye_cascade.name().to_owned(),
        set: |options, value| put(&mut options.detection.eye_cascade, EyeCascade::parse(value)),
    },
    Entry {
        name: "side_faces",
        who: Who::Anyone,
        allowed: "`true` or `false`",
        show: |options| options.detection.side_faces.to_string(),
        set: |options, value| put(&mut options.detection.side_faces, value.parse().ok()),
    },
    Entry {
        name: "contrast",
        who: Who::Anyone,
        allowed: "`plain`, `equalized`, `adaptive`, or `both` of the last two",
        show: |options| options.detection.contrast.name().to_owned(),
        set: |options, value| put(&mut options.detection.contrast, Contrast::parse(value)),
    },
    Entry {
        name: "scale_factor",
        who: Who::Anyone,
        allowed: "a number from 1.01 to 2",
        show: |options| options.detection.scale_factor.to_string(),
        set: |options, value| {
            put(
                &mut options.detection.scale_factor,
                within(value, 1.01, 2.0),
            )
        },
    },
    Entry {
        name: "face_neighbours",
        who: Who::Anyone,
        allowed: "a whole number from 0 to 100",
        show: |options| options.detection.face_neighbours.to_string(),
        set: |options, value| {
            put(
                &mut options.detection.face_neighbours,
                within(value, 0, 100),
            )
        },
    },
    Entry {
        name: "eye_neighbours",
        who: Who::Anyone,
        allowed: "a whole number from 0 to 100",
        show: |options| options.detection.eye_neighbours.to_string(),
        set: |options, value| put(&mut options.detection.eye_neighbours, within(value, 0, 100)),
    },
    Entry {
        name: "min_face",
        who: Who::Anyone,
        allowed: "a whole number of pixels from 0 to 65535",
        show: |options| options.detection.min_face.to_string(),
        set: |options, value| put(&mut options.detection.min_face, within(value, 0, SIDE)),
    },
    Entry {
        name: "max_face",
        who: Who::Anyone,
        allowed: "a whole number of pixels from 0 to 65535",
        show: |options| options.detection.max_face.to_string(),
        set: |options, value| put(&mut options.detection.max_face, within(value, 0, SIDE)),
    },
    Entry {
        name: "longest_side",
        who: Who::Anyone,
        allowed: "0, or a whole number of pixels from 64 to 65535",
        show: |options| options.detection.longest_side.to_string(),
        set: |options, value| {
            let side = within(value, 0, SIDE).filter(|side| *side == 0 || *side >= 64);
            put(&mut options.detection.longest_side, side)
        },
    },
    Entry {
        name: "jpeg_quality",
        who: Who::Anyone,
        allowed: "a whole number from 1 to 100",
        show: |options| options.output.jpeg_quality.to_string(),
        set: |options, value| put(&mut options.output.jpeg_quality, within(value, 1, 100)),
    },
    Entry {
        name: "output",
        who: Who::Caller,
        allowed: "`annotated`, `sidecar` or `both`",
        show: |options| options.output.files.name().to_owned(),
        set: |options, value| put(&mut options.output.files, Files::parse(value)),
    },
    Entry {
        name: "output_key",
        who: Who::Caller,
        allowed: "a key with `{key}` in it once",
        show: |options| options.output.key.to_string(),
        set: |options, value| put(&mut options.output.key, KeyPattern::parse(value)),
    },
    Entry {
        name: "output_bucket",
        who: Who::Caller,
        allowed: "the name of a bucket",
        show: |options| options.output.bucket.clone().unwrap_or_default(),
        set: |options, value| {
            let name = (!value.is_empty() && !value.contains('/')).then(|| value.to_owned());
            put(&mut options.output.bucket, name.map(Some))
        },
    },
    Entry {
        name: "loop_guard",
        who: Who::Operator,
        allowed: "`true` or `false`",
        show: |options| options.output.loop_guard.to_string(),
        set: |options, value| put(&mut options.output.loop_guard, value.parse().ok()),
    },
    Entry {
        name: "max_bytes",
        who: Who::Operator,
        allowed: "a whole number of bytes, 1 or more",
        show: |options| options.limits.bytes.to_string(),
        set: |options, value| put(&mut options.limits.bytes, within(value, 1, u64::MAX)),
    },
    Entry {
        name: "max_pixels",
        who: Who::Operator,
        allowed: "a whole number of pixels, 1 or more",
        show: |options| options.limits.pixels.to_string(),
        set: |options, value| put(&mut options.limits.pixels, within(value, 1, u64::MAX)),
    },
    Entry {
        name: "storage",
        who: Who::Operator,
        allowed: "`s3`, or `file:///` and the path of a folder",
        show: |options| match &options.storage.location {
            Location::S3 => "s3".to_owned(),
            Location::Folder(folder) => format!("file://{}", folder.display()),
        },
        set: |options, value| put(&mut options.storage.location, Location::parse(value)),
    },
    Entry {
        name: "buckets",
        who: Who::Operator,
        allowed: "names of buckets with commas between",
        show: |options| {
            let buckets = options.storage.buckets.as_ref();
            buckets.map(|names| names.join(",")).unwrap_or_default()
        },
        set: |options, value| {
            let buckets = Place::parse_buckets(value).map(Some);
            put(&mut options.storage.buckets, buckets)
        },
    },
    Entry {
        name: "expected_bucket_owner",
        who: Who::Operator,
        allowed: "the 12 digits of an AWS account",
        show: |options| options.storage.owner.clone().unwrap_or_default(),
        set: |options, value| {
            let owner = Place::parse_owner(value).map(Some);
            put(&mut options.storage.owner, owner)
        },
    },
    Entry {
        name: "metrics_namespace",
        who: Who::Operator,
        allowed: "a CloudWatch name space of at most 255 characters",
        show: |options| options.metrics_namespace.clone().unwrap_or_default(),
        set: |options, value| {
            // Source: CloudWatch's API reference, PutMetricData, Namespace.
            let good = !value.is_empty() && value.len() <= 255 && !value.starts_with(':');
            put(
                &mut options.metrics_namespace,
                good.then(|| Some(value.to_owned())),
            )
        },
    },
];

/// How much of what was sent an error repeats, in characters.
const QUOTED: usize = 200;
/// The longest side that JPEG and WebP can have, in pixels.
const SIDE: u32 = 65_535;

fn put<T>(place: &mut T, value: Option<T>) -> Option<()> {
    *place = value?;
    Some(())
}

/// A number between both, which are possible.
fn within<T: FromStr + PartialOrd>(value: &str, least: T, most: T) -> Option<T> {
    let number = value.parse().ok()?;
    (number >= least && number <= most).then_some(number)
}

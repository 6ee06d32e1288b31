//! The options: sizes and formats.

use harness::options::{FunctionOptions, OptionSpec, SetBy, in_range, store};
use harness::{Channels, Decoding, PictureFormat};
use serde::Serialize;

pub const FORMATS: [(&str, PictureFormat); 3] = [
    ("jpeg", PictureFormat::JPEG),
    ("png", PictureFormat::PNG),
    ("webp", PictureFormat::WEBP),
];
const MAX_SIZES: usize = 8;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Options {
    /// Longest sides, in pixels.
    pub sizes: Vec<u32>,
    /// Names in `FORMATS`.
    pub formats: Vec<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sizes: vec![320, 640, 1280],
            formats: vec!["jpeg", "webp"],
        }
    }
}

impl FunctionOptions for Options {
    const ENVIRONMENT_PREFIX: &'static str = "THUMBNAIL_";
    const OUTPUT_KEY: &'static str = "thumbnails/{key}_{name}.{extension}";
    const SPECS: &'static [OptionSpec<Self>] = &[
        OptionSpec {
            name: "sizes",
            settable_by: SetBy::Caller,
            allowed: "1 to 8 different numbers of pixels from 16 to 4096, separated by commas",
            show: |options| Some(options.sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(",")),
            set: |options, value| store(list(value, |size| in_range(16, 4096, size)), &mut options.sizes),
        },
        OptionSpec {
            name: "formats",
            settable_by: SetBy::Caller,
            allowed: "one or more of `jpeg`, `png` and `webp`, separated by commas",
            show: |options| Some(options.formats.join(",")),
            set: |options, value| store(list(value, known_format), &mut options.formats),
        },
    ];

    fn decoding(&self) -> Decoding {
        Decoding {
            longest_side: self.sizes.iter().copied().max().unwrap_or_default(),
            channels: Channels::Bgr,
        }
    }

    /// All pictures are in memory until the last one is made.
    fn working_bytes(&self, (width, height): (u32, u32)) -> u64 {
        let pictures = self.sizes.len() * self.formats.len() + 1;
        u64::from(width) * u64::from(height) * 3 * pictures as u64
    }
}

fn known_format(name: &str) -> Option<&'static str> {
    FORMATS.iter().map(|(known, _)| *known).find(|known| *known == name)
}

/// Different values, separated by commas.
fn list<T: PartialEq>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let mut values = Vec::new();
    for part in text.split(',') {
        let value = parse(part.trim())?;
        if values.contains(&value) || values.len() == MAX_SIZES {
            return None;
        }
        values.push(value);
    }
    Some(values)
}

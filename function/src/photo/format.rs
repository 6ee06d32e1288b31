//! The formats that this build decodes.

use std::fmt;

use serde::Serialize;

/// A format that this build decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JPEG, of any kind that libjpeg reads.
    Jpeg,
    /// PNG.
    Png,
    /// WebP, but for animations.
    Webp,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
        })
    }
}

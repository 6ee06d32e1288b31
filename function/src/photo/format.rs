//! The formats that this build decodes.

use serde::Serialize;
use strum::Display;

/// A format that this build decodes: JPEG of any kind that libjpeg reads, and WebP but for animations.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[strum(to_string = "JPEG")]
    Jpeg,
    #[strum(to_string = "PNG")]
    Png,
    #[strum(to_string = "WebP")]
    Webp,
}

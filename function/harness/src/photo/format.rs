//! The image formats that are decoded.

use serde::Serialize;
use strum::Display;

/// JPEG in all variants that libjpeg reads, and WebP without animations.
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

//! A photo's file: what its content says before anything is decoded, and whether it may be decoded.
//!
//! The name of a file says nothing here. `whole` finds out whether a file ends before its picture
//! does, and `pixels` decodes and draws, which alone needs OpenCV.

#[cfg(feature = "opencv")]
pub mod pixels;
mod whole;

use std::fmt;

use imagesize::ImageType;
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

/// What the file of a photo says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its format.
    pub format: Format,
    /// Pixels from left to right, as stored: a camera that was held upright says so elsewhere.
    pub width: u32,
    /// Pixels from top to bottom, as stored.
    pub height: u32,
    /// Whether it is a JPEG without colours.
    pub grey: bool,
    /// The file's size.
    pub bytes: usize,
}

/// Why a photo is not worked on. None of these goes away by trying again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing in the file is a picture.
    #[error("it is no image: its {0} bytes begin like no format that is known")]
    NotAnImage(usize),
    /// A picture in a format that this build leaves out.
    #[error("it is {0}, which cannot be read; JPEG, PNG and WebP can")]
    UnsupportedImage(String),
    /// The file ends before the picture.
    #[error("it is a {0} that ends early, after {1} bytes; was it uploaded whole?")]
    PhotoTruncated(Format, usize),
    /// The file is larger than the limit.
    #[error("it has {bytes} bytes, and FACE_DETECT_MAX_BYTES permits {limit}")]
    PhotoTooLarge {
        /// The file's size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The picture is larger than the limit.
    #[error("it has {width}x{height} pixels, and FACE_DETECT_MAX_PIXELS permits {limit}")]
    TooManyPixels {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The limit.
        limit: u64,
    },
    /// The function has not the memory that decoding needs.
    #[error(
        "its {width}x{height} pixels need about {needs} MB of memory, and the function has {has} \
         MB; give it more, or a smaller FACE_DETECT_LONGEST_SIDE"
    )]
    NotEnoughMemory {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// Megabytes that it would take, the process included.
        needs: u64,
        /// Megabytes that there are.
        has: u64,
    },
    /// A width or a height of zero.
    #[error("its header says {0}x{1} pixels, so there are none")]
    NoPixels(u32, u32),
    /// The header is good and the rest is not.
    #[error("it is a {0} that cannot be decoded: {1}")]
    PhotoDamaged(Format, String),
}

impl Refusal {
    /// The name that a caller sees.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotAnImage(_) => "NotAnImage",
            Self::UnsupportedImage(_) => "UnsupportedImage",
            Self::PhotoTruncated(..) => "PhotoTruncated",
            Self::PhotoTooLarge { .. } => "PhotoTooLarge",
            Self::TooManyPixels { .. } => "TooManyPixels",
            Self::NotEnoughMemory { .. } => "NotEnoughMemory",
            Self::NoPixels(..) => "NoPixels",
            Self::PhotoDamaged(..) => "PhotoDamaged",
        }
    }
}

impl Header {
    /// What `file` says of itself, if it is a whole file of a format that can be read.
    pub fn read(file: &[u8]) -> Result<Self, Refusal> {
        let bytes = file.len();
        let format = match imagesize::image_type(file) {
            Ok(ImageType::Jpeg) => Format::Jpeg,
            Ok(ImageType::Png) => Format::Png,
            Ok(ImageType::Webp) if whole::is_animated(file) => {
                return Err(Refusal::UnsupportedImage("an animated WebP".to_owned()));
            }
            Ok(ImageType::Webp) => Format::Webp,
            Ok(other) => return Err(Refusal::UnsupportedImage(name(other))),
            Err(_) => return Err(Refusal::NotAnImage(bytes)),
        };
        // A file that was cut off may hold its size or not; either way that is what is wrong.
        let truncated = || Refusal::PhotoTruncated(format, bytes);
        let (width, height, grey) = match format {
            Format::Jpeg => {
                let frame = whole::jpeg(file).ok_or_else(truncated)?;
                let frame = frame.ok_or_else(|| {
                    Refusal::PhotoDamaged(format, "it has no frame, so no size".to_owned())
                })?;
                (frame.width, frame.height, frame.colours == 1)
            }
            Format::Png | Format::Webp => {
                if !whole::is_whole(format, file) {
                    return Err(truncated());
                }
                let size = imagesize::blob_size(file)
                    .map_err(|error| Refusal::PhotoDamaged(format, error.to_string()))?;
                let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
                (side(size.width), side(size.height), false)
            }
        };
        if width == 0 || height == 0 {
            return Err(Refusal::NoPixels(width, height));
        }
        Ok(Self {
            format,
            width,
            height,
            grey,
            bytes,
        })
    }

    /// How many pixels there are.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Refuses a photo of more pixels than `limit`.
    pub fn within(&self, limit: u64) -> Result<(), Refusal> {
        if self.pixels() <= limit {
            return Ok(());
        }
        Err(Refusal::TooManyPixels {
            width: self.width,
            height: self.height,
            limit,
        })
    }
}

/// What people call a format.
fn name(kind: ImageType) -> String {
    match kind {
        ImageType::Heif(_) => "a HEIF file (HEIC or AVIF)".to_owned(),
        ImageType::Jxl => "a JPEG XL file".to_owned(),
        other => format!("a {} file", format!("{other:?}").to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG file's signature and header, and its end; a real one has pixels between them.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        file.extend(width.to_be_bytes());
        file.extend(height.to_be_bytes());
        file.extend(b"\x08\x02\0\0\0\0\0\0\0");
        file.extend(b"\0\0\0\0IEND\xae\x42\x60\x82");
        file
    }

    #[test]
    fn the_content_says_what_it_is() {
        let header = Header::read(&png(300, 200)).unwrap();
        assert_eq!(
            (header.format, header.width, header.height, header.pixels()),
            (Format::Png, 300, 200, 60_000)
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        for (file, expected) in [
            (&b""[..], "NotAnImage"),
            (b"no picture", "NotAnImage"),
            (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "NotAnImage"),
            (b"GIF89a\x10\0\x10\0\0\0\0\0\0\0\0\0", "UnsupportedImage"),
            (heic, "UnsupportedImage"),
            (&png(300, 200)[..30], "PhotoTruncated"),
            (&png(0, 200), "NoPixels"),
        ] {
            let refusal = Header::read(file).unwrap_err();
            assert_eq!(refusal.name(), expected, "{file:?}: {refusal}");
        }
        let said = Header::read(heic).unwrap_err().to_string();
        assert!(said.contains("HEIC"), "{said}");
    }

    #[test]
    fn too_many_pixels_are_refused_by_the_header() {
        let header = Header::read(&png(40_000, 40_000)).unwrap();
        let refusal = header.within(100_000_000).unwrap_err();
        assert_eq!(refusal.name(), "TooManyPixels");
        header.within(1_600_000_000).unwrap();
    }
}

//! Walks through the files' containers: what a file says of its picture, and where that lies in it, before any
//! decoder sees a byte. What changes neither pixels nor orientation is stepped over unread.

pub mod jpeg;
pub mod png;
pub mod webp;

use imagesize::ImageType;

use super::{Header, Refusal};

impl Header {
    /// What `file` says of itself, if it is a file of a format that can be read and nothing of it is known to be missing.
    /// Of a JPEG file with one scan only its decoder can say that.
    pub fn read(file: &[u8]) -> Result<Self, Refusal> {
        let header = match imagesize::image_type(file) {
            Ok(ImageType::Jpeg) => jpeg::read(file)?.header,
            Ok(ImageType::Png) => png::read(file)?.header,
            Ok(ImageType::Webp) => webp::read(file)?.header,
            Ok(other) => return Err(Refusal::UnsupportedImage(format_name(other))),
            Err(_) => return Err(Refusal::NotAnImage(file.len())),
        };
        if header.width == 0 || header.height == 0 {
            return Err(Refusal::NoPixels(header.width, header.height));
        }
        Ok(header)
    }
}

fn format_name(format: ImageType) -> String {
    match format {
        ImageType::Heif(_) => "a HEIF file (HEIC or AVIF)".to_owned(),
        ImageType::Jxl => "a JPEG XL file".to_owned(),
        other => format!("a {} file", format!("{other:?}").to_uppercase()),
    }
}

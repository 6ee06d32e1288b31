//! File containers: the header of an image and the image's position in the file, parsed before a decoder reads a byte.
//! Chunks and segments that affect neither pixels nor orientation are skipped.

pub mod jpeg;
pub mod png;
pub mod webp;

use imagesize::ImageType;

use super::{Header, Refusal};

impl Header {
    /// # Errors
    /// The format is not supported, or the file is known to be damaged or truncated. For a JPEG file with one scan only
    /// the decoder can detect that.
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

//! What the file of a photo says of itself, before anything is decoded.

use imagesize::ImageType;

use super::container;
use super::format::Format;
use super::orientation::Orientation;
use super::refusal::Refusal;

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
    /// How the picture must be turned.
    pub orientation: Orientation,
    /// The file's size.
    pub bytes: usize,
    /// Bytes that the decoder takes at most besides the pixels that it makes.
    pub decoder: u64,
}

impl Header {
    /// What `file` says of itself, if it is a file of a format that can be read and nothing of it is known to be missing.
    /// Of a JPEG file with one scan only its decoder can say that.
    pub fn read(file: &[u8]) -> Result<Self, Refusal> {
        let bytes = file.len();
        let header = match imagesize::image_type(file) {
            Ok(ImageType::Jpeg) => Self::of_jpeg(&container::jpeg::read(file)?, bytes),
            Ok(ImageType::Png) => Self::of_png(&container::png::read(file)?, bytes),
            Ok(ImageType::Webp) => Self::of_webp(&container::webp::read(file)?, bytes),
            Ok(other) => return Err(Refusal::UnsupportedImage(name(other))),
            Err(_) => return Err(Refusal::NotAnImage(bytes)),
        };
        if header.width == 0 || header.height == 0 {
            return Err(Refusal::NoPixels(header.width, header.height));
        }
        Ok(header)
    }

    fn of_jpeg(jpeg: &container::jpeg::Jpeg, bytes: usize) -> Self {
        Self {
            format: Format::Jpeg,
            width: jpeg.width,
            height: jpeg.height,
            grey: jpeg.components == 1,
            orientation: jpeg.orientation,
            bytes,
            decoder: jpeg.memory(),
        }
    }

    fn of_png(png: &container::png::Png, bytes: usize) -> Self {
        Self {
            format: Format::Png,
            width: png.width,
            height: png.height,
            grey: false,
            orientation: png.orientation,
            bytes,
            decoder: png.memory(),
        }
    }

    fn of_webp(webp: &container::webp::WebP, bytes: usize) -> Self {
        Self {
            format: Format::Webp,
            width: webp.width,
            height: webp.height,
            grey: false,
            orientation: webp.orientation,
            bytes,
            decoder: webp.memory(),
        }
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
pub(super) fn name(kind: ImageType) -> String {
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

//! The header of a photo's file, which is read before decoding.

use super::format::Format;
use super::orientation::Orientation;
use super::refusal::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub format: Format,
    /// The size in pixels, as stored; `orientation` may swap the sides.
    pub width: u32,
    pub height: u32,
    /// Whether it is a JPEG file with grey values only.
    pub grey: bool,
    pub orientation: Orientation,
    pub file_bytes: usize,
    /// The maximum memory of the decoder besides the decoded pixels, in bytes.
    pub decoder_bytes: u64,
}

impl Header {
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Width and height with the orientation applied, in pixels.
    pub fn upright_size(&self) -> (u32, u32) {
        if self.orientation.swaps_sides() {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }

    /// `variable` is the one that sets the limit, for the message.
    ///
    /// # Errors
    /// The photo has more pixels.
    pub fn check_pixels(&self, limit: u64, variable: impl FnOnce() -> String) -> Result<(), Refusal> {
        if self.pixels() <= limit {
            return Ok(());
        }
        Err(Refusal::TooManyPixels {
            width: self.width,
            height: self.height,
            limit,
            variable: variable(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG file without image data: its signature, header and end.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        file.extend(width.to_be_bytes());
        file.extend(height.to_be_bytes());
        file.extend(b"\x08\x02\0\0\0\0\0\0\0");
        file.extend(b"\0\0\0\0IEND\xae\x42\x60\x82");
        file
    }

    #[test]
    fn format_and_size_are_read_from_the_content() {
        let header = Header::read(&png(300, 200)).unwrap();
        assert_eq!(
            (header.format, header.width, header.height, header.pixels()),
            (Format::Png, 300, 200, 60_000)
        );
    }

    #[test]
    fn unreadable_files_are_refused_by_name() {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        for (file, expected) in [
            (&b""[..], "NotAnImage"),
            (b"not an image", "NotAnImage"),
            (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "NotAnImage"),
            (b"GIF89a\x10\0\x10\0\0\0\0\0\0\0\0\0", "UnsupportedImage"),
            (heic, "UnsupportedImage"),
            (&png(300, 200)[..30], "PhotoTruncated"),
            (&png(0, 200), "NoPixels"),
        ] {
            let refusal = Header::read(file).unwrap_err();
            assert_eq!(refusal.name(), expected, "{file:?}: {refusal}");
        }
        let message = Header::read(heic).unwrap_err().to_string();
        assert!(message.contains("HEIC"), "{message}");
    }

    #[test]
    fn too_many_pixels_are_refused() {
        let header = Header::read(&png(40_000, 40_000)).unwrap();
        let refusal = header.check_pixels(100_000_000, String::new).unwrap_err();
        assert_eq!(refusal.name(), "TooManyPixels");
        header.check_pixels(1_600_000_000, String::new).unwrap();
    }
}

//! The files of pictures that a function makes: their formats, and the quality that makes them small enough.

use std::borrow::Cow;

use bytes::Bytes;

use crate::error::{ErrorDetails, Result};

/// The format of a picture's file.
#[derive(Clone, Copy, Debug)]
pub struct PictureFormat {
    pub extension: &'static str,
    /// The media type.
    pub content_type: &'static str,
    /// Whether a lower quality makes the file smaller.
    pub has_quality: bool,
    /// The largest width and height, in pixels.
    pub max_side: u32,
    /// Encodes pixels. A field, so that a program contains only the encoders of the formats that it names.
    #[cfg(feature = "opencv")]
    pub(crate) encode: encode::Encode,
}

#[cfg(feature = "opencv")]
mod encode;

impl PartialEq for PictureFormat {
    fn eq(&self, other: &Self) -> bool {
        self.content_type == other.content_type
    }
}

impl Eq for PictureFormat {}

impl PictureFormat {
    /// The side is libjpeg's limit.
    pub const JPEG: Self = Self {
        extension: "jpg",
        content_type: "image/jpeg",
        has_quality: true,
        max_side: 65_500,
        #[cfg(feature = "opencv")]
        encode: encode::jpeg,
    };
    /// Lossless: the quality does not matter.
    pub const PNG: Self = Self {
        extension: "png",
        content_type: "image/png",
        has_quality: false,
        max_side: u32::MAX >> 1,
        #[cfg(feature = "opencv")]
        encode: encode::png,
    };
    /// Lossy, by OpenCV: the SDK needs the codec `webp` and its encoder.
    pub const WEBP: Self = Self {
        extension: "webp",
        content_type: "image/webp",
        has_quality: true,
        max_side: 16_383,
        #[cfg(feature = "opencv")]
        encode: encode::webp,
    };
}

/// The pictures that are wanted.
#[derive(Clone, Copy, Debug)]
pub struct PictureRequest {
    /// For pictures whose format the function does not choose itself.
    pub format: PictureFormat,
    /// 1 to 100.
    pub quality: i32,
    /// The quality is lowered until a file has at most this many bytes, but not below 10; `None` for any size.
    pub max_bytes: Option<usize>,
}

/// A picture as a file.
#[derive(Clone, Debug)]
pub struct PictureFile {
    /// Its name in responses and keys, such as `annotated`.
    pub name: Cow<'static, str>,
    pub format: PictureFormat,
    /// The file, or why there is none, which does not affect the answer.
    pub content: Result<Bytes>,
}

impl PictureFile {
    /// Why there is no file.
    #[must_use]
    pub fn error(&self) -> Option<ErrorDetails> {
        self.content.as_ref().err().map(ErrorDetails::from)
    }
}

/// A lower quality makes pictures unrecognizable.
const MIN_QUALITY: i32 = 10;

impl PictureRequest {
    /// The file that `encode` makes with the highest quality that is low enough, of a few.
    ///
    /// # Errors
    /// Those of `encode`.
    pub fn encode<E>(
        &self,
        format: PictureFormat,
        mut encode: impl FnMut(i32) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        // The first step halves most files. There are few, because anyone who may send a photo can cause them.
        let (first, mut quality) = (self.quality * 3 / 4, self.quality);
        loop {
            let file = encode(quality)?;
            let fits = self.max_bytes.is_none_or(|max| file.len() <= max);
            if fits || quality <= MIN_QUALITY || !format.has_quality {
                return Ok(file);
            }
            quality = if quality > first { first } else { quality / 2 }.max(MIN_QUALITY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(quality: i32, max_bytes: Option<usize>) -> PictureRequest {
        PictureRequest {
            format: PictureFormat::JPEG,
            quality,
            max_bytes,
        }
    }

    /// The qualities that are tried if a file has a byte for each of its quality.
    fn tried(quality: i32, max_bytes: Option<usize>, format: PictureFormat) -> Vec<i32> {
        let mut tried = Vec::new();
        let file = request(quality, max_bytes).encode(format, |quality| {
            tried.push(quality);
            Ok::<_, ()>(vec![0; usize::try_from(quality).unwrap()])
        });
        assert_eq!(file.unwrap().len(), usize::try_from(*tried.last().unwrap()).unwrap());
        tried
    }

    #[test]
    fn quality_is_lowered_until_the_file_fits() {
        let jpeg = PictureFormat::JPEG;
        assert_eq!(tried(95, None, jpeg), [95]);
        assert_eq!(tried(95, Some(95), jpeg), [95]);
        assert_eq!(tried(95, Some(60), jpeg), [95, 71, 35]);
        assert_eq!(tried(95, Some(0), jpeg), [95, 71, 35, 17, 10]);
        assert_eq!(tried(5, Some(0), jpeg), [5]);
        assert_eq!(tried(95, Some(0), PictureFormat::PNG), [95]);
    }

    #[test]
    fn failure_is_not_repeated() {
        let mut attempts = 0;
        let result = request(95, Some(0)).encode(PictureFormat::JPEG, |_| {
            attempts += 1;
            Err("failed")
        });
        assert_eq!((result, attempts), (Err("failed"), 1));
    }
}

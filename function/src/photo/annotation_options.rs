//! The quality of an annotated photo, which can be lowered for a smaller file. Without OpenCV.

/// A lower quality makes faces unrecognizable.
const MIN_QUALITY: i32 = 10;

#[derive(Clone, Copy, Debug)]
pub struct AnnotationOptions {
    /// The JPEG quality, 1 to 100.
    pub quality: i32,
    /// The quality is lowered until the file has at most this many bytes, but not below 10; `None` for any size.
    pub max_bytes: Option<usize>,
}

impl AnnotationOptions {
    /// The file that `encode` makes with the highest quality that is low enough, of a few.
    ///
    /// # Errors
    /// Those of `encode`.
    pub fn encode<E>(self, mut encode: impl FnMut(i32) -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
        // The first step halves most files. There are few, because anyone who may send a photo can cause them.
        let (first, mut quality) = (self.quality * 3 / 4, self.quality);
        loop {
            let file = encode(quality)?;
            let fits = self.max_bytes.is_none_or(|max| file.len() <= max);
            if fits || quality <= MIN_QUALITY {
                return Ok(file);
            }
            quality = if quality > first { first } else { quality / 2 }.max(MIN_QUALITY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The qualities that are tried if a file has a byte for each of its quality.
    fn tried(quality: i32, max_bytes: Option<usize>) -> Vec<i32> {
        let mut tried = Vec::new();
        let file = AnnotationOptions { quality, max_bytes }.encode(|quality| {
            tried.push(quality);
            Ok::<_, ()>(vec![0; usize::try_from(quality).unwrap()])
        });
        assert_eq!(file.unwrap().len(), usize::try_from(*tried.last().unwrap()).unwrap());
        tried
    }

    #[test]
    fn quality_is_lowered_until_the_file_fits() {
        assert_eq!(tried(95, None), [95]);
        assert_eq!(tried(95, Some(95)), [95]);
        assert_eq!(tried(95, Some(60)), [95, 71, 35]);
        assert_eq!(tried(95, Some(0)), [95, 71, 35, 17, 10]);
        assert_eq!(tried(5, Some(0)), [5]);
    }

    #[test]
    fn failure_is_not_repeated() {
        let options = AnnotationOptions {
            quality: 95,
            max_bytes: Some(0),
        };
        let mut attempts = 0;
        let result = options.encode(|_| {
            attempts += 1;
            Err("failed")
        });
        assert_eq!((result, attempts), (Err("failed"), 1));
    }
}

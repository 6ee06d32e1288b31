//! Code that the decoders share: the buffer that they fill, and the handling of their panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::photo::{Format, Header, PhotoError, Refusal};

/// Bytes per pixel: blue, green and red.
pub(super) const BGR_CHANNELS: usize = 3;

/// Runs a decoder. A panic means that the file has damage that the decoder does not handle.
pub(super) fn catch_panics(format: Format, decode: impl FnOnce() -> Result<(), PhotoError>) -> Result<(), PhotoError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| Err(damaged(format, "its decoder panicked".to_owned())))
}

pub(super) fn damaged(format: Format, reason: String) -> PhotoError {
    PhotoError::Refused(Refusal::PhotoDamaged(format, reason))
}

/// The size of the BGR image, in bytes.
pub(super) fn bgr_length(header: &Header) -> usize {
    let pixels = usize::try_from(header.pixels()).unwrap_or(usize::MAX);
    pixels.saturating_mul(BGR_CHANNELS)
}

pub(super) fn check_size(header: &Header, pixels: &[u8]) -> Result<(), PhotoError> {
    if pixels.len() == bgr_length(header) {
        return Ok(());
    }
    let (bytes, width, height) = (pixels.len(), header.width, header.height);
    let reason = format!("the buffer of {bytes} bytes does not fit {width}x{height} pixels");
    Err(damaged(header.format, reason))
}

/// Converts pixels until `from` or `to` ends.
pub(super) fn convert_pixels<const SAMPLES: usize>(
    from: &[u8],
    to: &mut [u8],
    convert: impl Fn([u8; SAMPLES]) -> [u8; BGR_CHANNELS],
) {
    for (from, to) in from.as_chunks().0.iter().zip(to.as_chunks_mut().0) {
        *to = convert(*from);
    }
}

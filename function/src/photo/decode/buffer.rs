//! What decoders have in common: the buffer that they fill, and what becomes of their panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::photo::{Format, Header, PhotoError, Refusal};

/// Bytes of a pixel in colours: blue, green and red.
pub(super) const BGR_CHANNELS: usize = 3;

/// Runs a decoder. One that panics over a file has found damage that it does not know.
pub(super) fn catch_panics(
    format: Format,
    decode: impl FnOnce() -> Result<(), PhotoError>,
) -> Result<(), PhotoError> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(damaged(format, "its decoder gave up".to_owned())))
}

pub(super) fn damaged(format: Format, reason: String) -> PhotoError {
    PhotoError::Refused(Refusal::PhotoDamaged(format, reason))
}

/// How many bytes the picture takes in colours.
pub(super) fn bgr_length(header: &Header) -> usize {
    let pixels = usize::try_from(header.pixels()).unwrap_or(usize::MAX);
    pixels.saturating_mul(BGR_CHANNELS)
}

pub(super) fn check_size(header: &Header, pixels: &[u8]) -> Result<(), PhotoError> {
    if pixels.len() == bgr_length(header) {
        return Ok(());
    }
    let (bytes, width, height) = (pixels.len(), header.width, header.height);
    let reason = format!("{bytes} bytes are no {width}x{height} pixels");
    Err(damaged(header.format, reason))
}

/// Makes colours of as many pixels as there are.
pub(super) fn convert_pixels<const SAMPLES: usize>(
    from: &[u8],
    to: &mut [u8],
    convert: impl Fn([u8; SAMPLES]) -> [u8; BGR_CHANNELS],
) {
    for (from, to) in from.as_chunks().0.iter().zip(to.as_chunks_mut().0) {
        *to = convert(*from);
    }
}

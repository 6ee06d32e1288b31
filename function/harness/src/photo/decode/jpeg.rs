//! JPEG with libjpeg-turbo, called by `jpeg.c`. Decoded pixels equal those of OpenCV's `imdecode`, and encoded bytes
//! those of `imencode`.

use std::ffi::{CStr, c_char, c_int, c_void};

use super::buffer::damaged;
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{Format, Header, PhotoError, Refusal, container};

/// libjpeg's limit of a side, in pixels.
pub const MAX_SIDE: u32 = 65_500;
/// Rows of BGR or grey pixels.
pub struct Rows<'a> {
    pub pixels: &'a mut [u8],
    /// The distance between rows, in bytes.
    pub stride: usize,
    /// 3 for BGR, 1 for grey.
    pub channels: u32,
    /// 1, 2, 4 or 8, by which the sides are divided, rounded up: libjpeg then computes fewer pixels of each block.
    pub reduction: u32,
}

/// # Errors
/// The file is damaged or truncated, or a limit is reached.
pub fn decode(file: &[u8], header: &Header, rows: Rows<'_>, limits: ResourceLimits) -> Result<(), PhotoError> {
    let Rows {
        pixels,
        stride,
        channels,
        reduction,
    } = rows;
    let line = (header.width.div_ceil(reduction) * channels) as usize;
    let height = header.height.div_ceil(reduction) as usize;
    if stride < line || pixels.len() < height.saturating_sub(1) * stride + line {
        let reason = "the buffer is too small for its pixels".to_owned();
        return Err(damaged(Format::Jpeg, reason));
    }
    let jpeg = container::jpeg::read(file).map_err(PhotoError::Refused)?;
    let image = file.get(..jpeg.image_length).unwrap_or(file);
    let mut job = DecodeJob {
        file: image.as_ptr(),
        length: image.len(),
        memory: usize::try_from(header.decoder_bytes).unwrap_or(usize::MAX),
        width: header.width,
        height: header.height,
        channels,
        reduction,
        pixels: pixels.as_mut_ptr(),
        stride,
        should_continue,
        limits: (&raw const limits).cast(),
        message: [0; MESSAGE_LENGTH],
    };
    // SAFETY: the file, the rows and the limits outlive the call, and the rows were checked to be large enough for the
    // sizes in `job`. The function stays within these sizes and does not throw.
    match unsafe { harness_decode_jpeg(&mut job) } {
        DONE => Ok(()),
        TRUNCATED => Err(PhotoError::Refused(Refusal::PhotoTruncated(Format::Jpeg, file.len()))),
        STOPPED => Err(PhotoError::OutOfTime),
        _ => Err(damaged(Format::Jpeg, message_text(&job.message))),
    }
}

/// Encodes rows of BGR pixels.
///
/// # Errors
/// A limit is reached. An error of libjpeg is reported as a failure of OpenCV, because no photo causes it.
pub fn encode(
    pixels: &[u8],
    stride: usize,
    (width, height): (u32, u32),
    quality: i32,
    limits: ResourceLimits,
) -> Result<Vec<u8>, PhotoError> {
    let line = 3 * width as usize;
    let size = (height as usize).saturating_sub(1) * stride + line;
    if stride < line || pixels.len() < size {
        let reason = "the buffer has too few pixels to encode".to_owned();
        return Err(PhotoError::OpenCv(reason));
    }
    let mut file = Vec::new();
    let mut job = EncodeJob {
        pixels: pixels.as_ptr(),
        stride,
        width,
        height,
        quality,
        write_bytes,
        sink: (&raw mut file).cast(),
        should_continue,
        limits: (&raw const limits).cast(),
        message: [0; MESSAGE_LENGTH],
    };
    // SAFETY: the pixels, the sink and the limits outlive the call, and the pixels were checked to be enough for the
    // sizes in `job`. The function does not throw.
    match unsafe { harness_encode_jpeg(&mut job) } {
        DONE => Ok(file),
        STOPPED => Err(PhotoError::OutOfTime),
        _ => Err(PhotoError::OpenCv(message_text(&job.message))),
    }
}

fn message_text(message: &[c_char; MESSAGE_LENGTH]) -> String {
    // SAFETY: libjpeg's messages are NUL-terminated, and the buffer was zeroed.
    let message = unsafe { CStr::from_ptr(message.as_ptr()) };
    message.to_string_lossy().into_owned()
}

/// Called for each row. It does not panic.
unsafe extern "C" fn should_continue(limits: *const c_void) -> bool {
    // SAFETY: `decode` and `encode` pass a pointer to their `ResourceLimits`.
    unsafe { &*limits.cast::<ResourceLimits>() }.check_time().is_ok()
}

unsafe extern "C" fn write_bytes(sink: *mut c_void, bytes: *const u8, count: usize) {
    // SAFETY: `encode` passes a pointer to its `Vec`, and `jpeg.c` passes `count` bytes.
    let (file, bytes) = unsafe {
        let bytes = std::slice::from_raw_parts(bytes, count);
        (&mut *sink.cast::<Vec<u8>>(), bytes)
    };
    file.extend_from_slice(bytes);
}

// Must match `jpeg.c`.
const DONE: c_int = 0;
const STOPPED: c_int = 2;
const TRUNCATED: c_int = 3;
/// libjpeg's `JMSG_LENGTH_MAX`.
const MESSAGE_LENGTH: usize = 200;

type ShouldContinue = unsafe extern "C" fn(*const c_void) -> bool;

#[repr(C)]
struct DecodeJob {
    file: *const u8,
    length: usize,
    memory: usize,
    width: u32,
    height: u32,
    channels: u32,
    reduction: u32,
    pixels: *mut u8,
    stride: usize,
    should_continue: ShouldContinue,
    limits: *const c_void,
    message: [c_char; MESSAGE_LENGTH],
}

#[repr(C)]
struct EncodeJob {
    pixels: *const u8,
    stride: usize,
    width: u32,
    height: u32,
    quality: c_int,
    write_bytes: unsafe extern "C" fn(*mut c_void, *const u8, usize),
    sink: *mut c_void,
    should_continue: ShouldContinue,
    limits: *const c_void,
    message: [c_char; MESSAGE_LENGTH],
}

unsafe extern "C" {
    fn harness_decode_jpeg(job: &mut DecodeJob) -> c_int;
    fn harness_encode_jpeg(job: &mut EncodeJob) -> c_int;
}

#[cfg(test)]
mod tests;

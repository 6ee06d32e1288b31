//! JPEG: libjpeg-turbo, called by `jpeg.c`. Its pixels are those of OpenCV's `imdecode`, and what it writes are the bytes
//! of `imencode`.

use std::ffi::{CStr, c_char, c_int, c_void};

use super::buffer::damaged;
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{Format, Header, PhotoError, Refusal, container};

/// The longest side that a JPEG file of libjpeg's can have.
pub const MAX_SIDE: u32 = 65_500;
/// Rows of blue, green and red, or of grey alone.
pub struct Rows<'a> {
    pub pixels: &'a mut [u8],
    /// From one row to the next, in bytes.
    pub stride: usize,
    /// 3 or 1.
    pub channels: u32,
}

/// Decodes a file.
///
/// # Errors
/// The file is damaged or ends before its picture, or a limit is reached.
pub fn decode(
    file: &[u8],
    header: &Header,
    rows: Rows<'_>,
    limits: ResourceLimits,
) -> Result<(), PhotoError> {
    let line = (header.width * rows.channels) as usize;
    let height = header.height as usize;
    if rows.stride < line || rows.pixels.len() < height.saturating_sub(1) * rows.stride + line {
        let reason = "there is no room for its pixels".to_owned();
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
        channels: rows.channels,
        pixels: rows.pixels.as_mut_ptr(),
        stride: rows.stride,
        should_continue,
        limits: (&raw const limits).cast(),
        message: [0; MESSAGE_LENGTH],
    };
    // SAFETY: the file, the rows, which were found to be large enough for the sizes that it is told, and the limits
    // outlive the call. It keeps to these sizes and throws nothing.
    match unsafe { face_detect_decode_jpeg(&mut job) } {
        DONE => Ok(()),
        TRUNCATED => Err(PhotoError::Refused(Refusal::PhotoTruncated(
            Format::Jpeg,
            file.len(),
        ))),
        STOPPED => Err(PhotoError::OutOfTime),
        _ => Err(damaged(Format::Jpeg, message_text(&job.message))),
    }
}

/// Writes rows of blue, green and red as a file.
///
/// # Errors
/// A limit is reached. What libjpeg refuses is told as OpenCV's failure, because no photo is the cause.
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
        let reason = "there are too few pixels to write".to_owned();
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
    // SAFETY: the pixels, which were found to be as many as it is told, the sink and the limits outlive the call, and
    // it throws nothing.
    match unsafe { face_detect_encode_jpeg(&mut job) } {
        DONE => Ok(file),
        STOPPED => Err(PhotoError::OutOfTime),
        _ => Err(PhotoError::OpenCv(message_text(&job.message))),
    }
}

fn message_text(message: &[c_char; MESSAGE_LENGTH]) -> String {
    // SAFETY: libjpeg ends its messages with a zero, and the message was zeros before.
    let message = unsafe { CStr::from_ptr(message.as_ptr()) };
    message.to_string_lossy().into_owned()
}

/// Asked for each row. It does not panic.
unsafe extern "C" fn should_continue(limits: *const c_void) -> bool {
    // SAFETY: it is what `decode` and `encode` gave.
    unsafe { &*limits.cast::<ResourceLimits>() }
        .check_time()
        .is_ok()
}

unsafe extern "C" fn write_bytes(sink: *mut c_void, bytes: *const u8, count: usize) {
    // SAFETY: it is what `encode` gave, and there are so many bytes.
    let (file, bytes) = unsafe {
        let bytes = std::slice::from_raw_parts(bytes, count);
        (&mut *sink.cast::<Vec<u8>>(), bytes)
    };
    file.extend_from_slice(bytes);
}

// As in `jpeg.c`.
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
    fn face_detect_decode_jpeg(job: &mut DecodeJob) -> c_int;
    fn face_detect_encode_jpeg(job: &mut EncodeJob) -> c_int;
}

#[cfg(test)]
pub(crate) mod tests;

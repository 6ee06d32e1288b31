//! A function without a harness: `lambda_runtime`, OpenCV, and a library in C.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use opencv::core::{Mat, Size, mean, no_array};
use opencv::imgproc::{INTER_NEAREST, resize};
use opencv::prelude::*;
use serde_json::{Value, json};

/// A file of the key `assets`, relative to the task root, which is the working folder.
const LABEL: &str = "labels/mean.txt";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let pixels = event.payload["pixels"].as_array().ok_or("`pixels` is not a list")?;
    let level = |pixel: &Value| pixel.as_u64().and_then(|level| u8::try_from(level).ok());
    let pixels: Option<Vec<u8>> = pixels.iter().map(level).collect();
    let pixels = pixels.ok_or("a pixel is not a grey level")?;
    let small = Mat::from_slice(&pixels)?;
    let mut large = Mat::default();
    let size = Size::new(small.cols() * 2, small.rows() * 2);
    resize(&small, &mut large, size, 0.0, 0.0, INTER_NEAREST)?;
    let bytes = large.data_bytes()?;
    let length = u32::try_from(bytes.len())?;
    // SAFETY: the pointer and the length are those of a slice.
    let checksum = unsafe { libz_sys::crc32(0, bytes.as_ptr(), length) };
    Ok(json!({
        "mean": mean(&large, &no_array())?[0],
        "crc32": checksum,
        "label": std::fs::read_to_string(LABEL)?.trim(),
        "unit": std::env::var("UNIT")?,
        "memory": std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?,
    }))
}

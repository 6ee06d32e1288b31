//! The program that Lambda starts: reads the cascades, then asks for events.

use std::env;

use function::handler::Function;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

/// OpenCV's variable for the most pixels that it decodes; by itself it would take a thousand
/// million, and the memory that they need is more than most functions have.
const PIXEL_LIMIT: (&str, &str) = ("OPENCV_IO_MAX_IMAGE_PIXELS", "100000000");

fn main() -> Result<(), Error> {
    if env::var_os(PIXEL_LIMIT.0).is_none() {
        // SAFETY: no other thread has been started yet.
        unsafe { env::set_var(PIXEL_LIMIT.0, PIXEL_LIMIT.1) };
    }
    serve()
}

// One event is handled at a time; OpenCV brings its own threads.
#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), Error> {
    let function = Function::new()?;
    let function = &function;
    let handler = |event: LambdaEvent<Value>| async move { function.handle(&event.payload).await };
    run(service_fn(handler)).await
}

//! The program that Lambda starts: reads the cascades, then asks for events.

use function::handler::Function;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

// One event is handled at a time; OpenCV brings its own threads.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::new()?;
    let function = &function;
    let handler = |event: LambdaEvent<Value>| async move { function.handle(&event.payload).await };
    run(service_fn(handler)).await
}

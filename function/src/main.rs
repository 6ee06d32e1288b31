//! The binary that Lambda starts: it loads the models, then requests events, and prepares for the first one while it
//! waits.

use std::ffi::c_int;
use std::sync::Arc;
use std::{env, panic};

use function::deadline::Deadline;
use function::handler::Function;
use function::log::{self, Level, Log};
use function::machine::{MEMORY_SIZE_VARIABLE, Machine};
use function::options::EnvironmentOptions;
use function::prefetch::spawn_prefetch;
use function::reexec::reexec;
use function::request::Event;
use function::vision::{Detector, OpenCvDetector};
use lambda_runtime::tower::util::MapResultLayer;
use lambda_runtime::{BoxFuture, Error, FunctionResponse, LambdaEvent, Runtime, SnapStartResource, service_fn};
use serde_json::json;

/// glibc's parameter for the number of malloc arenas. With an arena per thread, memory that one thread frees is not
/// reused by another: 1.3 MB of 21 after a large photo.
const M_ARENA_MAX: c_int = -8;

unsafe extern "C" {
    fn mallopt(parameter: c_int, value: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

fn main() -> Result<(), Error> {
    // SAFETY: any arguments are valid. If the call fails there are more arenas.
    unsafe { mallopt(M_ARENA_MAX, 1) };
    panic::set_hook(Box::new(log::panic_hook));
    serve()
}

// This thread does the network I/O; detection runs on another, with OpenCV's own threads.
#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), Error> {
    let machine = Machine::from_memory_size(env::var(MEMORY_SIZE_VARIABLE).ok().as_deref());
    // Models that are loaded before a snapshot need not be loaded after each restore.
    let snapshot = env::var("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref() == Ok("snap-start");
    let detector =
        OpenCvDetector::new(machine.threads(), snapshot).map_err(|failure| failure.into_error("the models"))?;
    let function = Arc::new(Function::new(
        detector,
        EnvironmentOptions::from_variables(env::vars()),
        machine,
    ));

    let shared = Arc::clone(&function);
    let handler = move |event: LambdaEvent<Event>| {
        let function = Arc::clone(&shared);
        async move {
            let deadline = Deadline::from_unix_millis(event.context.deadline);
            let request = event.context.request_id;
            let response = function.handle(event.payload, request, deadline).await;
            response.map(FunctionResponse::from)
        }
    };
    let snapstart_hooks = Arc::new(SnapStartHooks(Arc::clone(&function)));
    let finished = Arc::clone(&function);
    let after_response = move |result| {
        if finished.detection_running() {
            restart();
        }
        result
    };
    let runtime = Runtime::new(service_fn(handler))
        .layer(MapResultLayer::new(after_response))
        .register_snapstart_resource(snapstart_hooks);
    if !snapshot {
        prefetch(function);
    }
    runtime.run().await
}

fn prefetch<D: Detector>(function: Arc<Function<D>>) {
    spawn_prefetch(async move { function.prepare(|name| env::var(name).ok()).await });
}

/// Ends a detection that is still running after its deadline, so that the next event does not wait for it.
fn restart() {
    let log = Log::new(String::new(), None);
    let message = "a detection is still running after its deadline, so the function re-executes itself";
    log.write(Level::Error, message, json!({}));
    let Err(error) = reexec();
    let message = "failed to re-execute the function; Lambda starts it again";
    log.write(Level::Error, message, json!({"error": error.to_string()}));
    // SAFETY: any status is valid. A normal exit would wait for OpenCV's threads.
    unsafe { _exit(1) }
}

struct SnapStartHooks<D>(Arc<Function<D>>);

impl<D: Detector> SnapStartResource for SnapStartHooks<D> {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.before_snapshot();
        Box::pin(async { Ok(()) })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        prefetch(Arc::clone(&self.0));
        Box::pin(async { Ok(()) })
    }
}

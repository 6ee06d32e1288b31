//! The program that Lambda starts: reads the cascades, then asks for events, and prepares for the first one
//! while it waits.

use std::ffi::c_int;
use std::sync::Arc;
use std::{env, panic};

use function::deadline::Deadline;
use function::handler::Function;
use function::log::{self, Level, Log};
use function::machine::{MEMORY_SIZE_VARIABLE, Machine};
use function::options::EnvironmentOptions;
use function::prefetch::prefetch_during;
use function::reexec::reexec;
use function::request::Event;
use function::vision::{Detector, OpenCvDetector};
use lambda_runtime::tower::util::MapResultLayer;
use lambda_runtime::{BoxFuture, Error, LambdaEvent, Runtime, SnapStartResource, service_fn};
use serde_json::json;

/// glibc's number for how many arenas memory is taken from. Each thread would have its own, and what one
/// gives back another does not get: 1.3 MB of 21 after a large photo.
const M_ARENA_MAX: c_int = -8;

unsafe extern "C" {
    fn mallopt(parameter: c_int, value: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

fn main() -> Result<(), Error> {
    // SAFETY: it takes any numbers. Where it fails there are more arenas.
    unsafe { mallopt(M_ARENA_MAX, 1) };
    panic::set_hook(Box::new(log::panic_hook));
    serve()
}

// The network's work is done by this thread, and looking at photos by another, with OpenCV's own.
#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), Error> {
    let machine = Machine::from_memory_size(env::var(MEMORY_SIZE_VARIABLE).ok().as_deref());
    // What is read before a snapshot need not be read after any restore.
    let snapshot = env::var("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref() == Ok("snap-start");
    let detector = OpenCvDetector::new(machine.threads(), snapshot)
        .map_err(|failure| failure.into_error("the cascades"))?;
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
            function.handle(event.payload, request, deadline).await
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
    // With a snapshot it asks to be restored first, and what can be prepared before is.
    let requests = if snapshot { 2 } else { 1 };
    let prefetch = async move { function.prepare(|name| env::var(name).ok()).await };
    prefetch_during(runtime.run(), requests, prefetch).await
}

/// Ends a look that goes on although its time is over, so that the next event need not wait for it.
fn restart() {
    let log = Log::new(String::new(), None);
    let message = "a look goes on after its time, so the function starts anew";
    log.write(Level::Error, message, json!({}));
    let Err(error) = reexec();
    let message = "failed to start anew; Lambda starts the function again";
    log.write(Level::Error, message, json!({"error": error.to_string()}));
    // SAFETY: it takes any number. Ending as usual would wait for OpenCV's threads.
    unsafe { _exit(1) }
}

struct SnapStartHooks<V>(Arc<Function<V>>);

impl<V: Detector> SnapStartResource for SnapStartHooks<V> {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.before_snapshot();
        Box::pin(async { Ok(()) })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.after_restore();
        Box::pin(async { Ok(()) })
    }
}

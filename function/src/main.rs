//! The program that Lambda starts: reads the cascades, then asks for events, and prepares for the first one
//! while it waits.

use std::ffi::c_int;
use std::sync::Arc;
use std::{env, panic};

use function::deadline::Deadline;
use function::handler::Function;
use function::log::{self, Level, Log};
use function::machine::{MEMORY, Machine};
use function::meanwhile;
use function::options::Settings;
use function::renew::renew;
use function::request::Event;
use function::vision::{OpenCv, Vision};
use lambda_runtime::tower::util::MapResultLayer;
use lambda_runtime::{BoxFuture, Error, LambdaEvent, Runtime, SnapStartResource, service_fn};
use serde_json::json;

/// glibc's number for how many arenas memory is taken from. Each thread would have its own, and what one
/// gives back another does not get: 1.3 MB of 21 after a large photo.
const ARENAS: c_int = -8;

unsafe extern "C" {
    fn mallopt(parameter: c_int, value: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

fn main() -> Result<(), Error> {
    // SAFETY: it takes any numbers. Where it fails there are more arenas.
    unsafe { mallopt(ARENAS, 1) };
    panic::set_hook(Box::new(log::panicked));
    serve()
}

// The network's work is done by this thread, and looking at photos by another, with OpenCV's own.
#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), Error> {
    let machine = Machine::of(env::var(MEMORY).ok().as_deref());
    // What is read before a snapshot need not be read after any restore.
    let snapshot = env::var("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref() == Ok("snap-start");
    let vision =
        OpenCv::new(machine.threads(), snapshot).map_err(|failure| failure.of("the cascades"))?;
    let function = Arc::new(Function::new(vision, Settings::of(env::vars()), machine));

    let serving = Arc::clone(&function);
    let handler = move |event: LambdaEvent<Event>| {
        let function = Arc::clone(&serving);
        async move {
            let deadline = Deadline::of(event.context.deadline);
            let request = event.context.request_id;
            function.handle(event.payload, request, deadline).await
        }
    };
    let hooks = Arc::new(Hooks(Arc::clone(&function)));
    let answered = Arc::clone(&function);
    let after_the_answer = move |result| {
        if answered.looks_on() {
            start_anew();
        }
        result
    };
    let runtime = Runtime::new(service_fn(handler))
        .layer(MapResultLayer::new(after_the_answer))
        .register_snapstart_resource(hooks);
    // With a snapshot it asks to be restored first, and what can be prepared before is.
    let requests = if snapshot { 2 } else { 1 };
    let preparing = async move { function.prepare(|name| env::var(name).ok()).await };
    meanwhile::ask(runtime.run(), requests, preparing).await
}

/// Ends a look that goes on although its time is over, so that the next event need not wait for it.
fn start_anew() {
    let log = Log::new(String::new(), None);
    let message = "a look goes on after its time, so the function starts anew";
    log.write(Level::Error, message, json!({}));
    let Err(error) = renew();
    let message = "failed to start anew; Lambda starts the function again";
    log.write(Level::Error, message, json!({"error": error.to_string()}));
    // SAFETY: it takes any number. Ending as usual would wait for OpenCV's threads.
    unsafe { _exit(1) }
}

struct Hooks<V>(Arc<Function<V>>);

impl<V: Vision> SnapStartResource for Hooks<V> {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.before_snapshot();
        Box::pin(async { Ok(()) })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.after_restore();
        Box::pin(async { Ok(()) })
    }
}

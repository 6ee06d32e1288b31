//! The program that Lambda starts: it loads the function, then requests events, and prepares for the first one while it
//! waits.

use std::ffi::c_int;
use std::sync::Arc;
use std::{env, panic};

use lambda_runtime::tower::util::{MapRequestLayer, ThenLayer};
use lambda_runtime::{
    BoxFuture, Error, FunctionResponse, LambdaEvent, LambdaInvocation, Runtime, SnapStartResource, service_fn,
};
use serde_json::json;

use crate::access::{AccessDescription, DESCRIBE_OPTION};
use crate::blocking_work::Abandoned;
use crate::deadline::Deadline;
use crate::handler::Handler;
use crate::log::{self, Level, Log};
use crate::machine::Machine;
use crate::opencv_processor::OpenCvProcessor;
use crate::options::EnvironmentOptions;
use crate::photo::PhotoError;
use crate::photo_function::PhotoFunction;
use crate::prefetch::spawn_prefetch;
use crate::processor::Processor;
use crate::reexec::reexec;
use crate::request::Event;
use crate::workers::{Next, Restart, Workers};

/// glibc's parameter for the number of malloc arenas. With an arena per thread, memory that one thread frees is not
/// reused by another: 1.3 MB of 21 after a large photo.
const M_ARENA_MAX: c_int = -8;

unsafe extern "C" {
    fn mallopt(parameter: c_int, value: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

/// How the function is started.
#[derive(Clone, Copy, Debug)]
pub struct Startup {
    /// Whether a snapshot will be taken. What is loaded before it need not be loaded after each restore.
    pub is_snapshot: bool,
}

/// Serves the events that Lambda sends. `load` makes the function; until it returns, no event is requested. On Managed
/// Instances it is called for each photo that is processed at the same time. With the option `--describe-access`, prints
/// the objects that the function uses instead.
///
/// # Errors
/// `load` fails, or the Runtime API cannot be reached.
pub fn run<F: PhotoFunction>(load: impl Fn(Startup) -> Result<F, PhotoError>) -> Result<(), Error> {
    if env::args().nth(1).as_deref() == Some(DESCRIBE_OPTION) {
        let environment = EnvironmentOptions::<F::Options>::from_variables(env::vars());
        println!(
            "{}",
            serde_json::to_string(&AccessDescription::of_options(&environment)?)?
        );
        return Ok(());
    }
    // SAFETY: any arguments are valid. If the call fails there are more arenas.
    unsafe { mallopt(M_ARENA_MAX, 1) };
    panic::set_hook(Box::new(log::panic_hook));
    // This thread does the network I/O; photos are processed on others.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(load))
}

async fn serve<F: PhotoFunction>(load: impl Fn(Startup) -> Result<F, PhotoError>) -> Result<(), Error> {
    let machine = Machine::from_variables(|name| env::var(name).ok());
    let is_snapshot = env::var("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref() == Ok("snap-start");
    let load = || load(Startup { is_snapshot }).map_err(|failure| failure.into_error("load", "the function"));
    let processor = match machine.photos_at_a_time() {
        1 => OpenCvProcessor::new(load()?, machine.threads()),
        photos => OpenCvProcessor::with_functions((0..photos).map(|_| load()).collect::<Result<_, _>>()?),
    };
    let environment_options = EnvironmentOptions::from_variables(env::vars());
    let handler = Arc::new(Handler::new(processor, environment_options, machine));

    let shared = Arc::clone(&handler);
    let service = move |event: LambdaEvent<Event>| {
        let handler = Arc::clone(&shared);
        async move {
            let deadline = Deadline::from_unix_millis(event.context.deadline);
            let request = event.context.request_id;
            let response = handler.handle(event.payload, request, deadline).await;
            response.map(FunctionResponse::from)
        }
    };
    let snapstart_hooks = Arc::new(SnapStartHooks(Arc::clone(&handler)));
    let workers = Arc::new(Workers::new(machine.max_concurrency()));
    let starting = Arc::clone(&workers);
    let start = move |invocation: LambdaInvocation| {
        starting.start();
        invocation
    };
    let finished = Arc::clone(&handler);
    let finish = move |result: Result<(), Error>| {
        let (workers, abandoned) = (Arc::clone(&workers), finished.abandoned());
        async move {
            if let Next::Restart(photos, restart) = workers.finish(abandoned).await {
                end_process(&photos, restart);
            }
            match result {
                // The runtime has printed the error, after which it would end this worker.
                Err(_) if workers.number() > 1 => Ok(()),
                result => result,
            }
        }
    };
    let runtime = Runtime::new(service_fn(service))
        .layer(ThenLayer::new(finish))
        .layer(MapRequestLayer::new(start))
        .register_snapstart_resource(snapstart_hooks);
    if !is_snapshot {
        prefetch(handler);
    }
    runtime.run_concurrent().await
}

fn prefetch<P: Processor>(handler: Arc<Handler<P>>) {
    spawn_prefetch(async move { handler.prepare(|name| env::var(name).ok()).await });
}

/// Ends the work on photos that is still running after their deadline, so that the next event does not wait for it.
fn end_process(photos: &Abandoned, restart: Restart) -> ! {
    let log = Log::new(photos.first().cloned().unwrap_or_default(), None);
    let cause = "a photo is still being processed after its deadline";
    match restart {
        Restart::Reexecute => {
            let message = format!("{cause}, so the function re-executes itself");
            log.write(Level::Error, &message, json!({}));
            let Err(error) = reexec();
            let message = "failed to re-execute the function; Lambda starts it again";
            log.write(Level::Error, message, json!({"error": error.to_string()}));
        }
        Restart::Exit => {
            let message = format!("{cause}, so the function ends; Lambda starts it again");
            log.write(Level::Error, &message, json!({}));
        }
    }
    // SAFETY: any status is valid. A normal exit would wait for OpenCV's threads.
    unsafe { _exit(1) }
}

struct SnapStartHooks<P: Processor>(Arc<Handler<P>>);

impl<P: Processor> SnapStartResource for SnapStartHooks<P> {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.before_snapshot();
        Box::pin(async { Ok(()) })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        prefetch(Arc::clone(&self.0));
        Box::pin(async { Ok(()) })
    }
}

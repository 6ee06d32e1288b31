//! Tests that run concurrently with others.

use std::thread;
use std::time::Duration;

use anyhow::anyhow;
use rustix::process::nice;

use crate::report::TestOutput;

/// Runs `tests` on this thread and `background` on another one, and adds the results of both to `output`.
pub fn run_concurrently(
    output: &mut TestOutput,
    tests: impl FnOnce(&mut TestOutput),
    background: impl FnOnce(&mut TestOutput) + Send,
) {
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            let mut output = TestOutput::default();
            background(&mut output);
            output
        });
        tests(output);
        match running.join() {
            Ok(results) => output.append(results),
            Err(_) => {
                let error = anyhow!("a test panicked; its message is above");
                output.add("tests in the background", Err(error), Duration::ZERO);
            }
        }
    });
}

/// This thread and the processes that it starts run on processors that others leave idle. If it fails, they run at
/// normal priority.
pub fn lower_priority() {
    let _ = nice(19);
}

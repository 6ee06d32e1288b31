//! Tests that run concurrently with others, at a low priority.

use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use anyhow::anyhow;
use rustix::process::nice;

use crate::report::TestOutput;

pub struct BackgroundTests<'scope>(ScopedJoinHandle<'scope, TestOutput>);

impl<'scope> BackgroundTests<'scope> {
    /// Starts `run`, which adds its results to the output that it gets.
    pub fn start(scope: &'scope Scope<'scope, '_>, run: impl FnOnce(&mut TestOutput) + Send + 'scope) -> Self {
        Self(scope.spawn(|| {
            // This applies to this thread and the processes that it starts. If it fails, they run at normal priority.
            let _ = nice(19);
            let mut output = TestOutput::default();
            run(&mut output);
            output
        }))
    }

    /// Waits for the tests, and adds their results to `output`.
    pub fn finish(self, output: &mut TestOutput) {
        match self.0.join() {
            Ok(results) => output.append(results),
            Err(_) => {
                let error = anyhow!("a test panicked; its message is above");
                output.add("tests in the background", Err(error), Duration::ZERO);
            }
        }
    }
}

//! A test that runs beside others, with what these leave of the processors.

use std::thread::{Scope, ScopedJoinHandle};

use anyhow::{Result, bail};
use rustix::process::nice;

/// A test that was begun.
pub struct BackgroundTest<'scope>(ScopedJoinHandle<'scope, Result<()>>);

impl<'scope> BackgroundTest<'scope> {
    /// Begins a test.
    pub fn start(
        scope: &'scope Scope<'scope, '_>,
        test: impl FnOnce() -> Result<()> + Send + 'scope,
    ) -> Self {
        Self(scope.spawn(|| {
            // It holds for this thread and the processes that it starts. Where it is refused, they work like all others.
            let _ = nice(19);
            test()
        }))
    }

    /// Waits for its end.
    pub fn finish(self) -> Result<()> {
        match self.0.join() {
            Ok(result) => result,
            Err(_) => bail!("the test panicked; its message is above"),
        }
    }
}

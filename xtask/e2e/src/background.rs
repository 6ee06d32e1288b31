//! A test that runs concurrently with others, at a low priority.

use std::thread::{Scope, ScopedJoinHandle};

use anyhow::{Result, bail};
use rustix::process::nice;

pub struct BackgroundTest<'scope>(ScopedJoinHandle<'scope, Result<()>>);

impl<'scope> BackgroundTest<'scope> {
    pub fn start(scope: &'scope Scope<'scope, '_>, test: impl FnOnce() -> Result<()> + Send + 'scope) -> Self {
        Self(scope.spawn(|| {
            // This applies to this thread and the processes that it starts. If it fails, they run at normal priority.
            let _ = nice(19);
            test()
        }))
    }

    pub fn finish(self) -> Result<()> {
        match self.0.join() {
            Ok(result) => result,
            Err(_) => bail!("the test panicked; its message is above"),
        }
    }
}

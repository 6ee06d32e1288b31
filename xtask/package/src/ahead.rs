//! A compilation that runs while something else is built: OpenCV's stages leave a processor idle for minutes.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use support::process::{end, end_with_this, yield_to_others};
use support::progress::Step;
use support::run::show;

/// A running cargo, which yields to everybody else and ends with this value.
pub(crate) struct Ahead {
    cargo: Child,
}

impl Ahead {
    /// Starts it, with what it says in `log`.
    ///
    /// # Errors
    /// It cannot be started, or the log cannot be written.
    pub(crate) fn start(mut cargo: Command, log: &Path) -> Result<Self> {
        let file = File::create(log)
            .with_context(|| format!("failed to write the log `{}`", log.display()))?;
        let errors = file.try_clone()?;
        cargo.stdin(Stdio::null()).stdout(file).stderr(errors);
        end_with_this(&mut cargo);
        yield_to_others(&mut cargo);
        let child = cargo
            .spawn()
            .with_context(|| format!("failed to start `{}`", show(&cargo)))?;
        Ok(Self { cargo: child })
    }

    /// Waits for its end. Whether it succeeded does not count: it was not to do all that there is.
    pub(crate) fn wait(mut self, what: &str) {
        let _step = Step::start(what);
        let _ = self.cargo.wait();
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // The number of one that has ended can be another process's.
        if matches!(self.cargo.try_wait(), Ok(None)) {
            end(&mut self.cargo);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, Instant};

    use super::*;

    fn shell(script: &str, log: &Path) -> Ahead {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        Ahead::start(shell, log).unwrap()
    }

    #[test]
    fn a_failure_is_waited_for_and_kept_in_the_log() {
        let log = tempfile::NamedTempFile::new().unwrap();
        shell("nice; echo failed >&2; exit 101", log.path()).wait("waiting");
        assert_eq!(fs::read_to_string(log.path()).unwrap(), "19\nfailed\n");
    }

    #[test]
    fn it_ends_with_all_that_it_started() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let start = Instant::now();
        let ahead = shell("sleep 60 & echo $!; wait", log.path());
        let mut said = String::new();
        while !said.ends_with('\n') && start.elapsed() < Duration::from_secs(30) {
            said = fs::read_to_string(log.path()).unwrap();
        }
        drop(ahead);
        // What was killed without being waited for takes a moment to end.
        let stat = format!("/proc/{}/stat", said.trim());
        let runs = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
        while runs() && start.elapsed() < Duration::from_secs(30) {}
        assert!(!runs());
    }
}

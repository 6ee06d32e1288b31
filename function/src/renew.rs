//! Starts the program anew in its own process, which ends all of its threads, whatever they do.
//!
//! A process that ends after its answer and before it asks for the next event has failed that event, says Lambda
//! (`Runtime.ExitError`), and a queue or a job would have it tried again. One that becomes another program is the same
//! process still.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{env, fs, io};

/// Says whether a snapshot is to be taken; what is started after one must not ask for it again.
const INITIALIZATION: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";

/// Starts it as it was started, by its loader if that was named. Source: proc_pid_cmdline(5).
///
/// # Errors
/// It could not be started; this one goes on.
pub fn renew() -> io::Result<Infallible> {
    let program = env::current_exe()?;
    let line = fs::read("/proc/self/cmdline")?;
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    let mut words = line.split(|byte| *byte == 0).map(OsStr::from_bytes);
    let mut command = Command::new(program);
    if let Some(name) = words.next() {
        command.arg0(name);
    }
    command.args(words).env(INITIALIZATION, "on-demand");
    Err(command.exec())
}

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
const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";

/// Starts it as it was started, by its loader if that was named. Source: proc_pid_cmdline(5).
///
/// # Errors
/// It could not be started; this one goes on.
pub fn reexec() -> io::Result<Infallible> {
    let program = env::current_exe()?;
    let command_line = fs::read("/proc/self/cmdline")?;
    let command_line = command_line.strip_suffix(b"\0").unwrap_or(&command_line);
    let mut arguments = command_line.split(|byte| *byte == 0).map(OsStr::from_bytes);
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command
        .args(arguments)
        .env(INITIALIZATION_TYPE, "on-demand");
    Err(command.exec())
}

#[cfg(test)]
mod tests {
    use std::process::{Stdio, id};
    use std::thread;

    use super::*;

    /// Set in the program that the test below starts, with the number of its process.
    const PROCESS_ID: &str = "REEXEC_TEST_PROCESS_ID";

    /// What is started: it starts itself anew while a thread never ends, and says so when it has.
    #[test]
    fn reexec_helper_process() {
        match env::var(PROCESS_ID).ok().as_deref() {
            None => {}
            Some("") => {
                thread::spawn(|| {
                    loop {
                        std::hint::spin_loop();
                    }
                });
                // SAFETY: the thread above looks at no variables.
                unsafe { env::set_var(PROCESS_ID, id().to_string()) };
                let Err(error) = reexec();
                panic!("{error}");
            }
            Some(process) => {
                assert_eq!(process, id().to_string());
                assert_eq!(env::var(INITIALIZATION_TYPE).unwrap(), "on-demand");
                println!("started anew");
            }
        }
    }

    #[test]
    fn reexec_replaces_the_process_despite_running_threads() {
        let name = concat!(module_path!(), "::reexec_helper_process");
        let (_, name) = name.split_once("::").unwrap();
        let output = Command::new(env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(PROCESS_ID, "")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{stdout}");
        assert_eq!(stdout.matches("started anew").count(), 1, "{stdout}");
        // The first run never ended.
        assert_eq!(stdout.matches("test result: ok").count(), 1, "{stdout}");
    }
}

//! Re-executes the program in its own process, which ends all of its threads, even running ones.
//!
//! If a process exits after its response and before it requests the next event, Lambda reports the event as failed
//! (`Runtime.ExitError`), and a queue or a batch job retries it. After `exec` the process is still the same.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{env, fs, io};

/// `snap-start` if a snapshot will be taken; a program that is re-executed after one must not request it again.
const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";

/// Re-executes with the original arguments, through the loader if it was given explicitly. Source: proc_pid_cmdline(5).
///
/// # Errors
/// `exec` failed; this program continues.
pub fn reexec() -> io::Result<Infallible> {
    let program = env::current_exe()?;
    let command_line = fs::read("/proc/self/cmdline")?;
    let command_line = command_line.strip_suffix(b"\0").unwrap_or(&command_line);
    let mut arguments = command_line.split(|byte| *byte == 0).map(OsStr::from_bytes);
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).env(INITIALIZATION_TYPE, "on-demand");
    Err(command.exec())
}

#[cfg(test)]
mod tests {
    use std::process::{Stdio, id};
    use std::thread;

    use super::*;

    /// Empty in the process that the test below starts; that process sets it to its ID before it re-executes itself.
    const PROCESS_ID: &str = "REEXEC_TEST_PROCESS_ID";

    /// The process that the test below starts: re-executes itself while a thread is running, and then prints that it
    /// has.
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
                // SAFETY: the thread above does not access the environment.
                unsafe { env::set_var(PROCESS_ID, id().to_string()) };
                let Err(error) = reexec();
                panic!("{error}");
            }
            Some(process) => {
                assert_eq!(process, id().to_string());
                assert_eq!(env::var(INITIALIZATION_TYPE).unwrap(), "on-demand");
                println!("re-executed");
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
        assert_eq!(stdout.matches("re-executed").count(), 1, "{stdout}");
        // The first run never finished.
        assert_eq!(stdout.matches("test result: ok").count(), 1, "{stdout}");
    }
}

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

#[cfg(test)]
mod tests {
    use std::process::{Stdio, id};
    use std::thread;

    use super::*;

    /// Set in the program that the test below starts, with the number of its process.
    const STARTED: &str = "RENEW_TEST_STARTED";

    /// What is started: it starts itself anew while a thread never ends, and says so when it has.
    #[test]
    fn started_by_the_test_below() {
        match env::var(STARTED).ok().as_deref() {
            None => {}
            Some("") => {
                thread::spawn(|| {
                    loop {
                        std::hint::spin_loop();
                    }
                });
                // SAFETY: the thread above looks at no variables.
                unsafe { env::set_var(STARTED, id().to_string()) };
                let Err(error) = renew();
                panic!("{error}");
            }
            Some(process) => {
                assert_eq!(process, id().to_string());
                assert_eq!(env::var(INITIALIZATION).unwrap(), "on-demand");
                println!("started anew");
            }
        }
    }

    #[test]
    fn a_process_becomes_its_program_anew_whatever_its_threads_do() {
        let name = concat!(module_path!(), "::started_by_the_test_below");
        let (_, name) = name.split_once("::").unwrap();
        let output = Command::new(env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(STARTED, "")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.matches("started anew").count(), 1, "{said}");
        // The first run never ended.
        assert_eq!(said.matches("test result: ok").count(), 1, "{said}");
    }
}

//! Background processes: servers, emulators, browsers. Each is killed with all its descendants, and waited for, when
//! its value is dropped or this program is interrupted. If this program is killed, Linux sends them SIGTERM.

use std::io;
use std::mem::{forget, replace};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use anyhow::{Context, Result};
use fs_err::File;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use crate::interruption;
use crate::process::{descendants, terminate_with_parent};
use crate::run::{RunnableCommand, display_command};
use crate::sync::lock_ignoring_poison;

type Process = Arc<Mutex<process::Child>>;

static RUNNING: Mutex<Vec<Process>> = Mutex::new(Vec::new());

pub struct Child {
    process: Process,
    id: u32,
}

impl Child {
    /// Starts a command without input, with stdout and stderr redirected to the file `log`.
    pub fn start_logged(command: impl RunnableCommand, log: &Path) -> Result<Self> {
        let log = File::create(log)?.into_file();
        let copy = log.try_clone()?;
        command.with_command(|command| Self::start(command.stdin(Stdio::null()).stdout(copy).stderr(log)))
    }

    /// Starts a command in its own process group: Ctrl-C reaches only this program, which then kills the command with
    /// its descendants.
    pub fn start(command: &mut Command) -> Result<Self> {
        let started = Self::try_start(command);
        started.with_context(|| format!("failed to start `{}`", display_command(command)))
    }

    /// Like [`Child::start`], with the operating system's error.
    pub fn try_start(command: &mut Command) -> io::Result<Self> {
        interruption::set_child_killer(kill_all).map_err(io::Error::other)?;
        terminate_with_parent(command.process_group(0));
        // With the lock held, `kill_all` cannot miss the new process.
        let mut running = lock_ignoring_poison(&RUNNING);
        let process = spawn_on_starter_thread(command)?;
        let id = process.id();
        let process = Arc::new(Mutex::new(process));
        running.push(Arc::clone(&process));
        Ok(Self { process, id })
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    /// The exit status, or `None` while the process runs.
    pub fn try_wait(&self) -> Result<Option<ExitStatus>> {
        Ok(lock_ignoring_poison(&self.process).try_wait()?)
    }

    pub fn wait(&self) -> Result<ExitStatus> {
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        // Waits without the lock, which `kill_all` needs, and without reaping, so that the process ID is not reused.
        if let Some(id) = pid(self.id) {
            waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
        }
        Ok(lock_ignoring_poison(&self.process).wait()?)
    }

    /// Kills only this process; its descendants continue to run.
    pub fn kill(&self) -> Result<()> {
        let mut process = lock_ignoring_poison(&self.process);
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// The writing end of a piped stdin; `None` if it is not piped or was taken before.
    pub fn stdin(&self) -> Option<ChildStdin> {
        lock_ignoring_poison(&self.process).stdin.take()
    }

    pub fn stdout(&self) -> Option<ChildStdout> {
        lock_ignoring_poison(&self.process).stdout.take()
    }

    pub fn stderr(&self) -> Option<ChildStderr> {
        lock_ignoring_poison(&self.process).stderr.take()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let mut running = lock_ignoring_poison(&RUNNING);
        running.retain(|process| !Arc::ptr_eq(process, &self.process));
        kill_tree(&self.process);
    }
}

/// Kills all children and keeps the lock, so that no other is started or dropped: this program is about to exit.
fn kill_all() {
    let running = lock_ignoring_poison(&RUNNING);
    running.iter().rev().for_each(kill_tree);
    forget(running);
}

/// Kills a process and its descendants, including those in other process groups: the emulator starts the function in
/// a separate one, where it survives the emulator.
fn kill_tree(process: &Process) {
    let mut process = lock_ignoring_poison(process);
    // The ID of a process that was waited for may have been reused.
    if !matches!(process.try_wait(), Ok(None)) {
        return;
    }
    let started = descendants(process.id());
    if let Some(group) = pid(process.id()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    for started in started.into_iter().filter_map(pid) {
        // It may have exited already.
        let _ = kill_process(started, Signal::KILL);
    }
    let _ = process.wait();
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}

/// Starts a command from a thread that lives as long as this program: Linux sends the parent death signal when the
/// *thread* that started the process exits.
fn spawn_on_starter_thread(command: &mut Command) -> io::Result<process::Child> {
    type Job = Box<dyn FnOnce() + Send>;
    static STARTER: OnceLock<Sender<Job>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (jobs, queue) = channel::<Job>();
        thread::spawn(move || queue.iter().for_each(|job| job()));
        jobs
    });
    let (sender, receiver) = channel();
    let mut taken = replace(command, Command::new(""));
    let job = move || {
        let started = taken.spawn();
        let _ = sender.send((taken, started));
    };
    let sent = starter.send(Box::new(job)).ok();
    let (given_back, started) = sent
        .and_then(|()| receiver.recv().ok())
        .ok_or_else(|| io::Error::other("the thread that starts processes has ended"))?;
    *command = given_back;
    started
}

#[cfg(test)]
mod tests {
    use std::env::{self, current_exe};
    use std::io::{BufRead, BufReader, Read};

    use super::*;

    /// The environment variable with which other tests start `exiting_parent`.
    const RUN_AS_PARENT: &str = "SUPPORT_TEST_PARENT";

    /// A shell, and the ID of a process that it started in another session and process group.
    fn shell_with_child() -> (Child, u32) {
        let mut shell = Command::new("sh");
        shell.args(["-c", "setsid sleep 60 & echo $!; wait"]);
        let child = Child::start(shell.stdout(Stdio::piped())).unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout().unwrap());
        stdout.read_line(&mut line).unwrap();
        (child, line.trim().parse().unwrap())
    }

    /// Whether a process exists and is not a zombie.
    fn is_running(process: u32) -> bool {
        let status = fs_err::read_to_string(format!("/proc/{process}/status"));
        status.is_ok_and(|status| !status.contains("State:\tZ"))
    }

    fn exits_soon(process: u32) -> bool {
        let mut tries = 0..500;
        tries.any(|_| {
            thread::sleep(std::time::Duration::from_millis(10));
            !is_running(process)
        })
    }

    #[test]
    fn dropping_a_child_kills_it_and_its_descendants() {
        let (child, below) = shell_with_child();
        let id = child.id();
        assert!(is_running(id) && is_running(below) && child.try_wait().unwrap().is_none());
        drop(child);
        assert!(!is_running(id));
        assert!(exits_soon(below));
    }

    #[test]
    fn kill_leaves_descendants_running() {
        let (child, below) = shell_with_child();
        child.kill().unwrap();
        drop(child);
        assert!(is_running(below));
        kill_process(pid(below).unwrap(), Signal::KILL).unwrap();
    }

    #[test]
    fn a_child_outlives_the_thread_that_started_it() {
        let start = || Child::start(Command::new("sleep").arg("60")).unwrap();
        let child = thread::spawn(start).join().unwrap();
        thread::sleep(std::time::Duration::from_millis(100));
        assert!(child.try_wait().unwrap().is_none());
    }

    #[test]
    fn child_output_goes_to_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut shell = Command::new("sh");
        let child = Child::start_logged(shell.args(["-c", "echo one; echo two >&2; exit 3"]), &log);
        assert_eq!(child.unwrap().wait().unwrap().code(), Some(3));
        assert_eq!(fs_err::read_to_string(&log).unwrap(), "one\ntwo\n");
        let error = Child::start_logged(&mut Command::new("/nowhere/server"), &log)
            .err()
            .unwrap();
        assert!(format!("{error:#}").starts_with("failed to start `/nowhere/server`: "));
    }

    /// Started by the next two tests: it has children, and is interrupted or killed.
    #[test]
    fn exiting_parent() {
        if env::var_os(RUN_AS_PARENT).is_none() {
            return;
        }
        let (child, below) = shell_with_child();
        println!("children {} {below}", child.id());
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
    }

    /// A separate program, and the IDs of the child and grandchild that it started.
    fn program_with_children() -> (process::Child, [u32; 2]) {
        let name = ["--exact", "child::tests::exiting_parent"];
        let mut program = Command::new(current_exe().unwrap());
        program.args(name).arg("--nocapture").env(RUN_AS_PARENT, "1");
        program.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = program.spawn().unwrap();
        let mut stdout = BufReader::new(program.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("children ") {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0);
        }
        thread::spawn(move || stdout.read_to_string(&mut String::new()));
        let numbers = line.split_whitespace().rev().take(2);
        let numbers: Vec<_> = numbers.map(|number| number.parse().unwrap()).collect();
        (program, [numbers[1], numbers[0]])
    }

    #[test]
    fn children_are_killed_when_the_program_is_interrupted() {
        let (mut program, [child, below]) = program_with_children();
        assert!(is_running(child) && is_running(below));
        // `wait` would close it, and the program would return before it is interrupted.
        let _stdin = program.stdin.take();
        kill_process(pid(program.id()).unwrap(), Signal::INT).unwrap();
        assert_eq!(program.wait().unwrap().code(), Some(130));
        assert!(exits_soon(child) && exits_soon(below));
    }

    #[test]
    fn children_are_terminated_when_the_program_is_killed() {
        let (mut program, [child, below]) = program_with_children();
        program.kill().unwrap();
        program.wait().unwrap();
        assert!(exits_soon(child));
        // The shell got SIGTERM, and does not end its own child.
        kill_process(pid(below).unwrap(), Signal::KILL).unwrap();
    }
}

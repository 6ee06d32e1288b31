//! Child processes: their priority, their end with their parent, and their descendants.

use std::os::unix::process::CommandExt;
use std::process::Command;

use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

/// Sends a command's process SIGTERM when this process ends, even if it is killed. Source: PR_SET_PDEATHSIG(2const).
pub fn terminate_with_parent(command: &mut Command) {
    let set_signal = || Ok(set_parent_process_death_signal(Some(Signal::TERM))?);
    // SAFETY: between fork and exec it only makes one system call.
    unsafe { command.pre_exec(set_signal) };
}

/// Gives a command's process and its descendants the lowest scheduling priority.
pub fn lower_priority(command: &mut Command) {
    // If the system refuses, the priority stays as it is.
    let nice = || {
        let _ = rustix::process::nice(19);
        Ok(())
    };
    // SAFETY: between fork and exec it only makes one system call.
    unsafe { command.pre_exec(nice) };
}

/// The IDs of a process's descendants, breadth first.
pub fn descendants(process: u32) -> Vec<u32> {
    let mut processes = vec![process];
    let mut next = 0;
    while let Some(process) = processes.get(next).copied() {
        processes.extend(child_processes(process));
        next += 1;
    }
    processes.split_off(1)
}

/// Kills a process and its descendants.
pub fn kill_with_descendants(process: u32) {
    let processes = std::iter::once(process).chain(descendants(process));
    let processes: Vec<_> = processes.filter_map(|id| Pid::from_raw(id.try_into().ok()?)).collect();
    for process in processes {
        // It may have ended already.
        let _ = kill_process(process, Signal::KILL);
    }
}

/// Source: proc_pid_task_children(5).
fn child_processes(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter();
    let threads = threads.flatten().flatten().map(|thread| thread.path());
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.join("children")).ok());
    let numbers = lists.collect::<Vec<_>>().join(" ");
    let numbers = numbers.split_whitespace();
    numbers.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::thread;

    use super::*;
    use crate::run::output;

    #[test]
    fn lower_priority_sets_the_lowest_priority() {
        let mut nice = Command::new("nice");
        lower_priority(&mut nice);
        assert_eq!(output(&mut nice).unwrap(), "19");
    }

    #[test]
    fn a_process_terminates_with_its_parent() {
        // For Linux the parent is the thread that started the process.
        let start = || {
            let mut sleep = Command::new("sleep");
            sleep.arg("60");
            terminate_with_parent(&mut sleep);
            sleep.spawn().unwrap()
        };
        let mut child = thread::spawn(start).join().unwrap();
        let ended = child.wait().unwrap().signal();
        assert_eq!(ended, Some(Signal::TERM.as_raw()));
    }
}

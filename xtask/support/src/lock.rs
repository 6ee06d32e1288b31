//! A lock file that serialises builds. It names its holder, and child processes can inherit it.

use std::fs::TryLockError;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use fs_err::{self as fs, File, OpenOptions};

/// Held until this value is dropped and every process that inherited it has ended.
pub struct Lock {
    file: File,
}

impl Lock {
    /// Acquires the lock at `path`. If another process holds it, passes a line that says so to `report`, and waits.
    pub fn acquire(path: &Path, report: impl FnOnce(&str)) -> Result<Self> {
        Self::try_acquire(path, report).with_context(|| format!("failed to acquire the lock `{}`", path.display()))
    }

    fn try_acquire(path: &Path, report: impl FnOnce(&str)) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                report(&format!(
                    "process {} is waiting: process {} is building here (lock `{}`)",
                    std::process::id(),
                    holder.trim(),
                    path.display()
                ));
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{}", std::process::id())?;
        Ok(Self { file })
    }

    /// The lock as a child's standard input. Processes that inherit it keep the lock: if this process is killed while
    /// ninja runs, the next build waits until ninja has ended.
    pub fn inheritable_stdin(&self) -> Result<Stdio> {
        Ok(Stdio::from(self.file.try_clone()?.into_file()))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_holder_waits_and_reports_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::acquire(&path, |_| panic!("the lock is free")).unwrap();
        let (message_sender, messages) = mpsc::channel();
        let second = thread::spawn({
            let path = path.clone();
            move || {
                Lock::acquire(&path, |line| message_sender.send(line.to_owned()).unwrap()).unwrap();
            }
        });
        let line = messages.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(
            line.contains(&format!("process {} is building", std::process::id())),
            "{line}"
        );
        assert!(!second.is_finished());
        drop(first);
        second.join().unwrap();
    }

    #[test]
    fn a_child_that_outlives_its_parent_keeps_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = Lock::acquire(&path, |_| ()).unwrap();
        let mut child = Command::new("sleep")
            .arg("60")
            .stdin(lock.inheritable_stdin().unwrap())
            .spawn()
            .unwrap();
        drop(lock);
        let file = File::open(&path).unwrap();
        assert!(matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        child.kill().unwrap();
        child.wait().unwrap();
        file.try_lock().unwrap();
    }
}

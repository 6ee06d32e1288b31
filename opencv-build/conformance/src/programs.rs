//! Programs of ours in C and C++: compiled against the SDK by its own compiler, run, and what they say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Result, anyhow, ensure};
use fs_err as fs;
use support::lock::Lock;
use support::progress::tell;
use support::run::{Run, Shell, cmd, finish, run_logged, show};

use crate::Fixture;

/// Where programs are compiled.
pub struct Programs<'a> {
    fixture: &'a Fixture<'a>,
    _lock: Lock,
}

impl<'a> Programs<'a> {
    /// Waits until no other process tests there.
    pub fn new(fixture: &'a Fixture) -> Result<Self> {
        fs::create_dir_all(&fixture.work)?;
        Ok(Self {
            _lock: Lock::take(&fixture.work.join("lock"), tell)?,
            fixture,
        })
    }

    /// The folder, which is kept.
    pub fn folder(&self) -> &Path {
        &self.fixture.work
    }

    /// The program of `data/FOLDER/NAME.cpp`, compiled now: what it includes may have changed.
    pub fn built(&self, folder: &str, name: &str) -> Result<PathBuf> {
        let Fixture { sdk, tools, .. } = self.fixture;
        let program = self.folder().join(format!("{folder}-{name}"));
        let link = &sdk.manifest().link;
        let libraries = link.libraries.iter().chain(&link.system);
        let libraries = libraries.map(|library| format!("-l{library}"));
        let source = self.fixture.data().join(folder).join(name);
        let (sh, cxx, sdk) = (Shell::new()?, tools.cxx(), sdk.path());
        self.log(cmd!(
            sh,
            "{cxx} -std=c++17 -O2 -Wall -Wextra -Werror {source}.cpp -I {sdk}/include/opencv4
             -L {sdk}/lib {libraries...} -o {program}"
        ))?;
        Ok(program)
    }

    /// Runs a command whose output matters only if it fails.
    pub fn log(&self, command: impl Run) -> Result<()> {
        run_logged(command, &self.folder().join("log"), |_| ())
    }
}

/// What a program says on both channels; it must succeed.
pub fn said(command: impl Run) -> Result<String> {
    command.with(said_by)
}

fn said_by(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = finish(&mut *command)?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "`{shown}` found something: {}\n  | {}",
        output.status,
        [&said, &*String::from_utf8_lossy(&output.stderr)]
            .concat()
            .trim()
            .replace('\n', "\n  | ")
    );
    Ok(said.trim().to_owned())
}

/// What several commands say that run at once, in their order.
pub fn all_said(commands: Vec<Command>) -> Result<Vec<String>> {
    thread::scope(|scope| {
        let start = |mut command| scope.spawn(move || said(&mut command));
        let running: Vec<_> = commands.into_iter().map(start).collect();
        let done = running.into_iter().map(|thread| {
            let ended = thread.join();
            ended.unwrap_or_else(|_| Err(anyhow!("a thread that waits for a program panicked")))
        });
        done.collect()
    })
}

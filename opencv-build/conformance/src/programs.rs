//! Compiles our C++ test programs against the SDK by its own compiler, and runs them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Result, anyhow, ensure};
use fs_err as fs;
use support::lock::Lock;
use support::progress::print_status;
use support::run::{RunnableCommand, Shell, cmd, display_command, run_logged, wait_with_output};

use crate::Fixture;

/// Holds the lock of the working folder.
pub struct Programs<'a> {
    fixture: &'a Fixture<'a>,
    _lock: Lock,
}

impl<'a> Programs<'a> {
    /// Waits until no other process uses the folder.
    pub fn new(fixture: &'a Fixture) -> Result<Self> {
        fs::create_dir_all(&fixture.work_dir)?;
        Ok(Self {
            _lock: Lock::acquire(&fixture.work_dir.join("lock"), print_status)?,
            fixture,
        })
    }

    /// The working folder, which is kept between runs.
    pub fn dir(&self) -> &Path {
        &self.fixture.work_dir
    }

    /// Compiles `data/FOLDER/NAME.cpp`, every time, because the headers there and in `data/shared` may have changed.
    pub fn compile(&self, folder: &str, name: &str) -> Result<PathBuf> {
        let Fixture { sdk, tools, .. } = self.fixture;
        let programs = self.dir().join(sdk.manifest().target.architecture.name());
        fs::create_dir_all(&programs)?;
        let program = programs.join(format!("{folder}-{name}"));
        let link = &sdk.manifest().link;
        let libraries = link.libraries.iter().chain(&link.system);
        let libraries = libraries.map(|library| format!("-l{library}"));
        let data = self.fixture.data_dir();
        let source = data.join(folder).join(name);
        let (sh, cxx, sdk) = (Shell::new()?, tools.cxx(), sdk.path());
        self.run_logged(cmd!(
            sh,
            "{cxx} -std=c++17 -O2 -Wall -Wextra -Werror {source}.cpp -I {data}/shared
             -I {sdk}/include/opencv4 -L {sdk}/lib {libraries...} -o {program}"
        ))?;
        self.fixture.runnable(&program)
    }

    /// Runs a command and shows its output only if it fails.
    pub fn run_logged(&self, command: impl RunnableCommand) -> Result<()> {
        run_logged(command, &self.dir().join("log"), |_| ())
    }
}

/// Returns the command's stdout. An error shows stdout and stderr.
pub fn run_and_capture(command: impl RunnableCommand) -> Result<String> {
    command.with_command(capture_output)
}

fn capture_output(command: &mut Command) -> Result<String> {
    let shown = display_command(command);
    let output = wait_with_output(&mut *command)?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "`{shown}` failed: {}\n  | {}",
        output.status,
        [&stdout, &*String::from_utf8_lossy(&output.stderr)]
            .concat()
            .trim()
            .replace('\n', "\n  | ")
    );
    Ok(stdout.trim().to_owned())
}

/// Runs the commands in parallel and returns their output in order.
pub fn run_all(commands: Vec<Command>) -> Result<Vec<String>> {
    thread::scope(|scope| {
        let start = |mut command| scope.spawn(move || run_and_capture(&mut command));
        let running: Vec<_> = commands.into_iter().map(start).collect();
        let done = running.into_iter().map(|thread| {
            let ended = thread.join();
            ended.unwrap_or_else(|_| Err(anyhow!("a thread that runs a program panicked")))
        });
        done.collect()
    })
}

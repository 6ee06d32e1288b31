//! Programs of ours in C++: compiled against the SDK by its own compiler, run, and what they say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Result, anyhow, ensure};
use fs_err as fs;
use opencv_build::{Sdk, Tools};
use support::lock::Lock;
use support::progress::tell;
use support::run::{Run, Shell, cmd, finish, run_logged, show};

use package::build::Build;
use package::workspace::Workspace;

/// Where programs are compiled.
pub struct Programs<'a> {
    folder: PathBuf,
    sources: PathBuf,
    sdk: &'a Sdk,
    tools: &'a Tools,
    _lock: Lock,
}

impl<'a> Programs<'a> {
    /// A folder below the target folder, for this SDK.
    pub fn new(build: &'a Build, sdk: &'a Sdk) -> Result<Self> {
        let workspace = build.workspace();
        let folder = workspace.target().join("identity");
        fs::create_dir_all(&folder)?;
        let lock = Lock::take(&folder.join("lock"), tell)?;
        Ok(Self {
            folder,
            sources: sources(workspace),
            sdk,
            tools: build.tools()?,
            _lock: lock,
        })
    }

    /// The folder, which is kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The SDK's folder of cascades and samples.
    pub fn share(&self) -> PathBuf {
        self.sdk.path().join("share")
    }

    /// The program of `NAME.cpp`, compiled now: what it includes may have changed.
    pub fn built(&self, name: &str) -> Result<PathBuf> {
        let program = self.folder.join(name);
        let link = &self.sdk.manifest().link;
        let libraries = link.libraries.iter().chain(&link.system);
        let libraries = libraries.map(|library| format!("-l{library}"));
        let (sh, cxx, sdk, sources) = (
            Shell::new()?,
            self.tools.cxx(),
            self.sdk.path(),
            &self.sources,
        );
        self.log(cmd!(
            sh,
            "{cxx} -std=c++17 -O2 -Wall -Wextra -Werror {sources}/{name}.cpp -I {sdk}/include/opencv4
             -L {sdk}/lib {libraries...} -o {program}"
        ))?;
        Ok(program)
    }

    /// Runs a command whose output matters only if it fails.
    pub fn log(&self, command: impl Run) -> Result<()> {
        run_logged(command, &self.folder.join("log"), |_| ())
    }
}

/// The folder of the programs' sources.
pub fn sources(workspace: &Workspace) -> PathBuf {
    workspace.root().join("xtask/e2e/data/identity")
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

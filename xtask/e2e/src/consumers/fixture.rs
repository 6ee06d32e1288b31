//! Builds programs against the SDK's image: with the extracted image, the pinned tools, and commands whose environment
//! is cleared.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use opencv_build::internals::{Wheel, install_wheels};
use opencv_build::{Sdk, Tools};
use serde::Deserialize;
use support::files::copy_tree;
use support::lock::Lock;
use support::progress::print_status;
use support::run::{display_command, output, run_logged};

use package::artefacts;
use package::build::Build;
use support::files::remove_if_exists;

/// The face in lena.jpg, as the Python wheels of OpenCV find it: that of 4.5.5 with the same cascade, and that of 4.14
/// with the same model.
const FACES: &str = "cascade [219,203,169,169]\nYuNet [207,183,147,206] 0.91";

/// The variables of the user's environment that commands get, besides `PATH`: where Rust is installed, and where files
/// can be written.
const ENVIRONMENT: [&str; 5] = ["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "TMPDIR"];

/// A folder with the extracted image and all tools.
pub struct ConsumerFixture<'a> {
    /// A folder in the target folder that is kept, so that a second run of cargo is quick.
    folder: PathBuf,
    sdk: Sdk,
    tools: &'a Tools,
    /// zig's cache.
    cache: PathBuf,
    /// `PATH`, with the pinned programs first.
    path: OsString,
    /// The folder of the programs' sources.
    sources: PathBuf,
    _lock: Lock,
}

impl<'a> ConsumerFixture<'a> {
    /// Extracts the image of `sdk` and installs the tools.
    pub fn new(build: &'a Build, sdk: &Sdk) -> Result<Self> {
        let (workspace, tools) = (&build.workspace, build.tools()?);
        let folder = workspace.target_dir().join("consumers");
        let lock = Lock::acquire(&folder.join("lock"), print_status)?;
        let installed = build.paths.toolchain_dir();

        // Always the same folder: the crate `opencv` is rebuilt if the path of its SDK changes.
        let root = folder.join("image");
        unpack(build, sdk, &root)?;
        let unpacked =
            Sdk::open(&root.join("opt/opencv")).context("the image `opencv-sdk` has no complete SDK in opt/opencv")?;
        ensure!(
            unpacked.manifest().fingerprint == sdk.manifest().fingerprint,
            "the SDK in the image `opencv-sdk` is not the one that was built"
        );

        let log = folder.join("log");
        if log.exists() {
            fs::remove_file(&log)?;
        }
        let bin = folder.join("bin");
        for (name, program) in [
            ("cmake", tools.cmake()),
            ("ninja", tools.ninja()),
            ("pkg-config", pkg_config(&installed)?),
        ] {
            link(&program, &bin.join(name))?;
        }
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&others)))?;
        Ok(Self {
            folder: std::path::absolute(folder)?,
            sdk: unpacked,
            tools,
            cache: installed.join("zig-cache"),
            path,
            sources: workspace.root().join("xtask/e2e/data/consumers"),
            _lock: lock,
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The SDK in the image.
    pub fn sdk(&self) -> &Sdk {
        &self.sdk
    }

    /// The value of `CXX` for zig as a C++ compiler for `target`.
    pub fn zig(&self, target: &str) -> OsString {
        let mut command = self.tools.zig().into_os_string();
        command.push(format!(" c++ -target {target}"));
        command
    }

    /// A new copy of a program's sources in a folder called `name`.
    pub fn copy_of(&self, program: &str, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join("programs").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        copy_tree(&self.sources.join(program), &folder)?;
        Ok(folder)
    }

    /// The command that runs the build script `name` in its folder, as a user types it.
    pub fn script(&self, folder: &Path, name: &str) -> Command {
        let mut command = self.command("sh", folder);
        command.arg(name).env("OPENCV", self.sdk.path());
        command
    }

    /// A program with the variables that `opencv-env` sets.
    pub fn with_settings(&self, program: &Path) -> Command {
        let mut command = self.command("sh", &self.folder);
        let script = "eval \"$(\"$OPENCV/bin/opencv-env\")\" && \"$0\"";
        command.args(["-c", script]).arg(program).env("OPENCV", self.sdk.path());
        command
    }

    /// cmake, to configure `folder` with the SDK's compiler.
    pub fn cmake(&self, folder: &Path) -> Command {
        let mut command = self.command("cmake", folder);
        command
            .args(["-S", ".", "-B", "build", "-G", "Ninja", "-D"])
            .arg(format!("CMAKE_PREFIX_PATH={}", self.sdk.path().display()))
            .env("CXX", self.sdk.path().join("bin/c++"));
        command
    }

    /// A command without environment variables that could select other libraries or flags.
    pub fn command(&self, program: &str, folder: &Path) -> Command {
        let kept = ENVIRONMENT
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .envs(kept)
            .env("PATH", &self.path)
            // Only saves time: a user's first link compiles libc++.
            .env("ZIG_GLOBAL_CACHE_DIR", &self.cache);
        command
    }

    /// Runs a command; the error contains its output.
    pub fn run_checked(&self, command: &mut Command) -> Result<()> {
        run_logged(command, &self.log(), |_| ())
    }

    /// The output of a command that must fail, as one line because cmake wraps its messages.
    pub fn expect_failure(&self, command: &mut Command) -> Result<String> {
        let mut words = Vec::new();
        let done = run_logged(&mut *command, &self.log(), |line| {
            words.extend(line.split_whitespace().map(str::to_owned));
        });
        let output_text = words.join(" ");
        match done {
            Ok(()) => bail!("`{}` did not fail: {output_text}", display_command(command)),
            Err(_) => Ok(output_text),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

/// Checks that a program prints its version of OpenCV and finds the face with both detectors, in the SDK's sample and
/// with the SDK's models.
pub fn check_faces(program: &mut Command, fixture: &ConsumerFixture) -> Result<()> {
    let found = output(&mut *program)?;
    let expected = format!("OpenCV {}\n{FACES}", fixture.sdk().manifest().version);
    ensure!(
        found == expected,
        "`{}` prints `{found}` instead of `{expected}`",
        display_command(program)
    );
    Ok(())
}

/// Checks that the output of a command contains `part`.
pub fn expect(output_text: &str, part: &str) -> Result<()> {
    ensure!(output_text.contains(part), "`{part}` is not printed: {output_text}");
    Ok(())
}

/// The variables with which pip reaches the user's package index.
pub fn package_index() -> Vec<(OsString, OsString)> {
    let prefixes = [
        "PIP_",
        "HTTP",
        "http",
        "NO_PROXY",
        "no_proxy",
        "SSL_CERT",
        "REQUESTS_CA",
    ];
    let all = std::env::vars_os();
    all.filter(|(name, _)| prefixes.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)))
        .collect()
}

/// Writes the image `opencv-sdk` and extracts it into `root`.
fn unpack(build: &Build, sdk: &Sdk, root: &Path) -> Result<()> {
    let folder = artefacts::output_dir(&build.package, sdk.manifest().target.architecture);
    let _lock = Lock::acquire(&folder.join("lock"), print_status)?;
    let image = artefacts::write_sdk_image(&folder, &build.workspace, sdk)?;
    Ok(image.layout.unpack(root)?)
}

/// The pinned pkg-config, installed in `parent` if necessary.
fn pkg_config(parent: &Path) -> Result<PathBuf> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pins {
        wheel: Vec<Wheel>,
    }
    let pins: Pins = toml::from_str(include_str!("../../data/consumers/pins.toml"))
        .context("data/consumers/pins.toml is not a list of wheels")?;
    let folder = install_wheels(&pins.wheel, parent, "pkg-config")?;
    let program = folder.join("pkgconf/.bin/pkgconf");
    ensure!(program.is_file(), "`{}` is missing", program.display());
    Ok(program)
}

/// Replaces `link` by a symbolic link to `file`.
fn link(file: &Path, link: &Path) -> Result<()> {
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    remove_if_exists(link)?;
    Ok(symlink(std::path::absolute(file)?, link)?)
}

//! `cargo xtask bench image`: from a built binary to a finished image, against `docker build` of the same
//! files where an engine answers; and the memory for a layer of 1 GB.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use layer::elf::FunctionBinary;
use layer::glibc;
use opencv_build::progress::tell;
use opencv_build::sdk::Sdk;
use serde::Serialize;

use super::median::{milliseconds, time};
use super::memory::{Memory, of_large_layer};
use crate::answer::{Answer, size, table};
use crate::build_function::built;
use crate::build_opencv;
use crate::local::engine::{docker, version};
use crate::pack::base::Base;
use crate::pack::checked::check;
use crate::pack::{BOOTSTRAP, function_image};
use crate::workspace::Workspace;

/// What to measure.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    /// How often each is done; the median counts
    #[arg(long, default_value_t = 9)]
    runs: usize,

    /// The size of the large layer in bytes
    #[arg(long, default_value_t = 1_000_000_000)]
    large: u64,
}

/// What was measured.
#[derive(Serialize)]
pub struct ImageBench {
    runs: usize,
    image_ms: f64,
    lint_ms: f64,
    docker_build_ms: Option<f64>,
    no_docker: Option<String>,
    large_bytes: u64,
    large: Memory,
}

/// Measures everything, interleaved.
pub fn run(arguments: &Arguments) -> Result<ImageBench> {
    let workspace = Workspace::find();
    let (sdk, binary) = built(&workspace, &build_opencv::Arguments::default())?;
    let folder = tempfile::Builder::new()
        .prefix(".bench-")
        .tempdir_in(workspace.target())
        .context("failed to create a folder for the bench")?;
    let engine = version();
    let context = folder.path().join("context");
    if engine.is_ok() {
        docker_context(&context, &binary)?;
    }
    let (mut image, mut lint, mut docker) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..arguments.runs.max(1) {
        tell(&format!("run {} of {}", number + 1, arguments.runs.max(1)));
        image.push(write(folder.path(), &workspace, &sdk, &binary)?);
        lint.push(time(|| {
            let architecture = sdk.manifest().target.architecture.name();
            check(&folder.path().join("face-detect"), architecture, true)
        })?);
        if engine.is_ok() {
            docker.push(time(|| docker_build(&context))?);
        }
    }
    tell("writing a large layer");
    Ok(ImageBench {
        runs: arguments.runs.max(1),
        image_ms: milliseconds(image),
        lint_ms: milliseconds(lint),
        docker_build_ms: engine.is_ok().then(|| milliseconds(docker)),
        no_docker: engine.err().map(|why| format!("{why:#}")),
        large_bytes: arguments.large,
        large: of_large_layer(arguments.large, folder.path())?,
    })
}

/// The layout and the archive, as `cargo xtask image` writes them.
fn write(
    folder: &Path,
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
) -> Result<Duration> {
    time(|| {
        let reference = "face-detect:bench";
        function_image(folder, reference, workspace, sdk, binary, &Base::Minimal).map(drop)
    })
}

/// The same files as the image has, and how to copy them.
fn docker_context(context: &Path, binary: &FunctionBinary) -> Result<()> {
    let place = |path: &str| context.join("root").join(path.trim_start_matches('/'));
    let copy = |from: &Path, path: &str| -> Result<()> {
        let to = place(path);
        fs::create_dir_all(to.parent().unwrap_or(&to))?;
        fs::copy(from, &to).with_context(|| format!("failed to copy `{}`", from.display()))?;
        Ok(())
    };
    for (path, content) in glibc::needed_by(binary)?.files() {
        if let layer::Content::File(file) = content {
            copy(file, path)?;
        }
    }
    copy(binary.path(), BOOTSTRAP)?;
    let file = format!("FROM scratch\nCOPY root /\nENTRYPOINT [\"{BOOTSTRAP}\"]\n");
    fs::write(context.join("Dockerfile"), file)?;
    Ok(())
}

fn docker_build(context: &Path) -> Result<()> {
    let context = context.display().to_string();
    let tag = "face-detect:docker-build-bench";
    let built = docker(&["build", "--no-cache", "--quiet", "--tag", tag, &context]);
    let _ = docker(&["image", "rm", "--force", tag]);
    built.map(drop)
}

impl Answer for ImageBench {
    fn text(&self) -> String {
        let row = |name: &str, value: String| vec![name.to_owned(), value];
        let docker = match (self.docker_build_ms, &self.no_docker) {
            (Some(ms), _) => format!("{ms} ms, {:.1} times that", ms / self.image_ms),
            (None, Some(why)) => format!("skipped: {}", why.lines().next().unwrap_or_default()),
            (None, None) => "skipped".to_owned(),
        };
        table(&[
            row(
                "from the binary to image and archive",
                format!("{} ms", self.image_ms),
            ),
            row(
                "checking it against Lambda's rules",
                format!("{} ms", self.lint_ms),
            ),
            row("`docker build` of the same files", docker),
            row(
                &format!("most memory for a layer of {}", size(self.large_bytes)),
                size(self.large.peak_bytes),
            ),
            row("and its time", format!("{:.1} s", self.large.seconds)),
        ])
    }
}

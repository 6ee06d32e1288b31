//! `cargo xtask bench image`: from a built binary to a finished image, against `docker build` of the same
//! files where an engine answers; and the memory for a layer of 1 GB.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use fs_err as fs;
use layer::elf::FunctionBinary;
use layer::glibc;
use opencv_build::Sdk;
use support::progress::tell;

use super::figures::{Figures, Group, Unit};
use super::large_layer::of_large_layer;
use super::median::{milliseconds, time};
use super::setting::Setting;
use local::engine::{docker, version};
use package::pack::base::Base;
use package::pack::checked::check;
use package::pack::{BOOTSTRAP, function_image};
use package::workspace::Workspace;
use support::answer::size;
use support::files::temporary_in;

const PEER: &str = "docker build";
const OURS: &str = "ours";

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

impl Arguments {
    /// As many runs as without options, or as few as tell that all works.
    pub fn few(quick: bool) -> Self {
        if quick {
            Self {
                runs: 1,
                large: 10_000_000,
            }
        } else {
            Self {
                runs: 9,
                large: 1_000_000_000,
            }
        }
    }
}

pub fn run(setting: &Setting, arguments: &Arguments) -> Result<Figures> {
    let workspace = setting.workspace();
    let Setting { sdk, binary, .. } = setting;
    let folder = temporary_in(&workspace.target(), ".bench-")?;
    let engine = version();
    let context = folder.path().join("context");
    if engine.is_ok() {
        docker_context(&context, binary)?;
    }
    let runs = arguments.runs.max(1);
    let (mut image, mut lint, mut docker) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..runs {
        tell(&format!("run {} of {runs}", number + 1));
        image.push(write(folder.path(), workspace, sdk, binary)?);
        lint.push(time(|| {
            let architecture = sdk.manifest().target.architecture;
            check(&folder.path().join("face-detect"), architecture, true)
        })?);
        if engine.is_ok() {
            docker.push(time(|| docker_build(&context))?);
        }
    }
    tell("writing a large layer");
    let large = of_large_layer(arguments.large, folder.path())?;
    let mut notes = Vec::new();
    let mut written = vec![(OURS, milliseconds(&image))];
    match engine {
        Ok(_) => written.insert(0, (PEER, milliseconds(&docker))),
        Err(why) => notes.push(format!(
            "`{PEER}` was skipped: no Docker engine answers: {why}"
        )),
    }
    let mut times = Group::new("image", Unit::Milliseconds, Some(PEER));
    times.add("from the binary to image and archive", &written);
    times.add(
        "checking it against Lambda's rules",
        &[(OURS, milliseconds(&lint))],
    );
    #[expect(clippy::cast_precision_loss, reason = "four digits are kept")]
    let peak = large.peak_bytes as f64 / 1e6;
    let name = size(arguments.large);
    Ok(Figures {
        method: format!(
            "Medians of {runs} run(s) in turn: the function's image as layout and archive, against `{PEER}` of the same files without its cache; and a process that writes a layer with one large file."
        ),
        notes,
        groups: vec![
            times,
            Group::new("most resident memory", Unit::Megabytes, None)
                .with(format!("writing a layer of {name}"), &[(OURS, peak)]),
            Group::new("time", Unit::Seconds, None).with(
                format!("writing a layer of {name}"),
                &[(OURS, large.seconds)],
            ),
        ],
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
        fs::copy(from, &to)?;
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

//! `cargo xtask bench image`: from a built binary to a finished image, against `docker build` of the same
//! files where an engine answers; and the memory for a layer of 1 GB.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use layer::elf::FunctionBinary;
use layer::glibc;
use support::median::median;
use support::progress::tell;

use super::figures::{Figures, Group, Unit};
use super::large_layer::of_large_layer;
use super::median::time;
use super::setting::{Count, Setting};
use local::engine::{docker, version};
use package::pack::base::Base;
use package::pack::checked::check;
use package::pack::{BOOTSTRAP, function_image};
use support::answer::size;
use support::files::temporary_in;

const PEER: &str = "docker build";
const OURS: &str = "ours";

const RUNS: Count = (9, 1);
const LARGE: Count = (1_000_000_000, 10_000_000);

#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    /// How often each is done; the median counts
    #[arg(long, default_value_t = RUNS.0)]
    runs: usize,

    /// The size of the large layer in bytes
    #[arg(long, default_value_t = LARGE.0)]
    large: usize,
}

impl Arguments {
    pub fn of(setting: &Setting) -> Self {
        Self {
            runs: setting.count(RUNS),
            large: setting.count(LARGE),
        }
    }
}

pub fn run(setting: &Setting, arguments: &Arguments) -> Result<Figures> {
    let workspace = &setting.build.workspace;
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
        image.push(time(|| {
            let (folder, name) = (folder.path(), "face-detect:bench");
            function_image(folder, name, workspace, sdk, binary, &Base::Minimal).map(drop)
        })?);
        lint.push(time(|| {
            let architecture = sdk.manifest().target.architecture;
            check(&folder.path().join("face-detect"), architecture, true)
        })?);
        if engine.is_ok() {
            docker.push(time(|| docker_build(&context))?);
        }
    }
    tell("writing a large layer");
    let bytes = arguments.large as u64;
    let large = of_large_layer(bytes, folder.path())?;
    let mut notes = Vec::new();
    let mut written = vec![(OURS, median(&image))];
    match engine {
        Ok(_) => written.insert(0, (PEER, median(&docker))),
        Err(why) => notes.push(format!(
            "`{PEER}` was skipped: no Docker engine answers: {why}"
        )),
    }
    let checked = [(OURS, median(&lint))];
    #[expect(clippy::cast_precision_loss, reason = "four digits are kept")]
    let peak = large.peak_bytes as f64 / 1e6;
    let case = format!("writing a layer of {}", size(bytes));
    let of_layer = |title: &str, unit, value| {
        let group = Group::new(title, unit, None);
        group.with(case.clone(), &[(OURS, value)])
    };
    Ok(Figures {
        method: format!(
            "Medians of {runs} run(s) in turn: the function's image as layout and archive, against `{PEER}` of the same files without its cache; and a process that writes a layer with one large file."
        ),
        notes,
        groups: vec![
            Group::new("image", Unit::Milliseconds, Some(PEER))
                .with("from the binary to image and archive", &written)
                .with("checking it against Lambda's rules", &checked),
            of_layer("most resident memory", Unit::Megabytes, peak),
            of_layer("time", Unit::Seconds, large.seconds),
        ],
    })
}

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

//! `cargo xtask bench image`: measures writing an image from the built binary, against `docker build` of the same files
//! if an engine is running; and the memory for a layer of 1 GB.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use package::function::Function;
use support::median::median;
use support::progress::print_status;

use super::context::{BenchContext, Repetitions};
use super::figures::{Figures, Group, Unit};
use super::large_layer::measure_large_layer;
use super::statistics::time_ms;
use local::engine::{docker, docker_version};
use package::artefacts::base::Base;
use package::artefacts::lint::check_artefact;
use package::artefacts::{BOOTSTRAP_PATH, write_function_image};
use support::files::temporary_dir_in;
use support::output::format_bytes;

const REFERENCE: &str = "docker build";
const OURS: &str = "ours";

const RUNS: Repetitions = (9, 1);
const LARGE_LAYER_BYTES: Repetitions = (1_000_000_000, 10_000_000);

#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    /// The number of runs; the result is their median
    #[arg(long, default_value_t = RUNS.0)]
    runs: usize,

    /// The size of the large layer in bytes
    #[arg(long, default_value_t = LARGE_LAYER_BYTES.0)]
    large: usize,
}

impl Arguments {
    pub fn for_context(context: &BenchContext) -> Self {
        Self {
            runs: context.repetitions(RUNS),
            large: context.repetitions(LARGE_LAYER_BYTES),
        }
    }
}

pub fn run(context: &BenchContext, arguments: &Arguments) -> Result<Figures> {
    let workspace = &context.build.workspace;
    let BenchContext { sdk, function, .. } = context;
    let folder = temporary_dir_in(&workspace.target_dir(), ".bench-")?;
    let name = &function.package.name;
    let engine = docker_version();
    let docker_dir = folder.path().join("context");
    if engine.is_ok() {
        docker_context(&docker_dir, function)?;
    }
    let runs = arguments.runs.max(1);
    let (mut image, mut lint, mut docker) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..runs {
        print_status(&format!("run {} of {runs}", number + 1));
        image.push(time_ms(|| {
            let reference = format!("{name}:bench");
            write_function_image(folder.path(), &reference, sdk, function, &Base::Minimal).map(drop)
        })?);
        lint.push(time_ms(|| {
            let architecture = sdk.manifest().target.architecture;
            check_artefact(&folder.path().join(name), architecture, true)
        })?);
        if engine.is_ok() {
            docker.push(time_ms(|| docker_build(&docker_dir, name))?);
        }
    }
    print_status("writing a large layer");
    let bytes = arguments.large as u64;
    let large = measure_large_layer(bytes, folder.path())?;
    let mut notes = Vec::new();
    let mut written = vec![(OURS, median(&image))];
    match engine {
        Ok(_) => written.insert(0, (REFERENCE, median(&docker))),
        Err(why) => notes.push(format!(
            "`{REFERENCE}` was skipped: no Docker engine is available: {why}"
        )),
    }
    let checked = [(OURS, median(&lint))];
    #[expect(clippy::cast_precision_loss, reason = "four digits are kept")]
    let peak = large.peak_bytes as f64 / 1e6;
    let case = format!("writing a layer of {}", format_bytes(bytes));
    let of_layer = |title: &str, unit, value| {
        let group = Group::new(title, unit, None);
        group.with_case(case.clone(), &[(OURS, value)])
    };
    Ok(Figures {
        method: format!(
            "Medians of {runs} alternating run(s): the function's image as layout and archive, against `{REFERENCE}` \
             of the same files without its cache; and a process that writes a layer with one large file."
        ),
        notes,
        groups: vec![
            Group::new("image", Unit::Milliseconds, Some(REFERENCE))
                .with_case("from the binary to image and archive", &written)
                .with_case("checking it against Lambda's rules", &checked),
            of_layer("peak resident memory", Unit::Megabytes, peak),
            of_layer("time", Unit::Seconds, large.seconds),
        ],
    })
}

fn docker_context(context: &Path, function: &Function) -> Result<()> {
    let target = |path: &str| context.join("root").join(path.trim_start_matches('/'));
    let copy = |from: &Path, path: &str| -> Result<()> {
        let to = target(path);
        fs::create_dir_all(to.parent().unwrap_or(&to))?;
        fs::copy(from, &to)?;
        Ok(())
    };
    for (path, content) in function.required_libraries()?.files() {
        if let layer::Content::File(file) = content {
            copy(file, path)?;
        }
    }
    copy(function.path(), BOOTSTRAP_PATH)?;
    let file = format!("FROM scratch\nCOPY root /\nENTRYPOINT [\"{BOOTSTRAP_PATH}\"]\n");
    fs::write(context.join("Dockerfile"), file)?;
    Ok(())
}

fn docker_build(context: &Path, name: &str) -> Result<()> {
    let context = context.display().to_string();
    let tag = &format!("{name}:docker-build-bench");
    let built = docker(&["build", "--no-cache", "--quiet", "--tag", tag, &context]);
    let _ = docker(&["image", "rm", "--force", tag]);
    built.map(drop)
}

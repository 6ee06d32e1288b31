//! Runs commands on a disk that is full at every stage: the error mentions it and contains the path, incomplete files
//! are not used, and the same command succeeds once there is enough space.
//!
//! The disk is a tmpfs in a mount namespace of its own, which needs no privileges on most machines. It starts small and
//! grows until the command succeeds, so that it is full at one stage after another.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use opencv_build::Sdk;
use package::function::Function;
use support::progress::print_status;

use super::{download_mirror, programs, promises, tree_diff};
use conformance::skip::Skip;
use package::user_cache;
use package::workspace::Workspace;
use support::child::Child;
use support::files::temporary_dir_in;
use support::run::{Shell, cmd, output, run_checked};

const PROMISE: &str = "a full disk causes a clear error, and existing files stay usable";

/// Error messages of a full disk: the kernel's, or the project's for tools that do not print that.
const DISK_FULL_MESSAGES: [&str; 2] = ["No space left on device", "MB left: if that was too little"];

/// For each size in kB on stdin, runs the command `$@` on a disk of that size at `$0`, and prints its status; its
/// output is in `$0.stdout` and `$0.stderr`. At the end of stdin, copies the disk's folder `kept` to `$0.kept`.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=1m none "$0" || exit 1
mkdir "$0/kept"
echo ready
while read -r size; do
    mount -o "remount,size=${size}k" "$0" || exit 1
    "$@" >"$0.stdout" 2>"$0.stderr" </dev/null
    echo "$?"
done
cp -a "$0/kept" "$0.kept"
"#;

/// Tests packaging and building.
pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    can_mount_tmpfs()?;
    let scratch = temporary_dir_in(&workspace.target_dir(), "full-disk-")?;
    let mut results = Results::default();
    let packed = test_packing(scratch.path(), sdk, function, &mut results);
    let built = packed.and_then(|()| test_building(workspace, scratch.path(), &mut results));
    let how = format!("a disk that grows: {}", results.stages());
    results.wrong.extend(built.err().map(|error| format!("{error:#}")));
    promises::record(PROMISE, how, results.times, results.wrong.len());
    ensure!(
        results.wrong.is_empty(),
        "{} of {} errors:\n  {}",
        results.wrong.len(),
        results.times,
        results.wrong.join("\n  ")
    );
    Ok(())
}

#[derive(Default)]
struct Results {
    times: usize,
    wrong: Vec<String>,
    /// The stages in which the disk was full.
    stages: BTreeSet<String>,
}

impl Results {
    fn stages(&self) -> String {
        let stages: Vec<_> = self.stages.iter().map(String::as_str).collect();
        stages.join(", ")
    }

    /// Records the failure of a command because of a full disk, and checks its error.
    fn record_failure(&mut self, stage: &str, disk: &LimitedDisk, size: u32) -> Result<()> {
        self.times += 1;
        self.stages.insert(stage.to_owned());
        let output_text = disk.stderr_log()?;
        // Output of tools is indented in the error, so only the error itself begins a line with `error: `.
        let error = format!("\n{output_text}");
        let error = error.rsplit_once("\nerror: ").map_or("", |(_, error)| error);
        // The error must contain a path on the disk.
        let named = error.contains(&disk.root.display().to_string());
        if !DISK_FULL_MESSAGES.iter().any(|full| error.contains(full)) || !named {
            let start: String = error.chars().take(600).collect();
            self.wrong.push(format!("{stage} with {size} kB: {start}"));
        }
        Ok(())
    }
}

/// Skips the test if unprivileged users cannot create mount namespaces.
fn can_mount_tmpfs() -> Result<()> {
    let sh = Shell::new()?;
    let mount = output(cmd!(sh, "unshare -rm mount -t tmpfs none /mnt"));
    let skip = |why: anyhow::Error| Skip::with_reason(format!("failed to mount a tmpfs in a mount namespace: {why:#}"));
    mount.map(drop).map_err(skip)
}

fn test_packing(scratch: &Path, sdk: &Sdk, function: &Function, results: &mut Results) -> Result<()> {
    let reference = scratch.join("reference");
    fs::create_dir(&reference)?;
    let program = programs::pack_to()?;
    let package = programs::write_package(function, scratch)?;
    let (sh, kept, built) = (Shell::new()?, sdk.path(), function.path());
    run_checked(cmd!(sh, "{program} {kept} {package} {built} {reference}"))?;
    let root = scratch.join("packed");
    let arguments = [sdk.path(), &package, function.path()].map(path_argument);
    let command = [
        vec![path_argument(&program)],
        arguments.into(),
        vec![path_argument(&root.join("kept"))],
    ]
    .concat();
    let mut disk = LimitedDisk::start(&root, &command, &[])?;
    // In steps that are small enough for each file to be the one that does not fit.
    for size in (256..).step_by(1900).take(100) {
        if disk.run(size)? {
            disk.copy_out()?;
            // Incomplete files are removed, and the files of the last run are complete.
            let files = tree_diff::ensure_same(&reference, &root.with_extension("kept"))?;
            print_status(&format!("packaging needs {size} kB; {files} files are the same"));
            return Ok(());
        }
        results.record_failure("packaging", &disk, size)?;
    }
    bail!("packaging did not succeed with {} kB", 256 + 99 * 1900)
}

/// Builds OpenCV, from the download to the SDK.
fn test_building(workspace: &Workspace, scratch: &Path, results: &mut Results) -> Result<()> {
    let root = scratch.join("target");
    let recipe = scratch.join("opencv.toml");
    let reference = super::interrupted_builds::BuildFixture::new(workspace, &scratch_folder(scratch, "undisturbed")?)?;
    reference.write_recipe(&["core"])?;
    reference.wait_for_success(reference.start("undisturbed")?, "undisturbed")?;
    fs::copy(scratch.join("undisturbed/opencv.toml"), &recipe)?;

    let kept = root.join("kept");
    let command = ["build-opencv".to_owned(), "--recipe".to_owned(), path_argument(&recipe)];
    // The first run links the project's toolchain to the disk.
    let setup = "[ -e \"$CARGO_TARGET_DIR/toolchain\" ] || \
                 ln -s \"$TOOLCHAIN\" \"$CARGO_TARGET_DIR/toolchain\"; exec \"$0\" \"$@\"";
    let command = [
        vec![
            "sh".to_owned(),
            "-c".to_owned(),
            setup.to_owned(),
            path_argument(&programs::xtask()?),
        ],
        command.into(),
    ]
    .concat();
    let paths = workspace.build_paths()?;
    let environment = [
        ("CARGO_TARGET_DIR", kept.clone()),
        // Downloads fill the disk as well.
        (user_cache::CACHE_DIR_VARIABLE, kept.clone()),
        ("TOOLCHAIN", paths.toolchain_dir()),
        ("TMPDIR", kept.clone()),
        ("PIP_INDEX_URL", download_mirror::start(&paths.downloads_dir())?.into()),
    ];
    let mut disk = LimitedDisk::start(&root, &command, &environment)?;
    let mut size = 2000;
    while size < 1_000_000 {
        if disk.run(size)? {
            disk.copy_out()?;
            let sdk = root.with_extension("kept").join("sdk/x86_64-glibc2.26");
            let files = tree_diff::ensure_same(&reference.sdk(), &sdk)?;
            print_status(&format!("building needs {size} kB; {files} files are the same"));
            return Ok(());
        }
        let output_text = disk.stderr_log()?;
        let stage = ["linking", "compiling", "configuring", "extracting"]
            .into_iter()
            .find(|stage| output_text.contains(stage))
            .unwrap_or("preparing");
        results.record_failure(stage, &disk, size)?;
        size += 6000;
    }
    bail!(
        "building did not succeed with {size} kB; its output is\n{}",
        disk.stderr_log()?
    )
}

fn scratch_folder(scratch: &Path, name: &str) -> Result<PathBuf> {
    let folder = scratch.join(name);
    fs::create_dir(&folder)?;
    Ok(folder)
}

fn path_argument(path: &Path) -> String {
    path.display().to_string()
}

/// A disk that can grow, and a command that runs on it.
struct LimitedDisk {
    root: PathBuf,
    script: Child,
    sizes: Option<ChildStdin>,
    ends: BufReader<ChildStdout>,
}

impl LimitedDisk {
    fn start(root: &Path, command: &[String], environment: &[(&str, PathBuf)]) -> Result<Self> {
        fs::create_dir(root)?;
        let sh = Shell::new()?;
        let script = cmd!(sh, "unshare -rm sh -c {SCRIPT} {root} {command...}");
        let environment = environment.iter().map(|(name, value)| (name, value));
        let mut script = Command::from(script.envs(environment));
        let script = Child::start(script.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let sizes = script.stdin();
        let ends = script.stdout().context("the script has no stdout")?;
        let mut disk = Self {
            root: root.to_owned(),
            script,
            sizes,
            ends: BufReader::new(ends),
        };
        let ready = disk.read_line()?;
        ensure!(ready == "ready", "failed to mount the disk: {ready}");
        Ok(disk)
    }

    /// Runs the command on a disk of `size` kB; returns whether it succeeds.
    fn run(&mut self, size: u32) -> Result<bool> {
        let sizes = self.sizes.as_mut().context("the disk is unmounted")?;
        writeln!(sizes, "{size}").context("failed to change the size of a disk")?;
        let end = self.read_line()?;
        ensure!(!end.is_empty(), "failed to resize the disk to {size} kB");
        Ok(end == "0")
    }

    fn read_line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.ends.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// The stderr of the last run.
    fn stderr_log(&self) -> Result<String> {
        let path = self.root.with_extension("stderr");
        Ok(fs::read_to_string(&path)?)
    }

    /// Copies the disk's folder `kept` to `ROOT.kept`.
    fn copy_out(&mut self) -> Result<()> {
        self.sizes = None;
        let status = self.script.wait()?;
        ensure!(status.success(), "failed to copy the files on the disk");
        Ok(())
    }
}

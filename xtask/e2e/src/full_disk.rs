//! A full disk at every stage: the error says so and names what could not be written, nothing
//! that is half written is taken for whole, and with more room the same command goes on.
//!
//! The disk is a file system in memory that only the command sees, in a user's own mount namespace,
//! which needs no rights on most machines. It begins small and grows until the command succeeds, so
//! that it is full at one place after the other.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use support::progress::print_status;

use super::{download_mirror, programs, promises, tree_diff};
use conformance::skip::Skip;
use package::user_cache;
use package::workspace::Workspace;
use support::child::Child;
use support::files::temporary_dir_in;
use support::run::{Shell, cmd, output, run_checked};

const PROMISE: &str = "a full disk is a clear error, and what was there stays usable";

/// What an error says of a full disk: the kernel's words, or ours where a tool does not repeat those.
const DISK_FULL_MESSAGES: [&str; 2] =
    ["No space left on device", "MB left: if that was too little"];

/// Runs the command in `$@` once for each size that is read, on a disk of that size at `$0`, and says
/// how it ended; what it says is in `stderr` beside the disk. At the end of sizes, what is below the
/// disk's `kept` is copied out.
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

/// Fills the disk of builds and of packing.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    can_mount_tmpfs()?;
    let scratch = temporary_dir_in(&workspace.target_dir(), "full-disk-")?;
    let mut results = Results::default();
    let packed = test_packing(scratch.path(), sdk, binary, &mut results);
    let built = packed.and_then(|()| test_building(workspace, scratch.path(), &mut results));
    let how = format!("a disk that grows: {}", results.stages());
    results
        .wrong
        .extend(built.err().map(|error| format!("{error:#}")));
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

/// What came of all full disks.
#[derive(Default)]
struct Results {
    times: usize,
    wrong: Vec<String>,
    /// In what the disk was full.
    places: BTreeSet<String>,
}

impl Results {
    fn stages(&self) -> String {
        let places: Vec<_> = self.places.iter().map(String::as_str).collect();
        places.join(", ")
    }

    /// Takes in how a command ended with a full disk.
    fn record_failure(&mut self, place: &str, disk: &LimitedDisk, size: u32) -> Result<()> {
        self.times += 1;
        self.places.insert(place.to_owned());
        let output_text = disk.stderr_log()?;
        // What a tool said is repeated in the error with something before each line.
        let error = format!("\n{output_text}");
        let error = error
            .rsplit_once("\nerror: ")
            .map_or("", |(_, error)| error);
        // A path in what is said to have failed, below the disk.
        let named = error.contains(&disk.root.display().to_string());
        if !DISK_FULL_MESSAGES.iter().any(|full| error.contains(full)) || !named {
            let start: String = error.chars().take(600).collect();
            self.wrong.push(format!("{place} with {size} kB: {start}"));
        }
        Ok(())
    }
}

/// Whether a user may mount a file system that only they see.
fn can_mount_tmpfs() -> Result<()> {
    let sh = Shell::new()?;
    let mount = output(cmd!(sh, "unshare -rm mount -t tmpfs none /mnt"));
    let skip = |why: anyhow::Error| {
        Skip::with_reason(format!(
            "no disk can be made that only this test sees: {why:#}"
        ))
    };
    mount.map(drop).map_err(skip)
}

/// Images and archives.
fn test_packing(
    scratch: &Path,
    sdk: &Sdk,
    binary: &FunctionBinary,
    results: &mut Results,
) -> Result<()> {
    let reference = scratch.join("reference");
    fs::create_dir(&reference)?;
    let program = programs::pack_to()?;
    let (sh, kept, function) = (Shell::new()?, sdk.path(), binary.path());
    run_checked(cmd!(sh, "{program} {kept} {function} {reference}"))?;
    let root = scratch.join("packed");
    let arguments = [path_argument(sdk.path()), path_argument(binary.path())];
    let command = [
        vec![path_argument(&program)],
        arguments.into(),
        vec![path_argument(&root.join("kept"))],
    ]
    .concat();
    let mut disk = LimitedDisk::start(&root, &command, &[])?;
    // Up to where all of it fits, in steps in which each file is the one that does not.
    for size in (256..).step_by(1900).take(100) {
        if disk.run(size)? {
            disk.copy_out()?;
            // What a full disk broke off is gone, and what was written then is whole.
            let files = tree_diff::ensure_same(&reference, &root.with_extension("kept"))?;
            print_status(&format!(
                "packing took {size} kB; {files} files are the same"
            ));
            return Ok(());
        }
        results.record_failure("packing", &disk, size)?;
    }
    bail!("packing did not succeed with {} kB", 256 + 99 * 1900)
}

/// OpenCV, from unpacking to an SDK.
fn test_building(workspace: &Workspace, scratch: &Path, results: &mut Results) -> Result<()> {
    let root = scratch.join("target");
    let recipe = scratch.join("opencv.toml");
    let reference =
        super::lifecycle::BuildFixture::new(workspace, &scratch_folder(scratch, "undisturbed")?)?;
    reference.write_recipe(&["core"])?;
    reference.wait_for_success(reference.start("undisturbed")?, "undisturbed")?;
    fs::copy(scratch.join("undisturbed/opencv.toml"), &recipe)?;

    let kept = root.join("kept");
    let command = [
        "build-opencv".to_owned(),
        "--recipe".to_owned(),
        path_argument(&recipe),
    ];
    // What is shared with the project is linked on the disk by the first run.
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
        (
            "PIP_INDEX_URL",
            download_mirror::start(&paths.downloads_dir())?.into(),
        ),
    ];
    let mut disk = LimitedDisk::start(&root, &command, &environment)?;
    let mut size = 2000;
    while size < 1_000_000 {
        if disk.run(size)? {
            disk.copy_out()?;
            let sdk = root.with_extension("kept").join("sdk/x86_64-glibc2.26");
            let files = tree_diff::ensure_same(&reference.sdk(), &sdk)?;
            print_status(&format!(
                "building took {size} kB; {files} files are the same"
            ));
            return Ok(());
        }
        let output_text = disk.stderr_log()?;
        let place = [
            "assembling",
            "linking",
            "compiling",
            "configuring",
            "unpacking",
        ]
        .into_iter()
        .find(|stage| output_text.contains(stage))
        .unwrap_or("preparing");
        results.record_failure(place, &disk, size)?;
        size += 6000;
    }
    bail!(
        "building did not succeed with {size} kB; it said\n{}",
        disk.stderr_log()?
    )
}

fn scratch_folder(scratch: &Path, name: &str) -> Result<PathBuf> {
    let folder = scratch.join(name);
    fs::create_dir(&folder)?;
    Ok(folder)
}

/// A path as an argument of a script.
fn path_argument(path: &Path) -> String {
    path.display().to_string()
}

/// A disk of any size with a command that works on it.
struct LimitedDisk {
    root: PathBuf,
    script: Child,
    sizes: Option<ChildStdin>,
    ends: BufReader<ChildStdout>,
}

impl LimitedDisk {
    /// A disk at `root`.
    fn start(root: &Path, command: &[String], environment: &[(&str, PathBuf)]) -> Result<Self> {
        fs::create_dir(root)?;
        let sh = Shell::new()?;
        let script = cmd!(sh, "unshare -rm sh -c {SCRIPT} {root} {command...}");
        let environment = environment.iter().map(|(name, value)| (name, value));
        let mut script = Command::from(script.envs(environment));
        let script = Child::start(script.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let sizes = script.stdin();
        let ends = script.stdout().context("a script without an output")?;
        let mut disk = Self {
            root: root.to_owned(),
            script,
            sizes,
            ends: BufReader::new(ends),
        };
        let ready = disk.read_line()?;
        ensure!(ready == "ready", "no disk was mounted: {ready}");
        Ok(disk)
    }

    /// Runs the command with so many kilobytes; whether it succeeds.
    fn run(&mut self, size: u32) -> Result<bool> {
        let sizes = self.sizes.as_mut().context("the disk is gone")?;
        writeln!(sizes, "{size}").context("failed to change the size of a disk")?;
        let end = self.read_line()?;
        ensure!(!end.is_empty(), "the disk of {size} kB could not be made");
        Ok(end == "0")
    }

    fn read_line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.ends.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// What the last command said.
    fn stderr_log(&self) -> Result<String> {
        let path = self.root.with_extension("stderr");
        Ok(fs::read_to_string(&path)?)
    }

    /// Copies out what is kept.
    fn copy_out(&mut self) -> Result<()> {
        self.sizes = None;
        let status = self.script.wait()?;
        ensure!(status.success(), "what is on the disk could not be copied");
        Ok(())
    }
}

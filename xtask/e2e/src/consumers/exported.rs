//! The folder that `cargo xtask export` writes: programs are built with it as its files say.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::{CARGO_CONFIG_FILE, DOCKERFILE, ENVIRONMENT_FILE, Sdk, export};
use package::build::Build;
use support::files::copy;
use support::progress::print_status;
use support::run::output;

use super::fixture::{ConsumerFixture, check_faces};

/// Exports the SDK and builds a C++ and a Rust program with it.
pub fn test(build: &Build, sdk: &Sdk, fixture: &ConsumerFixture) -> Result<()> {
    print_status("an exported SDK");
    let folder = fixture.folder().join("exported");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let exported = export(sdk, build.tools()?, &folder)?;
    ensure!(
        export(sdk, build.tools()?, &folder).is_err(),
        "a folder that is not empty was overwritten"
    );
    let reopened = Sdk::open(&folder).context("the exported SDK is not complete")?;
    ensure!(reopened.manifest().fingerprint == exported.manifest().fingerprint);
    let config = fs::read_to_string(folder.join(CARGO_CONFIG_FILE))?;
    let printed = output(
        fixture
            .command("bin/opencv-env", &folder)
            .current_dir(&folder)
            .arg("--cargo"),
    )?;
    ensure!(
        config.ends_with(&format!("{printed}\n")),
        "{CARGO_CONFIG_FILE} differs from the output of opencv-env:\n{config}\n{printed}"
    );

    let environment = folder.join(ENVIRONMENT_FILE);
    let work = fixture.copy_of("cpp", "exported")?;
    let compile = "$CXX -O2 faces.cpp $(pkg-config --cflags --libs opencv4) -o faces";
    let script = format!(". '{}' && {compile} && ./faces", environment.display());
    let mut shell = fixture.command("sh", &work);
    check_faces(shell.args(["-c", &script]), fixture)?;

    print_status("a Rust program, with the command of the exported Dockerfile");
    let work = fixture.copy_of("rust", "rust")?;
    let lock = build.workspace.root().join("Cargo.lock");
    copy(&lock, &work.join("Cargo.lock"))?;
    let (command, program) = dockerfile_build(&folder)?;
    let built = fixture.folder().join("target");
    let mut shell = fixture.command("sh", &work);
    fixture.run_checked(shell.args(["-c", &command]).env("CARGO_TARGET_DIR", &built))?;
    let program = built.join(program.replace("${PROGRAM}", "faces"));
    let script = format!(". '{}' && '{}'", environment.display(), program.display());
    check_faces(fixture.command("sh", &work).args(["-c", &script]), fixture)
}

/// The last command of the Dockerfile, which compiles, with the path of the exported folder instead of the image's, and
/// the path in the target folder of the program that it copies.
fn dockerfile_build(folder: &Path) -> Result<(String, String)> {
    let text = fs::read_to_string(folder.join(DOCKERFILE))?;
    ensure!(!text.contains('@'), "a placeholder remains:\n{text}");
    let instruction = |start: &str| {
        let mut lines = text.lines().rev();
        let line = lines.find_map(|line| line.strip_prefix(start));
        line.with_context(|| format!("no line begins with `{start}`:\n{text}"))
    };
    let command = instruction("RUN ")?.replace("/opt/opencv", &folder.display().to_string());
    let copied = instruction("COPY --from=build /build/target/")?;
    let program = copied.split(' ').next().unwrap_or_default();
    Ok((command, program.to_owned()))
}

//! Builds programs against the SDK from its image, extracted to another path, with the commands of the README of
//! opencv-build: in C++ with cmake, pkg-config and `sdk.json`, in Rust with the crate `opencv`. The commands and the
//! programs are in `xtask/e2e/data/consumers`. They run in an environment with only `PATH`, `HOME` and what the README
//! names.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use opencv_build::Sdk;
use support::files::copy;
use support::progress::print_status;

use package::build::Build;
use support::run::{Shell, cmd, output, wait_with_output};

mod exported;
mod find_package;
mod fixture;

use fixture::{ConsumerFixture, check_faces};

/// The most bytes of `__cxa_demangle` in a program that leaves demangling out.
const MAX_STUB_BYTES: u64 = 64;

/// Builds the programs and runs them.
pub fn test(build: &Build, sdk: &Sdk) -> Result<()> {
    let target = sdk.manifest().target;
    conformance::skip_unless_runnable(&target)?;
    let fixture = ConsumerFixture::new(build, sdk)?;
    print_status("install-tools.sh");
    let folder = fixture.copy_of("", "install")?;
    fixture.run_checked(
        fixture
            .script(&folder, "install-tools.sh")
            .envs(fixture::package_index()),
    )?;
    for (script, program) in [
        ("with-cmake.sh", "build/faces"),
        ("with-pkg-config.sh", "faces"),
        ("with-sdk-json.sh", "faces"),
    ] {
        print_status(&format!("a C++ program, {script}"));
        let folder = fixture.copy_of("cpp", script)?;
        fixture.run_checked(&mut fixture.script(&folder, script))?;
        check_faces(&mut fixture.with_settings(&folder.join(program)), &fixture)?;
    }
    static_flags(&fixture)?;
    optional_libraries(&fixture)?;
    find_package::components(&fixture)?;
    find_package::compilers(&fixture, &target)?;

    let built = fixture.folder().join("target");
    for script in ["with-cargo.sh", "with-config.sh"] {
        print_status(&format!("a Rust program, {script}"));
        let folder = fixture.copy_of("rust", "rust")?;
        // The versions of the function's dependencies, which are already downloaded.
        let lock = build.workspace.root().join("Cargo.lock");
        copy(&lock, &folder.join("Cargo.lock"))?;
        let mut cargo = fixture.script(&folder, script);
        // A folder that is kept, so that a second run is quick.
        fixture.run_checked(cargo.env("CARGO_TARGET_DIR", &built))?;
        let program = built.join(target.rust_triple()).join("debug/faces");
        check_faces(&mut fixture.with_settings(&program), &fixture)?;
        let bytes = symbol_bytes(&program, "__cxa_demangle")?;
        ensure!(
            bytes <= MAX_STUB_BYTES,
            "`{}` contains {bytes} bytes of demangling, which it leaves out",
            program.display()
        );
    }
    exported::test(build, sdk, &fixture)
}

/// Checks that a program that links an optional library lacks what its description says, and works otherwise.
fn optional_libraries(fixture: &ConsumerFixture) -> Result<()> {
    print_status("optional libraries, without-gzip.sh");
    let optional = &fixture.sdk().manifest().link.optional;
    let names: Vec<_> = optional.keys().map(String::as_str).collect();
    ensure!(names == ["opencv_no_demangling", "opencv_no_gzip"], "{names:?}");
    let folder = fixture.copy_of("cpp", "without-gzip")?;
    fixture.run_checked(&mut fixture.script(&folder, "without-gzip.sh"))?;
    for (program, status, printed) in [
        ("storage", 0, "demangling works\n"),
        ("smaller-storage", 1, "demangling is left out\n"),
    ] {
        let (sh, path, file) = (Shell::new()?, folder.join(program), folder.join("numbers.xml.gz"));
        let ended = wait_with_output(cmd!(sh, "{path} {file}"))?;
        let text = String::from_utf8_lossy(&ended.stdout);
        ensure!(
            ended.status.code() == Some(status) && text == printed,
            "`{program}` ended with {} and printed `{text}`",
            ended.status
        );
    }
    Ok(())
}

/// The size of a function in a program.
fn symbol_bytes(program: &Path, name: &str) -> Result<u64> {
    use object::{Object, ObjectSymbol};
    let data = fs_err::read(program)?;
    let file = object::File::parse(&*data).with_context(|| format!("failed to read `{}`", program.display()))?;
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name));
    let symbol = symbol.with_context(|| format!("`{}` has no symbol `{name}`", program.display()))?;
    Ok(symbol.size())
}

/// Checks that pkg-config has the same libraries with and without `--static`, in an order that every linker accepts:
/// zig's finds libraries in any order, others do not.
fn static_flags(fixture: &ConsumerFixture) -> Result<()> {
    let flags = |arguments: &[&str]| {
        let mut command = fixture.command("pkg-config", fixture.folder());
        let packages = fixture.sdk().path().join("lib/pkgconfig");
        command.args(arguments).arg("opencv4");
        output(command.env("PKG_CONFIG_PATH", packages))
    };
    let (plain, fixed) = (flags(&["--libs"])?, flags(&["--static", "--libs"])?);
    ensure!(plain == fixed, "--static changes `{plain}` to `{fixed}`");
    let place = |name: &str| {
        let mut flags = plain.split_whitespace();
        flags.position(|flag| flag.strip_prefix("-l") == Some(name))
    };
    for (name, needs) in &fixture.sdk().manifest().link.dependencies {
        for need in needs {
            ensure!(
                place(name).is_some() && place(name) < place(need),
                "{name} depends on {need}, but is not before it: {plain}"
            );
        }
    }
    let version = flags(&["--modversion"])?;
    ensure!(
        version == fixture.sdk().manifest().version,
        "pkg-config reports version {version}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    /// The section of the README whose examples the test runs.
    fn section() -> String {
        let readme = include_str!("../../../opencv-build/README.md");
        let start = readme.find("\n## Using the SDK in another project\n");
        let section = &readme[start.unwrap() + 1..];
        let end = section.find("\n## ").unwrap_or(section.len());
        section[..end].to_owned()
    }

    #[test]
    fn readme_examples_are_tested() {
        let section = section();
        let mut shown = 0;
        for block in section.split("\n```").skip(1).step_by(2) {
            // The first line contains the language and the file.
            let (title, text) = block.split_once('\n').unwrap();
            let Some((_, file)) = title.split_once(' ') else {
                continue;
            };
            let data = concat!(env!("CARGO_MANIFEST_DIR"), "/data/consumers/");
            let tested = fs::read_to_string(format!("{data}{file}")).unwrap();
            assert!(tested.contains(text.trim()), "not in {file}:\n{text}");
            shown += 1;
        }
        assert_eq!(shown, 9);
    }
}

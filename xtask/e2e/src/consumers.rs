//! Builds programs against the SDK from its image, extracted to another path: in C++ with cmake, pkg-config and
//! `sdk.json`, in Rust with the crate `opencv`. The programs and their build scripts are in `xtask/e2e/data/consumers`;
//! the README of opencv-build shows parts of them.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Result, ensure};
use opencv_build::{Sdk, Target};
use support::files::copy;
use support::progress::print_status;

use package::build::Build;
use support::run::{Shell, cmd, output};

mod fixture;

use fixture::ConsumerFixture;

/// The face in lena.jpg, as the Python wheels of OpenCV find it: that of 4.5.5 with the same cascade, and that of 4.14
/// with the same model.
const FACES: &str = "cascade [219,203,169,169]\nYuNet [207,183,147,206] 0.91";

/// Builds the programs and runs them.
pub fn test(build: &Build, sdk: &Sdk) -> Result<()> {
    let target = sdk.manifest().target;
    conformance::skip_unless_runnable(&target)?;
    let fixture = ConsumerFixture::new(build, sdk)?;
    for (script, program) in [
        ("with-cmake.sh", "build/faces"),
        ("with-pkg-config.sh", "faces"),
        ("with-sdk-json.py", "faces"),
    ] {
        print_status(&format!("a C++ program, {script}"));
        let folder = fixture.copy_of("cpp", script)?;
        fixture.run_checked(&mut fixture.script(&folder, script))?;
        check(&folder.join(program), &fixture)?;
    }
    static_flags(&fixture)?;
    components(&fixture)?;
    compilers(&fixture, &target)?;

    print_status("a Rust program, with-cargo.sh");
    let folder = fixture.copy_of("rust", "rust")?;
    // The versions of the function's dependencies, which are already downloaded.
    let lock = build.workspace.root().join("Cargo.lock");
    copy(&lock, &folder.join("Cargo.lock"))?;
    let built = fixture.folder().join("target");
    let triple = target.rust_triple();
    let mut cargo = fixture.script(&folder, "with-cargo.sh");
    cargo
        .env("CARGO_BUILD_TARGET", &triple)
        .env("CARGO_TARGET_DIR", &built)
        .envs(build.tools()?.environment()?);
    fixture.run_checked(&mut cargo)?;
    check(&built.join(triple).join("debug/faces"), &fixture)
}

/// Checks that a program prints its version of OpenCV and finds the face with both detectors.
fn check(program: &Path, fixture: &ConsumerFixture) -> Result<()> {
    let share = fixture.sdk().path().join("share");
    let cascade = share.join("haarcascades/haarcascade_frontalface_default.xml");
    let model = share.join("yunet/face_detection_yunet.onnx");
    let (sh, photo) = (Shell::new()?, share.join("samples/lena.jpg"));
    let found = output(cmd!(sh, "{program} {cascade} {model} {photo}"))?;
    let expected = format!("OpenCV {}\n{FACES}", fixture.sdk().manifest().version);
    ensure!(
        found == expected,
        "`{}` prints `{found}` instead of `{expected}`",
        program.display()
    );
    Ok(())
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

/// Checks that `find_package` respects components and versions.
fn components(fixture: &ConsumerFixture) -> Result<()> {
    print_status("find_package: components and versions");
    let folder = fixture.copy_of("components", "components")?;
    let output_text = fixture.expect_failure(&mut fixture.cmake(&folder))?;
    ensure!(!output_text.contains("wrong:"), "find_package: {output_text}");
    expect(&output_text, "lacks the component(s) dnn. It has core, ")?;
    expect(&output_text, "opencv.toml")
}

/// Checks that `find_package` rejects compilers that cannot link these libraries.
fn compilers(fixture: &ConsumerFixture, target: &Target) -> Result<()> {
    let own = target.architecture;
    let other = own.other();
    let mut compilers = vec![
        (
            "musl",
            fixture.zig(&format!("{own}-linux-musl")),
            "does not compile for glibc".to_owned(),
        ),
        (
            "glibc-2.17",
            fixture.zig(&format!("{own}-linux-gnu.2.17")),
            format!("older than {}", target.glibc),
        ),
        (
            "other-processor",
            fixture.zig(&format!("{other}-linux-gnu")),
            format!("does not compile for {own}"),
        ),
    ];
    let mut find = fixture.command("sh", fixture.folder());
    match output(find.args(["-c", "command -v g++"])) {
        Ok(gxx) => {
            let fault = "does not use libc++".to_owned();
            compilers.push(("libstdc++", gxx.into(), fault));
        }
        Err(_) => {
            print_status("not tested: a compiler with libstdc++, because g++ is not installed");
        }
    }
    for (name, compiler, fault) in compilers {
        print_status(&format!("find_package: a compiler with {name}"));
        let folder = fixture.copy_of("cpp", name)?;
        let mut cmake = fixture.cmake(&folder);
        cmake.env("CXX", &compiler);
        // Otherwise cmake links programs to identify the compiler, and zig compiles a libc++ for each.
        for name in [
            "CMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",
            "CMAKE_CXX_COMPILER_ID_RUN=ON",
            "CMAKE_CXX_COMPILER_FORCED=ON",
        ] {
            cmake.args([OsStr::new("-D"), name.as_ref()]);
        }
        let output_text = fixture.expect_failure(&mut cmake)?;
        expect(&output_text, &fault)?;
        expect(&output_text, "Compile with `zig c++ -target ")?;
    }
    Ok(())
}

fn expect(output_text: &str, part: &str) -> Result<()> {
    ensure!(
        output_text.contains(part),
        "cmake does not print `{part}`: {output_text}"
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
        assert_eq!(shown, 6);
    }
}

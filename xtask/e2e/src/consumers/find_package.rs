//! cmake's `find_package` with the SDK: components, versions and compilers that cannot use it.

use std::ffi::OsStr;

use anyhow::{Result, ensure};
use opencv_build::Target;
use support::progress::print_status;
use support::run::output;

use super::fixture::{ConsumerFixture, expect};

/// Checks that `find_package` respects components and versions.
pub fn components(fixture: &ConsumerFixture) -> Result<()> {
    print_status("find_package: components and versions");
    let folder = fixture.copy_of("components", "components")?;
    let output_text = fixture.expect_failure(&mut fixture.cmake(&folder))?;
    ensure!(!output_text.contains("wrong:"), "find_package: {output_text}");
    expect(&output_text, "lacks the component(s) dnn. It has core, ")?;
    expect(&output_text, "opencv.toml")
}

/// Checks that `find_package` rejects compilers that cannot link these libraries.
pub fn compilers(fixture: &ConsumerFixture, target: &Target) -> Result<()> {
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
        expect(&output_text, "/bin/c++`, with `zig c++ -target ")?;
    }
    Ok(())
}

//! That the scripts call zig as they should, with a stand-in that prints what it is called with.

use super::*;

/// A compiler whose zig only prints what it was called with.
fn recording(folder: &Path) -> Compiler {
    recording_in(folder, "tools")
}

/// The same, with zig in the folder `tools` there.
fn recording_in(folder: &Path, tools: &str) -> Compiler {
    let root = folder.join(tools);
    fs::create_dir_all(root.join("ziglang")).unwrap();
    write_script(
        &root.join("ziglang/zig"),
        "#!/bin/sh\necho \"$ZIG_GLOBAL_CACHE_DIR\"\nprintf '%s\\n' \"$@\"\n",
    )
    .unwrap();
    let target = Target {
        architecture: crate::target::Architecture::X86_64,
        glibc: "2.26".parse().unwrap(),
    };
    let scripts = folder.join("it's here");
    Compiler::prepare(
        &Toolchain::at(&root),
        &target,
        &scripts,
        &folder.join("cache"),
    )
    .unwrap()
}

fn call(program: &Path, arguments: &[&str]) -> Vec<String> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn compiling_keeps_cpu_and_optimisation_flags() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = recording(folder.path());
    let seen = call(
        &compiler.cc(),
        &[
            "-O3",
            "-mavx2",
            "--target=x86_64-unknown-linux-gnu",
            "-DA=a b",
            "-c",
            "x.c",
        ],
    );
    let expected = [
        "cc",
        "-target",
        "x86_64-linux-gnu.2.26",
        "-g0",
        "-fbinutils-version=none",
    ];
    assert_eq!(seen[..5], expected);
    // What is linked later, with other flags, must not need what this would.
    assert_eq!(seen[5], "-fno-sanitize=undefined");
    let theirs = ["-O3", "-mavx2", "-DA=a b", "-c", "x.c"];
    assert_eq!(seen[seen.len() - 5..], theirs);
}

#[test]
fn what_is_compiled_is_hardened_and_what_is_not_optimised_not_fortified() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = recording(folder.path());
    let fortified = |arguments: &[&str]| {
        let seen = call(&compiler.cxx(), arguments);
        for flag in ["-fstack-protector-strong", "-ftrivial-auto-var-init=zero"] {
            assert!(seen.iter().any(|word| word == flag), "{flag} {seen:?}");
        }
        seen.iter().any(|word| word == "-D_FORTIFY_SOURCE=3")
    };
    assert!(fortified(&["-O2", "-c", "x.cpp"]));
    assert!(fortified(&["-c", "-O0", "-Oz", "x.cpp"]));
    assert!(!fortified(&["-c", "x.cpp"]));
    assert!(!fortified(&["-O3", "-O0", "-c", "x.cpp"]));
}

#[test]
fn linking_always_has_the_same_flags_and_no_gcc_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = recording(folder.path());
    let seen = call(
        &compiler.cxx(),
        &[
            "-m64",
            "-O1",
            "-msse4.2",
            "a.o",
            "-lgcc_s",
            "-Wl,-O1",
            "-fuse-ld=lld",
        ],
    );
    assert_eq!(seen[5..], ["-O2", "a.o", "-lunwind", "-Wl,-O1"]);
}

#[test]
fn another_zig_is_another_compiler_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let [first, again, other] = ["a", "a", "b"].map(|tools| recording_in(folder.path(), tools));
    assert_eq!(first.cc(), again.cc());
    assert_ne!(first.cc(), other.cc());
}

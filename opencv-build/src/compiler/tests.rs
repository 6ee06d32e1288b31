//! The scripts' calls of zig, tested with a fake zig that prints its arguments.

use super::*;

fn fake_compiler(folder: &Path) -> Compiler {
    fake_compiler_in(folder, "tools")
}

fn fake_compiler_in(folder: &Path, tools: &str) -> Compiler {
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
    Compiler::write_scripts(&Toolchain::at(&root), &target, &scripts, &folder.join("cache")).unwrap()
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
    let compiler = fake_compiler(folder.path());
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
    // UBSan would need functions that are missing from a link with other flags.
    assert_eq!(seen[5], "-fno-sanitize=undefined");
    let theirs = ["-O3", "-mavx2", "-DA=a b", "-c", "x.c"];
    assert_eq!(seen[seen.len() - 5..], theirs);
}

#[test]
fn compiled_code_is_hardened_and_fortified_only_when_optimised() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = fake_compiler(folder.path());
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
fn linking_uses_fixed_flags_and_no_gcc_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let compiler = fake_compiler(folder.path());
    let seen = call(
        &compiler.cxx(),
        &["-m64", "-O1", "-msse4.2", "a.o", "-lgcc_s", "-Wl,-O1", "-fuse-ld=lld"],
    );
    assert_eq!(seen[5..], ["-O2", "a.o", "-lunwind", "-Wl,-O1"]);
}

#[test]
fn compiler_path_changes_with_zig() {
    let folder = tempfile::tempdir().unwrap();
    let [first, again, other] = ["a", "a", "b"].map(|tools| fake_compiler_in(folder.path(), tools));
    assert_eq!(first.cc(), again.cc());
    assert_ne!(first.cc(), other.cc());
}

//! Compiler flags for fuzzers: AddressSanitizer and UndefinedBehaviorSanitizer, which abort the process at the first
//! error, and coverage counters for libFuzzer. zig has no sanitizer runtimes: the fuzzers are linked with Rust's.

use std::path::Path;

use crate::error::{Error, ErrorKind, WithKind};
use support::files::write_if_changed;

/// Code that the sanitizers do not check, with reasons.
const SANITIZER_IGNORELIST: &str = include_str!("../data/sanitizers/ignorelist.txt");
/// Files of OpenCV's modules without sanitizers and counters, because they are not linked.
const UNINSTRUMENTED: &str = include_str!("../data/sanitizers/uninstrumented.txt");

/// The flags without the paths of the ignore lists.
const SANITIZER_FLAGS: [&str; 10] = [
    "-O1",
    "-gline-tables-only",
    "-fno-omit-frame-pointer",
    "-fsanitize=undefined",
    "-fno-sanitize-recover=undefined",
    // zig itself accepts only the undefined-behaviour sanitizer, so this is passed to clang's frontend.
    "-Xclang",
    "-fsanitize=address",
    "-fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp",
    // Fortification calls variants of C library functions that AddressSanitizer does not intercept.
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=0",
];

/// The flags for C and C++; writes the ignore lists that they refer to into `folder`.
pub fn sanitizer_flags(folder: &Path) -> Result<Vec<String>, Error> {
    // `[*]` excludes the uninstrumented files from all sanitizers; the list before it is for single ones.
    let ignorelist = format!("{SANITIZER_IGNORELIST}\n[*]\n{}", uninstrumented_entries("mainfile"));
    let mut flags = SANITIZER_FLAGS.map(str::to_owned).to_vec();
    for (name, text, flag) in [
        ("sanitizer-ignorelist.txt", ignorelist, "-fsanitize-ignorelist"),
        (
            "coverage-ignorelist.txt",
            uninstrumented_entries("src"),
            "-fsanitize-coverage-ignorelist",
        ),
    ] {
        let path = folder.join(name);
        write_if_changed(&path, text.as_bytes()).with_kind(ErrorKind::Step)?;
        flags.push(format!("{flag}={}", path.display()));
    }
    Ok(flags)
}

/// Ignore-list entries for the uninstrumented files. `word` is the list's keyword for the main source file, which
/// covers the headers it includes.
fn uninstrumented_entries(word: &str) -> String {
    let lines = UNINSTRUMENTED.lines().filter(|line| !line.starts_with('#'));
    let files = lines.filter_map(|line| line.split_once('/'));
    // SIMD kernels for single instruction sets are generated in the build folder.
    let entries = files.map(|(module, name)| {
        format!("{word}:*/modules/{module}/src/{name}*\n{word}:*/build/modules/{module}/{name}*\n")
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignore_lists_are_written_and_passed_as_flags() {
        let folder = tempfile::tempdir().unwrap();
        let flags = sanitizer_flags(folder.path()).unwrap();
        let list = |name: &str| fs_err::read_to_string(folder.path().join(name)).unwrap();
        for (name, line) in [
            ("sanitizer-ignorelist.txt", "mainfile:*/modules/imgproc/src/canny*"),
            ("coverage-ignorelist.txt", "src:*/build/modules/imgproc/canny*"),
        ] {
            assert!(flags.iter().any(|flag| flag.ends_with(name)), "{flags:?}");
            assert!(list(name).lines().any(|known| known == line), "{name}");
        }
    }

    #[test]
    fn own_files_are_instrumented() {
        for ours in ["haar", "jpeg", "libfuzzer"] {
            assert!(!uninstrumented_entries("src").contains(ours), "{ours}");
        }
    }
}

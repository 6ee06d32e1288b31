//! What C and C++ are compiled with for fuzzers: AddressSanitizer and UndefinedBehaviorSanitizer, either of which ends
//! the process at the first error, and counters that tell libFuzzer which code an input reaches. The runtimes are not zig's,
//! which has none; whoever links brings Rust's.

use std::path::Path;

use crate::error::{Error, ErrorKind, WithKind};
use support::files::write_if_changed;

/// Code that the sanitizers do not check, each with its reason.
const SANITIZER_IGNORELIST: &str = include_str!("../data/sanitizers/ignorelist.txt");
/// Files of OpenCV's modules that get neither checks nor counters: nothing is linked of them.
const UNINSTRUMENTED: &str = include_str!("../data/sanitizers/uninstrumented.txt");

/// The flags, each word by itself, but for the lists.
const SANITIZER_FLAGS: [&str; 10] = [
    "-O1",
    "-gline-tables-only",
    "-fno-omit-frame-pointer",
    "-fsanitize=undefined",
    "-fno-sanitize-recover=undefined",
    // zig takes no other sanitizer itself.
    "-Xclang",
    "-fsanitize=address",
    "-fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp",
    // With these the C library's functions are called by other names, which AddressSanitizer does not watch.
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=0",
];

/// The flags for C and C++, whose lists of exceptions are written into `folder`.
pub fn sanitizer_flags(folder: &Path) -> Result<Vec<String>, Error> {
    // From all checks, after what is left out of single ones.
    let ignorelist = format!(
        "{SANITIZER_IGNORELIST}\n[*]\n{}",
        uninstrumented_entries("mainfile")
    );
    let mut flags = SANITIZER_FLAGS.map(str::to_owned).to_vec();
    for (name, text, flag) in [
        (
            "sanitizer-ignorelist.txt",
            ignorelist,
            "-fsanitize-ignorelist",
        ),
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

/// The lines of a list for files that are not reached. `word` is the list's own for the file that is compiled, whatever it
/// includes.
fn uninstrumented_entries(word: &str) -> String {
    let lines = UNINSTRUMENTED.lines().filter(|line| !line.starts_with('#'));
    let files = lines.filter_map(|line| line.split_once('/'));
    // Kernels for single sets of instructions are compiled in the build folder.
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
            (
                "sanitizer-ignorelist.txt",
                "mainfile:*/modules/imgproc/src/canny*",
            ),
            (
                "coverage-ignorelist.txt",
                "src:*/build/modules/imgproc/canny*",
            ),
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

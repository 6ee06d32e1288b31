//! What C and C++ are compiled with for fuzzers: AddressSanitizer and UndefinedBehaviorSanitizer, either of which ends
//! the process at the first error, and counters that tell libFuzzer which code an input reaches. The runtimes are not zig's,
//! which has none; whoever links brings Rust's.

use std::path::Path;

use anyhow::Result;

use crate::files::write_if_other;

/// Code that the sanitizers do not check, each with its reason.
const UNCHECKED: &str = include_str!("../data/instrument/unchecked.txt");
/// Code without counters.
const UNCOUNTED: &str = include_str!("../data/instrument/uncounted.txt");

/// Files of OpenCV's modules that get neither: nothing is linked of them.
const UNREACHED: &str = include_str!("../data/instrument/unreached.txt");

/// The flags, each word by itself, but for the lists.
const FLAGS: [&str; 10] = [
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
pub fn flags(folder: &Path) -> Result<Vec<String>> {
    let mut flags = FLAGS.map(str::to_owned).to_vec();
    // The same in the words of each: the file that is compiled, whatever it includes.
    for (name, text, file, flag) in [
        (
            "unchecked.txt",
            UNCHECKED,
            "mainfile",
            "-fsanitize-ignorelist",
        ),
        (
            "uncounted.txt",
            UNCOUNTED,
            "src",
            "-fsanitize-coverage-ignorelist",
        ),
    ] {
        let path = folder.join(name);
        let files = UNREACHED.lines().filter(|line| !line.starts_with('#'));
        let files = files.filter_map(|line| line.split_once('/'));
        let files: String = files
            .map(|(module, name)| {
                // Kernels for single sets of instructions are compiled in the build folder.
                format!("{file}:*/modules/{module}/src/{name}*\n{file}:*/build/modules/{module}/{name}*\n")
            })
            .collect();
        write_if_other(&path, (text.to_owned() + &files).as_bytes())?;
        flags.push(format!("{flag}={}", path.display()));
    }
    Ok(flags)
}

/// All that decides the flags, for fingerprints.
pub(crate) fn identity() -> String {
    [&FLAGS.join(" "), UNCHECKED, UNCOUNTED, UNREACHED].join("\n")
}

//! The parser of zip archives.
#![no_main]

use fuzz::with_file;
use layer::lint::{LintOptions, lint_zip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| with_file(bytes, |path| {
    let _ = lint_zip(path, &LintOptions::default());
}));

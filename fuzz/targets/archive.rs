//! The parser of OCI and Docker archives.
#![no_main]

use fuzz::with_file;
use layer::lint::{LintOptions, lint_source};
use layer::open;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| with_file(bytes, |path| {
    if let Ok(source) = open(path) {
        let _ = lint_source(source.as_ref(), &LintOptions::default());
    }
}));

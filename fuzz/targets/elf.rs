//! The parser of ELF files.
#![no_main]

use std::path::Path;

use layer::elf::Elf;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Elf::parse(Path::new("the fuzzer"), bytes);
});

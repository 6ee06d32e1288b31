//! That what a program needs is read from its file, and that one which could not run is refused.

use fs_err as fs;

use super::*;
use crate::tests::draft::hardened_program;

fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn here() -> Architecture {
    Architecture::of_this_machine().unwrap()
}

#[test]
fn symbol_versions_compare_as_releases() {
    assert_eq!(glibc_of("GLIBC_2.2.5"), Some(GlibcVersion::new(2, 2)));
    assert!(glibc_of("GLIBC_2.9") < glibc_of("GLIBC_2.17"));
    assert_eq!(glibc_of("GLIBC_PRIVATE"), None);
    assert_eq!(glibc_of("GCC_3.0"), None);
}

#[test]
fn a_program_may_need_the_floor_and_nothing_newer() {
    let folder = tempfile::tempdir().unwrap();
    let path = hardened_program(folder.path(), "", &[]);
    let (needed, symbol) = Elf::read(&path).unwrap().needs_glibc.unwrap();
    let check = |floor| FunctionBinary::check(&path, here(), floor);
    check(needed).unwrap();
    let error = check(GlibcVersion::new(needed.major, needed.minor - 1)).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("needs glibc"), "{error}");
    assert!(error.contains(&symbol), "{error}");
}

#[test]
fn a_program_that_needs_other_libraries_is_refused() {
    // Programs that rustc links by itself need gcc's unwinder.
    let newest = GlibcVersion::new(2, u32::MAX);
    let error = FunctionBinary::check(&this_program(), here(), newest);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("libgcc_s.so.1"), "{error}");
}

#[test]
fn a_program_for_another_processor_is_refused() {
    let newest = GlibcVersion::new(2, u32::MAX);
    let error = FunctionBinary::check(&this_program(), here().other(), newest).unwrap_err();
    assert!(error.to_string().contains(" not for "), "{error}");
}

#[test]
fn what_is_no_elf_file_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for bytes in [
        &b""[..],
        b"#!/bin/sh\n",
        b"\x7fELF\x02\x01\x01\x00truncated",
    ] {
        fs::write(file.path(), bytes).unwrap();
        let error = Elf::read(file.path()).unwrap_err().to_string();
        assert!(error.contains("as an ELF file"), "{error}");
        assert!(Elf::parse(file.path(), bytes).is_err());
    }
}

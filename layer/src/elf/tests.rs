use fs_err as fs;

use super::*;
use crate::tests::fixture::hardened_program;

fn test_binary() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn host() -> Architecture {
    Architecture::host().unwrap()
}

#[test]
fn symbol_versions_compare_as_releases() {
    assert_eq!(glibc_release("GLIBC_2.2.5"), Some(GlibcVersion::new(2, 2)));
    assert!(glibc_release("GLIBC_2.9") < glibc_release("GLIBC_2.17"));
    assert_eq!(glibc_release("GLIBC_PRIVATE"), None);
    assert_eq!(glibc_release("GCC_3.0"), None);
}

#[test]
fn program_may_require_glibc_up_to_the_targets() {
    let folder = tempfile::tempdir().unwrap();
    let path = hardened_program(folder.path(), "", &[]);
    let (needed, symbol) = Elf::read(&path).unwrap().required_glibc.unwrap();
    let check = |target_glibc| FunctionBinary::check(&path, host(), target_glibc);
    check(needed).unwrap();
    let error = check(GlibcVersion::new(needed.major, needed.minor - 1)).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("needs glibc"), "{error}");
    assert!(error.contains(&symbol), "{error}");
}

#[test]
fn program_with_other_libraries_is_rejected() {
    // Programs that rustc links with its default settings need gcc's unwinder.
    let newest = GlibcVersion::new(2, u32::MAX);
    let error = FunctionBinary::check(&test_binary(), host(), newest);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("libgcc_s.so.1"), "{error}");
}

#[test]
fn program_for_another_architecture_is_rejected() {
    let newest = GlibcVersion::new(2, u32::MAX);
    let error = FunctionBinary::check(&test_binary(), host().other(), newest).unwrap_err();
    assert!(error.to_string().contains(" not for "), "{error}");
}

#[test]
fn non_elf_file_is_rejected() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF\x02\x01\x01\x00truncated"] {
        fs::write(file.path(), bytes).unwrap();
        let error = Elf::read(file.path()).unwrap_err().to_string();
        assert!(error.contains("as an ELF file"), "{error}");
        assert!(Elf::parse(file.path(), bytes).is_err());
    }
}

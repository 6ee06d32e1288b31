use crate::elf::{Elf, FunctionBinary};
use crate::tests::fixture::{c_program, hardened_program};
use crate::{Architecture, GlibcVersion, Result};
use std::path::Path;

use super::*;

fn check(path: &Path) -> Result<FunctionBinary> {
    let host = Architecture::host().unwrap();
    FunctionBinary::check(path, host, GlibcVersion::new(2, u32::MAX))?.require_hardened()
}

#[test]
fn hardened_program_passes_with_its_fortified_functions() {
    let folder = tempfile::tempdir().unwrap();
    let binary = check(&hardened_program(folder.path(), "", &[])).unwrap();
    let found = &binary.elf().hardening;
    assert!(found.position_independent && found.relro && found.bind_now && found.nonexecutable_stack);
    assert!(found.stack_protector && !found.text_relocations && found.writable_executable_segments == 0);
    assert_eq!(found.fortified_functions, ["__memcpy_chk".to_owned()].into());
}

#[test]
fn unhardened_program_is_rejected_with_the_missing_feature() {
    // An absolute address in code, and a section that is writable and executable.
    let relocated = "__asm__(\".text\\n.balign 8\\n.8byte main\\n\");\n";
    let writable = "__asm__(\".section .everything,\\\"awx\\\"\\n.8byte 0\\n.text\\n\");\n";
    let unhardened: [(&str, &[&str], &str); 8] = [
        ("", &["-fno-pie", "-no-pie"], "not position-independent"),
        ("", &["-Wl,-z,norelro"], "no PT_GNU_RELRO"),
        ("", &["-Wl,-z,lazy"], "BIND_NOW is not set"),
        ("", &["-Wl,-z,execstack"], "its stack is executable"),
        (relocated, &["-Wl,-z,notext"], "DT_TEXTREL is set"),
        (writable, &[], "both writable and executable"),
        ("", &["-fno-stack-protector"], "__stack_chk_fail is not imported"),
        ("", &["-U_FORTIFY_SOURCE"], "no __*_chk is imported"),
    ];
    for (extra_source, arguments, expected) in unhardened {
        let folder = tempfile::tempdir().unwrap();
        let path = hardened_program(folder.path(), extra_source, arguments);
        let missing = Elf::read(&path).unwrap().hardening.missing();
        assert_eq!(missing.len(), 1, "{arguments:?}: {missing:?}");
        let error = check(&path).unwrap_err().to_string();
        assert!(error.contains("is not hardened"), "{error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn all_missing_hardening_is_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = c_program(
        folder.path(),
        &["-no-pie", "-fno-stack-protector", "-Wl,-z,norelro,-z,lazy,-z,execstack"],
    );
    let error = check(&path).unwrap_err().to_string();
    assert_eq!(
        error.lines().filter(|line| line.starts_with("- ")).count(),
        6,
        "{error}"
    );
}

#[test]
fn gnu_properties_are_read_from_notes() {
    let all = [
        (elf::GNU_PROPERTY_X86_FEATURE_1_AND, vec!["IBT", "SHSTK"]),
        (elf::GNU_PROPERTY_AARCH64_FEATURE_1_AND, vec!["BTI", "PAC"]),
    ];
    for (kind, names) in all {
        assert_eq!(gnu_property_names(kind, 3), names);
        assert_eq!(gnu_property_names(kind, 1), names[..1]);
        assert!(gnu_property_names(kind, 0).is_empty());
    }
    assert!(gnu_property_names(elf::GNU_PROPERTY_STACK_SIZE, 3).is_empty());
}

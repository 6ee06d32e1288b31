//! What a file is when the kernel is told to run it: an ELF program, a script, or something that Linux does not run.
//! Sources: the kernel's `fs/binfmt_elf.c` and `fs/binfmt_script.c`; the formats' own magic numbers.

use std::io::Read;
use std::path::Path;

use fs_err::File;

use super::script::Script;
use crate::Result;
use crate::elf::Elf;

/// A file that a process or the loader opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProgramFile {
    Elf(Box<Elf>),
    Script(Script),
    /// What it is instead of a program, such as "a Mach-O program (macOS)".
    Unsupported(String),
}

/// The beginnings of formats that Linux does not run.
const FORMATS: [(&[u8], &str); 22] = [
    (b"\xcf\xfa\xed\xfe", "a Mach-O program (macOS)"),
    (b"\xce\xfa\xed\xfe", "a 32-bit Mach-O program (macOS)"),
    (b"\xfe\xed\xfa\xcf", "a Mach-O program (macOS)"),
    (b"\xfe\xed\xfa\xce", "a 32-bit Mach-O program (macOS)"),
    (
        b"\xca\xfe\xba\xbe",
        "a universal Mach-O program (macOS) or a Java class",
    ),
    (b"\xca\xfe\xba\xbf", "a universal Mach-O program (macOS)"),
    (b"MZ", "a PE program (Windows)"),
    (
        b"!<arch>\n",
        "an `ar` archive, such as a static library or a Debian package",
    ),
    (b"!<thin>\n", "a thin `ar` archive, such as a static library"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\0asm", "a WebAssembly module"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"%PDF", "a PDF document"),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS instead of the file (run `git lfs pull`)",
    ),
    (b"\xef\xbb\xbf#!", "a script with a byte order mark before `#!`"),
];

impl ProgramFile {
    /// Reads only the required parts of the file at `path`.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut start = Vec::new();
        File::open(path)?.take(512).read_to_end(&mut start)?;
        if start.starts_with(b"\x7fELF") {
            return Ok(match Elf::read(path) {
                Ok(elf) if elf.is_linked => Self::Elf(Box::new(elf)),
                Ok(_) => Self::Unsupported("an object file or a core dump, which must be linked first".into()),
                Err(_) if start.get(4) == Some(&1) => Self::Unsupported("a 32-bit ELF program".into()),
                Err(_) => Self::Unsupported("a damaged ELF program".into()),
            });
        }
        if let Some(line) = start.strip_prefix(b"#!") {
            return Ok(match Script::parse(line) {
                Ok(script) => Self::Script(script),
                Err(what) => Self::Unsupported(what),
            });
        }
        Ok(Self::Unsupported(describe(&start).to_owned()))
    }
}

/// What a file that begins with `start` is, also if it is a program.
pub(crate) fn describe_file(start: &[u8]) -> &'static str {
    match start {
        [0x7f, b'E', b'L', b'F', ..] => "an ELF program",
        [b'#', b'!', ..] => "a script",
        _ => known_format(start).unwrap_or(match is_text(start) {
            true => "a text file",
            false => "a file of an unknown format",
        }),
    }
}

/// What data that begins with `start` is, if not a program.
fn describe(start: &[u8]) -> &'static str {
    known_format(start).unwrap_or(match (is_text(start), start.trim_ascii_start()) {
        (false, _) => "neither an ELF program nor a script",
        (true, [b'#', b'!', ..]) => "a script whose `#!` is not at its start",
        (true, _) => "a text file without `#!` in its first line",
    })
}

fn known_format(start: &[u8]) -> Option<&'static str> {
    if start.is_empty() {
        return Some("an empty file");
    }
    if start.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    let known = FORMATS.iter().find(|(magic, _)| start.starts_with(magic));
    known.map(|(_, what)| *what)
}

fn is_text(start: &[u8]) -> bool {
    !start.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127))
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;
    use crate::tests::static_program::{X86_64, static_program};

    fn read(bytes: &[u8]) -> ProgramFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        ProgramFile::read(file.path()).unwrap()
    }

    fn assert_unsupported(bytes: &[u8], what: &str) {
        match read(bytes) {
            ProgramFile::Unsupported(found) => assert!(found.contains(what), "{what}: {found}"),
            other => panic!("{what}: {other:?}"),
        }
    }

    #[test]
    fn programs_and_scripts_are_recognized() {
        let program = static_program(X86_64);
        assert!(matches!(read(&program), ProgramFile::Elf(elf) if elf.needed.is_empty()));
        assert!(matches!(read(b"#! /bin/sh\n"), ProgramFile::Script(_)));
    }

    #[test]
    fn other_formats_are_named() {
        for (bytes, what) in [
            (&b""[..], "empty"),
            (b"\xcf\xfa\xed\xfe\x0c\0\0\x01", "macOS"),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", "universal"),
            (b"MZ\x90\0", "Windows"),
            (b"!<arch>\ndebian-binary", "static library"),
            (b"PK\x03\x04\x14\0", "zip"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"\0asm\x01\0\0\0", "WebAssembly"),
            (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
            (b"\xef\xbb\xbf#!/bin/sh\n", "byte order mark"),
            (b"\n#!/bin/sh\n", "not at its start"),
            (b"echo hello\n", "without `#!`"),
            (b"\x01\x02\x03\x04", "neither"),
            (b"#!\n/bin/sh", "no program after `#!`"),
            (b"\x7fELF\x02\x01\x01\0truncated", "damaged"),
        ] {
            assert_unsupported(bytes, what);
        }
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_unsupported(&tar, "tar");
        let mut program = static_program(X86_64);
        assert_unsupported(&program[..program.len() - 1], "damaged");
        program[16] = 1;
        assert_unsupported(&program, "object file");
        program[4] = 1;
        assert_unsupported(&program, "32-bit");
    }
}

//! Each known-bad zip archive breaks its rule and no other.

use std::io::{Cursor, Write};

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use fs_err::{self as fs, File};

use super::*;
use crate::{Content, FileTree, Mode, zip::Zip};

fn zip_with(name: &str, options: SimpleFileOptions, content: &[u8]) -> tempfile::NamedTempFile {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, options).unwrap();
    archive.write_all(content).unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    file
}

fn assert_zip_breaks(file: &tempfile::NamedTempFile, rules: &[Rule]) {
    let expected: Vec<_> = rules.iter().map(|rule| (*rule, Severity::Error)).collect();
    assert_eq!(broken_rules(file.path(), None), expected);
}

/// The message of the first finding.
fn message(file: &tempfile::NamedTempFile) -> String {
    let mut found = lint(file.path(), &LintOptions::default()).unwrap();
    found.swap_remove(0).message
}

/// An archive of folders (names with a slash at their end) and programs, in which `renamed.0` is changed to
/// `renamed.1`: the crate `zip` writes no name twice.
fn zip_of(names: &[&str], renamed: (&str, &str)) -> tempfile::NamedTempFile {
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        match name.ends_with('/') {
            true => archive.add_directory(*name, options).unwrap(),
            false => {
                archive.start_file(*name, options).unwrap();
                archive.write_all(b"#!/bin/sh\n").unwrap();
            }
        }
    }
    let mut bytes = archive.finish().unwrap().into_inner();
    let (from, to) = (renamed.0.as_bytes(), renamed.1.as_bytes());
    assert_eq!(from.len(), to.len());
    for at in 0..=bytes.len() - from.len() {
        if !from.is_empty() && bytes[at..].starts_with(from) {
            bytes[at..at + from.len()].copy_from_slice(to);
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    file
}

#[test]
fn empty_archives_break_zip_intact() {
    let empty = zip_of(&[], ("", ""));
    assert_zip_breaks(&empty, &[Rule::ZipIntact]);
    assert!(message(&empty).contains("non-empty zip"));
    let managed = LintOptions {
        runtime: Some("python3.13".into()),
        ..LintOptions::default()
    };
    let found = lint(empty.path(), &managed).unwrap();
    assert_eq!((found[0].rule, found[0].severity), (Rule::ZipIntact, Severity::Error));
    let folders = lint(zip_of(&["a/", "a/b/"], ("", "")).path(), &managed).unwrap();
    assert_eq!(
        (folders[0].rule, folders[0].severity),
        (Rule::ZipIntact, Severity::Warning)
    );
}

#[test]
fn repeated_files_break_zip_paths_and_repeated_folders_do_not() {
    let folders = zip_of(&["bootstrap", "lib/", "lix/"], ("lix/", "lib/"));
    assert_eq!(broken_rules(folders.path(), None), []);
    let files = zip_of(&["bootstrap", "lib/", "lib/a", "lib/b"], ("lib/b", "lib/a"));
    assert_zip_breaks(&files, &[Rule::ZipPaths]);
    assert_eq!(message(&files), "`lib/a` more than once");
    // The directory is found after other bytes.
    let bytes = [b"prefix".to_vec(), fs::read(files.path()).unwrap()].concat();
    fs::write(files.path(), bytes).unwrap();
    let found = lint(files.path(), &LintOptions::default()).unwrap();
    assert_eq!(found[1].message, "`lib/a` more than once");
}

#[test]
fn missing_bootstrap_may_be_in_a_layer() {
    for (name, similar) in [
        ("app.sh", None),
        ("bootstrap.css", None),
        ("bootstrap/x", None),
        ("Bootstrap", Some("`Bootstrap`")),
        ("bootstrap.exe", Some("`bootstrap.exe`")),
        ("build/bootstrap", Some("`build/bootstrap`")),
    ] {
        let archive = zip_of(&[name], ("", ""));
        assert_eq!(
            broken_rules(archive.path(), None),
            [(Rule::ZipBootstrap, Severity::Warning)]
        );
        let found = message(&archive);
        assert!(found.contains("the function's layers"), "{found}");
        let is_named = found.contains("is not started");
        assert_eq!(is_named, similar.is_some(), "{found}");
        assert!(similar.is_none_or(|similar| found.contains(similar)), "{found}");
    }
}

#[test]
fn written_zip_breaks_no_rule() {
    let folder = tempfile::tempdir().unwrap();
    let mut tree = FileTree::new();
    let script = Content::bytes("test", b"#!/bin/sh\n");
    tree.add("bootstrap", script, Mode::Program).unwrap();
    let path = folder.path().join("function.zip");
    Zip::write(&tree, 0, &path).unwrap();
    assert_eq!(broken_rules(&path, Some(Architecture::X86_64)), []);
}

#[test]
fn known_bad_zips_break_their_rules() {
    let program = SimpleFileOptions::default().unix_permissions(0o755);
    let script = b"#!/bin/sh\n".as_slice();
    let data = SimpleFileOptions::default().unix_permissions(0o644);
    assert_zip_breaks(&zip_with("bootstrap", program, script), &[]);
    assert_zip_breaks(&zip_with("bootstrap", data, script), &[Rule::ZipBootstrap]);
    let private = SimpleFileOptions::default().unix_permissions(0o750);
    let both = [Rule::ZipBootstrap, Rule::ZipReadable];
    assert_zip_breaks(&zip_with("bootstrap", private, script), &both);
    let climbs = zip_with("../bootstrap", program, script);
    let bad_path = [
        (Rule::ZipPaths, Severity::Error),
        (Rule::ZipBootstrap, Severity::Warning),
    ];
    assert_eq!(broken_rules(climbs.path(), None), bad_path);
    let stored = program.compression_method(CompressionMethod::Stored);
    assert_zip_breaks(&zip_with("bootstrap", stored, script), &[]);

    // The content no longer has its checksum.
    let damaged = zip_with("bootstrap", stored, script);
    let mut bytes = fs::read(damaged.path()).unwrap();
    let at = bytes.windows(3).position(|w| w == b"bin").unwrap();
    bytes[at] = b'B';
    fs::write(damaged.path(), bytes).unwrap();
    assert_zip_breaks(&damaged, &[Rule::ZipIntact]);

    // Like an archive that was made on Windows.
    let windows = zip_with("bootstrap", program, script);
    let mut bytes = fs::read(windows.path()).unwrap();
    let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[at + 5] = 0;
    fs::write(windows.path(), bytes).unwrap();
    assert_zip_breaks(&windows, &[Rule::ZipBootstrap]);
    assert!(message(&windows).contains("by a program for Windows or DOS"));

    let cut = zip_with("bootstrap", program, script);
    let length = cut.as_file().metadata().unwrap().len();
    File::options()
        .write(true)
        .open(cut.path())
        .unwrap()
        .set_len(length - 30)
        .unwrap();
    assert_zip_breaks(&cut, &[Rule::ZipIntact]);
}

#[test]
fn incompatible_zip_program_breaks_zip_program() {
    let scratch = tempfile::tempdir().unwrap();
    let program = fs::read(c_program(scratch.path(), &[])).unwrap();
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    let file = zip_with("bootstrap", options, &program);
    let elsewhere = Architecture::host().unwrap().other();
    let found = broken_rules(file.path(), Some(elsewhere));
    assert_eq!(found, [(Rule::ZipProgram, Severity::Error)]);
}

#[test]
fn oversized_zips_and_other_methods_break_rules() {
    let program = SimpleFileOptions::default().unix_permissions(0o755);
    let script = b"#!/bin/sh\n".as_slice();
    // 12 is the method bzip2, in both headers of the file.
    let other = zip_with("bootstrap", program, script);
    let mut bytes = fs::read(other.path()).unwrap();
    for (magic, at) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let header = bytes.windows(4).position(|w| w == magic).unwrap();
        bytes[header + at] = 12;
    }
    fs::write(other.path(), bytes).unwrap();
    assert_zip_breaks(&other, &[Rule::ZipMethods]);

    let mut bomb = vec![0; usize::try_from(crate::lambda::LAMBDA.zip_uncompressed_bytes).unwrap() + 1];
    bomb[..script.len()].copy_from_slice(script);
    let large = zip_with("bootstrap", program.compression_level(Some(1)), &bomb);
    assert_zip_breaks(&large, &[Rule::ZipUncompressedSize]);
    let stored = program.compression_method(CompressionMethod::Stored);
    let limit = usize::try_from(crate::lambda::LAMBDA.zip_upload_bytes).unwrap();
    let large = zip_with("bootstrap", stored, &bomb[..limit]);
    let found = broken_rules(large.path(), None);
    assert_eq!(found, [(Rule::ZipSize, Severity::Warning)]);
}

#[test]
fn unusual_archives_are_read_as_others_read_them() {
    let program = SimpleFileOptions::default().unix_permissions(0o755);
    let script = b"#!/bin/sh\n".as_slice();
    let dotted = zip_with("./bootstrap", program, script);
    let warning = |rule| [(rule, Severity::Warning)];
    assert_eq!(broken_rules(dotted.path(), None), warning(Rule::ZipPaths));
    let absolute = zip_with("/bootstrap", program, script);
    let bad_path = [
        (Rule::ZipPaths, Severity::Error),
        (Rule::ZipBootstrap, Severity::Warning),
    ];
    assert_eq!(broken_rules(absolute.path(), None), bad_path);
    // A program that extracts the archive comes first.
    let archive = fs::read(zip_with("bootstrap", program, script).path()).unwrap();
    let with_prefix = tempfile::NamedTempFile::new().unwrap();
    fs::write(with_prefix.path(), [b"#!/bin/sh\n", archive.as_slice()].concat()).unwrap();
    assert_eq!(broken_rules(with_prefix.path(), None), warning(Rule::ZipIntact));
    let broken = zip_with("bootstrap", program, b"echo\n");
    let broken = [b"prefix".as_slice(), &fs::read(broken.path()).unwrap()].concat();
    fs::write(with_prefix.path(), broken).unwrap();
    let found = broken_rules(with_prefix.path(), None);
    assert_eq!(found[1], (Rule::ZipProgram, Severity::Error));
    // 19 is macOS, whose permissions are those of Unix.
    let mut bytes = archive;
    let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[at + 5] = 19;
    fs::write(dotted.path(), bytes).unwrap();
    assert_zip_breaks(&dotted, &[]);
    let nested = zip_with("function.zip", program, b"PK");
    let found = broken_rules(nested.path(), None);
    assert_eq!(found[0], (Rule::ZipPaths, Severity::Warning));
    // Only the name says that it should be one.
    let page = tempfile::Builder::new().suffix(".zip").tempfile().unwrap();
    fs::write(page.path(), "<html>404</html>").unwrap();
    assert_zip_breaks(&page, &[Rule::ZipIntact]);
}

#[test]
fn links_lead_to_files_of_the_runtime_and_of_layers() {
    let program = SimpleFileOptions::default().unix_permissions(0o755);
    let link_to = |target: &str| {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.add_symlink("bootstrap", target, program).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), archive.finish().unwrap().into_inner()).unwrap();
        broken_rules(file.path(), None)
    };
    assert_eq!(link_to("../../bin/../usr/bin/bash"), []);
    assert_eq!(link_to("/opt/bootstrap"), [(Rule::ZipProgram, Severity::Warning)]);
    assert_eq!(link_to("/bin/nothing"), [(Rule::ZipProgram, Severity::Error)]);
}

#[test]
fn encrypted_bootstrap_breaks_zip_methods_only() {
    let program = SimpleFileOptions::default().unix_permissions(0o755);
    let encrypted = zip_with("bootstrap", program, b"#!/bin/sh\n");
    let mut bytes = fs::read(encrypted.path()).unwrap();
    // The flags of both headers.
    for (magic, at) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let header = bytes.windows(4).position(|w| w == magic).unwrap();
        bytes[header + at] |= 1;
    }
    fs::write(encrypted.path(), bytes).unwrap();
    assert_zip_breaks(&encrypted, &[Rule::ZipMethods]);
}

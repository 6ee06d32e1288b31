//! Each known-bad image and zip archive breaks its rule and no other.

use std::io::{Cursor, Write};
use std::path::Path;

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use fs_err::{self as fs, File};
use serde_json::json;
use tar::EntryType;

use super::*;
use crate::Digest;
use crate::tests::fixture::{ImageFixture, c_program, file, folder, link};
use crate::{Architecture, Content, FileTree, Mode, zip::Zip};

/// The broken rules, each once, in the order of their declaration.
fn broken_rules(path: &Path, architecture: Option<Architecture>) -> Vec<(Rule, Severity)> {
    let options = LintOptions { architecture };
    let mut rules: Vec<_> = lint(path, &options)
        .unwrap()
        .into_iter()
        .map(|finding| (finding.rule, finding.severity))
        .collect();
    rules.sort_by_key(|(rule, _)| *rule);
    rules.dedup();
    rules
}

fn assert_breaks(change: impl FnOnce(&mut ImageFixture), rules: &[Rule]) {
    let mut fixture = ImageFixture::valid();
    change(&mut fixture);
    let parent = tempfile::tempdir().unwrap();
    let found = broken_rules(&fixture.write(parent.path()), None);
    let expected: Vec<_> = rules.iter().map(|rule| (*rule, Severity::Error)).collect();
    assert_eq!(found, expected);
}

/// Replaces the only layer.
fn layer(entries: &[Vec<u8>]) -> impl FnOnce(&mut ImageFixture) {
    let layer = entries.concat();
    move |fixture| fixture.layers = vec![layer]
}

fn bootstrap() -> Vec<u8> {
    file("var/task/bootstrap", 0o755, b"#!/bin/sh\n")
}

#[test]
fn valid_image_breaks_no_rule() {
    assert_breaks(|_| (), &[]);
}

#[test]
fn index_breaks_one_manifest() {
    let other = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "platform": {"architecture": "unknown", "os": "unknown"},
    });
    assert_breaks(|fixture| fixture.extra_entries.push(other), &[Rule::OneManifest]);
}

#[test]
fn nested_index_breaks_one_manifest() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let index = fs::read(layout.join("index.json")).unwrap();
    let digest = Digest::of(&index);
    fs::write(layout.join("blobs/sha256").join(digest.hex()), &index).unwrap();
    let entry = json!({
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": digest,
        "size": index.len(),
    });
    let outer = json!({"schemaVersion": 2, "manifests": [entry]});
    fs::write(layout.join("index.json"), outer.to_string()).unwrap();
    assert_eq!(broken_rules(&layout, None), [(Rule::OneManifest, Severity::Error)]);
}

#[test]
fn missing_parent_breaks_parent_directories() {
    let entries = [folder("var/"), bootstrap()];
    assert_breaks(layer(&entries), &[Rule::ParentDirectories]);
}

#[test]
fn layer_without_gzip_breaks_gzip_layers() {
    let plain = "application/vnd.oci.image.layer.v1.tar";
    let change = |fixture: &mut ImageFixture| {
        fixture.compress = <[u8]>::to_vec;
        fixture.manifest["layers"][0]["mediaType"] = plain.into();
    };
    assert_breaks(change, &[Rule::GzipLayers]);
    // The content does not have its media type.
    let change = |fixture: &mut ImageFixture| fixture.compress = <[u8]>::to_vec;
    assert_breaks(change, &[Rule::Intact, Rule::GzipLayers]);
    let zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    let change = |fixture: &mut ImageFixture| fixture.manifest["layers"][0]["mediaType"] = zstd.into();
    assert_breaks(change, &[Rule::Intact, Rule::GzipLayers]);
}

#[test]
fn mixed_media_types_break_media_types() {
    let docker = "application/vnd.docker.container.image.v1+json";
    let change = |fixture: &mut ImageFixture| fixture.manifest["config"]["mediaType"] = docker.into();
    assert_breaks(change, &[Rule::MediaTypes]);
    let artefact = "application/vnd.cncf.helm.config.v1+json";
    let change = |fixture: &mut ImageFixture| fixture.manifest["config"]["mediaType"] = artefact.into();
    assert_breaks(change, &[Rule::MediaTypes]);
}

#[test]
fn wrong_platform_breaks_architecture_and_operating_system() {
    let change = |fixture: &mut ImageFixture| fixture.config["architecture"] = "riscv64".into();
    assert_breaks(change, &[Rule::Architecture]);
    let change = |fixture: &mut ImageFixture| fixture.config["os"] = "windows".into();
    assert_breaks(change, &[Rule::OperatingSystem]);

    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let found = broken_rules(&layout, Some(Architecture::Aarch64));
    assert_eq!(found, [(Rule::Architecture, Severity::Error)]);
    assert_eq!(broken_rules(&layout, Some(Architecture::X86_64)), []);
}

#[test]
fn private_files_break_readable() {
    let entries = |path: &str, bits| {
        let folders = [folder("etc/"), folder("var/"), folder("var/task/")];
        [folders.concat(), bootstrap(), file(path, bits, b"x")]
    };
    assert_breaks(layer(&entries("var/task/model", 0o600)), &[Rule::Readable]);
    assert_breaks(layer(&entries("var/task/model", 0o604)), &[]);
    // Private files of the operating system are only a warning.
    let mut fixture = ImageFixture::valid();
    layer(&entries("etc/shadow", 0))(&mut fixture);
    let parent = tempfile::tempdir().unwrap();
    let found = broken_rules(&fixture.write(parent.path()), None);
    assert_eq!(found, [(Rule::Readable, Severity::Warning)]);
}

#[test]
fn duplicate_path_breaks_unique_paths() {
    let folders = [folder("var/"), folder("var/task/")].concat();
    let other = file("./var/task/bootstrap", 0o755, b"#!/bin/other\n");
    assert_breaks(layer(&[folders, bootstrap(), other]), &[Rule::UniquePaths]);
}

#[test]
fn hard_links_across_layers_and_devices_break_rules() {
    let above = [folder("var/"), link(EntryType::Link, "var/b", "var/task/bootstrap")];
    let change = |fixture: &mut ImageFixture| {
        fixture.layers.push(above.concat());
        fixture.config["history"] = json!([{}, {}]);
    };
    assert_breaks(change, &[Rule::HardLinks]);
    let device = link(EntryType::Char, "null", "");
    let change = |fixture: &mut ImageFixture| fixture.layers[0].extend(device);
    assert_breaks(change, &[Rule::NoDevices]);
}

#[test]
fn missing_or_non_executable_entrypoint_breaks_entrypoint() {
    let change = |fixture: &mut ImageFixture| fixture.config["config"] = json!({});
    assert_breaks(change, &[Rule::Entrypoint]);
    let change = |fixture: &mut ImageFixture| fixture.config["config"]["Entrypoint"] = json!(["/a"]);
    assert_breaks(change, &[Rule::Entrypoint]);
    let change = |fixture: &mut ImageFixture| fixture.config["config"]["Entrypoint"] = json!(["/var"]);
    assert_breaks(change, &[Rule::Entrypoint]);
    let folders = [folder("var/"), folder("var/task/")].concat();
    let data = file("var/task/bootstrap", 0o644, b"#!/bin/sh\n");
    assert_breaks(layer(&[folders, data]), &[Rule::Entrypoint]);
    // Lambda accepts CMD instead of ENTRYPOINT.
    let change = |fixture: &mut ImageFixture| {
        fixture.config["config"] = json!({"Cmd": ["/var/task/bootstrap"]});
    };
    assert_breaks(change, &[]);
}

#[test]
fn wrong_history_length_breaks_history() {
    let change = |fixture: &mut ImageFixture| fixture.config["history"] = json!([]);
    assert_breaks(change, &[Rule::History]);
    let change = |fixture: &mut ImageFixture| {
        fixture.config["history"] = json!([{"empty_layer": true}, {"created_by": "x"}]);
    };
    assert_breaks(change, &[]);
}

#[test]
fn missing_loader_or_wrong_architecture_breaks_rules() {
    let scratch = tempfile::tempdir().unwrap();
    let program = fs::read(c_program(scratch.path(), &[])).unwrap();
    let folders = [folder("var/"), folder("var/task/")].concat();
    let entries = [folders, file("var/task/bootstrap", 0o755, &program)];
    let host = Architecture::host().unwrap();
    let on = |architecture: Architecture| {
        let entries = entries.clone();
        move |fixture: &mut ImageFixture| {
            layer(&entries)(fixture);
            fixture.config["architecture"] = architecture.goarch().into();
        }
    };
    assert_breaks(on(host), &[Rule::Loader]);
    assert_breaks(on(host.other()), &[Rule::Architecture]);
}

#[test]
fn damaged_blobs_break_intact() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let blobs = layout.join("blobs/sha256");
    let largest = fs::read_dir(&blobs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| fs::read(path).unwrap().starts_with(&[0x1f, 0x8b]))
        .unwrap();
    let bytes = fs::read(&largest).unwrap();
    fs::write(&largest, &bytes[..bytes.len() - 9]).unwrap();
    fs::write(blobs.join("x"), "").unwrap();
    let found = lint(&layout, &LintOptions::default()).unwrap();
    assert!(found.iter().all(|finding| finding.rule == Rule::Intact));
    let text: String = found.iter().map(|finding| finding.message.as_str()).collect();
    assert!(text.contains("instead of"), "{text}");
    assert!(text.contains("`x` among its blobs"), "{text}");
}

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
    assert_zip_breaks(&zip_with("other", data, b""), &[Rule::ZipBootstrap]);
    let private = SimpleFileOptions::default().unix_permissions(0o750);
    let both = [Rule::ZipBootstrap, Rule::ZipReadable];
    assert_zip_breaks(&zip_with("bootstrap", private, script), &both);
    let climbs = zip_with("../bootstrap", program, script);
    assert_zip_breaks(&climbs, &[Rule::ZipPaths, Rule::ZipBootstrap]);
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
    // Programs that rustc links with its default settings need gcc's unwinder.
    let own = fs::read(std::env::current_exe().unwrap()).unwrap();
    assert_zip_breaks(&zip_with("bootstrap", options, &own), &[Rule::ZipProgram]);
}

#[test]
fn old_glibc_breaks_glibc() {
    let scratch = tempfile::tempdir().unwrap();
    let program = c_program(scratch.path(), &[]);
    let elf = crate::elf::Elf::read(&program).unwrap();
    let program = fs::read(program).unwrap();
    // A library that declares the symbol versions of an old glibc.
    let versions = scratch.path().join("versions");
    fs::write(&versions, "GLIBC_2.1 { global: main; local: *; };\n").unwrap();
    let script = format!("-Wl,--version-script={}", versions.display());
    let old = ["-shared", "-fPIC", "-nostdlib", &script];
    let old = fs::read(c_program(scratch.path(), &old)).unwrap();
    let loader = elf.interpreter.unwrap();
    let loader = loader.trim_start_matches('/').to_owned();
    let (above, _) = loader.rsplit_once('/').unwrap();
    let mut entries = vec![folder("var/"), folder("var/task/"), folder("usr/"), folder("usr/lib/")];
    for (end, _) in format!("{above}/").match_indices('/') {
        entries.push(folder(&format!("{}/", &above[..end])));
    }
    entries.push(file("var/task/bootstrap", 0o755, &program));
    entries.push(file("usr/lib/libc.so.6", 0o755, &old));
    entries.push(file(&loader, 0o755, b"loader"));
    let change = |fixture: &mut ImageFixture| {
        layer(&entries)(fixture);
        let host = Architecture::host().unwrap().goarch();
        fixture.config["architecture"] = host.into();
    };
    assert_breaks(change, &[Rule::Glibc]);
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

    let bomb = vec![0; usize::try_from(crate::lambda::LAMBDA.zip_uncompressed_bytes).unwrap() + 1];
    let large = zip_with("bootstrap", program.compression_level(Some(1)), &bomb);
    assert_zip_breaks(&large, &[Rule::ZipUncompressedSize]);
    let stored = program.compression_method(CompressionMethod::Stored);
    let large = zip_with("bootstrap", stored, &bomb[..50_000_001]);
    let found = broken_rules(large.path(), None);
    assert_eq!(found, [(Rule::ZipSize, Severity::Warning)]);
}

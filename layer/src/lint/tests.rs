//! Each known-bad image and zip breaks the rule that it was made to break, and no other.

use std::io::{Cursor, Write};
use std::path::Path;

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use fs_err::{self as fs, File};
use serde_json::json;
use tar::EntryType;

use super::*;
use crate::Digest;
use crate::tests::draft::{Draft, c_program, file, folder, link};
use crate::{Architecture, Content, FileTree, Mode, zip::Zip};

/// The rules that break, each once, worst first.
fn broken(path: &Path, architecture: Option<Architecture>) -> Vec<(Rule, Severity)> {
    let expected = Expected { architecture };
    let mut rules: Vec<_> = lint(path, &expected)
        .unwrap()
        .into_iter()
        .map(|finding| (finding.rule, finding.severity))
        .collect();
    rules.sort_by_key(|(rule, _)| *rule);
    rules.dedup();
    rules
}

fn check(change: impl FnOnce(&mut Draft), rules: &[Rule]) {
    let mut draft = Draft::good();
    change(&mut draft);
    let parent = tempfile::tempdir().unwrap();
    let found = broken(&draft.write(parent.path()), None);
    let expected: Vec<_> = rules.iter().map(|rule| (*rule, Severity::Error)).collect();
    assert_eq!(found, expected);
}

/// Replaces the only layer.
fn layer(entries: &[Vec<u8>]) -> impl FnOnce(&mut Draft) {
    let layer = entries.concat();
    move |draft| draft.layers = vec![layer]
}

fn bootstrap() -> Vec<u8> {
    file("var/task/bootstrap", 0o755, b"#!/bin/sh\n")
}

#[test]
fn a_good_image_breaks_no_rule() {
    check(|_| (), &[]);
}

#[test]
fn an_index_is_found() {
    let other = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "platform": {"architecture": "unknown", "os": "unknown"},
    });
    check(|draft| draft.others.push(other), &[Rule::OneManifest]);
}

#[test]
fn a_nested_index_is_found() {
    let parent = tempfile::tempdir().unwrap();
    let layout = Draft::good().write(parent.path());
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
    assert_eq!(
        broken(&layout, None),
        [(Rule::OneManifest, Severity::Error)]
    );
}

#[test]
fn a_missing_parent_folder_is_found() {
    let entries = [folder("var/"), bootstrap()];
    check(layer(&entries), &[Rule::ParentDirectories]);
}

#[test]
fn a_layer_without_gzip_is_found() {
    let plain = "application/vnd.oci.image.layer.v1.tar";
    let change = |draft: &mut Draft| {
        draft.pack = <[u8]>::to_vec;
        draft.manifest["layers"][0]["mediaType"] = plain.into();
    };
    check(change, &[Rule::GzipLayers]);
    // It cannot be read as what it says that it is.
    let change = |draft: &mut Draft| draft.pack = <[u8]>::to_vec;
    check(change, &[Rule::Intact, Rule::GzipLayers]);
    let zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    let change = |draft: &mut Draft| draft.manifest["layers"][0]["mediaType"] = zstd.into();
    check(change, &[Rule::Intact, Rule::GzipLayers]);
}

#[test]
fn mixed_media_types_are_found() {
    let docker = "application/vnd.docker.container.image.v1+json";
    let change = |draft: &mut Draft| draft.manifest["config"]["mediaType"] = docker.into();
    check(change, &[Rule::MediaTypes]);
    let artefact = "application/vnd.cncf.helm.config.v1+json";
    let change = |draft: &mut Draft| draft.manifest["config"]["mediaType"] = artefact.into();
    check(change, &[Rule::MediaTypes]);
}

#[test]
fn a_wrong_platform_is_found() {
    let change = |draft: &mut Draft| draft.config["architecture"] = "riscv64".into();
    check(change, &[Rule::Architecture]);
    let change = |draft: &mut Draft| draft.config["os"] = "windows".into();
    check(change, &[Rule::OperatingSystem]);

    let parent = tempfile::tempdir().unwrap();
    let layout = Draft::good().write(parent.path());
    let found = broken(&layout, Some(Architecture::Aarch64));
    assert_eq!(found, [(Rule::Architecture, Severity::Error)]);
    assert_eq!(broken(&layout, Some(Architecture::X86_64)), []);
}

#[test]
fn private_files_are_found() {
    let entries = |path: &str, bits| {
        let folders = [folder("etc/"), folder("var/"), folder("var/task/")];
        [folders.concat(), bootstrap(), file(path, bits, b"x")]
    };
    check(layer(&entries("var/task/model", 0o600)), &[Rule::Readable]);
    check(layer(&entries("var/task/model", 0o604)), &[]);
    // What every operating system has is said, and no error.
    let mut draft = Draft::good();
    layer(&entries("etc/shadow", 0))(&mut draft);
    let parent = tempfile::tempdir().unwrap();
    let found = broken(&draft.write(parent.path()), None);
    assert_eq!(found, [(Rule::Readable, Severity::Warning)]);
}

#[test]
fn a_path_that_comes_twice_is_found() {
    let folders = [folder("var/"), folder("var/task/")].concat();
    let other = file("./var/task/bootstrap", 0o755, b"#!/bin/other\n");
    check(layer(&[folders, bootstrap(), other]), &[Rule::UniquePaths]);
}

#[test]
fn hard_links_across_layers_and_devices_are_found() {
    let above = [
        folder("var/"),
        link(EntryType::Link, "var/b", "var/task/bootstrap"),
    ];
    let change = |draft: &mut Draft| {
        draft.layers.push(above.concat());
        draft.config["history"] = json!([{}, {}]);
    };
    check(change, &[Rule::HardLinks]);
    let device = link(EntryType::Char, "null", "");
    let change = |draft: &mut Draft| draft.layers[0].extend(device);
    check(change, &[Rule::NoDevices]);
}

#[test]
fn an_entrypoint_that_is_not_there_or_cannot_be_run_is_found() {
    let change = |draft: &mut Draft| draft.config["config"] = json!({});
    check(change, &[Rule::Entrypoint]);
    let change = |draft: &mut Draft| draft.config["config"]["Entrypoint"] = json!(["/a"]);
    check(change, &[Rule::Entrypoint]);
    let change = |draft: &mut Draft| draft.config["config"]["Entrypoint"] = json!(["/var"]);
    check(change, &[Rule::Entrypoint]);
    let folders = [folder("var/"), folder("var/task/")].concat();
    let data = file("var/task/bootstrap", 0o644, b"#!/bin/sh\n");
    check(layer(&[folders, data]), &[Rule::Entrypoint]);
    // Lambda takes Docker's other way to say it, too.
    let change = |draft: &mut Draft| {
        draft.config["config"] = json!({"Cmd": ["/var/task/bootstrap"]});
    };
    check(change, &[]);
}

#[test]
fn a_history_that_does_not_fit_is_found() {
    let change = |draft: &mut Draft| draft.config["history"] = json!([]);
    check(change, &[Rule::History]);
    let change = |draft: &mut Draft| {
        draft.config["history"] = json!([{"empty_layer": true}, {"created_by": "x"}]);
    };
    check(change, &[]);
}

#[test]
fn a_program_without_its_loader_or_for_another_processor_is_found() {
    let scratch = tempfile::tempdir().unwrap();
    let program = fs::read(c_program(scratch.path(), &[])).unwrap();
    let folders = [folder("var/"), folder("var/task/")].concat();
    let entries = [folders, file("var/task/bootstrap", 0o755, &program)];
    let here = Architecture::of_this_machine().unwrap();
    let on = |architecture: Architecture| {
        let entries = entries.clone();
        move |draft: &mut Draft| {
            layer(&entries)(draft);
            draft.config["architecture"] = architecture.goarch().into();
        }
    };
    check(on(here), &[Rule::Loader]);
    check(on(here.other()), &[Rule::Architecture]);
}

#[test]
fn damaged_blobs_are_found() {
    let parent = tempfile::tempdir().unwrap();
    let layout = Draft::good().write(parent.path());
    let blobs = layout.join("blobs/sha256");
    let largest = fs::read_dir(&blobs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| fs::read(path).unwrap().starts_with(&[0x1f, 0x8b]))
        .unwrap();
    let whole = fs::read(&largest).unwrap();
    fs::write(&largest, &whole[..whole.len() - 9]).unwrap();
    fs::write(blobs.join("x"), "").unwrap();
    let found = lint(&layout, &Expected::default()).unwrap();
    assert!(found.iter().all(|finding| finding.rule == Rule::Intact));
    let text: String = found.iter().map(|finding| finding.found.as_str()).collect();
    assert!(text.contains("instead of"), "{text}");
    assert!(text.contains("`x` among its blobs"), "{text}");
}

fn zip_of(name: &str, options: SimpleFileOptions, content: &[u8]) -> tempfile::NamedTempFile {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, options).unwrap();
    archive.write_all(content).unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    file
}

fn zip_breaks(file: &tempfile::NamedTempFile, rules: &[Rule]) {
    let expected: Vec<_> = rules.iter().map(|rule| (*rule, Severity::Error)).collect();
    assert_eq!(broken(file.path(), None), expected);
}

#[test]
fn our_zip_breaks_no_rule() {
    let folder = tempfile::tempdir().unwrap();
    let mut tree = FileTree::new();
    let script = Content::bytes("test", b"#!/bin/sh\n");
    tree.add("bootstrap", script, Mode::Program).unwrap();
    let path = folder.path().join("function.zip");
    Zip::write(&tree, 0, &path).unwrap();
    assert_eq!(broken(&path, Some(Architecture::X86_64)), []);
}

#[test]
fn known_bad_zips_break_their_rules() {
    let program = SimpleFileOptions::default().unix_permissions(0o755);
    let script = b"#!/bin/sh\n".as_slice();
    let data = SimpleFileOptions::default().unix_permissions(0o644);
    zip_breaks(&zip_of("bootstrap", program, script), &[]);
    zip_breaks(&zip_of("bootstrap", data, script), &[Rule::ZipBootstrap]);
    zip_breaks(&zip_of("other", data, b""), &[Rule::ZipBootstrap]);
    let private = SimpleFileOptions::default().unix_permissions(0o750);
    let both = [Rule::ZipBootstrap, Rule::ZipReadable];
    zip_breaks(&zip_of("bootstrap", private, script), &both);
    let climbs = zip_of("../bootstrap", program, script);
    zip_breaks(&climbs, &[Rule::ZipPaths, Rule::ZipBootstrap]);
    let stored = program.compression_method(CompressionMethod::Stored);
    zip_breaks(&zip_of("bootstrap", stored, script), &[]);

    // The content no longer has its checksum.
    let damaged = zip_of("bootstrap", stored, script);
    let mut bytes = fs::read(damaged.path()).unwrap();
    let at = bytes.windows(3).position(|w| w == b"bin").unwrap();
    bytes[at] = b'B';
    fs::write(damaged.path(), bytes).unwrap();
    zip_breaks(&damaged, &[Rule::ZipIntact]);

    // As an archive that was made on Windows says it.
    let windows = zip_of("bootstrap", program, script);
    let mut bytes = fs::read(windows.path()).unwrap();
    let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[at + 5] = 0;
    fs::write(windows.path(), bytes).unwrap();
    zip_breaks(&windows, &[Rule::ZipBootstrap]);

    let cut = zip_of("bootstrap", program, script);
    let length = cut.as_file().metadata().unwrap().len();
    File::options()
        .write(true)
        .open(cut.path())
        .unwrap()
        .set_len(length - 30)
        .unwrap();
    zip_breaks(&cut, &[Rule::ZipIntact]);
}

#[test]
fn a_zip_whose_program_lambda_cannot_run_is_found() {
    let scratch = tempfile::tempdir().unwrap();
    let program = fs::read(c_program(scratch.path(), &[])).unwrap();
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    let file = zip_of("bootstrap", options, &program);
    let elsewhere = Architecture::of_this_machine().unwrap().other();
    let found = broken(file.path(), Some(elsewhere));
    assert_eq!(found, [(Rule::ZipProgram, Severity::Error)]);
    // Programs that rustc links by itself need gcc's unwinder.
    let own = fs::read(std::env::current_exe().unwrap()).unwrap();
    zip_breaks(&zip_of("bootstrap", options, &own), &[Rule::ZipProgram]);
}

#[test]
fn a_glibc_that_is_older_than_the_program_needs_is_found() {
    let scratch = tempfile::tempdir().unwrap();
    let program = c_program(scratch.path(), &[]);
    let elf = crate::elf::Elf::read(&program).unwrap();
    let program = fs::read(program).unwrap();
    // A library that says what a glibc of long ago would say.
    let versions = scratch.path().join("versions");
    fs::write(&versions, "GLIBC_2.1 { global: main; local: *; };\n").unwrap();
    let script = format!("-Wl,--version-script={}", versions.display());
    let old = ["-shared", "-fPIC", "-nostdlib", &script];
    let old = fs::read(c_program(scratch.path(), &old)).unwrap();
    let loader = elf.interpreter.unwrap();
    let loader = loader.trim_start_matches('/').to_owned();
    let (above, _) = loader.rsplit_once('/').unwrap();
    let mut entries = vec![
        folder("var/"),
        folder("var/task/"),
        folder("usr/"),
        folder("usr/lib/"),
    ];
    for (end, _) in format!("{above}/").match_indices('/') {
        entries.push(folder(&format!("{}/", &above[..end])));
    }
    entries.push(file("var/task/bootstrap", 0o755, &program));
    entries.push(file("usr/lib/libc.so.6", 0o755, &old));
    entries.push(file(&loader, 0o755, b"loader"));
    let change = |draft: &mut Draft| {
        layer(&entries)(draft);
        let here = Architecture::of_this_machine().unwrap().goarch();
        draft.config["architecture"] = here.into();
    };
    check(change, &[Rule::Glibc]);
}

#[test]
fn zips_over_lambdas_sizes_and_with_other_methods_are_found() {
    let program = SimpleFileOptions::default().unix_permissions(0o755);
    let script = b"#!/bin/sh\n".as_slice();
    // bzip2, by its number, in both headers of the file.
    let other = zip_of("bootstrap", program, script);
    let mut bytes = fs::read(other.path()).unwrap();
    for (magic, at) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let header = bytes.windows(4).position(|w| w == magic).unwrap();
        bytes[header + at] = 12;
    }
    fs::write(other.path(), bytes).unwrap();
    zip_breaks(&other, &[Rule::ZipMethods]);

    let bomb = vec![0; usize::try_from(crate::lambda::LAMBDA.zip_unpacked_bytes).unwrap() + 1];
    let large = zip_of("bootstrap", program.compression_level(Some(1)), &bomb);
    zip_breaks(&large, &[Rule::ZipUnpacked]);
    let stored = program.compression_method(CompressionMethod::Stored);
    let large = zip_of("bootstrap", stored, &bomb[..50_000_001]);
    let found = broken(large.path(), None);
    assert_eq!(found, [(Rule::ZipSize, Severity::Warning)]);
}

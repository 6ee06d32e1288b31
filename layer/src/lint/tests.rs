//! Each known-bad image breaks its rule and no other; zip archives are in `zips.rs`.

mod config;
mod zips;

use std::path::Path;

use fs_err as fs;
use serde_json::json;
use tar::EntryType;

use super::*;
use crate::tests::fixture::{ImageFixture, c_program, file, folder, gzip, link};
use crate::tests::static_program::{X86_64, static_program};
use crate::{Architecture, Digest};

/// The broken rules, each once, in the order of their declaration.
fn broken_rules(path: &Path, architecture: Option<Architecture>) -> Vec<(Rule, Severity)> {
    let options = LintOptions {
        architecture,
        ..LintOptions::default()
    };
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
    file("var/task/bootstrap", 0o755, &static_program(X86_64))
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

/// Makes `index` the only entry of the layout's index.
fn nest_index(layout: &Path, index: &[u8]) {
    let digest = Digest::of(index);
    fs::write(layout.join("blobs/sha256").join(digest.hex()), index).unwrap();
    let entry = json!({
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": digest,
        "size": index.len(),
    });
    let outer = json!({"schemaVersion": 2, "manifests": [entry]});
    fs::write(layout.join("index.json"), outer.to_string()).unwrap();
}

#[test]
fn nested_index_breaks_one_manifest() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let index = fs::read(layout.join("index.json")).unwrap();
    nest_index(&layout, &index);
    assert_eq!(broken_rules(&layout, None), [(Rule::OneManifest, Severity::Error)]);
}

#[test]
fn missing_parent_breaks_parent_directories() {
    let entries = [folder("var/"), bootstrap()];
    assert_breaks(layer(&entries), &[Rule::ParentDirectories]);
}

#[test]
fn layer_without_gzip_breaks_gzip_layers() {
    let with_type = |compress: fn(&[u8]) -> Vec<u8>, kind: &'static str| {
        move |fixture: &mut ImageFixture| {
            fixture.compress = compress;
            fixture.manifest["layers"][0]["mediaType"] = kind.into();
        }
    };
    let plain = "application/vnd.oci.image.layer.v1.tar";
    let parent = tempfile::tempdir().unwrap();
    let mut fixture = ImageFixture::valid();
    with_type(<[u8]>::to_vec, plain)(&mut fixture);
    let layout = fixture.write(parent.path());
    assert_eq!(broken_rules(&layout, None), [(Rule::GzipLayers, Severity::Note)]);
    // Nothing compresses the layers of an image in a registry.
    let options = LintOptions {
        in_registry: true,
        ..LintOptions::default()
    };
    let found = lint(&layout, &options).unwrap();
    assert_eq!(found[0].severity, Severity::Error);
    // The content does not have its media type.
    let gzip_type = "application/vnd.oci.image.layer.v1.tar+gzip";
    assert_breaks(with_type(<[u8]>::to_vec, gzip_type), &[Rule::GzipLayers]);
    assert_breaks(with_type(zstd, gzip_type), &[Rule::GzipLayers]);
    let zstd_type = "application/vnd.oci.image.layer.v1.tar+zstd";
    assert_breaks(with_type(gzip, zstd_type), &[Rule::GzipLayers]);
    for (compress, kind) in [(gzip as fn(&[u8]) -> Vec<u8>, plain), (zstd, zstd_type)] {
        let parent = tempfile::tempdir().unwrap();
        let mut fixture = ImageFixture::valid();
        with_type(compress, kind)(&mut fixture);
        let layout = fixture.write(parent.path());
        assert_eq!(broken_rules(&layout, None), [(Rule::GzipLayers, Severity::Warning)]);
    }
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

#[test]
fn blobs_may_be_links() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let elsewhere = parent.path().join("elsewhere");
    fs::rename(layout.join("blobs"), &elsewhere).unwrap();
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    for blob in fs::read_dir(elsewhere.join("sha256")).unwrap() {
        let blob = blob.unwrap();
        fs_err::os::unix::fs::symlink(blob.path(), blobs.join(blob.file_name())).unwrap();
    }
    assert_eq!(broken_rules(&layout, None), []);
}

#[test]
fn missing_platforms_of_a_saved_image_are_a_note() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let index = fs::read(layout.join("index.json")).unwrap();
    let mut index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let mut absent = index["manifests"][0].clone();
    absent["digest"] = Digest::of(b"absent").to_string().into();
    index["manifests"].as_array_mut().unwrap().push(absent);
    nest_index(&layout, index.to_string().as_bytes());
    assert_eq!(broken_rules(&layout, None), [(Rule::OneManifest, Severity::Note)]);
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
    let other = file("./var/task/bootstrap", 0o755, &static_program(X86_64));
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
    let data = file("var/task/bootstrap", 0o644, &static_program(X86_64));
    assert_breaks(layer(&[folders, data]), &[Rule::Entrypoint]);
    // Lambda accepts CMD instead of ENTRYPOINT.
    let change = |fixture: &mut ImageFixture| {
        fixture.config["config"] = json!({"Cmd": ["/var/task/bootstrap"]});
    };
    assert_breaks(change, &[]);
}

#[test]
fn program_in_a_private_folder_breaks_entrypoint() {
    let folder_of_root = [folder("root/"), file("root/app", 0o755, &static_program(X86_64))];
    let mut fixture = ImageFixture::valid();
    layer(&folder_of_root)(&mut fixture);
    fixture.config["config"] = json!({"Entrypoint": ["/root/app"]});
    let parent = tempfile::tempdir().unwrap();
    assert_eq!(broken_rules(&fixture.write(parent.path()), None), []);

    let private = crate::tests::fixture::directory("root/", 0o700);
    let mut fixture = ImageFixture::valid();
    layer(&[private, folder_of_root[1].clone()])(&mut fixture);
    fixture.config["config"] = json!({"Entrypoint": ["/root/app"]});
    let parent = tempfile::tempdir().unwrap();
    let found = broken_rules(&fixture.write(parent.path()), None);
    let expected = [(Rule::Readable, Severity::Warning), (Rule::Entrypoint, Severity::Error)];
    assert_eq!(found, expected);
}

#[test]
fn wrong_history_length_breaks_history() {
    let change = |fixture: &mut ImageFixture| fixture.config["history"] = json!([{}, {}]);
    assert_breaks(change, &[Rule::History]);
    for missing in [json!([]), json!(null)] {
        let mut fixture = ImageFixture::valid();
        fixture.config["history"] = missing;
        let parent = tempfile::tempdir().unwrap();
        let found = broken_rules(&fixture.write(parent.path()), None);
        assert_eq!(found, [(Rule::History, Severity::Warning)]);
    }
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
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    assert_eq!(errors.count(), 1, "{found:?}");
    let text: String = found.iter().map(|finding| finding.message.as_str()).collect();
    assert!(text.contains("instead of"), "{text}");
    assert!(text.contains("`x` among its blobs"), "{text}");
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

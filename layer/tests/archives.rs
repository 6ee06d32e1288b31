//! Archives as different tools write them: with other names, compression, links and files beside the image.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use fs_err::{self as fs, File};
use layer::lint::{LintOptions, Rule, Severity, lint};
use layer::{Digest, Image, open_image, source};
use serde_json::json;
use tar::EntryType;

#[path = "../src/tests/static_program.rs"]
mod static_program;

use static_program::{X86_64, static_program};

fn entry(builder: &mut tar::Builder<impl Write>, kind: EntryType, path: &str, mode: u32, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    builder.append_data(&mut header, path, content).unwrap();
}

/// A layer with the program and a file of the given name.
fn layer(name: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for folder in ["var/", "var/task/"] {
        entry(&mut builder, EntryType::Directory, folder, 0o755, b"");
    }
    let program = static_program(X86_64);
    entry(&mut builder, EntryType::Regular, "var/task/bootstrap", 0o755, &program);
    entry(
        &mut builder,
        EntryType::Regular,
        &format!("var/task/{name}"),
        0o644,
        b"x",
    );
    builder.into_inner().unwrap()
}

fn config(layers: &[&[u8]]) -> Vec<u8> {
    let ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let history: Vec<_> = layers.iter().map(|_| json!({"created_by": "test"})).collect();
    json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/var/task/bootstrap"], "Env": null, "Cmd": null, "Volumes": null, "Labels": null},
        "history": history,
        "rootfs": {"type": "layers", "diff_ids": ids},
    })
    .to_string()
    .into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// The path of a file in an archive and its content, or a link and its target.
enum Item<'a> {
    File(&'a str, &'a [u8]),
    Link(&'a str, &'a str),
}
use Item::{File as Regular, Link};

fn archive(items: &[Item<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for item in items {
        match item {
            Regular(path, content) => entry(&mut builder, EntryType::Regular, path, 0o644, content),
            Link(path, target) => {
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(EntryType::Symlink);
                header.set_size(0);
                builder.append_link(&mut header, path, target).unwrap();
            }
        }
    }
    builder.into_inner().unwrap()
}

fn manifest(config: &str, tags: &[&str], layers: &[&str]) -> Vec<u8> {
    json!([{"Config": config, "RepoTags": tags, "Layers": layers}])
        .to_string()
        .into_bytes()
}

struct Written {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn write(bytes: &[u8]) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tar");
    File::create(&path).unwrap().write_all(bytes).unwrap();
    Written { _folder: folder, path }
}

/// The findings as rule and severity, and every layer is verified.
fn findings(path: &Path, tag: Option<&str>) -> Vec<(Rule, Severity)> {
    let options = LintOptions {
        image: tag.map(str::to_owned),
        ..LintOptions::default()
    };
    let found = lint(path, &options).unwrap();
    let source = open_image(path, tag).unwrap();
    for entry in source::index(source.as_ref()).unwrap().manifests() {
        Image::read(source.as_ref(), entry).unwrap();
    }
    found
        .into_iter()
        .map(|finding| (finding.rule, finding.severity))
        .collect()
}

const UNCOMPRESSED: (Rule, Severity) = (Rule::GzipLayers, Severity::Note);

#[test]
fn layers_of_docker_archives_are_read_by_content() {
    let (layer, config) = (layer("a"), config(&[&layer("a")]));
    let digest = Digest::of(&config).to_string();
    // crane, ko, jib and kaniko: gzip, with names of their own.
    for (config_name, layer_name) in [
        (digest.as_str(), "0000.tar.gz"),
        ("config.json", "layer"),
        ("/c", "./l"),
    ] {
        let manifest = manifest(config_name, &["f:latest"], &[layer_name]);
        let gzip = gzip(&layer);
        let items = [
            Regular(config_name.trim_start_matches('/'), &config),
            Regular(layer_name.trim_start_matches("./"), &gzip),
            Regular("manifest.json", &manifest),
        ];
        assert_eq!(findings(&write(&archive(&items)).path, None), [], "{layer_name}");
    }
    let manifest = manifest("c", &[], &["l.tar"]);
    let zstd = zstd(&layer);
    for content in [&layer, &zstd] {
        let items = [
            Regular("c", &config),
            Regular("l.tar", content),
            Regular("manifest.json", &manifest),
        ];
        assert_eq!(findings(&write(&archive(&items)).path, None), [UNCOMPRESSED]);
    }
}

#[test]
fn whole_archives_may_be_compressed() {
    let (layer, config) = (layer("a"), config(&[&layer("a")]));
    let manifest = manifest("./c.json", &["f:latest"], &["h/layer.tar"]);
    // nix writes `./` before every path.
    let items = [
        Regular("./manifest.json", &manifest),
        Regular("./c.json", &config),
        Regular("./h/layer.tar", &layer),
    ];
    let plain = archive(&items);
    for bytes in [gzip(&plain), zstd(&plain)] {
        assert_eq!(findings(&write(&bytes).path, None), [UNCOMPRESSED]);
    }
    for (bytes, program) in [(&b"\xfd7zXZ\0..."[..], "xz"), (b"BZh9...", "bzip2")] {
        let error = lint(&write(bytes).path, &LintOptions::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(&format!("run `{program} -d`")), "{error}");
    }
}

#[test]
fn repeated_layers_may_be_links_or_written_twice() {
    let layer = layer("a");
    let config = config(&[&layer, &layer]);
    let manifest = manifest("c", &["f:latest"], &["1/layer.tar", "2/layer.tar"]);
    let document = || Regular("manifest.json", &manifest);
    // podman and old versions of Docker.
    let items = [Regular("c", &config), Regular("x.tar", &layer), document()];
    let links = [Link("1/layer.tar", "../x.tar"), Link("2/layer.tar", "/x.tar")];
    let linked = archive(&items.into_iter().chain(links).collect::<Vec<_>>());
    assert_eq!(findings(&write(&linked).path, None), [UNCOMPRESSED, UNCOMPRESSED]);
    let twice = |name| [Regular(name, &layer), Regular(name, &layer)];
    let items = twice("1/layer.tar").into_iter().chain(twice("2/layer.tar"));
    let items = items.chain([Regular("c", &config), document()]);
    let bytes = archive(&items.collect::<Vec<_>>());
    assert_eq!(findings(&write(&bytes).path, None), [UNCOMPRESSED, UNCOMPRESSED]);
    // Engines could read different ones of two documents.
    let two = [Regular("manifest.json", &manifest), Regular("manifest.json", b"[]")];
    let error = lint(&write(&archive(&two)).path, &LintOptions::default()).unwrap_err();
    assert!(error.to_string().contains("occurs twice"), "{error}");
}

/// As `docker save` since version 25: an OCI layout with uncompressed layers, documents for old versions and old blobs.
fn docker_25(images: &[(&[u8], &[&str])]) -> Vec<u8> {
    let mut files = Vec::new();
    let mut add = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        files.push((format!("blobs/sha256/{}", digest.hex()), bytes.to_vec()));
        digest
    };
    let (mut entries, mut docker) = (Vec::new(), Vec::new());
    for (layer, tags) in images {
        let config = config(&[layer]);
        let (layer_digest, config_digest) = (add(layer), add(&config));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config_digest,
                "size": config.len(),
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer_digest,
                "size": layer.len(),
            }],
        });
        let manifest = manifest.to_string();
        for tag in *tags {
            entries.push(json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": add(manifest.as_bytes()),
                "size": manifest.len(),
                "annotations": {
                    "io.containerd.image.name": format!("docker.io/library/{tag}"),
                    "org.opencontainers.image.ref.name": tag.rsplit_once(':').unwrap().1,
                },
            }));
        }
        let path = |digest: Digest| format!("blobs/sha256/{}", digest.hex());
        docker.push(json!({
            "Config": path(config_digest),
            "RepoTags": tags,
            "Layers": [path(layer_digest)],
            "LayerSources": {},
        }));
    }
    // The documents of version 1, which no image refers to.
    add(b"{\"id\":\"1\"}");
    let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
    let docker = json!(docker).to_string();
    let mut items: Vec<_> = files.iter().map(|(path, bytes)| Regular(path, bytes)).collect();
    items.extend([
        Regular("index.json", index.as_bytes()),
        Regular("manifest.json", docker.as_bytes()),
        Regular("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        Regular("repositories", b"{}"),
    ]);
    archive(&items)
}

#[test]
fn docker_since_25_is_read_with_tags_and_old_blobs() {
    let unused = (Rule::Intact, Severity::Note);
    let layer = layer("a");
    let one = write(&docker_25(&[(&layer, &["f:latest"])]));
    assert_eq!(findings(&one.path, None), [unused, UNCOMPRESSED]);
    let tags = write(&docker_25(&[(&layer, &["f:latest", "f:v1", "g:v1"])]));
    assert_eq!(findings(&tags.path, None), [UNCOMPRESSED]);
    assert_eq!(findings(&tags.path, Some("f:v1")), [UNCOMPRESSED]);
}

#[test]
fn one_of_several_images_is_chosen() {
    let (a, b) = (layer("a"), layer("b"));
    let two = write(&docker_25(&[(&a, &["f:latest"]), (&b, &["g:v1"])]));
    let error = lint(&two.path, &LintOptions::default()).unwrap_err().to_string();
    assert!(error.contains("has several images: `f:latest`, `g:v1`"), "{error}");
    assert_eq!(findings(&two.path, Some("g:v1")), [UNCOMPRESSED]);

    // Without tags, the images of a Docker archive have their IDs.
    let (one, other) = (config(&[&a]), config(&[&b]));
    let images = json!([
        {"Config": "1", "RepoTags": null, "Layers": ["a"]},
        {"Config": "2", "RepoTags": ["g:v1"], "Layers": ["b"]},
    ]);
    let images = images.to_string();
    let items = [
        Regular("manifest.json", images.as_bytes()),
        Regular("1", &one),
        Regular("2", &other),
        Regular("a", &a),
        Regular("b", &b),
    ];
    let two = write(&archive(&items));
    let id = &Digest::of(&one).hex()[..12];
    let error = lint(&two.path, &LintOptions::default()).unwrap_err().to_string();
    assert!(
        error.contains(&format!("`{id}`, `g:v1`")) || error.contains(&format!("`g:v1`, `{id}`")),
        "{error}"
    );
    assert_eq!(findings(&two.path, Some(id)), [UNCOMPRESSED]);
    assert_eq!(findings(&two.path, Some("g:v1")), [UNCOMPRESSED]);
}

#[test]
fn missing_parts_are_named() {
    let layer = layer("a");
    let config = config(&[&layer]);
    let lacks = |items: &[Item<'_>]| {
        let error = lint(&write(&archive(items)).path, &LintOptions::default());
        error.unwrap_err().to_string()
    };
    let two = manifest("c", &[], &["l.tar", "m.tar"]);
    let error = lacks(&[Regular("manifest.json", &two), Regular("c", &config)]);
    assert!(error.contains("different numbers of layers"), "{error}");
    let one = manifest("c", &[], &["l.tar"]);
    let error = lacks(&[Regular("manifest.json", &one), Regular("c", &config)]);
    assert!(error.contains("has no file `l.tar`"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), "").unwrap();
    assert!(lint(folder.path(), &LintOptions::default()).is_err());
}

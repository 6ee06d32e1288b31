use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::json;

use super::*;
use crate::lint::{LintOptions, lint};
use crate::tests::fixture::{ImageFixture, gzip};
use crate::{Layout, LayoutFolder, open};

const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// An image whose layers are compressed by `compress`, and have this media type.
fn fixture(compress: fn(&[u8]) -> Vec<u8>, kind: &str) -> ImageFixture {
    let mut fixture = ImageFixture {
        compress,
        ..ImageFixture::valid()
    };
    fixture.manifest["layers"][0]["mediaType"] = kind.into();
    fixture
}

/// Packs the layout in `folder`; returns the changes.
fn pack_layout(layout: &Path, to: &Path) -> Vec<String> {
    pack(open(layout).unwrap().as_ref(), None, to).unwrap()
}

/// The manifest of the only image.
fn manifest(layout: &Path) -> Vec<u8> {
    let layout = LayoutFolder::open(layout).unwrap();
    let index = source::index(&layout).unwrap();
    source::document(&layout, "manifest", &index.manifests()[0]).unwrap()
}

/// Asserts that the image would be accepted from a registry as it is, and has the same files.
fn assert_packed(layout: &Path) {
    let options = LintOptions {
        in_registry: true,
        ..LintOptions::default()
    };
    assert_eq!(lint(layout, &options).unwrap(), []);
    Layout::open(layout, Architecture::X86_64).unwrap();
}

#[test]
fn layers_are_compressed_with_gzip_and_the_same_each_time() {
    let docker = "application/vnd.docker.image.rootfs.diff.tar";
    for (compress, kind, change) in [
        (
            <[u8]>::to_vec as fn(&[u8]) -> Vec<u8>,
            OCI_LAYER,
            "compressed with gzip, as",
        ),
        (
            zstd,
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "gzip instead of zstd",
        ),
        (zstd, OCI_LAYER, "gzip instead of zstd"),
        (gzip, OCI_LAYER, "has the media type of gzip now"),
        (
            <[u8]>::to_vec,
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "compressed with gzip, as",
        ),
        (<[u8]>::to_vec, docker, "compressed with gzip, as"),
    ] {
        let parent = tempfile::tempdir().unwrap();
        let mut fixture = fixture(compress, kind);
        if kind == docker {
            fixture.manifest["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json".into();
            fixture.manifest["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json".into();
        }
        fixture.manifest["custom"] = json!({"kept": true});
        let chunked = "io.github.containers.zstd-chunked.manifest-checksum";
        fixture.manifest["layers"][0]["annotations"] = json!({chunked: "x", "other": "y"});
        let layout = fixture.write(parent.path());
        let (one, two) = (parent.path().join("one"), parent.path().join("two"));
        let changes = pack_layout(&layout, &one);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].contains(change), "{kind}: {changes:?}");
        assert_packed(&one);
        assert_eq!(pack_layout(&layout, &two), changes);
        assert_eq!(manifest(&one), manifest(&two));
        let document: Value = serde_json::from_slice(&manifest(&one)).unwrap();
        assert_eq!(document["custom"]["kept"], true);
        let annotations = &document["layers"][0]["annotations"];
        assert_eq!(annotations["other"], "y");
        assert_eq!(
            annotations[chunked].is_null(),
            changes[0].contains("is compressed with gzip"),
            "{annotations}"
        );
        // Packed once, it is not changed again.
        assert_eq!(pack_layout(&one, &parent.path().join("three")), Vec::<String>::new());
    }
}

#[test]
fn valid_image_keeps_its_bytes() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let to = parent.path().join("packed");
    assert_eq!(pack_layout(&layout, &to), Vec::<String>::new());
    assert_eq!(manifest(&layout), manifest(&to));
    assert_packed(&to);
}

#[test]
fn attestations_and_absent_images_are_left_out() {
    let parent = tempfile::tempdir().unwrap();
    let mut fixture = ImageFixture::valid();
    let kind = fixture.manifest["mediaType"].clone();
    fixture.extra_entries = vec![
        json!({"mediaType": kind, "platform": {"architecture": "unknown", "os": "unknown"}}),
        json!({"mediaType": kind, "digest": Digest::of(b"absent"), "size": 6,
            "platform": {"architecture": "arm64", "os": "linux"}}),
    ];
    let layout = fixture.write(parent.path());
    let to = parent.path().join("packed");
    let changes = pack_layout(&layout, &to);
    assert!(changes[0].contains("the build attestation"), "{changes:?}");
    assert!(changes[1].contains("the image for arm64 is left out"), "{changes:?}");
    assert_packed(&to);
}

#[test]
fn image_of_an_index_is_chosen_by_its_architecture() {
    let parent = tempfile::tempdir().unwrap();
    let mut fixture = ImageFixture::valid();
    let kind = fixture.manifest["mediaType"].clone();
    // Another document with the same content but for its length.
    let other = fixture.manifest.to_string() + " ";
    let platform = |name: &str| json!({"architecture": name, "os": "linux"});
    fixture.extra_entries = vec![json!({"mediaType": kind, "platform": platform("arm64"),
        "digest": Digest::of(other.as_bytes()), "size": other.len()})];
    let layout = fixture.write(parent.path());
    fs::write(
        layout.join("blobs/sha256").join(Digest::of(other.as_bytes()).hex()),
        &other,
    )
    .unwrap();
    let source = open(&layout).unwrap();
    let to = parent.path().join("packed");
    let error = pack(source.as_ref(), None, &to).unwrap_err().to_string();
    assert!(
        error.contains("has 2 images (arm64)") && error.contains("architecture"),
        "{error}"
    );
    let error = pack(source.as_ref(), Some(Architecture::X86_64), &to)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no image for linux/amd64; it has linux/arm64"),
        "{error}"
    );
    let error = pack(source.as_ref(), Some(Architecture::Aarch64), &to)
        .unwrap_err()
        .to_string();
    // The template of the fixture names no blobs.
    assert!(error.contains("its manifest cannot be read"), "{error}");
}

#[test]
fn only_image_for_another_architecture_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let source = open(&layout).unwrap();
    let to = parent.path().join("packed");
    let error = pack(source.as_ref(), Some(Architecture::Aarch64), &to).unwrap_err();
    let expected = "no image for linux/arm64; it has one for amd64";
    assert!(error.to_string().contains(expected), "{error}");
    pack(source.as_ref(), Some(Architecture::X86_64), &to).unwrap();
}

#[test]
fn damaged_and_missing_blobs_are_refused() {
    for (compress, kind) in [
        (gzip as fn(&[u8]) -> Vec<u8>, OCI_LAYER),
        (zstd, OCI_LAYER),
        (<[u8]>::to_vec, OCI_LAYER),
    ] {
        let parent = tempfile::tempdir().unwrap();
        let layout = fixture(compress, kind).write(parent.path());
        let document: Value = serde_json::from_slice(&manifest(&layout)).unwrap();
        let digest: Digest = document["layers"][0]["digest"].as_str().unwrap().parse().unwrap();
        let path = layout.join("blobs/sha256").join(digest.hex());
        let good = fs::read(&path).unwrap();
        let mut wrong = good.clone();
        *wrong.last_mut().unwrap() ^= 1;
        let to = parent.path().join("packed");
        for bytes in [&good[..good.len() - 1], &wrong] {
            fs::write(&path, bytes).unwrap();
            let error = pack(open(&layout).unwrap().as_ref(), None, &to).unwrap_err();
            assert!(matches!(error, Error::Damaged { .. }), "{error}");
            assert!(!to.join("index.json").exists());
        }
        fs::remove_file(&path).unwrap();
        let error = pack(open(&layout).unwrap().as_ref(), None, &to).unwrap_err();
        assert!(error.to_string().contains("has no blob"), "{error}");
    }
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    fs::write(layout.join("index.json"), r#"{"schemaVersion": 2, "manifests": []}"#).unwrap();
    let error = pack(open(&layout).unwrap().as_ref(), None, &parent.path().join("packed")).unwrap_err();
    assert!(error.to_string().contains("has no image that can be pushed"), "{error}");
}

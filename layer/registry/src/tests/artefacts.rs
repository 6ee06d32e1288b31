//! Pulls and pushes of artefacts other than images.

use std::collections::BTreeMap;

use layer::{Content, Digest, FileTree, LayoutFolder, LayoutWriter, Mode, UnpackLimits, unpack_artefact};
use serde_json::{Value, json};

use super::super::{Error, pull_artefact, push_layout, resolve};
use super::contents::RegistryContents;
use super::fake::{FakeRegistry, IMAGE, INDEX, Reply};
use super::noise;
use super::store::FakeStore;
use fs_err as fs;

const TYPE: &str = "application/vnd.example.files.v1";

/// A registry with an artefact of the tag `files`, which has `manifest`'s changes.
fn contents(change: impl FnOnce(&mut Value)) -> RegistryContents {
    let mut contents = RegistryContents::image(&[noise(1000)]);
    let (_, manifest) = contents.manifests["latest"].clone();
    let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
    manifest["artifactType"] = TYPE.into();
    manifest["config"]["mediaType"] = "application/vnd.oci.empty.v1+json".into();
    change(&mut manifest);
    contents.add_manifest(IMAGE, &manifest, "files");
    contents
}

#[test]
fn pushed_artefact_is_pulled_with_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut tree = FileTree::new();
    let content = noise(10_000);
    tree.add("lib/a", Content::bytes("test", &content), Mode::Data).unwrap();
    let writer = LayoutWriter::new(folder.path(), 0).unwrap();
    let digest = writer
        .write_artefact(&tree, TYPE, &BTreeMap::new(), &at("layout"))
        .unwrap();
    let store = FakeStore::default();
    let image = store.serve().image(":v1");
    assert_eq!(push_layout(&image, &at("layout"), &|_| ()).unwrap(), digest);
    // The configuration, the layer and the manifest by its tag.
    assert_eq!(store.names().len(), 3);

    let mut served = RegistryContents::default();
    for name in LayoutFolder::open(&at("layout"))
        .map(|layout| layer::source::Source::blob_names(&layout).unwrap())
        .unwrap()
    {
        let bytes = fs::read(at("layout/blobs/sha256").join(name)).unwrap();
        served.blobs.insert(Digest::of(&bytes).to_string(), bytes);
    }
    let manifest: Value = serde_json::from_slice(&served.blobs[&digest.to_string()]).unwrap();
    served.add_manifest(IMAGE, &manifest, "v1");
    let image = served.serve().image(":v1");
    let pulled = pull_artefact(&image, TYPE, &at("pulled"), 20_000, &|_| ()).unwrap();
    assert_eq!(pulled.digest, resolve(&image).unwrap());
    let limits = UnpackLimits {
        bytes: 10_000,
        entries: 2,
    };
    unpack_artefact(&LayoutFolder::open(&at("pulled")).unwrap(), TYPE, &at("files"), limits).unwrap();
    assert_eq!(fs::read(at("files/lib/a")).unwrap(), content);
}

#[test]
fn what_is_not_the_artefact_is_refused_before_its_blobs() {
    let mut index = contents(|_| ());
    let entry = index.add_image("amd64", &[noise(10)], "image");
    index.add_manifest(INDEX, &json!({"schemaVersion": 2, "manifests": [entry]}), "files");
    let image = contents(|manifest| {
        manifest.as_object_mut().unwrap().remove("artifactType");
        manifest["config"]["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
    });
    let other = contents(|manifest| manifest["artifactType"] = "application/vnd.other".into());
    let old = contents(|manifest| {
        manifest.as_object_mut().unwrap().remove("artifactType");
        manifest["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json".into();
    });
    for (contents, reason) in [
        (index, "is an index, not of the type"),
        (image, "is an image, not of the type"),
        (other, "an artefact of the type \"application/vnd.other\""),
        (old, "helm.config"),
        (
            contents(|manifest| manifest["layers"][0]["size"] = (1_u64 << 40).into()),
            "bytes, over 5000",
        ),
        (
            contents(|manifest| manifest["layers"][0]["size"] = u64::MAX.into()),
            "sent an invalid response",
        ),
    ] {
        let registry = contents.serve();
        let folder = tempfile::tempdir().unwrap();
        let error = pull_artefact(&registry.image(":files"), TYPE, folder.path(), 5000, &|_| ()).unwrap_err();
        assert!(error.to_string().contains(reason), "{reason}: {error}");
        assert!(!registry.request_lines().iter().any(|line| line.contains("blobs/")));
        assert!(!folder.path().join("index.json").exists());
    }
}

#[test]
fn damaged_and_missing_artefacts_are_told_apart() {
    let contents = contents(|_| ());
    let layer = contents.layer_digest();
    for (body, truncate_at) in [(noise(999), None), (vec![7; 1000], None), (noise(1000), Some(10))] {
        let (contents, layer) = (contents.clone(), layer.clone());
        let registry = FakeRegistry::start(move |request, _| match request.path.ends_with(&layer) {
            true => Reply {
                truncate_at,
                ..Reply::new(200, body.clone())
            },
            false => contents.respond(request),
        });
        let folder = tempfile::tempdir().unwrap();
        let error = pull_artefact(&registry.image(":files"), TYPE, folder.path(), 5000, &|_| ()).unwrap_err();
        let is_damaged = match &error {
            Error::DigestMismatch { .. } | Error::SizeMismatch { .. } => true,
            Error::RetriesExhausted { last, .. } => matches!(**last, Error::Interrupted { .. }),
            _ => false,
        };
        assert!(is_damaged, "{error}");
        assert!(!folder.path().join("index.json").exists());
    }
    let registry = contents.serve();
    let folder = tempfile::tempdir().unwrap();
    let error = pull_artefact(&registry.image(":other"), TYPE, folder.path(), 5000, &|_| ()).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    // A registry may say that nothing is there by denying access.
    let denying = FakeRegistry::start(|_, _| Reply::new(403, r#"{"errors": [{"code": "DENIED"}]}"#));
    let error = pull_artefact(&denying.image(":files"), TYPE, folder.path(), 5000, &|_| ()).unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
}

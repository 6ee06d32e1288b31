use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use tar::EntryType;

use super::*;
use crate::tests::fixture::{ImageFixture, file, folder as directory, link};
use crate::{Content, Mode};

const TYPE: &str = "application/vnd.example.files.v1";
const LIMITS: UnpackLimits = UnpackLimits {
    bytes: 1000,
    entries: 50,
};

/// Writes a layout with an artefact of these layers.
fn write(parent: &Path, layers: &[Vec<u8>], change: impl FnOnce(&mut Value)) -> LayoutFolder {
    let mut fixture = ImageFixture::valid();
    fixture.layers = layers.to_vec();
    fixture.manifest["artifactType"] = json!(TYPE);
    change(&mut fixture.manifest);
    LayoutFolder::open(&fixture.write(parent)).unwrap()
}

/// The error of unpacking an artefact, which leaves nothing behind.
fn refusal(layer: Vec<u8>) -> String {
    let parent = tempfile::tempdir().unwrap();
    let layout = write(parent.path(), &[layer], |_| ());
    refusal_of(&layout, parent.path())
}

fn refusal_of(layout: &LayoutFolder, parent: &Path) -> String {
    let error = unpack_artefact(layout, TYPE, &parent.join("to"), LIMITS).unwrap_err();
    let left = fs::read_dir(parent).unwrap().count();
    assert_eq!(left, 1, "more than the layout is left");
    error.to_string()
}

#[test]
fn files_round_trip_and_the_digest_is_reproducible() {
    let parent = tempfile::tempdir().unwrap();
    let mut tree = FileTree::new();
    let long = format!("{}/data", "long-name-".repeat(20));
    for (path, content) in [(long.as_str(), "abc"), ("lib/empty", ""), ("top", "t")] {
        let content = Content::bytes("test", content.as_bytes());
        tree.add(path, content, Mode::Data).unwrap();
    }
    tree.add("bin/run", Content::bytes("test", b"#!".as_slice()), Mode::Program)
        .unwrap();
    let annotations = BTreeMap::from([("b", "2"), ("a", "1")].map(|(key, value)| (key.to_owned(), value.to_owned())));
    let write = |name: &str| {
        let path = parent.path().join(name);
        let writer = LayoutWriter::new(parent.path(), 0).unwrap();
        let digest = writer.write_artefact(&tree, TYPE, &annotations, &path).unwrap();
        (LayoutFolder::open(&path).unwrap(), digest)
    };
    let ((layout, digest), (_, again)) = (write("one"), write("two"));
    assert_eq!(digest, again);
    let manifest = fs::read(layout.blob_path(&digest)).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    // The digest is that of the specification's empty descriptor.
    let empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let config = json!({"mediaType": "application/vnd.oci.empty.v1+json", "digest": empty, "size": 2});
    assert_eq!(
        (&manifest["config"], &manifest["artifactType"]),
        (&config, &json!(TYPE))
    );
    assert_eq!(
        manifest["layers"][0]["mediaType"],
        "application/vnd.oci.image.layer.v1.tar+gzip"
    );
    assert_eq!(manifest["annotations"], json!({"a": "1", "b": "2"}));

    let to = parent.path().join("to");
    let six_bytes = UnpackLimits { bytes: 6, ..LIMITS };
    unpack_artefact(&layout, TYPE, &to, six_bytes).unwrap();
    assert_eq!(fs::read(to.join(&long)).unwrap(), b"abc");
    assert_eq!(fs::read(to.join("lib/empty")).unwrap(), b"");
    assert_eq!(fs::read(to.join("top")).unwrap(), b"t");
    for (path, is_program) in [("bin/run", true), ("top", false)] {
        let mode = fs::metadata(to.join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o100 != 0, is_program, "{path}");
    }
    fs::remove_dir_all(&to).unwrap();
    let error = unpack_artefact(&layout, TYPE, &to, UnpackLimits { bytes: 5, ..LIMITS })
        .unwrap_err()
        .to_string();
    assert!(error.contains("too large"), "{error}");
    let error = unpack_artefact(&layout, "text/plain", &to, LIMITS)
        .unwrap_err()
        .to_string();
    assert!(error.contains("its type is \"application/vnd.example"), "{error}");
    assert!(!to.exists());
}

#[test]
fn only_files_and_folders_below_the_root_are_unpacked() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().display().to_string();
    let climb = format!("{}{target}/x", "../".repeat(20).trim_end_matches('/'));
    for (layer, reason) in [
        (link(EntryType::Symlink, "out", &target), "no links"),
        (
            [file("a", 0o644, b"x"), link(EntryType::Link, "b", "a")].concat(),
            "no links",
        ),
        (link(EntryType::Fifo, "pipe", ""), "no devices"),
        (link(EntryType::Block, "disk", ""), "no devices"),
        (file(&climb, 0o644, b"x"), ".."),
        (file("a/../../b", 0o644, b"x"), ".."),
        (file("lib/.wh.a", 0o644, b""), "no whiteouts"),
        ([file("a", 0o644, b"1"), file("./a", 0o644, b"2")].concat(), "exists"),
        ([file("a", 0o644, b"1"), directory("a/")].concat(), "`a`"),
        ([file("a", 0o644, b"1"), file("a/b", 0o644, b"2")].concat(), "`a/b`"),
        ([directory("a/"), file("a", 0o644, b"2")].concat(), "exists"),
        (file("a", 0o644, &[0; 1001]), "too large"),
        (
            [file("a", 0o644, &[0; 600]), file("b", 0o644, &[0; 401])].concat(),
            "too large",
        ),
    ] {
        let error = refusal(layer);
        assert!(error.contains(reason), "{reason}: {error}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    let many: Vec<_> = (0..=LIMITS.entries)
        .map(|number| directory(&format!("{number}/")))
        .collect();
    assert!(refusal(many.concat()).contains("too many files"));
    // An absolute name is below the root, as container engines read it.
    let parent = tempfile::tempdir().unwrap();
    let layout = write(parent.path(), &[file("/etc/x", 0o644, b"x")], |_| ());
    unpack_artefact(&layout, TYPE, &parent.path().join("to"), LIMITS).unwrap();
    assert!(parent.path().join("to/etc/x").is_file());
}

#[test]
fn damaged_artefacts_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let layer = file("a", 0o644, b"content");
    let layout = write(parent.path(), std::slice::from_ref(&layer), |_| ());
    let names = layout.blob_names().unwrap();
    let mut damaged = 0;
    for name in names {
        let path = layout.blob_path(&format!("sha256:{name}").parse().unwrap());
        let bytes = fs::read(&path).unwrap();
        if bytes.starts_with(br#"{"architecture"#) {
            // The configuration is not read.
            continue;
        }
        let mut flipped = bytes.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let longer = [bytes.as_slice(), b"\0"].concat();
        for change in [flipped.as_slice(), &longer, &bytes[..bytes.len() - 1], &bytes[..0]] {
            fs::write(&path, change).unwrap();
            let error = refusal_of(&layout, parent.path());
            assert!(error.contains("is damaged"), "{error}");
            damaged += 1;
        }
        fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(damaged, 8);

    let truncated = tempfile::tempdir().unwrap();
    let layout = write(truncated.path(), &[layer[..515].to_vec()], |_| ());
    let error = refusal_of(&layout, truncated.path());
    assert!(error.contains("ends in the middle"), "{error}");
}

#[test]
fn other_manifests_are_refused() {
    let layer = file("a", 0o644, b"content");
    let refused = |layers: &[Vec<u8>], change: fn(&mut Value), reason: &str| {
        let parent = tempfile::tempdir().unwrap();
        let layout = write(parent.path(), layers, change);
        let error = refusal_of(&layout, parent.path());
        assert!(error.contains(reason), "{reason}: {error}");
    };
    let untyped = |manifest: &mut Value| drop(manifest.as_object_mut().unwrap().remove("artifactType"));
    refused(
        std::slice::from_ref(&layer),
        untyped,
        "image.config.v1+json\" instead of",
    );
    let other_layer = |manifest: &mut Value| manifest["layers"][0]["mediaType"] = json!("text/plain");
    refused(std::slice::from_ref(&layer), other_layer, "is not that of a layer");
    refused(
        &[layer.clone(), file("b", 0o644, b"")],
        |_| (),
        "2 layers instead of one",
    );
    let parent = tempfile::tempdir().unwrap();
    let layout = write(parent.path(), &[layer], |_| ());
    let path = parent.path().join("layout/index.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    document["manifests"] = json!([]);
    fs::write(&path, document.to_string()).unwrap();
    assert!(refusal_of(&layout, parent.path()).contains("0 artefacts"));
}

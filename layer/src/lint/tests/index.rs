//! Indexes, and what they have besides images.

use super::*;

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

/// The image of `layout`, and a manifest of BuildKit with an attestation about it.
fn with_attestation(layout: &Path) -> Vec<serde_json::Value> {
    let blobs = layout.join("blobs/sha256");
    let blob = |bytes: &[u8], kind: &str| {
        let digest = Digest::of(bytes);
        fs::write(blobs.join(digest.hex()), bytes).unwrap();
        json!({"mediaType": kind, "digest": digest, "size": bytes.len()})
    };
    let statement = blob(b"{\"predicateType\": \"x\"}", "application/vnd.in-toto+json");
    let config = json!({
        "architecture": "unknown",
        "os": "unknown",
        "rootfs": {"type": "layers", "diff_ids": [statement["digest"]]},
    });
    let config = blob(
        config.to_string().as_bytes(),
        "application/vnd.oci.image.config.v1+json",
    );
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": [statement]});
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let mut attestation = blob(manifest.to_string().as_bytes(), kind);
    let index = fs::read(layout.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let mut image = index["manifests"][0].clone();
    image["platform"] = json!({"architecture": "amd64", "os": "linux"});
    attestation["platform"] = json!({"architecture": "unknown", "os": "unknown"});
    attestation["annotations"] = json!({
        "vnd.docker.reference.digest": image["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    });
    vec![image, attestation]
}

#[test]
fn attestations_are_one_error_with_the_option_against_them() {
    for is_nested in [false, true] {
        let parent = tempfile::tempdir().unwrap();
        let layout = ImageFixture::valid().write(parent.path());
        let entries = with_attestation(&layout);
        let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
        match is_nested {
            false => fs::write(layout.join("index.json"), index).unwrap(),
            true => nest_index(&layout, index.as_bytes()),
        }
        let found = lint(&layout, &LintOptions::default()).unwrap();
        let [finding] = found.as_slice() else {
            panic!("{found:#?}");
        };
        assert_eq!((finding.rule, finding.severity), (Rule::OneManifest, Severity::Error));
        let message = &finding.message;
        let content = "is an index of 1 image (linux/amd64) and 1 build attestation;";
        assert!(
            message.contains(content) && message.contains("--provenance=false"),
            "{message}"
        );
        // The blobs of attestations are verified as well.
        let statement = layout
            .join("blobs/sha256")
            .join(Digest::of(b"{\"predicateType\": \"x\"}").hex());
        fs::write(statement, "changed").unwrap();
        let found = broken_rules(&layout, None);
        assert_eq!(found[0], (Rule::Intact, Severity::Error));
    }
}

#[test]
fn artefacts_beside_an_image_are_a_note() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let mut entries = with_attestation(&layout);
    entries[1]["platform"] = json!(null);
    entries[1]["annotations"] = json!({"kind": "dev.cosignproject.cosign/sigs"});
    let index = json!({"schemaVersion": 2, "manifests": entries});
    fs::write(layout.join("index.json"), index.to_string()).unwrap();
    assert_eq!(broken_rules(&layout, None), [(Rule::OneManifest, Severity::Note)]);
    let in_registry = LintOptions {
        in_registry: true,
        ..LintOptions::default()
    };
    let found = lint(&layout, &in_registry).unwrap();
    assert_eq!(found[0].severity, Severity::Error);
    assert!(found[0].message.contains("and 1 artefact"), "{found:?}");
}

#[test]
fn deeply_nested_indexes_are_reported() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    for _ in 0..8 {
        let index = fs::read(layout.join("index.json")).unwrap();
        nest_index(&layout, &index);
    }
    let found = lint(&layout, &LintOptions::default()).unwrap();
    assert!(
        found.iter().any(|finding| finding.message.contains("too deeply")),
        "{found:?}"
    );
}

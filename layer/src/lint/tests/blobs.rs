//! The blobs of an image and their compression.

use super::*;

/// `lint/compression.rs` has the other cases.
#[test]
fn layer_without_gzip_breaks_gzip_layers() {
    let parent = tempfile::tempdir().unwrap();
    let mut fixture = ImageFixture::valid();
    fixture.compress = <[u8]>::to_vec;
    fixture.manifest["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar".into();
    let layout = fixture.write(parent.path());
    assert_eq!(broken_rules(&layout, None), [(Rule::GzipLayers, Severity::Note)]);
    // Nothing compresses the layers of an image in a registry.
    let options = LintOptions {
        in_registry: true,
        ..LintOptions::default()
    };
    let found = lint(&layout, &options).unwrap();
    assert_eq!(found[0].severity, Severity::Error);
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

/// What a damaged document refers to is not known.
#[test]
fn blobs_of_damaged_documents_do_not_count_as_unused() {
    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let paths = fs::read_dir(layout.join("blobs/sha256")).unwrap();
    let mut paths = paths.map(|entry| entry.unwrap().path());
    let config = paths.find(|path| fs::read(path).unwrap().windows(10).any(|text| text == b"\"diff_ids\""));
    fs::write(config.unwrap(), "{}").unwrap();
    assert_eq!(broken_rules(&layout, None), [(Rule::Intact, Severity::Error)]);
}

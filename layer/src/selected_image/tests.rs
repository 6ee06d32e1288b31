use std::path::PathBuf;

use fs_err as fs;
use serde_json::{Value, json};

use super::*;
use crate::tests::fixture::ImageFixture;

/// A layout whose index has the only image once for each set of names: `(containerd's, the tag)`.
fn layout(parent: &Path, names: &[(Option<&str>, Option<&str>)]) -> PathBuf {
    let folder = ImageFixture::valid().write(parent);
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let entry = |(at, (name, tag)): (usize, &(Option<&str>, Option<&str>))| {
        let mut entry = index["manifests"][0].clone();
        if at > 0 {
            entry["digest"] = Digest::of(&[u8::try_from(at).unwrap()]).to_string().into();
        }
        for (key, value) in [(CONTAINERD_NAME_ANNOTATION, name), (REF_NAME_ANNOTATION, tag)] {
            if let Some(value) = value {
                entry["annotations"][key] = (*value).into();
            }
        }
        entry
    };
    let entries: Vec<_> = names.iter().enumerate().map(entry).collect();
    let index = json!({"schemaVersion": 2, "manifests": entries});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    folder
}

fn chosen(folder: &Path, tag: Option<&str>) -> Result<Vec<String>> {
    let source = open_image(folder, tag)?;
    let index = source::index(source.as_ref())?;
    Ok(index
        .manifests()
        .iter()
        .map(|entry| entry.digest().to_string())
        .collect())
}

#[test]
fn images_are_chosen_by_tag_name_and_digest() {
    let parent = tempfile::tempdir().unwrap();
    let names = [
        (Some("docker.io/library/f:latest"), Some("latest")),
        (Some("docker.io/org/g:v1"), Some("v1")),
        (Some("localhost:5000/h:v1"), Some("v1")),
        // As podman names images that it has built.
        (Some("localhost/k:v3"), Some("v3")),
    ];
    let folder = layout(parent.path(), &names);
    let second = Digest::of(&[1]).to_string();
    for tag in ["org/g:v1", "docker.io/org/g:v1", &second, &second[7..20]] {
        assert_eq!(chosen(&folder, Some(tag)).unwrap().concat(), second, "{tag}");
    }
    let last = Digest::of(&[3]).to_string();
    for tag in ["k:v3", "localhost/k:v3", "v3"] {
        assert_eq!(chosen(&folder, Some(tag)).unwrap().concat(), last, "{tag}");
    }
    for tag in ["f", "f:latest", "latest"] {
        let found = chosen(&folder, Some(tag)).unwrap();
        assert_eq!(found.len(), 1, "{tag}");
        assert_ne!(found[0], second);
    }
    let error = chosen(&folder, None).unwrap_err().to_string();
    for name in ["`f:latest`", "`org/g:v1`", "`localhost:5000/h:v1`", "layout#org/g:v1`"] {
        assert!(error.contains(name), "{error}");
    }
    // A tag of two images.
    let error = chosen(&folder, Some("v1")).unwrap_err().to_string();
    assert!(
        error.contains("several images") && !error.contains("`f:latest`"),
        "{error}"
    );
    let error = chosen(&folder, Some("v2")).unwrap_err().to_string();
    assert!(error.contains("has no image `v2`; it has `f:latest`"), "{error}");
    assert!(chosen(&folder, Some("")).is_err());
}

#[test]
fn platforms_of_one_image_are_not_chosen_from() {
    for names in [
        [(None, None), (None, None)],
        [(None, Some("v1")), (None, Some("v1"))],
        [(Some("f"), Some("v1")), (None, None)],
    ] {
        let parent = tempfile::tempdir().unwrap();
        let folder = layout(parent.path(), &names);
        assert_eq!(chosen(&folder, None).unwrap().len(), 2, "{names:?}");
    }
}

#[test]
fn references_are_split_at_the_last_number_sign() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("a#b");
    fs::write(&path, "").unwrap();
    let text = path.to_str().unwrap();
    assert_eq!(split_reference(text), (path.as_path(), None));
    let with_tag = format!("{text}#v1");
    assert_eq!(split_reference(&with_tag), (path.as_path(), Some("v1")));
    assert_eq!(split_reference("a.tar"), (Path::new("a.tar"), None));
    assert_eq!(split_reference("a.tar#"), (Path::new("a.tar#"), None));
}

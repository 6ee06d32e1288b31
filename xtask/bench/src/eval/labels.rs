//! Labelled photos: reads their labels from `labelled.json` or from a file in the format of WIDER FACE.

mod photo_path;
mod wider_face;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;

use self::photo_path::ensure_relative;
use super::score::{Label, Rectangle};
use package::workspace::Workspace;

/// The folder of the images beside a file of WIDER FACE.
const IMAGES: &str = "images";

pub struct LabelledPhotos {
    pub folder: PathBuf,
    /// By the path below `folder`.
    pub labels: BTreeMap<String, Vec<Label>>,
}

impl LabelledPhotos {
    /// The photos that `path` labels, by default `shared/photos` next to the project. `path` is a folder with
    /// `labelled.json`, such a file with another name, or any other file, in the format of WIDER FACE.
    pub fn find(workspace: &Workspace, path: Option<&Path>) -> Result<Self> {
        let beside = workspace.root().join("../shared/photos");
        let path = path.unwrap_or(&beside);
        let file = if path.is_file() {
            path.to_owned()
        } else {
            path.join("labelled.json")
        };
        let text = fs::read_to_string(&file).with_context(|| {
            format!(
                "failed to read `{}`; labelled photos are not part of the project: use --photos to give some (see \
                 `cargo xtask eval --help` for the formats)",
                file.display()
            )
        })?;
        let parent = file.parent().unwrap_or(Path::new("."));
        let shown = file.display();
        let (labels, folder) = if file.extension().is_some_and(|extension| extension == "json") {
            let labels = parse_json(&text).with_context(|| format!("failed to read labels from `{shown}`"))?;
            (labels, parent.to_owned())
        } else {
            let labels = wider_face::parse(&text);
            let labels = labels.with_context(|| format!("`{shown}` is not in the format of WIDER FACE"))?;
            (labels, parent.join(IMAGES))
        };
        ensure!(!labels.is_empty(), "`{shown}` has no labels");
        Ok(Self { folder, labels })
    }

    /// Looks for the photos in `folder`, if it is given.
    ///
    /// # Errors
    /// Names a photo that does not exist.
    pub fn with_images(self, folder: Option<&Path>) -> Result<Self> {
        let folder = folder.map_or(self.folder, Path::to_owned);
        for name in self.labels.keys() {
            let photo = folder.join(name);
            ensure!(
                photo.is_file(),
                "the labelled photo `{}` does not exist; use --images to give the folder of the photos",
                photo.display()
            );
        }
        Ok(Self { folder, ..self })
    }
}

/// An object that maps photos to lists of boxes.
fn parse_json(text: &str) -> Result<BTreeMap<String, Vec<Label>>> {
    let labels: BTreeMap<String, Vec<Rectangle>> = serde_json::from_str(text)?;
    for name in labels.keys() {
        ensure_relative(name).with_context(|| format!("`{name}`"))?;
    }
    let label = |rectangle| Label {
        rectangle,
        is_ignored: false,
    };
    let labels = labels.into_iter();
    Ok(labels
        .map(|(name, rectangles)| (name, rectangles.into_iter().map(label).collect()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &Path, images: Option<&Path>) -> Result<LabelledPhotos> {
        LabelledPhotos::find(&Workspace::find(), Some(path))?.with_images(images)
    }

    #[test]
    fn both_formats_are_found_by_their_file() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        fs::create_dir_all(at("images/a")).unwrap();
        for photo in ["b.jpg", "images/a/b.jpg"] {
            fs::write(at(photo), "").unwrap();
        }
        fs::write(at("labelled.json"), r#"{"b.jpg": [[1, 2, 3, 4]]}"#).unwrap();
        fs::write(at("labels.txt"), "a/b.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n").unwrap();
        let expected = [Label {
            rectangle: [1.0, 2.0, 3.0, 4.0],
            is_ignored: false,
        }];
        for (path, folder, name) in [
            (scratch.path().to_owned(), scratch.path().to_owned(), "b.jpg"),
            (at("labelled.json"), scratch.path().to_owned(), "b.jpg"),
            (at("labels.txt"), at("images"), "a/b.jpg"),
        ] {
            let found = find(&path, None).unwrap();
            assert_eq!((found.folder, found.labels[name].as_slice()), (folder, &expected[..]));
        }
        assert_eq!(
            find(&at("labelled.json"), Some(&at("images/a"))).unwrap().folder,
            at("images/a")
        );
    }

    #[test]
    fn errors_say_what_is_missing() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let error = |name: &str| match find(&at(name), None) {
            Ok(_) => panic!("{name} has labels"),
            Err(error) => format!("{error:#}"),
        };
        assert!(error("").contains("--photos"));
        for (name, text, expected) in [
            ("a.json", "{}", "has no labels"),
            ("b.json", "[]", "failed to read labels"),
            ("c.json", r#"{"b.jpg": []}"#, "b.jpg` does not exist; use --images"),
            ("c.json", r#"{"../b.jpg": []}"#, "`../b.jpg`: it is not a relative path"),
            ("c.json", r#"{"/b.jpg": []}"#, "`/b.jpg`: it is not a relative path"),
            ("d.txt", "", "has no labels"),
            ("e.txt", "b.jpg\nmany\n", "line 2"),
        ] {
            fs::write(at(name), text).unwrap();
            let error = error(name);
            assert!(error.contains(expected), "{error}");
        }
    }
}

//! Reads folders of the transport `dir:`, in which skopeo, podman and buildah keep one image: `manifest.json`, and files
//! that are named by their digests. Source: the manual page containers-transports(5).

use std::path::{Path, PathBuf};

use fs_err as fs;
use oci_spec::image::MediaType;
use serde_json::Value;

use crate::document::{self, descriptor};
use crate::source::{Blob, Source, open_regular_file};
use crate::{Digest, Error, Index, Result};

/// The beginning of the file `version`.
const VERSION_PREFIX: &str = "Directory Transport Version: ";

/// A folder whose content has not been verified.
#[derive(Debug)]
pub(crate) struct DirFolder {
    path: PathBuf,
    origin: String,
    manifest: Vec<u8>,
}

impl DirFolder {
    /// None if `path` is not such a folder.
    ///
    /// # Errors
    /// Its manifest cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        let version = fs::read(path.join("version")).unwrap_or_default();
        if !version.starts_with(VERSION_PREFIX.as_bytes()) {
            return Ok(None);
        }
        let origin = format!("the folder `{}`", path.display());
        let (mut file, _) = open_regular_file(&origin, &path.join("manifest.json"), "manifest.json")?;
        let manifest = document::read(&origin, "manifest", &mut file)?;
        let parsed: Value = document::parse(&origin, "manifest", &manifest)?;
        if parsed["schemaVersion"] == 1 {
            let reason = "its manifest has schema 1, which Lambda does not accept; copy the image with `--format v2s2`";
            return Err(Error::damaged(&origin, reason));
        }
        let path = path.to_owned();
        Ok(Some(Self { path, origin, manifest }))
    }
}

impl Source for DirFolder {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn index(&self) -> Result<Vec<u8>> {
        let manifest: Value = document::parse(&self.origin, "manifest", &self.manifest)?;
        let kind = match manifest["mediaType"].as_str() {
            Some(kind) => kind.into(),
            None if manifest["manifests"].is_array() => MediaType::ImageIndex,
            None => MediaType::ImageManifest,
        };
        let entry = descriptor(kind, &Digest::of(&self.manifest), self.manifest.len() as u64)?;
        Index::new(vec![entry])?.to_json()
    }

    fn blob(&self, digest: &Digest) -> Result<Blob<'_>> {
        if *digest == Digest::of(&self.manifest) {
            return Ok(Blob {
                size: self.manifest.len() as u64,
                reader: Box::new(self.manifest.as_slice()),
            });
        }
        let hex = digest.hex();
        // The images of an index have names of their own.
        let names = [hex.clone(), format!("{hex}.manifest.json")];
        let mut paths = names.iter().map(|name| self.path.join(name));
        let path = paths.find(|path| path.exists()).unwrap_or_else(|| self.path.join(hex));
        let (file, size) = open_regular_file(&self.origin, &path, &format!("blob {digest}"))?;
        Ok(Blob {
            size,
            reader: Box::new(file),
        })
    }

    fn blob_names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let name = name.strip_suffix(".manifest.json").unwrap_or(&name);
            if format!("sha256:{name}").parse::<Digest>().is_ok() {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{LintOptions, Rule, Severity, lint};
    use crate::tests::fixture::ImageFixture;
    use crate::{LayoutFolder, open, source};

    /// The image of a layout as skopeo would copy it.
    fn dir_folder(parent: &Path) -> PathBuf {
        let layout = ImageFixture::valid().write(parent);
        let folder = parent.join("dir");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("version"), "Directory Transport Version: 1.1\n").unwrap();
        let layout = LayoutFolder::open(&layout).unwrap();
        let manifest = source::index(&layout).unwrap().manifests()[0].clone();
        let manifest = Digest::try_from(&manifest).unwrap();
        for name in layout.blob_names().unwrap() {
            let digest: Digest = format!("sha256:{name}").parse().unwrap();
            let name = if digest == manifest { "manifest.json" } else { &name };
            fs::copy(layout.blob_path(&digest), folder.join(name)).unwrap();
        }
        folder
    }

    #[test]
    fn folders_of_skopeo_are_images() {
        let parent = tempfile::tempdir().unwrap();
        let folder = dir_folder(parent.path());
        assert_eq!(lint(&folder, &LintOptions::default()).unwrap(), []);
        // A signature, and a blob of another image.
        fs::write(folder.join("signature-1"), "x").unwrap();
        fs::write(folder.join("0".repeat(64)), "x").unwrap();
        let found = lint(&folder, &LintOptions::default()).unwrap();
        let found: Vec<_> = found.iter().map(|finding| (finding.rule, finding.severity)).collect();
        assert_eq!(found, [(Rule::Intact, Severity::Note)]);
    }

    #[test]
    fn images_of_an_index_are_found() {
        let parent = tempfile::tempdir().unwrap();
        let folder = dir_folder(parent.path());
        let manifest = fs::read(folder.join("manifest.json")).unwrap();
        let digest = Digest::of(&manifest);
        let entry = descriptor(MediaType::ImageManifest, &digest, manifest.len() as u64).unwrap();
        fs::write(folder.join(format!("{}.manifest.json", digest.hex())), &manifest).unwrap();
        let index = Index::new(vec![entry]).unwrap().to_json().unwrap();
        fs::write(folder.join("manifest.json"), index).unwrap();
        let found = lint(&folder, &LintOptions::default()).unwrap();
        let found: Vec<_> = found.iter().map(|finding| (finding.rule, finding.severity)).collect();
        assert_eq!(found, [(Rule::OneManifest, Severity::Error)]);
    }

    #[test]
    fn missing_files_and_old_manifests_are_named() {
        let parent = tempfile::tempdir().unwrap();
        let folder = dir_folder(parent.path());
        fs::write(folder.join("manifest.json"), r#"{"schemaVersion": 1}"#).unwrap();
        let error = open(&folder).map(drop).unwrap_err().to_string();
        assert!(error.contains("schema 1"), "{error}");
        fs::remove_file(folder.join("manifest.json")).unwrap();
        let error = open(&folder).map(drop).unwrap_err().to_string();
        assert!(error.contains("dir` has no manifest.json"), "{error}");
        assert!(DirFolder::open(parent.path()).unwrap().is_none());
    }
}

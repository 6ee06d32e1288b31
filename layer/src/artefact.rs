//! OCI artefacts: a folder of files that registries store like an image, with a type of its own. The files are one
//! layer; there is no configuration. Sources: "Guidelines for Artifact Usage" in
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md>.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, Permissions, PermissionsExt};
use fs_err as fs;
use oci_spec::image::{ImageManifest, ImageManifestBuilder, MediaType};

use crate::document::{build_error, canonical_json, descriptor, parse};
use crate::entries::{Entry, EntryKind};
use crate::scan::read_layer;
use crate::source::{Source, document, index};
use crate::tree::WHITEOUT_PREFIX;
use crate::{Digest, Error, FileTree, Index, LayoutFolder, LayoutWriter, Result, atomic, write_layout_files};

/// The content of the empty configuration, whose type is [`MediaType::EmptyJSON`].
const EMPTY_CONFIG: &[u8] = b"{}";

/// Limits of what is unpacked.
#[derive(Clone, Copy, Debug)]
pub struct UnpackLimits {
    /// The sum of the sizes of all files.
    pub bytes: u64,
    /// The number of files and folders.
    pub entries: u64,
}

impl LayoutWriter {
    /// Writes the files of `tree` as an artefact of the type `artefact_type`, a media type, and moves the layout to
    /// `path`, replacing an existing folder. Returns the digest of the manifest, which depends on the arguments only.
    ///
    /// # Errors
    /// A file cannot be read, or the layout cannot be written.
    pub fn write_artefact(
        mut self,
        tree: &FileTree,
        artefact_type: &str,
        annotations: &BTreeMap<String, String>,
        path: &Path,
    ) -> Result<Digest> {
        let layer = self.add_layer(tree, artefact_type)?.clone();
        let (config, config_size) = (Digest::of(EMPTY_CONFIG), EMPTY_CONFIG.len() as u64);
        let annotations: HashMap<_, _> = annotations.clone().into_iter().collect();
        let manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageManifest)
            .artifact_type(MediaType::from(artefact_type))
            .config(descriptor(MediaType::EmptyJSON, &config, config_size)?)
            .layers(vec![descriptor(
                MediaType::ImageLayerGzip,
                &layer.digest,
                layer.compressed_bytes,
            )?])
            .annotations(annotations)
            .build()
            .map_err(build_error("manifest"))?;
        let manifest = canonical_json(&manifest)?;
        let digest = Digest::of(&manifest);
        let entry = descriptor(MediaType::ImageManifest, &digest, manifest.len() as u64)?;
        for content in [EMPTY_CONFIG, &manifest] {
            atomic::atomic_write(&self.blobs().join(Digest::of(content).hex()), content)?;
        }
        write_layout_files(&self.folder(), &Index::new(vec![entry])?)?;
        self.move_to(path)?;
        Ok(digest)
    }
}

/// Unpacks the only artefact of a layout into the folder `path`, which must not exist, and verifies all digests and
/// sizes. Programs can be executed; other files get this process's default permissions. All get the current time.
///
/// # Errors
/// The layout does not have one artefact of the type `artefact_type`, is damaged, exceeds `limits`, or has anything but files and folders below its root, each once. Nothing is at `path` then.
pub fn unpack_artefact(layout: &LayoutFolder, artefact_type: &str, path: &Path, limits: UnpackLimits) -> Result<()> {
    let damaged = |reason: String| Error::damaged(layout.origin(), reason);
    let index = index(layout)?;
    let [entry] = index.manifests() else {
        let count = index.manifests().len();
        return Err(damaged(format!("its index names {count} artefacts instead of one")));
    };
    let manifest = document(layout, "manifest", entry)?;
    let manifest: ImageManifest = parse(layout.origin(), "manifest", &manifest)?;
    let found = manifest.artifact_type().as_ref().map(ToString::to_string);
    if found.as_deref() != Some(artefact_type) {
        let found = found.unwrap_or_else(|| manifest.config().media_type().to_string());
        return Err(damaged(format!("its type is {found:?} instead of {artefact_type:?}")));
    }
    let [layer] = manifest.layers().as_slice() else {
        let count = manifest.layers().len();
        return Err(damaged(format!("it has {count} layers instead of one")));
    };
    let partial = atomic::temporary_folder(path.parent().unwrap_or(Path::new(".")))?;
    let folder = partial.path().join("files");
    fs::create_dir(&folder)?;
    let mut files = UnpackedFiles {
        root: Dir::open_ambient_dir(&folder, ambient_authority()).map_err(Error::io("open", &folder))?,
        left: limits,
    };
    read_layer(layout, layer, &mut |entry, content| {
        files.write(entry, content).map_err(|reason| Error::RejectedEntry {
            origin: layout.origin().to_owned(),
            entry: entry.path.clone(),
            reason: reason.to_string(),
        })
    })?;
    Ok(fs::rename(folder, path)?)
}

struct UnpackedFiles {
    root: Dir,
    left: UnpackLimits,
}

impl UnpackedFiles {
    fn write(&mut self, entry: &Entry, content: &mut dyn Read) -> io::Result<()> {
        let refused = |reason: &str| Err(io::Error::other(reason));
        let Some(left) = self.left.entries.checked_sub(1) else {
            return refused("the artefact has too many files");
        };
        self.left.entries = left;
        if entry.path.split('/').any(|name| name.starts_with(WHITEOUT_PREFIX)) {
            return refused("an artefact has no whiteouts");
        }
        match entry.kind {
            EntryKind::Directory => self.root.create_dir_all(&entry.path),
            EntryKind::File => {
                let Some(left) = self.left.bytes.checked_sub(entry.size) else {
                    return refused("the files of the artefact are too large");
                };
                self.left.bytes = left;
                if let Some((folder, _)) = entry.path.rsplit_once('/') {
                    self.root.create_dir_all(folder)?;
                }
                let mut options = OpenOptions::new();
                let mut file = self.root.open_with(&entry.path, options.write(true).create_new(true))?;
                io::copy(content, &mut file)?;
                if entry.mode & 0o100 != 0 {
                    file.set_permissions(Permissions::from_mode(0o755))?;
                }
                Ok(())
            }
            EntryKind::Symlink(_) | EntryKind::Hardlink(_) => refused("an artefact has no links"),
            EntryKind::Special => refused("an artefact has no devices and no pipes"),
        }
    }
}

#[cfg(test)]
mod tests;

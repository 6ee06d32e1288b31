//! The images and the zip archive: layers and entries with their uncompressed and compressed sizes. Artefacts in the
//! target folder are reused if they contain this function and no assets, and written again otherwise.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err::{self as fs, File};
use layer::entries::EntryKind;
use layer::{Digest, LayerFiles, Layout, layer_files};
use opencv_build::Sdk;
use package::function::{Function, PROGRAM_NAME};
use zip::ZipArchive;

use super::elf_sections;
use super::part::{Kind, Part};
use package::artefacts::base::Base;
use package::artefacts::{self, BOOTSTRAP_PATH};
use package::function_package::SDK_NAME;
use package::workspace::Workspace;

const SDK_DIR: &str = "opt/opencv";

pub fn images(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<[ImageContents; 2]> {
    let package = &function.package;
    let folder = artefacts::output_dir(package, function.architecture());
    let architecture = sdk.manifest().target.architecture;
    let found = |name: &str, file: &str, same: &Path| {
        let layout = Layout::open(&folder.join(name), architecture);
        let contents = ImageContents::read(layout.ok()?).ok();
        contents.filter(|contents| contents.has_file(file, same))
    };
    let manifest = sdk.path().join("sdk.json");
    let program = BOOTSTRAP_PATH.trim_start_matches('/');
    match (
        found(SDK_NAME, &format!("{SDK_DIR}/sdk.json"), &manifest),
        found(&package.name, program, function.path())
            .filter(|contents| contents.layers.len() == 2 && package.assets.is_empty()),
    ) {
        (Some(sdk), Some(image)) => Ok([sdk, image]),
        _ => {
            let images = artefacts::write_images(workspace, sdk, function, &Base::Minimal)?;
            Ok([
                ImageContents::read(images.sdk.layout)?,
                ImageContents::read(images.function.layout)?,
            ])
        }
    }
}

pub struct ImageContents {
    layout: Layout,
    layers: Vec<LayerFiles>,
}

impl ImageContents {
    fn read(layout: Layout) -> Result<Self> {
        let image = layout.image();
        let layers = (0..image.layers().len()).map(|number| layer_files(layout.source(), image, number));
        let layers = layers.collect::<Result<_, _>>()?;
        Ok(Self { layout, layers })
    }

    fn has_file(&self, path: &str, same: &Path) -> bool {
        let same = fs::read(same).map(|content| Digest::of(&content));
        let mut found = self.layers.iter().filter_map(|files| files.get(path));
        same.is_ok_and(|same| found.any(|(_, digest)| *digest == same))
    }

    /// The tree of its layers and files. The program's file has the parts of `function`; shared libraries are read from
    /// the root folder `sysroot`.
    pub fn tree(&self, function: &Part, sysroot: &Path) -> Part {
        let image = self.layout.image();
        let mut layers = Vec::new();
        for (layer, files) in image.layers().iter().zip(&self.layers) {
            let mut folder = Folder::default();
            for (path, (entry, digest)) in files {
                if entry.kind == EntryKind::File && entry.size > 0 {
                    let parts = if path == BOOTSTRAP_PATH.trim_start_matches('/') {
                        // The artefact `bootstrap` has the parts of its components.
                        function.truncated(2).parts
                    } else {
                        file_parts(sysroot, path, entry.size, digest)
                    };
                    folder.add(path, parts);
                }
            }
            let mut whole = Part::branch(layer.created_by.clone(), folder.parts());
            whole.compressed_bytes = Some(layer.compressed_bytes);
            layers.push(whole);
        }
        let mut whole = Part::branch(format!("image {}", image.name()), layers);
        whole.compressed_bytes = Some(image.compressed_bytes());
        whole
    }
}

/// The parts of a file: the sections of a shared library if `sysroot` still has the same file, otherwise one leaf.
fn file_parts(sysroot: &Path, path: &str, bytes: u64, digest: &Digest) -> Vec<Part> {
    let is_library = path.contains(".so");
    let data = is_library.then(|| fs::read(sysroot.join(path)).ok());
    match data.flatten().filter(|data| Digest::of(data) == *digest) {
        Some(data) => elf_sections::parts(&data),
        None => vec![Part::leaf("content", bytes, Kind::File)],
    }
}

#[derive(Default)]
struct Folder {
    folders: BTreeMap<String, Folder>,
    files: Vec<Part>,
}

impl Folder {
    fn add(&mut self, path: &str, mut parts: Vec<Part>) {
        if let Some((first, rest)) = path.split_once('/') {
            let folder = self.folders.entry(first.to_owned()).or_default();
            return folder.add(rest, parts);
        }
        let single = (parts.len() == 1).then(|| parts.pop()).flatten();
        self.files.push(match single {
            Some(part) => Part {
                name: path.to_owned(),
                ..part
            },
            None => Part::branch(path, parts),
        });
    }

    /// A folder with only one entry, a folder, is joined with it: `usr/share/licenses`.
    fn parts(self) -> Vec<Part> {
        let folders = self.folders.into_iter().map(|(name, folder)| {
            let mut whole = Part::branch(name, folder.parts());
            while let [only] = whole.parts.as_slice() {
                if only.kind.is_some() {
                    break;
                }
                let mut only = only.clone();
                only.name = format!("{}/{}", whole.name, only.name);
                whole = only;
            }
            whole
        });
        self.files.into_iter().chain(folders).collect()
    }
}

/// The zip archive, and the compressed size of `bootstrap` in it.
pub fn zip_archive(sdk: &Sdk, function: &Function) -> Result<(Part, u64)> {
    let name = &function.package.name;
    let path = artefacts::zip_path(&function.package, function.architecture());
    let content = fs::read(function.path())?;
    if let Some(found) = read_archive(name, &path, &content)?
        && function.package.assets.is_empty()
    {
        return Ok(found);
    }
    let (path, _) = artefacts::write_function_zip(sdk, function)?;
    read_archive(name, &path, &content)?.context("the zip archive does not contain the packaged function")
}

fn read_archive(name: &str, path: &Path, program: &[u8]) -> Result<Option<(Part, u64)>> {
    let Ok(file) = File::open(path) else {
        return Ok(None);
    };
    let all = file.metadata().map_or(0, |file| file.len());
    let Ok(mut archive) = ZipArchive::new(file) else {
        return Ok(None);
    };
    let mut parts = Vec::new();
    let mut compressed_bytes = None;
    for index in 0..archive.len() {
        let failed = || format!("failed to read `{}`", path.display());
        let entry = archive.by_index_raw(index).with_context(failed)?;
        let file = entry.name().with_context(failed)?.into_owned();
        let mut part = Part::leaf(file.clone(), entry.size(), Kind::File);
        part.compressed_bytes = Some(entry.compressed_size());
        // The checksum suffices to detect another version of the file.
        if file == PROGRAM_NAME && entry.crc32() == crc32(program) {
            compressed_bytes = part.compressed_bytes;
        }
        parts.push(part);
    }
    let mut whole = Part::branch(format!("zip {name}"), parts);
    whole.compressed_bytes = Some(all);
    Ok(compressed_bytes.map(|bytes| (whole, bytes)))
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_child_folders_are_joined() {
        let mut folder = Folder::default();
        let leaf = |bytes| vec![Part::leaf("content", bytes, Kind::File)];
        folder.add("usr/share/licenses/a", leaf(1));
        folder.add("usr/share/licenses/b", leaf(2));
        folder.add("c", leaf(4));
        let whole = Part::branch("w", folder.parts());
        let names: Vec<_> = whole.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["c", "usr/share/licenses"]);
        assert_eq!(whole.bytes, 7);
    }

    #[test]
    fn archive_of_another_function_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.zip");
        assert!(read_archive("x", &path, b"function").unwrap().is_none());
        let mut tree = layer::FileTree::new();
        let content = layer::Content::bytes("test", b"function");
        tree.add("bootstrap", content, layer::Mode::Program).unwrap();
        layer::zip::Zip::write(&tree, 0, &path).unwrap();
        assert!(read_archive("x", &path, b"another").unwrap().is_none());
        let (whole, compressed_bytes) = read_archive("x", &path, b"function").unwrap().unwrap();
        assert_eq!(whole.bytes, 8);
        assert_eq!(whole.parts[0].compressed_bytes, Some(compressed_bytes));
        assert_eq!(whole.compressed_bytes, Some(fs::metadata(&path).unwrap().len()));
    }
}

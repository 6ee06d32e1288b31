//! An image as a folder in the OCI image layout: blobs by digest, and an index that names the one
//! image. Appears whole or not at all. Source:
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use oci_spec::image::{ImageIndexBuilder, MediaType};

use crate::digest::{digits, of};
use crate::image::canonical;
use crate::{Error, FileTree, Image, ImageConfig, Layer, Result, replace};

/// The content of the file `oci-layout`.
pub(crate) const VERSION: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// A layout that is being written.
pub struct LayoutWriter {
    partial: tempfile::TempDir,
    layers: Vec<Layer>,
    time: u64,
}

/// A whole layout.
#[derive(Clone, Debug)]
pub struct Layout {
    path: PathBuf,
    image: Image,
}

impl LayoutWriter {
    /// Starts a layout in `parent`, the folder that the finished one will be in. Every file and
    /// document gets the time `time`, in seconds since 1970.
    pub fn new(parent: &Path, time: u64) -> Result<Self> {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        let partial = tempfile::Builder::new()
            .prefix(".partial-")
            .tempdir_in(parent)
            .map_err(Error::io("create a folder in", parent))?;
        let writer = Self {
            partial,
            layers: Vec::new(),
            time,
        };
        let blobs = writer.blobs();
        fs::create_dir_all(&blobs).map_err(Error::io("create", &blobs))?;
        // Temporary folders are private, a layout is not.
        let folder = writer.folder();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))
            .map_err(Error::io("change the mode of", &folder))?;
        Ok(writer)
    }

    fn folder(&self) -> PathBuf {
        self.partial.path().join("layout")
    }

    fn blobs(&self) -> PathBuf {
        self.folder().join("blobs/sha256")
    }

    /// Adds a layer on top of those before. `created_by` says what it is.
    pub fn add_layer(&mut self, tree: &FileTree, created_by: &str) -> Result<&Layer> {
        let layer = Layer::write(tree, created_by, self.time, &self.blobs())?;
        self.layers.push(layer);
        Ok(&self.layers[self.layers.len() - 1])
    }

    /// Writes the documents and gives the layout its name, `path`, in place of what is there.
    pub fn finish(self, config: &ImageConfig, path: &Path) -> Result<Layout> {
        let (folder, blobs) = (self.folder(), self.blobs());
        let image = Image::new(config, self.layers, self.time)?;
        let write = |path: PathBuf, bytes: &[u8]| {
            fs::write(&path, bytes).map_err(Error::io("write", &path))
        };
        for document in [&image.config, &image.manifest] {
            write(blobs.join(digits(&of(document))), document)?;
        }
        write(folder.join("oci-layout"), VERSION.as_bytes())?;
        write(
            folder.join("index.json"),
            &index(&image, &image.reference())?,
        )?;
        replace::folder(&folder, path, self.partial.path())?;
        Ok(Layout {
            path: path.to_owned(),
            image,
        })
    }
}

impl Layout {
    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The image in it.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The path of a blob.
    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        self.path.join("blobs/sha256").join(digits(digest))
    }
}

/// The file `index.json`, which names the image `reference`.
pub(crate) fn index(image: &Image, reference: &str) -> Result<Vec<u8>> {
    let index = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests(vec![image.descriptor(reference)?])
        .build();
    canonical(&index.map_err(|error| Error::Document {
        document: "index",
        reason: error.to_string(),
    })?)
}

//! Writes and reads folders in the OCI image layout: blobs by digest, and an index of the images. Layouts are written
//! atomically, and not trusted when they are read. Source:
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::document::{self, OCI_LAYOUT};
use crate::source::{Blob, Source, open_regular_file};
use crate::{Architecture, Digest, Error, FileTree, Image, ImageConfig, Index, Layer, Result, atomic};

/// Writes a layout.
pub struct LayoutWriter {
    partial: tempfile::TempDir,
    base: Option<Image>,
    layers: Vec<Layer>,
    time: u64,
}

/// A layout with one image, which has been written or verified completely.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: LayoutFolder,
    image: Image,
}

impl LayoutWriter {
    /// Starts a layout in `parent`, the parent folder of the finished layout. All files and documents get the time
    /// `time`, in seconds since 1970.
    pub fn new(parent: &Path, time: u64) -> Result<Self> {
        fs::create_dir_all(parent)?;
        let partial = atomic::temporary_folder(parent)?;
        let writer = Self {
            partial,
            base: None,
            layers: Vec::new(),
            time,
        };
        let blobs = writer.blobs();
        fs::create_dir_all(&blobs)?;
        // A layout is world-readable regardless of the umask.
        for folder in blobs.ancestors().take(3) {
            fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
        }
        Ok(writer)
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.partial.path().join("layout")
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.folder().join("blobs/sha256")
    }

    /// Puts the unchanged layers of `base` below all others, and inherits its configuration where the image's own has
    /// no value.
    pub fn set_base(&mut self, base: &Layout) -> Result<()> {
        for layer in base.image.layers() {
            let (from, name) = (base.folder.blob_path(&layer.digest), layer.digest.hex());
            let to = self.blobs().join(name);
            // A hard link saves space if the file system supports it, because blobs never change.
            if fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to)?;
            }
        }
        self.base = Some(base.image.clone());
        Ok(())
    }

    /// Adds a layer on top of the previous ones. `created_by` describes it in the image's history.
    pub fn add_layer(&mut self, tree: &FileTree, created_by: &str) -> Result<&Layer> {
        let layer = Layer::write(tree, created_by, self.time, &self.blobs())?;
        self.layers.push(layer);
        Ok(&self.layers[self.layers.len() - 1])
    }

    /// Writes the documents and moves the layout to `path`, replacing an existing folder.
    pub fn finish(self, config: &ImageConfig, path: &Path) -> Result<Layout> {
        let (folder, blobs) = (self.folder(), self.blobs());
        let image = Image::new(config, self.base.as_ref(), &self.layers, self.time)?;
        for document in [image.config(), image.manifest()] {
            atomic::atomic_write(&blobs.join(Digest::of(document).hex()), document)?;
        }
        let reference = format!("{}:latest", image.name());
        let index = Index::new(vec![image.descriptor(&reference)?])?;
        write_layout_files(&folder, &index)?;
        self.move_to(path)?;
        let folder = LayoutFolder::unchecked(path);
        Ok(Layout { folder, image })
    }

    /// Moves the finished folder to `path`, replacing an existing folder.
    pub(crate) fn move_to(self, path: &Path) -> Result<()> {
        atomic::replace_folder(&self.folder(), path, self.partial.path())
    }
}

/// Writes `oci-layout` and then `index.json`, which make a folder of blobs a layout.
pub fn write_layout_files(folder: &Path, index: &Index) -> Result<()> {
    atomic::atomic_write(&folder.join("oci-layout"), OCI_LAYOUT.as_bytes())?;
    atomic::atomic_write(&folder.join("index.json"), &index.to_json()?)
}

#[expect(missing_docs, reason = "the names are self-explanatory")]
impl Layout {
    /// Reads the only image of the layout at `path`, or else the one for `architecture`, and verifies every digest and
    /// size.
    pub fn open(path: &Path, architecture: Architecture) -> Result<Self> {
        let folder = LayoutFolder::open(path)?;
        let index = crate::source::index(&folder)?;
        let entry = index.select_platform(folder.origin(), architecture)?;
        let image = Image::read(&folder, entry)?;
        Ok(Self { folder, image })
    }

    pub fn path(&self) -> &Path {
        &self.folder.path
    }

    pub fn image(&self) -> &Image {
        &self.image
    }

    pub fn source(&self) -> &LayoutFolder {
        &self.folder
    }
}

/// A layout folder whose content has not been verified.
#[derive(Clone, Debug)]
pub struct LayoutFolder {
    path: PathBuf,
    origin: String,
}

impl LayoutFolder {
    fn unchecked(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            origin: format!("the layout `{}`", path.display()),
        }
    }

    /// # Errors
    /// The folder is not a layout, or has another layout version.
    pub fn open(path: &Path) -> Result<Self> {
        let layout = Self::unchecked(path);
        if !path.join("oci-layout").exists() {
            let reason = "file `oci-layout`, so it is not a layout";
            return Err(Error::missing(&format!("the folder `{}`", path.display()), reason));
        }
        let found = layout.document("oci-layout")?;
        let version: serde_json::Value = document::parse(&layout.origin, "file `oci-layout`", &found)?;
        match version["imageLayoutVersion"].as_str() {
            Some("1.0.0") => Ok(layout),
            other => {
                let reason = format!("its version is {other:?}, not 1.0.0");
                Err(Error::damaged(&layout.origin, reason))
            }
        }
    }

    /// The blob need not exist.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path.join("blobs/sha256").join(digest.hex())
    }

    fn document(&self, name: &str) -> Result<Vec<u8>> {
        let what = format!("file `{name}`");
        let (mut file, _) = open_regular_file(&self.origin, &self.path.join(name), &what)?;
        document::read(&self.origin, &what, &mut file)
    }
}

impl Source for LayoutFolder {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn index(&self) -> Result<Vec<u8>> {
        self.document("index.json")
    }

    /// A blob may be a link to a file, as bazel writes it, because its content must have the digest.
    fn blob(&self, digest: &Digest) -> Result<Blob<'_>> {
        let what = format!("blob {digest}");
        let path = self.blob_path(digest);
        let path = fs::canonicalize(path).map_err(|_| Error::missing(&self.origin, &what))?;
        let (file, size) = open_regular_file(&self.origin, &path, &what)?;
        Ok(Blob {
            size,
            reader: Box::new(file),
        })
    }

    fn blob_names(&self) -> Result<Vec<String>> {
        let folder = self.path.join("blobs/sha256");
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
}

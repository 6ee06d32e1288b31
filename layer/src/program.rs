//! The program of an image as the image would start it: found through the layers, with the loader
//! and the libraries that it would get.

use std::io::copy;
use std::path::Path;

use oci_spec::image::{Descriptor, ImageConfiguration};

use crate::elf::Elf;
use crate::entries::{Entry, Kind};
use crate::glibc::folders;
use crate::scan::read_layer;
use crate::source::Source;
use crate::view::View;
use crate::{Architecture, Error, GlibcVersion, Result};

/// An image whose layers were read.
pub(crate) struct Layers<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) descriptors: &'a [Descriptor],
    pub(crate) view: &'a View,
}

impl Layers<'_> {
    /// The ELF file that `path` leads to; none where it leads to something else.
    pub(crate) fn elf(&self, path: &str) -> Result<Option<Elf>> {
        let Some((layer, entry)) = self.view.resolve(path) else {
            return Ok(None);
        };
        if entry.kind != Kind::File {
            return Ok(None);
        }
        let file = tempfile::NamedTempFile::new()
            .map_err(Error::io("create a file in", &std::env::temp_dir()))?;
        let wanted = &entry.path;
        read_layer(
            self.source,
            &self.descriptors[layer],
            &mut |entry, content| {
                if entry.path == *wanted && entry.kind == Kind::File {
                    let mut to = file.as_file();
                    copy(content, &mut to).map_err(Error::io("write", file.path()))?;
                }
                Ok(())
            },
        )?;
        Ok(Elf::read(file.path()).ok())
    }

    /// The file that a library's name leads to, in the folders where loaders look and in `besides`.
    pub(crate) fn library(
        &self,
        name: &str,
        architecture: Architecture,
        besides: &[String],
    ) -> Option<&Entry> {
        let usual = folders(architecture);
        let usual = usual.iter().map(|folder| folder.display().to_string());
        let places = besides.iter().cloned().chain(usual);
        places
            .filter_map(|folder| self.view.resolve(&format!("{folder}/{name}")))
            .map(|(_, entry)| entry)
            .find(|entry| entry.kind == Kind::File)
    }

    /// The release of the glibc in the image.
    pub(crate) fn glibc(
        &self,
        architecture: Architecture,
        besides: &[String],
    ) -> Result<Option<GlibcVersion>> {
        let Some(libc) = self.library("libc.so.6", architecture, besides) else {
            return Ok(None);
        };
        let elf = self.elf(&libc.path.clone())?;
        Ok(elf.and_then(|elf| elf.provides_glibc))
    }
}

/// The folders in which an image's configuration has libraries looked for.
pub(crate) fn library_folders(config: &ImageConfiguration) -> Vec<String> {
    let run = config.config().as_ref();
    let environment = run.and_then(|run| run.env().as_ref());
    let value = environment
        .into_iter()
        .flatten()
        .find_map(|pair| pair.strip_prefix("LD_LIBRARY_PATH="));
    let folders = value.unwrap_or_default().split(':');
    folders
        .filter(|folder| Path::new(folder).is_absolute())
        .map(str::to_owned)
        .collect()
}

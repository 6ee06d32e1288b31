//! The program of an image as the image would start it: found through the layers, with the loader
//! and the libraries that it would get.

use std::io::copy;

use oci_spec::image::{Descriptor, ImageConfiguration};

use crate::elf::Elf;
use crate::entries::{Entry, Kind};
use crate::glibc::folders;
use crate::scan::read_layer;
use crate::source::Source;
use crate::view::View;
use crate::{Error, GlibcVersion, Processor, Result};

/// An image whose layers were read.
pub(crate) struct Layers<'a> {
    pub(crate) view: &'a View,
    source: &'a dyn Source,
    descriptors: &'a [Descriptor],
    /// Where its loader looks for libraries.
    folders: Vec<String>,
}

impl<'a> Layers<'a> {
    pub(crate) fn new(
        source: &'a dyn Source,
        descriptors: &'a [Descriptor],
        view: &'a View,
        config: &ImageConfiguration,
    ) -> Self {
        let run = config.config().as_ref();
        let environment = run.and_then(|run| run.env().as_ref());
        let mut environment = environment.into_iter().flatten();
        let named = environment.find_map(|pair| pair.strip_prefix("LD_LIBRARY_PATH="));
        let named = named.unwrap_or_default().split(':').map(str::to_owned);
        let architecture = Processor::from(config.architecture()).architecture();
        let usual = architecture.map(folders).unwrap_or_default();
        Self {
            view,
            source,
            descriptors,
            folders: named
                .filter(|folder| folder.starts_with('/'))
                .chain(usual)
                .collect(),
        }
    }

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
        let descriptor = &self.descriptors[layer];
        read_layer(self.source, descriptor, &mut |entry, content| {
            if entry.path == *wanted && entry.kind == Kind::File {
                let mut to = file.as_file();
                copy(content, &mut to).map_err(Error::io("write", file.path()))?;
            }
            Ok(())
        })?;
        Ok(Elf::read(file.path()).ok())
    }

    /// The file that a library's name leads to.
    pub(crate) fn library(&self, name: &str) -> Option<&Entry> {
        let places = self.folders.iter();
        let found = places.filter_map(|folder| self.view.resolve(&format!("{folder}/{name}")));
        found
            .map(|(_, entry)| entry)
            .find(|entry| entry.kind == Kind::File)
    }

    /// The loader that a program is started by, if it is not in the image.
    pub(crate) fn missing_loader<'e>(&self, elf: &'e Elf) -> Option<&'e String> {
        let loader = elf.interpreter.as_ref();
        loader.filter(|loader| self.view.resolve(loader).is_none())
    }

    /// The libraries of a program that are not where the loader looks.
    pub(crate) fn missing_libraries<'e>(&self, elf: &'e Elf) -> impl Iterator<Item = &'e String> {
        let needed = elf.needed.iter();
        needed.filter(|name| self.library(name).is_none())
    }

    pub(crate) fn glibc(&self) -> Result<Option<GlibcVersion>> {
        let Some(libc) = self.library("libc.so.6") else {
            return Ok(None);
        };
        let elf = self.elf(&libc.path)?;
        Ok(elf.and_then(|elf| elf.provides_glibc))
    }
}

//! Resolves an image's program, its loader and its libraries as they would be found when the image runs.

use std::io::copy;

use oci_spec::image::{Descriptor, ImageConfiguration};

use crate::elf::Elf;
use crate::entries::{Entry, EntryKind};
use crate::glibc::library_folders;
use crate::merged_file_system::MergedFileSystem;
use crate::scan::read_layer;
use crate::source::Source;
use crate::{Error, GlibcVersion, Result, TargetArchitecture};

pub(crate) struct LibraryResolver<'a> {
    pub(crate) file_system: &'a MergedFileSystem,
    source: &'a dyn Source,
    descriptors: &'a [Descriptor],
    /// The folders of `LD_LIBRARY_PATH`, and then the loader's own.
    search_path: Vec<String>,
}

impl<'a> LibraryResolver<'a> {
    pub(crate) fn new(
        source: &'a dyn Source,
        descriptors: &'a [Descriptor],
        file_system: &'a MergedFileSystem,
        config: &ImageConfiguration,
    ) -> Self {
        let run = config.config().as_ref();
        let environment = run.and_then(|run| run.env().as_ref());
        let mut environment = environment.into_iter().flatten();
        let named = environment.find_map(|pair| pair.strip_prefix("LD_LIBRARY_PATH="));
        let named = named.unwrap_or_default().split(':').map(str::to_owned);
        let architecture = TargetArchitecture::from(config.architecture()).supported();
        let usual = architecture.map(library_folders).unwrap_or_default();
        Self {
            file_system,
            source,
            descriptors,
            search_path: named.filter(|folder| folder.starts_with('/')).chain(usual).collect(),
        }
    }

    /// The ELF file that `path` resolves to; none if that is not an ELF file.
    pub(crate) fn read_elf(&self, path: &str) -> Result<Option<Elf>> {
        let Some((layer, entry)) = self.file_system.resolve(path) else {
            return Ok(None);
        };
        if entry.kind != EntryKind::File {
            return Ok(None);
        }
        let file = tempfile::NamedTempFile::new().map_err(Error::io("create a file in", &std::env::temp_dir()))?;
        let wanted = &entry.path;
        let descriptor = &self.descriptors[layer];
        read_layer(self.source, descriptor, &mut |entry, content| {
            if entry.path == *wanted && entry.kind == EntryKind::File {
                let mut to = file.as_file();
                copy(content, &mut to).map_err(Error::io("write", file.path()))?;
            }
            Ok(())
        })?;
        Ok(Elf::read(file.path()).ok())
    }

    /// The first file of that name in the search path.
    pub(crate) fn find_library(&self, name: &str) -> Option<&Entry> {
        let places = self.search_path.iter();
        let found = places.filter_map(|folder| self.file_system.resolve(&format!("{folder}/{name}")));
        found
            .map(|(_, entry)| entry)
            .find(|entry| entry.kind == EntryKind::File)
    }

    /// The program's loader, if it is not in the image.
    pub(crate) fn missing_loader<'e>(&self, elf: &'e Elf) -> Option<&'e String> {
        let loader = elf.interpreter.as_ref();
        loader.filter(|loader| self.file_system.resolve(loader).is_none())
    }

    /// The program's libraries that are not in the search path.
    pub(crate) fn missing_libraries<'e>(&self, elf: &'e Elf) -> impl Iterator<Item = &'e String> {
        let needed = elf.needed.iter();
        needed.filter(|name| self.find_library(name).is_none())
    }

    pub(crate) fn glibc_version(&self) -> Result<Option<GlibcVersion>> {
        let Some(libc) = self.find_library("libc.so.6") else {
            return Ok(None);
        };
        let elf = self.read_elf(&libc.path)?;
        Ok(elf.and_then(|elf| elf.provided_glibc))
    }
}

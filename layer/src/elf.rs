//! Reads an ELF file's requirements: architecture, loader, shared libraries and glibc version. A [`FunctionBinary`] is
//! known to run on Lambda.
//!
//! Symbol versions are described in the Linux Standard Base, "Symbol Versioning":
//! <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>.

pub mod hardening;
mod parse;

use std::path::{Path, PathBuf};

use fs_err::File;
use object::ReadCache;

pub(crate) use self::parse::glibc_release;
use self::parse::{BoxError, parse};
pub use self::parse::{Elf, RequiredVersion};
use crate::lambda::LAMBDA;
use crate::{Architecture, Error, GlibcVersion, Result};

impl Elf {
    /// Reads only the required parts of the file at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        parse(&ReadCache::new(file)).map_err(read_error(path))
    }

    /// Parses a file in memory, which errors call `path`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        parse(bytes).map_err(read_error(path))
    }
}

fn read_error(path: &Path) -> impl FnOnce(BoxError) -> Error {
    let path = path.display();
    move |error| Error::Other(format!("failed to read `{path}` as an ELF file: {error}"))
}

/// A function's program that has passed [`FunctionBinary::check`].
#[derive(Clone, Debug)]
pub struct FunctionBinary {
    path: PathBuf,
    architecture: Architecture,
    elf: Elf,
}

#[expect(missing_docs, reason = "the names are self-explanatory")]
impl FunctionBinary {
    /// Checks that the program at `path` is for `architecture`, and needs no glibc newer than `target_glibc` and no
    /// shared library except glibc's own.
    pub fn check(path: &Path, architecture: Architecture, target_glibc: GlibcVersion) -> Result<Self> {
        let elf = Elf::read(path)?;
        elf.check(path, architecture, target_glibc)?;
        Ok(Self {
            path: path.to_owned(),
            architecture,
            elf,
        })
    }

    /// Checks that the program has every hardening feature of [`hardening::Hardening::missing`].
    ///
    /// # Errors
    /// Names all missing features.
    pub fn require_hardened(self) -> Result<Self> {
        let missing = self.elf.hardening.missing();
        if missing.is_empty() {
            return Ok(self);
        }
        let missing: String = missing.iter().flat_map(|line| ["\n- ", line]).collect();
        Err(Error::Other(format!(
            "`{}` is not hardened:{missing}\nBuild it with the SDK's compiler, which hardens programs",
            self.path.display()
        )))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    pub fn elf(&self) -> &Elf {
        &self.elf
    }
}
impl Elf {
    /// The checks of [`FunctionBinary::check`]; errors call the program `path`.
    pub(crate) fn check(&self, path: &Path, architecture: Architecture, target_glibc: GlibcVersion) -> Result<()> {
        let path = path.display();
        let refused = |reason: String| Err(Error::Other(format!("`{path}` {reason}")));
        if self.architecture != architecture {
            let found = &self.architecture;
            return refused(format!("is for {found}, not for {architecture}"));
        }
        if !self.has_sections {
            return refused("has no section headers, so its requirements are unknown; do not strip them".into());
        }
        let other = |name: &&String| !LAMBDA.glibc_libraries.contains(name);
        if let Some(library) = self.needed.iter().find(other) {
            return refused(format!("needs the shared library {library}; link it statically"));
        }
        if let Some((needed, symbol)) = self.required_glibc.as_ref().filter(|(g, _)| *g > target_glibc) {
            return refused(format!(
                "needs glibc {needed} (symbol version {symbol}), but must run on {target_glibc}; link it \
                 with the SDK's compiler"
            ));
        }
        if let Some(symbol) = self.unknown_glibc_versions.first() {
            return refused(format!(
                "needs {symbol} of glibc, which no release guarantees; link it with the SDK's \
                 compiler and without -z pack-relative-relocs"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

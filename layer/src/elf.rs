//! Reads an ELF file's requirements: architecture, loader, shared libraries and glibc version. A [`FunctionBinary`] is
//! known to run on Lambda.
//!
//! Symbol versions are described in the Linux Standard Base, "Symbol Versioning":
//! <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>.

pub mod hardening;

use std::path::{Path, PathBuf};

use fs_err::File;
use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, Sym};
use object::{Endianness, ReadCache, ReadRef};

use self::hardening::Hardening;
use crate::lambda::LAMBDA;
use crate::{Architecture, Error, GlibcVersion, Result, TargetArchitecture};

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Elf {
    pub architecture: TargetArchitecture,
    pub interpreter: Option<String>,
    pub needed: Vec<String>,
    /// Whether it has `DT_RUNPATH` or `DT_RPATH`.
    pub has_runpath: bool,
    /// The newest required glibc version, and its symbol version.
    pub required_glibc: Option<(GlibcVersion, String)>,
    /// Required symbol versions of glibc that are not releases, such as `GLIBC_PRIVATE`.
    pub unknown_glibc_versions: Vec<String>,
    /// The newest glibc version whose symbols it defines: the release, if it is a library of glibc.
    pub provided_glibc: Option<GlibcVersion>,
    pub hardening: Hardening,
}

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

type BoxError = Box<dyn std::error::Error>;

fn parse<'data>(data: impl ReadRef<'data>) -> Result<Elf, BoxError> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let mut found = Elf {
        architecture: header.e_machine(endian).into(),
        interpreter: None,
        needed: Vec::new(),
        has_runpath: false,
        required_glibc: None,
        unknown_glibc_versions: Vec::new(),
        provided_glibc: None,
        hardening: Hardening::from_segments(header, data)?,
    };
    for segment in header.program_headers(endian, data)? {
        if let Some(interpreter) = segment.interpreter(endian, data)? {
            found.interpreter = Some(text(interpreter));
        }
    }
    let sections = header.sections(endian, data)?;
    let dynamic = sections.dynamic(endian, data)?;
    let mut segments = header.program_headers(endian, data)?.iter();
    if dynamic.is_none() && segments.any(|segment| segment.p_type(endian) == elf::PT_DYNAMIC) {
        // The requirements are read from sections, which were stripped.
        return Err("its section headers are missing".into());
    }
    if let Some((entries, strings)) = dynamic {
        let strings = sections.strings(endian, data, strings)?;
        for entry in entries {
            let tag = entry.d_tag.get(endian);
            found.hardening.add_dynamic(tag, entry.d_val.get(endian));
            found.has_runpath |= matches!(tag, elf::DT_RPATH | elf::DT_RUNPATH);
            if tag == elf::DT_NEEDED {
                let offset = u32::try_from(entry.d_val.get(endian)).unwrap_or(u32::MAX);
                let name = strings.get(offset).unwrap_or_default();
                found.needed.push(text(name));
            }
        }
    }
    // An unreadable symbol table counts as empty.
    let symbols = sections.symbols(endian, data, elf::SHT_DYNSYM);
    let symbols = symbols.unwrap_or_default();
    for symbol in symbols.iter().filter(|symbol| symbol.is_undefined(endian)) {
        let name = symbol.name(endian, symbols.strings()).unwrap_or_default();
        found.hardening.add_import(&text(name));
    }
    if let Some((mut libraries, strings)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, strings)?;
        while let Some((_, mut versions)) = libraries.next()? {
            while let Some(version) = versions.next()? {
                let name = text(version.name(endian, strings)?);
                if let Some(glibc) = glibc_release(&name) {
                    let newest = found.required_glibc.as_ref().map(|(glibc, _)| *glibc);
                    if newest.is_none_or(|newest| glibc > newest) {
                        found.required_glibc = Some((glibc, name));
                    }
                } else if name.starts_with("GLIBC_") {
                    found.unknown_glibc_versions.push(name);
                }
            }
        }
    }
    if let Some((mut definitions, strings)) = sections.gnu_verdef(endian, data)? {
        let strings = sections.strings(endian, data, strings)?;
        while let Some((_, mut names)) = definitions.next()? {
            while let Some(name) = names.next()? {
                let name = text(name.name(endian, strings)?);
                found.provided_glibc = found.provided_glibc.max(glibc_release(&name));
            }
        }
    }
    Ok(found)
}

/// The release in a symbol version such as `GLIBC_2.17` or `GLIBC_2.2.5`.
fn glibc_release(symbol_version: &str) -> Option<GlibcVersion> {
    let mut numbers = symbol_version.strip_prefix("GLIBC_")?.split('.');
    Some(GlibcVersion::new(
        numbers.next()?.parse().ok()?,
        numbers.next()?.parse().ok()?,
    ))
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

    /// Checks that the program has every hardening feature of [`Hardening::missing`].
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

//! Parses an ELF file: its segments as the loader does, and its symbol versions from sections.

use object::elf::{self, FileHeader64, ProgramHeader64};
use object::read::StringTable;
use object::read::elf::{FileHeader, ProgramHeader, Sym};
use object::{Endianness, ReadRef};

use super::hardening::Hardening;
use crate::{GlibcVersion, TargetArchitecture};

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Elf {
    pub architecture: TargetArchitecture,
    pub interpreter: Option<String>,
    pub needed: Vec<String>,
    /// The name by which others need it (`DT_SONAME`), if it is a library.
    pub soname: Option<String>,
    /// The folders of `DT_RUNPATH`, in which the loader searches this file's libraries.
    pub runpath: Vec<String>,
    /// The folders of `DT_RPATH`, in which the loader also searches the libraries of its libraries.
    pub rpath: Vec<String>,
    /// Whether it is a linked program or library, and not an object file or a core dump.
    pub is_linked: bool,
    /// Whether it has section headers. Without them, its symbols and their versions are unknown.
    pub has_sections: bool,
    /// The symbol versions that it requires of libraries, without weak ones.
    pub required_versions: Vec<RequiredVersion>,
    /// The symbol versions that it defines.
    pub provided_versions: Vec<String>,
    /// The newest required glibc version, and its symbol version.
    pub required_glibc: Option<(GlibcVersion, String)>,
    /// Required symbol versions of glibc that are not releases, such as `GLIBC_PRIVATE`.
    pub unknown_glibc_versions: Vec<String>,
    /// The newest glibc version whose symbols it defines: the release, if it is a library of glibc.
    pub provided_glibc: Option<GlibcVersion>,
    pub hardening: Hardening,
}

/// A symbol version that a program requires of a library, such as `GLIBC_2.34` of `libc.so.6`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct RequiredVersion {
    pub library: String,
    pub version: String,
}

pub(super) type BoxError = Box<dyn std::error::Error>;

pub(super) fn parse<'data>(data: impl ReadRef<'data>) -> Result<Elf, BoxError> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    // The loader does not read section headers, and some tools leave invalid ones behind.
    let sections = header.sections(endian, data).unwrap_or_default();
    let kind = header.e_type(endian);
    let mut found = Elf {
        architecture: header.e_machine(endian).into(),
        interpreter: None,
        needed: Vec::new(),
        soname: None,
        runpath: Vec::new(),
        rpath: Vec::new(),
        is_linked: kind == elf::ET_EXEC || kind == elf::ET_DYN,
        has_sections: true,
        required_versions: Vec::new(),
        provided_versions: Vec::new(),
        required_glibc: None,
        unknown_glibc_versions: Vec::new(),
        provided_glibc: None,
        hardening: Hardening::from_segments(header, data)?,
    };
    let segments = header.program_headers(endian, data)?;
    for segment in segments {
        let end = segment.p_offset(endian).checked_add(segment.p_filesz(endian));
        if segment.p_type(endian) == elf::PT_LOAD && end.is_none_or(|end| data.len().is_ok_and(|length| end > length)) {
            return Err("it is truncated".into());
        }
        if let Some(interpreter) = segment.interpreter(endian, data)? {
            found.interpreter = Some(text(interpreter));
        }
    }
    // Like the loader, this reads segments, which programs have even if their sections were stripped.
    for segment in segments {
        let Some(entries) = segment.dynamic(endian, data)? else {
            continue;
        };
        found.has_sections = sections.dynamic(endian, data)?.is_some();
        let value = |tag| {
            let entry = entries.iter().find(|entry| entry.d_tag.get(endian) == tag);
            entry.map(|entry| entry.d_val.get(endian))
        };
        let strings = value(elf::DT_STRTAB).and_then(|address| file_offset(segments, endian, address));
        let length = value(elf::DT_STRSZ).unwrap_or_default();
        let strings = strings.map(|start| StringTable::new(data, start, start.saturating_add(length)));
        let string = |offset: u64| {
            let offset = u32::try_from(offset).ok()?;
            strings.as_ref()?.get(offset).ok().map(text)
        };
        let folders = |offset| -> Vec<String> {
            let list = string(offset).unwrap_or_default();
            let folders = list.split(':').filter(|folder| !folder.is_empty());
            folders.map(str::to_owned).collect()
        };
        for entry in entries {
            let (tag, value) = (entry.d_tag.get(endian), entry.d_val.get(endian));
            found.hardening.add_dynamic(tag, value);
            match tag {
                elf::DT_NULL => break,
                elf::DT_NEEDED => found.needed.push(string(value).unwrap_or_default()),
                elf::DT_SONAME => found.soname = string(value),
                elf::DT_RUNPATH => found.runpath = folders(value),
                elf::DT_RPATH => found.rpath = folders(value),
                _ => {}
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
        while let Some((library, mut versions)) = libraries.next()? {
            while let Some(version) = versions.next()? {
                let name = text(version.name(endian, strings)?);
                if !version.vna_flags.get(endian).contains(elf::VER_FLG_WEAK) {
                    found.required_versions.push(RequiredVersion {
                        library: text(library.file(endian, strings)?),
                        version: name.clone(),
                    });
                }
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
                found.provided_versions.push(name);
            }
        }
    }
    Ok(found)
}

/// The place in the file of an address in memory.
fn file_offset(segments: &[ProgramHeader64<Endianness>], endian: Endianness, address: u64) -> Option<u64> {
    segments.iter().find_map(|segment| {
        let offset = address.checked_sub(segment.p_vaddr(endian))?;
        let is_inside = segment.p_type(endian) == elf::PT_LOAD && offset < segment.p_filesz(endian);
        is_inside
            .then(|| segment.p_offset(endian).checked_add(offset))
            .flatten()
    })
}

/// The release in a symbol version such as `GLIBC_2.17` or `GLIBC_2.2.5`.
pub(crate) fn glibc_release(symbol_version: &str) -> Option<GlibcVersion> {
    let mut numbers = symbol_version.strip_prefix("GLIBC_")?.split('.');
    Some(GlibcVersion::new(
        numbers.next()?.parse().ok()?,
        numbers.next()?.parse().ok()?,
    ))
}

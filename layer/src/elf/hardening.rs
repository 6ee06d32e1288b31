//! Reads a program's hardening from its file: segment flags, the dynamic section, the imports of glibc's checking
//! functions, and the processor features of its notes.
//!
//! Sources: the System V ABI's chapters on program headers and dynamic linking, and for `__*_chk` and
//! `__stack_chk_fail` the Linux Standard Base, "Interfaces for libc":
//! <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/libc-ddefs.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, ReadRef};
use serde::Serialize;

/// The hardening features of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hardening {
    /// Whether it is a position-independent executable (PIE).
    pub position_independent: bool,
    /// Whether relocated data is made read-only (`PT_GNU_RELRO`).
    pub relro: bool,
    /// Whether the loader resolves all symbols at the start, so that the global offset table can be read-only.
    pub bind_now: bool,
    /// Whether `PT_GNU_STACK` has no `PF_X`.
    pub nonexecutable_stack: bool,
    /// Whether the loader must modify code (`DT_TEXTREL`).
    pub text_relocations: bool,
    /// The number of `PT_LOAD` segments with both `PF_W` and `PF_X`.
    pub writable_executable_segments: usize,
    /// Whether `__stack_chk_fail` is imported.
    pub stack_protector: bool,
    /// The imported functions of glibc that check the size of their destination, such as `__memcpy_chk`.
    pub fortified_functions: BTreeSet<String>,
    /// Processor features for all of its code, such as `IBT`. A feature is missing if one object file lacks it.
    pub gnu_properties: BTreeSet<&'static str>,
}

impl Hardening {
    /// Reads everything except the dynamic section and the symbols.
    pub(super) fn from_segments<'data>(
        header: &FileHeader64<Endianness>,
        data: impl ReadRef<'data>,
    ) -> object::Result<Self> {
        let endian = header.endian()?;
        let mut found = Self::default();
        let mut has_interpreter = false;
        for segment in header.program_headers(endian, data)? {
            let flags = segment.p_flags(endian);
            let may = |right| flags & right == right;
            match segment.p_type(endian) {
                elf::PT_INTERP => has_interpreter = true,
                elf::PT_GNU_RELRO => found.relro = true,
                elf::PT_GNU_STACK => found.nonexecutable_stack = !may(elf::PF_X),
                elf::PT_LOAD if may(elf::PF_W) && may(elf::PF_X) => {
                    found.writable_executable_segments += 1;
                }
                _ => {}
            }
            // Unreadable notes count as empty.
            let notes = segment.notes(endian, data).ok().flatten();
            let notes = notes.into_iter().flat_map(|notes| notes.map_while(Result::ok));
            for note in notes {
                let properties = note.gnu_properties(endian).into_iter().flatten();
                for property in properties.map_while(Result::ok) {
                    let bits = property.data_u32(endian).unwrap_or(0);
                    found
                        .gnu_properties
                        .extend(gnu_property_names(property.pr_type(), bits));
                }
            }
        }
        // Shared libraries are ET_DYN, too, but have no interpreter.
        found.position_independent = has_interpreter && header.e_type(endian) == elf::ET_DYN;
        Ok(found)
    }

    pub(super) fn add_dynamic(&mut self, tag: elf::DynamicTag, value: u64) {
        match tag {
            elf::DT_TEXTREL => self.text_relocations = true,
            elf::DT_BIND_NOW => self.bind_now = true,
            elf::DT_FLAGS => {
                self.text_relocations |= value & elf::DF_TEXTREL.0 != 0;
                self.bind_now |= value & elf::DF_BIND_NOW.0 != 0;
            }
            elf::DT_FLAGS_1 => self.bind_now |= value & elf::DF_1_NOW.0 != 0,
            _ => {}
        }
    }

    pub(super) fn add_import(&mut self, name: &str) {
        if name == "__stack_chk_fail" {
            self.stack_protector = true;
        } else if name.starts_with("__") && name.ends_with("_chk") {
            self.fortified_functions.insert(name.to_owned());
        }
    }

    /// A message for each missing feature, with its remedy.
    pub fn missing(&self) -> Vec<&'static str> {
        let rules = [
            ("position_independent", self.position_independent),
            ("relro", self.relro),
            ("bind_now", self.bind_now),
            ("nonexecutable_stack", self.nonexecutable_stack),
            ("text_relocations", !self.text_relocations),
            ("writable_executable_segments", self.writable_executable_segments == 0),
            ("stack_protector", self.stack_protector),
            ("fortified_functions", !self.fortified_functions.is_empty()),
        ];
        let broken = rules.into_iter().filter(|(_, holds)| !holds);
        broken.map(|(name, _)| MESSAGES[name].as_str()).collect()
    }
}

/// The messages by the names in [`Hardening::missing`].
static MESSAGES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/hardening.toml"))
        .unwrap_or_else(|error| unreachable!("data/hardening.toml is invalid: {error}"))
});

/// The features of a property's bits, for the properties about control flow of both architectures.
fn gnu_property_names(kind: elf::GnuPropertyType, bits: u32) -> Vec<&'static str> {
    let known = match kind {
        elf::GNU_PROPERTY_X86_FEATURE_1_AND => [
            (elf::GNU_PROPERTY_X86_FEATURE_1_IBT, "IBT"),
            (elf::GNU_PROPERTY_X86_FEATURE_1_SHSTK, "SHSTK"),
        ],
        elf::GNU_PROPERTY_AARCH64_FEATURE_1_AND => [
            (elf::GNU_PROPERTY_AARCH64_FEATURE_1_BTI, "BTI"),
            (elf::GNU_PROPERTY_AARCH64_FEATURE_1_PAC, "PAC"),
        ],
        _ => return Vec::new(),
    };
    let set = known.iter().filter(|(bit, _)| bits & bit != 0);
    set.map(|(_, name)| *name).collect()
}

#[cfg(test)]
mod tests;

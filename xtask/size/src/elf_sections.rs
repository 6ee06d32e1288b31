//! Divides shared libraries and programs of other projects by the purpose of their sections: their symbols are
//! stripped, so that the file has no more details.

use std::collections::BTreeMap;

use object::elf::{FileHeader64, SHT_NOBITS};
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, elf};

use super::part::{Kind, Part};

/// The parts of an ELF file; a single leaf for other files.
pub fn parts(data: &[u8]) -> Vec<Part> {
    let size = data.len() as u64;
    let mut sums: BTreeMap<Kind, u64> = BTreeMap::new();
    for (kind, bytes) in sections(data).unwrap_or_default() {
        *sums.entry(kind).or_default() += bytes;
    }
    let covered: u64 = sums.values().sum();
    match size.checked_sub(covered) {
        Some(rest) if covered > 0 => *sums.entry(Kind::Padding).or_default() += rest,
        _ => sums = BTreeMap::from([(Kind::File, size)]),
    }
    let leaves = sums.into_iter().filter(|(_, bytes)| *bytes > 0);
    let leaves = leaves.map(|(kind, bytes)| Part::leaf(kind.label(), bytes, kind));
    leaves.collect()
}

/// Each section with bytes in the file, and the headers.
fn sections(data: &[u8]) -> object::Result<Vec<(Kind, u64)>> {
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let table = header.section_headers(endian, data)?;
    let sections = header.sections(endian, data)?;
    let programs = header.program_headers(endian, data)?;
    let headers = size_of_val(header) + size_of_val(table) + size_of_val(programs);
    let mut found = vec![(Kind::Linking, headers as u64)];
    for section in sections.iter() {
        let kind = section.sh_type(endian);
        if kind != SHT_NOBITS && kind != elf::SHT_NULL {
            let name = sections.section_name(endian, section).unwrap_or_default();
            found.push((section_kind(name), section.sh_size(endian)));
        }
    }
    Ok(found)
}

fn section_kind(section: &[u8]) -> Kind {
    match section {
        b".text" | b".init" | b".fini" | b".plt" | b".plt.got" | b".plt.sec" => Kind::Code,
        b".rodata" => Kind::Constants,
        b".data" | b".data.rel.ro" | b".tdata" | b".init_array" | b".fini_array" | b".got" | b".got.plt" => Kind::Data,
        b".eh_frame" | b".eh_frame_hdr" | b".gcc_except_table" => Kind::Unwind,
        b".rela.dyn" | b".rela.plt" | b".relr.dyn" => Kind::Relocations,
        _ if section.starts_with(b"__libc_freeres_fn") => Kind::Code,
        _ if section.starts_with(b"__libc_") => Kind::Data,
        _ => Kind::Linking,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sum_up_to_the_file_size() {
        let data = fs_err::read(std::env::current_exe().unwrap()).unwrap();
        let whole = Part::branch("test", parts(&data));
        assert_eq!(whole.bytes, data.len() as u64);
        assert!(whole.get("code").unwrap().bytes > 100_000);
    }

    #[test]
    fn non_elf_file_is_one_part() {
        let whole = Part::branch("text", parts(b"text"));
        assert_eq!((whole.bytes, whole.parts[0].kind), (4, Some(Kind::File)));
    }
}

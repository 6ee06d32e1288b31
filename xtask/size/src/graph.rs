//! The graph of references in the function, from a link with relocations. Nodes are the input sections, and the strings
//! and numbers that the linker merges.

use std::collections::HashMap;

use anyhow::{Context, Result};
use object::elf::{FileHeader64, RelocationType, SHF_ALLOC, SHT_RELA, STT_SECTION, STT_TLS, SectionFlags};
use object::read::elf::{ElfFile64, FileHeader, Rela, SectionHeader, Sym};
use object::{Endianness, Object, ObjectSection};

use super::link_map::{INTERNAL, InputSection, OutputSection};
use super::merged_sections;

pub type NodeIndex = usize;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NodeKey<'a> {
    /// The file, its archive member and the section.
    Section(&'a str, Option<&'a str>, &'a str),
    /// The linker's section of merged constants, and the bytes of a string or number.
    Merged(&'a str, Vec<u8>),
}

#[derive(Default)]
pub struct Graph<'a> {
    pub keys: Vec<NodeKey<'a>>,
    /// None for merged constants.
    pub inputs: Vec<Option<&'a InputSection<'a>>>,
    /// The nodes that each node refers to, without duplicates.
    pub references: Vec<Vec<NodeIndex>>,
    nodes_by_key: HashMap<NodeKey<'a>, NodeIndex>,
}

/// Both of Lambda's architectures are little-endian.
const ENDIAN: Endianness = Endianness::Little;

impl<'a> Graph<'a> {
    pub fn parse(data: &'a [u8], map: &'a [OutputSection<'a>]) -> Result<Self> {
        let mut graph = Self::default();
        let elf = ElfFile64::<Endianness>::parse(data).context("failed to read the link")?;
        let mut regions: Vec<(u64, u64, Region<'a>)> = Vec::new();
        for output in map.iter().filter(|output| output.address != 0) {
            for input in &output.inputs {
                if input.size == 0 {
                    continue;
                }
                let region = if input.file != INTERNAL {
                    Region::Node(graph.add(NodeKey::section(input), Some(input)))
                } else if merged_sections::element_layout(input.section).is_some() {
                    let bytes = elf.section_by_name(output.name).and_then(|section| {
                        let from = input.address.checked_sub(section.address())?;
                        let data = section.data().ok()?;
                        data.get(usize::try_from(from).ok()?..)?
                            .get(..usize::try_from(input.size).ok()?)
                    });
                    Region::Merged(input, bytes.unwrap_or_default())
                } else {
                    continue;
                };
                regions.push((input.address, input.size, region));
            }
        }
        regions.sort_by_key(|(address, ..)| *address);
        let at = |address: u64| {
            let index = regions.partition_point(|(start, ..)| *start <= address);
            let (start, size, region) = regions.get(index.checked_sub(1)?)?;
            (address < start + size).then_some((*start, region))
        };
        let header: &FileHeader64<Endianness> = elf.elf_header();
        let sections = header.sections(ENDIAN, data)?;
        let symbols = sections.symbols(ENDIAN, data, object::elf::SHT_SYMTAB)?;
        for section in sections.iter() {
            let applies = sections.section(object::SectionIndex(section.sh_info(ENDIAN) as usize));
            let loaded = applies.is_ok_and(|target| target.sh_flags(ENDIAN) & SHF_ALLOC != SectionFlags(0));
            if section.sh_type(ENDIAN) != SHT_RELA || section.sh_addr(ENDIAN) != 0 || !loaded {
                continue;
            }
            let Some((relocations, _)) = section.rela(ENDIAN, data)? else {
                continue;
            };
            for relocation in relocations {
                let offset = relocation.r_offset(ENDIAN);
                let Some((start, Region::Node(from))) = at(offset) else {
                    continue;
                };
                let index = relocation.r_sym(ENDIAN, false);
                let Ok(symbol) = symbols.symbol(object::SymbolIndex(index as usize)) else {
                    continue;
                };
                // A thread-local symbol has an offset and no address.
                if symbol.is_undefined(ENDIAN) || symbol.st_type() == STT_TLS {
                    continue;
                }
                let mut target = symbol.st_value(ENDIAN);
                if symbol.st_type() == STT_SECTION {
                    // The symbol is the whole section; the addend is the offset in it.
                    let kind = relocation.r_type(ENDIAN, false);
                    let section = graph.inputs[*from].map_or("", |input| input.section);
                    let addend = relocation.r_addend(ENDIAN) + addend_bias(kind, section, offset - start);
                    target = target.saturating_add_signed(addend);
                }
                let from = *from;
                let to = match at(target) {
                    Some((start, Region::Merged(input, bytes))) => {
                        let section = input.section;
                        let content = merged_sections::element_at(section, bytes, target - start);
                        let Some(content) = content else { continue };
                        let key = NodeKey::Merged(section, content);
                        let known = graph.nodes_by_key.get(&key).copied();
                        known.unwrap_or_else(|| graph.add(key, None))
                    }
                    Some((_, Region::Node(to))) => *to,
                    None => continue,
                };
                if from != to {
                    graph.references[from].push(to);
                }
            }
        }
        graph.add_exception_tables();
        for references in &mut graph.references {
            references.sort_unstable();
            references.dedup();
        }
        Ok(graph)
    }

    /// Members with the same name can have sections with the same name: each is a node, and the key finds the first.
    fn add(&mut self, key: NodeKey<'a>, input: Option<&'a InputSection<'a>>) -> NodeIndex {
        let node = self.keys.len();
        self.nodes_by_key.entry(key.clone()).or_insert(node);
        self.keys.push(key);
        self.inputs.push(input);
        self.references.push(Vec::new());
        node
    }

    /// Functions refer to their exception tables by the unwind tables, whose relocations linkers do not keep; the
    /// table's section name contains the function.
    fn add_exception_tables(&mut self) {
        const TABLE: &str = ".gcc_except_table.";
        let tables = self.keys.iter().enumerate();
        let pairs = tables.filter_map(|(table, key)| {
            let NodeKey::Section(file, member, section) = *key else {
                return None;
            };
            let section = format!(".text.{}", section.strip_prefix(TABLE)?);
            let code = NodeKey::Section(file, member, &section);
            Some((*self.nodes_by_key.get(&code)?, table))
        });
        let pairs: Vec<_> = pairs.collect();
        for (code, table) in pairs {
            self.references[code].push(table);
        }
    }
}

/// The correction of a relocation's addend to the target's offset. `at` is the relocation's offset in its section, in
/// bytes.
fn addend_bias(kind: RelocationType, section: &str, at: u64) -> i64 {
    use object::elf::{
        R_AARCH64_PREL32, R_X86_64_GOTPCREL, R_X86_64_GOTPCRELX, R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_REX_GOTPCRELX,
    };
    match kind {
        // Entries of a jump table are relative to its begin, the addend to the entry.
        R_X86_64_PC32 | R_AARCH64_PREL32 if section.starts_with(".rodata") => -i64::try_from(at).unwrap_or_default(),
        R_X86_64_PC32 if !section.starts_with(".text") => 0,
        // Instructions are relative to their end, in most cases four bytes after the operand.
        R_X86_64_PC32 | R_X86_64_PLT32 | R_X86_64_GOTPCREL | R_X86_64_GOTPCRELX | R_X86_64_REX_GOTPCRELX => 4,
        _ => 0,
    }
}

enum Region<'a> {
    Node(NodeIndex),
    Merged(&'a InputSection<'a>, &'a [u8]),
}

impl<'a> NodeKey<'a> {
    pub fn section(input: &InputSection<'a>) -> Self {
        Self::Section(input.file, input.member, input.section)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A section of the Rust object with one symbol of that name.
    pub fn input(name: &'static str, size: u64) -> InputSection<'static> {
        InputSection {
            file: "/d/b.1-cgu.0.rcgu.o",
            member: None,
            section: name,
            address: 0,
            size,
            symbols: vec![super::super::link_map::Symbol { name, address: 0, size }],
        }
    }

    /// The graph of `inputs` with `references`, pairs of indices into `inputs`.
    pub fn graph<'a>(inputs: &'a [InputSection<'a>], references: &[(NodeIndex, NodeIndex)]) -> Graph<'a> {
        let mut graph = Graph::default();
        for input in inputs {
            graph.add(NodeKey::section(input), Some(input));
        }
        for (from, to) in references {
            graph.references[*from].push(*to);
        }
        graph
    }

    #[test]
    fn addend_bias_depends_on_relocation_and_section() {
        use object::elf::{R_X86_64_64, R_X86_64_PC32};
        assert_eq!(addend_bias(R_X86_64_PC32, ".text.f", 8), 4);
        assert_eq!(addend_bias(R_X86_64_PC32, ".rodata.f", 8), -8);
        assert_eq!(addend_bias(R_X86_64_PC32, ".gcc_except_table.f", 8), 0);
        assert_eq!(addend_bias(R_X86_64_64, ".data.rel.ro.f", 8), 0);
    }

    #[test]
    fn members_with_equal_names_are_separate_nodes() {
        let inputs = [input(".text.f", 8), input(".text.f", 16)];
        assert_eq!(graph(&inputs, &[]).keys.len(), 2);
    }

    #[test]
    fn function_refers_to_its_exception_table() {
        let inputs = [input(".text.f", 8), input(".gcc_except_table.f", 4)];
        let mut graph = graph(&inputs, &[]);
        graph.add_exception_tables();
        assert_eq!(graph.references, [vec![1], vec![]]);
    }

    #[test]
    fn parse_rejects_non_elf_and_accepts_empty_map() {
        let data = fs_err::read(std::env::current_exe().unwrap()).unwrap();
        assert!(Graph::parse(&data, &[]).unwrap().keys.is_empty());
        assert!(Graph::parse(b"no program", &[]).is_err());
    }
}

//! What refers to what in the function: sections of the files that were linked, and the strings and numbers
//! that the linker keeps once for all. Made of a link that kept its relocations.

use std::collections::HashMap;

use anyhow::{Context, Result};
use object::elf::{
    FileHeader64, RelocationType, SHF_ALLOC, SHT_RELA, STT_SECTION, STT_TLS, SectionFlags,
};
use object::read::elf::{ElfFile64, FileHeader, Rela, SectionHeader, Sym};
use object::{Endianness, Object, ObjectSection};

use super::map::{INTERNAL, Input, Output};
use super::merged;

pub type Node = usize;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key<'a> {
    /// A file, its member and a section.
    Section(&'a str, Option<&'a str>, &'a str),
    /// What files share: a string or a number, in a section of the linker's own.
    Merged(&'a str, Vec<u8>),
}

#[derive(Default)]
pub struct Graph<'a> {
    pub keys: Vec<Key<'a>>,
    /// The sections' inputs; none of what is merged.
    pub inputs: Vec<Option<&'a Input<'a>>>,
    /// What each node refers to, without repetition.
    pub references: Vec<Vec<Node>>,
    numbers: HashMap<Key<'a>, Node>,
}

/// How the file's bytes are written; both of Lambda's processors do it like this.
const ENDIAN: Endianness = Endianness::Little;

impl<'a> Graph<'a> {
    pub fn of(data: &'a [u8], map: &'a [Output<'a>]) -> Result<Self> {
        let mut graph = Self::default();
        let elf = ElfFile64::<Endianness>::parse(data).context("failed to read the link")?;
        let mut places: Vec<(u64, u64, Spot<'a>)> = Vec::new();
        for output in map.iter().filter(|output| output.address != 0) {
            for input in &output.inputs {
                if input.size == 0 {
                    continue;
                }
                let spot = if input.file != INTERNAL {
                    Spot::Node(graph.add(Key::section(input), Some(input)))
                } else if merged::unit(input.section).is_some() {
                    let bytes = elf.section_by_name(output.name).and_then(|section| {
                        let from = input.address.checked_sub(section.address())?;
                        let data = section.data().ok()?;
                        data.get(usize::try_from(from).ok()?..)?
                            .get(..usize::try_from(input.size).ok()?)
                    });
                    Spot::Merged(input, bytes.unwrap_or_default())
                } else {
                    continue;
                };
                places.push((input.address, input.size, spot));
            }
        }
        places.sort_by_key(|(address, ..)| *address);
        let at = |address: u64| {
            let index = places.partition_point(|(start, ..)| *start <= address);
            let (start, size, spot) = places.get(index.checked_sub(1)?)?;
            (address < start + size).then_some((*start, spot))
        };
        let header: &FileHeader64<Endianness> = elf.elf_header();
        let sections = header.sections(ENDIAN, data)?;
        let symbols = sections.symbols(ENDIAN, data, object::elf::SHT_SYMTAB)?;
        for section in sections.iter() {
            let applies = sections.section(object::SectionIndex(section.sh_info(ENDIAN) as usize));
            let loaded =
                applies.is_ok_and(|target| target.sh_flags(ENDIAN) & SHF_ALLOC != SectionFlags(0));
            if section.sh_type(ENDIAN) != SHT_RELA || section.sh_addr(ENDIAN) != 0 || !loaded {
                continue;
            }
            let Some((relocations, _)) = section.rela(ENDIAN, data)? else {
                continue;
            };
            for relocation in relocations {
                let offset = relocation.r_offset(ENDIAN);
                let Some((start, Spot::Node(from))) = at(offset) else {
                    continue;
                };
                let index = relocation.r_sym(ENDIAN, false);
                let Ok(symbol) = symbols.symbol(object::SymbolIndex(index as usize)) else {
                    continue;
                };
                // What is thread-local has an offset and no address.
                if symbol.is_undefined(ENDIAN) || symbol.st_type() == STT_TLS {
                    continue;
                }
                let mut target = symbol.st_value(ENDIAN);
                if symbol.st_type() == STT_SECTION {
                    // It stands for all in the section; the addend tells what is meant.
                    let kind = relocation.r_type(ENDIAN, false);
                    let section = graph.inputs[*from].map_or("", |input| input.section);
                    let addend = relocation.r_addend(ENDIAN) + bias(kind, section, offset - start);
                    target = target.saturating_add_signed(addend);
                }
                let from = *from;
                let to = match at(target) {
                    Some((start, Spot::Merged(input, bytes))) => {
                        let section = input.section;
                        let content = merged::containing(section, bytes, target - start);
                        let Some(content) = content else { continue };
                        let key = Key::Merged(section, content);
                        let known = graph.numbers.get(&key).copied();
                        known.unwrap_or_else(|| graph.add(key, None))
                    }
                    Some((_, Spot::Node(to))) => *to,
                    None => continue,
                };
                if from != to {
                    graph.references[from].push(to);
                }
            }
        }
        graph.add_unwinding();
        for references in &mut graph.references {
            references.sort_unstable();
            references.dedup();
        }
        Ok(graph)
    }

    /// Members of one name can have sections of one name: each is a node, and the first is found by the key.
    fn add(&mut self, key: Key<'a>, input: Option<&'a Input<'a>>) -> Node {
        let node = self.keys.len();
        self.numbers.entry(key.clone()).or_insert(node);
        self.keys.push(key);
        self.inputs.push(input);
        self.references.push(Vec::new());
        node
    }

    /// A function's table of exceptions is found through the unwind tables, whose relocations linkers
    /// do not keep; its section's name tells whose it is.
    fn add_unwinding(&mut self) {
        const TABLE: &str = ".gcc_except_table.";
        let tables = self.keys.iter().enumerate();
        let pairs = tables.filter_map(|(table, key)| {
            let Key::Section(file, member, section) = *key else {
                return None;
            };
            let section = format!(".text.{}", section.strip_prefix(TABLE)?);
            let code = Key::Section(file, member, &section);
            Some((*self.numbers.get(&code)?, table))
        });
        let pairs: Vec<_> = pairs.collect();
        for (code, table) in pairs {
            self.references[code].push(table);
        }
    }
}

/// What to add to the addend of a relocation that is `at` so many bytes in a section, to get what is meant.
fn bias(kind: RelocationType, section: &str, at: u64) -> i64 {
    use object::elf::{
        R_AARCH64_PREL32, R_X86_64_GOTPCREL, R_X86_64_GOTPCRELX, R_X86_64_PC32, R_X86_64_PLT32,
        R_X86_64_REX_GOTPCRELX,
    };
    match kind {
        // A jump table has distances from its own begin, and the addend one from the entry.
        R_X86_64_PC32 | R_AARCH64_PREL32 if section.starts_with(".rodata") => {
            -i64::try_from(at).unwrap_or_default()
        }
        R_X86_64_PC32 if !section.starts_with(".text") => 0,
        // An instruction counts from its end, which in most is four bytes after the address in it.
        R_X86_64_PC32
        | R_X86_64_PLT32
        | R_X86_64_GOTPCREL
        | R_X86_64_GOTPCRELX
        | R_X86_64_REX_GOTPCRELX => 4,
        _ => 0,
    }
}

enum Spot<'a> {
    Node(Node),
    Merged(&'a Input<'a>, &'a [u8]),
}

impl<'a> Key<'a> {
    pub fn section(input: &Input<'a>) -> Self {
        Self::Section(input.file, input.member, input.section)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A section of the Rust object with one symbol of that name, which is not mangled.
    pub fn input(name: &'static str, size: u64) -> Input<'static> {
        Input {
            file: "/d/b.1-cgu.0.rcgu.o",
            member: None,
            section: name,
            address: 0,
            size,
            symbols: vec![super::super::map::Symbol {
                name,
                address: 0,
                size,
            }],
        }
    }

    /// The graph of some inputs, and of which refers to which, by their numbers.
    pub fn graph<'a>(inputs: &'a [Input<'a>], references: &[(Node, Node)]) -> Graph<'a> {
        let mut graph = Graph::default();
        for input in inputs {
            graph.add(Key::section(input), Some(input));
        }
        for (from, to) in references {
            graph.references[*from].push(*to);
        }
        graph
    }

    #[test]
    fn an_instruction_counts_from_its_end_and_a_jump_table_from_its_begin() {
        use object::elf::{R_X86_64_64, R_X86_64_PC32};
        assert_eq!(bias(R_X86_64_PC32, ".text.f", 8), 4);
        assert_eq!(bias(R_X86_64_PC32, ".rodata.f", 8), -8);
        assert_eq!(bias(R_X86_64_PC32, ".gcc_except_table.f", 8), 0);
        assert_eq!(bias(R_X86_64_64, ".data.rel.ro.f", 8), 0);
    }

    #[test]
    fn members_of_one_name_are_nodes_of_their_own() {
        let inputs = [input(".text.f", 8), input(".text.f", 16)];
        assert_eq!(graph(&inputs, &[]).keys.len(), 2);
    }

    #[test]
    fn a_function_needs_its_table_of_exceptions() {
        let inputs = [input(".text.f", 8), input(".gcc_except_table.f", 4)];
        let mut graph = graph(&inputs, &[]);
        graph.add_unwinding();
        assert_eq!(graph.references, [vec![1], vec![]]);
    }

    #[test]
    fn what_is_no_program_is_refused_and_a_map_without_files_has_no_nodes() {
        let data = fs_err::read(std::env::current_exe().unwrap()).unwrap();
        assert!(Graph::of(&data, &[]).unwrap().keys.is_empty());
        assert!(Graph::of(b"no program", &[]).is_err());
    }
}

//! Divides the function's binary into spans that cover every byte, each with its attribution and name.

use anyhow::{Context, Result, ensure};
use object::Endianness;
use object::elf::{FileHeader64, SHF_ALLOC, SHT_NOBITS, SectionFlags};
use object::read::elf::{FileHeader, SectionHeader};

use super::attribution::{Attribution, ELF, LibraryMembers, RUST_CRATES, Span};
use super::demangle::{display_name, is_internal_symbol, symbol_of_section};
use super::graph::{Graph, NodeKey};
use super::link_map::{INTERNAL, InputSection, OutputSection};
use super::part::Kind;
use super::unnamed_constants::UnnamedConstants;
use super::unwind_and_relocations::{Section, SpanIndex, add_entries, is_unwind_or_relocation};
use super::{attribution, merged_sections};

const ENDIAN: Endianness = Endianness::Little;

pub fn spans(binary: &[u8], map: &[OutputSection], members: &LibraryMembers, graph: &Graph) -> Result<Vec<Span>> {
    let unnamed_constants = UnnamedConstants::attribute(graph, members);
    let header = FileHeader64::<Endianness>::parse(binary).context("it is not an ELF file")?;
    let sections = header.sections(ENDIAN, binary)?;
    let mut spans = header_spans(header, binary)?;
    let mut entry_sections = Vec::new();
    for section in sections.iter() {
        let size = section.sh_size(ENDIAN);
        if section.sh_type(ENDIAN) == SHT_NOBITS || size == 0 {
            continue;
        }
        let name = sections.section_name(ENDIAN, section)?;
        let name = std::str::from_utf8(name).context("a section's name is not UTF-8")?;
        let loaded = section.sh_flags(ENDIAN) & SHF_ALLOC != SectionFlags(0);
        let at = Section {
            name,
            offset: section.sh_offset(ENDIAN),
            address: section.sh_addr(ENDIAN),
            size,
            data: section.data(ENDIAN, binary)?,
        };
        let output = map.iter().find(|output| output.name == name && loaded);
        if is_unwind_or_relocation(name) {
            // Their entries are attributed by the other spans.
            entry_sections.push(at);
            continue;
        }
        match output {
            Some(output) => {
                ensure!(
                    (output.address, output.size) == (at.address, at.size),
                    "address or size of `{name}` differs from the linker's map"
                );
                for input in &output.inputs {
                    add_input(&at, input, members, &unnamed_constants, &mut spans);
                }
            }
            None => spans.push(at.span("notes of compilers, names of sections")),
        }
    }
    spans.sort_by_key(|span| span.offset);
    let index = SpanIndex::new(&spans, header, binary)?;
    let mut found = Vec::new();
    for section in &entry_sections {
        add_entries(section, &index, &mut found)?;
    }
    spans.extend(found);
    fill_gaps(spans, binary.len() as u64)
}

fn section_kind(section: &str) -> Kind {
    match section {
        ".text" | ".init" | ".fini" | "__lcxx_override" => Kind::Code,
        ".rodata" => Kind::Constants,
        ".data" | ".data.rel.ro" | ".tdata" | ".init_array" | ".fini_array" => Kind::Data,
        ".gcc_except_table" => Kind::Unwind,
        ".rela.plt" | ".relr.dyn" => Kind::Relocations,
        _ => Kind::Linking,
    }
}

fn header_spans(header: &FileHeader64<Endianness>, binary: &[u8]) -> Result<Vec<Span>> {
    let span = |name: &str, offset, size| Span {
        offset,
        size,
        attribution: Attribution::new(ELF, "linking", "headers"),
        name: name.to_owned(),
        kind: Kind::Linking,
    };
    let programs = size_of_val(header.program_headers(ENDIAN, binary)?) as u64;
    let sections = size_of_val(header.section_headers(ENDIAN, binary)?) as u64;
    Ok(vec![
        span("file header", 0, size_of_val(header) as u64),
        span("program headers", header.e_phoff(ENDIAN), programs),
        span("section headers", header.e_shoff(ENDIAN), sections),
    ])
}

fn add_input(
    section: &Section,
    input: &InputSection,
    members: &LibraryMembers,
    unnamed_constants: &UnnamedConstants,
    spans: &mut Vec<Span>,
) {
    if input.size == 0 {
        return;
    }
    let offset = section.offset + (input.address - section.address);
    let kind = section_kind(section.name);
    if input.file == INTERNAL {
        if merged_sections::element_layout(input.section).is_none() {
            let file = match kind {
                Kind::Code => "jumps that the linker adds",
                _ => "tables for the loader",
            };
            let mut span = section.span(file);
            (span.offset, span.size, span.kind) = (offset, input.size, kind);
            spans.push(span);
            return;
        }
        let from = usize::try_from(input.address - section.address).unwrap_or_default();
        let size = usize::try_from(input.size).unwrap_or_default();
        let bytes = section.data.get(from..).and_then(|data| data.get(..size));
        for (start, content) in merged_sections::elements(input.section, bytes.unwrap_or_default()) {
            let key = NodeKey::Merged(input.section, content.to_owned());
            let unknown = || Attribution::new(ELF, "constants without an owner", input.section);
            spans.push(Span {
                offset: offset + start as u64,
                size: content.len() as u64,
                attribution: unnamed_constants.0.get(&key).cloned().unwrap_or_else(unknown),
                name: "strings and numbers".to_owned(),
                kind,
            });
        }
        return;
    }
    let attribution_of = |symbol: &str| {
        let known = attribution::of_input_section(input, symbol, members);
        let shared = || unnamed_constants.0.get(&NodeKey::section(input)).cloned();
        let unknown = || Attribution::new(RUST_CRATES, "without a name", "constants");
        known.or_else(shared).unwrap_or_else(unknown)
    };
    let mut end = input.address;
    let span = |address: u64, size: u64, symbol: Option<&str>| Span {
        offset: section.offset + (address - section.address),
        size,
        attribution: attribution_of(symbol.unwrap_or_else(|| symbol_of_section(input.section))),
        name: display_name(symbol.unwrap_or(input.section)),
        kind,
    };
    for (address, size, symbol) in named_symbols(input) {
        if address > end {
            spans.push(span(end, address - end, None));
        }
        spans.push(span(address, size, Some(symbol)));
        end = address + size;
    }
    let all = input.address + input.size;
    if all > end {
        spans.push(span(end, all - end, None));
    }
}

/// The address, size and name of the symbols of an input that are not internal. Sizes end at the next symbol; of
/// several symbols at one address, only the largest is used.
fn named_symbols<'a>(input: &'a InputSection) -> Vec<(u64, u64, &'a str)> {
    let mut symbols: Vec<_> = input
        .symbols
        .iter()
        .filter(|symbol| !is_internal_symbol(symbol.name) && symbol.address >= input.address)
        .collect();
    symbols.sort_by_key(|symbol| (symbol.address, std::cmp::Reverse(symbol.size)));
    symbols.dedup_by_key(|symbol| symbol.address);
    let end = input.address + input.size;
    let next = |index: usize| symbols.get(index + 1).map_or(end, |next| next.address);
    let extents = symbols.iter().enumerate().map(|(index, symbol)| {
        let room = next(index).min(end).saturating_sub(symbol.address);
        // Assembly code often omits the size of a function.
        let size = Some(symbol.size).filter(|size| *size > 0);
        (symbol.address, size.unwrap_or(room).min(room), symbol.name)
    });
    extents.filter(|(_, size, _)| *size > 0).collect()
}

/// Sorts the spans and fills the gaps between them with padding; they must not overlap.
fn fill_gaps(mut spans: Vec<Span>, length: u64) -> Result<Vec<Span>> {
    spans.sort_by_key(|span| span.offset);
    let mut filled = Vec::with_capacity(spans.len() * 2);
    let mut end = 0;
    let padding = |offset, size| Span {
        offset,
        size,
        attribution: Attribution::new(ELF, "padding", "between parts"),
        name: "padding".to_owned(),
        kind: Kind::Padding,
    };
    for span in spans {
        ensure!(
            span.offset >= end,
            "`{}` begins at byte {} of the file and overlaps another span",
            span.name,
            span.offset
        );
        if span.offset > end {
            filled.push(padding(end, span.offset - end));
        }
        end = span.offset + span.size;
        filled.push(span);
    }
    ensure!(end <= length, "the map has more bytes than the file");
    if length > end {
        filled.push(padding(end, length - end));
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::super::link_map::Symbol;
    use super::*;

    fn span(offset: u64, size: u64) -> Span {
        Span {
            offset,
            size,
            attribution: Attribution::new(ELF, "linking", "headers"),
            name: format!("at {offset}"),
            kind: Kind::Linking,
        }
    }

    #[test]
    fn gaps_are_padding_and_overlaps_are_errors() {
        let filled = fill_gaps(vec![span(8, 2), span(0, 4)], 12).unwrap();
        let sizes: Vec<_> = filled.iter().map(|span| (span.kind, span.size)).collect();
        let (link, padding) = (Kind::Linking, Kind::Padding);
        assert_eq!(sizes, [(link, 4), (padding, 4), (link, 2), (padding, 2)]);
        let error = fill_gaps(vec![span(0, 4), span(3, 4)], 12).unwrap_err();
        assert!(error.to_string().contains("`at 3` begins at byte 3"), "{error}");
        assert!(fill_gaps(vec![span(0, 4)], 3).is_err());
    }

    #[test]
    fn unsized_functions_extend_to_the_next_symbol() {
        let symbol = |name, address, size| Symbol { name, address, size };
        let input = InputSection {
            file: "a.o",
            member: None,
            section: ".text",
            address: 100,
            size: 50,
            symbols: vec![
                symbol("alias", 110, 0),
                symbol("sized", 110, 10),
                symbol(".Lprivate", 112, 0),
                symbol("$d", 115, 0),
                symbol("assembly", 130, 0),
            ],
        };
        assert_eq!(named_symbols(&input), [(110, 10, "sized"), (130, 20, "assembly")]);
    }
}

//! The function's binary, every byte of it: each piece with its place and its name.

use anyhow::{Context, Result, ensure};
use object::Endianness;
use object::elf::{FileHeader64, SHF_ALLOC, SHT_NOBITS, SectionFlags};
use object::read::elf::{FileHeader, SectionHeader};

use super::graph::{Graph, Key};
use super::map::{INTERNAL, Input, Output};
use super::name::{is_private, shown, symbol_in};
use super::part::Kind;
use super::place::{CRATES, ELF, Members, Piece, Place};
use super::share::Shares;
use super::tables::{Owners, Section, add_tables, by_address};
use super::{merged, place};

const ENDIAN: Endianness = Endianness::Little;

pub fn pieces(
    binary: &[u8],
    map: &[Output],
    members: &Members,
    graph: &Graph,
) -> Result<Vec<Piece>> {
    let shares = Shares::of(graph, members);
    let header = FileHeader64::<Endianness>::parse(binary).context("it is no ELF file")?;
    let sections = header.sections(ENDIAN, binary)?;
    let mut pieces = headers(header, binary)?;
    let mut later = Vec::new();
    for section in sections.iter() {
        let size = section.sh_size(ENDIAN);
        if section.sh_type(ENDIAN) == SHT_NOBITS || size == 0 {
            continue;
        }
        let name = sections.section_name(ENDIAN, section)?;
        let name = std::str::from_utf8(name).context("a section's name is no text")?;
        let loaded = section.sh_flags(ENDIAN) & SHF_ALLOC != SectionFlags(0);
        let at = Section {
            name,
            offset: section.sh_offset(ENDIAN),
            address: section.sh_addr(ENDIAN),
            size,
            data: section.data(ENDIAN, binary)?,
        };
        let output = map.iter().find(|output| output.name == name && loaded);
        if by_address(name) {
            // What these are for is told by other pieces.
            later.push(at);
            continue;
        }
        match output {
            Some(output) => {
                ensure!(
                    (output.address, output.size) == (at.address, at.size),
                    "the linker's map has another `{name}`"
                );
                for input in &output.inputs {
                    add_input(&at, input, members, &shares, &mut pieces);
                }
            }
            None => pieces.push(at.whole("notes of compilers, names of sections")),
        }
    }
    pieces.sort_by_key(|piece| piece.offset);
    let owners = Owners::of(&pieces, header, binary)?;
    let mut found = Vec::new();
    for section in &later {
        add_tables(section, &owners, &mut found)?;
    }
    pieces.extend(found);
    close(pieces, binary.len() as u64)
}

fn kind(section: &str) -> Kind {
    match section {
        ".text" | ".init" | ".fini" | "__lcxx_override" => Kind::Code,
        ".rodata" => Kind::Constants,
        ".data" | ".data.rel.ro" | ".tdata" | ".init_array" | ".fini_array" => Kind::Data,
        ".gcc_except_table" => Kind::Unwind,
        ".rela.plt" | ".relr.dyn" => Kind::Relocations,
        _ => Kind::Linking,
    }
}

fn headers(header: &FileHeader64<Endianness>, binary: &[u8]) -> Result<Vec<Piece>> {
    let piece = |name: &str, offset, size| Piece {
        offset,
        size,
        place: Place::new(ELF, "linking", "headers"),
        name: name.to_owned(),
        kind: Kind::Linking,
    };
    let programs = size_of_val(header.program_headers(ENDIAN, binary)?) as u64;
    let sections = size_of_val(header.section_headers(ENDIAN, binary)?) as u64;
    Ok(vec![
        piece("file header", 0, size_of_val(header) as u64),
        piece("program headers", header.e_phoff(ENDIAN), programs),
        piece("section headers", header.e_shoff(ENDIAN), sections),
    ])
}

fn add_input(
    section: &Section,
    input: &Input,
    members: &Members,
    shares: &Shares,
    pieces: &mut Vec<Piece>,
) {
    if input.size == 0 {
        return;
    }
    let offset = section.offset + (input.address - section.address);
    let kind = kind(section.name);
    if input.file == INTERNAL {
        if merged::unit(input.section).is_none() {
            let file = match kind {
                Kind::Code => "jumps that the linker adds",
                _ => "tables for the loader",
            };
            let mut piece = section.whole(file);
            (piece.offset, piece.size, piece.kind) = (offset, input.size, kind);
            pieces.push(piece);
            return;
        }
        let from = usize::try_from(input.address - section.address).unwrap_or_default();
        let size = usize::try_from(input.size).unwrap_or_default();
        let bytes = section.data.get(from..).and_then(|data| data.get(..size));
        for (start, content) in merged::elements(input.section, bytes.unwrap_or_default()) {
            let key = Key::Merged(input.section, content.to_owned());
            let unknown = || Place::new(ELF, "constants without an owner", input.section);
            pieces.push(Piece {
                offset: offset + start as u64,
                size: content.len() as u64,
                place: shares.0.get(&key).cloned().unwrap_or_else(unknown),
                name: "strings and numbers".to_owned(),
                kind,
            });
        }
        return;
    }
    let place_of = |symbol: &str| {
        let known = place::of_input(input, symbol, members);
        let shared = || shares.0.get(&Key::section(input)).cloned();
        let unknown = || Place::new(CRATES, "without a name", "constants");
        known.or_else(shared).unwrap_or_else(unknown)
    };
    let mut end = input.address;
    let piece = |address: u64, size: u64, symbol: Option<&str>| Piece {
        offset: section.offset + (address - section.address),
        size,
        place: place_of(symbol.unwrap_or_else(|| symbol_in(input.section))),
        name: shown(symbol.unwrap_or(input.section)),
        kind,
    };
    for (address, size, symbol) in named(input) {
        if address > end {
            pieces.push(piece(end, address - end, None));
        }
        pieces.push(piece(address, size, Some(symbol)));
        end = address + size;
    }
    let all = input.address + input.size;
    if all > end {
        pieces.push(piece(end, all - end, None));
    }
}

/// The symbols of an input that are worth a name, each with the bytes up to its end or the next; of
/// several at one address the first.
fn named<'a>(input: &'a Input) -> Vec<(u64, u64, &'a str)> {
    let mut symbols: Vec<_> = input
        .symbols
        .iter()
        .filter(|symbol| !is_private(symbol.name) && symbol.address >= input.address)
        .collect();
    symbols.sort_by_key(|symbol| (symbol.address, std::cmp::Reverse(symbol.size)));
    symbols.dedup_by_key(|symbol| symbol.address);
    let end = input.address + input.size;
    let next = |index: usize| symbols.get(index + 1).map_or(end, |next| next.address);
    let spans = symbols.iter().enumerate().map(|(index, symbol)| {
        let room = next(index).min(end).saturating_sub(symbol.address);
        // Assembly often does not say how large a function is.
        let size = Some(symbol.size).filter(|size| *size > 0);
        (symbol.address, size.unwrap_or(room).min(room), symbol.name)
    });
    spans.filter(|(_, size, _)| *size > 0).collect()
}

/// The pieces in order, what is between them as padding; they must not overlap.
fn close(mut pieces: Vec<Piece>, length: u64) -> Result<Vec<Piece>> {
    pieces.sort_by_key(|piece| piece.offset);
    let mut closed = Vec::with_capacity(pieces.len() * 2);
    let mut end = 0;
    let padding = |offset, size| Piece {
        offset,
        size,
        place: Place::new(ELF, "padding", "between parts"),
        name: "padding".to_owned(),
        kind: Kind::Padding,
    };
    for piece in pieces {
        ensure!(
            piece.offset >= end,
            "`{}` begins at byte {} of the file, where something else is",
            piece.name,
            piece.offset
        );
        if piece.offset > end {
            closed.push(padding(end, piece.offset - end));
        }
        end = piece.offset + piece.size;
        closed.push(piece);
    }
    ensure!(end <= length, "the map has more bytes than the file");
    if length > end {
        closed.push(padding(end, length - end));
    }
    Ok(closed)
}

#[cfg(test)]
mod tests {
    use super::super::map::Symbol;
    use super::*;

    fn piece(offset: u64, size: u64) -> Piece {
        Piece {
            offset,
            size,
            place: Place::new(ELF, "linking", "headers"),
            name: format!("at {offset}"),
            kind: Kind::Linking,
        }
    }

    #[test]
    fn what_nobody_claims_is_padding_and_nothing_is_claimed_twice() {
        let closed = close(vec![piece(8, 2), piece(0, 4)], 12).unwrap();
        let sizes: Vec<_> = closed
            .iter()
            .map(|piece| (piece.kind, piece.size))
            .collect();
        let (link, padding) = (Kind::Linking, Kind::Padding);
        assert_eq!(sizes, [(link, 4), (padding, 4), (link, 2), (padding, 2)]);
        let error = close(vec![piece(0, 4), piece(3, 4)], 12).unwrap_err();
        assert!(
            error.to_string().contains("`at 3` begins at byte 3"),
            "{error}"
        );
        assert!(close(vec![piece(0, 4)], 3).is_err());
    }

    #[test]
    fn functions_without_a_size_go_on_to_the_next_and_private_names_are_none() {
        let symbol = |name, address, size| Symbol {
            name,
            address,
            size,
        };
        let input = Input {
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
        assert_eq!(named(&input), [(110, 10, "sized"), (130, 20, "assembly")]);
    }
}

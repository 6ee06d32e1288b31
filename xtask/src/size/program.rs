//! The function's binary, every byte of it: each piece with its place and its name.

use anyhow::{Context, Result, ensure};
use object::elf::{FileHeader64, SHF_ALLOC, SHT_NOBITS, SectionFlags};
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, U64Bytes};

use super::graph::{Graph, Key};
use super::map::{INTERNAL, Input, Output};
use super::part::Kind;
use super::place::{CRATES, ELF, Members, Place};
use super::share::Shares;
use super::{merged, name, place, unwind};

/// Some bytes of the file.
#[derive(Debug)]
pub struct Piece {
    /// Where it begins in the file.
    pub offset: u64,
    /// Its size.
    pub size: u64,
    /// Whose it is.
    pub place: Place,
    /// What it is.
    pub name: String,
    /// What sort of bytes.
    pub kind: Kind,
}

const ENDIAN: Endianness = Endianness::Little;

/// All pieces of `binary`, in order and without a gap.
///
/// # Errors
/// It is no ELF file, or `map` is of another one.
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

/// A section of the binary.
struct Section<'a> {
    name: &'a str,
    offset: u64,
    address: u64,
    size: u64,
    data: &'a [u8],
}

impl Section<'_> {
    fn whole(&self, file: &str) -> Piece {
        Piece {
            offset: self.offset,
            size: self.size,
            place: Place::new(ELF, "linking", file),
            name: self.name.to_owned(),
            kind: Kind::Linking,
        }
    }
}

/// Tables whose entries are for addresses elsewhere.
fn by_address(section: &str) -> bool {
    [".eh_frame", ".eh_frame_hdr", ".rela.dyn", ".relr.dyn"].contains(&section)
}

/// What sort of bytes a section of the binary has.
fn kind(section: &str) -> Kind {
    match section {
        ".text" | ".init" | ".fini" | "__lcxx_override" => Kind::Code,
        ".rodata" => Kind::Constants,
        ".data" | ".data.rel.ro" | ".tdata" | ".init_array" | ".fini_array" => Kind::Data,
        ".gcc_except_table" => Kind::Unwind,
        ".rela.plt" => Kind::Relocations,
        _ => Kind::Linking,
    }
}

/// The headers that say where all else is.
fn headers(header: &FileHeader64<Endianness>, binary: &[u8]) -> Result<Vec<Piece>> {
    let piece = |name: &str, offset, size| Piece {
        offset,
        size,
        place: Place::new(ELF, "linking", "headers"),
        name: name.to_owned(),
        kind: Kind::Linking,
    };
    let programs = header.program_headers(ENDIAN, binary)?;
    let sections = header.section_headers(ENDIAN, binary)?;
    Ok(vec![
        piece("file header", 0, size_of_val(header) as u64),
        piece(
            "program headers",
            header.e_phoff(ENDIAN),
            size_of_val(programs) as u64,
        ),
        piece(
            "section headers",
            header.e_shoff(ENDIAN),
            size_of_val(sections) as u64,
        ),
    ])
}

/// The pieces of one section of a file that was linked.
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
            let mut piece = section.whole("tables for the loader");
            (piece.offset, piece.size, piece.kind) = (offset, input.size, kind);
            pieces.push(piece);
            return;
        }
        let from = usize::try_from(input.address - section.address).unwrap_or_default();
        let size = usize::try_from(input.size).unwrap_or_default();
        let bytes = section.data.get(from..).and_then(|data| data.get(..size));
        for (start, content) in merged::elements(input.section, bytes.unwrap_or_default()) {
            let key = Key::Merged {
                section: input.section,
                content: content.to_owned(),
            };
            let unknown = || Place::new(ELF, "constants without an owner", input.section);
            pieces.push(Piece {
                offset: offset + start as u64,
                size: content.len() as u64,
                place: shares.get(&key).cloned().unwrap_or_else(unknown),
                name: "strings and numbers".to_owned(),
                kind,
            });
        }
        return;
    }
    let place_of = |symbol: &str| {
        let known = place::of_input(input, symbol, members);
        let shared = || shares.get(&Key::section(input)).cloned();
        let unknown = || Place::new(CRATES, "without a name", "constants");
        known.or_else(shared).unwrap_or_else(unknown)
    };
    let mut end = input.address;
    let mut piece = |address: u64, size: u64, symbol: Option<&str>| Piece {
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
    let private = |name: &str| name.starts_with(".L") || name.starts_with("GCC_except_table");
    let mut symbols: Vec<_> = input
        .symbols
        .iter()
        .filter(|symbol| !private(symbol.name) && symbol.address >= input.address)
        .collect();
    symbols.sort_by_key(|symbol| (symbol.address, std::cmp::Reverse(symbol.size)));
    symbols.dedup_by_key(|symbol| symbol.address);
    let end = input.address + input.size;
    let next = |index: usize| symbols.get(index + 1).map_or(end, |next| next.address);
    let spans = symbols.iter().enumerate().map(|(index, symbol)| {
        let room = next(index).min(end).saturating_sub(symbol.address);
        // Assembly often does not say how large a function is.
        let size = if symbol.size == 0 {
            room
        } else {
            symbol.size.min(room)
        };
        (symbol.address, size, symbol.name)
    });
    spans.filter(|(_, size, _)| *size > 0).collect()
}

/// The name in that of a section: `.rodata..Lswitch.table._RNv…` is of `_RNv…`.
pub fn symbol_in(section: &str) -> &str {
    let rust = section.find("_R").map(|at| &section[at..]);
    rust.unwrap_or(section)
}

/// A name for people.
pub fn shown(symbol: &str) -> String {
    if let Some(rust) = name::rust(symbol_in(symbol)) {
        return rust.name;
    }
    if symbol.contains(".Lanon.") || symbol.contains("..L__unnamed") {
        return "constants without a name".to_owned();
    }
    let section = [
        ".text.",
        ".rodata.",
        ".data.rel.ro.",
        ".data.",
        ".gcc_except_table.",
    ];
    let name = section
        .iter()
        .find_map(|prefix| symbol.strip_prefix(prefix));
    name::cpp(name.unwrap_or(symbol))
}

/// Which piece lies at an address.
struct Owners<'a> {
    pieces: &'a [Piece],
    /// Address, file offset and size of what is loaded.
    loaded: Vec<(u64, u64, u64)>,
}

impl<'a> Owners<'a> {
    fn of(pieces: &'a [Piece], header: &FileHeader64<Endianness>, binary: &[u8]) -> Result<Self> {
        use object::read::elf::ProgramHeader;
        let segments = header.program_headers(ENDIAN, binary)?.iter();
        let loaded = segments.filter(|segment| segment.p_type(ENDIAN) == object::elf::PT_LOAD);
        let loaded = loaded.map(|segment| {
            (
                segment.p_vaddr(ENDIAN),
                segment.p_offset(ENDIAN),
                segment.p_filesz(ENDIAN),
            )
        });
        Ok(Self {
            pieces,
            loaded: loaded.collect(),
        })
    }

    fn at(&self, address: u64) -> Option<&'a Piece> {
        let (start, offset, _) = self
            .loaded
            .iter()
            .find(|(start, _, size)| (*start..start + size).contains(&address))?;
        let offset = address - start + offset;
        let index = self.pieces.partition_point(|piece| piece.offset <= offset);
        let piece = self.pieces.get(index.checked_sub(1)?)?;
        (offset < piece.offset + piece.size).then_some(piece)
    }
}

/// The pieces of a table by address.
fn add_tables(section: &Section, owners: &Owners, pieces: &mut Vec<Piece>) -> Result<()> {
    let mut add = |offset: u64, size: u64, about: Option<u64>, kind| {
        let mut piece = section.whole("tables that functions share");
        piece.name = match kind {
            Kind::Unwind => "unwind tables".to_owned(),
            _ => "relocations".to_owned(),
        };
        if let Some(owner) = about.and_then(|address| owners.at(address)) {
            piece.place = owner.place.clone();
        }
        (piece.offset, piece.size, piece.kind) = (section.offset + offset, size, kind);
        pieces.push(piece);
    };
    match section.name {
        ".eh_frame" => {
            for entry in unwind::entries(section.data, section.address)? {
                add(entry.offset, entry.size, entry.function, Kind::Unwind);
            }
        }
        ".eh_frame_hdr" => {
            // Twelve bytes, then for each function its address and that of its entry, relative to here.
            add(0, 12.min(section.size), None, Kind::Unwind);
            let table = section.data.get(12..).unwrap_or_default();
            for (index, row) in table.chunks_exact(8).enumerate() {
                let relative = i32::from_le_bytes([row[0], row[1], row[2], row[3]]);
                let function = section.address.wrapping_add_signed(i64::from(relative));
                add(12 + 8 * index as u64, 8, Some(function), Kind::Unwind);
            }
        }
        _ => {
            // Of three numbers the first is the address that the loader changes.
            for (index, row) in section.data.chunks_exact(24).enumerate() {
                let (address, _) = object::from_bytes::<U64Bytes<Endianness>>(row)
                    .map_err(|()| anyhow::anyhow!("`{}` ends early", section.name))?;
                let about = Some(address.get(ENDIAN));
                add(24 * index as u64, 24, about, Kind::Relocations);
            }
        }
    }
    Ok(())
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

//! Tables of the binary whose entries are about addresses elsewhere: those for unwinding, and what the loader
//! must do. Each entry is counted for what lies at its address.

use anyhow::{Context, Result};
use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindSection};
use object::Endianness;
use object::elf::{FileHeader64, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};

use super::part::Kind;
use super::place::{ELF, Piece, Place};

const ENDIAN: Endianness = Endianness::Little;

pub struct Section<'a> {
    pub name: &'a str,
    pub offset: u64,
    pub address: u64,
    pub size: u64,
    pub data: &'a [u8],
}

impl Section<'_> {
    pub fn whole(&self, file: &str) -> Piece {
        Piece {
            offset: self.offset,
            size: self.size,
            place: Place::new(ELF, "linking", file),
            name: self.name.to_owned(),
            kind: Kind::Linking,
        }
    }
}

pub fn by_address(section: &str) -> bool {
    [".eh_frame", ".eh_frame_hdr", ".rela.dyn"].contains(&section)
}

pub struct Owners<'a> {
    pieces: &'a [Piece],
    /// Address, file offset and size of what is loaded.
    loaded: Vec<(u64, u64, u64)>,
}

impl<'a> Owners<'a> {
    pub fn of(
        pieces: &'a [Piece],
        header: &FileHeader64<Endianness>,
        binary: &[u8],
    ) -> Result<Self> {
        let segments = header.program_headers(ENDIAN, binary)?.iter();
        let loaded = segments.filter(|segment| segment.p_type(ENDIAN) == PT_LOAD);
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

pub fn add_tables(section: &Section, owners: &Owners, pieces: &mut Vec<Piece>) -> Result<()> {
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
            let failed = "failed to read the unwind tables `.eh_frame`";
            let mut table = EhFrame::new(section.data, LittleEndian);
            table.set_address_size(8);
            let bases = BaseAddresses::default().set_eh_frame(section.address);
            let mut entries = table.entries(&bases);
            while let Some(entry) = entries.next().context(failed)? {
                let (offset, length, function) = match entry {
                    CieOrFde::Cie(cie) => (cie.offset(), cie.entry_len(), None),
                    CieOrFde::Fde(partial) => {
                        let (offset, length) = (partial.offset(), partial.entry_len());
                        let fde = partial.parse(EhFrame::cie_from_offset).context(failed)?;
                        (offset, length, Some(fde.initial_address()))
                    }
                };
                // The length does not count its own field.
                add(offset as u64, length as u64 + 4, function, Kind::Unwind);
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
                let bytes = row.first_chunk().copied().unwrap_or_default();
                let about = Some(u64::from_le_bytes(bytes));
                add(24 * index as u64, 24, about, Kind::Relocations);
            }
        }
    }
    Ok(())
}

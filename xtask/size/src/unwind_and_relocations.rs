//! Unwind tables and relocations: sections whose entries refer to addresses in other sections. Each entry is attributed
//! to the code or data at the address that it refers to.

use anyhow::{Context, Result};
use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindSection};
use object::Endianness;
use object::elf::{FileHeader64, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};

use super::attribution::{Attribution, ELF, Span};
use super::part::Kind;

const ENDIAN: Endianness = Endianness::Little;

pub struct Section<'a> {
    pub name: &'a str,
    pub offset: u64,
    pub address: u64,
    pub size: u64,
    pub data: &'a [u8],
}

impl Section<'_> {
    pub fn span(&self, file: &str) -> Span {
        Span {
            offset: self.offset,
            size: self.size,
            attribution: Attribution::new(ELF, "linking", file),
            name: self.name.to_owned(),
            kind: Kind::Linking,
        }
    }
}

pub fn is_unwind_or_relocation(section: &str) -> bool {
    [".eh_frame", ".eh_frame_hdr", ".rela.dyn"].contains(&section)
}

pub struct SpanIndex<'a> {
    spans: &'a [Span],
    /// Address, file offset and file size of each loaded segment.
    loaded: Vec<(u64, u64, u64)>,
}

impl<'a> SpanIndex<'a> {
    pub fn new(spans: &'a [Span], header: &FileHeader64<Endianness>, binary: &[u8]) -> Result<Self> {
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
            spans,
            loaded: loaded.collect(),
        })
    }

    fn at(&self, address: u64) -> Option<&'a Span> {
        let (start, offset, _) = self
            .loaded
            .iter()
            .find(|(start, _, size)| (*start..start + size).contains(&address))?;
        let offset = address - start + offset;
        let index = self.spans.partition_point(|span| span.offset <= offset);
        let span = self.spans.get(index.checked_sub(1)?)?;
        (offset < span.offset + span.size).then_some(span)
    }
}

pub fn add_entries(section: &Section, index: &SpanIndex, spans: &mut Vec<Span>) -> Result<()> {
    let mut add = |offset: u64, size: u64, about: Option<u64>, kind| {
        let mut span = section.span("tables that functions share");
        span.name = match kind {
            Kind::Unwind => "unwind tables".to_owned(),
            _ => "relocations".to_owned(),
        };
        if let Some(owner) = about.and_then(|address| index.at(address)) {
            span.attribution = owner.attribution.clone();
        }
        (span.offset, span.size, span.kind) = (section.offset + offset, size, kind);
        spans.push(span);
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
                // The length does not include its own field.
                add(offset as u64, length as u64 + 4, function, Kind::Unwind);
            }
        }
        ".eh_frame_hdr" => {
            // A header of twelve bytes, then for each function its address and that of its entry in `.eh_frame`,
            // relative to this section.
            add(0, 12.min(section.size), None, Kind::Unwind);
            let table = section.data.get(12..).unwrap_or_default();
            for (number, row) in table.chunks_exact(8).enumerate() {
                let relative = i32::from_le_bytes([row[0], row[1], row[2], row[3]]);
                let function = section.address.wrapping_add_signed(i64::from(relative));
                add(12 + 8 * number as u64, 8, Some(function), Kind::Unwind);
            }
        }
        _ => {
            // Entries of three 64-bit numbers; the first is the address that the loader changes.
            for (number, row) in section.data.chunks_exact(24).enumerate() {
                let bytes = row.first_chunk().copied().unwrap_or_default();
                let about = Some(u64::from_le_bytes(bytes));
                add(24 * number as u64, 24, about, Kind::Relocations);
            }
        }
    }
    Ok(())
}

//! Which function each entry of the unwind tables is for.

use anyhow::{Context, Result};
use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindSection};

#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it begins in the section.
    pub offset: u64,
    /// Its size with the field that tells it.
    pub size: u64,
    /// The address of the function that it is for; none if functions share it.
    pub function: Option<u64>,
}

/// All entries of `.eh_frame`, which lies at `address`.
pub fn entries(data: &[u8], address: u64) -> Result<Vec<Entry>> {
    let mut section = EhFrame::new(data, LittleEndian);
    section.set_address_size(8);
    let bases = BaseAddresses::default().set_eh_frame(address);
    let mut found = Vec::new();
    let mut entries = section.entries(&bases);
    let failed = "failed to read the unwind tables `.eh_frame`";
    while let Some(entry) = entries.next().context(failed)? {
        // The length does not count its own field.
        let (offset, length, function) = match entry {
            CieOrFde::Cie(cie) => (cie.offset(), cie.entry_len(), None),
            CieOrFde::Fde(partial) => {
                let offset = partial.offset();
                let length = partial.entry_len();
                let fde = partial.parse(EhFrame::cie_from_offset).context(failed)?;
                (offset, length, Some(fde.initial_address()))
            }
        };
        found.push(Entry {
            offset: offset as u64,
            size: length as u64 + 4,
            function,
        });
    }
    Ok(found)
}

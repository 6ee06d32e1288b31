//! Reads the entries of an untrusted tar archive: names and sizes are limited, and entries that could lead out of the
//! target folder are refused. The extended headers of pax and GNU are read here, because the crate `tar` reads them
//! into memory regardless of their size.

mod extended_headers;

use std::io::{self, Read};

use tar::Header;

pub use self::extended_headers::{Entry, EntryKind};
use self::extended_headers::{ExtendedHeaders, max_extension_size};
use crate::{Error, Result};

/// A complete operating system has about 500,000.
const MAX_ENTRIES: u64 = 2_000_000;

/// Calls `visit` for each entry of the archive, with the offset of its content in the archive and the content.
///
/// # Errors
/// The archive is damaged, truncated, or has an entry that is refused; or `visit` fails.
pub(crate) fn for_each(
    origin: &str,
    archive: impl Read,
    visit: &mut dyn FnMut(&Entry, u64, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let failed = |error: io::Error| Error::damaged(origin, error);
    let mut archive = tar::Archive::new(archive);
    let mut extended_headers = ExtendedHeaders::default();
    let mut count = 0;
    for entry in archive.entries().map_err(failed)?.raw(true) {
        let mut entry = entry.map_err(failed)?;
        let header = entry.header().clone();
        let kind = header.entry_type();
        let name = display_name(&header);
        let rejected = |reason: String| Error::RejectedEntry {
            origin: origin.to_owned(),
            entry: name.clone(),
            reason,
        };
        count += 1;
        if count > MAX_ENTRIES {
            let reason = format!("the archive has more than {MAX_ENTRIES} entries");
            return Err(rejected(reason));
        }
        if let Some(limit) = max_extension_size(kind) {
            if entry.size() > limit {
                let size = entry.size();
                let reason = format!("an extended header of {size} bytes is too large");
                return Err(rejected(reason));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(failed)?;
            extended_headers.apply(kind, &bytes).map_err(rejected)?;
            continue;
        }
        let found = std::mem::take(&mut extended_headers)
            .entry(&header, entry.size())
            .map_err(rejected)?;
        if let Some(found) = found {
            visit(&found, entry.raw_file_position(), &mut entry)?;
        }
    }
    if extended_headers.is_pending() {
        return Err(Error::damaged(origin, "it ends after an extended header"));
    }
    Ok(())
}

/// The name in a header, shortened for errors.
fn display_name(header: &Header) -> String {
    let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    name.chars().take(120).collect()
}

#[cfg(test)]
pub(crate) mod tests;

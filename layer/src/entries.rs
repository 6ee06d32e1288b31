//! Reads the entries of an untrusted tar archive as container engines do: names and hard links are resolved below the
//! root, and entries that lead out of it are refused. Formats: ustar, pax, GNU and V7, with sparse files. Names, sizes
//! and numbers are limited, because the crate `tar` reads extended headers into memory regardless of their size.
//!
//! The behaviour is that of Go's `archive/tar` and containerd's package `archive`, which most engines and builders use.

mod block_reader;
mod extended_headers;
mod pax;
mod sparse;

use std::io::{self, Read};

use tar::Header;

use self::block_reader::BlockReader;
pub use self::extended_headers::{Entry, EntryKind};
use self::extended_headers::{ExtendedHeaders, max_extension_size};
use self::sparse::SparseReader;
use crate::{Error, Result};

/// A complete operating system has about 500,000.
const MAX_ENTRIES: u64 = 2_000_000;
/// The maximum size in bytes of all sparse files of an archive together, holes included: Lambda's limit for an image.
const MAX_SPARSE_BYTES: u64 = 10 * 1024 * 1024 * 1024;

/// Called with an entry, the offset of its content in the archive, and the content.
type Visit<'a> = dyn FnMut(&Entry, Option<u64>, &mut dyn Read) -> Result<()> + 'a;

/// Calls `visit` for each entry of the archive, with the offset of its content in the archive and the content. A sparse
/// file has no offset, because its holes are not in the archive.
///
/// # Errors
/// The archive is damaged, truncated, or has an entry that is refused; or `visit` fails.
pub(crate) fn for_each(origin: &str, archive: impl Read, visit: &mut Visit<'_>) -> Result<()> {
    let failed = |error: io::Error| Error::damaged(origin, error);
    let mut archive = BlockReader::new(archive);
    let mut extended_headers = ExtendedHeaders::default();
    let (mut count, mut sparse_bytes) = (0, 0_u64);
    while let Some(header) = archive.next_header().map_err(failed)? {
        let rejected = |reason: String| Error::RejectedEntry {
            origin: origin.to_owned(),
            entry: display_name(&header),
            reason,
        };
        count += 1;
        if count > MAX_ENTRIES {
            let reason = format!("the archive has more than {MAX_ENTRIES} entries");
            return Err(rejected(reason));
        }
        let kind = header.entry_type();
        if let Some(limit) = max_extension_size(kind) {
            let size = header.entry_size().map_err(failed)?;
            if size > limit {
                let reason = format!("an extended header of {size} bytes is too large");
                return Err(rejected(reason));
            }
            let mut bytes = Vec::new();
            archive.set_content(size).map_err(failed)?;
            archive.read_to_end(&mut bytes).map_err(failed)?;
            extended_headers.apply(kind, &bytes).map_err(rejected)?;
            continue;
        }
        let extended = std::mem::take(&mut extended_headers);
        // The root itself has no entry.
        let Some((mut entry, stored_size)) = extended.entry(&header).map_err(rejected)? else {
            continue;
        };
        let segments = sparse::segments(&header, &extended, stored_size, &mut archive).map_err(failed)?;
        let Some(segments) = segments else {
            archive.set_content(stored_size).map_err(failed)?;
            let offset = archive.position();
            visit(&entry, Some(offset), &mut archive)?;
            continue;
        };
        entry.size = segments.real_size();
        sparse_bytes = sparse_bytes.saturating_add(entry.size);
        if sparse_bytes > MAX_SPARSE_BYTES {
            let reason = format!("sparse files have more than {MAX_SPARSE_BYTES} bytes");
            return Err(rejected(reason));
        }
        visit(&entry, None, &mut SparseReader::new(segments, &mut archive))?;
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

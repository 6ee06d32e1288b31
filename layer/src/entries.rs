//! The entries of a tar archive, read from anybody: names and sizes are bounded before anything is
//! kept, and what could lead out of the folder that it is unpacked into is refused by name. The
//! extended headers of pax and GNU are read here, because the crate `tar` holds them in memory
//! whole, however large they say they are.

mod extensions;

use std::io::{self, Read};

use tar::Header;

pub use self::extensions::{Entry, Kind};
use self::extensions::{Extensions, most};
use crate::{Error, Result};

/// The most entries. An operating system with everything in it has some 500,000.
const MOST_ENTRIES: u64 = 2_000_000;

/// Calls `visit` for each entry of the archive, in order, with the place of its content in the archive, and with that.
///
/// # Errors
/// The archive is none, is cut off, or is refused; or `visit` fails.
pub(crate) fn for_each(
    origin: &str,
    archive: impl Read,
    visit: &mut dyn FnMut(&Entry, u64, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let failed = |error: io::Error| Error::damaged(origin, error);
    let mut archive = tar::Archive::new(archive);
    let mut extensions = Extensions::default();
    let mut count = 0;
    for entry in archive.entries().map_err(failed)?.raw(true) {
        let mut entry = entry.map_err(failed)?;
        let header = entry.header().clone();
        let kind = header.entry_type();
        let name = shown(&header);
        let hostile = |reason: String| Error::Hostile {
            origin: origin.to_owned(),
            entry: name.clone(),
            reason,
        };
        count += 1;
        if count > MOST_ENTRIES {
            let reason = format!("there are more than {MOST_ENTRIES} entries");
            return Err(hostile(reason));
        }
        if let Some(most) = most(kind) {
            if entry.size() > most {
                let size = entry.size();
                return Err(hostile(format!("an extended header of {size} bytes")));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(failed)?;
            extensions.take(kind, &bytes).map_err(hostile)?;
            continue;
        }
        let found = std::mem::take(&mut extensions)
            .entry(&header, entry.size())
            .map_err(hostile)?;
        if let Some(found) = found {
            visit(&found, entry.raw_file_position(), &mut entry)?;
        }
    }
    if extensions.any() {
        return Err(Error::damaged(origin, "it ends after an extended header"));
    }
    Ok(())
}

/// The name in a header as errors show it.
fn shown(header: &Header) -> String {
    let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    name.chars().take(120).collect()
}

#[cfg(test)]
pub(crate) mod tests;

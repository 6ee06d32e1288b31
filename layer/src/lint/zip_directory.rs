//! The names in the central directory of a zip archive, of which the crate `zip` keeps only different ones. Source:
//! PKWARE, APPNOTE.TXT, 4.3.12.

use std::collections::BTreeSet;
use std::io::{BufReader, Read, Seek, SeekFrom};

use fs_err::File;

const SIGNATURE: &[u8] = b"PK\x01\x02";
/// The size in bytes of a file's header without its name, extra field and comment.
const HEADER_SIZE: usize = 46;

/// The names that occur more than once in the directory that begins at `start`, each once. What cannot be read ends it:
/// the crate `zip` has read the whole directory already.
pub(super) fn repeated_names(archive: &mut File, start: u64) -> std::io::Result<BTreeSet<String>> {
    archive.seek(SeekFrom::Start(start))?;
    let mut directory = BufReader::new(archive);
    let (mut names, mut repeated) = (BTreeSet::new(), BTreeSet::new());
    let mut header = [0; HEADER_SIZE];
    while directory.read_exact(&mut header).is_ok() && header.starts_with(SIGNATURE) {
        let length = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let mut name = vec![0; length(28).into()];
        directory.read_exact(&mut name)?;
        directory.seek_relative(i64::from(length(30)) + i64::from(length(32)))?;
        let name = String::from_utf8_lossy(&name).into_owned();
        if !names.insert(name.clone()) {
            repeated.insert(name);
        }
    }
    Ok(repeated)
}

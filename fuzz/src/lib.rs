//! What the fuzz targets share. Each target is one reader that is fed with any bytes: it may refuse them, and may
//! neither panic, nor touch memory that is not its own, nor take memory or time without bounds.

pub mod container;

use std::io::{Read, copy, sink};
use std::path::Path;

use layer::Compression;
use layer::entries::Entry;
use layer::scan::scan;

/// Reads a layer to its end, the content of its entries included.
pub fn read_layer(bytes: &[u8], compression: Compression) {
    let mut visit = |_: &Entry, content: &mut dyn Read| {
        let _ = copy(content, &mut sink());
        Ok(())
    };
    let _ = scan("the fuzzer", bytes, compression, &mut visit);
}

/// Calls `read` with a file that holds `bytes`.
pub fn with_file(bytes: &[u8], read: impl FnOnce(&Path)) {
    // In memory where the machine has such a folder.
    let shared = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let file = if shared.is_dir() {
        builder.prefix("fuzz-").tempfile_in(shared)
    } else {
        builder.prefix("fuzz-").tempfile()
    };
    let file = file.expect("there is a folder for temporary files");
    std::fs::write(file.path(), bytes).expect("a temporary file can be written");
    read(file.path());
}

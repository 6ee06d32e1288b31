//! Shared parts of the fuzz targets. Each target runs one parser on arbitrary bytes: it may reject them, but must not
//! panic, access invalid memory, or use unlimited memory or time.

pub mod container;
pub mod packed_model;

use std::io::{Read, copy, sink};
use std::path::Path;

use layer::Compression;
use layer::entries::Entry;
use layer::scan::scan;

/// Reads a whole layer, including the content of its entries.
pub fn read_layer(bytes: &[u8], compression: Compression) {
    let mut visit = |_: &Entry, content: &mut dyn Read| {
        // The holes of sparse files need no space in the input.
        let _ = copy(&mut content.take(1 << 26), &mut sink());
        Ok(())
    };
    let _ = scan("the fuzzer", bytes, compression, &mut visit);
}

/// Calls `read` with the path of a temporary file that contains `bytes`.
pub fn with_file(bytes: &[u8], read: impl FnOnce(&Path)) {
    // In memory if possible.
    let shared = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let file = if shared.is_dir() {
        builder.prefix("fuzz-").tempfile_in(shared)
    } else {
        builder.prefix("fuzz-").tempfile()
    };
    let file = file.expect("a temporary file can be created");
    std::fs::write(file.path(), bytes).expect("a temporary file can be written");
    read(file.path());
}

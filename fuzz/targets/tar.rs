//! The parser of uncompressed layers: tar archives.
#![no_main]

use fuzz::read_layer;
use layer::Compression;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| read_layer(bytes, Compression::None));

//! Links the function with other static libraries from its link record: measures its size, and the bytes of each
//! library in it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use fs_err as fs;
use opencv_build::Sdk;

use super::attribution::library_name;
use super::comparison::{LinkedSizes, static_libraries};
use super::link::LinkRecord;
use super::link_map::{self, OutputSection};

pub fn relink(record: &LinkRecord, sdk: &Sdk, name: &str, others: &[PathBuf]) -> Result<LinkedSizes> {
    let linked = record.link_with(name, &static_libraries(sdk), others)?;
    let text = fs::read_to_string(&linked.map)?;
    let content = fs::read(&linked.output)?;
    Ok(LinkedSizes {
        bytes: content.len() as u64,
        compressed_bytes: compressed_size(&content)?,
        bytes_by_library: bytes_by_library(&link_map::parse(&text)?, others),
    })
}

fn compressed_size(content: &[u8]) -> Result<u64> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?.len() as u64)
}

/// The bytes of each library's sections in the file, without unwind tables and relocations.
fn bytes_by_library(map: &[OutputSection], libraries: &[PathBuf]) -> BTreeMap<String, u64> {
    let paths: BTreeMap<_, _> = libraries
        .iter()
        .map(|path| (path.display().to_string(), library_name(path)))
        .collect();
    let mut sums: BTreeMap<String, u64> = paths.values().map(|name| (name.clone(), 0)).collect();
    // Zero-initialised sections have no bytes in the file, and sections that are not loaded do not count.
    let stored = |output: &&OutputSection| output.address != 0 && ![".bss", ".tbss"].contains(&output.name);
    for input in map.iter().filter(stored).flat_map(|output| &output.inputs) {
        if let Some(name) = paths.get(input.file) {
            *sums.entry(name.clone()).or_default() += input.size;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_by_library_counts_stored_sections() {
        let text = "\
             VMA              LMA     Size Align Out     In      Symbol
            1000             1000       30    16 .text
            1000             1000       20    16         /a/libpng.a(png.c.o):(.text.f)
            1020             1020       10     1         /a/main.o:(.text)
            2000             2000       40    16 .bss
            2000             2000       40    16         /a/libpng.a(png.c.o):(.bss)
               0                0       10     1 .comment
               0                0       10     1         /a/libpng.a(png.c.o):(.comment)
";
        let libraries = ["/a/libpng.a", "/a/libz.a"].map(PathBuf::from);
        let found = bytes_by_library(&link_map::parse(text).unwrap(), &libraries);
        assert_eq!(found["png"], 0x20);
        assert_eq!(found["z"], 0);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn compressed_size_is_smaller() {
        let size = compressed_size(&[7; 10_000]).unwrap();
        assert!(size > 0 && size < 100, "{size}");
    }
}

//! The SDK's static libraries: each with its members, and the bytes of each that are linked into the function.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, ensure};
use fs_err as fs;
use opencv_build::Sdk;

use super::attribution::{self, Attribution, Span};
use super::link;
use super::part::{Kind, Part};

pub const NAME: &str = "static libraries";

/// All libraries of `sdk`. The linked bytes are the sums of the function's `spans`.
pub fn tree(sdk: &Sdk, spans: &[Span]) -> Result<Part> {
    let mut linked: HashMap<&Attribution, u64> = HashMap::new();
    for span in spans {
        *linked.entry(&span.attribution).or_default() += span.size;
    }
    let mut libraries = Vec::new();
    for library in &sdk.manifest().libraries {
        let path = sdk.path().join("lib").join(&library.file);
        let data = fs::read(&path)?;
        let name = attribution::library_name(&path);
        let members = members(&path, &data)?;
        let parts = members.into_iter().map(|mut part| {
            let attribution = attribution::of_library(&name, attribution::source_file(&part.name));
            let linked = linked.get(&attribution).copied().unwrap_or_default();
            part.linked_bytes = (part.kind == Some(Kind::File)).then_some(linked);
            part
        });
        let mut whole = Part::branch(library.file.clone(), parts.collect());
        whole.linked_bytes = Some(whole.parts.iter().filter_map(|part| part.linked_bytes).sum());
        libraries.push(whole);
    }
    let mut all = Part::branch(NAME, libraries);
    all.linked_bytes = Some(all.parts.iter().filter_map(|part| part.linked_bytes).sum());
    Ok(all)
}

/// The members of an archive, those with the same name added up; the rest of the archive is the index.
fn members(path: &Path, data: &[u8]) -> Result<Vec<Part>> {
    let mut sizes: HashMap<String, u64> = HashMap::new();
    for (name, content) in link::members(path, data)? {
        *sizes.entry(name).or_default() += content.len() as u64;
    }
    let content: u64 = sizes.values().sum();
    let (all, shown) = (data.len() as u64, path.display());
    ensure!(content <= all, "the members of `{shown}` are larger than the file");
    let parts = sizes.into_iter();
    let parts = parts.map(|(name, bytes)| Part::leaf(name, bytes, Kind::File));
    let mut parts: Vec<_> = parts.collect();
    let around = "index and headers of members";
    parts.push(Part::leaf(around, all - content, Kind::Linking));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_headers_sum_up_to_the_archive() {
        let mut archive = b"!<arch>\n".to_vec();
        for (name, data) in [("a.o/", "aaaa"), ("b.o/", "bb")] {
            let header = format!("{name:<16}0           0     0     644     {:<10}`\n", data.len());
            archive.extend(header.as_bytes());
            archive.extend(data.as_bytes());
        }
        let whole = Part::branch("x", members(Path::new("a"), &archive).unwrap());
        assert_eq!(whole.bytes, archive.len() as u64);
        assert_eq!(whole.get("a.o").unwrap().bytes, 4);
        assert!(members(Path::new("a"), b"no archive").is_err());
    }
}

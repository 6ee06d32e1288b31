//! Pushes to and pulls from a fake registry that breaks, lies and demands in every way.

mod authentication;
mod bad_responses;
pub(crate) mod fake;
mod pulls;
mod pushes;

use std::path::Path;

use self::fake::RegistryContents;
use fs_err as fs;
use layer::Digest;

/// Bytes that do not repeat early.
fn noise(length: usize) -> Vec<u8> {
    let numbers = (0..length as u64).map(|place| place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    numbers.map(|number| (number >> 56) as u8).collect()
}

/// The digest of bytes as registries write it.
fn digest_of(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// That the folder holds all of the registry's blobs, unchanged, and nothing that is not finished.
fn assert_complete(folder: &Path, contents: &RegistryContents) {
    for (digest, bytes) in &contents.blobs {
        let name = digest.replace("sha256:", "blobs/sha256/");
        assert!(fs::read(folder.join(name)).unwrap() == *bytes, "{digest}");
    }
    assert_eq!(partial_files(folder), Vec::<String>::new());
}

/// The names of what is not finished.
fn partial_files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("blobs/sha256")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

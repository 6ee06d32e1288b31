//! Pushes to and pulls from a fake registry, with failures, bad responses and authentication.

mod artefacts;
mod authentication;
mod bad_responses;
mod certificates;
mod contents;
mod delays;
mod environment;
pub(crate) mod fake;
mod head;
mod mounts;
mod pulls;
mod push_authentication;
mod pushes;
mod redirects;
mod store;
mod tls;

use std::path::Path;

use self::contents::RegistryContents;
use super::Credentials;
use fs_err as fs;
use layer::Digest;

/// The same bytes in every run, which gzip cannot compress.
fn noise(length: usize) -> Vec<u8> {
    let numbers = (0..length as u64).map(|place| place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    numbers.map(|number| (number >> 56) as u8).collect()
}

pub(crate) fn basic(user: &str, password: &str) -> Credentials {
    let (user, password) = (user.to_owned(), password.to_owned());
    Credentials::Basic { user, password }
}

fn digest_of(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// Asserts that the folder has all of the registry's blobs, unchanged, and no partial files.
fn assert_complete(folder: &Path, contents: &RegistryContents) {
    for (digest, bytes) in &contents.blobs {
        let name = digest.replace("sha256:", "blobs/sha256/");
        assert!(fs::read(folder.join(name)).unwrap() == *bytes, "{digest}");
    }
    assert_eq!(partial_files(folder), Vec::<String>::new());
}

fn partial_files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("blobs/sha256")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

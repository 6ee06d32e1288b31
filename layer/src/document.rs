//! Helpers for an image's JSON documents, whose types are those of the crate `oci-spec`: canonical serialization,
//! descriptors, and reading with a size limit.

use std::fmt::Display;
use std::io::Read;
use std::str::FromStr;

use oci_spec::image::{Descriptor, DescriptorBuilder, MediaType, Sha256Digest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::{Error, Result};

/// The maximum size in bytes. Registries refuse larger manifests; see "Pushing manifests" in
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
pub(crate) const MAX_DOCUMENT_SIZE: u64 = 4 * 1024 * 1024;

/// The content of the file `oci-layout`.
pub(crate) const OCI_LAYOUT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// JSON with sorted keys, because the types of `oci-spec` have hash maps, whose order changes from run to run.
pub(crate) fn canonical_json(document: &impl Serialize) -> Result<Vec<u8>> {
    let sorted = serde_json::to_value(document).and_then(|value| serde_json::to_vec(&value));
    sorted.map_err(build_error("JSON"))
}

/// Converts the error of a builder or serializer.
pub(crate) fn build_error<E: Display>(document: &str) -> impl Fn(E) -> Error {
    move |reason| Error::Other(format!("failed to write the image's {document}: {reason}"))
}

/// Parses a JSON document, which errors call `what`.
pub(crate) fn parse<T: DeserializeOwned>(origin: &str, what: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::damaged(origin, format!("its {what} cannot be read: {error}")))
}

/// Reads a document of at most [`MAX_DOCUMENT_SIZE`].
pub(crate) fn read(origin: &str, what: &str, reader: &mut dyn Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_DOCUMENT_SIZE + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::damaged(origin, format!("its {what} cannot be read: {error}")))?;
    if bytes.len() as u64 > MAX_DOCUMENT_SIZE {
        let reason = format!("its {what} is larger than {MAX_DOCUMENT_SIZE} bytes");
        return Err(Error::damaged(origin, reason));
    }
    Ok(bytes)
}

/// A descriptor without optional fields.
pub fn descriptor(kind: MediaType, digest: &Digest, size: u64) -> Result<Descriptor> {
    let described = DescriptorBuilder::default()
        .media_type(kind)
        .digest(Sha256Digest::from_str(&digest.hex()).map_err(build_error("digest"))?)
        .size(size)
        .build();
    described.map_err(build_error("descriptor"))
}

pub(crate) fn descriptor_digest(origin: &str, descriptor: &Descriptor) -> Result<Digest> {
    Digest::try_from(descriptor).map_err(|error| Error::damaged(origin, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_document_is_rejected() {
        let error = read("a layout", "index", &mut std::io::repeat(b' ')).unwrap_err();
        assert!(error.to_string().contains("larger than"), "{error}");
    }
}

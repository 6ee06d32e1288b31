//! The parsers of an image's documents. The input is a manifest, a NUL and a configuration; digests and sizes are
//! corrected, so that fuzzing gets past the first checks.
#![no_main]

use std::collections::BTreeMap;

use layer::lint::{LintOptions, lint_source};
use layer::source::{Blob, Source};
use layer::{Digest, Error, Image, Result, source};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

struct InMemoryLayout {
    index: Vec<u8>,
    blobs: BTreeMap<Digest, Vec<u8>>,
}

impl Source for InMemoryLayout {
    fn origin(&self) -> &str {
        "the fuzzer"
    }

    fn index(&self) -> Result<Vec<u8>> {
        Ok(self.index.clone())
    }

    fn blob(&self, digest: &Digest) -> Result<Blob<'_>> {
        let bytes = self.blobs.get(digest);
        let bytes = bytes.ok_or_else(|| Error::Other(format!("there is no blob {digest}")))?;
        Ok(Blob {
            size: bytes.len() as u64,
            reader: Box::new(bytes.as_slice()),
        })
    }

    fn blob_names(&self) -> Result<Vec<String>> {
        Ok(self.blobs.keys().map(Digest::hex).collect())
    }

    fn docker_manifest(&self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

fn in_memory_layout(bytes: &[u8]) -> InMemoryLayout {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let manifest = parts.next().unwrap_or_default();
    let config = parts.next().unwrap_or_default().to_vec();
    let mut blobs = BTreeMap::new();
    let mut add = |bytes: Vec<u8>| {
        let (digest, size) = (Digest::of(&bytes), bytes.len());
        blobs.insert(digest, bytes);
        json!({"digest": digest, "size": size})
    };
    let config = add(config);
    let manifest = match serde_json::from_slice::<Value>(manifest) {
        Ok(Value::Object(mut manifest)) => {
            if let Some(Value::Object(described)) = manifest.get_mut("config") {
                described.extend(config.as_object().cloned().unwrap_or_default());
            }
            Value::Object(manifest).to_string().into_bytes()
        }
        _ => manifest.to_vec(),
    };
    let mut entry = add(manifest);
    entry["mediaType"] = "application/vnd.oci.image.manifest.v1+json".into();
    let index = json!({"schemaVersion": 2, "manifests": [entry]});
    InMemoryLayout {
        index: index.to_string().into_bytes(),
        blobs,
    }
}

fuzz_target!(|bytes: &[u8]| {
    let raw = InMemoryLayout {
        index: bytes.to_vec(),
        blobs: BTreeMap::new(),
    };
    let _ = lint_source(&raw, &LintOptions::default());
    let layout = in_memory_layout(bytes);
    let _ = lint_source(&layout, &LintOptions::default());
    if let Ok(index) = source::index(&layout)
        && let Some(entry) = index.manifests().first()
    {
        let _ = Image::read(&layout, entry);
    }
});

//! The images of a registry that is read only. It responds correctly except where a test changes it.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::collections::BTreeMap;

use layer::Digest;
use serde_json::{Value, json};

use super::super::manifest::DIGEST_HEADER;
use super::fake::{FakeRegistry, IMAGE, Reply, Request};

#[derive(Clone, Default)]
pub struct RegistryContents {
    /// By digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// By tag and by digest, with their media types.
    pub manifests: BTreeMap<String, (String, Vec<u8>)>,
}

impl RegistryContents {
    /// An image with the tag `latest`.
    pub fn image(layers: &[Vec<u8>]) -> Self {
        let mut contents = Self::default();
        contents.add_image("amd64", layers, "latest");
        contents
    }

    /// Adds an image for one architecture; returns its entry for an index.
    pub fn add_image(&mut self, architecture: &str, layers: &[Vec<u8>], tag: &str) -> Value {
        let config = json!({"architecture": architecture, "os": "linux"}).to_string();
        let mut entries = vec![self.add_blob(config.as_bytes())];
        entries.extend(layers.iter().map(|layer| self.add_blob(layer)));
        let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE,
            "config": entries[0], "layers": entries[1..]});
        let mut entry = self.add_manifest(IMAGE, &manifest, tag);
        entry["platform"] = json!({"architecture": architecture, "os": "linux"});
        entry
    }

    /// Adds a manifest or an index of the media type `kind`; returns its descriptor.
    pub fn add_manifest(&mut self, kind: &str, manifest: &Value, tag: &str) -> Value {
        let bytes = manifest.to_string().into_bytes();
        let (digest, size) = (Digest::of(&bytes).to_string(), bytes.len());
        for name in [tag, &digest] {
            let stored = (kind.to_owned(), bytes.clone());
            self.manifests.insert(name.to_owned(), stored);
        }
        json!({"mediaType": kind, "digest": digest, "size": size})
    }

    fn add_blob(&mut self, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes).to_string();
        self.blobs.insert(digest.clone(), bytes.to_vec());
        json!({"mediaType": "application/octet-stream", "digest": digest, "size": bytes.len()})
    }

    /// The digest of the first layer of the image `latest`.
    pub fn layer_digest(&self) -> String {
        let manifest: Value = serde_json::from_slice(&self.manifests["latest"].1).unwrap();
        manifest["layers"][0]["digest"].as_str().unwrap().to_owned()
    }

    /// A registry that responds correctly.
    pub fn serve(&self) -> FakeRegistry {
        let contents = self.clone();
        FakeRegistry::start(move |request, _| contents.respond(request))
    }

    /// The correct response of a read-only registry.
    pub fn respond(&self, request: &Request) -> Reply {
        let name = request.path.rsplit('/').next().unwrap();
        let body = if request.path.contains("/manifests/") {
            let found = self.manifests.get(name);
            found.map(|(kind, bytes)| {
                let reply = Reply::new(200, bytes.clone()).with_header("content-type", kind);
                reply.with_header(DIGEST_HEADER, Digest::of(bytes).to_string())
            })
        } else {
            let found = self.blobs.get(name);
            found.map(|bytes| range_reply(bytes, request.header("range")))
        };
        body.unwrap_or_else(|| Reply::new(404, r#"{"errors": [{"code": "UNKNOWN", "message": "unknown"}]}"#))
    }
}

fn range_reply(bytes: &[u8], range: &str) -> Reply {
    let from = range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
    let Some(from) = from.map(|from| from.parse::<usize>().unwrap()) else {
        return Reply::new(200, bytes);
    };
    if from >= bytes.len() {
        return Reply::new(416, "");
    }
    let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
    Reply::new(206, &bytes[from..]).with_header("content-range", range)
}

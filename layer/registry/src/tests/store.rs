//! An in-memory registry that accepts pushes.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fs_err as fs;
use layer::Digest;

use super::super::manifest::DIGEST_HEADER;
use super::super::push::push;
use super::super::upload_body::Blob;
use super::super::{RegistryImage, Result};
use super::digest_of;
use super::fake::{FakeRegistry, IMAGE, Reply, Request};

/// A registry that accepts pushes.
#[derive(Clone, Default)]
pub struct FakeStore(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl FakeStore {
    pub fn serve(&self) -> FakeRegistry {
        let store = self.clone();
        FakeRegistry::start(move |request, _| store.respond(request))
    }

    pub fn respond(&self, request: &Request) -> Reply {
        let mut stored = self.0.lock().unwrap();
        let name = request.path.rsplit('/').next().unwrap();
        let is = |method, path| request.matches(method, path);
        if request.path == "/v2/" {
            Reply::new(200, "")
        } else if is("HEAD", "/blobs/") {
            Reply::new(if stored.contains_key(name) { 200 } else { 404 }, "")
        } else if is("POST", "/blobs/uploads/") {
            // A mount is not supported, so its query is ignored.
            let path = request.path.split('?').next().unwrap();
            Reply::new(202, "").with_header("location", format!("{path}one?state=a%2Fb"))
        } else if is("PUT", "/blobs/uploads/one?state=a%2Fb&digest=") {
            let digest = name.rsplit('=').next().unwrap().replace("%3A", ":");
            if digest_of(&request.body) != digest {
                return Reply::new(400, r#"{"errors": [{"code": "DIGEST_INVALID"}]}"#);
            }
            stored.insert(digest, request.body.clone());
            Reply::new(201, "").with_header("location", "/there")
        } else if is("PUT", "/manifests/") {
            stored.insert(name.to_owned(), request.body.clone());
            Reply::new(201, "")
                .with_header(DIGEST_HEADER, digest_of(&request.body))
                .with_header("location", "/there")
        } else {
            Reply::new(404, "")
        }
    }

    pub fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

pub fn blob(digest: Digest, size: u64, path: &Path) -> Blob<'_> {
    Blob { digest, size, path }
}

/// Pushes the blobs and a dummy manifest.
pub fn push_all(image: &RegistryImage, blobs: &[Vec<u8>]) -> Result<Digest> {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..blobs.len()).map(|at| folder.path().join(at.to_string())).collect();
    let blobs = blobs.iter().zip(&paths).map(|(bytes, path)| {
        fs::write(path, bytes).unwrap();
        blob(Digest::of(bytes), bytes.len() as u64, path)
    });
    let blobs: Vec<_> = blobs.collect();
    push(image, &blobs, b"manifest", IMAGE, &|_| ())
}

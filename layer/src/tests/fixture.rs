//! Invalid images, built from raw JSON because the crate's own types cannot represent them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use fs_err as fs;
use serde_json::{Value, json};
use tar::EntryType;

use crate::Digest;
use crate::entries::tests::raw_entry;
use crate::tests::static_program::{X86_64, static_program};

/// An image whose every part can be changed before it is written.
pub(crate) struct ImageFixture {
    /// Uncompressed tar archives.
    pub(crate) layers: Vec<Vec<u8>>,
    pub(crate) compress: fn(&[u8]) -> Vec<u8>,
    /// [`Self::write`] sets `rootfs`.
    pub(crate) config: Value,
    /// [`Self::write`] sets the digests and sizes of configuration and layers.
    pub(crate) manifest: Value,
    /// The entries of the index besides the image. Digest and size default to the image's.
    pub(crate) extra_entries: Vec<Value>,
}

impl ImageFixture {
    /// An image that breaks no rule, with a static program.
    pub(crate) fn valid() -> Self {
        let layer = [
            folder("var/"),
            folder("var/task/"),
            file("var/task/bootstrap", 0o755, &static_program(X86_64)),
        ];
        Self {
            layers: vec![layer.concat()],
            compress: gzip,
            config: json!({
                "architecture": "amd64",
                "os": "linux",
                "config": {"Entrypoint": ["/var/task/bootstrap"]},
                "history": [{"created_by": "test"}],
            }),
            manifest: json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json"},
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}],
            }),
            extra_entries: Vec::new(),
        }
    }

    /// Writes the layout into a folder below `parent`.
    pub(crate) fn write(mut self, parent: &Path) -> PathBuf {
        let folder = parent.join("layout");
        let blobs = folder.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        let blob = |bytes: &[u8]| {
            let digest = Digest::of(bytes);
            fs::write(blobs.join(digest.hex()), bytes).unwrap();
            digest.to_string()
        };
        let mut diff_ids = Vec::new();
        let template = self.manifest["layers"][0].clone();
        for (at, layer) in self.layers.iter().enumerate() {
            diff_ids.push(Digest::of(layer).to_string());
            let compressed = (self.compress)(layer);
            let layers = self.manifest["layers"].as_array_mut().unwrap();
            if layers.len() <= at {
                layers.push(template.clone());
            }
            layers[at]["digest"] = blob(&compressed).into();
            layers[at]["size"] = compressed.len().into();
        }
        self.config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
        let config = self.config.to_string();
        self.manifest["config"]["digest"] = blob(config.as_bytes()).into();
        self.manifest["config"]["size"] = config.len().into();
        let manifest = self.manifest.to_string();
        let mut entries = vec![json!({
            "mediaType": self.manifest["mediaType"],
            "digest": blob(manifest.as_bytes()),
            "size": manifest.len(),
        })];
        for mut other in self.extra_entries {
            let same = &entries[0];
            for key in ["digest", "size"] {
                if other[key].is_null() {
                    other[key] = same[key].clone();
                }
            }
            entries.push(other);
        }
        let index = json!({"schemaVersion": 2, "manifests": entries});
        fs::write(folder.join("index.json"), index.to_string()).unwrap();
        fs::write(folder.join("oci-layout"), crate::document::OCI_LAYOUT).unwrap();
        folder
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

pub(crate) fn folder(path: &str) -> Vec<u8> {
    directory(path, 0o755)
}

pub(crate) fn directory(path: &str, bits: u32) -> Vec<u8> {
    mode(raw_entry(EntryType::Directory, path.as_bytes(), b"", b""), bits)
}

pub(crate) fn file(path: &str, bits: u32, content: &[u8]) -> Vec<u8> {
    mode(raw_entry(EntryType::Regular, path.as_bytes(), b"", content), bits)
}

pub(crate) fn link(kind: EntryType, path: &str, target: &str) -> Vec<u8> {
    raw_entry(kind, path.as_bytes(), target.as_bytes(), b"")
}

fn mode(mut entry: Vec<u8>, bits: u32) -> Vec<u8> {
    let header: &mut [u8; 512] = (&mut entry[..512]).try_into().unwrap();
    let mut changed = tar::Header::from_byte_slice(header).clone();
    changed.set_mode(bits);
    changed.set_cksum();
    header.copy_from_slice(changed.as_bytes());
    entry
}

/// Compiles a C program with this machine's compiler.
pub(crate) fn c_program(folder: &Path, arguments: &[&str]) -> PathBuf {
    compile(folder, "int main(void) { return 0; }\n", arguments)
}

/// Compiles a hardened program that fills a buffer. `arguments` may disable hardening features.
pub(crate) fn hardened_program(folder: &Path, extra_source: &str, arguments: &[&str]) -> PathBuf {
    let source = format!(
        "#include <stdio.h>\n#include <string.h>\nint main(int count, char** words) {{\n\
         char text[64];\nmemcpy(text, words[0], strlen(words[0]) + 1);\n\
         return puts(text) + count;\n}}\n{extra_source}"
    );
    let hardening_flags = [
        "-O2",
        "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2",
        "-fstack-protector-strong",
        "-fPIE",
        "-pie",
        "-Wl,-z,relro,-z,now,-z,noexecstack",
    ];
    compile(folder, &source, &[&hardening_flags, arguments].concat())
}

fn compile(folder: &Path, text: &str, arguments: &[&str]) -> PathBuf {
    let (source, program) = (folder.join("a.c"), folder.join("a"));
    fs::write(&source, text).unwrap();
    let mut compiler = Command::new("cc");
    compiler.arg(&source).arg("-o").arg(&program).args(arguments);
    let status = compiler.status().expect("this machine has a C compiler");
    assert!(status.success());
    program
}

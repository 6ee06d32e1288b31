//! A layer here is a layer of a container image (on AWS the word can also mean a zip archive that
//! Lambda mounts at `/opt`; this crate does not make those).
//!
//! Makes images and zip archives that Lambda takes at the first push, without a container engine and
//! with the same bytes for the same input; reads those of others, and checks them against Lambda's rules.
//! Registries are the crate `layer-registry`'s:
//!
//! ```text
//!                                    base ─┐
//! files ──▶ FileTree ──▶ Layer ──▶ Image ◀─┘──▶ Layout (folder) ──▶ archive (tar for docker load)
//!  elf,      sorted,      digests    config,     whole or       └──▶ registry
//!  glibc     canonical    known      manifest    not there
//!              └────────────────────────────────────────────────▶ Zip
//!
//! folder, archive ──▶ Source ──▶ validate, lint, Image, unpack, diff
//! ```
//!
//! A [`FileTree`] knows what will lie where. It is sorted, has one mode for data and one for programs,
//! and refuses a path that comes twice, or one that leads out of the image. A [`LayoutWriter`] makes it a [`Layer`],
//! in one pass in which both digests and all sizes become known and no file is held in memory; then the [`Image`]
//! with its documents, in a folder that appears whole or not at all. Everything has the time that is given, here 1970:
//!
//! ```
//! use layer::lint::{LintOptions, Rule, lint};
//! use layer::zip::Zip;
//! use layer::{Architecture, Content, FileTree, ImageConfig, LayoutWriter, Mode};
//!
//! # fn main() -> Result<(), layer::Error> {
//! let mut tree = FileTree::new();
//! let script = Content::bytes("this example", b"#!/bin/sh\necho hello\n");
//! tree.add("var/task/bootstrap", script.clone(), Mode::Program)?;
//! let again = tree.add("var/task/bootstrap", script.clone(), Mode::Program);
//! assert!(again.is_err_and(|error| error.to_string().contains("comes twice")));
//!
//! let folder = tempfile::tempdir().expect("a temporary folder");
//! let write = |entrypoint: Vec<String>| {
//!     let mut writer = LayoutWriter::new(folder.path(), 0)?;
//!     let layer = writer.add_layer(&tree, "hello")?;
//!     assert_eq!(layer.uncompressed_bytes, 21);
//!     let config = ImageConfig {
//!         entrypoint,
//!         ..ImageConfig::new("hello", Architecture::X86_64)
//!     };
//!     writer.finish(&config, &folder.path().join("hello"))
//! };
//! let layout = write(vec!["/var/task/bootstrap".into()])?;
//! // The same on every machine.
//! let digest = "sha256:82eba99127bf4ff0ffef21aabc48e4f5c7f04d360acd97b4272756add40a0d5f";
//! assert_eq!(layout.image().digest().to_string(), digest);
//! layout.write_archive(&folder.path().join("hello.tar"), "hello:latest")?;
//!
//! // Nobody says what is to be started.
//! let layout = write(Vec::new())?;
//! let source = layer::open(layout.path())?;
//! assert!(layer::validate(source.as_ref()).mismatches.is_empty());
//! let findings = lint(layout.path(), &LintOptions::default())?;
//! assert_eq!(findings[0].rule, Rule::Entrypoint);
//! assert!(findings[0].remedy.contains("ENTRYPOINT"));
//!
//! let mut tree = FileTree::new();
//! tree.add("bootstrap", script, Mode::Program)?;
//! let zip = Zip::write(&tree, 0, &folder.path().join("hello.zip"))?;
//! assert_eq!(zip.uncompressed_bytes, 21);
//! # Ok(())
//! # }
//! ```
//!
//! [`open`] takes a layout folder or an archive, whoever made it. [`validate`] derives everything again
//! from the bytes; [`lint`](lint::lint) adds what Lambda demands, and says what to do about each breach.
//! [`LayoutWriter::set_base`] puts the layers of another image below ours, unchanged, after [`check_base`] has found
//! that it runs the program. A function for a runtime of Lambda's is a [`zip::Zip`] instead.
//!
//! The crate knows nothing of OpenCV, AWS accounts, clocks or environment variables.

#![warn(missing_docs)]

pub mod archive;
mod atomic;
mod base;
mod config;
mod content_reader;
mod diff;
mod digest;
mod document;
pub mod elf;
pub mod entries;
mod error;
pub mod glibc;
mod gzip;
mod image;
mod index;
mod lambda;
mod layer;
mod layout;
mod library_resolver;
pub mod lint;
mod manifest;
mod merged_file_system;
mod rootfs;
pub mod scan;
pub mod source;
mod target_architecture;
#[cfg(test)]
mod tests;
mod timestamp;
mod tree;
mod validate;
pub mod zip;

pub use archive::open;
pub use atomic::atomic_write;
pub use base::{check_base, check_scratch};
pub use config::ImageConfig;
pub use diff::{LayerFiles, diff, layer_files};
pub use digest::{Digest, RunningDigest};
pub use document::descriptor;
pub use error::{Error, Result};
pub use image::Image;
pub use index::{Index, find_platform};
pub use layer::Layer;
pub use layout::{Layout, LayoutFolder, LayoutWriter, write_layout_files};
pub use platform::{Architecture, GlibcVersion};
pub use scan::Compression;
pub use target_architecture::TargetArchitecture;
pub use timestamp::rfc3339;
pub use tree::{Content, FileTree, Mode};
pub use validate::{Validation, validate};

//! A layer here is a layer of a container image (on AWS the word can also mean a zip archive that
//! Lambda mounts at `/opt`; this crate does not make those).
//!
//! Writes images that Lambda accepts, without a container engine and with the same bytes for the
//! same input:
//!
//! ```text
//! files ──▶ FileTree ──▶ Layer ──▶ Image ──▶ Layout (folder) ──▶ archive (tar for docker load)
//!  elf,      sorted,      digests    config,     whole or            old and new Docker
//!  glibc     canonical    known      manifest    not there
//! ```
//!
//! ```
//! use layer::{Content, FileTree, ImageConfig, LayoutWriter, Mode};
//!
//! # fn main() -> Result<(), layer::Error> {
//! let mut tree = FileTree::new();
//! tree.add("var/task/hello", Content::bytes("hello, from here", b"hello"), Mode::Data)?;
//!
//! let folder = tempfile::tempdir().expect("a temporary folder");
//! let mut layout = LayoutWriter::new(folder.path(), 0)?;
//! layout.add_layer(&tree, "hello")?;
//! let layout = layout.finish(&ImageConfig::new("hello", "x86_64"), &folder.path().join("hello"))?;
//!
//! let archive = folder.path().join("hello.tar");
//! layout.write_archive(&archive, "hello:latest")?;
//! assert!(layout.image().digest().to_string().starts_with("sha256:"));
//! # Ok(())
//! # }
//! ```
//!
//! The crate knows nothing of OpenCV, AWS accounts, clocks or environment variables.

pub mod archive;
mod base;
mod diff;
mod digest;
mod document;
#[cfg(test)]
mod draft;
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
pub mod lint;
mod program;
pub mod registry;
mod replace;
mod rootfs;
pub mod scan;
pub mod source;
mod tree;
mod validate;
mod view;
pub mod zip;

pub use base::{check_base, check_scratch};
pub use diff::diff;
pub use digest::Digest;
pub use document::rfc3339;
pub use error::{Error, Result};
pub use image::{Image, ImageConfig, go_name};
pub use index::Index;
pub use layer::Layer;
pub use layout::{Layout, LayoutFolder, LayoutWriter};
pub use tree::{Content, FileTree, Mode};
pub use validate::{Validation, validate};

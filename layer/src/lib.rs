#![doc = include_str!("../README.md")]
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

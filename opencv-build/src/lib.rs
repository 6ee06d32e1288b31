//! Builds a minimal static OpenCV 4.5 for a known glibc: from a recipe (`opencv.toml`) to an SDK
//! folder with headers, libraries, cascades and the list of what to link in which order.
//!
//! ```text
//! recipe ──▶ source ──▶ tree ──▶ configured ──▶ installed ──▶ SDK
//!  checked   verified   trimmed   modules are    compiled     linked and
//!            archive              all there                   run once
//! ```
//!
//! Each arrow is one module of this crate and ends in a value whose private constructor did the
//! check, so that a [`source::SourceArchive`] has the digest it should have and an [`sdk::Sdk`]
//! has been linked against. [`build`] runs them in order and caches the result by a fingerprint
//! of everything that went in. The crate knows nothing of AWS, container images or the function.

pub mod assemble;
pub mod baseline;
pub mod build;
pub mod cascades;
pub mod catalog;
mod cmake;
pub mod compiler;
pub mod configure;
mod download;
pub mod driver;
pub mod effort;
pub mod facts;
pub mod install;
pub mod instrument;
pub mod kernels;
pub mod linker;
pub mod links;
pub mod manifest;
pub mod options;
pub mod overlay;
pub mod pack;
mod package_index;
pub mod packages;
pub mod pins;
pub mod places;
pub mod probe;
mod python;
pub mod recipe;
pub mod sdk;
pub mod source;
pub mod target;
pub mod third_party;
pub mod toolchain;
pub mod tree;
pub mod trim;
pub mod wheels;
pub mod workshop;

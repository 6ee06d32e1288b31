//! Builds a minimal static OpenCV 4.5 for a given glibc: from a [`Recipe`] (`opencv.toml`) to an [`Sdk`], a
//! folder with headers, libraries, cascades, the face detection network and the link order of the libraries.
//!
//! ```text
//! recipe ──▶ source ──▶ tree ──▶ configured ──▶ installed ──▶ SDK
//!  checked   verified   trimmed    modules       compiled     linked and
//!            archive               verified                   run once
//! ```
//!
//! Each step is a module of this crate and returns a type whose constructor checks its invariant: a `SourceArchive`
//! has the expected digest, and a program has been linked against an [`Sdk`]. [`build()`] runs the steps in order and
//! caches the result by a fingerprint of all inputs; [`build_or_pull`] can use one that was built elsewhere. The crate does not depend on AWS, container images or the
//! function.
//!
//! A recipe can also be a string:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use opencv_build::{BuildPaths, CmakeLauncher, ErrorKind, Recipe, build};
//!
//! // Must be the first call in `main`: a build restarts the program for each cmake call.
//! let launcher = CmakeLauncher::init();
//!
//! let recipe: Recipe = r#"
//!     version = "4.5.5"
//!     cxx_standard = 11
//!     modules = ["imgproc"]
//!     codecs = []
//!     target = { architecture = "x86_64", glibc = "2.26" }
//!     cpu.x86_64 = { baseline = ["SSE3"], dispatch = [] }
//! "#.parse()?;
//! assert_eq!(recipe.modules, ["core", "imgproc"]);
//!
//! let paths = BuildPaths::new("target".as_ref())?;
//! # if false {
//! match build(&recipe, &paths, &launcher) {
//!     Ok(built) => println!("{}", built.sdk.path().display()),
//!     Err(error) if error.kind() == ErrorKind::Download => println!("offline? {error:#}"),
//!     Err(error) => return Err(error.into()),
//! }
//! # }
//! # Ok(())
//! # }
//! ```
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod baseline;
mod build;
mod cascade_packer;
mod cascade_xml;
mod catalog;
mod cmake;
mod cmake_launcher;
mod cmake_options;
mod compile_time;
mod compiler;
mod configure;
mod context;
mod download;
mod environment;
mod error;
mod export;
mod face_model;
mod finish_sdk;
mod install;
pub mod internals;
mod link_list;
mod link_stubs;
mod linker;
mod manifest;
mod model_packer;
mod overlay;
mod package_configs;
mod package_index;
mod paths;
mod pins;
mod probe;
mod progress;
mod pulled_sdk;
mod python;
mod recipe;
mod sanitizers;
mod sdk;
mod sdk_programs;
mod simd_assembler;
mod source;
mod source_tree;
mod target;
mod third_party;
mod toolchain;
mod tools;
mod trim;
mod wheels;

pub use crate::build::{BuildOutcome, build, build_or_pull, fetch, find_cached};
pub use crate::cmake_launcher::CmakeLauncher;
pub use crate::error::{Error, ErrorKind};
pub use crate::export::{CARGO_CONFIG_FILE, DOCKERFILE, ENVIRONMENT_FILE, export};
pub use crate::manifest::{Library, Link, Manifest};
pub use crate::paths::BuildPaths;
pub use crate::progress::report_progress_to;
pub use crate::pulled_sdk::{PullSdk, SdkOrigin};
pub use crate::recipe::{Cpu, HaarDetector, LocalSource, Recipe};
pub use crate::sdk::Sdk;
pub use crate::target::{Architecture, GlibcVersion, NoEmulator, Runner, Target};
pub use crate::third_party::{ThirdParty, ThirdPartyLocation};
pub use crate::tools::Tools;

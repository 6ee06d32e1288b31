//! A cmake call through the crate `cmake`. The crate panics if cmake fails, so it runs in a separate process: see
//! [`crate::cmake_launcher`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Covers this file: the arguments of cmake besides the options.
pub(crate) const CODE_DIGEST: &str = env!("CMAKE_CODE_DIGEST");
/// Names and versions of the crates that affect the arguments of cmake and compilers.
pub(crate) const CRATE_VERSIONS: &str = env!("CRATE_VERSIONS");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CmakeJob {
    pub(crate) source: PathBuf,
    pub(crate) work_dir: PathBuf,
    pub(crate) cc: PathBuf,
    pub(crate) cxx: PathBuf,
    pub(crate) triple: String,
    pub(crate) defines: BTreeMap<String, String>,
    pub(crate) configure: bool,
    pub(crate) build_target: String,
}

impl CmakeJob {
    /// # Panics
    /// If cmake fails: the crate `cmake` returns no errors.
    pub(crate) fn run(&self) {
        let compiler = |path: &Path| {
            let mut compiler = cc::Build::new();
            compiler.compiler(path);
            compiler
        };
        let mut cmake = cmake::Config::new(&self.source);
        cmake
            .generator("Ninja")
            .profile("Release")
            // The same triple for both, so that the crate adds no options for cross-compilation to ours.
            .target(&self.triple)
            .host(&self.triple)
            .no_default_flags(true)
            .init_c_cfg(compiler(&self.cc))
            .init_cxx_cfg(compiler(&self.cxx))
            .out_dir(&self.work_dir)
            .always_configure(self.configure)
            .env("DESTDIR", self.work_dir.join("install"))
            .build_target(&self.build_target);
        for (name, value) in &self.defines {
            cmake.define(name, value);
        }
        cmake.build();
    }

    pub(crate) fn with_build_target(&self, build_target: &str) -> Self {
        Self {
            configure: false,
            build_target: build_target.to_owned(),
            ..self.clone()
        }
    }
}

//! Builds artefacts: OpenCV, and for any function's package its program, images, zip archives and SBOMs. Does not run
//! the built programs. Only the separate program `registry` accesses registries.

pub mod artefacts;
pub mod build;
pub mod build_function;
pub mod build_opencv;
mod cargo;
pub mod competitors;
pub mod function;
pub mod function_package;
pub mod git;
pub mod program;
pub mod sbom;
pub mod sdk_cache;
pub mod sysroot;
pub mod target_tools;
pub mod user_cache;
pub mod workspace;

#[cfg(test)]
mod tests {
    pub mod checkout;
    pub mod sample_package;
}

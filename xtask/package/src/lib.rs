//! Builds artefacts from the workspace: OpenCV and the function, images, zip archives and SBOMs. Does not run the built
//! programs, and does not access registries.

pub mod artefacts;
pub mod build;
pub mod build_function;
pub mod build_opencv;
mod cargo;
pub mod competitors;
pub mod git;
pub mod program;
pub mod sbom;
pub mod user_cache;
pub mod workspace;

#[cfg(test)]
mod tests {
    pub mod checkout;
}

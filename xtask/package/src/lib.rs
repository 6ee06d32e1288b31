//! What goes into an artefact, from the workspace to files: the builds of OpenCV and of the function, images,
//! zip archives and bills of materials. It starts nothing of what was built, and knows no registry.

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

//! What tests of an SDK by itself need of the project.

use conformance::Fixture;
use opencv_build::{BuildPaths, Sdk, Tools};
use package::workspace::Workspace;

/// The SDK of a workspace, with the tools that built it.
pub fn fixture<'a>(
    workspace: &'a Workspace,
    paths: &'a BuildPaths,
    sdk: &'a Sdk,
    tools: &'a Tools,
) -> Fixture<'a> {
    Fixture {
        sdk,
        tools,
        paths,
        root: workspace.root(),
        work: workspace.target().join("conformance"),
    }
}

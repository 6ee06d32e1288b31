//! The fixture of conformance tests for the project's SDK.

use conformance::Fixture;
use opencv_build::{BuildPaths, Sdk, Tools};
use package::workspace::Workspace;

pub fn sdk_fixture<'a>(workspace: &'a Workspace, paths: &'a BuildPaths, sdk: &'a Sdk, tools: &'a Tools) -> Fixture<'a> {
    Fixture {
        sdk,
        tools,
        paths,
        project_dir: workspace.root(),
        work_dir: workspace.target_dir().join("conformance"),
    }
}

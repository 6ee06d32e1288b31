//! The fixture of conformance tests for an SDK of the project.

use anyhow::Result;
use conformance::Fixture;
use opencv_build::Sdk;
use package::build::Build;

pub fn sdk_fixture<'a>(build: &'a Build, sdk: &'a Sdk) -> Result<Fixture<'a>> {
    Ok(Fixture {
        sdk,
        tools: build.tools()?,
        runner: build.sysroot.runner()?,
        paths: &build.paths,
        project_dir: build.workspace.root(),
        work_dir: build.workspace.target_dir().join("conformance"),
    })
}

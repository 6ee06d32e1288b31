//! The fixture of conformance tests for an SDK of the project.

use anyhow::Result;
use conformance::Fixture;
use opencv_build::{Runner, Sdk};
use package::build::Build;

pub fn sdk_fixture<'a>(build: &'a Build, sdk: &'a Sdk) -> Result<Fixture<'a>> {
    let target = sdk.manifest().target;
    let runner = Runner::find(target.architecture)?;
    let runner = match runner.is_emulated() {
        true => runner.with_sysroot(&build.sysroot.root()?),
        false => runner,
    };
    Ok(Fixture {
        sdk,
        tools: build.tools()?,
        runner,
        paths: &build.paths,
        project_dir: build.workspace.root(),
        work_dir: build.workspace.target_dir().join("conformance"),
    })
}

//! Compiles a configured build and installs it into an empty folder.

use std::path::PathBuf;

use anyhow::Result;
use fs_err as fs;

use crate::configure::ConfiguredBuild;
use crate::context::BuildContext;
use support::progress::ProgressStep;

#[derive(Debug)]
pub struct InstalledBuild {
    /// Contains `include`, `lib` and `share`.
    pub prefix: PathBuf,
}

impl InstalledBuild {
    pub fn new(configured: &ConfiguredBuild, context: &BuildContext) -> Result<Self> {
        let folder = configured.job.work_dir.join("install");
        if folder.exists() {
            // Files of an earlier build that this one does not install must not remain.
            fs::remove_dir_all(&folder)?;
        }
        let mut step = ProgressStep::start("compiling OpenCV");
        context.cmake(&configured.job.with_build_target("install"), |line| {
            if let Some((done, total)) = ninja_progress(line) {
                step.advance(done, total);
            }
        })?;
        Ok(Self {
            prefix: folder.join("opt/opencv"),
        })
    }
}

/// Parses ninja's progress, `[12/300] Building …`.
fn ninja_progress(line: &str) -> Option<(u64, u64)> {
    let (numbers, _) = line.strip_prefix('[')?.split_once(']')?;
    let (done, total) = numbers.split_once('/')?;
    Some((done.parse().ok()?, total.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninja_progress_is_parsed() {
        assert_eq!(ninja_progress("[12/300] Building CXX object a.o"), Some((12, 300)));
        assert_eq!(ninja_progress("warning: [12/300]"), None);
    }
}

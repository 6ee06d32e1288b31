//! A launcher for tests.

use super::*;

/// A launcher that starts this test program, which does a job as the real one would.
pub(crate) fn launcher() -> CmakeLauncher {
    CmakeLauncher {
        program: env::current_exe().unwrap(),
        arguments: ["--exact", "cmake_launcher::tests::run_a_job"]
            .map(Into::into)
            .to_vec(),
    }
}

/// In a process that the launcher above started this does the job; in all others nothing.
#[test]
fn run_a_job() {
    CmakeLauncher::init();
}

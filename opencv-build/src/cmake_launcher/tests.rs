use super::*;

/// A launcher that restarts the test program with only the test [`run_a_job`].
pub(crate) fn launcher() -> CmakeLauncher {
    CmakeLauncher {
        program: env::current_exe().unwrap(),
        arguments: ["--exact", "cmake_launcher::tests::run_a_job"].map(Into::into).to_vec(),
    }
}

/// Runs a job in a process started by [`launcher`]; otherwise does nothing.
#[test]
fn run_a_job() {
    CmakeLauncher::init();
}

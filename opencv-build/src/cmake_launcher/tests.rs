use std::collections::BTreeMap;

use super::*;

/// A launcher that restarts the test program with only the test [`run_a_job`].
pub(crate) fn launcher() -> CmakeLauncher {
    CmakeLauncher {
        program: env::current_exe().unwrap(),
        arguments: ["--exact", "cmake_launcher::tests::run_a_job"].map(Into::into).to_vec(),
        start_limit: START_LIMIT,
    }
}

/// Runs a job in a process started by [`launcher`]; otherwise does nothing.
#[test]
fn run_a_job() {
    CmakeLauncher::init();
}

/// The error of a build by a program whose `main` does what the shell code `main` does.
fn error_with_main(main: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(&folder.path().join("lock"), |_| ()).unwrap();
    let launcher = CmakeLauncher {
        program: "sh".into(),
        arguments: ["-c", main].map(Into::into).to_vec(),
        start_limit: Duration::from_millis(300),
    };
    let job = CmakeJob {
        source: "/nowhere".into(),
        work_dir: folder.path().to_owned(),
        cc: "cc".into(),
        cxx: "c++".into(),
        triple: "x86_64-unknown-linux-gnu".to_owned(),
        defines: BTreeMap::new(),
        configure: true,
        build_target: "install".to_owned(),
    };
    let error = launcher.run(&job, &[], &lock, &folder.path().join("log"), |_| ());
    format!("{:#}", error.unwrap_err())
}

#[test]
fn a_main_that_does_not_run_the_job_is_an_error() {
    for (main, how) in [
        // Waits, for example for a lock.
        ("sleep 600; true", "did not run it"),
        ("exit 0", "ended without running it"),
        ("echo usage >&2; exit 2", "| usage"),
    ] {
        let start = Instant::now();
        let error = error_with_main(main);
        assert!(start.elapsed() < Duration::from_secs(60), "{main}");
        assert!(error.contains(how), "{main}: {error}");
        assert!(
            error.contains("`CmakeLauncher::init` must be the first call"),
            "{error}"
        );
    }
    let error = error_with_main("rm \"$OPENCV_BUILD_JOB\"; sleep 0.5; exit 3");
    assert!(error.starts_with("cmake failed for the target `install`"), "{error}");
    assert!(error.contains("exit status: 3"), "{error}");
}

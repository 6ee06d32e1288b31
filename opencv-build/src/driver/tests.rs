//! A driver for tests.

use super::*;

/// A driver that starts this test program, which does a job as the real one would.
pub(crate) fn driver() -> Driver {
    Driver {
        program: env::current_exe().unwrap(),
        arguments: ["--exact", "driver::tests::perform_a_job"]
            .map(Into::into)
            .to_vec(),
    }
}

/// In a process that the driver above started this does the job; in all others nothing.
#[test]
fn perform_a_job() {
    Driver::init();
}

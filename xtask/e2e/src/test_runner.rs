//! Runs tests in order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use anyhow::{Result, anyhow};
use support::progress::print_status;

use crate::arguments::Arguments;
use crate::report::TestOutput;

/// A test's name and function.
pub type Test<'a> = (&'a str, &'a dyn Fn() -> Result<()>);

/// Runs the tests that `--only` selects.
pub fn run_all(tests: &[Test], arguments: &Arguments, output: &mut TestOutput) {
    for (name, test) in tests.iter().filter(|(name, _)| arguments.selects(name)) {
        print_status(&format!("\n=== {name}"));
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(test));
        let result = result.unwrap_or_else(|_| Err(anyhow!("the test panicked; its message is above")));
        output.add(name, result, start.elapsed());
    }
}

//! The program that Lambda starts.

use function::FaceFunction;
use harness::RuntimeError;

fn main() -> Result<(), RuntimeError> {
    harness::run(FaceFunction::load)
}

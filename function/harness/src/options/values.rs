//! All options of a function: its own, and those that every function has.

use super::common::CommonOptions;
use super::function_options::FunctionOptions;

/// Names and values, not yet validated.
pub type RawOptions = Vec<(String, String)>;

/// All options, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Options<O> {
    pub common: CommonOptions,
    /// Those of the function.
    pub own: O,
}

impl<O: FunctionOptions> Options<O> {
    /// The defaults with these options of the function.
    pub fn new(own: O) -> Self {
        Self {
            common: CommonOptions::new::<O>(),
            own,
        }
    }
}

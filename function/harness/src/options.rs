//! Options: those of the function, and those that every function has.
//!
//! `table` has the name, valid values and setter of every common option, [`FunctionOptions`] those of the function. A
//! value comes from the event, else from the environment, else from the preset. If the event sets a preset, the
//! environment's values of the function's own options do not apply. An option that the preset does not have is an error
//! in an event; in the environment, which is for events of all presets, it is only validated.

mod common;
mod function_options;
mod key_pattern;
mod resolve;
mod spec;
mod storage;
mod table;
mod values;

pub use common::{CommonOptions, Limits, OutputFiles, OutputOptions, OversizedJpeg};
pub(crate) use function_options::variable;
pub use function_options::{FunctionOptions, Preset};
pub use key_pattern::KeyPattern;
pub use resolve::EnvironmentOptions;
pub use spec::{OptionSpec, SetBy, in_range, parsed, store};
pub use storage::{StorageBackend, StorageConfig};
pub use table::COMMON_OPTION_SPECS;
pub use values::{Options, RawOptions};

//! The specification of an option: its name, who may set it, its valid values, and how it is read and shown.

use std::fmt::Display;
use std::str::FromStr;

/// Who may set an option. The function's environment may set all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetBy {
    /// Anyone who can send a request to the function URL.
    Anyone,
    /// Anyone who may invoke the function or start a batch job.
    Caller,
    /// Only the environment.
    Operator,
}

/// An option of `O`.
pub struct OptionSpec<O> {
    /// The name in events.
    pub name: &'static str,
    pub settable_by: SetBy,
    /// The valid values, for error messages.
    pub allowed: &'static str,
    /// The value; `None` if the chosen preset does not have this option.
    pub show: fn(&O) -> Option<String>,
    /// Whether the value is valid. It is not stored if the chosen preset does not have this option.
    pub set: fn(&mut O, &str) -> bool,
}

/// The value, if it is valid.
pub fn parsed<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

/// The number, if it is from `min` to `max`.
pub fn in_range<T: FromStr + PartialOrd + Copy>(min: T, max: T, value: &str) -> Option<T> {
    parsed(value).filter(|number| (min..=max).contains(number))
}

/// Stores a value that is valid; returns whether it is.
pub fn store<T>(value: Option<T>, field: &mut T) -> bool {
    let is_valid = value.is_some();
    if let Some(value) = value {
        *field = value;
    }
    is_valid
}

pub(super) fn joined<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let names: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    names.join(",")
}

//! The crates of a program.

use serde::{Deserialize, Serialize};

use super::super::component::Component;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    pub program: Component,
    /// Every other crate in it, and Rust's own library.
    pub crates: Vec<Component>,
    /// Which of them uses which, by their ids.
    pub uses: Vec<(String, String)>,
    /// The licences of all of them in one text. They themselves have none: together these are ten times
    /// as long.
    pub licences: String,
}

//! A run of bytes of the function's binary.

use super::part::Kind;
use super::place::Place;

/// Some bytes of the file.
#[derive(Debug)]
pub struct Piece {
    /// Where it begins in the file.
    pub offset: u64,
    pub size: u64,
    /// Whose it is.
    pub place: Place,
    /// What it is.
    pub name: String,
    pub kind: Kind,
}

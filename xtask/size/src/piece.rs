//! A run of bytes of the function's binary.

use super::part::Kind;
use super::place::Place;

#[derive(Debug)]
pub struct Piece {
    /// Where it begins in the file.
    pub offset: u64,
    pub size: u64,
    pub place: Place,
    pub name: String,
    pub kind: Kind,
}

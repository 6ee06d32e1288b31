//! What several modules' tests make.

pub(crate) mod fixture;

//! Empty: this crate exists for its list of dependencies.

//! The implementations that are compared, and their cascades.

pub(super) const WHEEL: &str = "wheel";
pub(super) const UPSTREAM: &str = "upstream";
pub(super) const OURS: &str = "ours";

/// Names in requests, with those of the cascades.
pub(super) const CASCADES: [(&str, &str); 2] = [("face", "frontalface_default"), ("eye", "eye")];

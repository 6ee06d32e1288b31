//! What is compared, and by which cascades.

pub(super) const WHEEL: &str = "wheel";
pub(super) const UPSTREAM: &str = "upstream";
pub(super) const OURS: &str = "ours";

/// What they look for, with the cascade that finds it.
pub(super) const CASCADES: [(&str, &str); 2] = [("face", "frontalface_default"), ("eye", "eye")];

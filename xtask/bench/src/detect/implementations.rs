//! The implementations that are compared, and their cascades.

pub(super) const WHEEL: &str = "wheel";
/// The wheel of OpenCV 4.14, for YuNet.
pub(super) const YUNET_WHEEL: &str = "wheel 4.14";
pub(super) const UPSTREAM: &str = "upstream";
pub(super) const OURS: &str = "ours";

/// Names in requests, with those of the cascades.
pub(super) const CASCADES: [(&str, &str); 2] = [("face", "frontalface_default"), ("eye", "eye")];

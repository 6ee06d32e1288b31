//! Where an option was set, for errors.

/// What the names of environment variables begin with; the rest is an option's name in capitals.
pub const PREFIX: &str = "FACE_DETECT_";

/// Where an option was set, for errors.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    Event,
    Environment,
}

//! Which digests of code the build script hands over: what each begins at, and what is left out of it.

/// A digest of code, as the build script hands it over in an environment variable.
pub struct CodeDigest {
    /// The variable.
    pub variable: &'static str,
    /// The module whose code counts, with all that it reaches.
    pub root: &'static str,
    /// Modules and files that do not count.
    pub without: &'static [&'static [&'static str]],
}

/// What they do does not depend on it: they report and wait.
const NO_EFFECT: &[&str] = &["opencv_build::error", "support::lock", "support::progress"];
/// Counted by the values that are used: what is pinned for another version and what is cut for another recipe
/// change nothing.
const BY_VALUE: &[&str] = &["data/pins.toml", "data/trim.toml"];
/// Only used where a recipe is instrumented.
const INSTRUMENTS: &[&str] = &["opencv_build::instrument"];
/// The recipe's own build alone has them; the baseline is configured from its own data and neither packed nor tried.
const NOT_IN_BASELINE: &[&str] = &[
    "data/cmake-options.toml",
    "data/codecs.toml",
    "data/modules.toml",
    "opencv_build::pack",
    "opencv_build::probe",
    "opencv_build::third_party",
];

/// All of them.
pub const ALL: [CodeDigest; 5] = [
    CodeDigest {
        variable: "CODE_OF_SDK",
        root: "opencv_build::build",
        without: &[NO_EFFECT, BY_VALUE, INSTRUMENTS],
    },
    CodeDigest {
        variable: "CODE_OF_INSTRUMENTED_SDK",
        root: "opencv_build::build",
        without: &[NO_EFFECT, BY_VALUE],
    },
    CodeDigest {
        variable: "CODE_OF_TREE",
        root: "opencv_build::tree",
        without: &[NO_EFFECT, BY_VALUE],
    },
    CodeDigest {
        variable: "CODE_OF_CMAKE_CALL",
        root: "opencv_build::cmake",
        without: &[],
    },
    CodeDigest {
        variable: "CODE_OF_BASELINE",
        root: "opencv_build::baseline",
        without: &[NO_EFFECT, BY_VALUE, INSTRUMENTS, NOT_IN_BASELINE],
    },
];

impl CodeDigest {
    /// What is left out, in one list.
    pub fn without(&self) -> Vec<&'static str> {
        self.without.concat()
    }
}

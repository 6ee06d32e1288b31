//! Which digests of code the build script hands over: what each begins at, and what is left out of it.

/// What they do does not depend on it: they report and wait.
const NO_EFFECT: &[&str] = &["opencv_build::error", "support::lock", "support::progress"];
/// Counted by the values that are used: what is pinned for another version and what is cut for another recipe
/// change nothing.
const BY_VALUE: &[&str] = &["data/pins.toml", "data/trim.toml"];
/// Only used where a recipe is instrumented.
const SANITIZERS: &[&str] = &["opencv_build::sanitizers"];
/// The recipe's own build alone has them; the baseline is configured from its own data, and no SBOM is made of it.
const NOT_IN_BASELINE: &[&str] = &[
    "data/cmake-options.toml",
    "data/codecs.toml",
    "data/modules.toml",
    "opencv_build::third_party",
];

/// Each by the environment variable in which the build script hands it over: the module whose code counts, with all that it
/// reaches, and the modules and files that do not count.
pub const DIGESTS: [(&str, &str, &[&[&str]]); 5] = [
    (
        "SDK_CODE_DIGEST",
        "opencv_build::build",
        &[NO_EFFECT, BY_VALUE, SANITIZERS],
    ),
    (
        "SANITIZED_SDK_CODE_DIGEST",
        "opencv_build::build",
        &[NO_EFFECT, BY_VALUE],
    ),
    (
        "SOURCE_TREE_CODE_DIGEST",
        "opencv_build::source_tree",
        &[NO_EFFECT, BY_VALUE],
    ),
    ("CMAKE_CODE_DIGEST", "opencv_build::cmake", &[]),
    (
        "BASELINE_CODE_DIGEST",
        "opencv_build::baseline",
        &[NO_EFFECT, BY_VALUE, SANITIZERS, NOT_IN_BASELINE],
    ),
];

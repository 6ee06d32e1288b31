//! The code digests that the build script computes: the root module of each, and the modules and files excluded.

/// Modules that only report, wait, or use an SDK that was built elsewhere, and do not affect the result.
const NO_EFFECT: &[&str] = &[
    "opencv_build::error",
    "opencv_build::pulled_sdk",
    "support::lock",
    "support::progress",
];
/// The fingerprint includes the values that a recipe uses instead of the whole file: pins for another version and
/// patches for another recipe have no effect.
const BY_VALUE: &[&str] = &["data/pins.toml", "data/trim.toml"];
/// Modules that only instrumented recipes use.
const SANITIZERS: &[&str] = &["opencv_build::sanitizers"];
/// Files and modules that the baseline does not use: it is configured from its own data and has no SBOM.
const NOT_IN_BASELINE: &[&str] = &[
    "data/cmake-options.toml",
    "data/codecs.toml",
    "data/modules.toml",
    "opencv_build::third_party",
];

/// For each digest: the environment variable that the build script sets, the root module, whose code is included with
/// everything that it reaches, and the modules and files excluded.
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

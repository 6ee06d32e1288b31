//! Environment variables that make cargo, the crate `cc` and the crate `opencv` use an SDK and its compiler and no
//! others.

use std::ffi::OsString;

use crate::manifest::Link;
use crate::target::Target;
use support::fingerprint::Fingerprint;

pub(crate) type Variables = Vec<(String, OsString)>;

/// The variables that name the SDK and what to link. `path` returns the full path of a file or folder of the SDK.
pub(crate) fn sdk_variables(
    path: impl Fn(&str) -> OsString,
    link: &Link,
    target: &Target,
    fingerprint: &Fingerprint,
) -> Variables {
    let own = link.libraries.iter().map(|name| format!("static={name}"));
    let libraries: Vec<_> = own.chain(link.system.iter().cloned()).collect();
    let runtime = format!("CXXSTDLIB_{}", variable_suffix(target));
    let variables: [(&str, OsString); 7] = [
        ("OPENCV_SDK", path("")),
        ("OPENCV_LINK_LIBS", libraries.join(",").into()),
        ("OPENCV_LINK_PATHS", path("lib")),
        ("OPENCV_INCLUDE_PATHS", path("include/opencv4")),
        ("OPENCV_DISABLE_PROBES", "pkg_config,cmake,vcpkg_cmake,vcpkg".into()),
        (&runtime, link.cxx_runtime.clone().into()),
        // vcpkg is not used, but the build script runs again when this variable changes, as it must for another
        // SDK in the same folder.
        ("OPENCV_VCPKG_NAME", fingerprint.to_string().into()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The variables that select the compiler's `scripts`: `script` returns the full path of one of them.
/// `libclang_arguments` make libclang read the compiler's headers.
pub(crate) fn compiler_variables(
    script: impl Fn(&str) -> OsString,
    target: &Target,
    libclang_arguments: &[String],
) -> Variables {
    let suffix = variable_suffix(target);
    vec![
        (format!("CC_{suffix}"), script("cc")),
        (format!("CXX_{suffix}"), script("c++")),
        (format!("AR_{suffix}"), script("ar")),
        (format!("RANLIB_{suffix}"), script("ranlib")),
        // Called for its version and include paths.
        ("CLANG_PATH".to_owned(), script("c++")),
        ("OPENCV_CLANG_ARGS".to_owned(), libclang_arguments.join(" ").into()),
    ]
}

/// The variable with cargo's linker for `target`.
pub(crate) fn linker_variable(target: &Target) -> String {
    format!("CARGO_TARGET_{}_LINKER", variable_suffix(target).to_uppercase())
}

/// The target in names of variables of the crate `cc`.
fn variable_suffix(target: &Target) -> String {
    target.rust_triple().replace('-', "_")
}

//! cargo with everything that it needs to build a function for Lambda: the arguments and the environment. Nothing else
//! prepares cargo for a function.

mod lambda_profile;

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use opencv_build::{Sdk, Target};
use support::run::shell_word;

use crate::build::Build;
use crate::function_package::FunctionPackage;

/// Between the flags in `CARGO_ENCODED_RUSTFLAGS`.
const FLAG_SEPARATOR: &str = "\u{1f}";

/// How a function is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// For Lambda. The link is recorded for size reports.
    Lambda,
    /// Compiled faster, and larger and slower.
    Development,
}

impl Profile {
    /// cargo's name for the profile.
    fn name(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::Development => "dev",
        }
    }

    /// The folder of its output.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::Development => "debug",
        }
    }
}

/// cargo for `subcommand` on the function with the profile for Lambda, in an environment that links it against `sdk`.
pub fn cargo_command(build: &Build, sdk: &Sdk, subcommand: &str) -> Result<Command> {
    let mut cargo = cargo_command_without_sdk(build, subcommand)?;
    cargo.envs(sdk.environment());
    Ok(cargo)
}

/// As [`cargo_command`], with the development profile.
pub(super) fn development_command(build: &Build, sdk: &Sdk, subcommand: &str) -> Result<Command> {
    let mut cargo = command(build, subcommand, Profile::Development)?;
    cargo.envs(sdk.environment());
    Ok(cargo)
}

/// The same call of cargo without an SDK: crates that do not need one are compiled with the same flags.
pub(super) fn cargo_command_without_sdk(build: &Build, subcommand: &str) -> Result<Command> {
    command(build, subcommand, Profile::Lambda)
}

fn command(build: &Build, subcommand: &str, profile: Profile) -> Result<Command> {
    let (package, tools) = (&build.package, build.tools()?);
    let target = build.recipe.target;
    let mut cargo = build.cargo(subcommand)?;
    cargo
        .args(package_arguments(package))
        .args(["--profile", profile.name(), "--target"])
        .arg(target.rust_triple());
    for setting in lambda_profile::settings(&build.workspace, package)? {
        cargo.arg("--config").arg(setting);
    }
    // After `cargo`, which writes cargo's home, from which the flags are derived.
    let flags = rust_flags(&path_prefixes(package)?).join(FLAG_SEPARATOR);
    cargo
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .envs(c_flags(&target, &path_prefixes(package)?))
        .envs(tools.environment()?);
    if profile == Profile::Lambda {
        let record = link_record_dir(package, &target);
        // Overrides the linker in the tools' environment.
        cargo.envs(tools.link_record_environment(&record, &crate_name(&package.binary))?);
    }
    Ok(cargo)
}

/// The arguments that select what is built of the package.
pub(super) fn package_arguments(package: &FunctionPackage) -> Vec<String> {
    match package.features.as_slice() {
        [] => Vec::new(),
        features => vec!["--features".to_owned(), features.join(",")],
    }
}

/// The name that rustc gives the files of a program.
pub(super) fn crate_name(binary: &str) -> String {
    binary.replace('-', "_")
}

/// The variables with which the user's own calls of cargo build the function against `sdk`: without the record of the
/// link, and with the user's cargo home, whose path is removed from the program as well.
pub fn function_environment(build: &Build, sdk: &Sdk) -> Result<Vec<(String, OsString)>> {
    let (package, tools) = (&build.package, build.tools()?);
    // Writes cargo's home, from which the flags are derived.
    build.cargo("build")?;
    let mut prefixes = path_prefixes(package)?;
    prefixes.extend(crate::cargo::user_home().map(|home| (home, "cargo")));
    let mut environment = tools.environment()?;
    environment.extend(sdk.environment());
    environment.extend(c_flags(&build.recipe.target, &prefixes));
    environment.push((
        "CARGO_BUILD_TARGET".to_owned(),
        build.recipe.target.rust_triple().into(),
    ));
    let rustc = build.rust_toolchain()?.named_rustc();
    environment.extend(rustc.map(|path| ("RUSTC".to_owned(), path.into())));
    // The other variable for flags separates them by spaces, which paths can contain.
    environment.push((
        "CARGO_ENCODED_RUSTFLAGS".to_owned(),
        rust_flags(&prefixes).join(FLAG_SEPARATOR).into(),
    ));
    Ok(environment)
}

pub fn link_record_dir(package: &FunctionPackage, target: &Target) -> PathBuf {
    let name = if package.is_default {
        "link".to_owned()
    } else {
        format!("link-{}", package.name)
    };
    let sizes = package.workspace.target_dir().join("size");
    sizes.join(target.dir_name()).join(name)
}

/// The folders whose paths must not be in the program, and what replaces each. Of several that match, the last one
/// takes precedence.
fn path_prefixes(package: &FunctionPackage) -> Result<Vec<(PathBuf, &'static str)>> {
    let workspace = &package.workspace;
    let mut prefixes = vec![
        (workspace.root().to_owned(), "project"),
        (workspace.target_dir(), "target"),
        (crate::cargo::home(workspace), "cargo"),
    ];
    let crates = crate::cargo::vendored_crate_dirs(workspace)?;
    prefixes.extend(crates.into_iter().map(|folder| (folder, "crates")));
    Ok(prefixes)
}

/// Flags that remove this machine's paths from the program's panic messages, and select v0 symbol names, which contain
/// the crates of a function's generic arguments.
fn rust_flags(prefixes: &[(PathBuf, &str)]) -> Vec<String> {
    let remap = |(from, to): &(PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    let names = "-Csymbol-mangling-version=v0".to_owned();
    prefixes.iter().map(remap).chain([names]).collect()
}

/// Variables that make the crate `cc` remove the same paths from C and C++ code, where `__FILE__` has them.
fn c_flags(target: &Target, prefixes: &[(PathBuf, &str)]) -> Vec<(String, OsString)> {
    let flags = prefixes
        .iter()
        .map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    let flags: Vec<_> = flags.collect();
    let words: Vec<_> = flags.iter().map(|flag| shell_word(flag)).collect();
    let mut variables = Vec::new();
    if words.iter().any(|word| matches!(word, Cow::Owned(_))) {
        // Otherwise `cc` splits the value at spaces only.
        variables.push(("CC_SHELL_ESCAPED_FLAGS".to_owned(), "1".into()));
    }
    let triple = target.rust_triple().replace('-', "_");
    for name in ["CFLAGS", "CXXFLAGS"] {
        variables.push((format!("{name}_{triple}"), words.join(" ").into()));
    }
    variables
}

#[cfg(test)]
mod tests {
    use opencv_build::{Architecture, GlibcVersion};
    use support::run::{Shell, cmd, output};

    use super::*;

    fn flags(folders: &[&str]) -> Vec<(String, String)> {
        let target = Target {
            architecture: Architecture::X86_64,
            glibc: GlibcVersion::new(2, 26),
        };
        let prefixes: Vec<_> = folders.iter().map(|&folder| (folder.into(), "project")).collect();
        let variables = c_flags(&target, &prefixes).into_iter();
        variables
            .map(|(name, value)| (name, value.into_string().unwrap()))
            .collect()
    }

    #[test]
    fn flags_for_c_are_words_of_a_shell() {
        let plain = flags(&["/p/ä", "/home/me/.cargo"]);
        let names: Vec<_> = plain.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["CFLAGS_x86_64_unknown_linux_gnu", "CXXFLAGS_x86_64_unknown_linux_gnu"]
        );
        assert_eq!(
            plain[0].1,
            "-ffile-prefix-map=/p/ä=project -ffile-prefix-map=/home/me/.cargo=project"
        );

        let folders = ["/my p", "/it's", "/$HOME (old)", "/a\"b"];
        let quoted = flags(&folders);
        assert_eq!(quoted[0], ("CC_SHELL_ESCAPED_FLAGS".to_owned(), "1".to_owned()));
        let sh = Shell::new().unwrap();
        let script = format!("printf '%s\\n' {}", quoted[1].1);
        let words = output(cmd!(sh, "sh -c {script}")).unwrap();
        let expected = folders.map(|folder| format!("-ffile-prefix-map={folder}=project"));
        assert_eq!(words.lines().collect::<Vec<_>>(), expected);
    }
}

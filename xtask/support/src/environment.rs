//! Allow-lists of the user's environment variables that programs in a build may see. A deny-list is not sufficient: too
//! many variables change what compilers, cargo or pip do.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::run::Cmd;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableGroup {
    /// Proxies, certificates and credentials.
    Network,
    Terminal,
    /// The folders and sources of cargo and rustup.
    Rust,
}

/// The variables of each group: `data/environment.json`. A `*` at the end of a name matches any suffix.
#[derive(Deserialize)]
struct AllowLists {
    /// Variables that every program needs: where programs and libraries are, and where it may write.
    always: Vec<String>,
    /// Includes `DBUS_SESSION_BUS_ADDRESS`: keyrings are reached by the session bus.
    network: Vec<String>,
    terminal: Vec<String>,
    rust: Vec<String>,
}

static ALLOW_LISTS: LazyLock<AllowLists> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/environment.json"))
        .unwrap_or_else(|error| unreachable!("data/environment.json is embedded: {error}"))
});

#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// The environment of this process.
    pub fn current() -> Self {
        env::vars_os().collect()
    }

    /// The value of a variable; an empty one counts as missing.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(OsStr::new(name))?;
        (!value.is_empty()).then_some(value)
    }

    /// The absolute folders of `PATH`, in order; relative ones depend on the current folder.
    pub fn search_path(&self) -> impl Iterator<Item = PathBuf> {
        let folders = env::split_paths(self.get("PATH").unwrap_or_default());
        folders.filter(|folder| folder.is_absolute())
    }

    /// Restricts `command` to the variables that every program needs and those of `groups`, in a fixed locale. Removes
    /// variables that were set for it before.
    pub fn restrict<'c>(&self, command: &'c mut Command, groups: &[VariableGroup]) -> &'c mut Command {
        let command = command.env_clear().envs(self.allowed(groups));
        command.env("LC_ALL", "C.UTF-8")
    }

    fn allowed(&self, groups: &[VariableGroup]) -> impl Iterator<Item = (&OsString, &OsString)> {
        let variables = self.variables.iter();
        variables.filter(move |(name, _)| is_allowed(name, groups))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self {
            variables: variables.map(|(n, v)| (n.into(), v.into())).collect(),
        }
    }
}

/// [`Environment::restrict`] for a command of xshell, with this process's environment.
pub fn restricted<'s>(command: Cmd<'s>, groups: &[VariableGroup]) -> Cmd<'s> {
    let environment = Environment::current();
    let command = command.env_clear().envs(environment.allowed(groups));
    command.env("LC_ALL", "C.UTF-8")
}

/// A command whose environment is [restricted](Environment::restrict) to `groups`.
pub fn command(program: impl AsRef<OsStr>, groups: &[VariableGroup]) -> Command {
    let mut command = Command::new(program);
    Environment::current().restrict(&mut command, groups);
    command
}

fn is_allowed(name: &OsStr, groups: &[VariableGroup]) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let lists = groups.iter().map(|group| match group {
        VariableGroup::Network => &ALLOW_LISTS.network,
        VariableGroup::Terminal => &ALLOW_LISTS.terminal,
        VariableGroup::Rust => &ALLOW_LISTS.rust,
    });
    let mut allowed = lists.chain([&ALLOW_LISTS.always]).flatten();
    allowed.any(|allowed| match allowed.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == allowed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allowed_variables_are_visible() {
        let hostile = [
            "CFLAGS",
            "CXXFLAGS_x86_64_unknown_linux_gnu",
            "LDFLAGS",
            "CPATH",
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_BUILD_DIR",
            "CARGO_BUILD_TARGET",
            "CARGO_PROFILE_LAMBDA_OPT_LEVEL",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
            "RUSTC",
            "RUSTC_WRAPPER",
            "PIP_USER",
            "PYTHONPATH",
            "PYTHONHOME",
            "VIRTUAL_ENV",
            "BINDGEN_EXTRA_CLANG_ARGS",
            "LD_PRELOAD",
            "GIT_DIR",
            "MAKEFLAGS",
            "LANG",
        ];
        let good = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/me"),
            ("https_proxy", "http://proxy:3128"),
            ("CARGO_TERM_COLOR", "never"),
            ("CARGO_REGISTRIES_MIRROR_TOKEN", "secret"),
            ("RUSTUP_TOOLCHAIN", "stable"),
        ];
        let environment: Environment = hostile.map(|name| (name, "hostile")).into_iter().chain(good).collect();
        let seen = |groups: &[VariableGroup]| {
            let mut command = Command::new("/usr/bin/env");
            command.env("CC", "/set/before");
            let output = environment.restrict(&mut command, groups).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let line = |(name, value): (&str, &str)| format!("{name}={value}");
        let all = [VariableGroup::Network, VariableGroup::Terminal, VariableGroup::Rust];
        let mut expected: Vec<_> = good.into_iter().map(line).collect();
        expected.push("LC_ALL=C.UTF-8".to_owned());
        expected.sort();
        assert_eq!(seen(&all), expected);
        assert_eq!(seen(&[]), ["HOME=/home/me", "LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin"]);
    }

    #[test]
    fn an_empty_variable_counts_as_missing() {
        let environment: Environment = [("CARGO_HOME", ""), ("HOME", "/h")].into_iter().collect();
        assert_eq!(environment.get("CARGO_HOME"), None);
        assert_eq!(environment.get("HOME"), Some(OsStr::new("/h")));
        assert_eq!(environment.get("USER"), None);
        assert_eq!(environment.search_path().count(), 0);
    }
}

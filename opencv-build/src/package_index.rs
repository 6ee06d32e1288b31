//! The user's Python package indexes: the settings in pip's environment variables and configuration files that locate
//! indexes and configure access to them. All other settings, which change what pip installs and how, are ignored.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::run::redact_credentials;

use crate::python::Python;

const PIP_SETTINGS: [&str; 13] = [
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "trusted-host",
    "cert",
    "client-cert",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
    "cache-dir",
    "keyring-provider",
];

const SCRIPT: &str = include_str!("../data/pip_settings.py");

/// The user's package indexes. A URL can contain a password, so they are passed only in environment variables.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PackageIndex {
    variables: Vec<(String, String)>,
}

impl PackageIndex {
    pub(crate) fn from_pip_config(python: &Python) -> Result<Self> {
        let mut pip = python.command();
        pip.args(["-c", SCRIPT]).args(PIP_SETTINGS);
        let variables = PIP_SETTINGS.into_iter().map(pip_variable);
        for name in variables.chain(["PIP_CONFIG_FILE".to_owned()]) {
            if let Some(value) = python.environment.get(&name) {
                pip.env(name, value);
            }
        }
        let program = python.program.display();
        let failed = || format!("failed to read pip's configuration with `{program}`");
        let output = pip.output().with_context(failed)?;
        ensure!(
            output.status.success(),
            "{}: {}",
            failed(),
            redact_credentials(String::from_utf8_lossy(&output.stderr).trim())
        );
        let settings: BTreeMap<String, String> = serde_json::from_slice(&output.stdout).with_context(failed)?;
        let variables = settings.into_iter();
        let variables = variables.map(|(name, value)| (pip_variable(&name), value));
        let variables = variables.collect();
        Ok(Self { variables })
    }

    /// Makes pip, and programs that read its variables, use these settings and no configuration file.
    pub(crate) fn apply<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("PIP_CONFIG_FILE", "/dev/null")
            .envs(self.variables.iter().map(|(n, v)| (n, v)))
    }
}

fn pip_variable(setting: &str) -> String {
    format!("PIP_{}", setting.replace('-', "_").to_uppercase())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use fs_err as fs;
    use support::environment::Environment;
    use support::run::display_command;

    use super::*;
    use crate::python::tests::python_with_pip;

    /// A pip with these settings, which records its environment variables.
    const PIP: &str = r#"
env | grep ^PIP_ | sort >"${0%python3}seen"
printf '%s\n' '{"index-url": "https://me:secret@one.example/simple", "find-links": "/a\n/b"}'
"#;

    fn configured(folder: &Path, pip: &str, variables: &[(&str, &str)]) -> Result<PackageIndex> {
        let path = [("PATH", std::env::var("PATH").unwrap())];
        let own = variables.iter().map(|(n, v)| (*n, (*v).to_owned()));
        let environment: Environment = path.into_iter().chain(own).collect();
        PackageIndex::from_pip_config(&python_with_pip(folder, pip, environment))
    }

    #[test]
    fn only_package_source_settings_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let variables = [
            ("PIP_CERT", "/of/the/variable"),
            ("PIP_TRUSTED_HOST", "one.example"),
            ("PIP_USER", "1"),
            ("PIP_PREFIX", "/hostile"),
            ("PIP_DRY_RUN", "1"),
            ("PIP_ROOT", "/hostile"),
            ("PIP_REQUIRE_VIRTUALENV", "1"),
            ("PIP_QUIET", "3"),
            ("PIP_RETRIES", ""),
        ];
        let index = configured(folder.path(), PIP, &variables).unwrap();
        let seen = fs::read_to_string(folder.path().join("seen")).unwrap();
        assert_eq!(seen, "PIP_CERT=/of/the/variable\nPIP_TRUSTED_HOST=one.example\n");

        let mut command = Command::new("env");
        index.apply(command.env_clear());
        let said = command.output().unwrap().stdout;
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("PIP_CONFIG_FILE=/dev/null\n"), "{said}");
        let line = "PIP_INDEX_URL=https://me:secret@one.example/simple\n";
        assert!(said.contains(line), "{said}");
        assert!(!display_command(&command).contains("secret"));
    }

    #[test]
    fn unreadable_pip_configuration_is_an_error_without_passwords() {
        let folder = tempfile::tempdir().unwrap();
        let pip = "echo 'bad: https://me:secret@one.example' >&2; exit 1";
        let error = configured(folder.path(), pip, &[]).err().unwrap().to_string();
        assert!(error.contains("failed to read pip's configuration"), "{error}");
        assert!(error.contains("https://***@one.example"), "{error}");
    }

    #[test]
    #[ignore = "needs the machine's pip; `cargo xtask test` runs it"]
    fn system_pip_reads_hostile_configuration_as_expected() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pip.conf");
        let text = "[global]\nindex-url = https://one.example/simple\nquiet = 3\nuser = true\n\
                    require-virtualenv = true\nlog = /nowhere/log\nfind-links =\n  /a\n  /b\n\
                    [install]\nprefix = /hostile\ndry-run = true\nindex-url = https://two.example/simple\n";
        fs::write(&file, text).unwrap();
        let kept = ["PATH", "HOME"].map(|name| (name.into(), std::env::var_os(name).unwrap_or_default()));
        let mut variables: Vec<(OsString, OsString)> = kept.into();
        variables.push(("PIP_CONFIG_FILE".into(), file.into()));
        let python = Python::find_in(&variables.into_iter().collect()).unwrap();
        let index = PackageIndex::from_pip_config(&python).unwrap();
        let value = |name: &str| {
            let mut found = index.variables.iter().filter(|(n, _)| n == name);
            found.next().map(|(_, value)| value.as_str())
        };
        assert_eq!(value("PIP_INDEX_URL"), Some("https://two.example/simple"));
        assert_eq!(value("PIP_FIND_LINKS"), Some("\n/a\n/b"));
        for (name, _) in &index.variables {
            assert!(
                !["PIP_USER", "PIP_PREFIX", "PIP_QUIET"].contains(&name.as_str()),
                "{name}"
            );
        }
    }
}

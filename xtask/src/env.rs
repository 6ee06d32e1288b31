//! `cargo xtask env`: prints the environment in which plain cargo, rust-analyzer or a CI job builds a function as
//! `build-function` does. Builds the SDK first.

use std::collections::BTreeMap;
use std::ffi::OsString;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;

use package::build::{self, Build};
use package::build_function::function_environment;
use support::output::{CommandOutput, print};
use support::run::shell_word;

/// Flags for rustc, separated by this character, and the same separated by spaces.
const ENCODED_FLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";
const FLAG_SEPARATOR: char = '\u{1f}';
const FLAGS: &str = "RUSTFLAGS";
const TARGET: &str = "CARGO_BUILD_TARGET";
/// The output of a failure for `eval`, which would succeed with an empty one.
const FAILING_COMMAND: &str = "false";

#[derive(clap::Args, Clone, Debug, Default)]
// clap names the group after the struct, and another `Arguments` has that name already.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    /// The format: for `eval` in a shell, the settings of rust-analyzer, or lines for GitHub's file GITHUB_ENV
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Shell,
    RustAnalyzer,
    Github,
}

#[derive(Serialize)]
struct EnvOutput {
    environment: BTreeMap<String, String>,
    #[serde(skip)]
    features: Vec<String>,
    #[serde(skip)]
    format: Format,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let output = read(arguments);
    if output.is_err() && arguments.format == Format::Shell && !json {
        println!("{FAILING_COMMAND}");
    }
    print(&output?, json)
}

fn read(arguments: &Arguments) -> Result<EnvOutput> {
    let build = Build::read(&arguments.build)?;
    build.require_rust_toolchain()?;
    let sdk = build.build_sdk()?;
    Ok(EnvOutput {
        environment: readable(function_environment(&build, &sdk)?)?,
        features: build.package.features.clone(),
        format: arguments.format,
    })
}

/// The variables as text, with the flags separated by spaces unless they contain spaces.
fn readable(environment: Vec<(String, OsString)>) -> Result<BTreeMap<String, String>> {
    let mut variables = BTreeMap::new();
    for (name, value) in environment {
        let value = value.into_string().ok().filter(|value| !value.contains('\n'));
        let value = value.with_context(|| format!("the value of {name} is not one line of UTF-8; move the project"))?;
        if name == ENCODED_FLAGS && !value.contains(char::is_whitespace) {
            variables.insert(FLAGS.to_owned(), value.replace(FLAG_SEPARATOR, " "));
        } else {
            variables.insert(name, value);
        }
    }
    Ok(variables)
}

impl EnvOutput {
    fn rust_analyzer(&self) -> String {
        let mut settings = json!({
            "rust-analyzer.cargo.extraEnv": self.environment,
            "rust-analyzer.cargo.target": self.environment.get(TARGET),
            // Otherwise it and the user's calls of cargo wait for each other.
            "rust-analyzer.cargo.targetDir": true,
        });
        if !self.features.is_empty() {
            settings["rust-analyzer.cargo.features"] = json!(self.features);
        }
        format!("{settings:#}")
    }
}

impl CommandOutput for EnvOutput {
    fn to_text(&self) -> String {
        let variables = self.environment.iter();
        let lines: Vec<_> = match self.format {
            Format::RustAnalyzer => return self.rust_analyzer(),
            Format::Shell => variables
                .map(|(name, value)| format!("export {name}={}", shell_word(value)))
                .collect(),
            Format::Github => variables.map(|(name, value)| format!("{name}={value}")).collect(),
        };
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(format: Format, flags: &str) -> String {
        let environment = [
            ("OPENCV_SDK".to_owned(), "/it's/sdk".into()),
            (TARGET.to_owned(), "x86_64-unknown-linux-gnu".into()),
            (ENCODED_FLAGS.to_owned(), flags.into()),
        ];
        let output = EnvOutput {
            environment: readable(environment.into()).unwrap(),
            features: vec!["opencv".to_owned()],
            format,
        };
        output.to_text()
    }

    #[test]
    fn values_are_quoted_for_a_shell() {
        let expected = "export CARGO_BUILD_TARGET=x86_64-unknown-linux-gnu\n\
                        export OPENCV_SDK='/it'\\''s/sdk'\nexport RUSTFLAGS='-Ca -Cb'";
        assert_eq!(output(Format::Shell, "-Ca\u{1f}-Cb"), expected);
    }

    #[test]
    fn flags_with_spaces_stay_encoded() {
        let text = output(Format::Github, "--remap=/a b=c\u{1f}-Cb");
        assert!(
            text.starts_with("CARGO_BUILD_TARGET=x86_64-unknown-linux-gnu\n"),
            "{text}"
        );
        assert!(
            text.contains("CARGO_ENCODED_RUSTFLAGS=--remap=/a b=c\u{1f}-Cb\n"),
            "{text}"
        );
    }

    #[test]
    fn settings_of_rust_analyzer_are_json() {
        let settings: serde_json::Value = serde_json::from_str(&output(Format::RustAnalyzer, "-Ca")).unwrap();
        assert_eq!(settings["rust-analyzer.cargo.extraEnv"]["OPENCV_SDK"], "/it's/sdk");
        assert_eq!(settings["rust-analyzer.cargo.target"], "x86_64-unknown-linux-gnu");
        assert_eq!(settings["rust-analyzer.cargo.features"][0], "opencv");
    }

    #[test]
    fn values_of_several_lines_are_errors() {
        let environment = vec![("A".to_owned(), OsString::from("b\nc"))];
        assert!(
            readable(environment)
                .unwrap_err()
                .to_string()
                .contains("the value of A")
        );
    }
}

//! The AWS CLI: commands as one would type them, and their output. It has the user's configuration: profile, SSO, role.

pub mod error;

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use serde_json::Value;
use support::run::{Shell, cmd, shell_word, wait_with_output};

use self::error::AwsError;
use crate::arn::Scope;

/// A command of the AWS CLI. Its words may refer to what earlier commands returned: `$NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsCommand {
    words: Vec<String>,
    /// The place of a word that has a reference within its text, and the name in it.
    embedded: Option<(usize, &'static str)>,
    result: Option<CommandResult>,
}

/// The part of the output to which later commands refer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CommandResult {
    variable: &'static str,
    field: &'static str,
}

impl AwsCommand {
    pub fn new(service: &str, operation: &str) -> Self {
        Self {
            words: vec![service.to_owned(), operation.to_owned()],
            embedded: None,
            result: None,
        }
    }

    /// A word without dashes, such as the state of `lambda wait STATE`.
    #[must_use]
    pub fn word(mut self, word: &str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    #[must_use]
    pub fn flag(mut self, name: &str) -> Self {
        self.words.push(format!("--{name}"));
        self
    }

    #[must_use]
    pub fn option(self, name: &str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        // It would be taken for an option of its own.
        if value.starts_with('-') {
            return self.flag(&format!("{name}={value}"));
        }
        let mut with_flag = self.flag(name);
        with_flag.words.push(value);
        with_flag
    }

    /// `value` has the reference `$variable` within its text.
    #[must_use]
    pub fn option_referring(self, name: &str, value: &str, variable: &'static str) -> Self {
        let with_option = self.option(name, value);
        Self {
            embedded: Some((with_option.words.len() - 1, variable)),
            ..with_option
        }
    }

    #[must_use]
    pub fn options(self, name: &str, values: impl IntoIterator<Item = String>) -> Self {
        let mut with_flag = self.flag(name);
        with_flag.words.extend(values);
        with_flag
    }

    /// The text of this field of the output is what `$variable` is in later commands.
    #[must_use]
    pub fn returning(self, variable: &'static str, field: &'static str) -> Self {
        Self {
            result: Some(CommandResult { variable, field }),
            ..self
        }
    }

    #[cfg(test)]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Such as `lambda create-function`.
    pub fn operation(&self) -> String {
        self.words[..2].join(" ")
    }
}

/// For a POSIX shell.
impl fmt::Display for AwsCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words.iter().enumerate().map(|(place, word)| match self.embedded {
            Some((embedded, name)) if embedded == place => embedded_form(word, name),
            _ => shell_form(word),
        });
        let words: Vec<_> = words.collect();
        let command = format!("aws {}", words.join(" "));
        match self.result {
            None => write!(f, "{command}"),
            Some(CommandResult { variable, field }) => {
                write!(f, "{variable}=$({command} --query {field} --output text)")
            }
        }
    }
}

/// References to variables are in double quotes.
fn shell_form(word: &str) -> String {
    match variable(word) {
        Some(_) => format!("\"{word}\""),
        None => shell_word(word).into_owned(),
    }
}

/// The variable to which a word refers.
fn variable(word: &str) -> Option<&str> {
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    word.strip_prefix('$').filter(is_name)
}

fn embedded_form(word: &str, name: &str) -> String {
    let quoted = |text: &str| match text {
        "" => String::new(),
        text => shell_word(text).into_owned(),
    };
    let reference = format!("${name}");
    let (before, after) = word.split_once(&reference).unwrap_or((word, ""));
    format!("{}\"{reference}\"{}", quoted(before), quoted(after))
}

/// Runs commands, and keeps what they return for later ones.
#[derive(Default)]
pub struct Aws {
    variables: BTreeMap<&'static str, String>,
}

impl Aws {
    /// The output, or null if there is none.
    ///
    /// # Errors
    /// The CLI is not installed, or the command fails: see [`AwsError`].
    pub fn run(&mut self, command: &AwsCommand) -> Result<Value, AwsError> {
        let words = command
            .words
            .iter()
            .enumerate()
            .map(|(place, word)| match (variable(word), command.embedded) {
                (Some(name), _) => self.variables.get(name).unwrap_or(word).clone(),
                (None, Some((embedded, name))) if embedded == place => {
                    let value = self.variables.get(name).map_or("", String::as_str);
                    word.replacen(&format!("${name}"), value, 1)
                }
                (None, _) => word.clone(),
            });
        let output = call(&words.collect::<Vec<_>>(), &command.operation())?;
        if let Some(CommandResult { variable, field }) = command.result {
            let value = output[field].as_str().map(str::to_owned).or_else(|| {
                let number = output[field].as_u64();
                number.map(|number| number.to_string())
            });
            let value = value.ok_or_else(|| AwsError::unexpected(&command.operation(), field))?;
            self.variables.insert(variable, value);
        }
        Ok(output)
    }

    /// What a command returned for later ones.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The output of a command that only reads; `None` if what it names does not exist.
    pub fn find(&mut self, command: &AwsCommand) -> Result<Option<Value>, AwsError> {
        match self.run(command) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`Self::find`]; `None` also if the caller lacks the permission.
    pub fn find_if_permitted(&mut self, command: &AwsCommand) -> Result<Option<Value>, AwsError> {
        match self.find(command) {
            Err(error) if error.is_access_denied() => Ok(None),
            found => found,
        }
    }

    /// The account and the Region of the user's configuration.
    ///
    /// # Errors
    /// There is no CLI, no valid credentials or no Region.
    pub fn scope(&mut self) -> Result<Scope> {
        let identity = self.run(&AwsCommand::new("sts", "get-caller-identity"))?;
        let arn = identity["Arn"].as_str().context("AWS did not say who the caller is")?;
        let partition = arn.split(':').nth(1).context("the caller's ARN has no partition")?;
        let region = Self::region()?;
        Ok(Scope {
            partition: partition.to_owned(),
            account: identity["Account"].as_str().unwrap_or_default().to_owned(),
            region,
        })
    }

    fn region() -> Result<String, AwsError> {
        if let Some(region) = named_region(|name| std::env::var(name).ok()) {
            return Ok(region);
        }
        // Exits with 1 if there is none.
        let words = ["configure", "get", "region"].map(str::to_owned);
        let found = output(&words, "configure get").unwrap_or_default();
        match found.trim() {
            "" => Err(AwsError::no_region()),
            region => Ok(region.to_owned()),
        }
    }
}

/// That of the environment variables, if one of them names any.
fn named_region(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let named = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter();
    named.filter_map(variable).find(|value| !value.is_empty())
}

/// The output of a command that prints something else than JSON.
pub fn text(command: &AwsCommand) -> Result<String, AwsError> {
    output(&command.words, &command.operation())
}

/// The JSON that a command prints, or null if it prints nothing.
fn call(words: &[String], operation: &str) -> Result<Value, AwsError> {
    let text = output(words, operation)?;
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).map_err(|_| AwsError::unexpected(operation, "JSON"))
}

fn output(words: &[String], operation: &str) -> Result<String, AwsError> {
    let shell = Shell::new().map_err(|error| AwsError::not_started(&error.into()))?;
    // Version 1 has no option against the pager.
    let mut command = cmd!(shell, "aws --output json").args(words).env("AWS_PAGER", "");
    // Version 1 does not read AWS_REGION.
    if let Some(region) = named_region(|name| std::env::var(name).ok()) {
        command = command.env("AWS_DEFAULT_REGION", region);
    }
    let ended = wait_with_output(command).map_err(|error| AwsError::not_started(&error))?;
    if ended.status.success() {
        return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
    }
    Err(AwsError::of_output(operation, &String::from_utf8_lossy(&ended.stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_for_a_shell() {
        let command = AwsCommand::new("lambda", "update-alias")
            .option("description", "it's new")
            .option("name", "$(id)")
            .option("function-version", "$VERSION")
            .flag("dry-run");
        let expected = "aws lambda update-alias --description 'it'\\''s new' --name '$(id)' --function-version \
                        \"$VERSION\" --dry-run";
        assert_eq!(command.to_string(), expected);
        let command = AwsCommand::new("s3control", "create-job");
        let command = command.option_referring("manifest", "Location={ETag=$ETAG}", "ETAG");
        let expected = r#"aws s3control create-job --manifest 'Location={ETag='"$ETAG"'}'"#;
        assert_eq!(command.to_string(), expected);
        let command = AwsCommand::new("lambda", "publish-version").returning("VERSION", "Version");
        let expected = "VERSION=$(aws lambda publish-version --query Version --output text)";
        assert_eq!(command.to_string(), expected);
    }

    #[test]
    fn values_with_a_leading_dash_are_values() {
        let command = AwsCommand::new("s3api", "head-object").option("key", "-a b.jpg");
        assert_eq!(command.words()[2..], ["--key=-a b.jpg"]);
    }

    #[test]
    fn the_region_is_that_of_the_first_variable_with_a_value() {
        let region = |first: Option<&str>, second: Option<&str>| {
            named_region(|name| {
                let value = if name == "AWS_REGION" { first } else { second };
                value.map(str::to_owned)
            })
        };
        assert_eq!(region(Some("a"), Some("b")).as_deref(), Some("a"));
        assert_eq!(region(Some(""), Some("b")).as_deref(), Some("b"));
        assert_eq!(region(None, Some("")), None);
    }
}

//! Runs Docker's credential helpers, programs that store credentials. Source of the protocol:
//! <https://github.com/docker/docker-credential-helpers>.

use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

use crate::Credentials;
use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Part of a helper's message when it has no credentials for a registry.
const NOT_FOUND_MESSAGE: &str = "credentials not found";

/// The user name that marks the secret as an identity token.
const TOKEN_USERNAME: &str = "<token>";

/// The characters of a failed helper's message that are shown.
const MAX_MESSAGE_LENGTH: usize = 300;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperOutput {
    username: String,
    secret: String,
}

/// Gets a registry's credentials from the helper `name`, which is searched in `path`, or else in this process's `PATH`.
pub fn get(name: &str, server: &str, path: Option<&OsStr>) -> Result<Credentials> {
    let program = format!("docker-credential-{name}");
    let mut command = Command::new(&program);
    command.arg("get");
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let output = run(&mut command, server).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!(
            "the credential helper `{program}` for {server} is not installed; install it, or \
             remove it from the configuration and log in again"
        ),
        _ => anyhow::anyhow!("failed to run the credential helper `{program}`: {error}"),
    })?;
    if !output.status.success() {
        let message = [output.stdout, output.stderr].concat();
        let message = String::from_utf8_lossy(&message);
        if message.contains(NOT_FOUND_MESSAGE) {
            return Ok(Credentials::Anonymous);
        }
        // JSON may contain the secret.
        let message = if message.contains('{') { "" } else { message.trim() };
        let message: String = message
            .chars()
            .filter(|letter| !letter.is_control())
            .take(MAX_MESSAGE_LENGTH)
            .collect();
        bail!(
            "the credential helper `{program}` failed for {server} ({}): {message}",
            output.status
        );
    }
    // The parser's message could show the secret.
    let answer: Option<HelperOutput> = serde_json::from_slice(&output.stdout).ok();
    let HelperOutput { username, secret } = answer
        .with_context(|| format!("the credential helper `{program}` returned no user name and secret for {server}"))?;
    Ok(match (username.as_str(), secret.as_str()) {
        (TOKEN_USERNAME, _) => Credentials::IdentityToken(secret),
        ("", "") => Credentials::Anonymous,
        _ => Credentials::Basic {
            user: username,
            password: secret,
        },
    })
}

fn run(command: &mut Command, server: &str) -> std::io::Result<Output> {
    command.stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that exits without reading reports its error by the exit code.
        let _ = input.write_all(server.as_bytes());
    }
    child.wait_with_output()
}

#[cfg(test)]
pub mod tests;

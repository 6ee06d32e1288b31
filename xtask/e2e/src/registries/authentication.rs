//! A registry that requires a login, and `cargo xtask pull` with credentials as users store them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use layer_registry::{Credentials, Error};
use serde_json::{Value, json};
use support::run::{Shell, cmd, wait_with_output};

use super::image::{digest_of, ensure_same_blobs, push, registry_image};
use super::server::Registry;
use crate::programs;

const USER: &str = "tester";
const PASSWORD: &str = "a fine password";
/// The password hashed with bcrypt, the only hash that the registry supports.
pub const HTPASSWD_LINE: &str = "tester:$2b$05$abcdefghijklmnopqrstuu09fbu.DXGBDbOxzWIokK.6y/RosAchm\n";

/// Pushes and pulls with no, a wrong and the right password.
pub fn test(scratch: &Path, layout: &Path) -> Result<()> {
    let registry = Registry::start(scratch, Some(HTPASSWD_LINE))?;
    let image = format!("{}/closed:v1", registry.address());
    let mut place = registry_image(&image)?;
    for credentials in [Credentials::Anonymous, basic("a wrong password")] {
        place.credentials = credentials;
        let error = push(&place, layout)
            .err()
            .context("a push without the password succeeds")?;
        let rejected = error
            .chain()
            .any(|cause| matches!(cause.downcast_ref(), Some(Error::Unauthorized { .. })));
        ensure!(rejected, "the error for a rejected login is {error:#}");
        ensure!(
            !format!("{error:#}").contains("a wrong password"),
            "the error contains the password"
        );
    }
    place.credentials = basic(PASSWORD);
    let digest = push(&place, layout)?;
    ensure!(digest == digest_of(layout)?, "the digest has changed");

    let home = scratch.join("home");
    fs::create_dir_all(&home)?;
    let folder = scratch.join("logged-in");
    let pull = || {
        let (sh, program) = (Shell::new()?, programs::registry()?);
        let pull = cmd!(sh, "{program} --json pull {image} --to {folder}");
        // Without the user's credentials.
        let names = ["HOME", "DOCKER_CONFIG", "PATH"];
        wait_with_output(pull.env_clear().envs(names.map(|name| (name, &home))))
    };
    let store = |config: &Value| fs::write(home.join("config.json"), config.to_string());
    let auth = |password: &str| STANDARD.encode(format!("{USER}:{password}"));

    let rejected = |wanted: &[&str]| -> Result<()> {
        let output = pull()?;
        let output_text = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success(), "a pull without a password succeeds");
        ensure!(output.stdout.is_empty(), "a failed pull prints to stdout");
        for part in wanted {
            ensure!(
                output_text.contains(part),
                "the error of a rejected pull lacks `{part}`: {output_text}"
            );
        }
        ensure!(
            !output_text.contains("wrong") && !output_text.contains(&auth("wrong")),
            "the error contains credentials: {output_text}"
        );
        Ok(())
    };
    let login = format!("docker login {}", registry.address());
    rejected(&[&login, "no credentials are known"])?;
    store(&json!({"auths": {registry.address(): {"auth": auth("wrong")}}}))?;
    rejected(&[&login, "with the credentials that are known"])?;
    store(&json!({"credHelpers": {registry.address(): "none"}}))?;
    rejected(&["docker-credential-none", "is not installed"])?;

    let accepted = || -> Result<()> {
        let output = pull()?;
        let output_text = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "a pull with the right password fails: {output_text}"
        );
        let response: Value = serde_json::from_slice(&output.stdout)?;
        ensure!(response["digest"] == digest.to_string(), "the output is {response}");
        ensure_same_blobs(layout, &folder)?;
        fs::remove_dir_all(&folder)?;
        Ok(())
    };
    store(&json!({"auths": {format!("http://{}/v1/", registry.address()): {"auth": auth(PASSWORD)}}}))?;
    accepted()?;
    store(&json!({"auths": {registry.address(): {}}, "credsStore": "kept"}))?;
    let helper = home.join("docker-credential-kept");
    let response = json!({"ServerURL": registry.address(), "Username": USER, "Secret": PASSWORD});
    let script = format!(
        "#!/bin/sh\nread -r server || true\n[ \"$1 $server\" = 'get {}' ] && echo '{response}'\n",
        registry.address()
    );
    fs::write(&helper, script)?;
    fs::set_permissions(&helper, Permissions::from_mode(0o755))?;
    accepted()
}

fn basic(password: &str) -> Credentials {
    Credentials::Basic {
        user: USER.into(),
        password: password.into(),
    }
}

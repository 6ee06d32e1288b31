//! A registry that speaks TLS with a certificate of a private authority, and one with plain HTTP that must be permitted,
//! by `cargo xtask push` and `cargo xtask pull` with the settings that users have for them.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use support::run::{Shell, cmd, wait_with_output};

use super::server::Registry;
use crate::programs;

pub fn test(scratch: &Path, layout: &Path) -> Result<()> {
    let home = scratch.join("settings");
    fs::create_dir_all(&home)?;
    let (authority, certificate, key) = (home.join("ca.pem"), home.join("server.pem"), home.join("server.key"));
    write_certificates(&authority, &certificate, &key)?;
    let registry = Registry::start_tls(scratch, &certificate, &key)?;
    let image = format!("{}/private:v1", registry.address());
    let run = |arguments: &[&str], variable: Option<(&str, &Path)>| -> Result<(bool, String)> {
        let (sh, program) = (Shell::new()?, programs::registry()?);
        // Without the user's settings, and without proxies.
        let command = cmd!(sh, "{program} {arguments...}").env_clear().env("HOME", &home);
        let output = wait_with_output(command.envs(variable))?;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
    };
    let accepted = |arguments: &[&str], variable| -> Result<()> {
        let (success, text) = run(arguments, variable)?;
        ensure!(success, "`{}` fails: {text}", arguments.join(" "));
        Ok(())
    };
    let refused = |arguments: &[&str], reason: &str| -> Result<()> {
        let (success, text) = run(arguments, None)?;
        ensure!(!success, "`{}` succeeds", arguments.join(" "));
        ensure!(text.contains(reason), "the error lacks `{reason}`: {text}");
        Ok(())
    };
    let layout = layout.to_str().context("the layout's path is not UTF-8")?;
    let pulled = scratch.join("by-tls");
    let pulled = pulled.to_str().context("the folder's path is not UTF-8")?;
    let push = ["push", layout, &image];
    let pull = ["pull", &image, "--to", pulled];
    refused(&push, "SSL_CERT_FILE")?;
    accepted(&push, Some(("SSL_CERT_FILE", &authority)))?;
    refused(&pull, &format!("/etc/docker/certs.d/{}/ca.crt", registry.address()))?;
    let folder = home.join(".config/containers/certs.d").join(registry.address());
    fs::create_dir_all(&folder)?;
    fs::copy(&authority, folder.join("ca.crt"))?;
    accepted(&pull, None)?;

    // An address of this machine that is not known as such.
    let open = Registry::start(&scratch.join("plain"), None)?;
    let host = open.address().replace("127.0.0.1", "0.0.0.0");
    let image = format!("{host}/plain:v1");
    let push = ["push", layout, &image];
    refused(&push, &format!("--plain-http {host}"))?;
    accepted(&["push", "--plain-http", &host, layout, &image], None)?;
    let settings = format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n");
    fs::write(home.join(".config/containers/registries.conf"), settings)?;
    accepted(&push, None)
}

/// Writes an authority's certificate, and a certificate for this machine with its key.
fn write_certificates(authority: &Path, certificate: &Path, key: &Path) -> Result<()> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
    let own_key = KeyPair::generate()?;
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&own_key, &issuer)?;
    fs::write(authority, issuer.pem())?;
    fs::write(certificate, own.pem())?;
    Ok(fs::write(key, own_key.serialize_pem())?)
}

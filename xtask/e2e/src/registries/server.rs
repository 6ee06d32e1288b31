//! Debian's `docker-registry` on a loopback port, with its storage in a folder. Dropping a [`Registry`] ends it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};
use fs_err as fs;
use serde_json::{Value, json};

use conformance::skip::Skip;
use support::child::Child;
use support::run::{Shell, cmd};

/// Precedes the registry's address in its log.
const LISTENING_PREFIX: &str = "listening on ";

/// The names of the program: Debian's, and upstream's.
const PROGRAM_NAMES: [&str; 2] = ["docker-registry", "registry"];

pub struct Registry {
    address: String,
    _server: Child,
}

impl Registry {
    /// Starts a registry with its storage in `folder`. With `passwords`, lines in the format of Apache's htpasswd, it
    /// requires a login.
    pub fn start(folder: &Path, passwords: Option<&str>) -> Result<Self> {
        let folder = folder.join(if passwords.is_some() { "closed" } else { "open" });
        fs::create_dir_all(&folder)?;
        let auth = match passwords {
            None => Value::Null,
            Some(passwords) => {
                let file = folder.join("passwords");
                fs::write(&file, passwords)?;
                json!({"htpasswd": {"realm": "test", "path": file}})
            }
        };
        Self::start_with(&folder, &auth, &Value::Null, false)
    }

    /// Starts a registry without a login that refuses to change the storage of `Self::start(folder, None)`.
    pub fn start_read_only(folder: &Path) -> Result<Self> {
        Self::start_with(&folder.join("open"), &Value::Null, &Value::Null, true)
    }

    /// Starts a registry that speaks only TLS, with a certificate and a key in PEM format.
    pub fn start_tls(folder: &Path, certificate: &Path, key: &Path) -> Result<Self> {
        let folder = folder.join("tls");
        fs::create_dir_all(&folder)?;
        Self::start_with(
            &folder,
            &Value::Null,
            &json!({"certificate": certificate, "key": key}),
            false,
        )
    }

    fn start_with(folder: &Path, auth: &Value, tls: &Value, read_only: bool) -> Result<Self> {
        let mut config = json!({
            "version": "0.1",
            "log": {"level": "info"},
            "storage": {
                "filesystem": {"rootdirectory": folder.join("storage")},
                "maintenance": {"readonly": {"enabled": read_only}},
            },
            // It chooses a free port and logs it.
            "http": {"addr": "127.0.0.1:0", "secret": "good for this one only"},
        });
        if !auth.is_null() {
            config["auth"] = auth.clone();
        }
        if !tls.is_null() {
            config["http"]["tls"] = tls.clone();
        }
        // JSON is valid YAML.
        let file = folder.join(if read_only { "read-only.yml" } else { "config.yml" });
        fs::write(&file, config.to_string())?;
        let server = start(&file)?;
        let log = server.stderr().context("the registry has no log")?;
        let mut log = BufReader::new(log);
        let mut output_text = String::new();
        let address = loop {
            let mut line = String::new();
            if log.read_line(&mut line).is_ok_and(|length| length > 0) {
                if let Some((_, rest)) = line.split_once(LISTENING_PREFIX) {
                    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
                    break rest[..end.unwrap_or(rest.len())].to_owned();
                }
                output_text += &line;
            } else {
                bail!("the registry ended instead of listening\n{output_text}");
            }
        };
        // Its log must be read, because the registry blocks once the pipe is full.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(Self {
            address,
            _server: server,
        })
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn start(config: &Path) -> Result<Child> {
    let sh = Shell::new()?;
    for name in PROGRAM_NAMES {
        let mut serve = Command::from(cmd!(sh, "{name} serve {config}"));
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        match Child::try_start(&mut serve) {
            Ok(child) => return Ok(child),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => bail!("failed to start `{name}`: {error}"),
        }
    }
    let reason = "docker-registry is not installed; ci/install-packages.sh installs it";
    Err(Skip::with_reason(reason.to_owned()))
}

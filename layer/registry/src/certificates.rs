//! Reads the certificates that Docker and podman keep for a registry: `*.crt` of authorities, and a `*.cert` with a
//! `*.key` of the same name for a client. Sources: <https://docs.docker.com/engine/security/certificates/> and
//! containers-certs.d(5).

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fs_err as fs;
use reqwest::{Certificate, Identity};

use super::Error;

/// Certificates for one registry, beside those that the system trusts.
#[derive(Clone, Default)]
pub struct Certificates {
    pub(crate) authorities: Vec<Certificate>,
    /// The certificate and the key by which the registry recognizes this machine.
    pub(crate) identity: Option<Identity>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("authorities", &self.authorities.len())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}

impl Certificates {
    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty() && self.identity.is_none()
    }

    /// Adds the authorities in a file in PEM format.
    ///
    /// # Errors
    /// The file cannot be read, or has no certificate.
    pub fn add_authorities(&mut self, file: &Path) -> Result<(), Error> {
        self.read_authorities(file)
            .map_err(|reason| Error::Other(format!("{reason:#}")))
    }

    fn read_authorities(&mut self, file: &Path) -> Result<()> {
        let invalid = || format!("`{}` is not a certificate in PEM format", file.display());
        let found = Certificate::from_pem_bundle(&fs::read(file)?).with_context(invalid)?;
        if found.is_empty() {
            bail!(invalid());
        }
        self.authorities.extend(found);
        Ok(())
    }

    fn set_identity(&mut self, certificate: &Path, key: &Path) -> Result<()> {
        let mut pem = fs::read(certificate)?;
        pem.push(b'\n');
        pem.extend(fs::read(key)?);
        // Without the parser's error, which could contain a part of the key.
        let Ok(identity) = Identity::from_pem(&pem) else {
            let (certificate, key) = (certificate.display(), key.display());
            bail!("`{certificate}` and `{key}` are not a certificate and a key in PEM format");
        };
        self.identity = Some(identity);
        Ok(())
    }

    /// Adds the certificates of a folder for a registry. The folder need not exist.
    pub(crate) fn add_folder(&mut self, folder: &Path) -> Result<()> {
        let files = match fs::read_dir(folder) {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let files = files.map(|file| file.map(|file| file.path()));
        let mut files: Vec<PathBuf> = files.collect::<Result<_, _>>()?;
        files.sort();
        for file in &files {
            let other = |extension| {
                let other = file.with_extension(extension);
                let missing = format!(
                    "`{}` has no `{}` beside it; a client's certificate ends in .cert, its key in .key, and an \
                     authority in .crt",
                    file.display(),
                    other.display()
                );
                files.iter().find(|file| **file == other).context(missing)
            };
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("crt") => self.read_authorities(file)?,
                Some("cert") => {
                    let key = other("key")?;
                    if self.identity.is_none() {
                        self.set_identity(file, key)?;
                    }
                }
                Some("key") => drop(other("cert")?),
                _ => {}
            }
        }
        Ok(())
    }
}

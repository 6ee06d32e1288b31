//! Finds what Docker and podman are configured to permit for a registry: plain HTTP, and certificates. Sources:
//! <https://docs.docker.com/reference/cli/dockerd/>, <https://docs.docker.com/engine/security/certificates/>,
//! containers-registries.conf(5) and containers-certs.d(5).

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use serde::Deserialize;

use super::podman_registries::PodmanRegistries;
use super::{Certificates, Error, RegistryImage, Transport, host_list};

/// The configuration of this machine's container engines.
pub struct HostSettings {
    /// Docker's `daemon.json`.
    docker: Vec<PathBuf>,
    /// Podman's `registries.conf`: the first that exists, and then the files of all folders.
    podman: Vec<PathBuf>,
    podman_folders: Vec<PathBuf>,
    /// Folders with a folder of certificates for each registry.
    certificates: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DockerDaemon {
    insecure_registries: Option<Vec<String>>,
}

impl HostSettings {
    /// Uses the files of the system, and those of the user in the folders of `HOME`, `XDG_CONFIG_HOME` and
    /// `DOCKER_CONFIG`. `CONTAINERS_REGISTRIES_CONF` replaces podman's main file.
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = set("HOME");
        let config = set("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
        let docker = set("DOCKER_CONFIG").or_else(|| Some(home.as_ref()?.join(".docker")));
        let of_user = |path: &str| Some(config.as_ref()?.join(path));
        // The folder of Docker Desktop.
        let of_docker = |path: &str| Some(docker.as_ref()?.join(path));
        let of_system = |path: &str| Some(Path::new("/etc").join(path));
        let paths = |paths: &[Option<PathBuf>]| paths.iter().flatten().cloned().collect();
        Self {
            docker: paths(&[
                of_system("docker/daemon.json"),
                of_user("docker/daemon.json"),
                of_docker("daemon.json"),
            ]),
            podman: match set("CONTAINERS_REGISTRIES_CONF") {
                Some(file) => vec![file],
                None => paths(&[
                    of_user("containers/registries.conf"),
                    of_system("containers/registries.conf"),
                ]),
            },
            podman_folders: paths(&[
                of_system("containers/registries.conf.d"),
                of_user("containers/registries.conf.d"),
            ]),
            // The user's are first, because only one client certificate can be used.
            certificates: paths(&[
                of_user("containers/certs.d"),
                of_user("docker/certs.d"),
                of_docker("certs.d"),
                of_system("containers/certs.d"),
                of_system("docker/certs.d"),
            ]),
        }
    }

    /// Sets how the registry of `image` is accessed. `plain_http` has the hosts for which the user permits plain HTTP,
    /// each with or without a port.
    ///
    /// # Errors
    /// A file cannot be read, or is not in its format.
    pub fn apply(&self, image: &mut RegistryImage, plain_http: &[String]) -> Result<(), Error> {
        let registry = image.registry().to_owned();
        self.find(image, plain_http).map_err(|reason| {
            Error::Other(format!(
                "failed to find the settings of container engines for {registry}: {reason:#}"
            ))
        })
    }

    fn find(&self, image: &mut RegistryImage, plain_http: &[String]) -> Result<()> {
        let registry = image.registry().to_owned();
        image.certificates = self.certificates(&registry)?;
        if host_list::permits_plain_http(plain_http, &registry) {
            image.transport = Transport::PlainHttp;
        } else if self.is_insecure(&registry, image.reference.repository())? {
            image.transport = Transport::Insecure;
        } else if !image.certificates.is_empty() {
            // Also on this machine, certificates are a sign of TLS.
            image.transport = Transport::Tls;
        }
        Ok(())
    }

    fn certificates(&self, registry: &str) -> Result<Certificates> {
        let mut found = Certificates::default();
        // The name is a single folder, because references to registries have no slashes and cannot be `..`.
        for folder in &self.certificates {
            let folder = folder.join(registry);
            let added = found.add_folder(&folder);
            added.with_context(|| format!("failed to read the certificates in `{}`", folder.display()))?;
        }
        Ok(found)
    }

    fn is_insecure(&self, registry: &str, repository: &str) -> Result<bool> {
        for file in &self.docker {
            let Some(text) = read_if_present(file)? else { continue };
            let parsed: Result<DockerDaemon, _> = serde_json::from_str(&text);
            let parsed = parsed.with_context(|| format!("failed to parse `{}`", file.display()))?;
            if host_list::is_insecure(&parsed.insecure_registries.unwrap_or_default(), registry) {
                return Ok(true);
            }
        }
        let mut podman = PodmanRegistries::default();
        for file in self.podman_files()? {
            let Some(text) = read_if_present(&file)? else { continue };
            let added = podman.add(&text);
            added.with_context(|| format!("failed to parse `{}`", file.display()))?;
        }
        Ok(podman.is_insecure(registry, repository))
    }

    /// The files in the order in which later ones take precedence.
    fn podman_files(&self) -> Result<Vec<PathBuf>> {
        let main = self.podman.iter().find(|file| file.exists()).cloned();
        let mut files: Vec<_> = main.into_iter().collect();
        for folder in &self.podman_folders {
            let entries = match fs::read_dir(folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let entries = entries.map(|entry| entry.map(|entry| entry.path()));
            let mut found: Vec<PathBuf> = entries.collect::<Result<_, _>>()?;
            found.retain(|file| file.extension().is_some_and(|extension| extension == "conf"));
            found.sort();
            files.extend(found);
        }
        Ok(files)
    }
}

/// The text of a file; none if it does not exist, or only the engine's own user may read it.
fn read_if_present(file: &Path) -> Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if [ErrorKind::NotFound, ErrorKind::PermissionDenied].contains(&error.kind()) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
impl HostSettings {
    /// The settings of the user with this home, without this machine's own.
    pub(crate) fn of_user(home: &Path) -> Self {
        let mut settings = Self::from_environment(&|name| (name == "HOME").then(|| home.into()));
        for files in [
            &mut settings.docker,
            &mut settings.podman,
            &mut settings.podman_folders,
            &mut settings.certificates,
        ] {
            files.retain(|file| file.starts_with(home));
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(home: &Path, path: &str, text: &str) {
        let path = home.join(".config").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn transport(home: &Path, reference: &str, plain_http: &[&str]) -> Result<Transport, Error> {
        let mut image = RegistryImage::parse(reference).unwrap();
        let plain_http: Vec<_> = plain_http.iter().map(|host| (*host).to_owned()).collect();
        HostSettings::of_user(home).apply(&mut image, &plain_http)?;
        Ok(image.transport)
    }

    #[test]
    fn settings_of_both_engines_are_used() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let of = |reference| transport(home, reference, &[]).unwrap();
        assert_eq!(of("h.example:5000/a"), Transport::Tls);
        assert_eq!(of("localhost:5000/a"), Transport::PlainHttp);
        write(
            home,
            "docker/daemon.json",
            r#"{"debug": true, "insecure-registries": ["h.example:5000"]}"#,
        );
        assert_eq!(of("h.example:5000/a"), Transport::Insecure);
        assert_eq!(of("h.example/a"), Transport::Tls);
        let option = transport(home, "h.example:5000/a", &["other.example", "h.example"]);
        assert_eq!(option.unwrap(), Transport::PlainHttp);
        let podman = "[[registry]]\nlocation = \"p.example\"\ninsecure = true\n";
        write(home, "containers/registries.conf", podman);
        assert_eq!(of("p.example/a"), Transport::Insecure);
        let later = "[[registry]]\nlocation = \"p.example\"\ninsecure = false\n";
        write(home, "containers/registries.conf.d/1.conf", later);
        write(home, "containers/registries.conf.d/2.off", podman);
        assert_eq!(of("p.example/a"), Transport::Tls);
    }

    #[test]
    fn invalid_files_are_named() {
        for (path, text) in [
            ("docker/daemon.json", "{"),
            ("containers/registries.conf", "["),
            ("containers/registries.conf.d/1.conf", "[[registry]]\ninsecure = 1"),
            ("containers/certs.d/h.example/ca.crt", "no certificate"),
            ("docker/certs.d/h.example/client.cert", "without a key"),
            ("docker/certs.d/h.example/client.key", "without a certificate"),
        ] {
            let home = tempfile::tempdir().unwrap();
            write(home.path(), path, text);
            let error = transport(home.path(), "h.example/a", &[]).unwrap_err().to_string();
            assert!(error.contains(path.rsplit('/').next().unwrap()), "{error}");
            assert!(error.contains("settings of container engines for h.example"), "{error}");
        }
    }

    #[test]
    fn environment_selects_the_files() {
        let settings = HostSettings::from_environment(&|name| match name {
            "XDG_CONFIG_HOME" => Some("/x".into()),
            "CONTAINERS_REGISTRIES_CONF" => Some("/r.conf".into()),
            "DOCKER_CONFIG" => None,
            _ => Some("/home".into()),
        });
        assert_eq!(settings.podman, [Path::new("/r.conf")]);
        assert_eq!(settings.docker[1], Path::new("/x/docker/daemon.json"));
        let folders = settings.certificates.iter().map(|folder| folder.to_str().unwrap());
        let expected = [
            "/x/containers/certs.d",
            "/x/docker/certs.d",
            "/home/.docker/certs.d",
            "/etc/containers/certs.d",
            "/etc/docker/certs.d",
        ];
        assert!(folders.eq(expected));
        let none = HostSettings::from_environment(&|_| None);
        assert_eq!(none.docker, [Path::new("/etc/docker/daemon.json")]);
    }
}

//! cargo's home for builds, below the target folder: with the user's registries, downloaded crates and tokens as
//! links, and a configuration file of our own. Sources of crates have the same path in it whoever builds, so that
//! what is compiled does not depend on where the user's home is, or whether there is one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use support::atomic;
use support::environment::Environment;
use support::files::{copy_tree, is_writable};

use super::config;

/// Folders of cargo's home that builds share with the user's other projects.
const FOLDERS: [&str; 2] = ["registry", "git"];

/// Files: the locks of these folders, the list of what was last used in them, and tokens.
const FILES: [&str; 5] = [
    ".package-cache",
    ".package-cache-mutate",
    ".global-cache",
    "credentials",
    "credentials.toml",
];

pub(super) fn folder(target: &Path) -> PathBuf {
    target.join("cargo-home")
}

pub(super) fn prepare(environment: &Environment, root: &Path, target: &Path) -> Result<PathBuf> {
    let own = folder(target);
    fs::create_dir_all(&own)?;
    let user = of_user(environment).filter(|user| !is_same(user, &own));
    share(user.as_deref().map(|user| (user, can_share(user))), &own)
        .with_context(|| format!("failed to bring crates to cargo's home `{}`", own.display()))?;
    let text = toml::to_string(&config::read(root, user.as_deref())?)?;
    let file = own.join("config.toml");
    if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
        // It can have a proxy's password in it.
        atomic::write_with_mode(&file, text.as_bytes(), 0o600)?;
    }
    Ok(own)
}

fn of_user(environment: &Environment) -> Option<PathBuf> {
    let home = match environment.get("CARGO_HOME") {
        Some(home) => std::path::absolute(home).ok()?,
        // As cargo does, the user's entry in the system's list counts where HOME is not set.
        None => match environment.get("HOME") {
            Some(home) => std::path::absolute(home).ok()?.join(".cargo"),
            None => std::env::home_dir()?.join(".cargo"),
        },
    };
    home.is_dir().then_some(home)
}

/// Whether cargo can write all that is shared.
fn can_share(user: &Path) -> bool {
    let locks = FILES.iter().filter(|name| name.starts_with('.'));
    let mut parts = FOLDERS.iter().chain(locks).map(|name| user.join(name));
    is_writable(user) && parts.all(|part| !part.exists() || is_writable(&part))
}

/// Gives `own` what the user's home has. Where that cannot be written, crates that are downloaded need another place: so
/// those that are there are copied, once. Without a user's home, what a build with one has shared is used on.
fn share(user: Option<(&Path, bool)>, own: &Path) -> Result<()> {
    match user {
        Some((user, true)) => {
            for name in FOLDERS {
                fs::create_dir_all(user.join(name))?;
            }
            for name in FOLDERS.iter().chain(&FILES) {
                link(&user.join(name), own, name)?;
            }
            Ok(())
        }
        Some((user, false)) => {
            unlink_what_cannot_be_used(own)?;
            for part in ["registry/index", "registry/cache"] {
                let (from, to) = (user.join(part), own.join(part));
                if from.is_dir() && !to.exists() {
                    copy_tree(&from, &to)?;
                }
            }
            for name in FILES.iter().filter(|name| name.starts_with("credentials")) {
                link(&user.join(name), own, name)?;
            }
            Ok(())
        }
        None => unlink_what_cannot_be_used(own),
    }
}

/// Whether two paths lead to the same file or folder. A link to itself would lead nowhere.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some_and(|path| Some(path) == real(other))
}

/// Makes `name` in `own` a link to `to`, whatever it was. Two builds can do so at once.
fn link(to: &Path, own: &Path, name: &str) -> Result<()> {
    let at = own.join(name);
    if fs::read_link(&at).is_ok_and(|present| present == to) || is_same(&at, to) {
        return Ok(());
    }
    let linked = || -> Result<()> {
        if at.is_dir() && !at.is_symlink() {
            fs::remove_dir_all(&at)?;
        }
        let new = tempfile::Builder::new().make_in(own, |path| symlink(to, path))?;
        new.persist(&at)?;
        Ok(())
    };
    linked().with_context(|| format!("failed to link `{}` to `{}`", at.display(), to.display()))
}

/// Removes links to what is gone or cannot be written, in whose place cargo makes its own.
fn unlink_what_cannot_be_used(own: &Path) -> Result<()> {
    for name in FOLDERS.iter().chain(&FILES) {
        let path = own.join(name);
        if path.is_symlink() && !is_writable(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Site {
        folder: tempfile::TempDir,
    }

    impl Site {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let site = Self { folder };
            let crates = site.at("me/.cargo/registry/cache/index");
            fs::create_dir_all(&crates).unwrap();
            fs::write(crates.join("a-1.0.0.crate"), "a").unwrap();
            fs::write(site.at("me/.cargo/credentials.toml"), "token").unwrap();
            site
        }

        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn prepare(&self, variables: &[(&str, PathBuf)]) -> PathBuf {
            let environment = variables.iter().map(|(n, v)| (*n, v.clone())).collect();
            prepare(&environment, &self.at("project"), &self.at("target")).unwrap()
        }
    }

    const CRATE: &str = "registry/cache/index/a-1.0.0.crate";

    #[test]
    fn the_users_crates_and_tokens_are_shared() {
        let site = Site::new();
        let own = site.prepare(&[("HOME", site.at("me"))]);
        assert_eq!(own, site.at("target/cargo-home"));
        assert_eq!(fs::read_to_string(own.join(CRATE)).unwrap(), "a");
        let token = fs::read_to_string(own.join("credentials.toml")).unwrap();
        assert_eq!(token, "token");
        // What is downloaded now, and the lock that is taken, are the user's.
        for name in ["git/new", ".package-cache"] {
            fs::write(own.join(name), "").unwrap();
            assert!(site.at("me/.cargo").join(name).exists(), "{name}");
        }
        assert_eq!(site.prepare(&[("CARGO_HOME", site.at("me/.cargo"))]), own);
    }

    #[test]
    fn of_a_home_that_cannot_be_written_crates_are_copied() {
        let site = Site::new();
        let (user, own) = (site.at("me/.cargo"), site.at("own"));
        fs::create_dir(&own).unwrap();
        for _ in 0..2 {
            share(Some((&user, false)), &own).unwrap();
        }
        assert_eq!(fs::read_to_string(own.join(CRATE)).unwrap(), "a");
        for name in ["registry/src", "git"] {
            fs::create_dir_all(own.join(name)).unwrap();
            assert!(!user.join(name).exists(), "{name}");
        }
        let token = fs::read_to_string(own.join("credentials.toml")).unwrap();
        assert_eq!(token, "token");
        // Once it can be written, it is shared.
        share(Some((&user, true)), &own).unwrap();
        assert!(own.join("registry").is_symlink());
    }

    #[test]
    fn a_home_that_is_this_one_is_not_linked_to_itself() {
        let site = Site::new();
        let own = site.prepare(&[("HOME", site.at("nobody"))]);
        fs::create_dir_all(own.join("registry/src")).unwrap();
        site.prepare(&[("CARGO_HOME", own.clone())]);
        fs::create_dir_all(site.at("other/.cargo")).unwrap();
        symlink(own.join("registry"), site.at("other/.cargo/registry")).unwrap();
        site.prepare(&[("HOME", site.at("other"))]);
        assert!(own.join("registry/src").is_dir() && !own.join("registry").is_symlink());
    }

    #[test]
    fn without_a_home_crates_that_were_shared_are_used_on() {
        let site = Site::new();
        site.prepare(&[("HOME", site.at("me"))]);
        let own = site.prepare(&[("HOME", site.at("nobody"))]);
        assert!(own.join(CRATE).exists());
        fs::remove_dir_all(site.at("me")).unwrap();
        site.prepare(&[("HOME", site.at("nobody"))]);
        assert!(!own.join("registry").is_symlink());
        fs::create_dir_all(own.join("registry/src")).unwrap();
        assert!(!site.at("nobody").exists());
    }

    #[test]
    fn another_home_takes_the_place_of_a_folder_and_of_a_link() {
        let site = Site::new();
        let own = site.prepare(&[("HOME", site.at("nobody"))]);
        fs::create_dir_all(own.join("registry/src")).unwrap();
        for me in ["me", "me/too"] {
            fs::create_dir_all(site.at(me).join(".cargo")).unwrap();
            site.prepare(&[("HOME", site.at(me))]);
            let registry = fs::read_link(own.join("registry")).unwrap();
            assert_eq!(registry, site.at(me).join(".cargo/registry"));
        }
    }

    #[test]
    fn only_the_owner_may_read_the_configuration() {
        use std::os::unix::fs::PermissionsExt;
        let site = Site::new();
        let text = "[http]\nproxy = 'http://me:secret@proxy'\n[build]\njobs = 1\n";
        fs::write(site.at("me/.cargo/config.toml"), text).unwrap();
        let own = site.prepare(&[("HOME", site.at("me"))]);
        let file = own.join("config.toml");
        let written = fs::read_to_string(&file).unwrap();
        assert_eq!(written, "[http]\nproxy = \"http://me:secret@proxy\"\n");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
